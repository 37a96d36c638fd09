"""Which project is due next. Pure: it takes ``now``, keeps a heap, and never sleeps."""

from __future__ import annotations

import heapq
from typing import Generic, Protocol, TypeVar

__all__ = ["Agenda"]


class Enterable(Protocol):
    """A thing with a time; ``entry`` is the agenda's, and 0 where the thing is not in it."""

    entry: int


T = TypeVar("T", bound=Enterable)


class Agenda(Generic[T]):
    """Things and their times, earliest first, and in order of entry at the same time. Each is in it once at most.

    An entry is never searched for: what is taken off or put elsewhere stays in the heap until it comes up, or until
    such entries are more than half of it.
    """

    __slots__ = ("_dropped", "_entries", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._entries = 0
        self._dropped = 0

    def put(self, thing: T, when: float) -> None:
        """Enter a thing for a time, in place of the time it had."""
        if thing.entry:
            self.remove(thing)
        self._entries += 1
        thing.entry = self._entries
        heapq.heappush(self._heap, (when, self._entries, thing))

    def remove(self, thing: T) -> None:
        """Take a thing off, if it is there."""
        if not thing.entry:
            return
        thing.entry = 0
        self._dropped += 1
        if self._dropped * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].entry == entry[1]]
            heapq.heapify(self._heap)
            self._dropped = 0

    def next_time(self) -> float | None:
        """The earliest time, or ``None`` if there is nothing to come."""
        heap = self._heap
        while heap:
            when, entry, thing = heap[0]
            if thing.entry == entry:
                return when
            heapq.heappop(heap)
            self._dropped -= 1
        return None

    def pop(self, now: float) -> T | None:
        """Take the earliest thing whose time has come."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            _, entry, thing = heapq.heappop(heap)
            if thing.entry == entry:
                thing.entry = 0
                return thing
            self._dropped -= 1
        return None
