"""What users pass as ``http=``, for type checkers: httpx2 need not be installed, so its classes cannot be named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable


class HttpClient(Protocol):
    """An ``AsyncClient`` of httpx or httpx2, for ``AsyncPictory(http=...)``; it stays yours to close."""

    def send(self, request: Any, *, stream: bool = False) -> Awaitable[Any]:
        """Send a request."""
        ...


class HttpTransport(Protocol):
    """An ``AsyncBaseTransport`` of httpx or httpx2, for ``AsyncPictory(http=...)``; it stays yours to close."""

    def handle_async_request(self, request: Any) -> Awaitable[Any]:
        """Send a request."""
        ...
