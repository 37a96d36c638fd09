"""A limiter's part of a shared budget: the lease that it has, and the requests that it let go.

It is the `Grants` of a limiter that shares its budget; `OwnGrants` knows one process only.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from typing import TYPE_CHECKING, Final

import anyio

from pictory_async._limits.feedback import Feedback
from pictory_async._limits.shared import LATE, too_slow
from pictory_async.errors import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import Generator

    from pictory_async._limits.shared import BudgetTerms, Lease, SharedBudget

_SOONEST: Final = 0.01  # seconds
_SLOWEST: Final = 5.0  # seconds that a caller who was cancelled waits for the answer of a budget


class Leases:
    """The lease that a limiter has.

    A lease is asked for by the caller whose turn it is. A caller that is cancelled waits for the answer: a lease that
    nobody knows of would be lost.

    Args:
        shared: The budget.
        terms: What the limiter promises.

    Attributes:
        feedback: The pace that the limiter has found.
    """

    def __init__(self, shared: SharedBudget, terms: BudgetTerms) -> None:
        self.rate, self.per, self.burst = terms.rate, terms.per, terms.burst
        self.spacing = terms.spacing
        self.feedback = Feedback(terms.spacing)
        self._shared = shared
        self._terms = terms
        self._lock = anyio.Lock()
        self._lease: Lease | None = None
        self._free = 0
        self._starts = self._ends = -math.inf
        self._taken: deque[float] = deque()  # until when each request that was let go may be written
        self._empty = 0  # answers in a row without a lease
        self._late = 0  # answers in a row that came too late for their leases
        self._given_out: int | None = None
        self._not_before = -math.inf
        self._unreported: float | None = None  # the end of a pause

    def take(self, now: float) -> bool:
        """Let one request go at ``now``, if the lease allows it."""
        if not self._free or not max(self._starts, self._not_before) <= now <= self._ends:
            return False
        self._free -= 1
        while self._taken and self._taken[0] < now:
            self._taken.popleft()
        self._taken.append(self._ends)
        return True

    def write(self, now: float) -> bool:
        """Let one request be written at ``now``, if one that was let go may be written still."""
        if now < self._not_before:
            return False
        while self._taken:
            if self._taken.popleft() >= now:
                return True
        return False

    def delay(self, now: float) -> float:
        """Seconds until `take` may succeed, if there is a lease; 0 if the budget must be asked."""
        if self._unreported is not None or not self._free or now > self._ends:
            return 0.0
        return max(self._starts, self._not_before) - now

    def early(self, free_in: float) -> float:
        """When to ask again for what is free in so many seconds: not earlier than it is given out.

        The more often this process got nothing, the closer to that moment it asks, so that those that ask for the first
        time do not take everything.
        """
        return max(_SOONEST, free_in - self._terms.ahead * (1.0 - 0.5**self._empty))

    def use_share(self) -> None:
        """Do nothing: the budget is told the share with each request for a lease."""

    def pause(self, until: float) -> None:
        """Let nothing go before ``until``, nor in other processes, as soon as they are told."""
        self._not_before = max(self._not_before, until)
        self._unreported = self._not_before

    async def ask(self, waiting: int, within: float) -> float | None:
        """Ask for a lease, unless there is one.

        Args:
            waiting: How many requests wait.
            within: The lease must begin within so many seconds.

        Returns:
            ``None`` if there is a lease; if not, seconds until the budget has something again.

        Raises:
            ConnectionFailedError: The budget is out of reach.
        """
        async with self._lock:
            await self._report()
            now = anyio.current_time()
            if self._free and now <= self._ends:  # another caller asked
                return None
            with _answered():
                lease = await self._shared.lease(self._terms, waiting, within, self.feedback.pace(now))
            self._got(lease, now)
            self._empty = 0 if lease.slots else self._empty + 1
            if not lease.slots:
                return lease.starts_in
            if self._starts >= self._ends:
                await self._came_late(lease, anyio.current_time() - now)
            else:
                self._late = 0
            return None

    async def report(self) -> None:
        """Tell the budget about a refusal, if it does not know of it.

        Raises:
            ConnectionFailedError: The budget is out of reach.
        """
        async with self._lock:
            await self._report()

    async def give_back(self) -> None:
        """Return what is left of the lease."""
        lease, slots, self._free = self._lease, self._free, 0
        if lease is None or not slots or anyio.current_time() > self._ends:
            return
        await self._return(lease, slots)

    async def _return(self, lease: Lease, slots: int) -> None:
        with contextlib.suppress(Exception), _answered():  # it counts as sent, no more
            await self._shared.give_back(self._terms, lease, slots)

    async def _came_late(self, lease: Lease, took: float) -> None:
        """Return a lease that was over when it came; without that, nobody could send what it counts for."""
        self._late += 1
        self._free = 0
        await self._return(lease, lease.slots)
        if self._late >= LATE:
            text = f"The shared request budget is out of reach: {too_slow(took, lease.lasts)}. Nothing was sent."
            raise ConnectionFailedError(text, sent=False)

    async def _report(self) -> None:
        until = self._unreported
        if until is None:
            return
        now = anyio.current_time()
        with _answered():
            pace = await self._shared.report(self._terms, max(0.0, until - now), self.feedback.pace(now))
        if self._unreported == until:  # there was no longer pause meanwhile
            self._unreported = None
        self.feedback.adopt(pace, anyio.current_time())

    def _got(self, lease: Lease, asked_at: float) -> None:
        # By the clock of the budget, it was answered between these two times: the lease begins as if that had been as
        # late as possible, and ends as if it had been as early as possible.
        now = anyio.current_time()
        self.feedback.adopt(lease.pace, now)
        if self._given_out is not None and self.feedback.share < 1.0:
            self.feedback.granted_elsewhere(min(max(0, lease.mark - lease.slots - self._given_out), self.rate), now)
        self._given_out = lease.mark
        self._lease, self._free = lease, lease.slots
        self._starts, self._ends = now + lease.starts_in, asked_at + lease.starts_in + lease.lasts


@contextlib.contextmanager
def _answered() -> Generator[None]:
    try:
        with anyio.fail_after(_SLOWEST, shield=True):
            yield
    except TimeoutError:
        text = f"The shared request budget is out of reach: no answer within {_SLOWEST:g} s. Nothing was sent."
        raise ConnectionFailedError(text, sent=False) from None
