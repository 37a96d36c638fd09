"""Over real sockets: connections are reused, and cancelling anything leaves no task and no open connection."""

from __future__ import annotations

import asyncio
import importlib.util
import random
import threading
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from pictory_async import Priority, RateLimiter, RenderStatus
from pictory_async._http.engine import Engine
from pictory_async._http.messages import Request
from pictory_async._limits.slots import RequestSlots
from pictory_async.testing import Render, Simulator, TruthKind, World, populate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async import AsyncPictory

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread
from tests.lab.endurance._crowd import Crowd

pytestmark = pytest.mark.anyio


def missing(module: str, extra: str) -> Any:
    """Skip where an extra is not installed."""
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"the extra {extra} is not installed")


@pytest.fixture(params=["httpx", pytest.param("httpx2", marks=missing("httpx2", "httpx2"))])
def engine(request: pytest.FixtureRequest) -> str:
    """The HTTP library that sends the requests."""
    importlib.import_module(request.param)
    return str(request.param)


@pytest.fixture
def server(world: World) -> Iterator[ServerThread]:
    with ServerThread(Simulator(world)) as server:
        yield server


def client_of(server: ServerThread, engine: str, **options: Any) -> AsyncPictory:
    """Make a client of the server whose budget does not matter."""
    from pictory_async import AsyncPictory  # noqa: PLC0415

    settings = {**server.client_options(), "http": engine, "limiter": RateLimiter(10_000, 1.0, 1000)}
    return AsyncPictory(**{**settings, **options})


async def until_closed(server: ServerThread) -> None:
    """Give the server's thread the moment it needs to see the end of each connection."""
    assert await anyio.to_thread.run_sync(server.wait_until_idle, 200.0)


async def test_a_batch_is_watched_to_the_end(world: World, server: ServerThread, engine: str) -> None:
    """Quick renders of a mixed population end as the world says, and the server gets no request too many."""
    planned = populate(world, projects=60, seed=5, render_seconds=(0.2, 0.8), queue_seconds=(0.0, 0.1))
    after = {plan.project_id: plan.after for plan in planned}
    limiter = RateLimiter(300, 1.0, 20)
    async with client_of(server, engine, limiter=limiter) as client:
        server.simulator.start()
        outcomes = await client.projects.wait_all(after, after=after, interval=0.2, start_grace=3.0)
    rendered = [outcome.project_id for outcome in outcomes if outcome.status is RenderStatus.RENDERED]
    assert rendered == [plan.project_id for plan in planned if plan.expected is TruthKind.RENDERED]
    # Counted from the beginning, because requests that a busy machine holds up arrive together.
    counted = enumerate(server.simulator.log, 1)
    assert [] == [request.at for number, request in counted if number > 300 * (1 + int(request.at))]
    await until_closed(server)


async def test_connections_are_reused(world: World, server: ServerThread, engine: str) -> None:
    """A hundred calls one after the other use one connection."""
    project_id = world.add_project(Render(-100.0, duration=10.0))
    async with client_of(server, engine) as client:
        for _ in range(100):
            await client.projects.get(project_id)
        assert client.statistics().http.opened == 1
        assert server.connections_made == 1
    await until_closed(server)


async def test_connections_are_bounded(world: World, server: ServerThread, engine: str) -> None:
    """Three hundred calls at once share 32 connections."""
    project_id = world.add_project(Render(-100.0, duration=10.0))
    async with client_of(server, engine) as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(300):
                tasks.start_soon(client.projects.get, project_id)
        assert server.connections_made <= 32
    await until_closed(server)


@pytest.mark.parametrize("how", ["by scope", "natively"])
async def test_cancelled_waits_leave_nothing(
    world: World, server: ServerThread, engine: str, anyio_backend_name: str, how: str
) -> None:
    """Many waits are cancelled at random moments while others go on; then the client works as before.

    By cancel scopes, and by ``Task.cancel``, which no scope shields from.
    """
    if (how, anyio_backend_name) == ("natively", "trio"):
        pytest.skip("native task cancellation exists on asyncio only")
    chance = random.Random(7)
    server.simulator.latency = lambda _request, _now: chance.uniform(0.0, 0.02)
    never = [world.add_project(Render(0.0, duration=10_000.0)) for _ in range(10)]
    done = world.add_project(Render(-100.0, duration=10.0))
    waits = {"natively": 200} if how == "natively" else {"by_scope": 200}
    async with client_of(server, engine) as client:
        crowd = Crowd(client, never, done, chance, **waits)
        await crowd.run()
        for _ in range(3):
            await client.projects.get(done)
        statistics = client.statistics()
        assert crowd.succeeded >= 40
        assert (0, 0) == (statistics.http.busy, statistics.limiter.waiting)
        assert statistics.http.connections <= 32
    await until_closed(server)


async def test_a_web_handlers_timeout_leaves_nothing(
    world: World, server: ServerThread, engine: str, anyio_backend_name: str
) -> None:
    """``asyncio.timeout`` around a call, as web applications have it, is a cancellation like any other."""
    if anyio_backend_name != "asyncio":
        pytest.skip("asyncio.timeout exists on asyncio only")
    server.simulator.latency = 30.0
    never = world.add_project(Render(0.0, duration=10_000.0))
    async with client_of(server, engine) as client:
        for call in (client.projects.get, client.projects.wait):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await call(never)
        assert client.statistics().http.busy == 0
        await until_closed(server)


async def test_a_start_that_is_cut_off_leaves_nothing_to_the_event_loop(anyio_backend_name: str) -> None:
    """A thread imports the HTTP library, even for a call that is gone: the next call waits, and not the loop."""
    if anyio_backend_name != "asyncio":
        pytest.skip("native task cancellation exists on asyncio only")
    importing, imported = threading.Event(), threading.Event()
    makers: list[int] = []

    def make(_tls: object) -> httpx.MockTransport:
        makers.append(threading.get_ident())
        importing.set()
        imported.wait(10)
        return httpx.MockTransport(lambda _request: httpx.Response(200))

    limiter = RateLimiter()
    engine = Engine(httpx, make, RequestSlots(2, 0))
    request = Request("GET", "https://x/p", "/p", "project 'p'", [])
    first = asyncio.ensure_future(engine.send(request, Priority.BACKGROUND, limiter))
    await anyio.to_thread.run_sync(importing.wait, 10)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.ensure_future(engine.send(request, Priority.BACKGROUND, limiter))
    await anyio.wait_all_tasks_blocked()
    imported.set()
    assert (await second).status == 200
    await engine.aclose()
    assert len(makers) == 2
    assert threading.get_ident() not in makers


async def test_calls_at_the_same_time_open_one_pool(world: World, server: ServerThread, engine: str) -> None:
    """The first twenty calls share one pool of connections, if the HTTP library has one."""
    project_id = world.add_project()
    async with client_of(server, engine) as client:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(client.projects.get, project_id)
        opened = client.statistics().http.opened
    assert opened == 1 if engine == "aiohttp" else 1 <= opened <= 20


async def test_closing_that_is_cancelled_can_be_completed(
    world: World, server: ServerThread, engine: str, anyio_backend_name: str
) -> None:
    """A native cancellation in the middle of ``aclose`` keeps no connection: the second call closes the rest."""
    if anyio_backend_name != "asyncio":
        pytest.skip("native task cancellation exists on asyncio only")
    project_id = world.add_project()
    server.simulator.latency = 0.05
    for steps in range(4):
        client = client_of(server, engine)
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(client.projects.get, project_id)
        closing = asyncio.ensure_future(client.aclose())
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        await client.aclose()
        await until_closed(server)
