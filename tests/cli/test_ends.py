"""How waits end: signals, lost terminals, closed pipes, and the command for the next wait."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Render, World
from tests.cli._command import PROGRAM, Terminal, interrupted, report, run, seen, started

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._store import PendingId, Store

pytestmark = pytest.mark.usefixtures("server")

AGES = 1e6  # seconds
SLOW = Render(0.0, duration=AGES)
FAILS = Render(0.0, duration=0.0, fails=True)
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
ON_ITS_TERMINAL = f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{PROGRAM}"


@pytest.fixture
def world() -> World:
    """An account whose renders take a moment, if nothing else is said."""
    return World(media_base="self", render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0))


@pytest.fixture
def later(server: ServerThread) -> Callable[[], None]:
    """Let every render end."""
    ahead = [0.0]
    server.simulator.keep_time(lambda: time.monotonic() + ahead[0])
    return lambda: ahead.append(ahead.pop() + 2 * AGES)


def advice(err: str) -> str:
    """The command at the end of what was printed, as it can be copied."""
    return err[err.rindex("\n  pictory ") + 1 :]


@pytest.mark.parametrize(("number", "options"), [*zip(SIGNALS, cycle([(), ("--json",)]), strict=False)])
def test_a_signal_after_the_reader_is_gone(
    world: World, asked: threading.Event, options: tuple[str, ...], number: int
) -> None:
    """In ``pictory wait ... | tee``, Ctrl-C ends the reader too. What goes to standard error is still printed."""
    running = str(world.add_project(Render(-1.0, duration=AGES)))
    with started("wait", running, "--interval", "0.05", *options) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        asked.wait()
        process.stdout.close()
        process.send_signal(number)
        err = process.stderr.read()
        code = process.wait()
    assert 130 == code
    assert ("Interrupted: 0 of 1 ended" in err) is not bool(options)
    assert "No final result yet: 1 of 1 project." in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_handles_survive_a_reader_that_is_gone(world: World) -> None:
    """In ``pictory render ... | head``, handles that cannot be printed are kept, and nothing else is started."""
    ids = [str(world.add_project()) for _ in range(20)]
    with started("render", *ids, "--yes", "--rate", "1000/s") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        assert 1 == process.wait()
    again = run(*advice(err).split()[1:], "--interval", "0.05", "--json")
    found = {result["job_id"] for result in report(again.stdout)["results"]}
    assert "Error" not in err
    assert {job.job_id for _, job in world.jobs} == found
    assert 0 < len(found) < 20


@pytest.mark.parametrize(
    ("command", "number"), [*zip(["wait", "render", "share", "job"], cycle(SIGNALS), strict=False)]
)
def test_the_cursor_is_restored(world: World, asked: threading.Event, command: str, number: int) -> None:
    """Every live view is removed, and the cursor is shown again."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    running = [Render(-1.0, duration=AGES)] if command in {"wait", "share"} else []
    project_id = str(world.add_project(*running, on_render=[SLOW]))
    if command == "job":
        run("render", project_id)
    wanted = str(world.jobs[-1][1].job_id) if command == "job" else project_id
    wait = [] if command == "wait" else ["--wait"]
    with Terminal() as terminal:
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started(command, wanted, *wait, "--interval", "0.05", **both) as process:
            terminal.attached()
            terminal.read_until("Waiting for ")
            process.send_signal(number)
            text = terminal.read_until()
            assert 130 == process.wait()
    assert text.rindex("\x1b[?25l") < text.rindex("\x1b[?25h")
    assert "Traceback" not in text


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_lost_terminal_loses_no_handle(world: World, asked: threading.Event) -> None:
    """If the terminal is closed, nothing can be printed, and the handles are kept all the same."""
    project_id = str(world.add_project(on_render=[SLOW]))
    with Terminal() as terminal:
        theirs = terminal.theirs
        process = subprocess.Popen(
            [sys.executable, "-c", ON_ITS_TERMINAL, "render", project_id, "--wait", "--interval", "0.05"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=terminal.environment,
            start_new_session=True,
        )
        terminal.attached()
        terminal.read_until("Waiting for ")
        asked.wait()
    # Our end is closed: the kernel sends SIGHUP.
    assert 130 == process.wait()
    handle = Store().newest([project_id])[project_id]
    assert world.jobs[-1][1].job_id == handle.job_id


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_second_signal_loses_no_handle(world: World, server: ServerThread) -> None:
    """A lost terminal may be reported twice. The render requests in flight are completed all the same."""
    server.simulator.latency = lambda request, _: 1.0 if request.method == "POST" else 0.0
    posted = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if request.method == "POST":
            posted.set()

    server.simulator.faults = note
    with started("render", str(world.add_project()), "--wait") as process:
        posted.wait()
        process.send_signal(signal.SIGHUP)
        code, _, err = interrupted(process, signal.SIGTERM)
    assert 130 == code
    assert "No final result yet: 1 of 1 render." in err


@pytest.mark.parametrize("columns", [40, 500])
def test_the_command_can_be_pasted(world: World, later: Callable[[], None], columns: int, tmp_path: Path) -> None:
    """What a terminal shows is a command for a shell, on as many lines as it takes."""
    project_id = str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[SLOW]))
    where = tmp_path / "a directory 'of mine'"
    options = ["--interval", "0.05", "--start-grace", "90s", "--rate", "1000/s", "--max-wait", "0.3"]
    run("render", project_id, "--handles", str(tmp_path / "h"))
    waiting = ("wait", "--handle", str(tmp_path / "h"), "--download", str(where), *options)
    text = seen(*waiting, code=4, columns=columns).replace("\r", "")
    assert max(map(len, re.sub(r"/tmp\S+|'/tmp.*", "", advice(text)).splitlines())) <= columns
    later()
    scripts = sysconfig.get_path("scripts")
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    found = subprocess.run(
        ["/bin/sh", "-c", advice(text)], env=environment, capture_output=True, text=True, check=False
    )
    assert 0 == found.returncode, found.stderr
    assert f"{project_id}\tdownloaded\t" in found.stdout
    assert 5 == len([path for path in where.iterdir() if not path.name.startswith(".")])


