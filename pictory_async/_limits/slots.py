"""A bounded number of requests in flight, in order, each admitted at the last moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import anyio

from pictory_async._limits.wait_queue import Line, Priority

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Admission", "Gate"]


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
        if self._fits(priority) and not self._line.up_to(priority):
            self.busy += 1
            return
        place = self._line.join(priority)
        try:
            await place.called()
        except BaseException:
            if self._line.has(place):
                self._line.leave(place)
            else:  # it was let in at the very moment
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to whoever comes next."""
        self.busy -= 1
        if self._line.waiting:
            self._let_in()

    def _let_in(self) -> None:
        # The place is handed over at once, so that nobody who comes in between can take it.
        for place in self._line.heads():
            if self._fits(place.priority):
                self._line.leave(place)
                self.busy += 1
                place.call()
                return

    def _fits(self, priority: Priority) -> bool:
        return self.busy < (self._limit if priority is Priority.INTERACTIVE else self._poll_limit)


class Admission:
    """Asks the rate limiter at the last moment: on a new connection when it stands, because connecting takes time.

    A request that is let through and then waits for its connection would reach the server together with later ones,
    and the server would count more of them in its window than were promised.

    Attributes:
        granted: Whether the limiter let the request through. Until then nothing of it was sent.
        sent_at: When it was sent, by `anyio.current_time`.
    """

    __slots__ = ("_admit", "_priority", "_scope", "_timeout", "granted", "sent_at")

    def __init__(self, admit: Callable[[Priority], Awaitable[None]], priority: Priority, timeout: float | None) -> None:
        self._admit = admit
        self._priority = priority
        self._timeout = timeout
        self._scope: anyio.CancelScope | None = None
        self.granted = False
        self.sent_at = anyio.current_time()

    async def grant(self) -> None:
        """Wait for the limiter, once."""
        if not self.granted:
            await self._admit(self._priority)
            self.granted = True
            self.sent_at = anyio.current_time()

    def watching(self, scope: anyio.CancelScope) -> Callable[[str, Any], Awaitable[None]]:
        """What to pass as the HTTP library's trace, while ``scope`` limits the request."""
        self._scope = scope
        return self._on_event

    async def _on_event(self, name: str, _: Any) -> None:
        if name.endswith("send_request_headers.started") and self._scope is not None:
            self._scope.deadline = math.inf
            await self.grant()
            if self._timeout is not None:
                self._scope.deadline = anyio.current_time() + self._timeout
