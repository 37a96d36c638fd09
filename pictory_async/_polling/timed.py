"""How long one wait lasts. Pure."""

from __future__ import annotations

import math
from typing import Final

import attrs

from pictory_async._polling.wait import Wait

_AFTER_SLEEP: Final = 60.0  # seconds: enough for a network that returns, and for hundreds of polls in one budget
_LAST_POLL: Final = 2.0  # seconds before the deadline
_LISTED_AFTER: Final = 30.0  # seconds


@attrs.define(repr=False, eq=False)
class TimedWait(Wait):
    """A wait, and when it is over.

    Attributes:
        woke_at: When the program woke up from a sleep in which ``max_wait`` ended.
    """

    woke_at: float | None = None

    @property
    def deadline(self) -> float:
        """When ``max_wait`` is over, or a minute after it was slept through; infinite if there is no limit."""
        if self.woke_at is not None:
            return self.woke_at + _AFTER_SLEEP
        return math.inf if self.terms.max_wait is None else self.began + self.terms.max_wait

    @property
    def last_poll(self) -> float:
        """When the last poll is sent if there is a limit: shortly before that."""
        return self.deadline - _LAST_POLL

    @property
    def appears_until(self) -> float:
        """Until when the job may be refused although its render was requested."""
        return self.began - max(0.0, self.age or 0.0) + self.terms.start_grace

    def is_young(self, now: float) -> bool:
        """Whether its job was requested a moment ago: the list may not have it yet."""
        return self.age is not None and self.age + now - self.began < _LISTED_AFTER

    def in_time(self, due: float, now: float) -> float:
        """When to send a poll that is due at ``due``: shortly before the watch is out of time, if that is earlier."""
        last = self.last_poll
        return last if now < last < due else due

    def oversleep(self, now: float) -> bool:
        """Take in that the program slept while ``max_wait`` ended: the render may have ended meanwhile.

        Returns:
            Whether the watch gets a last poll. It gets only one with a good response.
        """
        if self.woke_at is not None:
            return False
        self.woke_at = now
        return True