@pytest.mark.parametrize("end", ["time", "signal"])
def test_an_old_video_is_not_taken_for_the_new_one(world: World, server: ServerThread, end: str) -> None:
    """A project that is rendered again while it is waited for by its id: the next wait knows the old video's date."""
    moment = [0.0]
    server.simulator.keep_time(lambda: moment[0])
    fails = str(world.add_project(Render(0.0, duration=100.0, fails=True), earlier_video=-60.0, edits=[-1.0]))
    if end == "time":
        err = run("wait", fails, "--interval", "0.05", "--max-wait", "0.3").stderr
    else:
        asked = threading.Event()
        server.simulator.faults = lambda *_: asked.set() if len(server.simulator.log) > 2 else None
        with started("wait", fails, "--interval", "0.05") as process:
            asked.wait()
            _, _, err = interrupted(process)
    name = advice(err).split()[3]
    assert [PendingId(fails, world.date(-60.0))] == Store().load(name)
    moment[0] = 200.0
    again = run("wait", "--resume", name, "--interval", "0.05", "--start-grace", "0.2")
    assert 3 == again.exit_code
    assert f"{fails}\tnot_started\t" in again.stdout
    assert "rendered" not in again.stdout


class TestSharing:
    """``pictory share --wait`` after ``pictory render``."""

    def test_the_link_shows_the_new_video(self, world: World, later: Callable[[], None]) -> None:
        """The old video's link is not printed while the new one is being rendered."""
        project_id = str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[SLOW]))
        old = run("share", project_id).stdout
        run("render", project_id)
        found = run("share", project_id, "--wait", "--max-wait", "0.3", "--interval", "0.05")
        assert (4, "") == (found.exit_code, found.stdout)
        later()
        again = run(*advice(found.stderr).split()[1:])
        assert (0, "") == (again.exit_code, again.stderr)
        assert again.stdout.startswith("http")
        assert old != again.stdout
        assert {} == Store().newest([project_id])

    def test_it_waits_for_the_render(self, world: World, server: ServerThread) -> None:
        """The job is polled until the new video is there."""
        server.simulator.keep_time(lambda: 0.1 * len(world.log))  # the render takes fifteen requests, however slow
        project_id = str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[Render(0.0, duration=1.5)]))
        old = run("share", project_id).stdout
        run("render", project_id)
        found = run("share", project_id, "--wait", "--interval", "0.02")
        assert (0, "") == (found.exit_code, found.stderr)
        assert found.stdout.startswith("http")
        assert old != found.stdout
        assert any("/jobs/" in entry.path for entry in world.log)

    def test_a_render_that_failed_has_no_link(self, world: World) -> None:
        """The reason is that of the render; the old link is not printed."""
        project_id = str(
            world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[Render(0.0, duration=0.0, fails=True)])
        )
        run("render", project_id)
        found = run("share", project_id, "--wait", "--interval", "0.05")
        assert (3, "") == (found.exit_code, found.stdout)
        assert "TEXT_TO_VIDEO_FAILED" in found.stderr

    def test_a_newer_video_needs_no_wait(self, world: World, later: Callable[[], None]) -> None:
        """If the project shows a video that is newer than the render's start, its link is printed."""
        project_id = str(world.add_project(earlier_video=-60.0, edits=[-1.0], on_render=[SLOW]))
        run("render", project_id)
        later()
        before = len(world.log)
        assert 0 == run("share", project_id, "--wait").exit_code
        assert not any("/jobs/" in entry.path for entry in world.log[before:])

    def test_several_that_are_outdated(self, world: World) -> None:
        """One warning names all of them; the links are printed."""
        ids = [str(world.add_project(earlier_video=-60.0, edits=[-1.0])) for _ in range(2)]
        found = run("share", *ids)
        assert (0, 2) == (found.exit_code, len(found.stdout.splitlines()))
        assert re.fullmatch(
            r"Warning: The videos of 2 projects may be older than their last saves \((\w+), (\w+)\)\. "
            r"Render again to be sure\.\n",
            found.stderr,
        )
        assert all(one in found.stderr for one in ids)

    def test_json(self, world: World) -> None:
        """With --json, there is a document for each project, in order, also for one that failed."""
        ids = ["nope", str(world.add_project(earlier_video=-60.0, edits=[-1.0])), str(world.add_project())]
        found = run("share", *ids, "--json")
        documents = [json.loads(line) for line in found.stdout.splitlines()]
        assert 1 == found.exit_code
        assert ids == [document["project_id"] for document in documents]
        assert [["error"], ["share_url", "name", "generated_at", "is_outdated"], ["error"]] == [
            [*document][1:] for document in documents
        ]


def test_many_pending_in_a_pipe(world: World, asked: threading.Event) -> None:
    """In a pipe, only a few of them are named: all are kept."""
    running = [str(world.add_project(Render(-1.0, duration=AGES))) for _ in range(5)]
    with started("wait", *running, "--interval", "0.05") as process:
        asked.wait()
        _, _, err = interrupted(process)
    assert err.startswith(f"Still pending: {', '.join(running[:3])} and 2 more\n")
    assert [PendingId(one) for one in running] == Store().load(advice(err).split()[3])
