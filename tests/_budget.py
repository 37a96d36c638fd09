"""A limiter that keeps a book, and clients that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from pictory_async import AsyncPictory, RateLimiterStatistics, RetryPolicy
from tests._raw import answer, kept

if TYPE_CHECKING:
    from pictory_async import Limiter, Priority

FILM = kept(b'{"projectName": "Film"}', "content-type: application/json")
CLOSED = answer(200, b'{"projectName": "Film"}')


class Book:
    """A limiter that keeps a book of what it was asked, and says no as often as it is told to.

    Attributes:
        acquired: How often it was asked for a grant.
        confirmed: How many requests it let through at their writes.
        denials: How many of the next confirmations it refuses.
        gate: Nothing is granted before it is set.
    """

    def __init__(self, denials: int = 0) -> None:
        self.acquired = 0
        self.confirmed = 0
        self.denials = denials
        self.gate = anyio.Event()
        self.gate.set()

    async def acquire(self, priority: Priority, *, max_wait: object = None) -> float:
        await self.gate.wait()
        self.acquired += 1
        return anyio.current_time()

    def confirm(self, granted_at: float, /) -> bool:
        assert granted_at <= anyio.current_time()
        if self.denials:
            self.denials -= 1
            return False
        self.confirmed += 1
        return True

    def accepted(self, sent_at: float) -> None:
        assert sent_at <= anyio.current_time()

    def refused(self, sent_at: float, pause: object = None) -> None:
        """Nothing follows."""

    def pause(self, duration: object) -> None:
        """Nothing follows."""

    def statistics(self) -> RateLimiterStatistics:
        return RateLimiterStatistics(granted=self.acquired)


def client_of(origin: str, http: Any = None, limiter: Limiter | None = None, **options: Any) -> AsyncPictory:
    """Make a client that sends every request once."""
    settings: dict[str, Any] = {"retry": RetryPolicy(attempts=1), "timeout": 60.0, **options}
    return AsyncPictory("pictai_a", base_url=origin, http=http, limiter=limiter or Book(), **settings)
