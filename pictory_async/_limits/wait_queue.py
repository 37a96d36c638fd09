"""Callers in a line: by priority, and first in, first out within one."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Line", "Place", "Priority"]


class Priority(IntEnum):
    """Who goes first when the budget is short; first in, first out within one priority."""

    INTERACTIVE = 0
    """A caller waits for this very answer."""

    POLL = 1
    """A look at a project that is being watched."""

    BACKGROUND = 2
    """Anything that can wait, such as renewing a link during a download."""


class Place:
    """One caller's place in a `Line`."""

    __slots__ = ("_event", "priority")

    def __init__(self, priority: Priority) -> None:
        self.priority = priority
        self._event = anyio.Event()

    async def called(self, within: float | None = None) -> None:
        """Sleep until somebody calls this place, or for so many seconds."""
        if self._event.is_set():  # from the last time: whoever sleeps has just seen that its turn has not come
            self._event = anyio.Event()
        if within is None:
            await self._event.wait()
            return
        with anyio.move_on_after(within):
            await self._event.wait()

    def call(self) -> None:
        """Wake whoever stands here; it decides itself whether its turn has come."""
        self._event.set()


class Line:
    """The order of waiting callers; joining, leaving and looking at the head cost the same for any length."""

    __slots__ = ("_queues", "waiting")

    def __init__(self) -> None:
        self._queues: tuple[OrderedDict[Place, None], ...] = tuple(OrderedDict() for _ in Priority)
        self.waiting = 0

    def join(self, priority: Priority) -> Place:
        """Stand at the end of a priority's queue."""
        place = Place(priority)
        self._queues[priority][place] = None
        self.waiting += 1
        return place

    def leave(self, place: Place) -> None:
        """Step out, from wherever in the line."""
        del self._queues[place.priority][place]
        self.waiting -= 1

    def has(self, place: Place) -> bool:
        """Whether somebody still stands there."""
        return place in self._queues[place.priority]

    def up_to(self, priority: Priority) -> int:
        """How many stand in queues that go before a newcomer of this priority."""
        return sum(len(queue) for queue in self._queues[: priority + 1])

    def heads(self) -> Iterator[Place]:
        """The first of each priority's queue, the most urgent one first."""
        for queue in self._queues:
            for place in queue:
                yield place
                break

    def head(self) -> Place | None:
        """Who is first of all."""
        return next(self.heads(), None)
