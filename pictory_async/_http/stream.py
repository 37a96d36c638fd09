"""A response that is read while it arrives."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import anyio

from pictory_async._http.translate import Translate, limit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pictory_async._http.messages import Headers, Request

CLOSING: Final = 5.0
"""Seconds that closing a response or a connection may take."""


class Stream:
    """A response whose body is still arriving.

    Attributes:
        status: HTTP status code.
        headers: Raw header pairs.
        whole: Whether the body arrived completely.
    """

    def __init__(self, arriving: Any, request: Request, translate: Translate) -> None:
        self.status: int = arriving.status_code
        self.headers: Headers = arriving.headers.raw
        self.whole = False
        self._arriving = arriving
        self._request = request
        self._translate = translate
        self._chunks: AsyncIterator[bytes] = arriving.stream.__aiter__()

    async def read(self) -> bytes:
        """The next piece of the body as it was sent; empty at the end."""
        chunk: bytes | None = b""
        with self._translate, limit(self._request) as scope:
            while chunk == b"":  # HTTP/2 allows frames without data before the end
                chunk = await anext(self._chunks, None)
            self.whole = chunk is None
        if scope.cancelled_caught:
            raise self._request.timed_out()
        return chunk or b""

    async def aclose(self) -> None:
        """Close the response, complete or not."""
        if not self.whole:
            # Cancelled at its next read, the stream unwinds from the inside out; closing it would leave inner ones.
            # Shielded: a cancellation from outside would end this here, and skip what comes after it.
            with suppress(Exception), anyio.CancelScope(shield=True) as scope:
                scope.cancel()
                while await anext(self._chunks, None) is not None:
                    pass  # what has arrived already is yielded without reading
        with anyio.move_on_after(CLOSING, shield=True), suppress(Exception):
            await self._arriving.aclose()
