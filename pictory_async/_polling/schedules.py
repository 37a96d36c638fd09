"""When to send a watch's next poll. Pure."""

from __future__ import annotations

import random
from typing import Final, Protocol

import attrs

from pictory_async._values import ValueObject

_FLOOR: Final = 10.0
_SHARE: Final = 0.5
_LONGEST: Final = 3.0


@attrs.define(kw_only=True, repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Sighting(ValueObject):
    """What a schedule may know about a watch.

    Attributes:
        now: The time, in seconds from any fixed moment.
        interval: Seconds between two polls, as the caller of the wait asked.
        polls: How many polls there were: 0 before the first one, and 1 until one of them was good.
        fresh: Whether the render was requested just now.
        remaining: Estimated seconds until the render is done, from its progress; ``None`` if that is not known.
    """

    now: float
    interval: float
    polls: int
    fresh: bool = False
    remaining: float | None = None


class PollSchedule(Protocol):
    """Decides when a watch is due next. One object serves all watches of a poller."""

    def next_poll(self, seen: Sighting) -> float:
        """The time of the next poll, on the scale of ``seen.now``; a time in the past means: poll now.

        It is called after each poll, so it should be quick. An exception ends the whole wait.
        """
        ...


class FairSchedule:
    """A fair round robin.

    Every watch is due again about ``interval`` seconds after its last poll. Due watches queue in the order of their
    times, so a small budget stretches all intervals alike. The second poll comes after half to one and a half
    intervals, which spreads a batch evenly; later intervals vary by a tenth. A render that was requested just now
    cannot be done yet: its first poll comes after half to one interval.

    Args:
        seed: Makes the jitter repeatable, for tests.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._uniform = random.uniform if seed is None else random.Random(seed).uniform  # noqa: S311 - no secret

    def next_poll(self, seen: Sighting) -> float:
        """The time of the next poll, on the scale of ``seen.now``."""
        if seen.polls == 0:
            return seen.now + self._uniform(0.5, 1.0) * seen.interval if seen.fresh else seen.now
        spread = 0.5 if seen.polls == 1 else 0.1
        return seen.now + seen.interval * self._uniform(1.0 - spread, 1.0 + spread)


class ProgressSchedule(FairSchedule):
    """Polls seldom early in a render and often near its end, if the job shows its progress; else a fair round robin.

    The next poll comes when half of the predicted rest is over, but not before 10 seconds (or ``interval``, if that is
    shorter) and not after three intervals. In simulated renders it halves the detection delay at an equal number of
    requests; ``tests/lab/benchmarks/schedule.py`` measures it.
    """

    def next_poll(self, seen: Sighting) -> float:
        """The time of the next poll, on the scale of ``seen.now``."""
        if seen.remaining is None:
            return super().next_poll(seen)
        step = max(min(_FLOOR, seen.interval), seen.remaining * _SHARE)
        return seen.now + min(_LONGEST * seen.interval, step) * self._uniform(0.95, 1.05)
