"""The clocks that the other tests trust, on both loops; ``testing/test_virtual_time.py`` has more about asyncio."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]


async def test_sleep_takes_exactly_its_time() -> None:
    """A sleep of an hour is over at once, and an hour later."""
    start = anyio.current_time()
    await anyio.sleep(3600.0)
    assert pytest.approx(3600.0, abs=1e-6) == anyio.current_time() - start


async def test_sleepers_wake_in_order() -> None:
    """Timers fire in the order of their times, whatever the order of the tasks."""
    woken: list[tuple[float, float]] = []
    start = anyio.current_time()

    async def sleep(seconds: float) -> None:
        await anyio.sleep(seconds)
        woken.append((seconds, anyio.current_time() - start))

    async with anyio.create_task_group() as tasks:
        for seconds in (30.0, 0.001, 7200.0, 5.0):
            tasks.start_soon(sleep, seconds)
    assert [0.001, 5.0, 30.0, 7200.0] == [seconds for seconds, _ in woken]
    assert [pytest.approx(seconds, abs=1e-6) for seconds, _ in woken] == [at for _, at in woken]


async def test_deadline_ends_a_wait() -> None:
    """A cancel scope ends a wait at its deadline."""
    start = anyio.current_time()
    with anyio.move_on_after(1800.0) as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert pytest.approx(1800.0, abs=1e-6) == anyio.current_time() - start


async def test_time_stands_still_while_something_runs() -> None:
    """A task that yields to others without waiting uses no time."""
    start = anyio.current_time()
    with anyio.move_on_after(0.5):
        for _ in range(1000):
            await anyio.lowlevel.checkpoint()
        assert start == anyio.current_time()
        return
    pytest.fail("time went on")


async def test_thread_is_waited_for() -> None:
    """Where no timer is set, the loop waits for a thread."""
    assert await anyio.to_thread.run_sync(lambda: 42) == 42
