"""What a client needs of a rate limiter: `RateLimiter` is one, and users can write others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pictory_async._limits.wait_queue import Priority
    from pictory_async._settings.durations import Duration
    from pictory_async._statistics import RateLimiterStatistics


class Limiter(Protocol):
    """A request budget, for ``AsyncPictory(limiter=...)``, if a `RateLimiter` is not what you need.

    A client calls `acquire` before it takes or opens a connection, and `confirm` immediately before the first byte of
    the request. In between, it may have set up a connection, or the event loop may have been busy. If `confirm`
    returns false, the client calls both again. It reports each response to `accepted` or `refused`.

    All times are those of `anyio.current_time`, in seconds. An exception from `acquire` or `confirm` is a
    `ConnectionFailedError` for the request's caller, and nothing is sent.
    """

    async def acquire(self, priority: Priority, *, max_wait: Duration | None = None) -> float:
        """Wait until one request may be sent; it can be cancelled.

        Args:
            priority: How urgent the request is.
            max_wait: Raise `RateBudgetError` instead of waiting longer than so many seconds; ``None`` for no limit.

        Returns:
            The time of the grant.
        """
        ...

    def confirm(self, granted_at: float, /) -> bool:
        """Whether the request may be sent now. It must not wait.

        Args:
            granted_at: What `acquire` returned.

        Returns:
            True if the grant is still good or was renewed for this moment; then the request is sent. False if the
            client must acquire again.
        """
        ...

    def accepted(self, sent_at: float) -> None:
        """Note that the server accepted the request that was sent at this time."""
        ...

    def refused(self, sent_at: float, pause: Duration | None = None) -> None:
        """Note that the server answered 429 to the request that was sent at this time, or 503 while others succeed.

        Args:
            sent_at: When it was sent.
            pause: How long the server asked to wait, if it did.
        """
        ...

    def pause(self, duration: Duration) -> None:
        """Grant nothing for so long, as a server's ``Retry-After`` asks."""
        ...

    def statistics(self) -> RateLimiterStatistics:
        """What it did so far, for ``client.statistics()``; every field has a default."""
        ...
