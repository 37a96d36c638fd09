"""The limiters of a world's clients: one for all of them, or one for each and a budget that they share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio

from pictory_async import BudgetTerms, Priority, RateLimiter
from tests.lab.budgets._memory import MemoryBudget
from tests.lab.worlds._plan import STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pictory_async._settings.durations import Duration
    from tests.lab.worlds._plan import Plan


class NotingLimiter(RateLimiter):
    """A limiter that notes what its clients meet.

    Attributes:
        unserved: The longest time in which callers waited and none was served, in seconds.
        paused: Since when everybody knew of a pause, and until when it lasts.
    """

    def __init__(self, plan: Plan, shared: MemoryBudget | None) -> None:
        super().__init__(plan.rate, plan.per, plan.burst, shared=shared)
        self.unserved = 0.0
        self.paused: list[tuple[float, float]] = []
        self._since = 0.0
        self._until = -math.inf

    async def acquire(self, priority: Priority = Priority.INTERACTIVE, *, max_wait: Duration | None = None) -> float:
        if not self.statistics().waiting:
            self._since = anyio.current_time()
        try:
            granted_at = await super().acquire(priority, max_wait=max_wait)
        finally:
            self.unserved = max(self.unserved, anyio.current_time() - self._since)
        self._since = granted_at
        return granted_at

    def pause(self, duration: Duration) -> None:
        super().pause(duration)
        assert isinstance(duration, float)
        self._until = anyio.current_time() + duration

    async def report(self) -> None:
        until = self._until
        await super().report()
        if until > anyio.current_time():
            self.paused.append((anyio.current_time(), until))


def limiters_of(plan: Plan) -> list[NotingLimiter]:
    """Make the limiters of all clients, in their order."""
    if plan.shared is None:
        return [NotingLimiter(plan, None)] * plan.clients
    budget = MemoryBudget(plan.shared)
    return [NotingLimiter(plan, budget) for _ in range(plan.clients)]


def broken(plan: Plan, limiters: list[NotingLimiter], sent: Iterable[float]) -> Iterator[tuple[str, str]]:
    """Compare what the limiters noted with when requests were sent; give each promise that was not kept, and how."""
    times = sorted(sent)
    # Leases that had been given out ahead are used.
    terms = BudgetTerms(plan.rate, plan.per, plan.burst)
    ahead = 0.0 if plan.shared is None else terms.ahead + terms.lasts + plan.patience
    for limiter in dict.fromkeys(limiters):
        for start, end in limiter.paused:
            early = next((time for time in times if start + ahead + STEP < time < end - STEP), None)
            if early is not None:
                yield "pause", f"a request was sent at {early:.3f}, in a pause from {start:.3f} to {end:.3f}"
    seen = [limiter.statistics() for limiter in limiters]
    if plan.stalls or any(one.refused or one.pauses for one in seen):
        return
    longest = plan.clients * 3.0 * terms.together * terms.spacing + ahead
    for number, limiter in enumerate(limiters):
        if limiter.unserved > longest:
            yield "nobody starves", f"client {number} had callers for {limiter.unserved:.3f} s, and none was served"
