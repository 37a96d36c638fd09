"""What `pictory render` tells of renders whose requests were under way when a signal came."""

from __future__ import annotations

import json
import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread

from pictory_async import RenderHandle
from pictory_async.testing import Answer, Fault, Render, Simulator, Stall, World
from tests._virtual import virtual_time
from tests.cli._command import report, run, started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

from pictory_async.cli._kept import Store
from pictory_async.cli.commands.render import Keeper, Renders
from pictory_async.errors import RenderSubmitUncertainError

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
# One twice, and each of the others before and after another one: what all pairs do has tests in test_app.py.
PAIRS = [(SIGNALS[0], SIGNALS[0]), *zip(SIGNALS[1:], SIGNALS[:0:-1], strict=True)]


def id_in(document: dict[str, Any]) -> str:
    return str(document["project_id"])


@pytest.mark.anyio
@virtual_time
async def test_a_silent_server(world: World, capsys: pytest.CaptureFixture[str], caplog: Any) -> None:
    """Requests in flight have fifteen seconds; then each is told as one that may have been started, with its handle."""
    posted, asked, unasked = (str(world.add_project(earlier_video=-60.0)) for _ in range(3))
    simulator = Simulator(world)
    both, seen = anyio.Event(), set[str]()

    def stall(request: SimRequest, _: float) -> Fault | None:
        if request.method != "POST" and asked not in request.path:
            return None
        seen.add(request.method)
        if len(seen) == 2:
            both.set()
        return Stall(reaches_world=True)

    simulator.faults = stall
    keeper = Keeper(out=None, prints=True)
    renders = Renders(ids=[posted, asked], keeper=keeper)
    async with simulator.client() as client, anyio.create_task_group() as tasks:
        tasks.start_soon(renders.start, client)
        await both.wait()
        began = anyio.current_time()
        logging.getLogger("pictory_async").warning("another one")
        tasks.cancel_scope.cancel()
    assert 15.0 == pytest.approx(anyio.current_time() - began)
    (handle,) = renders.handles
    assert (posted, None) == (handle.project_id, handle.job_id)
    assert handle.generated_before is not None
    assert isinstance(renders.failed[posted], RenderSubmitUncertainError)
    assert [asked] == renders.not_sent
    first, second = renders.errors()
    assert "It is not known whether the render" in first["error"]
    assert json.loads(handle.to_json()) == first["handle"]
    assert {"project_id": asked, "error": "No request was sent."} == second
    assert f"{handle.to_json()}\n" == capsys.readouterr().out
    assert handle == await to_thread.run_sync(Store().newest, posted)
    assert unasked not in str(renders.errors())
    assert ["another one"] == [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("options", [("--json",), ("--json", "--wait")])
def test_two_signals(
    world: World, server: ServerThread, tmp_path: Path, first: int, second: int, options: tuple[str, ...]
) -> None:
    """Each render that has reached the server is in the output, in the file, and among what is kept."""
    ids = [str(world.add_project(earlier_video=-60.0)) for _ in range(2)]
    posts: list[str] = []
    both = threading.Event()

    def note(request: SimRequest, _: float) -> None:
        if request.method == "POST":
            posts.append(request.path)
            if len(posts) == 2:
                both.set()

    server.simulator.faults = note
    server.simulator.latency = lambda request, _: 0.5 if request.method == "POST" else 0.0
    file = tmp_path / "handles"
    with started("render", *ids, "--handles", str(file), *options) as process:
        both.wait()
        process.send_signal(first)
        process.send_signal(second)
        out, err = process.communicate()
    assert 130 == process.returncode
    assert "Traceback" not in err
    assert "No request was sent" not in out
    documents = [json.loads(line) for line in out.splitlines()]
    if "--wait" in options:
        document = report(out)
        assert (True, None, []) == (document["interrupted"], document["resume"], document["errors"])
        assert sorted(ids) == sorted(map(id_in, document["unfinished"]))
        documents = document["handles"]
    assert sorted(ids) == sorted(map(id_in, documents))
    assert sorted(ids) == sorted(str(RenderHandle.from_json(line).project_id) for line in file.read_text().splitlines())
    assert {job.job_id for _, job in world.jobs} >= {getattr(Store().newest(one), "job_id", 0) for one in ids}


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
    done, running = str(world.add_project(earlier_video=-60.0)), str(world.add_project(Render(-1.0, duration=1e6)))
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
    """If nothing could be told of a request, the next command for the project says so, once."""
    project_id = str(world.add_project(earlier_video=-60.0))
    other = str(world.add_project(earlier_video=-60.0))
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
    words = f"An earlier command requested a render of project '{project_id}' at "
    assert words not in run(command, other).stderr
    assert words in run(command, project_id).stderr
    assert words not in run(command, project_id).stderr
