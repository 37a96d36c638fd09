"""The simulator as a real HTTP server."""

from __future__ import annotations

import contextlib
import gc
import socket
import subprocess
import sys
import threading
from typing import Any

import anyio
import httpx
import pytest

from pictory_async import AsyncPictory
from pictory_async.testing import (
    Answer,
    BrokenGzip,
    Drip,
    Refuse,
    Render,
    Reset,
    SimRequest,
    Simulator,
    Stall,
    Truncate,
    World,
    WrongLength,
)

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread, make_app, serve

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["httpx", "httpx2"])
def library(request) -> Any:
    return pytest.importorskip(request.param)


@pytest.fixture
def simulator() -> Simulator:
    return Simulator(World())


@pytest.fixture
def server(simulator):
    with ServerThread(simulator) as running:
        yield running
    gc.collect()


def client_of(server: ServerThread, library: Any, **options: Any) -> Any:
    key = server.simulator.world.api_key
    return library.AsyncClient(base_url=server.base_url, headers={"Authorization": key}, **options)


async def test_every_loop_and_library_reaches_the_server(server, simulator, library):
    """The responses are the same through a socket, and the path arrives as it was sent."""
    project_id = simulator.world.add_project(Render(-100, duration=50), scenes=60)
    simulator.world.add_project(project_id="a/b?c")
    async with client_of(server, library) as client:
        big = await client.get(f"/v2/projects/{project_id}")
        odd = await client.get("/v2/projects/a%2Fb%3Fc")
        posted = await client.post(f"/v2/projects/{project_id}/render")
        missing = await client.get("/v2/projects/x?pagekey=y")
    assert [200, 200, 200, 404] == [response.status_code for response in (big, odd, posted, missing)]
    assert len(big.content) == int(big.headers["content-length"]) > 170_000
    assert "/pictoryapis/v2/projects/a%2Fb%3Fc" == simulator.log[1].path
    assert simulator.world.find_job(posted.json()["data"]["jobId"]) is not None


async def test_many_requests_at_once(server, simulator):
    """Fifty connections at once all get a response."""
    project_id = simulator.world.add_project()
    statuses: list[int] = []
    async with client_of(server, httpx) as client, anyio.create_task_group() as tasks:

        async def get() -> None:
            statuses.append((await client.get(f"/v2/projects/{project_id}")).status_code)

        for _ in range(50):
            tasks.start_soon(get)
    assert [200] * 50 == statuses


async def test_connections_are_kept_alive(server, simulator):
    """A client sends its next request over the same connection."""
    seen: list[SimRequest] = []
    simulator.faults = lambda request, _: seen.append(request)
    async with client_of(server, httpx) as client:
        streams = []
        for _ in range(3):
            async with client.stream("GET", "/v2/projects") as response:
                streams.append(response.extensions["network_stream"].get_extra_info("client_addr"))
                await response.aread()
    assert 1 == len(set(streams))
    assert [server.origin] * 3 == [request.origin for request in seen]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Refuse(), "RemoteProtocolError"),
        (Reset(), "ReadError"),
        (Stall(), "ReadTimeout"),
        (Stall(after=5), "ReadTimeout"),
        (Truncate(5), "RemoteProtocolError"),
        (Truncate(5, reset=True), "ReadError"),
        (WrongLength(3), "RemoteProtocolError"),
    ],
    ids=str,
)
async def test_a_fault_is_the_librarys_own_error(server, simulator, library, fault, error):
    """Each fault breaks a real connection in its own way, and the server continues."""
    simulator.faults = lambda *_: fault
    async with client_of(server, library, timeout=None) as client:
        # Only what stalls is given up: on a busy machine, the other faults take as long as they take.
        limit = library.Timeout(None, read=0.3 if isinstance(fault, Stall) else None)
        with pytest.raises(getattr(library, error)):
            await client.get("/v2/projects", timeout=limit)
        simulator.faults = None
        assert 200 == (await client.get("/v2/projects")).status_code


