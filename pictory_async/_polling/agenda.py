"""What is due next. Pure: it takes ``now``, keeps a heap, and never sleeps."""

from __future__ import annotations

import heapq
from typing import Generic, Protocol, TypeVar


class Enterable(Protocol):
    """An item of an agenda. ``entry`` is 0 if it is not in one; ``when`` is its time."""

    entry: int
    when: float


T = TypeVar("T", bound=Enterable)


class Agenda(Generic[T]):
    """Items and their times, the earliest first, and in order of entry at the same time. Each item is in it once.

    Removed entries stay in the heap. They are skipped later, or deleted when they are more than half of it.
    """

    __slots__ = ("_dropped", "_entries", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._entries = 0
        self._dropped = 0

    def put(self, item: T, when: float) -> None:
        """Set the time of an item."""
        if item.entry:
            self.remove(item)
        self._entries += 1
        item.entry, item.when = self._entries, when
        heapq.heappush(self._heap, (when, self._entries, item))

    def remove(self, item: T) -> None:
        """Remove an item, if it is there."""
        if not item.entry:
            return
        # The heap still holds it under its old number, which no item has any more.
        item.entry = 0
        self._dropped += 1
        if self._dropped * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].entry == entry[1]]
            heapq.heapify(self._heap)
            self._dropped = 0

    def next_time(self) -> float | None:
        """The earliest time, or ``None`` if the agenda is empty."""
        heap = self._heap
        while heap:
            when, entry, item = heap[0]
            if item.entry == entry:
                return when
            heapq.heappop(heap)
            self._dropped -= 1
        return None

    def pop(self, now: float) -> T | None:
        """Remove and return the earliest item whose time has come; ``None`` if there is none."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, entry, item = heapq.heappop(heap)
            if item.entry == entry:
                item.entry = 0
                return item
            self._dropped -= 1
        return None
