"""No class of callers starves another: shares of the budget, and of the slots for requests in flight."""

from __future__ import annotations

from collections import Counter
from typing import Any

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import Priority, RateLimiter
from pictory_async._limits.slots import RequestSlots
from pictory_async.errors import PictoryConfigError, RateBudgetError
from tests._virtual import virtual_time
from tests.lab.fairness._crowds import Crowd, live

pytestmark = [pytest.mark.anyio, virtual_time]

INTERACTIVE, POLL, BACKGROUND = Priority


class Callers:
    """Callers of a limiter that never stop, and how often each class had its turn."""

    def __init__(self, limiter: RateLimiter) -> None:
        self.limiter = limiter
        self.turns: Counter[Priority] = Counter()

    async def endless(self, priority: Priority) -> None:
        """Call again and again."""
        while True:
            await self.limiter.acquire(priority)
            self.turns[priority] += 1

    async def run(self, *classes: Priority, seconds: float = 400.0, each: int = 30) -> dict[Priority, float]:
        """Let so many callers of each class call for some time, and return the classes' shares of the budget."""
        async with anyio.create_task_group() as tasks:
            for priority in classes * each:
                tasks.start_soon(self.endless, priority)
            await anyio.sleep(seconds)
            tasks.cancel_scope.cancel()
        return {priority: self.turns[priority] / self.turns.total() for priority in Priority}


@pytest.mark.parametrize(
    ("classes", "shares"),
    [
        ((INTERACTIVE, POLL, BACKGROUND), (0.7, 0.25, 0.05)),
        ((INTERACTIVE, POLL), (0.75, 0.25, 0.0)),
        ((INTERACTIVE, BACKGROUND), (0.95, 0.0, 0.05)),
        ((POLL, BACKGROUND), (0.0, 0.95, 0.05)),
        ((INTERACTIVE,), (1.0, 0.0, 0.0)),
    ],
)
async def test_each_class_keeps_its_share(classes: tuple[Priority, ...], shares: tuple[float, ...]) -> None:
    """Polls keep a quarter and background requests a twentieth while others wait; the rest goes to the urgent ones."""
    found = await Callers(RateLimiter(600, 60.0, 1)).run(*classes)
    assert list(shares) == pytest.approx([*found.values()], abs=0.01)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.9])
async def test_the_share_of_polls_can_be_chosen(share: float) -> None:
    """From none to nine tenths."""
    found = await Callers(RateLimiter(600, 60.0, 1, poll_share=share)).run(INTERACTIVE, POLL)
    assert share == pytest.approx(found[POLL], abs=0.01)


@pytest.mark.parametrize("share", [-0.1, 0.91, float("nan"), True, "0.2"])
async def test_a_share_that_cannot_be_is_refused(share: Any) -> None:
    """The error names the bounds."""
    with pytest.raises(PictoryConfigError, match=r"poll_share must be a number from 0 to 0\.9"):
        RateLimiter(poll_share=share)


async def test_a_call_waits_for_two_slots_at_most_however_many_polls_wait() -> None:
    """Polls save up no more than one turn ahead of a call, and background requests one more."""
    limiter = RateLimiter(60, 60.0, 1)
    spacing = 1.0 / limiter.statistics().pace
    callers = Callers(limiter)
    waits: list[float] = []
    async with anyio.create_task_group() as tasks:
        for _ in range(300):
            tasks.start_soon(callers.endless, POLL)
        for _ in range(50):
            await anyio.sleep(7.3 * spacing)
            began = anyio.current_time()
            await limiter.acquire(INTERACTIVE)
            waits.append(anyio.current_time() - began)
        tasks.cancel_scope.cancel()
    assert max(waits) <= 2.01 * spacing


async def test_a_bounded_wait_is_refused_only_if_it_is_hopeless() -> None:
    """Behind a hundred calls a poll still has its share, so it does not give up at once."""
    limiter = RateLimiter(60, 60.0, 1)
    callers = Callers(limiter)
    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(callers.endless, INTERACTIVE)
        await wait_all_tasks_blocked()
        await limiter.acquire(POLL, max_wait=6.0)
        with pytest.raises(RateBudgetError):
            await limiter.acquire(INTERACTIVE, max_wait=6.0)
        tasks.cancel_scope.cancel()


class Holders:
    """Requests of one second each that never stop, and how often each class got a slot."""

    def __init__(self, slots: RequestSlots) -> None:
        self.slots = slots
        self.served: Counter[Priority] = Counter()
        self.held: Counter[Priority] = Counter()
        self.most: Counter[Priority] = Counter()

    async def endless(self, priority: Priority) -> None:
        """Take a slot again and again."""
        while True:
            slot = await self.slots.acquire(priority)
            self.held[priority] += 1
            self.most |= self.held
            await anyio.sleep(1.0)
            self.held[priority] -= 1
            self.served[priority] += 1
            self.slots.release(slot)


async def test_no_class_is_shut_out_of_the_slots() -> None:
    """Calls that would fill all slots leave polls a quarter, and polls leave background requests a twentieth."""
    holders = Holders(RequestSlots(32, 8))
    async with anyio.create_task_group() as tasks:
        for priority in (INTERACTIVE, POLL, BACKGROUND) * 60:
            tasks.start_soon(holders.endless, priority)
        await anyio.sleep(200.5)
        tasks.cancel_scope.cancel()
    everything = holders.served.total()
    assert holders.served[POLL] >= 0.24 * everything
    assert holders.served[BACKGROUND] >= 0.045 * everything
    assert holders.served[INTERACTIVE] >= 0.69 * everything
    assert everything == 32 * 200


async def test_polls_leave_background_requests_a_share_of_the_slots() -> None:
    """Without calls, polls and background requests still leave the reserve free."""
    holders = Holders(RequestSlots(32, 8))
    async with anyio.create_task_group() as tasks:
        for priority in (POLL, BACKGROUND) * 60:
            tasks.start_soon(holders.endless, priority)
        await anyio.sleep(200.5)
        tasks.cancel_scope.cancel()
    assert holders.served[BACKGROUND] >= 0.045 * holders.served.total()
    assert holders.served.total() == 24 * 200


async def test_users_do_not_hide_renders() -> None:
    """With 8 users who call once a second, all of 50 renders are seen, at most five times as late as without them."""
    alone = await live(Crowd(projects=50))
    busy = await live(Crowd(projects=50, users=8))
    assert 50 == alone.rendered == busy.rendered
    assert busy.longest <= 5.0 * alone.longest


async def test_a_batch_of_calls_does_not_hide_renders() -> None:
    """Beside 2,000 calls by 8 tasks, all of 20 renders are seen long before the calls have ended."""
    found = await live(Crowd(projects=20, users=8, every=0.0, calls=2000))
    assert (20, 2000) == (found.rendered, found.called)
    assert found.longest <= 60.0


async def test_calls_get_everything_if_nobody_polls() -> None:
    """Calls alone use the whole budget."""
    found = await live(Crowd(projects=0, users=8, every=0.0, calls=600))
    assert 600 == found.called
    assert found.took <= 600 / found.pace * 1.01
