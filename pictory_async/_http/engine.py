"""HTTP: the only file that imports an HTTP library.

httpx's own pool (httpcore 1.0) searches all its connections and all its queued requests at every request, and hands
connections out in a way that cancellation can break. So connections are kept here instead: transports of **one**
connection each on a last-in-first-out list, behind a gate that admits a bounded number of requests in order. A request
owns its connection; one that ends in any way but with a whole answer takes the connection with it.
"""

from __future__ import annotations

import importlib
import ssl
import sys
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs
import httpx

from pictory_async._http.causes import cause_of
from pictory_async._http.messages import MAX_BODY, Reply, decompress, malformed, timed_out
from pictory_async._limits.slots import Admission, Gate
from pictory_async._limits.wait_queue import Priority
from pictory_async.errors import ConnectionFailedError, PictoryConfigError, PictoryError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from pictory_async._http.messages import Headers, Wire
    from pictory_async._statistics import HttpStatistics

__all__ = ["Engine", "Stream", "open_engine"]

KEEPALIVE: Final = 120.0
"""Seconds an idle connection is kept: longer than any polite polling interval."""

_CLOSING: Final = 5.0
_EXTRAS: Final = {"httpx2": ("httpx2", "httpx2"), "aiohttp": ("httpx_aiohttp", "aiohttp")}


@attrs.define(repr=False, eq=False)
class _Idle:
    transport: Any
    since: float


