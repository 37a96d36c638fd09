"""When to look at a watch again, given what was seen. Pure."""

from __future__ import annotations

import random
from typing import Final, Protocol

import attrs

from pictory_async._values import ValueObject

__all__ = ["FairSchedule", "PollSchedule", "ProgressSchedule", "Sighting"]

_FLOOR: Final = 10.0
_SHARE: Final = 0.5
_LONGEST: Final = 3.0


@attrs.define(kw_only=True, repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Sighting(ValueObject):
    """What a schedule may know about a watch.

    Attributes:
        now: The time, in seconds, of no particular origin.
        interval: Seconds between two looks, as the caller of the wait asked.
        polls: How many looks there were, 0 before the first one; of those before the first good one, 1.
        fresh: Whether the render has only just been asked for.
        remaining: Seconds until the render is done, as far as its progress lets one tell; ``None`` if it does not.
    """

    now: float
    interval: float
    polls: int
    fresh: bool = False
    remaining: float | None = None


class PollSchedule(Protocol):
    """Says when a watch is due next. One object serves all watches of a poller."""

    def next_poll(self, seen: Sighting) -> float:
        """The time of the next look, on the scale of ``seen.now``; what has passed means at once.

        It is called for each look, so it should be quick. What it raises ends the whole wait.
        """
        ...


class FairSchedule:
    """A fair round robin.

    Every watch comes up again about ``interval`` seconds after its last look, and watches that are due stand in line in
    the order of their times, so that a short budget stretches all intervals alike. The second look is drawn from half
    to one and a half intervals, which spreads a batch evenly at once; later ones vary by a tenth. A render that has
    only just been asked for cannot be done: its first look waits for half to a whole interval.

    Args:
        seed: Makes the jitter repeatable, for tests.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._uniform = random.uniform if seed is None else random.Random(seed).uniform  # noqa: S311 - no secret

    def next_poll(self, seen: Sighting) -> float:
        """The time of the next look, on the scale of ``seen.now``."""
        if seen.polls == 0:
            return seen.now + self._uniform(0.5, 1.0) * seen.interval if seen.fresh else seen.now
        spread = 0.5 if seen.polls == 1 else 0.1
        return seen.now + seen.interval * self._uniform(1.0 - spread, 1.0 + spread)


class ProgressSchedule(FairSchedule):
    """Looks rarely early in a render and sharply near its end, where a job tells its progress; else fairly.

    The next look comes when half of the predicted rest has passed, but not before 10 seconds (or ``interval``, if that
    is shorter) and not after three intervals. In simulated renders it halves the time between finish and notice at an
    equal number of requests; ``tests/lab/benchmarks/schedule.py`` measures it.
    """

    def next_poll(self, seen: Sighting) -> float:
        """The time of the next look, on the scale of ``seen.now``."""
        if seen.remaining is None:
            return super().next_poll(seen)
        step = max(min(_FLOOR, seen.interval), seen.remaining * _SHARE)
        return seen.now + min(_LONGEST * seen.interval, step) * self._uniform(0.95, 1.05)
