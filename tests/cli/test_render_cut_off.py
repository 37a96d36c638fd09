"""What `pictory render` tells of renders whose requests were under way when a signal came."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread

from pictory_async import RenderHandle
from pictory_async.testing import Answer, Fault, Render, Simulator, Stall, World
from tests.cli._command import report, run, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._renders import Keeper, Renders
from pictory_async.cli._store import Store
from pictory_async.errors import RenderSubmitUncertainError

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# One twice, and each of the others before and after another one: what all pairs do has tests in test_app.py.
PAIRS = [(SIGNALS[0], SIGNALS[0]), *zip(SIGNALS[1:], SIGNALS[:0:-1], strict=True)]


def id_in(document: dict[str, Any]) -> str:
    return str(document["project_id"])


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)  # trio's clock does not wait for threads
async def test_a_silent_server(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request in flight has fifteen seconds; then it is told as one that may have been started, with its handle."""
    posted, asked = (str(world.add_project(earlier_video=-60.0, edits=[-1.0])) for _ in range(2))
    simulator = Simulator(world)
    seen = anyio.Event()

    def stall(request: SimRequest, _: float) -> Fault | None:
        if request.method != "POST":
            return None
        seen.set()
        return Stall(reaches_world=True)

    simulator.faults = stall
    renders = Renders(ids=[posted, asked], keeper=Keeper(out=None, prints=True), options={})
    async with simulator.client() as client, anyio.create_task_group() as tasks:
        monkeypatch.setenv("PICTORY_API_BASE_URL", client._config.base_url)
        tasks.start_soon(renders.start, client, anyio.lowlevel.checkpoint)
        await seen.wait()
        began = anyio.current_time()
        tasks.cancel_scope.cancel()
    assert 15.0 == pytest.approx(anyio.current_time() - began)
    await to_thread.run_sync(renders.complete)
    await to_thread.run_sync(renders.complete)
    (handle,) = renders.handles
    assert handle.job_id is None
    assert handle.generated_before is not None
    assert isinstance(renders.failed[str(handle.project_id)], RenderSubmitUncertainError)
    told = {error["project_id"]: error for error in renders.errors()}
    assert "It is not known whether the render" in told.pop(str(handle.project_id))["error"]
    ((_, rest),) = told.items()
    assert "No request was sent." == rest["error"]
    assert f"{handle.to_json()}\n" == capsys.readouterr().out
    assert {handle.project_id: handle} == await to_thread.run_sync(Store().newest, [posted, asked])
    assert 1 == sum(request.method == "POST" for request in world.log)


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("options", [("--json",), ("--json", "--wait")])
def test_two_signals(
    world: World, server: ServerThread, tmp_path: Path, first: int, second: int, options: tuple[str, ...]
) -> None:
    """A render that has reached the server is in the output, in the file, and among what is kept; no other is sent."""
    ids = [str(world.add_project(earlier_video=-60.0, edits=[-1.0])) for _ in range(2)]
    posted = threading.Event()
    server.simulator.faults = lambda request, _: posted.set() if request.method == "POST" else None
    server.simulator.latency = lambda request, _: 0.5 if request.method == "POST" else 0.0
    file = tmp_path / "handles"
    with started("render", *ids, "--handles", str(file), *options) as process:
        posted.wait()
        process.send_signal(first)
        process.send_signal(second)
        out, err = process.communicate()
    assert 130 == process.returncode
    assert "Traceback" not in err
    (job,) = [job for _, job in world.jobs if job.at >= 0.0]
    documents = [json.loads(line) for line in out.splitlines()]
    if "--wait" in options:
        document = report(out)
        assert (True, None) == (document["interrupted"], document["resume"])
        assert ["No request was sent."] == [error["error"] for error in document["errors"]]
        documents = document["handles"]
    started_ids = [document["project_id"] for document in documents if document.get("job_id") == job.job_id]
    (line,) = file.read_text().splitlines()
    assert [RenderHandle.from_json(line).project_id] == started_ids
    assert {job.job_id} == {handle.job_id for handle in Store().newest(ids).values()}


def test_a_lost_answer_in_json(world: World, server: ServerThread) -> None:
    """A render that may have been started has a document that says so, with its handle."""
    project_id = str(world.add_project())
    server.simulator.faults = lambda request, _: Answer(502) if request.method == "POST" else None
    found = run("render", project_id, "--json")
    handle, doubt = (json.loads(line) for line in found.stdout.splitlines())
    assert (5, project_id, handle) == (found.exit_code, doubt["project_id"], doubt["handle"])
    assert "It is not known whether" in doubt["error"]


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_signals_at_once(
    world: World, server: ServerThread, first: int, second: int, options: tuple[str, ...]
) -> None:
    """The second one, however soon, neither hangs the command nor cuts off its report."""
    done = str(world.add_project(earlier_video=-60.0))
    running = str(world.add_project(Render(-1.0, duration=1e6)))
    asked = threading.Event()
    server.simulator.faults = lambda *_: asked.set() if len(server.simulator.log) > 2 else None
    with started("wait", running, done, "--interval", "0.05", *options) as process:
        asked.wait()
        process.send_signal(first)
        process.send_signal(second)
        out, err = process.communicate()
    assert 130 == process.returncode
    assert "Traceback" not in err
    name = err.rpartition("--resume ")[2].split()[0]
    assert running in {str(one.project_id) for one in Store().load(name)}
    if options:
        assert (True, name) == (report(out)["interrupted"], report(out)["resume"])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot end a process so")
@pytest.mark.parametrize("command", ["wait", "render"])
def test_a_killed_command(world: World, server: ServerThread, command: str) -> None:
    """If nothing could be told of a request, the next command for the project says so, and requests nothing."""
    project_id = str(world.add_project(earlier_video=-60.0, edits=[-1.0]))
    other = str(world.add_project(earlier_video=-60.0, edits=[-1.0]))
    posted = threading.Event()

    def note(request: SimRequest, _: float) -> Fault | None:
        if request.method != "POST" or posted.is_set():
            return None
        posted.set()
        return Stall()

    server.simulator.faults = note
    with started("render", project_id) as process:
        posted.wait()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    options = ("--interval", "0.05", "--start-grace", "5") if command == "wait" else ()
    words = "the render that was requested at" if command == "wait" else "It is not known whether the render of project"
    assert words not in run(command, other, *options).stderr
    found = run(command, project_id, *options)
    assert words in found.stderr
    assert (3 if command == "wait" else 5) == found.exit_code
    assert 1 == sum(request.method == "POST" for request in world.log if project_id in request.path)