class Engine:
    """Sends requests over connections of its own, or over a transport that a user handed in.

    Args:
        library: The HTTP library's module, ``httpx`` or ``httpx2``.
        make: Makes a transport from a TLS context.
        pooled: Whether one transport serves all requests because it keeps connections itself.
        owned: Whether closing this engine closes its transports.
        limit: Requests in flight at most.
        reserve: How many of them are kept free for callers that wait for an answer.
    """

    def __init__(
        self,
        library: Any,
        make: Callable[[ssl.SSLContext], Any],
        *,
        pooled: bool = False,
        owned: bool = True,
        limit: int = 32,
        reserve: int = 8,
    ) -> None:
        self._library = library
        # Parsing an address is a tenth of a poll's cost, and polls ask for the same ones again and again.
        self._url = lru_cache(maxsize=1024)(library.URL)
        self._make = make
        self._pooled = pooled
        self._owned = owned
        self._shared: Any = None
        self._gate = Gate(limit, reserve)
        self._idle: list[_Idle] = []
        self._opened = 0
        self._sent = 0
        self._received = 0
        self._tls = None if owned else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._starting = anyio.Lock()
        self._home: object = None
        self._closed = False

    async def send(self, wire: Wire, priority: Priority, admit: Callable[[Priority], Awaitable[None]]) -> Reply:
        """Send one request and read its whole answer.

        Args:
            wire: The request.
            priority: Who goes first when all connections are busy.
            admit: Awaited immediately before sending, when there is a connection: the rate limiter.

        Raises:
            ConnectionFailedError: No connection, or it broke.
            RequestTimeoutError: The exchange took longer than ``wire.timeout`` seconds.
            MalformedResponseError: The body is too large or its compression is broken.
        """
        self._check_usable()
        await self._gate.enter(priority)
        try:
            return await self._exchange(wire, Admission(admit, priority, wire.timeout))
        finally:
            self._gate.leave()

    @asynccontextmanager
    async def stream(self, wire: Wire) -> AsyncGenerator[Stream]:
        """Send one request and hand out its answer while it arrives.

        ``wire.timeout`` limits the time to the headers, and then to each next piece.

        Raises:
            ConnectionFailedError: No connection, or it broke; also from `Stream.read`.
            RequestTimeoutError: Nothing came for ``wire.timeout`` seconds; also from `Stream.read`.
        """
        self._check_usable()
        await self._gate.enter(Priority.BACKGROUND)
        transport = stream = None
        try:
            transport, _ = await self._connection(wire)
            with self._translated(wire), _limit(wire) as scope:
                stream = Stream(await self._open(transport, wire), wire, self._translated(wire))
            if stream is None or scope.cancelled_caught:
                raise timed_out(wire)
            yield stream
        finally:
            try:
                if stream is not None:
                    await stream.aclose()
                await self._finish(transport, whole=stream is not None and stream.whole)
            finally:
                self._gate.leave()

    async def aclose(self) -> None:
        """Close every idle connection; requests in flight close theirs when they end."""
        self._closed = True
        idle, self._idle = self._idle, []
        for one in idle:
            await _close(one.transport)
        shared, self._shared = self._shared, None
        if shared is not None and self._owned:
            await _close(shared)

    def statistics(self) -> HttpStatistics:
        """What the connections did so far."""
        from pictory_async._statistics import HttpStatistics  # noqa: PLC0415 - seldom asked for

        return HttpStatistics(
            connections=len(self._idle) + self._gate.busy,
            busy=self._gate.busy,
            opened=self._opened,
            sent=self._sent,
            received=self._received,
        )

    def _check_usable(self) -> None:
        if self._closed:
            msg = "This client is closed. Make the call inside its 'async with' block."
            raise PictoryConfigError(msg)
        from anyio.lowlevel import current_token  # noqa: PLC0415 - anyio itself loads it with the event loop

        home = current_token()
        if self._home is None:
            self._home = home
        elif self._home != home:
            msg = "This client was first used in another event loop. Make one client per event loop."
            raise PictoryConfigError(msg)

    async def _exchange(self, wire: Wire, admission: Admission) -> Reply:
        transport, fresh = await self._connection(wire)
        whole = not fresh
        body = bytearray()
        response: Any = None
        try:
            if not fresh:
                await admission.grant()
            whole = False
            with self._translated(wire), _limit(wire) as scope:
                response = await self._open(transport, wire, admission.watching(scope) if fresh else None)
                async for chunk in response.stream:
                    body += chunk
                    if len(body) > MAX_BODY:
                        # Not `raise`: cancelled at its next read, the stream unwinds from the inside out.
                        scope.cancel()
                await response.aclose()
                whole = len(body) <= MAX_BODY
        except ConnectionFailedError:
            await admission.grant()  # also an attempt that found nobody at home is paced
            raise
        finally:
            await self._finish(transport, response, whole=whole)
        if not whole:
            if len(body) > MAX_BODY:
                raise malformed(wire, f"is larger than {MAX_BODY} bytes")
            raise timed_out(wire, sent=admission.granted)
        self._received += len(body)
        reply = Reply(response.status_code, response.headers.raw, bytes(body), admission.sent_at)
        encoding = reply.header(b"content-encoding")
        if encoding is None or not body:
            return reply
        return attrs.evolve(reply, body=decompress(reply.body, encoding, wire))

    async def _open(self, transport: Any, wire: Wire, trace: object = None) -> Any:
        self._sent += 1
        extensions: dict[str, Any] = {"timeout": {"connect": wire.timeout}}
        if trace is not None:
            extensions["trace"] = trace
        request = self._library.Request(
            wire.method, self._url(wire.url), headers=wire.headers, content=wire.content, extensions=extensions
        )
        if hasattr(transport, "handle_async_request"):
            return await transport.handle_async_request(request)
        return await transport.send(request, stream=True, auth=None, follow_redirects=False)

    async def _connection(self, wire: Wire) -> tuple[Any, bool]:
        """A transport, and whether it has still to connect."""
        if self._shared is not None:
            return self._shared, False
        now = anyio.current_time()
        if self._idle and now - self._idle[0].since > KEEPALIVE:
            await _close(self._idle.pop(0).transport)
        if self._idle:
            return self._idle.pop().transport, False
        async with self._starting:
            if self._tls is not None:
                transport = self._make(self._tls)
            else:
                # Imports and certificates, about 60 ms: once per client, and not on the event loop.
                self._tls, transport = await anyio.to_thread.run_sync(self._start, wire.url.startswith("https:"))
        self._opened += 1
        if self._pooled:
            self._shared = transport
        return transport, not self._pooled

    def _start(self, secure: bool) -> tuple[ssl.SSLContext, Any]:  # noqa: FBT001 - run_sync passes no keywords
        tls = self._library.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return tls, self._make(tls)

    async def _finish(self, transport: Any, response: Any = None, *, whole: bool) -> None:
        if transport is None or transport is self._shared:
            if response is not None and not whole:
                with suppress(Exception):
                    await _close(response)  # a pool of somebody else's must be told
            return
        if whole and not self._closed:
            self._idle.append(_Idle(transport, anyio.current_time()))
        else:
            await _close(transport)

    def _translated(self, wire: Wire) -> _Translate:
        return _Translate(self._library, wire)


