"""A response that is read while it arrives."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import anyio

from pictory_async._http.closing import CLOSING
from pictory_async._http.encoding import request_id_of
from pictory_async._http.messages import MAX_BODY, Body
from pictory_async._http.translate import Translate, limit

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable
    from typing import Self

    from pictory_async._http.messages import Headers, Request


def is_read(arriving: Any) -> bool:
    """Whether a response hook of a user's own client has read the body, and unpacked it if it was compressed."""
    return bool(arriving.is_stream_consumed)


def headers_of(arriving: Any) -> Headers:
    """The raw headers of a response, without the compression that its body has no longer."""
    headers: Headers = arriving.headers.raw
    if is_read(arriving):
        return [(name, value) for name, value in headers if name.lower() != b"content-encoding"]
    return headers


async def read_into(body: bytearray, chunks: AsyncIterable[bytes], scope: anyio.CancelScope) -> None:
    """Read a body to its end, or until it is larger than `MAX_BODY`; then cancel the scope, in which this runs."""
    excess = 0
    async for chunk in chunks:
        if len(body) <= MAX_BODY:
            body += chunk
            continue
        # Not `raise`: cancelled at its next read, the stream unwinds from the inside out.
        scope.cancel()
        excess += len(chunk)
        if excess > MAX_BODY:  # aiohttp has more data at once, so that its reads are never cancelled
            await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes long to import


def content_of(request: Request, scope: anyio.CancelScope | None) -> Any:
    """What an HTTP library sends as the body of a request that has one.

    Args:
        request: The request.
        scope: The limit of its time, which begins anew with each piece of a file.
    """
    if isinstance(request.body, Body):
        return request.body.written()
    return _Sending(request, scope)


# A class, because an async generator that is left early is cleaned up late, and with a warning on trio.


class _Sending:
    def __init__(self, request: Request, scope: anyio.CancelScope | None) -> None:
        self._pieces = cast("Callable[[], AsyncIterable[bytes]]", request.body)().__aiter__()
        self._timeout = request.timeout
        self._scope = scope

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._scope is not None and self._timeout is not None:
            self._scope.deadline = anyio.current_time() + self._timeout
        return await anext(self._pieces)


async def _at_once(body: bytes) -> AsyncIterator[bytes]:
    yield body


class Stream:
    """A response whose body is still arriving.

    Attributes:
        status: HTTP status code.
        headers: Raw header pairs.
        received: Bytes of the body that were read, as they were sent.
        whole: Whether the body arrived completely.
    """

    def __init__(self, arriving: Any, request: Request, translate: Translate) -> None:
        self.status: int = arriving.status_code
        self.headers: Headers = headers_of(arriving)
        self.received: int = 0
        self.whole: bool = False
        self._arriving = arriving
        self._request = request
        self._translate = translate
        chunks: AsyncIterable[bytes] = _at_once(arriving.content) if is_read(arriving) else arriving.stream
        self._chunks: AsyncIterator[bytes] = chunks.__aiter__()

    @property
    def request_id(self) -> str | None:
        """The server's own id of the request."""
        return request_id_of(self.headers, self._request.hide)

    async def read(self) -> bytes:
        """The next piece of the body as it was sent; empty at the end."""
        chunk: bytes | None = b""
        with self._translate, limit(self._request) as scope:
            while chunk == b"":  # HTTP/2 allows frames without data before the end
                chunk = await anext(self._chunks, None)
            self.whole = chunk is None
        if scope.cancelled_caught:
            raise self._request.timed_out()
        chunk = chunk or b""
        self.received += len(chunk)
        return chunk

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