async def test_a_body_longer_than_its_length_is_cut(server, simulator):
    """A client stops reading at the announced length; the connection is then not used again."""
    simulator.faults = lambda *_: WrongLength(-5)
    for _ in range(2):
        async with client_of(server, httpx) as client:
            assert b'{"items":[]}'[:-5] == (await client.get("/v1/templates")).content


async def test_answers_and_small_pieces_pass_through(server, simulator):
    """Unknown statuses are sent unchanged, and a body in small pieces arrives complete."""
    simulator.faults = lambda *_: Answer(522, {"X-Test": "1"}, b"no")
    async with client_of(server, httpx) as client:
        response = await client.get("/v1/templates")
        assert (522, "1", b"no") == (response.status_code, response.headers["x-test"], response.content)
        simulator.faults = lambda *_: BrokenGzip()
        async with client.stream("GET", "/v1/templates") as broken:
            raw = b"".join([piece async for piece in broken.aiter_raw()])
        assert ("gzip", b'{"items":[]}') == (broken.headers["content-encoding"], raw)
        simulator.faults = lambda *_: Drip(5, 0.01)
        assert {"items": []} == (await client.get("/v1/templates")).json()


async def test_latency_applies_to_the_server_too(server, simulator):
    """A request arrives after half of the latency."""
    simulator.latency = 0.2
    async with client_of(server, httpx) as client:
        await client.get("/v1/templates")
    assert 0.1 <= simulator.log[0].at < simulator.now()


def test_every_thread_sees_the_time_of_the_server(server, simulator):
    """Time begins with the first request and is the same in all threads."""
    assert 0.0 == simulator.now()
    with httpx.Client() as client:
        client.get(f"{server.base_url}/v2/projects")
    times: list[float] = []
    thread = threading.Thread(target=lambda: times.append(simulator.now()))
    first = simulator.now()
    thread.start()
    thread.join()
    assert 0.0 < first <= times[0] <= simulator.now() < first + 3600.0


def test_the_time_can_be_read_after_the_server_is_closed(simulator):
    """The time of a closed server can be read."""
    with ServerThread(simulator) as server, httpx.Client() as client:
        client.get(f"{server.base_url}/v2/projects")
    assert simulator.log[-1].at < simulator.now()


def test_a_server_stops_while_requests_are_stalled(simulator):
    """Stalled requests and idle connections do not delay the shutdown, and nothing is left behind."""
    simulator.faults = lambda request, _: Stall() if "jobs" in request.path else None
    with socket.socket() as waiting:
        with ServerThread(simulator) as server:
            host, port = server.origin.removeprefix("http://").split(":")
            waiting.connect((host, int(port)))
            waiting.sendall(b"GET /pictoryapis/v1/jobs HTTP/1.1\r\nhost: x\r\n\r\n")
            with httpx.Client() as client:
                client.get(f"{server.base_url}/v2/projects")
                while len(simulator.log) < 2:
                    client.get(f"{server.base_url}/v2/projects")
        assert b"" == waiting.recv(100)
    assert "pictory-simulator" not in {thread.name for thread in threading.enumerate()}
    gc.collect()


def test_a_server_can_be_started_again(simulator):
    """A server can be used several times, but not twice at once."""
    server = ServerThread(simulator)
    with pytest.raises(RuntimeError, match="no address before it starts"):
        _ = server.base_url
    for _ in range(2):
        with server, httpx.Client() as client:
            assert 401 == client.get(f"{server.base_url}/v2/projects").status_code
            with pytest.raises(RuntimeError, match="already running"):
                server.__enter__()


def test_a_server_that_was_never_started(simulator):
    """A server that was not started has no connections, and leaving it does nothing."""
    server = ServerThread(simulator)
    with contextlib.ExitStack() as stack:
        stack.push(server)
    assert (0, 0, True) == (server.open_connections, server.connections_made, server.wait_until_idle())


def test_a_port_in_use_is_an_error_at_once(server, simulator):
    """Starting on a port that is in use raises the error in the caller."""
    port = int(server.origin.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="in use"), ServerThread(simulator, port=port):
        pass


def test_a_server_that_cannot_start_raises_the_reason():
    """An error in the server's thread is raised where the server is started."""

    class Broken(Simulator):
        def keep_time(self, clock: Any) -> None:
            raise LookupError("no clock")

    with pytest.raises(LookupError, match="no clock"), ServerThread(Broken()):
        pass


