"""`pictory render` that is stopped: what was requested is kept, and said."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from pictory_async import RenderHandle
from pictory_async.testing import Render, World
from tests.cli._advice import kept_in
from tests.cli._command import Terminal, interrupted, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")


pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    """An account with short renders, whose files can be downloaded."""
    return World(media_base="self", render_seconds=(0.3, 0.5), queue_seconds=(0.0, 0.1))


def test_ctrl_c_in_the_wait(world: World, server: ServerThread) -> None:
    """Ctrl-C while waiting prints the handles, for another wait."""
    project_id = str(world.add_project(on_render=[Render(0.0, duration=1e6)]))
    asked = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if "/jobs/" in request.path:
            asked.set()

    server.simulator.faults = note
    with started("render", project_id, "--wait", "--interval", "0.05") as process:
        asked.wait()
        code, out, err = interrupted(process)
    assert (130, "") == (code, out)
    assert err.startswith(f"Still pending: {project_id}\nInterrupted: 0 of 1 ended")
    assert err.endswith(" --interval 0.05\n")
    (kept,) = kept_in(err)
    assert (project_id, world.jobs[-1][1].job_id) == (kept.project_id, kept.job_id)


def test_ctrl_c_before_the_wait(world: World, server: ServerThread) -> None:
    """Ctrl-C while renders are requested keeps the handles that --wait would have followed: it is said once, below."""
    pytest.importorskip("pty", reason="this system has no pseudo-terminals", exc_type=ImportError)
    ids = [str(world.add_project()) for _ in range(20)]
    server.simulator.latency = lambda request, _: 1.0 if request.method == "POST" else 0.0
    asked = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if request.method == "POST":
            asked.set()

    server.simulator.faults = note
    with Terminal(columns=300) as terminal:
        both = {"stdout": terminal.theirs, "stderr": terminal.theirs, "env": terminal.environment}
        with started("render", *ids, "--yes", "--wait", "--rate", "1000/s", **both) as process:
            terminal.attached()
            asked.wait()
            process.send_signal(signal.SIGINT)
            err = terminal.read_until().replace("\r", "")
            assert 130 == process.wait()
    _, first, *_ = err.partition("billed.\n")[2].split("\n")
    assert first.startswith("Not reached, so not requested: ")
    assert (1, 1) == (err.count("pictory wait --resume"), err.count(" with:"))
    assert {job.job_id for _, job in world.jobs} == {handle.job_id for handle in kept_in(err)}
    assert len(world.jobs) < 20
    assert " --rate 1000/s\n" in err


def test_ctrl_c_among_many(world: World, server: ServerThread, tmp_path: Path) -> None:
    """After Ctrl-C, the requests in flight are completed, and the projects without a request are printed."""
    file = tmp_path / "handles"
    ids = [str(world.add_project()) for _ in range(20)]
    server.simulator.latency = lambda request, _: 4.0 if request.method == "POST" else 0.0
    asked = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if request.method == "POST":
            asked.set()

    server.simulator.faults = note
    with started("render", *ids, "--yes", "--handles", str(file), "--rate", "1000/s") as process:
        asked.wait()
        code, out, err = interrupted(process)
    handles = [RenderHandle.from_json(line).project_id for line in file.read_text().splitlines()]
    (line,) = [line for line in err.splitlines() if line.startswith("Not reached, so not requested: ")]
    left = line.removeprefix("Not reached, so not requested: ").split()
    assert code == 130
    assert sorted(handles) == sorted(RenderHandle.from_json(line).project_id for line in out.splitlines())
    assert len(world.jobs) == len(handles) < 20
    assert sorted(ids) == sorted([*map(str, handles), *left])
