"""Slots for requests in flight: a bounded number at a time, in order."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import anyio

from pictory_async._limits.wait_queue import Priority, WaitQueue

_OVERDUE: Final = 5.0
_SOONEST: Final = 0.1


class Slot:
    """One request's slot.

    Attributes:
        urgent: Whether it is an interactive call's.
        overdue: Whether it does not count any more, because its poll has been unanswered for so long.
    """

    __slots__ = ("overdue", "urgent")

    def __init__(self, priority: Priority) -> None:
        self.urgent: bool = priority is Priority.INTERACTIVE
        self.overdue: bool = False


class RequestSlots:
    """Lets a bounded number of requests be in flight at a time, in the order of a `WaitQueue`.

    A poll that is unanswered for 5 seconds does not count any more, so that polls that hang do not hold up the
    others. At most as many polls as there are slots for polls are left out in this way.

    Args:
        limit: Requests at a time.
        reserve: How many of these slots polls and background requests leave free for interactive calls.

    Attributes:
        busy: Requests in flight now, overdue polls included.
        most: How many requests can be in flight at most, overdue polls included.
        most_polls: How many of them can be polls.
    """

    def __init__(self, limit: int, reserve: int) -> None:
        self.busy: int = 0
        self._limit = limit
        self._poll_limit = limit - reserve
        self.most: int = limit + self._poll_limit
        self.most_polls: int = 2 * self._poll_limit
        self._patient = 0  # those that are not interactive, overdue polls included
        self._overdue = 0
        self._queue = WaitQueue()
        # Slots that were assigned to a request whose task has not run since.
        self._granted: dict[object, Slot] = {}
        self._unanswered: OrderedDict[Slot, float] = OrderedDict()

    async def acquire(self, priority: Priority) -> Slot:
        """Wait for a slot, and take it."""
        if not self._queue.any_before(priority):
            if self._fits(priority):
                return self._take(priority)
            self._leave_out_overdue()
            if self._fits(priority):
                return self._take(priority)
        ticket = self._queue.join(priority)
        try:
            while ticket in self._queue:
                # Only the first of a queue has a timer: a thousand timers at once would hold up the event loop.
                within = self._until_overdue() if self._queue.first(priority) is ticket else None
                ticket.timed = within is not None
                await ticket.wait(within)
                if ticket in self._queue:  # woken by time, or to set a timer
                    self._leave_out_overdue()
                    self._let_in()
        except BaseException:
            if ticket in self._queue:
                self._queue.leave(ticket)
                self._set_timers()
            else:  # the slot was handed over in the same moment
                self.release(self._granted.pop(ticket))
            raise
        return self._granted.pop(ticket)

    def sent(self, slot: Slot, now: float) -> None:
        """Note that a poll's request is sent now."""
        if slot.overdue:  # its HTTP library sends it a second time
            return
        self._unanswered[slot] = now
        self._unanswered.move_to_end(slot)
        if self._queue.waiting:
            self._set_timers()

    def release(self, slot: Slot) -> None:
        """Free the slot for the next request."""
        self.busy -= 1
        self._patient -= not slot.urgent
        self._overdue -= slot.overdue
        self._unanswered.pop(slot, None)
        if self._queue.waiting:
            self._leave_out_overdue()
            self._let_in()

    def _take(self, priority: Priority) -> Slot:
        slot = Slot(priority)
        self.busy += 1
        self._patient += not slot.urgent
        return slot

    def _let_in(self) -> None:
        # The slot is assigned here and not when the waiting task runs, so that a newcomer cannot take it.
        while ticket := next((head for head in self._queue.heads() if self._fits(head.priority)), None):
            self._queue.serve(ticket)
            self._granted[ticket] = self._take(ticket.priority)
            ticket.wake()
        self._set_timers()

    def _set_timers(self) -> None:
        # The first of each queue wakes when the oldest poll is overdue. It sleeps without a timer if nothing was sent
        # when it began to sleep, or if another request was in front of it.
        if self._queue.waiting and self._until_overdue() is not None:
            for head in self._queue.heads():
                if not head.timed:
                    head.wake()

    def _fits(self, priority: Priority) -> bool:
        if self.busy - self._overdue >= self._limit:
            return False
        return priority is Priority.INTERACTIVE or self._patient - self._overdue < self._poll_limit

    def _leave_out_overdue(self) -> None:
        before = anyio.current_time() - _OVERDUE
        while self._unanswered and self._overdue < self._poll_limit:
            slot, sent_at = next(iter(self._unanswered.items()))
            if sent_at > before:
                return
            del self._unanswered[slot]
            slot.overdue = True
            self._overdue += 1

    def _until_overdue(self) -> float | None:
        if self._overdue >= self._poll_limit:
            return None
        for sent_at in self._unanswered.values():
            return max(sent_at + _OVERDUE - anyio.current_time(), _SOONEST)
        return None
