"""A bounded number of requests in flight, in order."""

from __future__ import annotations

from pictory_async._line import Line, Priority

__all__ = ["Gate"]


class Gate:
    """Admits at most ``limit`` requests at a time, more urgent ones first and else in order.

    Args:
        limit: Requests at a time.
        reserve: How many of them are kept free for callers that wait for an answer, so that polls which hang cannot
            hold those up.

    Attributes:
        busy: Requests inside now.
    """

    def __init__(self, limit: int, reserve: int) -> None:
        self.busy = 0
        self._limit = limit
        self._poll_limit = limit - reserve
        self._line = Line()

    async def enter(self, priority: Priority) -> None:
        """Wait for a place inside, and take it."""
        if not self._fits(priority) or self._line.up_to(priority):
            await self._queue(priority)
        self.busy += 1
        if self._line.waiting:
            self._call_next()

    def leave(self) -> None:
        """Give the place to whoever comes next."""
        self.busy -= 1
        if self._line.waiting:
            self._call_next()

    async def _queue(self, priority: Priority) -> None:
        place = self._line.join(priority)
        try:
            while not self._fits(priority) or place not in self._line.heads():
                await place.called()
        except BaseException:
            self._line.leave(place)
            self._call_next()
            raise
        self._line.leave(place)

    def _fits(self, priority: Priority) -> bool:
        return self.busy < (self._limit if priority is Priority.INTERACTIVE else self._poll_limit)

    def _call_next(self) -> None:
        for place in self._line.heads():
            if self._fits(place.priority):
                place.call()
                return
