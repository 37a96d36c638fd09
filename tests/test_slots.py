"""A bounded number of requests in flight, in order."""

from __future__ import annotations

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import Priority
from pictory_async._limits.slots import RequestSlots, Slot
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]


async def test_more_urgent_requests_go_first() -> None:
    """With all slots taken, a later call goes before a poll, and polls before background requests."""
    slots = RequestSlots(4, 1)
    order: list[Priority] = []

    async def use(priority: Priority) -> None:
        await slots.acquire(priority)
        order.append(priority)

    held = [await slots.acquire(Priority.INTERACTIVE) for _ in range(4)]
    async with anyio.create_task_group() as tasks:
        for priority in (Priority.BACKGROUND, Priority.POLL, Priority.INTERACTIVE):
            tasks.start_soon(use, priority)
            await wait_all_tasks_blocked()
        for slot in held:
            slots.release(slot)
            await wait_all_tasks_blocked()  # trio runs in any order what can run at the same moment
    assert [Priority.INTERACTIVE, Priority.POLL, Priority.BACKGROUND] == order


async def test_nobody_is_overtaken() -> None:
    """A slot that becomes free goes to the request that waits for it, not to a newcomer."""
    slots = RequestSlots(1, 0)
    order: list[int] = []

    async def use(number: int) -> None:
        slot = await slots.acquire(Priority.POLL)
        order.append(number)
        slots.release(slot)

    held = await slots.acquire(Priority.POLL)
    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(use, number)
            await wait_all_tasks_blocked()
        slots.release(held)
        tasks.start_soon(use, 5)
    assert [0, 1, 2, 3, 4, 5] == order
    assert 0 == slots.busy


async def test_a_cancelled_request_hands_its_slot_on() -> None:
    """A request that gets a slot and is cancelled before it runs passes the slot to the next one."""
    slots = RequestSlots(1, 0)
    done: list[int] = []

    async def use(number: int, scope: anyio.CancelScope) -> None:
        with scope:
            slots.release(await slots.acquire(Priority.POLL))
            done.append(number)

    held = await slots.acquire(Priority.POLL)
    scopes = [anyio.CancelScope(), anyio.CancelScope()]
    async with anyio.create_task_group() as tasks:
        for number, scope in enumerate(scopes):
            tasks.start_soon(use, number, scope)
            await wait_all_tasks_blocked()
        slots.release(held)
        scopes[0].cancel()
    assert 1 == done[-1]
    assert 0 == slots.busy


async def test_polls_leave_the_reserve_free() -> None:
    """Polls fill all slots but the reserve, which calls still get."""
    slots = RequestSlots(3, 2)
    await slots.acquire(Priority.POLL)
    with anyio.move_on_after(1.0) as scope:
        await slots.acquire(Priority.POLL)
    assert scope.cancelled_caught
    await slots.acquire(Priority.INTERACTIVE)
    await slots.acquire(Priority.INTERACTIVE)
    assert 3 == slots.busy


async def test_a_poll_that_hangs_does_not_count_for_long() -> None:
    """After 5 seconds without a response a poll leaves its slot to another one, up to as many as there are slots."""
    slots = RequestSlots(3, 1)
    hanging: list[Slot] = []
    began = anyio.current_time()
    for expected in (0.0, 0.0, 5.0, 5.0):
        slot = await slots.acquire(Priority.POLL)
        slots.sent(slot, anyio.current_time())
        hanging.append(slot)
        assert expected == pytest.approx(anyio.current_time() - began, abs=0.2)
    with anyio.move_on_after(100.0) as scope:
        await slots.acquire(Priority.POLL)
    assert scope.cancelled_caught
    assert slots.most_polls == slots.busy == 4
    slots.release(hanging[-1])
    slots.release(await slots.acquire(Priority.POLL))
    for slot in hanging[:-1]:
        slots.release(slot)
    assert 0 == slots.busy


async def test_a_poll_that_has_not_been_sent_does_not_hang() -> None:
    """The wait for the budget is no hanging: such a poll keeps its slot."""
    slots = RequestSlots(1, 0)
    await slots.acquire(Priority.POLL)
    with anyio.move_on_after(100.0) as scope:
        await slots.acquire(Priority.POLL)
    assert scope.cancelled_caught


async def test_a_newcomer_takes_the_slot_of_a_poll_that_hangs() -> None:
    """If no request waits, the slot of a poll that hangs for five seconds is free for the next one at once."""
    slots = RequestSlots(1, 0)
    slots.sent(await slots.acquire(Priority.POLL), anyio.current_time())
    await anyio.sleep(6.0)
    began = anyio.current_time()
    await slots.acquire(Priority.POLL)
    assert began == anyio.current_time()


async def test_a_request_that_is_sent_twice_is_overdue_once() -> None:
    """An HTTP library may repeat a GET by itself; the slot of such a poll is left out once, and counted once."""
    slots = RequestSlots(4, 1)
    taken = [await slots.acquire(Priority.POLL) for _ in range(3)]
    for slot in taken:
        slots.sent(slot, anyio.current_time())
    await anyio.sleep(6.0)
    taken.append(await slots.acquire(Priority.POLL))
    for slot in taken[:3]:
        slots.sent(slot, anyio.current_time())
    await anyio.sleep(6.0)
    for slot in taken:
        slots.release(slot)
    again = [await slots.acquire(Priority.POLL) for _ in range(3)]
    with anyio.move_on_after(1.0) as scope:
        await slots.acquire(Priority.POLL)
    assert scope.cancelled_caught
    assert 3 == len(again) == slots.busy
