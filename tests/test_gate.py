"""A bounded number of requests in flight, in order."""

from __future__ import annotations

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import Priority
from pictory_async._limits.slots import Gate
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]


async def test_more_urgent_requests_go_first() -> None:
    """With all places taken, a call that comes later goes before a poll, and polls before what can wait."""
    gate = Gate(4, 1)
    order: list[Priority] = []

    async def use(priority: Priority) -> None:
        await gate.enter(priority)
        order.append(priority)

    for _ in range(4):
        await gate.enter(Priority.INTERACTIVE)
    async with anyio.create_task_group() as tasks:
        for priority in (Priority.BACKGROUND, Priority.POLL, Priority.INTERACTIVE):
            tasks.start_soon(use, priority)
            await wait_all_tasks_blocked()
        for _ in range(4):
            gate.leave()
            await wait_all_tasks_blocked()  # trio runs in any order what can go on at the same moment
    assert order == [Priority.INTERACTIVE, Priority.POLL, Priority.BACKGROUND]


async def test_nobody_is_overtaken() -> None:
    """A place that becomes free goes to who waits for it, not to who comes at that moment."""
    gate = Gate(1, 0)
    order: list[int] = []

    async def use(number: int) -> None:
        await gate.enter(Priority.POLL)
        order.append(number)
        gate.leave()

    await gate.enter(Priority.POLL)
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(use, number)
            await wait_all_tasks_blocked()
        gate.leave()
        tasks.start_soon(use, 5)
    assert order == [0, 1, 2, 3, 4, 5]
    assert gate.busy == 0


async def test_whoever_gives_up_hands_the_call_on() -> None:
    """A waiter that was called and is cancelled before it runs passes the place on."""
    gate = Gate(1, 0)
    done: list[int] = []

    async def use(number: int, scope: anyio.CancelScope) -> None:
        with scope:
            await gate.enter(Priority.POLL)
            gate.leave()
            done.append(number)

    await gate.enter(Priority.POLL)
    scopes = [anyio.CancelScope(), anyio.CancelScope()]
    async with anyio.create_task_group() as tasks:
        for number, scope in enumerate(scopes):
            tasks.start_soon(use, number, scope)
            await wait_all_tasks_blocked()
        gate.leave()
        scopes[0].cancel()
    assert done[-1] == 1
    assert gate.busy == 0


async def test_polls_leave_the_reserve_free() -> None:
    """Polls fill all places but the reserve, which calls still get."""
    gate = Gate(3, 2)
    await gate.enter(Priority.POLL)
    with anyio.move_on_after(1.0) as scope:
        await gate.enter(Priority.POLL)
    assert scope.cancelled_caught
    await gate.enter(Priority.INTERACTIVE)
    await gate.enter(Priority.INTERACTIVE)
    assert gate.busy == 3
