"""What `pictory sync` reports on later nights about what an earlier one did not bring in step."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import Answer, Render, Reset, World
from tests.cli import _syncs as syncs
from tests.cli._command import interrupted, run, started
from tests.cli._syncs import posts, short_renders

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

pytestmark = pytest.mark.usefixtures("server", "ample_budget")

QUICK = (*syncs.QUICK, "--yes")


@pytest.fixture
def world() -> World:
    """An account with short renders, whose files can be downloaded."""
    return short_renders()


def sync(videos: Path, *options: str, **settings: Any) -> Any:
    return syncs.sync(videos, "--yes", *options, **settings)


def on_post(server: ServerThread, fault: Fault | None) -> None:
    def faults(request: SimRequest, _: float) -> Fault | None:
        return fault if request.method == "POST" else None

    server.simulator.faults = faults


def unstarted(world: World, server: ServerThread, videos: Path) -> str:
    """A project with a video that was saved since, and whose render was not started on a first night."""
    one = str(world.add_project(name="Film"))
    assert 0 == sync(videos).exit_code
    world.edit_project(one, server.simulator.now())
    on_post(server, Reset())
    assert 3 == sync(videos).exit_code
    server.simulator.faults = None
    return one


def failed(world: World, videos: Path) -> str:
    """A project whose render failed on a first night."""
    one = str(world.add_project(name="Bad", on_render=[Render(0.0, duration=0.1, fails=True)]))
    assert 3 == sync(videos).exit_code
    return one


def test_what_was_not_started_is_told_every_night(world: World, server: ServerThread, videos: Path) -> None:
    """Its exit code, its row and its reason are those of the first night, also with --quiet."""
    one = unstarted(world, server, videos)
    for options in ((), ("-q",)):
        world.log.clear()
        found = sync(videos, *options)
        assert (3, [one, "not_started"]) == (found.exit_code, found.stdout.split("\t")[:2])
        assert f"Error: The render of project {one!r} was requested, and was not started. " in found.stderr
        assert "--retry-unstarted requests it again." in found.stderr
        assert 2 == len(world.log)  # the page of the list, and the project that was saved since its video
    assert "1 requested before and not started" in sync(videos).stderr
    assert "given up" not in sync(videos).stderr
    document, last = map(json.loads, sync(videos, "--json").stdout.splitlines())
    assert (one, "not_started", False) == tuple(document[name] for name in ("project_id", "status", "paid"))
    assert ({"not_started": 1}, [one], []) == (
        last["summary"]["outcomes"],
        last["summary"]["plan"]["not_started"],
        last["summary"]["plan"]["given_up"],
    )
    assert 0 == sync(videos, "--retry-unstarted").exit_code
    assert (0, "", "") == ((good := sync(videos, "-q")).exit_code, good.stdout, good.stderr)


def test_what_failed_is_told_every_night(world: World, videos: Path, tmp_path: Path) -> None:
    """The reason is the one of the first night; the summary for a CI has it too."""
    one, summary = failed(world, videos), tmp_path / "summary.md"
    found = sync(videos, "-q", "--summary", str(summary))
    assert (3, [one, "failed"], 1) == (found.exit_code, found.stdout.split("\t")[:2], posts(world))
    assert "TEXT_TO_VIDEO_FAILED" in found.stderr
    assert "without --retry-failed." in found.stderr
    assert one in summary.read_text()
    assert "1 given up after a failed render" in sync(videos).stderr


def test_a_plan_shows_what_is_given_up(world: World, server: ServerThread, videos: Path) -> None:
    """--dry-run has a line for each project that is not in step, with what renders it."""
    one, other = unstarted(world, server, videos), failed(world, videos)
    rows = {row[0]: row[1:] for row in (line.split("\t") for line in sync(videos, "--dry-run").stdout.splitlines())}
    assert ("not_started", True) == (rows[one][0], "To render: --retry-unstarted." in rows[one][-1])
    assert ("given_up", True) == (rows[other][0], "To render: --retry-failed." in rows[other][-1])


def test_what_could_not_be_fetched_is_told(world: World, server: ServerThread, videos: Path) -> None:
    """A project of which nothing is known is not in step: it has a row, and the exit code says so."""
    one = str(world.add_project(name="Hidden"))
    world.add_project(name="Good")
    refused = Answer(403, {"content-type": "application/json"}, b'{"message": "Forbidden"}')
    server.simulator.faults = lambda request, _: refused if f"/projects/{one}" in request.path else None
    found = sync(videos, "-q")
    assert (1, [one, "refused"]) == (found.exit_code, found.stdout.split("\t")[:2])
    assert "Error: " in found.stderr
    assert [one, "error"] == sync(videos, "--dry-run").stdout.split("\t")[:2]


def test_who_is_notified_of_an_end_knows_what_was_paid(world: World, server: ServerThread, videos: Path) -> None:
    """After a signal, the JSON of --notify has the renders that were paid for, and the projects that are pending."""
    ids = [str(world.add_project(name=name, on_render=[Render(0.0, duration=1e6)])) for name in "AB"]
    polled, told = threading.Event(), videos.parent / "told"

    def faults(request: SimRequest, _: float) -> Fault | None:
        if "/v1/jobs/" in request.path and posts(world) == 2:
            polled.set()
        return None

    server.simulator.faults = faults
    with started("sync", str(videos), *QUICK, "--notify", f"sh -c 'cat > {told}'") as process:
        assert polled.wait(30.0)
        assert 130 == interrupted(process, signal.SIGTERM)[0]
    document = json.loads(told.read_text())
    assert (2, 0, {"pending": 2}) == (document["paid"], document["perhaps_paid"], document["outcomes"])
    assert sorted(ids) == sorted(project["id"] for project in document["projects"])
    assert "2 renders paid for" in document["summary"]


def test_what_was_perhaps_paid(world: World, server: ServerThread, videos: Path) -> None:
    """A request whose effect is not known is not among the renders that were paid for."""
    foreign = world.add_project(name="Foreign", earlier_video=-60.0)
    world.add_project(name="Film")

    def faults(request: SimRequest, now: float) -> Fault | None:
        if request.method != "POST":
            return None
        world.start_render(foreign, now, duration=1e6)
        return Answer(504, {}, b"", reaches_world=False)

    server.simulator.faults = faults
    found = sync(videos, "--select", "Film", "--json")
    document, last = map(json.loads, found.stdout.splitlines())
    assert (5, False, 0, 1) == (
        found.exit_code,
        document["paid"],
        last["summary"]["paid"],
        last["summary"]["perhaps_paid"],
    )
    assert "0 renders paid for, and perhaps 1 more" in found.stderr


@pytest.fixture
def done(tmp_path: Path) -> Path:
    """A file with a line for each command of --exec that has ended well."""
    return tmp_path / "done"


def recording(done: Path, *, while_missing: Path | None = None) -> tuple[str, str]:
    """A command that writes the name of a project, and fails as long as a file does not exist."""
    check = "" if while_missing is None else f"[ -e {while_missing} ] || exit 7; "
    return "--exec", f"sh -c '{check}echo \"$1\" >> {done}' - {{name}}"


def test_a_command_that_failed_is_run_again(world: World, videos: Path, tmp_path: Path, done: Path) -> None:
    """Each night, until it has ended well; then never again. The exit code is 1 as long as it fails."""
    world.add_project(name="Film")
    world.add_project(name="Old", earlier_video=-60.0)
    mended = tmp_path / "mended"
    command = recording(done, while_missing=mended)
    for _ in range(2):
        found = sync(videos, "-q", *command)
        assert 1 == found.exit_code
        assert "Left: the command of --exec for 2 projects. Run the same command again" in found.stderr
    mended.touch()
    found = sync(videos, *command)
    assert 0 == found.exit_code, found.stderr
    assert "The command of --exec did not end well for 2 projects before, and runs again." in found.stderr
    assert ["Film", "Old"] == sorted(done.read_text().split())
    assert (0, "") == ((idle := sync(videos, "-q", *command)).exit_code, idle.stderr)
    assert (2, 1) == (len(done.read_text().split()), posts(world))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_was_killed_is_run_again(world: World, videos: Path, done: Path, number: int) -> None:
    """A signal during a command of --exec: the next night runs it, for a video that is there already."""
    world.add_project(name="Film")
    begun = done.with_name("begun")
    os.mkfifo(begun)
    command = ("--exec", f"sh -c 'echo $$ > {begun}; exec sleep 600'")
    with started("sync", str(videos), *QUICK, *command) as process:
        command_of_user = int(begun.read_text())  # when it has begun
        process.send_signal(number)
        process.wait()
    if number == signal.SIGKILL:
        os.kill(command_of_user, number)
    (newest, *_) = run("runs").stdout.splitlines()
    assert ("killed" in newest) is (number == signal.SIGKILL)
    assert 0 == sync(videos, "-q", *recording(done)).exit_code
    assert (["Film"], 1) == (done.read_text().split(), posts(world))
    assert (0, ["Film"]) == (sync(videos, "-q", *recording(done)).exit_code, done.read_text().split())


def test_no_command_for_what_failed(world: World, videos: Path, done: Path) -> None:
    """What is not rendered has no command that is due; it has one as soon as it is."""
    failed(world, videos)
    assert (3, False) == (sync(videos, *recording(done)).exit_code, done.exists())
    assert 0 == sync(videos, "--retry-failed", *recording(done)).exit_code
    assert ["Bad"] == done.read_text().split()


def test_a_wait_whose_command_failed(world: World, tmp_path: Path, done: Path) -> None:
    """It is left, and the command that is printed runs it again: for renders, and for projects that are rendered."""
    one, other = str(world.add_project(name="Film")), str(world.add_project(name="Old", earlier_video=-60.0))
    mended = tmp_path / "mended"
    command = recording(done, while_missing=mended)
    assert 0 == run("render", one).exit_code
    found = run("wait", one, other, "--interval", "0.05", *command)
    assert 1 == found.exit_code
    assert "No final result yet: 2 of 2 projects. Wait again with:" in found.stderr
    (name,) = re.findall(r"pictory wait --resume (\w+)", found.stderr)
    mended.touch()
    again = run("wait", "--resume", name, "--interval", "0.05", *command)
    assert 0 == again.exit_code, again.stderr
    assert ["Film", "Old"] == sorted(done.read_text().split())


def test_a_ledger_that_fails_on_the_way(world: World, videos: Path, state: Path) -> None:
    """What was paid for before it is told, and there is a summary: an error does not cut off the report."""
    ids = [str(world.add_project(name=name, on_render=[Render(0.0, duration=1e6)])) for name in "AB"]

    assert 0 == sync(videos, "--dry-run").exit_code
    with contextlib.closing(sqlite3.connect(state / "ledger.db")) as file, file:
        file.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON render WHEN NEW.state = 'started' "
            "AND EXISTS (SELECT 1 FROM render WHERE state = 'started') "
            "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
    found = sync(videos, "--json")
    *documents, last = map(json.loads, found.stdout.splitlines())
    assert (73, sorted(ids)) == (found.exit_code, sorted(document["project_id"] for document in documents))
    assert (2, True) == (last["summary"]["paid"], "The ledger" in last["summary"]["error"])
    assert "Stopped: 0 of 2 done (none yet)" in found.stderr
    assert "2 renders paid for" in found.stderr


def test_a_key_that_is_rejected_at_once(server: ServerThread, videos: Path) -> None:
    """There is a summary with the error, and the plan is not known."""
    server.simulator.faults = lambda _, __: Answer(401, {"content-type": "application/json"}, b'{"message": "No"}')
    found = sync(videos, "--json")
    summary = json.loads(found.stdout)["summary"]
    assert (77, None, False) == (found.exit_code, summary["plan"], summary["interrupted"])
    assert "rejected the API key" in summary["error"]
