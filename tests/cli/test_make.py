"""`pictory make`: a table in, videos out."""

from __future__ import annotations

import json
import re
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Answer, Render, Reset, World
from tests.cli._command import Terminal, interrupted, run, started
from tests.cli._makes import PEOPLE, QUICK, TEMPLATE, account, made, make, paid, results

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server", "ample_budget")


@pytest.fixture
def world() -> World:
    return account()


def test_a_video_for_each_row(world: World, videos: Path) -> None:
    """Each is downloaded, and the second run requests nothing."""
    found = made(videos)
    assert 0 == found.exit_code, found.stderr
    assert {"Hello Ada.mp4", "Hello Ben.mp4", "Hello Cleo.mp4"} == {path.name for path in videos.glob("*.mp4")}
    lines = sorted(line.split("\t") for line in found.stdout.splitlines())
    assert [["2", "Hello Ada", "rendered"], ["3", "Hello Ben", "rendered"], ["4", "Hello Cleo", "rendered"]] == [
        line[:3] for line in lines
    ]
    assert "Plan: 3 to make; about 0.2 minutes of video (the account has " in found.stderr
    assert "3 of 3 done (rendered 3) in " in found.stderr
    seconds = [video.video_seconds for video in world.videos]
    assert [3.2, 3.6, 3.2] == [video.video_seconds for video in sorted(world.videos, key=lambda one: one.name)]
    assert f"3 videos paid for, {sum(seconds) / 60.0:.1f} minutes, " in found.stderr
    assert f"Results: {videos / 'results.csv'}" in found.stderr
    rows = results(videos)
    assert ["2", "3", "4"] == [row["row"] for row in rows]
    assert [str(videos / f"Hello {name}.mp4") for name in ("Ada", "Ben", "Cleo")] == [row["path"] for row in rows]
    assert all(row["status"] == "rendered" and row["id"] and row["share"] and not row["reason"] for row in rows)
    values = [video.received["variables"] for video in world.videos]
    assert {"Name": "Ben", "Company": "Bolt, Inc."} in values
    again = made(videos)
    assert (0, 3) == (again.exit_code, paid(world))
    assert "Plan: 3 made before" in again.stderr
    assert rows == [{**row, "status": "rendered"} for row in results(videos)]
    assert {"unchanged"} == {row["status"] for row in results(videos)}


def test_nobody_is_there_to_ask(world: World) -> None:
    """Then nothing is paid for; a plan, or nothing to make, needs no answer."""
    found = make()
    assert (2, "", 0) == (found.exit_code, found.stdout, paid(world))
    assert "3 videos would be made, each of which is billed, and there is no terminal to ask on. Add --yes" in (
        found.stderr
    )
    left = make("--max-renders", "0")
    assert (4, 0) == (left.exit_code, paid(world))


def test_the_question(world: World, tmp_path: Path) -> None:
    """It has the plan, and no is no. The results stand in the order of the table, whichever ended first."""
    world.on_video = [Render(0.0, duration=seconds) for seconds in (0.6, 0.3, 0.0)]
    (tmp_path / "people.csv").write_text(PEOPLE)
    options = ("make", TEMPLATE, "--data", str(tmp_path / "people.csv"), "--name", "Hello {Name}", *QUICK[:4])
    for answer, code, count in (("n", 1, 0), ("y", 0, 3)):
        with Terminal() as terminal:
            streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.theirs)
            with started(*options, **streams, env=terminal.environment) as process:
                terminal.attached()
                terminal.read_until("Go on? [y/N]: ")
                terminal.write(f"{answer}\n")
                text = terminal.read_until()
                assert code == process.wait()
        names = re.findall(r"Hello (\w+)", text.rpartition("\x1b[?25h")[2])
        assert names == (["Ada", "Ben", "Cleo"] if answer == "y" else [])
        assert (answer == "n") == text.rstrip().endswith("Nothing was requested.")
        assert count == paid(world)


def test_rows_that_changed(world: World, videos: Path) -> None:
    """They are listed, and made again only if that is wanted."""
    made(videos, "--key", "Name")
    data = PEOPLE.replace("Acme", "Apex")
    found = made(videos, "--key", "Name", data=data)
    assert (0, 3) == (found.exit_code, paid(world))
    assert "Plan: 2 made before, 1 made before with other values (--changed makes them again)" in found.stderr
    assert {"changed", "unchanged"} == {row["status"] for row in results(videos)}
    changed = made(videos, "--key", "Name", "--changed", data=data)
    assert (0, 4) == (changed.exit_code, paid(world))
    assert ["Ada", "Ben", "Cleo"] == [row["key"] for row in results(videos)]


