"""When one request may be sent: the rate limiter is asked at the last moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async._http.messages import Request


class Admission:
    """One request's way through the rate limiter.

    Connecting takes time, so on a new connection the limiter is asked when the connection is up. A request that was
    granted before would reach the server together with later ones, which were granted meanwhile: more requests in one
    of the server's windows than promised.

    Args:
        grant: Waits for the rate limiter, and returns the time.
        request: The request.

    Attributes:
        granted: Whether the limiter let the request through. Until then nothing of it was sent.
        sent_at: When the request was sent, by `anyio.current_time`.
    """

    __slots__ = ("_grant", "_request", "_scope", "granted", "sent_at")

    def __init__(self, grant: Callable[[], Awaitable[float]], request: Request) -> None:
        self._grant = grant
        self._request = request
        self._scope: anyio.CancelScope | None = None
        self.granted = False
        self.sent_at = anyio.current_time()

    async def grant(self) -> None:
        """Wait for the limiter, once."""
        if not self.granted:
            self.sent_at = await self._grant()
            self.granted = True

    def trace(self, scope: anyio.CancelScope) -> Callable[[str, Any], Awaitable[None]]:
        """What to pass to the HTTP library as its trace hook, while ``scope`` limits the request."""
        self._scope = scope
        return self._on_event

    async def _on_event(self, name: str, _: Any) -> None:
        if name.endswith("send_request_headers.started") and self._scope is not None:
            # Waiting for the budget does not count against the request's time limit.
            self._scope.deadline = math.inf
            await self.grant()
            if self._request.timeout is not None:
                self._scope.deadline = anyio.current_time() + self._request.timeout
