"""The simulator's transport on virtual time, for httpx and httpx2."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import anyio
import httpx
import pytest

from pictory_async.testing import (
    Answer,
    BrokenGzip,
    Drip,
    Refuse,
    Render,
    Reset,
    ServerLimit,
    SimRequest,
    Simulator,
    Stall,
    Truncate,
    World,
    WrongLength,
    busiest_window,
)
from pictory_async.testing._transport import make_transport
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture(params=["httpx", "httpx2"])
def library(request) -> Any:
    return pytest.importorskip(request.param)


def client_of(simulator: Simulator, library: Any, **options: Any) -> Any:
    return library.AsyncClient(
        transport=simulator.transport(library.__name__),
        base_url="https://127.0.0.1:1/pictoryapis",
        headers={"Authorization": simulator.world.api_key},
        **options,
    )


async def test_half_an_hour_of_rendering_takes_no_time(library):
    """A client that polls sees a project change, in the event loop's own time."""
    world = World()
    project_id = world.add_project(Render(0, queue=60, duration=1800))
    simulator = Simulator(world)
    seen = []
    async with client_of(simulator, library) as client:
        for _ in range(4):
            body = (await client.get(f"/v2/projects/{project_id}")).json()
            seen.append((round(simulator.now()), body["inProgress"], "videoURL" in body))
            await anyio.sleep(620)
    assert [(0, False, False), (620, True, False), (1240, True, False), (1860, False, True)] == seen


async def test_a_response_arrives_complete(library):
    """Status, headers and body arrive as the world returned them, and the log has the request as it was sent."""
    simulator = Simulator(World())
    async with client_of(simulator, library) as client:
        response = await client.get("/v2/projects/a%2Fb", params={"x": "1 2"})
    assert (404, "application/json", {"message": "Not Found"}) == (
        response.status_code,
        response.headers["content-type"],
        response.json(),
    )
    assert int(response.headers["content-length"]) == len(response.content)
    entry = simulator.log[0]
    assert ("GET", "/pictoryapis/v2/projects/a%2Fb", 404, True) == (
        entry.method,
        entry.path,
        entry.status,
        entry.authorization_ok,
    )


async def test_requests_carry_body_query_and_origin(library):
    """A fault function gets the whole request."""
    seen: list[SimRequest] = []

    def watch(request: SimRequest, now: float) -> None:
        seen.append(request)

    async with client_of(Simulator(faults=watch), library) as client:
        await client.post("/v2/projects/x/render", params={"a": "b c"}, content=b"hello", headers={"X-Test": "1"})
    request = seen[0]
    assert ("POST", b"hello", "1") == (request.method, request.body, request.headers["x-test"])
    assert request.query in {"a=b+c", "a=b%20c"}
    assert "https://127.0.0.1:1" == request.origin


async def test_time_begins_with_the_first_request_or_earlier():
    """The world's time is 0 until the first request, or until `start` is called."""
    first, second = Simulator(), Simulator()
    second.start()
    await anyio.sleep(5)
    assert [0.0, pytest.approx(5.0)] == [first.now(), second.now()]
    async with client_of(first, httpx) as client:
        await client.get("/v2/projects")
    await anyio.sleep(2)
    second.start()
    assert [pytest.approx(2.0), pytest.approx(7.0)] == [first.now(), second.now()]


async def test_half_of_the_latency_is_before_the_request_arrives():
    """A request arrives after half of its latency, and its response shows that moment."""
    simulator = Simulator(latency=3.0)
    async with client_of(simulator, httpx) as client:
        await client.get("/v2/projects")
    assert pytest.approx(1.5) == simulator.log[0].at
    assert pytest.approx(3.0) == simulator.now()


