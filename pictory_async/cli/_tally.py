"""The results of a wait so far, and the request rate. Pure: nothing here waits or prints."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async import ClientStatistics, ProjectId, RenderHandle, RenderOutcome, RenderStatus
from pictory_async.cli._wording import counts_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Meter", "Pace", "Tally", "key_of", "percentile", "project_of"]

_RECENT = 2.0
_SHORTEST = 0.5


@attrs.frozen
class Pace:
    """The request rate at one moment.

    Attributes:
        per_second: Requests per second, over the last two seconds.
        in_window: Requests in the last window of the request budget.
    """

    per_second: float = 0.0
    in_window: float = 0


@attrs.define
class Meter:
    """Measures the request rate.

    Attributes:
        per: The length of the budget's window, in seconds.
    """

    per: float
    _samples: list[tuple[float, float]] = attrs.field(factory=lambda: [(0.0, 0)], init=False)

    def read(self, at: float, requests: float) -> Pace:
        """Take in the number of requests so far, and return the rate.

        Args:
            at: Seconds since the start.
            requests: Requests since the start.
        """
        samples = self._samples
        samples.append((at, requests))
        del samples[: self._latest(at - max(self.per, _RECENT))]
        began, before = samples[self._latest(at - _RECENT)]
        # A window that begins between two samples is only known from the second one on.
        _, outside = samples[bisect_left(samples, (at - self.per, 0))]
        return Pace((requests - before) / max(at - began, _SHORTEST), requests - outside)

    def _latest(self, until: float) -> int:
        return max(0, bisect_right(self._samples, (until, inf)) - 1)


@attrs.define
class Tally:
    """The results of a wait so far.

    Attributes:
        wanted: The projects or handles, in the order in which they were given.
        outcomes: The outcomes so far, by `key_of`, in the order in which they came.
        seconds: How long the wait has lasted.
        requests: The number of requests sent.
        statistics: The client's statistics; ``None`` at the beginning.
    """

    wanted: Sequence[ProjectId | RenderHandle]
    outcomes: dict[str, RenderOutcome] = attrs.field(factory=dict[str, RenderOutcome], init=False)
    seconds: float = attrs.field(default=0.0, init=False)
    requests: int = attrs.field(default=0, init=False)
    statistics: ClientStatistics | None = attrs.field(default=None, init=False)
    _counts: Counter[RenderStatus] = attrs.field(factory=Counter[RenderStatus], init=False)

    def add(self, outcome: RenderOutcome) -> None:
        """Add an outcome."""
        self.outcomes[key_of(outcome)] = outcome
        self._counts[outcome.status] += 1

    @property
    def total(self) -> int:
        """The number of projects."""
        return len(self.wanted)

    @property
    def done(self) -> int:
        """The number of outcomes so far."""
        return len(self.outcomes)

    @property
    def pending(self) -> list[ProjectId]:
        """The projects without an outcome, in the order in which they were given."""
        return [project_of(one) for one in self.wanted if key_of(one) not in self.outcomes]

    @property
    def counts(self) -> dict[str, int]:
        """The number of outcomes by status, without zeros, in the order of `RenderStatus`."""
        return {status.value: self._counts[status] for status in RenderStatus if self._counts[status]}

    @property
    def counts_text(self) -> str:
        """The counts as text."""
        return counts_text(self.counts)

    @property
    def timed_out(self) -> int:
        """How many are waited for no longer, without a result."""
        return self._counts[RenderStatus.TIMED_OUT]

    def ended_text(self, more: str = "") -> str:
        """Return how many ended, and how, as text. What timed out has not: `timed_out_text` counts it.

        Args:
            more: A further count.
        """
        counts = {status: count for status, count in self.counts.items() if status != RenderStatus.TIMED_OUT.value}
        parts = [counts_text(counts)] if counts or not self.timed_out else []
        parts += [more] if more else []
        how = f" ({', '.join(parts)})" if parts else ""
        return f"{self.done - self.timed_out} of {self.total} ended{how}"

    @property
    def timed_out_text(self) -> str:
        """How many timed out, as a further part of a sentence; empty for none."""
        return f", {self.timed_out} timed out" if self.timed_out else ""

    @property
    def outage(self) -> str | None:
        """Why all polls fail now; ``None`` if they do not."""
        return None if self.statistics is None else self.statistics.watches.outage

    @property
    def polls_per_project(self) -> float:
        """The average number of polls until an outcome."""
        return sum(outcome.polls for outcome in self.outcomes.values()) / max(1, self.done)

    def latest(self, count: int) -> list[RenderOutcome]:
        """Return the latest outcomes, newest first."""
        return list(self.outcomes.values())[: -count - 1 : -1]

    def ordered(self) -> list[RenderOutcome]:
        """Return the outcomes in the order in which the projects were given."""
        keys = map(key_of, self.wanted)
        return [self.outcomes[key] for key in keys if key in self.outcomes]

    def summary(self) -> dict[str, Any]:
        """Return everything but the outcomes as plain JSON values."""
        return {
            "projects": self.total,
            "outcomes": self.counts,
            "pending": self.pending,
            "requests": self.requests,
            "statistics": None if self.statistics is None else attrs.asdict(self.statistics),
            "seconds": round(self.seconds, 3),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {**self.summary(), "results": [outcome.to_dict() for outcome in self.ordered()]}


def key_of(one: ProjectId | RenderHandle | RenderOutcome) -> str:
    """Return what identifies a wait: the project, and the job if it is known."""
    if isinstance(one, RenderHandle | RenderOutcome) and one.job_id is not None:
        return f"{project_of(one)} {one.job_id}"
    return str(project_of(one))


def project_of(one: ProjectId | RenderHandle | RenderOutcome) -> ProjectId:
    """Return the project of a wait."""
    if isinstance(one, RenderOutcome):
        return one.key
    return one.project_id if isinstance(one, RenderHandle) else one


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return a percentile by nearest rank; ``None`` if there are no values.

    Args:
        values: The values.
        share: The percentile, from 0 to 1.
    """
    ranked = sorted(values)
    return ranked[max(0, -int(-share * len(ranked) // 1) - 1)] if ranked else None
