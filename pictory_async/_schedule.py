"""Which project is due next. Pure: it takes ``now``, keeps a heap, and never sleeps."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Agenda"]

T = TypeVar("T")


class Agenda(Generic[T]):
    """Things and their times, earliest first, and in order of entry at the same time.

    An entry is never searched for: what is taken off or put elsewhere stays in the heap until it comes up, or until
    such entries are more than half of it.

    Args:
        current: Whether an entry (the thing and the turn it was put with) still counts.
    """

    __slots__ = ("_current", "_dropped", "_heap", "_order")

    def __init__(self, current: Callable[[T, int], bool]) -> None:
        self._current = current
        self._heap: list[tuple[float, int, int, T]] = []
        self._order = 0
        self._dropped = 0

    def put(self, thing: T, when: float, turn: int) -> None:
        """Enter a thing for a time."""
        self._order += 1
        heapq.heappush(self._heap, (when, self._order, turn, thing))

    def drop(self) -> None:
        """Say that one entry has ceased to count."""
        self._dropped += 1
        if self._dropped * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if self._current(entry[3], entry[2])]
            heapq.heapify(self._heap)
            self._dropped = 0

    def next_time(self) -> float | None:
        """The earliest time, or ``None`` if there is nothing to come."""
        heap = self._heap
        while heap:
            when, _, turn, thing = heap[0]
            if self._current(thing, turn):
                return when
            heapq.heappop(heap)
            self._dropped = max(0, self._dropped - 1)
        return None

    def pop(self, now: float) -> T | None:
        """Take the earliest thing whose time has come."""
        when = self.next_time()
        if when is None or when > now:
            return None
        return heapq.heappop(self._heap)[3]
