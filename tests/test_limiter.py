"""The request budget: an exact promise, in order, losing nothing."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest
from anyio import wait_all_tasks_blocked
from anyio.lowlevel import checkpoint
from hypothesis import given, settings, strategies as st

from pictory_async import Priority, RateLimiter
from pictory_async._limits.pace import Pace
from pictory_async._limits.wait_queue import WaitQueue
from pictory_async.errors import PictoryConfigError, RateBudgetError
from tests._virtual import virtual_time
from tests.lab.budgets._memory import busiest

if TYPE_CHECKING:
    import random


@st.composite
def paces(draw: st.DrawFn) -> Pace:
    """Budgets of all sizes."""
    rate = draw(st.integers(1, 400))
    return Pace(rate, draw(st.floats(0.05, 120.0)), draw(st.integers(1, rate)))


class TestPace:
    """The arithmetic."""

    @given(paces(), st.lists(st.floats(0.0, 5.0), max_size=600))
    @settings(max_examples=200)
    def test_no_window_holds_more_than_the_rate(self, pace: Pace, gaps: list[float]) -> None:
        """However requests arrive, no closed window of ``per`` seconds holds more than ``rate`` of them."""
        now, taken = 1000.0, []
        for gap in gaps:
            now += gap * pace.spacing
            if pace.take(now):
                taken.append(now)
        assert busiest(taken, pace.per) <= pace.rate

    @given(paces(), st.randoms(use_true_random=False), st.floats(0.0, 0.05))
    @settings(max_examples=100)
    def test_greedy_callers_with_late_timers_keep_the_promise(
        self, pace: Pace, chance: random.Random, lateness: float
    ) -> None:
        """Callers that take each slot as soon as a (late) timer says so stay within the promise."""
        now, taken = 0.0, []
        for _ in range(3 * pace.rate):
            now += max(0.0, pace.delay(now)) + chance.choice([0.0, chance.uniform(0.0, lateness)])
            if pace.take(now):
                taken.append(now)
        assert busiest(taken, pace.per) <= pace.rate

    @given(paces(), st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(-100.0, 0.0) | st.just(0.0)), max_size=400))
    @settings(max_examples=200)
    def test_a_clock_that_steps_back_neither_blocks_nor_breaks_the_promise(
        self, pace: Pace, moves: list[tuple[float, float]]
    ) -> None:
        """When the clock is set back, real time still never sees a window with too many requests."""
        clock = real = 500.0
        taken = []
        for gap, step in moves:
            clock += gap * pace.spacing + step
            real += gap * pace.spacing
            if pace.take(clock):
                taken.append(real)
        assert busiest(taken, pace.per) <= pace.rate
        assert pace.delay(clock) <= pace.spacing

    def test_a_clock_that_steps_back_changes_no_delay(self) -> None:
        """The delay until the next request is the same after the clock was set back."""
        pace = Pace(10, 1.0, 1)
        assert pace.take(100.0)
        delay = pace.delay(100.0)
        assert pytest.approx(delay) == pace.delay(40.0)
        assert not pace.take(20.0)
        assert 0.0 < delay < pace.spacing

    @given(paces())
    def test_a_burst_goes_back_to_back(self, pace: Pace) -> None:
        """After a quiet time ``burst`` requests are allowed at once, and no more than a late timer is forgiven."""
        at_once = 0
        while pace.take(7.0):
            at_once += 1
        assert pace.burst <= at_once <= pace.burst + 0.005 / pace.spacing

    def test_the_steady_pace_is_close_to_the_rate(self) -> None:
        """A budget of 50 per second with no burst lets at least 99 % of 50 requests per second through."""
        pace = Pace(50, 1.0, 1)
        assert 1.0 / pace.spacing >= 49.5

    def test_a_pause_holds_everything_until_it_ends(self) -> None:
        """Nothing is allowed during a pause, and a shorter pause does not end a longer one."""
        pace = Pace(10, 1.0, 5)
        pace.pause(30.0)
        pace.pause(20.0)
        assert pace.delay(10.0) == 20.0
        assert not pace.take(29.9)
        assert pace.take(30.0)


class TestArguments:
    """What cannot work is refused at once."""

    @pytest.mark.parametrize("rate", [0, -1, 2.5, True, "5", math.inf])
    def test_rate_is_a_positive_whole_number(self, rate: object) -> None:
        """A rate that is no whole number of at least one is refused."""
        with pytest.raises(PictoryConfigError, match="rate must be"):
            RateLimiter(rate)  # type: ignore[arg-type]

    @pytest.mark.parametrize("burst", [0, 11, 1.5])
    def test_burst_is_within_the_rate(self, burst: object) -> None:
        """A burst beyond the rate could not keep the promise and is refused."""
        with pytest.raises(PictoryConfigError, match="burst must be"):
            RateLimiter(10, 1.0, burst)  # type: ignore[arg-type]

    @pytest.mark.parametrize("per", [0, -1.0, math.nan, math.inf, "1"])
    def test_per_is_a_duration(self, per: object) -> None:
        """A window without a length is refused."""
        with pytest.raises(PictoryConfigError, match="per must be"):
            RateLimiter(10, per)  # type: ignore[arg-type]

    def test_durations_may_be_timedeltas(self) -> None:
        """A window can be given as a ``timedelta``; the limiter prints its budget."""
        limiter = RateLimiter(10, timedelta(minutes=1), 2)
        assert (10, 60.0, 2) == (limiter.rate, limiter.per, limiter.burst)
        assert repr(limiter) == "RateLimiter(rate=10, per=60, burst=2)"


@virtual_time
class TestRateLimiter:
    """The queue."""

    pytestmark = pytest.mark.anyio

    async def test_many_waiters_get_the_whole_rate_and_not_more(self) -> None:
        """A thousand waiters get at least 99 % of the nominal rate, and never more than it in any window."""
        limiter = RateLimiter(50, 1.0, 1)
        times: list[float] = []

        async def use() -> None:
            await limiter.acquire()
            times.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for _ in range(1000):
                tasks.start_soon(use)
        assert busiest(times, 1.0) <= 50
        assert times[-1] - times[0] <= 999 / (50 * 0.99)
        assert limiter.statistics().granted == 1000
        assert limiter.statistics().waiting == 0

    async def test_waiters_are_served_first_in_first_out(self) -> None:
        """Nobody overtakes within a priority."""
        limiter = RateLimiter(10, 1.0, 1)
        order: list[int] = []

        async def use(number: int) -> None:
            await limiter.acquire()
            order.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(use, number)
                await wait_all_tasks_blocked()
        assert order == sorted(order)

    async def test_interactive_calls_go_before_polls(self) -> None:
        """A call that comes later but is more urgent gets the next slot."""
        limiter = RateLimiter(10, 1.0, 1)
        order: list[str] = []

        async def use(name: str, priority: Priority) -> None:
            await limiter.acquire(priority)
            order.append(name)

        await limiter.acquire()
        async with anyio.create_task_group() as tasks:
            for name, priority in [
                ("background", Priority.BACKGROUND),
                ("poll 1", Priority.POLL),
                ("poll 2", Priority.POLL),
                ("call", Priority.INTERACTIVE),
            ]:
                tasks.start_soon(use, name, priority)
                await wait_all_tasks_blocked()
        assert order == ["call", "poll 1", "poll 2", "background"]

    async def test_cancelled_waiters_lose_nothing(self) -> None:
        """After half of the waiters are cancelled the others still get the whole rate."""
        limiter = RateLimiter(50, 1.0, 1)
        done: list[float] = []
        scopes: list[anyio.CancelScope] = []

        async def use() -> None:
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await limiter.acquire()
                done.append(anyio.current_time())

        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(use)
            await anyio.sleep(1.0)
            # Whoever holds the timer is among the cancelled ones, and so is the one after it.
            for scope in scopes[40:140]:
                scope.cancel()
        assert 100 <= len(done) <= 160
        assert done[-1] - done[0] <= len(done) / (50 * 0.99)
        assert limiter.statistics().waiting == 0

    async def test_cancelling_the_head_hands_over(self) -> None:
        """When the one who waits for the timer is cancelled, the next in line takes over."""
        limiter = RateLimiter(1, 10.0, 1)
        await limiter.acquire()
        with anyio.move_on_after(3.0):
            await limiter.acquire()
        began = anyio.current_time()
        await limiter.acquire()
        assert 6.9 <= anyio.current_time() - began <= 7.2

    async def test_try_acquire_never_waits_and_never_overtakes(self) -> None:
        """``try_acquire`` says whether a slot is free, and leaves it to those who wait already."""
        limiter = RateLimiter(2, 1.0, 2)
        assert [True, True, False] == [limiter.try_acquire() for _ in range(3)]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(limiter.acquire)
            await wait_all_tasks_blocked()
            assert not limiter.try_acquire()

    async def test_a_full_queue_is_refused_at_once(self) -> None:
        """With ``max_wait`` a caller who cannot be served in time learns it at once, not after that time."""
        limiter = RateLimiter(1, 60.0, 1)
        await limiter.acquire()
        began = anyio.current_time()
        with pytest.raises(RateBudgetError, match="nothing free within 5 s"):
            await limiter.acquire(max_wait=5.0)
        assert anyio.current_time() == began

    async def test_max_wait_ends_a_wait_that_others_prolong(self) -> None:
        """More urgent callers may prolong a wait; ``max_wait`` still ends it in time."""
        limiter = RateLimiter(1, 10.0, 1)
        await limiter.acquire()
        began = anyio.current_time()

        async def urgent() -> None:
            await checkpoint()
            await limiter.acquire()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(urgent)
            with pytest.raises(RateBudgetError):
                await limiter.acquire(Priority.POLL, max_wait=12.0)
            assert anyio.current_time() - began == pytest.approx(12.0)

    async def test_max_wait_is_enough_when_the_slot_comes_in_time(self) -> None:
        """A slot that comes within ``max_wait`` is taken."""
        limiter = RateLimiter(1, 10.0, 1)
        await limiter.acquire()
        await limiter.acquire(max_wait=timedelta(seconds=11))
        assert limiter.statistics().delayed == 1

    async def test_a_pause_holds_those_who_wait_and_those_who_come(self) -> None:
        """A pause asked for by the server delays everybody, also the one whose timer runs already."""
        limiter = RateLimiter(10, 1.0, 1)
        await limiter.acquire()
        began = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(limiter.acquire)
            await wait_all_tasks_blocked()
            limiter.pause(30.0)
            await limiter.acquire()
        assert anyio.current_time() - began >= 30.0
        assert limiter.statistics().pauses == 1

    async def test_statistics_tell_how_long_callers_waited(self) -> None:
        """The statistics add up the time spent waiting and keep the longest wait."""
        limiter = RateLimiter(1, 10.0, 1)
        for _ in range(3):
            await limiter.acquire()
        statistics = limiter.statistics()
        assert (3, 2) == (statistics.granted, statistics.delayed)
        assert statistics.waited == pytest.approx(20.0, abs=0.5)
        assert statistics.longest_wait == pytest.approx(10.0, abs=0.5)

    async def test_a_budget_of_its_own_asks_nobody(self) -> None:
        """What a shared budget would be told or asked has an answer at once."""
        limiter = RateLimiter(1, 10.0, 1)
        assert limiter._grants.early(3.0) == 3.0
        assert await limiter._grants.ask(5, math.inf) is None
        await limiter.report()
        await limiter._grants.give_back()
        assert limiter.try_acquire()


def test_who_has_a_whole_credit_goes_first() -> None:
    """A poll behind interactive calls earns its share of each turn."""
    queue = WaitQueue(poll_share=0.5)
    for priority in (Priority.POLL, *[Priority.INTERACTIVE] * 4):
        queue.join(priority)
    served: list[Priority] = []
    while (head := queue.head()) is not None:
        served.append(head.priority)
        queue.serve(head)
    assert [Priority.INTERACTIVE] * 2 + [Priority.POLL] + [Priority.INTERACTIVE] * 2 == served
