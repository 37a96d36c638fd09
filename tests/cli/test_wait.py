"""`pictory wait`."""

from __future__ import annotations

import os
import re
import shutil
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Render
from tests.cli._command import Terminal, interrupted, report, run, seen, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import World
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._store import PendingId, Store

pytestmark = pytest.mark.usefixtures("server")

QUICK = ("--interval", "0.05", "--start-grace", "0.2")


def test_all_rendered(world: World) -> None:
    """If all projects are rendered, the exit code is 0, and each has a line with the URL of its video."""
    ids = [str(world.add_project(earlier_video=-60.0)), str(world.add_project(Render(0.0, duration=0.2)))]
    found = run("wait", *ids, *QUICK, "--start-grace", "5")
    lines = found.stdout.splitlines()
    assert 0 == found.exit_code
    assert [[one, "rendered"] for one in ids] == [line.split("\t")[:2] for line in lines]
    assert all(line.endswith(".mp4") for line in lines)
    assert found.stderr.startswith("2 of 2 ended (rendered 2) in ")
    assert 1 == found.stderr.count("\n")


def test_a_log_of_ci_has_no_addresses_of_videos(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may read it, so a line has the page of the video, as 'share' prints it."""
    project_id = str(world.add_project(earlier_video=-60.0))
    link = run("share", project_id).stdout.strip()
    monkeypatch.setenv("CI", "true")
    assert link == run("wait", project_id, *QUICK).stdout.rstrip("\n").split("\t")[-1]


def test_a_dumb_terminal_has_lines(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that cannot draw gets lines, and the address of a page instead of a link; that of a CI gets lines."""
    project_id = str(world.add_project(Render(0.0, duration=0.2), name="Film"))
    with Terminal() as terminal:
        environment = {**terminal.environment, "TERM": "dumb"}
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": environment}
        with started("wait", project_id, *QUICK, "--start-grace", "5", **both) as process:
            terminal.attached()
            text = terminal.read_until()
            assert 0 == process.wait()
        frames = seen("wait", project_id, *QUICK).count("\x1b[2K")
        monkeypatch.setenv("CI", "true")
        assert frames > seen("wait", project_id, *QUICK).count("\x1b[2K") == 0
    assert "\x1b" not in text
    assert re.search(r"(?m)^✓ Film  +[\d.]+ s  \S+\r\n  http\S+/share/", text)


def test_some_not_rendered(world: World) -> None:
    """If one project is not rendered, the exit code is 3, and its line says why."""
    rendered, never = (str(world.add_project(earlier_video=at)) for at in (-60.0, None))
    found = run("wait", rendered, never, "nope", *QUICK)
    assert 3 == found.exit_code
    lines = {line.split("\t")[0]: line.split("\t") for line in found.stdout.splitlines()}
    assert "not_started" == lines[never][1]
    assert "no render was seen" in lines[never][-1]
    assert "missing" == lines["nope"][1]


def test_time_spent(world: World) -> None:
    """The exit code is 4 if some timed out and nothing else failed."""
    ids = [str(world.add_project(earlier_video=-60.0)), str(world.add_project(Render(-1.0, duration=1e6)))]
    found = run("wait", *ids, "--interval", "0.05", "--max-wait", "0.3")
    assert 4 == found.exit_code
    assert f"{ids[1]}\ttimed_out\t" in found.stdout


def test_after(world: World) -> None:
    """With --after, an old video does not count."""
    project_id = str(world.add_project(earlier_video=-60.0))
    found = run("wait", project_id, "--after", "2030-01-01T00:00:00Z", *QUICK)
    assert 3 == found.exit_code
    assert "an old video" in found.stdout


def test_time_spent_with_after(world: World, tmp_path: Path) -> None:
    """The command for the next wait keeps --after with each project, and the other options."""
    ids = [str(world.add_project(Render(-1.0, duration=1e6), earlier_video=-60.0)) for _ in range(2)]
    file = tmp_path / "ids"
    file.write_text(ids[1])
    after, quick = "2030-01-01T00:00:00+00:00", ("--interval", "0.05", "--max-wait", "0.2", "--rate", "100/s")
    found = run("wait", ids[0], "--ids-from", str(file), "--after", after, *quick)
    assert 4 == found.exit_code
    (name,) = re.findall(r"  pictory wait --resume (\w+) --interval 0\.05 --rate 100/s\n", found.stderr)
    assert "No final result yet: 2 of 2 projects. Wait again with:\n" in found.stderr
    assert [PendingId(one, datetime.fromisoformat(after)) for one in ids] == Store().load(name)
    again = run("wait", "--resume", name, *quick)
    assert 4 == again.exit_code
    assert f"  pictory wait --resume {name} --interval 0.05 --rate 100/s\n" in again.stderr


def test_json(world: World) -> None:
    """With --json, standard output is exactly one object, in the order of the ids."""
    ids = [str(world.add_project()), str(world.add_project(integer_id=True, earlier_video=-60.0))]
    found = run("wait", *ids, *QUICK, "--json", "--max-wait", "none", "--rate", "100/s")
    ends = report(found.stdout)
    assert 3 == found.exit_code
    assert (2, {"rendered": 1, "not_started": 1}) == (ends["projects"], ends["outcomes"])
    assert ids == [result["project_id"] for result in ends["results"]]
    assert ([], False) == (ends["pending"], ends["interrupted"])
    assert ends["requests"] >= 2


def test_json_of_what_is_left(world: World) -> None:
    """The one object has the name for the next wait, and what is not finished as handles; ``null`` if all is."""
    running, done = str(world.add_project(Render(-1.0, duration=1e6))), str(world.add_project(earlier_video=-60.0))
    found = run("wait", running, done, *QUICK, "--json", "--max-wait", "0.3")
    ends = report(found.stdout)
    assert 4 == found.exit_code
    assert f"  pictory wait --resume {ends['resume']} " in found.stderr
    assert [running] == [handle["project_id"] for handle in ends["unfinished"]]
    assert [PendingId(running)] == Store().load(ends["resume"])
    ends = report(run("wait", done, *QUICK, "--json").stdout)
    assert (None, []) == (ends["resume"], ends["unfinished"])
    ends = report(run("wait", "--handle", "-", "--json", input="").stdout)
    assert (None, []) == (ends["resume"], ends["unfinished"])


def test_a_plain_wait_does_not_end_one_for_a_newer_video(world: World) -> None:
    """What waits for a video newer than a date is pending until there is one."""
    again = str(world.add_project(earlier_video=-60.0))
    after = "2030-01-01T00:00:00+00:00"
    # The start of a render is waited for longer than the wait takes.
    slow = ("--interval", "0.05", "--max-wait", "0.2", "--start-grace", "90", "--json")
    name = report(run("wait", again, "--after", after, *slow).stdout)["resume"]
    assert 0 == run("wait", again, *QUICK).exit_code
    assert [PendingId(again, datetime.fromisoformat(after))] == Store().load(name)


@pytest.mark.parametrize("after", ["", "2020-01-01T00:00:00+00:00"])
def test_a_new_video_ends_every_wait_for_one(world: World, after: str) -> None:
    """Whatever date an earlier wait had, a video that is newer ends it."""
    done = str(world.add_project(earlier_video=-60.0))
    name = Store().keep([PendingId(done, world.date(-61.0))])
    assert 0 == run("wait", done, *QUICK, *(["--after", after] if after else [])).exit_code
    assert 2 == run("wait", "--resume", name).exit_code


@pytest.mark.parametrize("writable", [True, False])
def test_what_was_removed_meanwhile(world: World, server: ServerThread, state: Path, writable: bool) -> None:
    """If the files were deleted during the wait, everything is kept again. If it cannot be, no name is printed."""
    running = str(world.add_project(Render(-1.0, duration=1e6)))
    name = Store().keep([PendingId(running)])
    asked = threading.Event()
    server.simulator.faults = lambda *_: asked.set()
    with started("wait", "--resume", name, "--interval", "0.05", "--json") as process:
        asked.wait()
        shutil.rmtree(state)
        if not writable:
            state.touch()
        code, out, err = interrupted(process)
    ends = report(out)
    assert (130, name if writable else None) == (code, ends["resume"])
    assert [running] == [handle["project_id"] for handle in ends["unfinished"]]
    assert writable is (f"  pictory wait --resume {name} " in err)
    assert writable is not ("save the lines below as handles.jsonl" in err)
    if writable:
        assert [PendingId(running)] == Store().load(name)


def test_a_relative_place_is_that_of_the_start(
    world: World, server: ServerThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory is found once, when the command starts."""
    running = str(world.add_project(Render(-1.0, duration=1e6)))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PICTORY_STATE_DIR", "state")
    moved = threading.Event()

    def move(*_: Any) -> None:
        if not moved.is_set():
            os.chdir("elsewhere")
            moved.set()

    server.simulator.faults = move
    found = run("wait", running, *QUICK, "--max-wait", "0.3", "--json")
    assert moved.is_set()
    assert (tmp_path / "state" / "ledger.db").is_file()
    assert report(found.stdout)["resume"]


def test_ids_from_file(world: World, tmp_path: Path) -> None:
    """Ids come from a file or from standard input, one per line, in addition to the command line."""
    ids = [str(world.add_project(earlier_video=-60.0)) for _ in range(3)]
    file = tmp_path / "ids.txt"
    file.write_text(f"\ufeff# two\n{ids[1]}\n\n{ids[2]}\n{ids[0]}\n", encoding="utf-8")
    found = run("wait", ids[0], "--ids-from", str(file), "--json")
    assert (0, ids) == (found.exit_code, [result["project_id"] for result in report(found.stdout)["results"]])
    found = run("wait", "--ids-from", "-", "--json", input=f"{ids[2]}\n")
    assert (0, 1) == (found.exit_code, report(found.stdout)["projects"])


def test_settings_that_cannot_work() -> None:
    """A limit of zero seconds is reported in one sentence with exit code 2."""
    found = run("wait", "x", "--max-wait", "0")
    assert (2, "Error: --max-wait must be longer than 0 s, not 0.0.\n") == (found.exit_code, found.stderr)


def test_ctrl_c_prints_what_is_known(world: World) -> None:
    """Ctrl-C ends the wait without a traceback: the results so far and the pending projects are printed."""
    rendered, running = str(world.add_project(earlier_video=-60.0)), str(world.add_project(Render(0.0, duration=1e6)))
    with started("wait", rendered, running, "--interval", "0.05") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"{rendered}\trendered\t")
        code, out, err = interrupted(process)
    assert (130, "") == (code, out)
    assert err.startswith(f"Still pending: {running}\nInterrupted: 1 of 2 ended (rendered 1) in ")
    assert "No final result yet: 1 of 2 projects. Wait again with:\n  pictory wait --resume " in err
    assert err.endswith(" --interval 0.05\n")


def test_ctrl_c_with_json(world: World, server: ServerThread) -> None:
    """After Ctrl-C, --json still prints one object."""
    asked = threading.Event()

    def note(*_: Any) -> None:
        asked.set()

    server.simulator.faults = note
    running = str(world.add_project(Render(0.0, duration=1e6)))
    with started("wait", running, "--json") as process:
        asked.wait()
        code, out, err = interrupted(process)
    ends = report(out)
    assert (130, [running], True) == (code, ends["pending"], ends["interrupted"])
    assert err.startswith("No final result yet: 1 of 1 project. Wait again with:\n  pictory wait --resume ")


def test_on_a_terminal(world: World) -> None:
    """On a terminal, the view is live until the end, and each outcome is then printed with its reason."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    rendered = str(world.add_project(Render(0.0, duration=0.5), name="Hello"))
    with Terminal() as terminal:
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("wait", rendered, "nope", "--interval", "0.1", **both) as process:
            terminal.attached()
            text = terminal.read_until()
            assert 3 == process.wait()
    live, _, end = text.rpartition("\x1b[?25h")
    assert "Waiting for 2 projects" in live
    assert "● watching 2" in " ".join(live.replace("\x1b[36m", "").replace("\x1b[0m", "").split())
    assert "There is no project …" in end
    assert "2 of 2 ended (rendered 1, missing 1)" in end


def test_a_page_about_the_wait(world: World, tmp_path: Path) -> None:
    """It has every project, also those without a video, and shows when they were seen rendering."""
    film = str(world.add_project(Render(-1.0, duration=1e6), name="Film"))
    never = str(world.add_project(name="Never"))
    page = tmp_path / "page.html"
    old = str(world.add_project(name="Old", earlier_video=-60.0, edits=[-30.0]))
    found = run("wait", film, never, "nope", old, *QUICK, "--max-wait", "1", "--report", str(page))
    assert 3 == found.exit_code
    assert f"Written: {page}" in found.stderr
    text = page.read_text(encoding="utf-8")
    assert all(f">{name}<" in text for name in ("Film", "Never", "nope", "rendered, saved since"))
    assert re.search(r'aria-label="seen rendering after [\d.]+ s; timed out,', text)
    assert 2 == text.count("seen rendering after")  # of one project, as its label and its title
    assert ("raise --max-wait" in text, "raise --start-grace" in text) == (True, True)
    assert 2 == run("wait", film, "--report", str(tmp_path / "no" / "page.html")).exit_code


def test_a_page_about_a_render(world: World, tmp_path: Path) -> None:
    """`render --wait` writes one too, with a heading and a picture; without a page, they are wrong usage."""
    world.render_seconds, world.queue_seconds = (0.1, 0.2), (0.0, 0.0)
    film, page, logo = str(world.add_project(name="Film")), tmp_path / "page.html", tmp_path / "logo.gif"
    logo.write_bytes(b"GIF89a")
    look = ["--title", "Summer", "--logo", str(logo)]
    assert 0 == run("render", film, "--wait", *QUICK, "--report", str(page), *look).exit_code
    text = page.read_text(encoding="utf-8")
    assert all(part in text for part in (">Summer</h1>", "data:image/gif", ">Film<", "1 rendered"))
    assert "add --wait" in run("render", film, "--report", str(page)).stderr
    assert "add --report FILE" in run("wait", film, *look).stderr
    late = run("wait", film, "--report", str(page), "--title", "x" * 201)
    assert (2, "") == (late.exit_code, late.stdout)  # before it waits