def test_a_large_body_is_not_held_in_memory(server, simulator):
    """A connection that breaks after megabytes has delivered them."""
    simulator.world.media_base = "self"
    simulator.world.media_sizes = {"mp4": 20_000_000}
    simulator.world.add_project(Render(-100, duration=50))
    url = simulator.world.media(*simulator.world.jobs[0], server.origin, 0.0).video
    simulator.faults = lambda *_: Truncate(5_000_000)
    received = 0

    def read(response: httpx.Response) -> None:
        nonlocal received
        for piece in response.iter_raw():
            received += len(piece)

    with (
        httpx.Client() as client,
        client.stream("GET", url) as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        read(response)
    assert 5_000_000 == received
    assert "20000000" == response.headers["content-length"]


def test_a_slow_reader_does_not_fill_the_memory(server, simulator):
    """While a client does not read, the server waits, and answers others."""
    simulator.world.media_base = "self"
    simulator.world.media_sizes = {"mp4": 100_000_000}
    simulator.world.add_project(Render(-100, duration=50))
    url = httpx.URL(simulator.world.media(*simulator.world.jobs[0], server.origin, 0.0).video)
    simulator.faults = lambda request, _: Truncate(50_000_000) if request.path == url.path else None
    with socket.create_connection((url.host, url.port or 80)) as reader, httpx.Client() as client:
        reader.sendall(f"GET {url.path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        received = len(reader.recv(1))
        assert 401 == client.get(f"{server.base_url}/v2/projects").status_code
        while piece := reader.recv(1_000_000):
            received += len(piece)
    assert 50_000_000 < received < 50_001_000


def test_the_options_for_a_client(server):
    """The server returns the options with which a client of the SDK uses it."""
    options = {"base_url": server.base_url, "api_key": "pictai_simulator", "trust_env": False}
    assert options == server.client_options()


async def test_the_sdk_waits_for_a_real_render(server, simulator):
    """The SDK waits for a short render over real sockets, on every event loop."""
    project_id = simulator.world.add_project(Render(0, queue=0.05, duration=0.2))
    async with AsyncPictory(**server.client_options()) as client:
        project = await client.projects.wait(project_id, interval=1.0)
    assert simulator.world.date(0.25) == project.generated_at


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_running_loop_can_serve(simulator):
    """A program with its own event loop serves until it cancels the call, which leaves nothing behind."""
    urls: list[str] = []
    async with anyio.create_task_group() as tasks:
        started = anyio.Event()

        def on_start(base_url: str) -> None:
            urls.append(base_url)
            started.set()

        async def run() -> None:
            await serve(simulator, port=0, on_start=on_start)

        tasks.start_soon(run)
        await started.wait()
        async with httpx.AsyncClient(headers={"Authorization": simulator.world.api_key}) as client:
            assert 200 == (await client.get(f"{urls[0]}/v2/projects")).status_code
        tasks.cancel_scope.cancel()
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{urls[0]}/v2/projects")


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_the_application_can_be_mounted_anywhere(simulator):
    """As an ASGI application, the simulator runs in any ASGI server."""
    transport = httpx.ASGITransport(make_app(simulator))
    async with httpx.AsyncClient(transport=transport, base_url="http://x/pictoryapis") as client:
        response = await client.get("/v2/projects", headers={"Authorization": simulator.world.api_key})
    assert {"items": [], "pageKey": None} == response.json()


async def test_a_web_socket_is_not_accepted(simulator):
    """The application ignores all but HTTP, so that a server around it refuses the connection."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await make_app(simulator)({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert [] == sent
    assert [] == simulator.log


@pytest.mark.parametrize("missing", ["uvicorn", "starlette.applications"])
def test_a_missing_extra_is_named(missing):
    """Without its libraries, the server's error says what to install; the simulator itself works."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None; "
        "import pictory_async.testing; import pictory_async.testing.server"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 1 == result.returncode
    assert 'pip install "pictory-async[simulator]"' in result.stderr.splitlines()[-1]