def test_rows_that_failed(world: World, videos: Path) -> None:
    """They are made again only if that is wanted."""
    world.on_video = [Render(0.0, duration=0.1, fails=True)]
    found = made(videos)
    assert (3, 3) == (found.exit_code, paid(world))
    assert ["failed", "rendered", "rendered"] == sorted(row["status"] for row in results(videos))
    assert (3, 3) == (made(videos).exit_code, paid(world))
    assert (0, 4) == (made(videos, "--retry-failed").exit_code, paid(world))


def test_limits(world: World, videos: Path) -> None:
    """The first rows, a number of videos, minutes and credits; what is left out is in the exit code."""
    assert (0, 1) == (made(videos, "--limit", "1").exit_code, paid(world))
    found = made(videos, "--max-renders", "1")
    assert (4, 2) == (found.exit_code, paid(world))
    assert "2 of 3 done (" in found.stderr
    assert "left out 1" in found.stderr
    assert "Left: 1 of 3. Run the same command again: nothing is paid for twice." in found.stderr
    assert (4, 2) == (made(videos, "--max-minutes", "0").exit_code, paid(world))
    assert (4, 2) == (made(videos, "--max-credits", "0").exit_code, paid(world))
    assert (0, 3) == (made(videos).exit_code, paid(world))


def test_an_account_without_minutes(world: World, videos: Path) -> None:
    """Nothing is requested that the account has no minutes for."""
    world.quota = {"videoMinutes": (600.0, 600.0)}
    found = made(videos)
    assert (4, 0) == (found.exit_code, paid(world)), found.stderr
    assert "(the account has 0 minutes left)" in found.stderr


def test_previews(world: World) -> None:
    """Of the first rows, with their links; no video is rendered."""
    found = make("--preview", "2", "--interval", "0.05")
    assert 0 == found.exit_code, found.stderr
    lines = [line.split("\t") for line in found.stdout.splitlines()]
    assert [["2", "Hello Ada"], ["3", "Hello Ben"]] == [line[:2] for line in lines]
    assert all("/preview/" in line[2] for line in lines)
    assert all(video.is_preview for video in world.videos)


def test_names_of_files(world: World, videos: Path) -> None:
    """They can have the columns of the table."""
    found = made(videos, "-o", "{Company}/{name}.{ext}", "--limit", "1")
    assert 0 == found.exit_code, found.stderr
    assert (videos / "Acme" / "Hello Ada.mp4").is_file()


def test_no_cell_is_a_formula(world: World, videos: Path) -> None:
    """A spreadsheet would run it."""
    found = made(videos, "--name", "{Name}", data="Name,Company\n=1+1,A\n")
    assert 0 == found.exit_code, found.stderr
    assert ["'=1+1"] == [row["name"] for row in results(videos)]


def test_the_key_is_a_column(world: World, videos: Path) -> None:
    """Of what is printed as CSV, as in the file of results, and of lines if it is named."""
    options = ("--key", "Name", "--limit", "1")
    found = made(videos, *options, "--format", "csv")
    assert (videos / "results.csv").read_text(encoding="utf-8-sig").splitlines()[0] == found.stdout.splitlines()[0]
    assert found.stdout.startswith("key,row,name,")
    assert ["Ada\t2\tunchanged"] == made(videos, *options, "--columns", "key,row,status").stdout.splitlines()


def test_documents(world: World, videos: Path) -> None:
    """One for each row, and one with a summary."""
    found = made(videos, "--json", "--key", "Name")
    *rows, last = map(json.loads, found.stdout.splitlines())
    assert {"Ada", "Ben", "Cleo"} == {row["key"] for row in rows}
    assert {"rendered"} == {row["status"] for row in rows}
    assert {2, 3, 4} == {row["row"] for row in rows}
    assert all(row["job_id"] for row in rows)
    again = [json.loads(line) for line in made(videos, "--json", "--key", "Name").stdout.splitlines()[:-1]]
    assert {(row["key"], "unchanged", row["job_id"]) for row in rows} == {
        (row["key"], row["status"], row["job_id"]) for row in again
    }
    assert (3, {"rendered": 3}, False) == tuple(last["summary"][name] for name in ("paid", "outcomes", "interrupted"))


def test_a_lost_response(world: World, server: ServerThread, videos: Path) -> None:
    """The video is found by its name; a request without any effect is told, and sent again if that is wanted."""
    faults = iter([Reset(reaches_world=True), Reset()])
    server.simulator.faults = lambda request, _: next(faults, None) if request.method == "POST" else None
    found = made(videos)
    assert 3 == found.exit_code
    assert ["not_started", "rendered", "rendered"] == sorted(row["status"] for row in results(videos))
    assert (3, 2) == (made(videos).exit_code, len(world.videos))
    assert (0, 3) == (made(videos, "--retry-unstarted").exit_code, len(world.videos))