async def test_each_request_can_have_its_own_latency():
    """A function sets the latency by request and time."""

    def latency(request: SimRequest, now: float) -> float:
        return 4.0 if "jobs" in request.path else now / 2

    simulator = Simulator(latency=latency)
    async with client_of(simulator, httpx) as client:
        await client.get("/v1/jobs")
        await client.get("/v2/projects")
    assert [pytest.approx(2.0), pytest.approx(5.0)] == [entry.at for entry in simulator.log]


async def test_the_simulator_can_set_the_limit():
    """A limit that is passed to the simulator applies to its world, and the log shows it."""
    simulator = Simulator(limit=ServerLimit(3, 10.0))
    async with client_of(simulator, httpx) as client:
        statuses = [(await client.get("/v2/projects")).status_code for _ in range(4)]
        await anyio.sleep(10)
        statuses.append((await client.get("/v2/projects")).status_code)
    assert [200, 200, 200, 429, 200] == statuses
    assert 4 == busiest_window(simulator.log, 9.0)


async def test_an_answer_replaces_the_response_of_the_api(library):
    """An `Answer` replaces the response; the world handles the request only if the fault says so."""
    page = Answer(503, {"Retry-After": "7", "Content-Type": "text/html"}, b"<html>busy</html>")
    world = World()
    project_id = world.add_project()
    async with client_of(Simulator(world, faults=lambda *_: page), library) as client:
        response = await client.post(f"/v2/projects/{project_id}/render")
    assert (503, "7", "<html>busy</html>") == (
        response.status_code,
        response.headers["retry-after"],
        response.text,
    )
    assert ([], [503]) == (world.jobs, [entry.status for entry in world.log])

    lost = Answer(504, reaches_world=True)
    async with client_of(Simulator(world, faults=lambda *_: lost), library) as client:
        assert 504 == (await client.post(f"/v2/projects/{project_id}/render")).status_code
    assert 1 == len(world.jobs)


@pytest.mark.parametrize(
    ("fault", "error", "jobs", "logged"),
    [
        (Refuse(), "ConnectError", 0, None),
        (Reset(), "ReadError", 0, None),
        (Reset(reaches_world=True), "ReadError", 1, 200),
        (Stall(), "ReadTimeout", 0, None),
        (Stall(reaches_world=True), "ReadTimeout", 1, 200),
        (Stall(after=5), "ReadTimeout", 1, 200),
        (Truncate(5), "RemoteProtocolError", 1, 200),
        (Truncate(5, reset=True), "ReadError", 1, 200),
        (WrongLength(3), "RemoteProtocolError", 1, 200),
    ],
    ids=str,
)
async def test_a_fault_is_the_librarys_own_error(library, fault, error, jobs, logged):
    """Each fault reaches the client as the error that it would have in a network."""
    world = World()
    project_id = world.add_project()
    async with client_of(Simulator(world, faults=lambda *_: fault), library) as client:
        with pytest.raises(getattr(library, error)):
            await client.post(f"/v2/projects/{project_id}/render")
    assert (jobs, [logged]) == (len(world.jobs), [entry.status for entry in world.log])


async def test_a_body_longer_than_its_length_is_cut(library):
    """A client stops reading at the announced length."""
    simulator = Simulator(faults=lambda *_: WrongLength(-5))
    async with client_of(simulator, library) as client:
        response = await client.get("/v1/templates")
    assert b'{"items":[]}'[:-5] == response.content


async def test_a_body_that_is_not_gzip(library):
    """The header says gzip, but the bytes are plain."""
    simulator = Simulator(faults=lambda *_: BrokenGzip())
    async with client_of(simulator, library) as client, client.stream("GET", "/v1/templates") as response:
        raw = b"".join([piece async for piece in response.aiter_raw()])
    assert ("gzip", b'{"items":[]}') == (response.headers["content-encoding"], raw)


async def test_a_body_in_small_pieces(library):
    """Each wait is short, but all of them together are long."""
    simulator = Simulator(faults=lambda *_: Drip(1, 2.0))
    async with client_of(simulator, library, timeout=3.0) as client:
        response = await client.get("/v1/templates")
    assert {"items": []} == response.json()
    assert pytest.approx(24.0) == simulator.now()


