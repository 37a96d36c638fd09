"""A queue of callers: urgent ones first, with a guaranteed share for the others; in order within one priority."""

from __future__ import annotations

from collections import OrderedDict
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

POLL_SHARE: Final = 0.25
"""The share of the turns that polls get while more urgent callers wait."""

BACKGROUND_SHARE: Final = 0.05
"""The share of the turns that background requests get while more urgent callers wait."""

_WHOLE: Final = 1.0 - 1e-9  # a sum of twenty times 0.05 may be a little less than one


class Priority(IntEnum):
    """How urgent a request is. First in, first out within one priority.

    The most urgent go first, but while they do, polls and background requests keep a share of the turns.
    """

    INTERACTIVE = 0
    """A caller waits for this response."""

    POLL = 1
    """A poll of a watched project or job."""

    BACKGROUND = 2
    """Anything that can wait, such as renewing a link during a download."""


class Ticket:
    """One waiting caller.

    Attributes:
        priority: How urgent it is.
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
    """The order of waiting callers. Joining, leaving and reading the head take the same time at any length.

    A class of callers that waits behind a more urgent one earns its share of each turn as a credit. With a whole
    credit its first caller goes ahead, which costs one. A credit is never much more than one, so that urgent callers
    are not held up by what the others saved while nobody urgent was there.

    Args:
        poll_share: The share that polls keep; 0 to 0.9.
    """

    __slots__ = ("_credits", "_queues", "_shares", "waiting")

    def __init__(self, poll_share: float = POLL_SHARE) -> None:
        self._queues: tuple[OrderedDict[Ticket, None], ...] = tuple(OrderedDict() for _ in Priority)
        self._shares = (0.0, poll_share, BACKGROUND_SHARE)
        self._credits = [0.0, 0.0, 0.0]
        self.waiting = 0

    def join(self, priority: Priority) -> Ticket:
        """Join the end of a priority's queue."""
        ticket = Ticket(priority)
        self._queues[priority][ticket] = None
        self.waiting += 1
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Leave without a turn, from any place in the queue."""
        del self._queues[ticket.priority][ticket]
        self.waiting -= 1

    def serve(self, ticket: Ticket) -> None:
        """Leave because it is this caller's turn, and settle the credits."""
        urgent = False
        for priority, queue in enumerate(self._queues):
            if urgent and queue:
                share = self._shares[priority]
                earned = self._credits[priority] + share
                self._credits[priority] = earned - 1.0 if priority == ticket.priority else min(earned, 1.0 + share)
            urgent = urgent or bool(queue)
        self.leave(ticket)

    def __contains__(self, ticket: Ticket) -> bool:
        return ticket in self._queues[ticket.priority]

    def ahead_of(self, priority: Priority) -> float:
        """How many turns, at the least, pass before that of a newcomer of this priority."""
        everybody = sum(len(queue) for queue in self._queues[: priority + 1])
        own, share = len(self._queues[priority]), self._shares[priority]
        return min(everybody, max(own, (own - 1) / share)) if share else everybody

    def any_before(self, priority: Priority) -> bool:
        """Whether somebody waits who is at least as urgent as a newcomer of this priority."""
        return any(self._queues[: priority + 1])

    def first(self, priority: Priority) -> Ticket | None:
        """The first of one priority's queue."""
        return next(iter(self._queues[priority]), None)

    def heads(self) -> Iterator[Ticket]:
        """The first of each priority's queue: those with a whole credit, then the most urgent one."""
        order: Iterable[Priority] = Priority
        if max(self._credits) >= _WHOLE:
            order = sorted(Priority, key=lambda priority: self._credits[priority] < _WHOLE)
        return filter(None, map(self.first, order))

    def head(self) -> Ticket | None:
        """The one whose turn is next."""
        return next(self.heads(), None)