def test_what_cannot_be_known(world: World, server: ServerThread, videos: Path) -> None:
    """A job of somebody else can be it, so it is uncertain, with an exit code of its own."""

    def fault(request: SimRequest, now: float) -> Any:
        if request.method != "POST" or len(world.videos):
            return None
        world.start_render(world.add_project(), now)
        return Reset()

    server.simulator.faults = fault
    found = made(videos, "--limit", "1")
    assert 5 == found.exit_code, found.stderr
    (row,) = results(videos)
    assert ("uncertain", True) == (row["status"], "that no ledger knows was started" in row["reason"])


def test_no_minutes_in_the_middle(world: World, server: ServerThread, videos: Path) -> None:
    """A refusal is the result of its row; the others are made."""
    refusal = Answer(403, {"content-type": "application/json"}, b'{"message": "No"}')
    faults = iter([refusal])
    server.simulator.faults = lambda request, _: next(faults, None) if request.method == "POST" else None
    found = made(videos)
    assert 1 == found.exit_code
    assert ["refused", "rendered", "rendered"] == sorted(row["status"] for row in results(videos))
    assert (0, 3) == (made(videos).exit_code, len(world.videos))


def test_sigterm(world: World, server: ServerThread, videos: Path, tmp_path: Path) -> None:
    """What is known is written, and the same command goes on."""
    world.render_seconds = (600.0, 600.0)
    (tmp_path / "people.csv").write_text(PEOPLE)
    polled = threading.Event()

    def fault(request: SimRequest, _now: float) -> None:
        if "/jobs/" in request.path and len(world.videos) == 3:
            polled.set()

    server.simulator.faults = fault
    options = ("--name", "Hello {Name}", "--download", str(videos), "--yes", *QUICK)
    with started("make", TEMPLATE, "--data", str(tmp_path / "people.csv"), *options) as process:
        polled.wait()
        code, out, err = interrupted(process, signal.SIGTERM)
    assert 130 == code, err
    assert ["pending"] * 3 == [line.split("\t")[2] for line in out.splitlines()]
    assert "Interrupted: 0 of 3 done (none yet)" in err
    assert "3 videos paid for" in err
    rows = results(videos)
    assert ["pending"] * 3 == [row["status"] for row in rows]
    assert {render.job_id for video in world.videos for render in video.renders} == {row["id"] for row in rows}
    assert {"It is under way: the same command waits for it."} == {row["reason"] for row in rows}


def test_bad_usage(world: World, tmp_path: Path) -> None:
    """Wrong options and places are told before anything is sent."""
    assert "need --download DIR" in make("--kind", "video").stderr
    (tmp_path / "file").write_text("x")
    found = make("--download", str(tmp_path / "file" / "videos"))
    assert (2, 0) == (found.exit_code, len(world.log))
    assert "is a file" in found.stderr
    assert "is a directory" in make("--results", str(tmp_path)).stderr


def test_a_standstill(world: World, videos: Path) -> None:
    """Nothing is awaited for ever."""
    world.render_seconds = (600.0, 600.0)
    found = made(videos, "--stalled", "0.5s", "--limit", "1")
    assert 4 == found.exit_code, found.stderr
    assert ["timed_out"] == [row["status"] for row in results(videos)]


def test_results_that_cannot_be_written(world: World, videos: Path) -> None:
    """That is told before anything is paid for."""
    (videos / "results.csv").mkdir(parents=True)
    found = made(videos)
    assert (2, 0) == (found.exit_code, paid(world))
    assert "It is a directory" in found.stderr


def test_what_it_left_is_resumed_by_itself(world: World, videos: Path) -> None:
    """A video has no project: the same command waits for it, and no other one takes it for a project."""
    world.render_seconds = (1e6, 1e6)
    assert 4 == made(videos, "--max-wait", "0.2").exit_code
    assert ["make", "3"] == [run("runs").stdout.split("\t")[number] for number in (1, 4)]
    found = run("resume")
    assert (2, "") == (found.exit_code, found.stdout)
    assert "was a make. The same 'pictory make' command resumes it" in found.stderr
    found = run("wait", "--last")
    assert (2, "") == (found.exit_code, found.stdout)
    assert "Nothing is pending" in found.stderr
    assert 3 == len(world.videos)


def test_a_line_says_how_far_it_is(world: World, tmp_path: Path) -> None:
    """Where there is no terminal, there is one now and then."""
    world.render_seconds = (1e6, 1e6)
    (tmp_path / "people.csv").write_text(PEOPLE)
    options = ("make", TEMPLATE, "--data", str(tmp_path / "people.csv"), "--name", "Hello {Name}", "--yes")
    with started(*options, *QUICK[:4]) as process:
        assert process.stderr is not None
        line = ""
        while "0 of 3 done" not in line:
            line = process.stderr.readline()
            assert line
        code, _, _ = interrupted(process)
    assert (130, 3) == (code, paid(world))
