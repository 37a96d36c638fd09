"""A queue of callers: by priority, and first in, first out within one priority."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Iterator


class Priority(IntEnum):
    """The order of waiting requests; first in, first out within one priority."""

    INTERACTIVE = 0
    """A caller waits for this response."""

    POLL = 1
    """A poll of a watched project or job."""

    BACKGROUND = 2
    """Anything that can wait, such as renewing a link during a download."""


class Ticket:
    """One waiting caller.

    Attributes:
        priority: Who goes first.
        timed: Whether it sleeps with a timer.
    """

    __slots__ = ("_event", "priority", "timed")

    def __init__(self, priority: Priority) -> None:
        self.priority = priority
        self.timed = False
        self._event = anyio.Event()

    async def wait(self, within: float | None = None) -> None:
        """Sleep until `wake` is called, or for so many seconds."""
        if self._event.is_set():  # by an earlier call, after which the caller saw that it is not its turn yet
            self._event = anyio.Event()
        if within is None:
            await self._event.wait()
            return
        with anyio.move_on_after(within):
            await self._event.wait()

    def wake(self) -> None:
        """Wake the caller; it checks itself whether it is its turn."""
        self._event.set()


class WaitQueue:
    """The order of waiting callers. Joining, leaving and reading the head take the same time at any length."""

    __slots__ = ("_queues", "waiting")

    def __init__(self) -> None:
        self._queues: tuple[OrderedDict[Ticket, None], ...] = tuple(OrderedDict() for _ in Priority)
        self.waiting = 0

    def join(self, priority: Priority) -> Ticket:
        """Join the end of a priority's queue."""
        ticket = Ticket(priority)
        self._queues[priority][ticket] = None
        self.waiting += 1
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Leave, from any place in the queue."""
        del self._queues[ticket.priority][ticket]
        self.waiting -= 1

    def __contains__(self, ticket: Ticket) -> bool:
        return ticket in self._queues[ticket.priority]

    def ahead_of(self, priority: Priority) -> int:
        """How many callers go before a newcomer of this priority."""
        return sum(len(queue) for queue in self._queues[: priority + 1])

    def first(self, priority: Priority) -> Ticket | None:
        """The first of one priority's queue."""
        return next(iter(self._queues[priority]), None)

    def heads(self) -> Iterator[Ticket]:
        """The first of each priority's queue, the most urgent one first."""
        return filter(None, map(self.first, Priority))

    def head(self) -> Ticket | None:
        """The first of all."""
        return next(self.heads(), None)
