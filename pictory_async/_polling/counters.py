"""What watches did so far, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._statistics import PollerStatistics

if TYPE_CHECKING:
    from pictory_async._polling.outcome import RenderOutcome


class Counters:
    """Counters of one poller, or of the client that it belongs to.

    Args:
        whole: Counters that count everything of this one too.
    """

    __slots__ = ("_delay", "_failed_polls", "_finished", "_longest_delay", "_polls", "_rendered", "_whole")

    def __init__(self, whole: Counters | None = None) -> None:
        self._whole = whole
        self._polls = 0
        self._failed_polls = 0
        self._finished = 0
        self._rendered = 0
        self._delay = 0.0
        self._longest_delay = 0.0

    def poll(self) -> None:
        """Count a poll."""
        self._polls += 1
        if self._whole is not None:
            self._whole.poll()

    def failed_poll(self) -> None:
        """Count a failed poll."""
        self._failed_polls += 1
        if self._whole is not None:
            self._whole.failed_poll()

    def outcome(self, outcome: RenderOutcome) -> None:
        """Count the end of a watch."""
        self._finished += 1
        if outcome.ok:
            self._rendered += 1
            self._delay += outcome.detection_delay
            self._longest_delay = max(self._longest_delay, outcome.detection_delay)
        if self._whole is not None:
            self._whole.outcome(outcome)

    def statistics(self, watching: int, outage: str | None) -> PollerStatistics:
        """The numbers so far, with what the counters do not know."""
        return PollerStatistics(
            watching=watching,
            finished=self._finished,
            polls=self._polls,
            failed_polls=self._failed_polls,
            mean_lag=self._delay / max(1, self._rendered),
            longest_lag=self._longest_delay,
            outage=outage,
        )
