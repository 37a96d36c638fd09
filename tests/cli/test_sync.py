"""`pictory sync`, and what it leaves for the next one."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Render, Reset, Stall, World
from tests.cli._command import Terminal, run, seen, started
from tests.cli._syncs import QUICK, cells, films, posts, short_renders, sync

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server", "ample_budget")

AGES = 1e6  # seconds


@pytest.fixture
def world() -> World:
    """An account with short renders, whose files can be downloaded."""
    return short_renders()


def test_a_night_and_an_unchanged_one(world: World, videos: Path) -> None:
    """The plan is one sentence, each project a line; the second night costs a page of the list, and has no lines."""
    ids = films(world, 2)
    ids.append(str(world.add_project(name="Old", earlier_video=-60.0)))
    found = sync(videos)
    assert 0 == found.exit_code
    assert found.stderr.startswith("Plan: 2 to render, 1 to download, 0 unchanged.\n3 of 3 done (")
    assert "2 renders paid for" in found.stderr
    rows = {row[0]: row[1:] for row in cells(found.stdout)}
    assert {*ids} == {*rows}
    assert ["rendered", "rendered", "downloaded"] == [rows[one][0] for one in ids]
    status, name, share, generated, path, reason = rows[ids[2]]
    assert ("downloaded", "Old", "", str(videos / "Old.mp4")) == (status, name, reason, path)
    assert share.startswith("http://")
    assert "2025-12-31 23:59:00" == generated
    assert 3 == len([*videos.glob("*.mp4")])
    world.log.clear()
    found = sync(videos)
    done = "Plan: 0 to render, 0 to download, 3 unchanged. Everything is up to date.\n"
    assert (0, "", done) == (found.exit_code, found.stdout, found.stderr)
    assert 1 == len(world.log)
    assert (0, "", "") == ((quiet := sync(videos, "--quiet")).exit_code, quiet.stdout, quiet.stderr)


def test_documents(world: World, videos: Path) -> None:
    """With --json, each project is a document, and the last one is a summary with the plan."""
    (one,) = films(world, 1)
    found = sync(videos, "--json")
    document, last = map(json.loads, found.stdout.splitlines())
    assert (one, "rendered", True, None) == tuple(document[name] for name in ("project_id", "status", "paid", "error"))
    assert [str(videos / "Film 0.mp4")] == [file["path"] for file in document["files"]]
    summary = last["summary"]
    assert "states" not in summary["plan"]  # one for each project of the account: too much for a log
    assert ([one], 1, {"rendered": 1}) == (summary["plan"]["to_render"], summary["paid"], summary["outcomes"])
    assert [summary["run"]] == [json.loads(line)["run"] for line in run("runs", "--json").stdout.splitlines()]


def test_a_plan_alone(world: World, videos: Path) -> None:
    """--dry-run prints a line for each project that something would be done about, and does nothing."""
    never, busy = films(world, 1)[0], str(world.add_project(Render(-1.0, duration=AGES), name="Busy"))
    old, perhaps = (str(world.add_project(name=name, earlier_video=-600.0)) for name in ("Old", "Perhaps"))
    world.edit_project(perhaps, -60.0)
    assert 0 == sync(videos, "--render", "none", "--select", "Perhaps").exit_code
    again = sync(videos, "--render", "none", "--select", "Perhaps")
    assert again.stderr.endswith("What may be outdated: --dry-run names it, and --render unknown renders it.\n")
    both = str(world.add_project(name="Both", earlier_video=-600.0))
    world.edit_project(both, -60.0)
    found = sync(videos, "--dry-run")
    assert (0, 0) == (found.exit_code, posts(world))
    assert {"Film 0", "Busy", "Old", "Perhaps", "Both"} == {row[2] for row in cells(found.stdout)}
    rows = {row[0]: (row[1], row[6]) for row in cells(found.stdout)}
    reason = "Saved while the video was made, or later. To render: --render unknown."
    assert {
        never: ("to_render", ""),
        busy: ("to_wait", ""),
        old: ("to_download", ""),
        both: ("to_download", reason),
        perhaps: ("unknown", reason),
    } == rows
    text = seen("sync", str(videos), "--dry-run", columns=80)
    assert {"Both", "Perhaps"} == {*re.findall(r"to_download \* +(\w+)", text)}
    assert "2 projects (Perhaps, Both): * Saved while the video was made, or later." in " ".join(text.split())
    plan = json.loads(sync(videos, "--dry-run", "--json").stdout)["plan"]
    assert [] == plan["left_out"]
    assert {never, busy, perhaps, both} <= {*plan["states"]}
    assert ([never], [busy], [perhaps, both]) == (plan["to_render"], plan["to_wait"], plan["unknown"])
    found = sync(videos, "--render", "none", "--select", "Both")
    assert [[both, "downloaded", reason]] == [[row[0], row[1], row[6]] for row in cells(found.stdout)]


def test_a_plan_with_a_limit(world: World, videos: Path) -> None:
    """--dry-run --max shows what would be done with that limit, and what would be left out."""
    ids = films(world, 3)
    found = sync(videos, "--dry-run", "--max", "1")
    out = ("left_out", "Not requested: --max is reached.")
    assert [*zip(ids, [("to_render", ""), out, out], strict=True)] == [
        (r[0], (r[1], r[6])) for r in cells(found.stdout)
    ]
    assert "Plan: 1 to render, 2 left out by the limit, 0 to download, 0 unchanged.\n" == found.stderr
    plan = json.loads(sync(videos, "--dry-run", "--json", "--max", "2").stdout)["plan"]
    assert (ids[:2], ids[2:], 0) == (plan["to_render"], plan["left_out"], posts(world))
    assert "1 left out by the limit" in sync(videos, "--dry-run", "--max", "2").stderr


def test_what_is_left_out_comes_last(world: World, videos: Path) -> None:
    """What was done stands before what was not, and both have names."""
    films(world, 3)
    found = sync(videos, "--max", "1")
    assert ["rendered", "left_out", "left_out"] == [row[1] for row in cells(found.stdout)]
    assert ["", *["Not requested: --max is reached."] * 2] == [row[6] for row in cells(found.stdout)]
    assert ["Film 0", "Film 1", "Film 2"] == [row[2] for row in cells(found.stdout)]


def test_which_projects(world: World, videos: Path) -> None:
    """By their names, by when they were saved, and by what is known of their videos."""
    films(world, 2)
    perhaps = str(world.add_project(name="Perhaps", earlier_video=-600.0, edits=[-60.0]))
    assert "1 to render" in sync(videos, "--dry-run", "--select", "film 1").stderr
    assert "No project matches '*9'." in sync(videos, "--dry-run", "--saved-since", "7d", "--select", "*9").stderr
    since = ("--saved-since", "2025-12-31T23:30:00Z")
    assert "0 to render, 1 to download" in sync(videos, "--dry-run", *since).stderr
    assert [perhaps] == [row[0] for row in cells(sync(videos, "--render", "unknown").stdout) if row[1] == "rendered"]
    assert "Plan: 0 to render, 0 to download, 3 unchanged." in sync(videos, "--render", "none").stderr


@pytest.mark.parametrize(
    "options", [("--render", "all"), ("--saved-since", "yesterday"), ("--max", "-1"), ("--map", "-")]
)
def test_options_that_cannot_work(world: World, videos: Path, options: tuple[str, ...]) -> None:
    """They are refused before anything is sent."""
    films(world, 1)
    assert (2, []) == (sync(videos, *options, input="").exit_code, world.log)


def test_how_files_are_called(world: World, videos: Path) -> None:
    """Names from a template and a map file; who is not in it is said once."""
    one, other = films(world, 2)
    options = ("-o", "{customer}/{name}.{ext}", "--map", "-")
    found = sync(videos, *options, input=f"id,customer\n{one},ACME\n")
    assert 0 == found.exit_code, found.stderr
    assert f"1 project has no row in <stdin>, so their fields are empty: {other}" in found.stderr.replace(
        "'-'", "<stdin>"
    )
    assert (videos / "ACME" / "Film 0.mp4").exists()
    assert (videos / "_" / "Film 1.mp4").exists()
    films(world, 1)
    assert 0 == sync(videos, *options, input="id,customer\n").exit_code  # a map without rows


def test_earlier_versions(world: World, videos: Path, server: ServerThread) -> None:
    """They are kept if --keep-old says so, and stay if it does not."""
    (one,) = films(world, 1)
    assert 0 == sync(videos).exit_code
    for options in (("--keep-old", "1"), ()):
        world.edit_project(one, server.simulator.now())
        assert 0 == sync(videos, *options).exit_code
    assert 2 == len([*videos.glob("Film 0*.mp4")])


def test_many_renders_are_not_paid_for_without_a_question(world: World, videos: Path) -> None:
    """Where nobody can be asked, more than five renders need --yes or --max."""
    films(world, 6)
    found = sync(videos)
    assert (2, "", 0) == (found.exit_code, found.stdout, posts(world))
    assert "Error: 6 projects may be rendered" in found.stderr
    found = sync(videos, "--max", "2")
    assert (4, 2) == (found.exit_code, posts(world))
    assert 4 == found.stdout.count("\tleft_out\t")
    assert "2 of 2 done (rendered 2)" in found.stderr
    assert "Left out: 4 renders, because of the limit of 2. Run the same command again" in found.stderr
    *documents, last = map(json.loads, sync(videos, "--max", "1", "--json").stdout.splitlines())
    left = [document["project_id"] for document in documents if document["status"] == "left_out"]
    assert (left, {"rendered": 1}) == (last["summary"]["left_out"], last["summary"]["outcomes"])
    assert (3, ["Not requested: --max is reached."] * 3) == (
        len(left),
        [document["error"] for document in documents if document["project_id"] in left],
    )
    found = sync(videos, "--max", "0")
    assert (4, True) == (
        found.exit_code,
        found.stderr.endswith("Run the same command again: it continues with them.\n"),
    )
    assert " done" not in found.stderr
    found = sync(videos, "--yes")
    assert (0, 6) == (found.exit_code, posts(world))


def test_progress_and_a_table_on_a_terminal(world: World, videos: Path, server: ServerThread) -> None:
    """Renders and downloads have bars; the results are a table at the end."""
    world.add_project(name="Film", earlier_video=-60.0)
    slow = world.add_project(name="Slow")
    world.find_project(slow, 0.0).on_render.append(Render(0.0, duration=100.0))  # type: ignore[union-attr]
    world.media_sizes = {"mp4": 6_000_000}
    server.simulator.faults = lambda request, _: Stall(3_000_000) if request.path.startswith("/media/") else None
    with Terminal(columns=200) as terminal:
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("sync", str(videos), *QUICK, **both) as process:
            terminal.attached()
            terminal.read_until("0 of 2 done, 1 rendering, 1 downloading")
            terminal.read_until("1 %")
            process.send_signal(signal.SIGINT)
            text = terminal.read_until()
            assert 130 == process.wait()
    assert "Syncing" in text
    assert re.search(r"Film  .* of 6\.\d MB", text)
    table = text[text.rindex("status") :]
    assert str(slow) in table
    assert "pending" in table


def on_post(server: ServerThread, fault: Fault) -> None:
    def faults(request: SimRequest, _: float) -> Fault | None:
        return fault if request.method == "POST" else None

    server.simulator.faults = faults


def test_what_failed(world: World, videos: Path, server: ServerThread) -> None:
    """Failures are lines and one sentence each; the exit code is that of the worst one."""
    bad = str(world.add_project(on_render=[Render(0.0, duration=0.1, fails=True)]))
    found = sync(videos)
    assert (3, bad, "failed") == (found.exit_code, *cells(found.stdout)[0][:2])
    assert "TEXT_TO_VIDEO_FAILED" in found.stderr
    again = sync(videos)
    assert (3, 1) == (again.exit_code, posts(world))  # not paid for again
    assert "1 given up after a failed render" in again.stderr
    assert (0, 2) == (sync(videos, "--retry-failed").exit_code, posts(world))
    films(world, 1)
    on_post(server, Reset())
    assert 3 == sync(videos).exit_code  # the response is lost, and nothing was started
    server.simulator.faults = None
    assert 0 == sync(videos, "--retry-unstarted").exit_code
    slow = str(world.add_project(on_render=[Render(0.0, duration=AGES)]))
    for options in (("--max-wait", "0.3"), ("--stalled", "0.5")):
        found = sync(videos, *options)
        assert (4, slow, "timed_out") == (found.exit_code, *cells(found.stdout)[0][:2])
        assert "\n0 of 1 done (timed out 1) in " in found.stderr
        assert "Left: 1 of 1 project. Run the same command again" in found.stderr


def test_a_plan_that_makes_no_progress(world: World, videos: Path, server: ServerThread) -> None:
    """--stalled ends it too: nothing was requested, and the exit code is that of a wait that ended early."""
    films(world, 1)
    for is_of_list in (True, False):
        server.simulator.faults = lambda request, _, of_list=is_of_list: (
            Stall() if request.path.endswith("/projects") is of_list else None
        )
        found = sync(videos, "--stalled", "0.5", "--json")
        assert (4, 0) == (found.exit_code, posts(world))
        assert "There is no plan, because nothing had changed for 0.5 s (--stalled)" in found.stderr
        assert json.loads(found.stdout)["summary"]["error"] in found.stderr


def test_a_standstill_ends_only_what_is_pending(world: World, videos: Path) -> None:
    """What was rendered before it keeps its result."""
    (done,), slow = films(world, 1), str(world.add_project(on_render=[Render(0.0, duration=AGES)]))
    found = sync(videos, "--stalled", "2")
    assert {done: "rendered", slow: "timed_out"} == {row[0]: row[1] for row in cells(found.stdout)}


def test_a_lost_response_that_nobody_can_explain(world: World, videos: Path, server: ServerThread) -> None:
    """If a job of somebody else may be the render, it is never paid for again, and the exit code is 5."""
    foreign = world.add_project(name="Foreign", earlier_video=-60.0)
    (one,) = films(world, 1)

    def faults(request: SimRequest, now: float) -> Fault | None:
        if request.method != "POST":
            return None
        world.start_render(foreign, now, duration=AGES)
        return Answer(504, {}, b"", reaches_world=False)

    server.simulator.faults = faults
    found = sync(videos, "--select", "Film*")
    server.simulator.faults = None
    for _ in range(2):  # the next nights say the same
        assert (5, "uncertain") == (found.exit_code, cells(found.stdout)[0][1])
        assert "Check with 'pictory jobs' whether it was. If it was not, save the project again" in found.stderr
        assert [one, "to_wait"] == cells(sync(videos, "--select", "Film*", "--dry-run").stdout)[0][:2]
        found = sync(videos, "--select", "Film*")
    assert "Plan: 0 to render, 1 to wait for" in found.stderr
    sent = posts(world)
    assert 0 == run("render", one, "--batch", "again", "--wait", *QUICK[:-2]).exit_code
    assert sent + 1 == posts(world)


def test_a_file_that_cannot_be_had(world: World, videos: Path, server: ServerThread) -> None:
    """A download that fails is incomplete, and the same command resumes it."""
    one = str(world.add_project(earlier_video=-60.0))
    forbidden = Answer(404, {}, b"")
    server.simulator.faults = lambda request, _: forbidden if request.path.startswith("/media/") else None
    found = sync(videos)
    assert (1, [one, "incomplete"]) == (found.exit_code, cells(found.stdout)[0][:2])
    assert "Left: 1 of 1 project." in found.stderr
    server.simulator.faults = None
    assert (0, [one, "downloaded"]) == ((again := sync(videos)).exit_code, cells(again.stdout)[0][:2])


def test_no_network(world: World, videos: Path, server: ServerThread) -> None:
    """Nothing can be planned: that is an error that may pass."""
    films(world, 1)
    found = sync(videos, "--base-url", "http://127.0.0.1:9/pictoryapis")
    assert (75, "") == (found.exit_code, found.stdout)


def test_commands_of_the_user(world: World, videos: Path, tmp_path: Path) -> None:
    """--exec runs for each project that is rendered or downloaded; the summary and the log have all of them."""
    films(world, 1)
    world.add_project(name="Bad", on_render=[Render(0.0, duration=0.1, fails=True)])
    summary, log = tmp_path / "summary.md", tmp_path / "log"
    options = ("--exec", "echo done {name} {status}", "--summary", str(summary), "--log-file", str(log))
    found = sync(videos, *options)
    assert 3 == found.exit_code
    assert "Film 0" in summary.read_text()
    assert "Bad" in summary.read_text()
    assert "rendered" in log.read_text()