class Stream:
    """An answer that is still arriving.

    Attributes:
        status: HTTP status code.
        headers: Raw header pairs.
        whole: Whether the body arrived to its end.
    """

    def __init__(self, response: Any, wire: Wire, translated: _Translate) -> None:
        self.status: int = response.status_code
        self.headers: Headers = response.headers.raw
        self.whole = False
        self._response = response
        self._wire = wire
        self._translated = translated
        self._chunks: AsyncIterator[bytes] = response.stream.__aiter__()

    async def read(self) -> bytes:
        """The next piece of the body as it was sent, in bytes; empty at the end."""
        chunk = b""
        with self._translated, _limit(self._wire) as scope:
            chunk = await anext(self._chunks, b"")
            self.whole = not chunk
        if scope.cancelled_caught:
            raise timed_out(self._wire)
        return chunk

    async def aclose(self) -> None:
        """Let go of the answer, whole or not."""
        if not self.whole:
            # Cancelled at its next read, the stream unwinds from the inside out; closing it would leave inner ones.
            # Shielded: else a cancellation from outside would end this here, and what comes after it.
            with suppress(Exception), anyio.CancelScope(shield=True) as scope:
                scope.cancel()
                while await anext(self._chunks, b""):
                    pass  # what has arrived already is handed out without reading
        with anyio.move_on_after(_CLOSING, shield=True), suppress(Exception):
            await self._response.aclose()


class _Translate:
    """Turns the HTTP library's exceptions into ours, without keeping them: they hold the request."""

    __slots__ = ("_library", "_wire")

    def __init__(self, library: Any, wire: Wire) -> None:
        self._library = library
        self._wire = wire

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, PictoryError):
            return
        if not isinstance(error, Exception):
            # A cancellation meets the library while it writes: its frames, which traceback printers show, hold the key.
            error.__traceback__ = None
            return
        wire = self._wire
        cause = cause_of(self._library, error)
        if cause is None:
            return
        if cause.timed_out:
            raise timed_out(wire, sent=cause.sent) from None
        msg = f"{wire.method} {wire.path} failed: {cause.reason}. Check the network and the base URL, then try again."
        raise ConnectionFailedError(msg, method=wire.method, path=wire.path, sent=cause.sent) from None


def _limit(wire: Wire) -> anyio.CancelScope:
    return anyio.CancelScope() if wire.timeout is None else anyio.move_on_after(wire.timeout)


async def _close(transport: Any) -> None:
    with anyio.move_on_after(_CLOSING, shield=True):
        await transport.aclose()


def open_engine(http: object, *, limit: int = 32, reserve: int = 8) -> Engine:
    """Make the engine for what a user passed as ``http``.

    Args:
        http: ``None`` or ``"httpx"``, ``"httpx2"``, ``"aiohttp"``, or an ``AsyncClient`` or ``AsyncBaseTransport`` of
            httpx or httpx2, which stays the user's to close.
        limit: As of `Engine`.
        reserve: As of `Engine`.

    Raises:
        PictoryConfigError: It is none of these, or its extra is not installed.
    """
    if http is None or http == "httpx":
        return _own_connections(httpx, limit, reserve)
    if isinstance(http, str):
        return _named_engine(http, limit, reserve)
    for library in (httpx, sys.modules.get("httpx2")):
        if library is not None and isinstance(http, (library.AsyncClient, library.AsyncBaseTransport)):
            return Engine(library, lambda _: http, pooled=True, owned=False, limit=limit, reserve=reserve)
    msg = (
        'http must be "httpx", "httpx2", "aiohttp", or an AsyncClient or AsyncBaseTransport of httpx or httpx2, '
        f"not {type(http).__name__}."
    )
    raise PictoryConfigError(msg)


def _named_engine(name: str, limit: int, reserve: int) -> Engine:
    if name not in _EXTRAS:
        msg = f'http must be "httpx", "httpx2" or "aiohttp", or a client or transport object, not {name!r}.'
        raise PictoryConfigError(msg)
    module, extra = _EXTRAS[name]
    try:
        library: Any = importlib.import_module(module)
    except ImportError:
        msg = f'http={name!r} needs an extra: pip install "pictory-async[{extra}]"'
        raise PictoryConfigError(msg) from None
    if name == "httpx2":
        return _own_connections(library, limit, reserve)
    pool = httpx.Limits(max_connections=limit, keepalive_expiry=KEEPALIVE)
    return Engine(
        httpx,
        lambda tls: library.AiohttpTransport(verify=tls, limits=pool),
        pooled=True,
        limit=limit,
        reserve=reserve,
    )


def _own_connections(library: Any, limit: int, reserve: int) -> Engine:
    one = library.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE)
    return Engine(library, lambda tls: library.AsyncHTTPTransport(verify=tls, limits=one), limit=limit, reserve=reserve)
