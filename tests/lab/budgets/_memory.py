"""A shared budget in memory, and how the requests of several processes are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from pictory_async._limits.window import SharedWindow
from pictory_async.errors import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pictory_async import BudgetTerms, Lease, SharedPace


def busiest(times: Sequence[float], per: float) -> int:
    """The most events in any closed window of ``per`` seconds."""
    times = sorted(times)
    first = most = 0
    for last, time in enumerate(times):
        while time - times[first] > per:
            first += 1
        most = max(most, last - first + 1)
    return most


class MemoryBudget:
    """The budget of limiters of one event loop, which stand for processes; it answers after a while.

    Attributes:
        latency: Seconds that each question and each answer takes.
        fails: Whether it is out of reach.
        calls: How often each method was called.
        returned: How many requests were given back.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.window = SharedWindow()
        self.latency = latency
        self.fails = False
        self.calls = {"lease": 0, "give_back": 0, "report": 0}
        self.returned = 0

    async def lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        await self._travel("lease")
        found = self.window.lease(anyio.current_time(), terms, slots, within, pace)
        await anyio.sleep(self.latency)
        return found

    async def give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        await self._travel("give_back")
        self.returned += slots
        self.window.give_back(terms, lease.mark, slots)

    async def report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        await self._travel("report")
        return self.window.report(anyio.current_time(), terms, pause, pace)

    async def _travel(self, method: str) -> None:
        self.calls[method] += 1
        await anyio.sleep(self.latency)
        if self.fails:
            raise ConnectionFailedError("The shared request budget is out of reach.", sent=False)
