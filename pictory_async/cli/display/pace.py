"""How often a line about the progress is printed: often for people, and a few times in an hour in a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from pictory_async.cli.display.text import err_is_terminal

__all__ = ["LINE_EVERY", "Lines"]

LINE_EVERY: Final = 5.0
"""Seconds between two lines on a terminal, and until the first line anywhere."""

_IN_A_LOG: Final = 600.0
_PARTS: Final = 10


@attrs.define
class Lines:
    """Says when a line is due: the first one at once, and in a log then after ten minutes or a tenth of the work.

    Attributes:
        share: Returns how much of the work is done, from 0 to 1; ``None`` if that is not known.
    """

    share: Callable[[], float] | None = None
    _printed_at: float | None = attrs.field(default=None, init=False)
    _part: int = attrs.field(default=0, init=False)

    def due(self, now: float) -> bool:
        """Return whether a line is due now; then the next one is due later."""
        part = 0 if self.share is None else int(self.share() * _PARTS)
        at = self._printed_at
        if at is not None and part == self._part and now - at < _IN_A_LOG and not err_is_terminal():
            return False
        self._printed_at, self._part = now, part
        return True
