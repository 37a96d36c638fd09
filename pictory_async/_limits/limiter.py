"""The request budget: at most ``rate`` requests in any window of ``per`` seconds.

`Pace` is the arithmetic, which takes ``now`` and never waits; `RateLimiter` is the queue in front of it.

There are two paces of the same spacing. One lets callers out of the queue. The other counts what is written, and only
what it allows is written: so a slow connection or an event loop that was busy cannot push requests together. Writes
come later than grants, by the time that connections take. As long as this time stays the same, the second pace allows
every write at once. When it refuses one, the grants have got too far ahead: this one is given back, and the next ones
go on from where the writes are. With a burst of a few requests, connections of very different slowness cost no pace.

`OwnGrants` has both. If the budget is shared with other processes, `Leases` has its place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from pictory_async._limits.grants import OwnGrants
from pictory_async._limits.wait_queue import POLL_SHARE, Priority, Ticket, WaitQueue
from pictory_async._settings.durations import seconds
from pictory_async._statistics import RateLimiterStatistics
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError, RateBudgetError

if TYPE_CHECKING:
    from pictory_async._limits.grants import Grants
    from pictory_async._limits.leases import Leases
    from pictory_async._limits.shared import SharedBudget
    from pictory_async._settings.durations import Duration

_MOST: Final = 1_000_000_000
_SHORTEST_SHARED: Final = 1.0  # seconds: the time of a lease must be long enough to send its requests


class RateLimiter:
    """Keeps requests at or below ``rate`` in any window of ``per`` seconds.

    It is the `Limiter` that a client makes for itself. Several clients of one event loop can share one limiter; then
    they share the budget. Callers are served first in, first out within a `Priority`. A caller that is cancelled takes
    nothing from the others.

    The promise holds for what is written, at the moment of writing, if all who share the limiter call `confirm`, as
    clients do. If nobody does, it holds for the grants.

    Pictory publishes no limit. The default of 300 a minute is a modest guess; the documentation asks for 10 to 30
    seconds between two polls of one job (https://docs.pictory.ai/api-reference/jobs/get-video-render-job-by-id).
    So ``rate`` is an upper bound: on 429 responses the limiter slows to just below what the server accepts, and then
    returns to the full pace step by step.

    Args:
        rate: Requests allowed in any window; a whole number, at least 1.
        per: Length of the window, in seconds or as a ``timedelta``.
        burst: How many of them may be sent back to back after a quiet time; 1 to ``rate``, and 10 (or ``rate``, if that
            is smaller) if it is ``None``. A larger burst leaves
            less for the rest of the window: the steady pace is ``(rate - burst + 1) / per``.
        poll_share: The part of the budget that polls keep while interactive calls wait; 0 to 0.9. Background requests
            keep 0.05. What nobody waits for goes to the others, so without polls interactive calls get everything.
        shared: A budget of several processes, such as a `FileBudget`; ``None`` if this limiter has it alone. Then the
            promise holds for all of them together, if they have the same ``rate``, ``per`` and ``burst``. ``per`` must
            be at least one second. The steady pace is 2 % lower.

    Raises:
        PictoryConfigError: A value is out of range.
    """

    def __init__(
        self,
        rate: int = 300,
        per: Duration = 60.0,
        burst: int | None = None,
        *,
        poll_share: float = POLL_SHARE,
        shared: SharedBudget | None = None,
    ) -> None:
        if isinstance(rate, bool) or not isinstance(rate, int) or not 1 <= rate <= _MOST:
            msg = f"rate must be a whole number of requests, from 1 to {_MOST}, not {brief(rate)}."
            raise PictoryConfigError(msg)
        if burst is None:
            burst = min(10, rate)
        if isinstance(burst, bool) or not isinstance(burst, int) or not 1 <= burst <= rate:
            msg = f"burst must be a whole number from 1 to rate ({rate}), not {brief(burst)}."
            raise PictoryConfigError(msg)
        if isinstance(poll_share, bool) or not isinstance(poll_share, (int, float)) or not 0.0 <= poll_share <= 0.9:  # noqa: PLR2004
            msg = f"poll_share must be a number from 0 to 0.9, not {brief(poll_share)}."
            raise PictoryConfigError(msg)
        if shared is not None and (isinstance(shared, type) or not hasattr(shared, "lease")):
            raise PictoryConfigError(f"shared must be an object such as FileBudget('budget'), not {brief(shared)}.")
        per = seconds("per", per, above=0.0)
        if shared is not None and per < _SHORTEST_SHARED:
            raise PictoryConfigError(f"per must be at least 1 s if the budget is shared, not {per:g} s.")
        self._grants: Grants = OwnGrants.of(rate, per, burst) if shared is None else _leases(shared, rate, per, burst)
        self._feedback = self._grants.feedback
        self._queue = WaitQueue(float(poll_share))
        self._granted = 0
        self._delayed = 0
        self._waited = 0.0
        self._longest = 0.0
        self._pauses = 0
        self._refused = 0

    @property
    def rate(self) -> int:
        """Requests allowed in any window."""
        return self._grants.rate

    @property
    def per(self) -> float:
        """Length of the window, in seconds."""
        return self._grants.per

    @property
    def burst(self) -> int:
        """Requests that may go back to back."""
        return self._grants.burst

    def try_acquire(self) -> bool:
        """Take a grant if the budget has one now and no caller waits for it; never waits.

        Of a shared budget, it has what is left of a lease that another caller asked for.

        Returns:
            Whether the caller may send one request now.
        """
        return self._try(anyio.current_time())

    def _try(self, now: float) -> bool:
        if self._feedback.share < 1.0 and self._feedback.rested(now):
            self._grants.use_share()
        if self._queue.waiting or not self._grants.take(now):
            return False
        self._granted += 1
        if self._feedback.share < 1.0:
            self._learn(now, waited=False)
        return True

    async def acquire(self, priority: Priority = Priority.INTERACTIVE, *, max_wait: Duration | None = None) -> float:
        """Wait until one request may be sent.

        Cancelling the wait leaves the queue as if it had never been entered.

        Args:
            priority: Who goes first when several wait.
            max_wait: Give up after so many seconds, or at once if the queue is known to be too long; ``None`` waits
                as long as it takes.

        Returns:
            The time of the grant, by `anyio.current_time`.

        Raises:
            RateBudgetError: The budget has nothing free within ``max_wait``.
        """
        now = anyio.current_time()
        if self._try(now):
            return now
        if max_wait is None:
            return await self._wait(priority, None)
        limit = seconds("max_wait", max_wait)
        ahead = self._queue.ahead_of(priority) * self._grants.spacing / self._feedback.share
        free_in = max(0.0, self._grants.delay(now)) + ahead
        if free_in <= limit:
            return await self._wait(priority, limit)
        raise self._nothing_free(limit, free_in, self._queue.waiting)

    def _nothing_free(self, limit: float, free_in: float, waiting: int) -> RateBudgetError:
        msg = (
            f"The request budget of {self.rate} per {self.per:g} s has nothing free within {limit:g} s "
            f"({waiting} waiting). Try later, or raise the limiter's rate."
        )
        return RateBudgetError(msg, max_wait=limit, retry_after=free_in)

    def confirm(self, granted_at: float, /) -> bool:  # noqa: ARG002 - what was written counts, not when it was granted
        """Count one request as written now, if the budget allows that; never waits.

        Clients call this for each of their requests, immediately before its first byte.

        Args:
            granted_at: What `acquire` returned.

        Returns:
            Whether the request may be written now. If not, too many were written since the grant, or there is a pause:
            acquire again. The next grants then come when writes are possible.
        """
        return self._grants.write(anyio.current_time())

    def pause(self, duration: Duration) -> None:
        """Send nothing for so many seconds, as a server's ``Retry-After`` asks.

        Args:
            duration: Seconds or ``timedelta`` from now; a longer pause that already runs stays.
        """
        self._grants.pause(anyio.current_time() + seconds("duration", duration))
        self._pauses += 1

    def accepted(self, sent_at: float) -> None:
        """Note that the server accepted a request; clients call this for each of their requests.

        Args:
            sent_at: When it was sent, by `anyio.current_time`.
        """
        if self._feedback.share < 1.0:
            self._feedback.accepted(sent_at)

    def refused(self, sent_at: float, pause: Duration | None = None) -> None:
        """Note that the server refused a request with 429: pause all callers, then lower the rate.

        Requests that were refused together lower the pace once. Clients call this for each of their requests.

        Args:
            sent_at: When it was sent, by `anyio.current_time`.
            pause: Seconds that the server asked to wait, if it did.
        """
        self._refused += 1
        now = anyio.current_time()
        guess = self._feedback.refused(sent_at, now)
        self._grants.use_share()
        if pause:
            self.pause(pause)
        else:
            self._grants.pause(now + guess)

    async def report(self) -> None:
        """Tell the other processes of a shared budget about a refusal or a pause, if they do not know of it.

        Clients call this after `refused` and `pause`. Without it, they are told by the next request of this limiter.

        Raises:
            ConnectionFailedError: The shared budget is out of reach.
        """
        await self._grants.report()

    def statistics(self) -> RateLimiterStatistics:
        """What the limiter did so far."""
        return RateLimiterStatistics(
            granted=self._granted,
            waiting=self._queue.waiting,
            delayed=self._delayed,
            waited=self._waited,
            longest_wait=self._longest,
            pauses=self._pauses,
            refused=self._refused,
            pace=self._feedback.share / self._grants.spacing,
        )

    def __repr__(self) -> str:
        return f"RateLimiter(rate={self.rate}, per={self.per:g}, burst={self.burst})"

    async def _wait(self, priority: Priority, limit: float | None) -> float:
        # Only the head of the queue sleeps with a timer, and it takes its grant when it runs: a caller that is
        # cancelled never holds one, and a newcomer finds the queue not empty and cannot overtake.
        queue, grants = self._queue, self._grants
        ticket = queue.join(priority)
        began = anyio.current_time()
        served = False
        try:
            while queue.head() is not ticket or not grants.take(anyio.current_time()):
                await self._sleep(ticket, began, limit)
            served = True
        finally:
            # Also if it is cancelled: the next head sleeps without a timer, and nobody else would wake it.
            was_head = queue.head() is ticket
            (queue.serve if served else queue.leave)(ticket)
            if was_head and (head := queue.head()) is not None:
                head.wake()
            elif not served and not queue.waiting:
                await grants.give_back()
        now = anyio.current_time()
        waited = now - began
        self._granted += 1
        self._delayed += 1
        self._waited += waited
        self._longest = max(self._longest, waited)
        if self._feedback.share < 1.0:
            self._learn(now, waited=True)
        return now

    async def _sleep(self, ticket: Ticket, began: float, limit: float | None) -> None:
        """Sleep until it may be a caller's turn.

        Raises:
            RateBudgetError: The limit of its wait is over, or nothing is free before that.
        """
        grants, now = self._grants, anyio.current_time()
        left = math.inf if limit is None else max(0.0, began + limit - now)
        within = math.inf
        if self._queue.head() is ticket:
            within = grants.delay(now)
            if within <= 0.0:
                free_in = await grants.ask(self._queue.waiting, left)
                await checkpoint_if_cancelled()  # the answer was waited for all the same
                if free_in is None:
                    return
                if limit is not None:
                    raise self._nothing_free(limit, free_in, self._queue.waiting - 1)
                within = grants.early(free_in)
        if left <= 0.0:
            raise self._nothing_free(limit or 0.0, max(0.0, grants.delay(now)), self._queue.waiting - 1)
        within = min(within, left)
        await ticket.wait(None if within == math.inf else within)

    def _learn(self, now: float, *, waited: bool) -> None:
        self._feedback.granted(now, waited=waited)
        self._grants.use_share()


def _leases(shared: SharedBudget, rate: int, per: float, burst: int) -> Leases:
    from pictory_async._limits.leases import Leases  # noqa: PLC0415 - most programs have their budget alone
    from pictory_async._limits.shared import BudgetTerms  # noqa: PLC0415

    return Leases(shared, BudgetTerms(rate, per, burst))