async def test_the_read_timeout_of_the_client_applies(library):
    """A client whose read timeout is shorter than the wait gets its timeout error, on time."""
    for options in ({"latency": 5.0}, {"faults": lambda *_: Drip(1, 5.0)}):
        simulator = Simulator(**options)
        async with client_of(simulator, library, timeout=2.0) as client:
            with pytest.raises(library.ReadTimeout):
                await client.get("/v1/templates")
        assert pytest.approx(2.0) == simulator.now()


async def test_a_stall_without_a_timeout_can_be_cancelled(library):
    """A client without a timeout waits until it is cancelled."""
    simulator = Simulator(faults=lambda *_: Stall())
    async with client_of(simulator, library, timeout=None) as client:
        with anyio.move_on_after(1000) as scope:
            await client.get("/v1/templates")
    assert scope.cancelled_caught
    assert pytest.approx(1000) == simulator.now()


async def test_a_body_that_breaks_off(library):
    """The bytes before the break can be read."""
    simulator = Simulator(faults=lambda *_: Truncate(5))
    received = b""

    async def read(response: Any) -> None:
        nonlocal received
        async for piece in response.aiter_raw():
            received += piece

    async with client_of(simulator, library) as client, client.stream("GET", "/v1/templates") as response:
        with pytest.raises(library.RemoteProtocolError):
            await read(response)
    assert b'{"ite' == received


async def test_files_are_served_too(library):
    """With URLs of its own, the simulator serves the files of its renders."""
    world = World(media_base="self", media_sizes={"mp4": 200_000})
    project_id = world.add_project(Render(-100, duration=50))
    async with client_of(Simulator(world), library) as client:
        url = (await client.get(f"/v2/projects/{project_id}")).json()["videoURL"]
        whole, head = await client.get(url), await client.head(url)
        part = await client.get(url, headers={"Range": "bytes=100000-"})
    assert (200_000, "200000", b"") == (len(whole.content), head.headers["content-length"], head.content)
    assert (206, whole.content[100_000:]) == (part.status_code, part.content)


async def test_a_client_can_use_another_transport():
    """Options that are passed to `client` replace the simulator's own."""
    simulator = Simulator()
    other = Simulator()
    async with simulator.client(http=other.transport()) as client:
        await client.projects.get(other.world.add_project())
    assert ([], 1) == (simulator.log, len(other.log))


async def test_faults_can_depend_on_request_and_time():
    """A fault function can break the first requests, or those of one path."""
    simulator = Simulator(faults=lambda request, now: Answer(500) if now < 5 else None)
    async with client_of(simulator, httpx) as client:
        first = (await client.get("/v2/projects")).status_code
        await anyio.sleep(5)
        assert [500, 200] == [first, (await client.get("/v2/projects")).status_code]


async def test_transports_belong_to_their_library():
    """Each library gets a transport that it accepts; another name is an error."""
    simulator = Simulator()
    assert isinstance(simulator.transport(), httpx.AsyncBaseTransport)
    with pytest.raises(ValueError, match="'httpx' or 'httpx2', not 'requests'"):
        make_transport(simulator, "requests")  # type: ignore[arg-type]
    httpx2 = import_module("httpx2") if library_is_there("httpx2") else None
    if httpx2 is not None:
        assert isinstance(make_transport(simulator, "httpx2"), httpx2.AsyncBaseTransport)


def library_is_there(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True


async def test_a_client_needs_no_configuration():
    """The simulator makes a client of the SDK that needs no configuration."""
    world = World()
    project_id = world.add_project(Render(0, queue=2, duration=60), name="Mine")
    simulator = Simulator(world)
    async with simulator.client() as client:
        assert "Mine" == (await client.projects.get(project_id)).name
        project = await client.projects.wait(project_id)
    assert world.date(62.0) == project.generated_at
    assert world.truth(project_id, simulator.now()).rendered
