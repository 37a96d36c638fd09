"""What watches came to so far, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._statistics import PollerStatistics

__all__ = ["Counts"]


class Counts:
    """Counts for one poller, and for the client it belongs to.

    Args:
        whole: What all of this counts towards too.

    Attributes:
        looks: Looks made. Who makes one counts it, here and in the whole: a call for that would be too dear.
    """

    __slots__ = ("_failed_looks", "_finished", "_lag", "_longest_lag", "_rendered", "_whole", "looks")

    def __init__(self, whole: Counts | None = None) -> None:
        self._whole = whole
        self.looks: int = 0
        self._failed_looks = 0
        self._finished = 0
        self._rendered = 0
        self._lag = 0.0
        self._longest_lag = 0.0

    def failed_look(self) -> None:
        """Count a look without a usable answer, which was counted as a look before."""
        self._failed_looks += 1
        if self._whole is not None:
            self._whole.failed_look()

    def outcome(self, outcome: RenderOutcome) -> None:
        """Count the end of a watch."""
        self._finished += 1
        if outcome.ok:
            self._rendered += 1
            self._lag += outcome.notice_lag
            self._longest_lag = max(self._longest_lag, outcome.notice_lag)
        if self._whole is not None:
            self._whole.outcome(outcome)

    def statistics(self, watching: int) -> PollerStatistics:
        """The numbers so far."""
        from pictory_async._statistics import PollerStatistics  # noqa: PLC0415 - seldom asked for

        return PollerStatistics(
            watching=watching,
            finished=self._finished,
            looks=self.looks,
            failed_looks=self._failed_looks,
            mean_lag=self._lag / max(1, self._rendered),
            longest_lag=self._longest_lag,
        )
