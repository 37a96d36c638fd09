"""The pace of requests: exact arithmetic for a promise about every window. Pure."""

from __future__ import annotations

import math
from typing import Final

import attrs

_FURTHEST: Final = 60.0  # seconds


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

    Where only a share of that is used, the requests are also kept further apart, and nothing goes back to back. After a
    long burst, ``due`` may be minutes away. But the promise needs only that arithmetic, so the first request at a share
    waits for it no longer than a minute, or one step.

    Requests are not written as evenly as they were granted. So a pace that counts writes moves half of the margin to
    the lateness. It has the same spacing, and allows what the other one granted a moment ago.

    Attributes:
        rate: Requests per window.
        per: Length of the window, in seconds.
        burst: How many requests may go back to back after a quiet time.
        writes: Whether it counts writes.
    """

    rate: int
    per: float
    burst: int
    writes: bool = False
    lateness: float = attrs.field(init=False)
    spacing: float = attrs.field(init=False)
    tolerance: float = attrs.field(init=False)
    _step: float = attrs.field(init=False, default=0.0)
    _due: float = attrs.field(init=False, default=-math.inf)
    _apart: float = attrs.field(init=False, default=-math.inf)
    _not_before: float = attrs.field(init=False, default=-math.inf)
    _now: float = attrs.field(init=False, default=-math.inf)

    def __attrs_post_init__(self) -> None:
        self.lateness = min(0.005, 0.003 * self.per)
        margin = min(0.25, 0.003 * self.per)
        if self.writes:
            self.lateness, margin = self.lateness + margin / 2.0, margin / 2.0
        self.spacing = (self.per + self.lateness + margin) / (self.rate - self.burst + 1)
        self.tolerance = (self.burst - 1) * self.spacing + self.lateness

    def use(self, share: float) -> None:
        """Use a share of the pace from now on, more than 0 and at most 1."""
        before, self._step = self._step, self.spacing / share if share < 1.0 else 0.0
        if not self._step:
            self._apart = -math.inf
        elif not before:
            self._apart = min(self._due, self._now + max(self._step, _FURTHEST))

    def delay(self, now: float) -> float:
        """Seconds from ``now`` until the next request is allowed; zero or less when it is allowed now."""
        if now < self._now:
            self._step_back(now)
        self._now = now
        return max(self._due - self.tolerance, self._apart - self.lateness, self._not_before) - now

    def take(self, now: float) -> bool:
        """Take one request at ``now`` if it is allowed."""
        if now < self._now:
            self._step_back(now)
        self._now = now
        due = self._due
        if now < due - self.tolerance or now < self._not_before:
            return False
        if self._step:
            if now < self._apart - self.lateness:
                return False
            self._apart = max(self._apart, now) + self._step
        self._due = (due if due > now else now) + self.spacing  # noqa: FURB136 - `max` would take as long as all of this
        return True

    def follow(self, writes: Pace) -> None:
        """Give the last grant back, because it was not used, and allow the next one no sooner than a write."""
        self._due = max(self._due - self.spacing, writes._due)
        self._apart = max(self._apart - self._step, writes._apart)

    def pause(self, until: float) -> None:
        """Allow nothing before ``until``; a pause that reaches further stays."""
        self._not_before = max(self._not_before, until)

    def _step_back(self, now: float) -> None:
        # A clock that steps back says nothing about how much time passed, so none is counted.
        self._due += now - self._now
        self._apart += now - self._now
        self._not_before += now - self._now
