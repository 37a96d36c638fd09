"""`asyncio.Task.cancel`, once or several times: a batch ends its run in the ledger in any case."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, ResultStatus
from pictory_async._ledger.once import Once, in_thread
from pictory_async.testing import Simulator, World
from tests._rendering import client_of, rendered

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", [("asyncio", {})], indirect=True)]


async def steps(count: int) -> None:
    """Let the loop turn."""
    for _ in range(count):
        await asyncio.sleep(0)


class Held:
    """A call in a thread that goes on when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.goes_on = threading.Event()
        self.ends = 0

    def __call__(self) -> str:
        self.begun.set()
        self.goes_on.wait()
        self.ends += 1
        return "done"


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("always", [False, True])
async def test_a_call_that_has_begun_is_waited_for(times: int, always: bool) -> None:
    """However often the task is cancelled: it ends after the call, as cancelled."""
    call = Held()
    task = asyncio.ensure_future(in_thread(call, always=always))
    await asyncio.to_thread(call.begun.wait)
    for _ in range(times):
        task.cancel()
        await steps(20)
    assert not task.done()
    call.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert 1 == call.ends


@pytest.mark.parametrize("always", [False, True])
async def test_a_call_that_has_not_begun(always: bool) -> None:
    """It is not made, unless it must be: then once, and before the task ends."""
    call = Held()
    call.goes_on.set()
    task = asyncio.ensure_future(in_thread(call, always=always))
    await steps(1)  # a checkpoint comes first
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert always == call.ends


async def test_a_thread_that_comes_too_late() -> None:
    """It neither makes a call that was given up, nor waits for it."""
    call = Held()
    once = Once(call)
    assert once.give_up()
    assert await asyncio.to_thread(once.make) is None
    assert (0, True) == (call.ends, once.has_ended)


async def test_a_call_that_fails_after_a_cancellation() -> None:
    """The cancellation is what the caller gets."""

    def fail() -> None:
        raise ZeroDivisionError

    task = asyncio.ensure_future(in_thread(fail, always=True))
    await steps(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ZeroDivisionError):
        await in_thread(fail)


@pytest.mark.parametrize("again", [None, *range(0, 24, 3)])
async def test_a_batch_that_waits(tmp_path: Path, again: int | None) -> None:
    """Cancelled once, or a second time so many steps later: the same call finds the render, and nobody at it."""
    world = World(queue_seconds=(0.0, 0.0), render_seconds=(1e6, 1e6))
    simulator, ledger, one = Simulator(world), Ledger(tmp_path / "ledger.db"), world.add_project()
    waits = asyncio.Event()

    def note(_request: SimRequest, _now: float) -> None:
        if world.jobs:
            waits.set()  # this is the first poll

    simulator.faults = note

    async def render() -> None:
        async with (
            client_of(simulator) as client,
            client.projects.render_all([one], ledger=ledger, interval=0.01) as batch,
        ):
            await anext(batch)

    task = asyncio.ensure_future(render())
    await waits.wait()
    task.cancel()
    if again is not None:
        await steps(again)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [False] == [run.running for run in await ledger.runs()]
    results = await rendered(simulator, [one], ledger, wait=False)
    assert ResultStatus.STARTED is results[one].status
    assert 1 == len(world.jobs)


async def test_a_batch_that_begins(tmp_path: Path) -> None:
    """Cancelled at any step of its beginning, it leaves no run that counts as alive."""
    simulator, ledger = Simulator(World()), Ledger(tmp_path / "ledger.db")
    await ledger.runs()

    async def render(client: Any) -> None:
        async with client.projects.render_all([], ledger=ledger) as batch:
            async for _ in batch:
                raise AssertionError

    async with client_of(simulator) as client:
        for count in range(60):
            task = asyncio.ensure_future(render(client))
            await steps(count)
            task.cancel()
            await asyncio.wait([task])
    runs = await ledger.runs()
    assert not [run for run in runs if run.running or run.ended is None]
    assert not [*(tmp_path / "ledger.db-runs").iterdir()]
    with anyio.fail_after(60.0):
        assert {} == await rendered(simulator, [], ledger)
