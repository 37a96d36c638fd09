"""Shared budgets on virtual time, and how the requests of several processes are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio

from pictory_async import FileBudget
from pictory_async._limits.window import SharedWindow
from pictory_async.errors import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pictory_async import BudgetTerms, Lease, SharedPace


T = TypeVar("T")


def busiest(times: Sequence[float], per: float) -> int:
    """The most events in any closed window of ``per`` seconds."""
    times = sorted(times)
    first = most = 0
    for last, time in enumerate(times):
        while time - times[first] > per:
            first += 1
        most = max(most, last - first + 1)
    return most


class Link:
    """The way to a budget of limiters of one event loop, which stand for processes.

    Attributes:
        latency: Seconds that each question and each answer takes.
        fails: Whether the budget is out of reach.
        skew: How many seconds the clock of the budget was set forward.
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.fails = False
        self.skew = 0.0

    def now(self) -> float:
        """The time of the budget."""
        return anyio.current_time() + self.skew

    async def travel(self) -> None:
        """Take a question to the budget."""
        await anyio.sleep(self.latency)
        if self.fails:
            raise ConnectionFailedError("The shared request budget is out of reach.", sent=False)


class QuickFile(FileBudget):
    """A file that answers on virtual time: no thread reads it, because virtual time does not wait for threads."""

    def __init__(self, path: Path, link: Link) -> None:
        super().__init__(path)
        self.link = link

    async def _change(self, terms: BudgetTerms, use: Callable[[SharedWindow, float, str], T]) -> T:
        await self.link.travel()
        found = self._change_now(terms, use)
        await anyio.sleep(self.link.latency)
        return found

    def _now(self) -> float:
        return self.link.now()


class MemoryBudget(Link):
    """A budget in memory, which answers after a while.

    Attributes:
        calls: How often each method was called.
        returned: How many requests were given back.
    """

    def __init__(self, latency: float = 0.0) -> None:
        super().__init__(latency)
        self.window = SharedWindow()
        self.calls = {"lease": 0, "give_back": 0, "report": 0}
        self.returned = 0

    async def lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        await self._travel("lease")
        found = self.window.lease(self.now(), terms, slots, within, pace)
        await anyio.sleep(self.latency)
        return found

    async def give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        await self._travel("give_back")
        self.returned += slots
        self.window.give_back(terms, lease.mark, slots)

    async def report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        await self._travel("report")
        return self.window.report(self.now(), terms, pause, pace)

    async def _travel(self, method: str) -> None:
        self.calls[method] += 1
        await self.travel()
