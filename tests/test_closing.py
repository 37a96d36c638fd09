"""Closing a client or an engine: everything, at once, in bounded time, whatever is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from pictory_async import AsyncPictory, Priority, RateLimiter
from pictory_async._http.closing import close_all
from pictory_async._http.engine import KEEPALIVE, Engine
from pictory_async._http.messages import Request
from pictory_async._limits.slots import RequestSlots
from pictory_async.testing import Render, Simulator, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.anyio, virtual_time]


class Slow(httpx.AsyncBaseTransport):
    """Answers with nothing, and takes its time to close.

    Attributes:
        attempts: How often it was asked to close.
        closed: Whether it did.
    """

    def __init__(self, closing: float, response: float = 0.1) -> None:
        self.attempts = 0
        self.closed = False
        self.closing = closing
        self.response = response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        info = {"request": SimpleNamespace(method=b"GET", extensions={})}
        await request.extensions["trace"]("http11.send_request_headers.started", info)
        await anyio.sleep(self.response)
        return httpx.Response(200)

    async def aclose(self) -> None:
        self.attempts += 1
        await anyio.sleep(self.closing)
        self.closed = True


def engine_of(made: list[Slow], *closing: float, **options: Any) -> Engine:
    """Make an engine whose connections take so long to close, one after the other."""
    times = iter(closing)

    def make(_tls: object) -> Slow:
        made.append(Slow(next(times)))
        return made[-1]

    return Engine(httpx, make, RequestSlots(32, 0), **options)


async def send(engine: Engine) -> None:
    """Send a request."""
    request = Request("GET", "http://x/p", "/p", "project 'p'", [], 30.0)
    assert 200 == (await engine.send(request, Priority.INTERACTIVE, RateLimiter(10_000, 1.0, 1000))).status


async def open_idle(engine: Engine, connections: int) -> None:
    """Have so many idle connections."""
    async with anyio.create_task_group() as tasks:
        for _ in range(connections):
            tasks.start_soon(send, engine)


async def test_connections_are_closed_concurrently() -> None:
    """Twenty that take 3 seconds each take 3 seconds."""
    made: list[Slow] = []
    engine = engine_of(made, *[3.0] * 20)
    await open_idle(engine, 20)
    began = anyio.current_time()
    await engine.aclose()
    assert pytest.approx(3.0) == anyio.current_time() - began
    assert all(one.closed for one in made)
    assert 20 == len(made)


async def test_a_second_call_closes_what_hung() -> None:
    """What does not close within 5 seconds is left to the next call; the others are not closed twice."""
    made: list[Slow] = []
    engine = engine_of(made, 0.0, 1e9, 1.0)
    await open_idle(engine, 3)
    began = anyio.current_time()
    await engine.aclose()
    assert pytest.approx(5.0) == anyio.current_time() - began
    assert [True, False, True] == [one.closed for one in made]
    made[1].closing = 0.0
    await engine.aclose()
    await engine.aclose()
    assert [(1, True), (2, True), (1, True)] == [(one.attempts, one.closed) for one in made]


async def test_two_calls_at_once_share_the_work() -> None:
    """Both return when everything is closed."""
    made: list[Slow] = []
    engine = engine_of(made, 2.0, 3.0)
    await open_idle(engine, 2)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.aclose)
        tasks.start_soon(engine.aclose)
    assert [True, True] == [one.closed for one in made]


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("how", ["by scope", "natively"])
async def test_a_cancellation_in_the_middle_leaves_nothing(anyio_backend_name: str, how: str, pooled: bool) -> None:
    """Everything closes all the same, and then the cancellation takes effect."""
    if (how, anyio_backend_name) == ("natively", "trio"):
        pytest.skip("native task cancellation exists on asyncio only")
    made: list[Slow] = []
    engine = engine_of(made, 1.0, 2.0, 3.0, pooled=pooled)
    await open_idle(engine, 1 if pooled else 3)
    if how == "by scope":
        with anyio.move_on_after(0.5) as scope:
            await engine.aclose()
            await anyio.lowlevel.checkpoint()
        assert scope.cancelled_caught
    else:
        closing = asyncio.ensure_future(engine.aclose())
        await anyio.sleep(0.5)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
    assert all(one.closed for one in made)


async def test_an_error_while_closing_ends_nothing() -> None:
    """One connection that cannot be closed leaves the others to be closed."""

    class Broken(Slow):
        async def aclose(self) -> None:
            raise ZeroDivisionError

    kinds = iter([Broken, Slow])
    made: list[Slow] = []

    def make(_tls: object) -> Slow:
        made.append(next(kinds)(0.0))
        return made[-1]

    engine = Engine(httpx, make, RequestSlots(32, 0))
    await open_idle(engine, 2)
    await engine.aclose()
    assert made[1].closed


async def test_the_first_error_is_raised_when_all_have_ended() -> None:
    """It is the error itself, and not a group of errors."""
    ended: list[str] = []

    async def fail() -> None:
        raise ZeroDivisionError

    async def end() -> None:
        await anyio.sleep(1.0)
        ended.append("late")

    with pytest.raises(ZeroDivisionError):
        await close_all([fail, end])
    assert ["late"] == ended


async def test_an_expired_connection_costs_a_call_nothing() -> None:
    """Idle connections that are too old are closed on the way, and nobody waits for that."""
    made: list[Slow] = []
    engine = engine_of(made, 1e9, 1e9, 1e9, 0.0)
    await open_idle(engine, 3)
    await anyio.sleep(KEEPALIVE + 1.0)
    began = anyio.current_time()
    await send(engine)
    assert pytest.approx(0.1) == anyio.current_time() - began
    assert [1, 1, 1, 0] == [one.attempts for one in made]
    await engine.aclose()


async def test_after_a_timeout_older_connections_are_dropped_without_waiting() -> None:
    """The caller gets the error at once, and the next call a new connection."""
    made: list[Slow] = []
    engine = engine_of(made, 1e9, 1e9, 1e9, 0.0)
    await open_idle(engine, 3)
    for one in made:
        one.response = 1e9
    began = anyio.current_time()
    with pytest.raises(TimeoutError):
        await send(engine)
    assert anyio.current_time() - began <= 30.0 + 5.0  # of which 5 for the connection of the call itself
    await send(engine)
    assert [1, 1, 1, 0] == [one.attempts for one in made]
    await engine.aclose()


async def test_a_users_client_stays_open_for_what_is_in_flight() -> None:
    """A request that ends after the client was closed does not close what is the user's."""
    own = Slow(0.0)
    engine = Engine(httpx, lambda _: own, RequestSlots(32, 0), pooled=True, owned=False)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send, engine)
        await anyio.wait_all_tasks_blocked()
        await engine.aclose()
    assert 0 == own.attempts


async def test_a_client_closes_its_parts_concurrently(tmp_path: Path) -> None:
    """The calls' connections, those for files, and the cache: nothing is skipped, and a second call is fine."""
    world = World()
    project_id = world.add_project(Render(-100.0, duration=10.0))
    simulator = Simulator(world)
    client: AsyncPictory = simulator.client(template_cache=60.0)
    await client.projects.get(project_id)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await client.aclose()
        await anyio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    await client.aclose()
    assert [] == [*tmp_path.iterdir()]
