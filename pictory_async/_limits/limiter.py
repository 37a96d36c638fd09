"""The request budget: at most ``rate`` requests in any window of ``per`` seconds.

`Pace` is the arithmetic (it takes ``now`` and never waits); `RateLimiter` is the queue around it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import anyio
import attrs

from pictory_async._limits.feedback import Feedback
from pictory_async._limits.wait_queue import Line, Priority
from pictory_async._settings.durations import seconds
from pictory_async.errors import PictoryConfigError, RateBudgetError

if TYPE_CHECKING:
    from pictory_async._settings.durations import Duration
    from pictory_async._statistics import RateLimiterStatistics

__all__ = ["Pace", "RateLimiter"]


@attrs.define(repr=False, eq=False)
class Pace:
    """A generic cell rate algorithm that keeps an exact window promise with constant memory.

    A request is allowed at ``now`` when ``now >= due - tolerance``, and moves ``due`` to
    ``max(now, due) + spacing``. Then ``n + 1`` requests never fit into less than ``n * spacing - tolerance``
    seconds, and with ::

        spacing   = (per + lateness + margin) / (rate - burst + 1)
        tolerance = (burst - 1) * spacing + lateness

    no closed window of ``per`` seconds holds more than ``rate`` of them. ``lateness`` lets a timer that fires
    late catch up instead of losing the time; ``margin`` is what the network may squeeze two requests together
    before the server counts one more than was promised here.

    Where only a share of that is used, the spacing is wider and nothing goes back to back, so the same holds.

    Attributes:
        rate: Requests per window.
        per: Length of the window, in seconds.
        burst: How many requests may go back to back after a quiet time.
    """

    rate: int
    per: float
    burst: int
    lateness: float = attrs.field(init=False)
    spacing: float = attrs.field(init=False)
    tolerance: float = attrs.field(init=False)
    _step: float = attrs.field(init=False)
    _slack: float = attrs.field(init=False)
    _due: float = attrs.field(init=False, default=-math.inf)
    _not_before: float = attrs.field(init=False, default=-math.inf)
    _now: float = attrs.field(init=False, default=-math.inf)

    def __attrs_post_init__(self) -> None:
        self.lateness = min(0.005, 0.003 * self.per)
        margin = min(0.25, 0.003 * self.per)
        self.spacing = (self.per + self.lateness + margin) / (self.rate - self.burst + 1)
        self.tolerance = (self.burst - 1) * self.spacing + self.lateness
        self.use(1.0)

    def use(self, share: float) -> None:
        """Use a share of the pace from now on, more than 0 and at most 1."""
        self._step = self.spacing / share
        self._slack = self.tolerance if share >= 1.0 else self.lateness

    def delay(self, now: float) -> float:
        """Seconds from ``now`` until the next request is allowed; zero or less when it is allowed now."""
        if now < self._now:
            self._step_back(now)
        self._now = now
        return max(self._due - self._slack, self._not_before) - now

    def take(self, now: float) -> bool:
        """Take one request at ``now`` if it is allowed."""
        if now < self._now:
            self._step_back(now)
        self._now = now
        due = self._due
        if now < due - self._slack or now < self._not_before:
            return False
        self._due = (due if due > now else now) + self._step  # noqa: FURB136 - `max` would take as long as all of this
        return True

    def pause(self, until: float) -> None:
        """Allow nothing before ``until``; a pause that reaches further stays."""
        self._not_before = max(self._not_before, until)

    def _step_back(self, now: float) -> None:
        # A clock that steps back says nothing about how much time passed, so none is counted.
        self._due += now - self._now
        self._not_before += now - self._now


class RateLimiter:
    """Keeps requests below ``rate`` in any window of ``per`` seconds, exactly.

    One limiter can be shared by several clients of one event loop; they then share the budget.
    Waiters are served first in, first out within a `Priority`; one that is cancelled loses nothing for the others.

    Pictory publishes no limit; the default of 300 a minute is a modest guess. Its documentation asks for 10 to 30
    seconds between two looks at one job (https://docs.pictory.ai/api-reference/jobs/get-video-render-job-by-id).
    So ``rate`` is an upper bound: where the server refuses requests (429), the pace is lowered to what it lets through,
    and then raised again slowly.

    Args:
        rate: Requests allowed in any window; a whole number, at least 1.
        per: Length of the window, in seconds or as a ``timedelta``.
        burst: How many of them may go back to back after a quiet time; 1 to ``rate``. A larger burst leaves
            less for the rest of the window: the steady pace is ``(rate - burst + 1) / per``.

    Raises:
        PictoryConfigError: A value is out of range.
    """

    def __init__(self, rate: int = 300, per: Duration = 60.0, burst: int = 10) -> None:
        if isinstance(rate, bool) or not isinstance(rate, int) or rate < 1:
            msg = f"rate must be a whole number of requests, at least 1, not {rate!r}."
            raise PictoryConfigError(msg)
        if isinstance(burst, bool) or not isinstance(burst, int) or not 1 <= burst <= rate:
            msg = f"burst must be a whole number from 1 to rate ({rate}), not {burst!r}."
            raise PictoryConfigError(msg)
        self._pace = Pace(rate, seconds("per", per, above=0.0), burst)
        self._feedback = Feedback(self._pace.spacing)
        self._line = Line()
        self._granted = 0
        self._delayed = 0
        self._waited = 0.0
        self._longest = 0.0
        self._pauses = 0
        self._refused = 0

    @property
    def rate(self) -> int:
        """Requests allowed in any window."""
        return self._pace.rate

    @property
    def per(self) -> float:
        """Length of the window, in seconds."""
        return self._pace.per

    @property
    def burst(self) -> int:
        """Requests that may go back to back."""
        return self._pace.burst

    def try_acquire(self) -> bool:
        """Take a slot if one is free now and nobody is waiting for it; never waits.

        Returns:
            Whether the caller may send one request now.
        """
        now = anyio.current_time()
        if self._line.waiting or not self._pace.take(now):
            return False
        self._granted += 1
        if self._feedback.share < 1.0:
            self._learn(now, waited=False)
        return True

    async def acquire(self, priority: Priority = Priority.INTERACTIVE, *, max_wait: Duration | None = None) -> None:
        """Wait until one request may be sent.

        Cancelling the wait leaves the queue as if it had never been entered.

        Args:
            priority: Who goes first when several wait.
            max_wait: Give up after so many seconds, at once where the queue is known to be too long; ``None`` waits
                as long as it takes.

        Raises:
            RateBudgetError: There is no slot within ``max_wait``.
        """
        if self.try_acquire():
            return
        if max_wait is None:
            await self._wait(priority)
            return
        limit = seconds("max_wait", max_wait)
        ahead = self._line.up_to(priority) * self._pace.spacing / self._feedback.share
        if self._pace.delay(anyio.current_time()) + ahead <= limit:
            with anyio.move_on_after(limit):
                await self._wait(priority)
                return
        msg = (
            f"The request budget of {self.rate} per {self.per:g} s has no free slot within {limit:g} s "
            f"({self._line.waiting} waiting). Try later, or raise the limiter's rate."
        )
        raise RateBudgetError(msg, max_wait=limit)

    def pause(self, duration: Duration) -> None:
        """Let nothing through for so many seconds, as a server's ``Retry-After`` asks.

        Args:
            duration: Seconds or ``timedelta`` from now; a longer pause already running stays.
        """
        self._pace.pause(anyio.current_time() + seconds("duration", duration))
        self._pauses += 1

    def accepted(self, sent_at: float) -> None:
        """Take in that the server did not refuse a request; clients say so of each of theirs.

        Args:
            sent_at: When it was sent, by `anyio.current_time`.
        """
        if self._feedback.share < 1.0:
            self._feedback.accepted(sent_at)

    def refused(self, sent_at: float, pause: Duration | None = None) -> None:
        """Take in that the server refused a request with 429: everybody waits a little, then goes on more slowly.

        Requests that were refused together lower the pace once. Clients say so of each of theirs.

        Args:
            sent_at: When it was sent, by `anyio.current_time`.
            pause: Seconds the server asked to wait, where it did.
        """
        self._refused += 1
        now = anyio.current_time()
        guess = self._feedback.refused(sent_at, now)
        self._pace.use(self._feedback.share)
        if pause:
            self.pause(pause)
        else:
            self._pace.pause(now + guess)

    def statistics(self) -> RateLimiterStatistics:
        """What the limiter did so far."""
        from pictory_async._statistics import RateLimiterStatistics  # noqa: PLC0415 - seldom asked for

        return RateLimiterStatistics(
            granted=self._granted,
            waiting=self._line.waiting,
            delayed=self._delayed,
            waited=self._waited,
            longest_wait=self._longest,
            pauses=self._pauses,
            refused=self._refused,
            pace=self._feedback.share / self._pace.spacing,
        )

    def __repr__(self) -> str:
        return f"RateLimiter(rate={self.rate}, per={self.per:g}, burst={self.burst})"

    async def _wait(self, priority: Priority) -> None:
        # Only the head of the line sleeps with a timer, and it takes its slot when it runs: a caller that is
        # cancelled never holds one, and whoever comes later finds the line not empty and cannot overtake.
        line, pace = self._line, self._pace
        place = line.join(priority)
        began = anyio.current_time()
        try:
            while line.head() is not place or not pace.take(anyio.current_time()):
                await place.called(pace.delay(anyio.current_time()) if line.head() is place else None)
        finally:
            was_head = line.head() is place
            line.leave(place)
            if was_head and (head := line.head()) is not None:
                head.call()
        now = anyio.current_time()
        waited = now - began
        self._granted += 1
        self._delayed += 1
        self._waited += waited
        self._longest = max(self._longest, waited)
        if self._feedback.share < 1.0:
            self._learn(now, waited=True)

    def _learn(self, now: float, *, waited: bool) -> None:
        self._feedback.granted(now, waited=waited)
        self._pace.use(self._feedback.share)
