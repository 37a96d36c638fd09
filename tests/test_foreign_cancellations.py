"""Cancellations that nobody asked for: a cancelled future that the caller's own parts await."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from pictory_async import Priority, RateLimiter, RetryPolicy, errors
from pictory_async._gather import each
from pictory_async.testing import Simulator, World
from tests._polling import cancelled, client_of, project
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async import Sighting

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture
def world() -> World:
    """An account whose renders take 60 seconds, and start at once."""
    return World(render_seconds=(60.0, 60.0), queue_seconds=(0.0, 0.0))


class CancelledTransport(httpx.AsyncBaseTransport):
    """A transport whose helper was cancelled."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await cancelled()
        raise AssertionError


@pytest.mark.parametrize("call", ["wait", "wait_all", "get", "render"])
async def test_a_transport_that_awaits_what_was_cancelled_has_failed(
    world: World, call: str, anyio_backend_name: str
) -> None:
    """No call ends as if somebody had cancelled it, and no wait without an outcome."""
    if anyio_backend_name == "trio":
        pytest.skip("only asyncio has cancelled futures")
    async with client_of(Simulator(world), http=CancelledTransport(), unreachable_after=20.0) as client:
        if call == "wait_all":
            (outcome,) = await client.projects.wait_all(["p"])
            assert isinstance(outcome.error, errors.ConnectionFailedError)
        else:
            with pytest.raises(errors.ConnectionFailedError):
                await getattr(client.projects, call)("p")


class CancelledLimiter(RateLimiter):
    """A limiter whose helper was cancelled."""

    async def acquire(self, priority: Priority = Priority.INTERACTIVE, *, max_wait: Any = None) -> float:
        await cancelled()
        raise AssertionError


class CancelledSchedule:
    """A schedule that raises a cancellation, which it has no business to do."""

    def next_poll(self, seen: Sighting) -> float:
        if not seen.polls:
            return seen.now
        raise asyncio.CancelledError


async def test_a_limiter_that_awaits_what_was_cancelled_has_failed(world: World, anyio_backend_name: str) -> None:
    """Nothing is sent, and the call has an error."""
    if anyio_backend_name == "trio":
        pytest.skip("only asyncio has cancelled futures")
    simulator = Simulator(world)
    async with client_of(simulator, limiter=CancelledLimiter(), unreachable_after=20.0) as client:
        with pytest.raises(errors.ConnectionFailedError, match="the limiter failed"):
            await client.with_options(retry=RetryPolicy(attempts=1)).projects.get("p")
        (outcome,) = await client.projects.wait_all(["p"])
    assert not outcome.ok
    assert not simulator.log


async def test_a_schedule_that_raises_a_cancellation_has_failed(world: World, anyio_backend_name: str) -> None:
    """The wait does not end as if it were complete."""
    if anyio_backend_name == "trio":
        pytest.skip("only asyncio has cancelled futures")
    async with client_of(Simulator(world)) as client:
        with pytest.raises(RuntimeError, match="had been cancelled"):
            await client.projects.wait_all([project(world)], schedule=CancelledSchedule())


async def test_a_call_among_several_that_awaits_what_was_cancelled_has_failed(anyio_backend_name: str) -> None:
    """Calls that run concurrently do not leave one out."""
    if anyio_backend_name == "trio":
        pytest.skip("only asyncio has cancelled futures")

    async def call(number: int) -> int:
        if number == 2:
            await cancelled()
        return number

    assert [1, 3] == await each(call, [1, 3])
    with pytest.raises(RuntimeError, match="had been cancelled"):
        await each(call, [1, 2, 3])


async def test_a_native_cancellation_passes_through(world: World, anyio_backend_name: str) -> None:
    """Whoever cancels a task gets the cancellation, and no error of ours."""
    if anyio_backend_name == "trio":
        pytest.skip("native task cancellation exists on asyncio only")
    async with client_of(Simulator(world, latency=10.0)) as client:
        for call in (client.projects.get("p"), client.projects.wait_all([project(world)])):
            task = asyncio.ensure_future(call)
            await anyio.sleep(1.0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
