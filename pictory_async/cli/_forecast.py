"""How much of a wait is done, and how long it will still take. Pure: nothing here waits or prints."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async import ProjectId

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Forecast"]

_DONE: Final = 100.0  # percent


@attrs.define
class Forecast:
    """Follows the progress of renders.

    A render whose job shows progress keeps the pace that it had since it was first seen. One that shows none takes as
    long as those of this wait took that have ended.

    Attributes:
        progress: How much is rendered of what is pending and shows it, in percent, by project.
        seconds_left: The longest of these times, in seconds; ``None`` unless it is known of half of what is pending.
    """

    progress: Mapping[ProjectId, float] = attrs.field(factory=dict[ProjectId, float], init=False)
    seconds_left: float | None = attrs.field(default=None, init=False)
    _first: dict[ProjectId, tuple[float, float]] = attrs.field(factory=dict[ProjectId, tuple[float, float]], init=False)

    def take(self, now: float, progress: Mapping[ProjectId, float], pending: int, took: Iterable[float]) -> None:
        """Take in how far everything is.

        Args:
            now: Seconds since the wait began.
            progress: As the attribute.
            pending: How many projects have no outcome.
            took: After how many seconds the others were rendered.
        """
        self.progress = progress
        left: list[float] = []
        for key, percent in progress.items():
            began, before = self._first.setdefault(key, (now, percent))
            if percent > before:
                left.append((_DONE - percent) * (now - began) / (percent - before))
        known = sorted(took)
        silent = pending - len(progress)
        if known and silent and statistics.median(known) > now:
            left += [statistics.median(known) - now] * silent
        self.seconds_left = max(left) if left and 2 * len(left) >= pending else None

    def share(self, done: int, total: int) -> float:
        """How much of the wait is done, from 0 to 1: the projects with an outcome, and the parts of the others."""
        parts = sum(min(percent, _DONE) for percent in self.progress.values()) / _DONE
        return min(1.0, (done + parts) / max(1, total))
