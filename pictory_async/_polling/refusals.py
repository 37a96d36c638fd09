"""What the API refuses now, and how many watches it refuses alike. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pictory_async._http.health import likeness

if TYPE_CHECKING:
    from pictory_async._http.health import Likeness
    from pictory_async._polling.watch import Watch
    from pictory_async.errors import APIError


class Refusals:
    """The watches of one client whose last poll the API refused, and how. Counted, because they may be thousands."""

    __slots__ = ("_crowds", "_refused")

    def __init__(self) -> None:
        self._refused: dict[Watch, Likeness] = {}
        self._crowds: Counter[Likeness] = Counter()

    def add(self, watch: Watch, error: APIError) -> None:
        """Take in that a watch is refused like this."""
        self.remove(watch)
        self._refused[watch] = alike = likeness(error)
        self._crowds[alike] += 1

    def remove(self, watch: Watch) -> None:
        """Take in that a watch is not refused, or not any more."""
        alike = self._refused.pop(watch, None)
        if alike is not None:
            self._crowds[alike] -= 1

    def crowd(self, error: APIError) -> int:
        """How many watches are refused like this now."""
        return self._crowds[likeness(error)]
