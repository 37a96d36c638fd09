"""The arithmetic of a shared budget: an exact promise about every window, over all processes. Pure.

It is the algorithm of `Pace`, which keeps no list of requests. But requests are given out ahead and in leases: a lease
of ``k`` begins at a time at which ``k`` may go back to back, and each of them is written by its end. So with ::

    spacing = (per + lasts + margin) / (rate - burst + 1)

``n + 1`` requests are never written in less than ``n * spacing - tolerance - lasts`` seconds: no closed window of
``per`` seconds holds more than ``rate``, whichever processes write them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._limits.shared import Lease, SharedPace

if TYPE_CHECKING:
    from pictory_async._limits.shared import BudgetTerms

_FURTHEST: Final = 60.0  # seconds
_LONGEST_PAUSE: Final = 3600.0  # seconds
_TIMES: Final = ("due", "last", "apart", "not_before", "lowered_at", "asked")


@attrs.define(repr=False, eq=False)
class SharedWindow:
    """What all processes of a budget have been given so far.

    All times are by one clock, whichever that is; ``now`` is an argument.

    Attributes:
        due: When the next request is due at the steady pace.
        last: When the latest lease begins.
        apart: When the next request is due while a share of the pace is used.
        not_before: The end of the last pause.
        count: Requests given out.
        pace: The pace that was found; its ``age`` is 0.
        lowered_at: When the pace was lowered.
        asked: When it was used last.
    """

    due: float = -math.inf
    last: float = -math.inf
    apart: float = -math.inf
    not_before: float = -math.inf
    count: int = 0
    pace: SharedPace = attrs.field(factory=SharedPace)
    lowered_at: float = -math.inf
    asked: float = -math.inf

    def forget(self, now: float, terms: BudgetTerms) -> None:
        """Begin again although requests may have been given out: as if all that could be were given out."""
        self.due, self.last = now + terms.ahead + terms.tolerance + terms.spacing, now + terms.ahead

    def lease(self, now: float, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        """As `SharedBudget.lease`, at ``now``."""
        self._use(now)
        self._take_in(now, terms, pace)
        # Further ahead than anything can be given out: another process has other terms.
        self.due = min(self.due, now + terms.ahead + terms.tolerance + terms.spacing)
        found, first = self.pace, max(now, self.not_before, self.due - terms.tolerance)
        step = terms.spacing / found.share if found.share < 1.0 else 0.0
        if step:
            first = max(first, min(self.apart, now + max(step, _FURTHEST)))
        latest = now + min(within, terms.ahead)
        if first > latest:
            return Lease(0, first - now, terms.lasts, self.count, pace=self._pace(now))
        free = 1.0 if step else 1.0 + (first - (self.due - terms.tolerance)) / terms.spacing
        granted, start = min(slots, int(min(free, terms.burst))), first
        more = min(slots, terms.together)
        if granted < more and not step:
            start_of_more = max(first, self.due + (more - 1) * terms.spacing - terms.tolerance)
            if start_of_more <= latest:
                granted, start = more, start_of_more
        self.due = max(self.due, start) + granted * terms.spacing
        self.apart = start + granted * step if step else -math.inf
        self.last = start
        self.count += granted
        return Lease(granted, start - now, terms.lasts, self.count, pace=self._pace(now))

    def give_back(self, terms: BudgetTerms, mark: int, slots: int) -> None:
        """Take back requests of the lease with a mark."""
        later = self.count - mark
        if later < 0:  # of a budget that was forgotten
            return
        earliest = self.last + later * terms.spacing if later else -math.inf
        self.due = min(self.due, max(self.due - slots * terms.spacing, earliest))

    def report(self, now: float, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        """As `SharedBudget.report`, at ``now``."""
        self._use(now)
        self.not_before = max(self.not_before, now + min(pause, _LONGEST_PAUSE))
        self._take_in(now, terms, pace)
        return self._pace(now)

    def _use(self, now: float) -> None:
        """Notice that the clock was set back: then all times are as far away as they were when it was used last."""
        back = self.asked - now
        if back > 0.0:
            for name in _TIMES:
                setattr(self, name, getattr(self, name) - back)
        self.asked = now

    def _take_in(self, now: float, terms: BudgetTerms, pace: SharedPace) -> None:
        if pace.is_later(self.pace):
            if self.pace.share >= 1.0 > pace.share:
                self.apart = min(self.due, now + max(terms.spacing / pace.share, _FURTHEST))
            self.pace, self.lowered_at = attrs.evolve(pace, age=0.0), now - pace.age

    def _pace(self, now: float) -> SharedPace:
        return attrs.evolve(self.pace, age=max(0.0, now - self.lowered_at)) if self.pace.steps else self.pace

    def to_json(self) -> dict[str, Any]:
        """Its state as JSON values."""
        values = attrs.asdict(self)
        return {name: None if value == -math.inf else value for name, value in values.items()}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> SharedWindow:
        """Make one of its state.

        Raises:
            ValueError: It is not a state.
        """
        try:
            times = {name: _time(raw[name]) for name in _TIMES}
            pace = raw["pace"]
            steps, numbers = int(pace["steps"]), [_time(pace[name]) for name in ("progress", "share", "start", "peak")]
            window = cls(**times, count=int(raw["count"]), pace=SharedPace(steps, *numbers))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not the state of a budget") from error
        if not 0.0 < window.pace.share <= 1.0 or not 0.0 < window.pace.start <= 1.0:
            raise ValueError("not the state of a budget")
        return window


def _time(value: Any) -> float:
    number = -math.inf if value is None else float(value)
    if math.isnan(number) or number == math.inf:
        raise ValueError("not a time")
    return number
