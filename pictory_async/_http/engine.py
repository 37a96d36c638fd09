"""The HTTP engine: connections, each owned by one request at a time.

httpx's own pool (httpcore 1.0) searches all its connections and all its queued requests for every request, and
cancelling a request that waits for a connection can break it. So the engine keeps connections itself: transports of
**one** connection each on a last-in-first-out list, behind slots that bound the requests in flight. A request owns its
connection. One that ends in any other way than with a complete response closes it.
"""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs

from pictory_async._http.admission import Admission
from pictory_async._http.authorities import trusted
from pictory_async._http.messages import MAX_BODY, Response
from pictory_async._http.stream import CLOSING, Stream
from pictory_async._http.translate import Translate, limit
from pictory_async._limits.wait_queue import Priority
from pictory_async._statistics import HttpStatistics
from pictory_async.errors import ConnectionFailedError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from pictory_async._http.messages import Request
    from pictory_async._limits.slots import RequestSlots

KEEPALIVE: Final = 120.0
"""Seconds an idle connection is kept: longer than any polite polling interval."""


@attrs.define(repr=False, eq=False)
class _Idle:
    transport: Any
    secure: bool
    since: float


class Engine:
    """Sends requests over connections of its own, or over a transport that a user passed.

    Args:
        library: The HTTP library's module, ``httpx`` or ``httpx2``.
        make: Makes a transport from a TLS context.
        slots: Bounds the requests in flight.
        pooled: Whether one transport serves all requests because it keeps connections itself.
        owned: Whether closing this engine closes its transports.

    Attributes:
        slots: As passed.
    """

    def __init__(
        self,
        library: Any,
        make: Callable[[ssl.SSLContext], Any],
        slots: RequestSlots,
        *,
        pooled: bool = False,
        owned: bool = True,
    ) -> None:
        self.slots = slots
        self._library = library
        # Parsing an address is a tenth of a poll's cost, and polls ask for the same ones again and again.
        self._url = lru_cache(maxsize=1024)(library.URL)
        self._make = make
        self._pooled = pooled
        self._owned = owned
        self._shared: Any = None
        self._idle: list[_Idle] = []
        self._opened = 0
        self._sent = 0
        self._received = 0
        # By whether the address is an https one; a user's transport has one of its own.
        self._tls: dict[bool, ssl.SSLContext] = {}
        if not owned:
            self._tls = dict.fromkeys((True, False), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self._starting = anyio.Lock()
        self._home: object = None
        self._closed = False

    async def send(
        self, request: Request, priority: Priority, admit: Callable[[Priority], Awaitable[None]]
    ) -> Response:
        """Send one request and read its complete response.

        Args:
            request: The request.
            priority: Who goes first when all slots are taken.
            admit: Awaited immediately before sending, when there is a connection: the rate limiter.

        Raises:
            ConnectionFailedError: No connection could be made, or it broke.
            RequestTimeoutError: The exchange took longer than ``request.timeout`` seconds.
            MalformedResponseError: The body is too large or its compression is broken.
        """
        self._check_usable()
        slot = await self.slots.acquire(priority)

        async def grant() -> float:
            await admit(priority)
            self.check_open()  # it may have been closed while the request waited
            self._sent += 1
            now = anyio.current_time()
            if priority is Priority.POLL:
                self.slots.sent(slot, now)
            return now

        try:
            return await self._exchange(request, Admission(grant, request))
        finally:
            self.slots.release(slot)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncGenerator[Stream]:
        """Send one request and read its response while it arrives.

        ``request.timeout`` limits the time until the headers, and then until each next piece.

        Raises:
            ConnectionFailedError: No connection could be made, or it broke; also from `Stream.read`.
            RequestTimeoutError: Nothing arrived for ``request.timeout`` seconds; also from `Stream.read`.
        """
        self._check_usable()
        slot = await self.slots.acquire(Priority.BACKGROUND)
        transport = stream = None
        try:
            transport, _ = await self._connection(request)
            self._sent += 1
            translate = Translate(self._library, request)
            with translate, limit(request) as scope:
                stream = Stream(await self._open(transport, request), request, translate)
            if stream is None or scope.cancelled_caught:
                raise request.timed_out()
            yield stream
        finally:
            try:
                if stream is not None:
                    await stream.aclose()
                await self._finish(request, transport, whole=stream is not None and stream.whole)
            finally:
                self.slots.release(slot)

    async def aclose(self) -> None:
        """Close every idle connection; requests in flight close theirs when they end."""
        self._closed = True
        try:
            while self._idle:
                await _close(self._idle.pop().transport)
        finally:
            # A cancellation leaves the rest to the next call.
            shared, self._shared = self._shared, None
            if shared is not None and self._owned:
                await _close(shared)

    def statistics(self) -> HttpStatistics:
        """What the connections did so far."""
        return HttpStatistics(
            connections=len(self._idle) + self.slots.busy,
            busy=self.slots.busy,
            opened=self._opened,
            sent=self._sent,
            received=self._received,
        )

    def check_open(self) -> None:
        """Refuse a closed engine.

        Raises:
            PictoryConfigError: It is closed.
        """
        if self._closed:
            raise PictoryConfigError("This client is closed. Make a new one, and call it inside its block.")

    def _check_usable(self) -> None:
        self.check_open()
        from anyio.lowlevel import current_token  # noqa: PLC0415 - anyio itself loads it with the event loop

        home = current_token()
        if self._home is None:
            self._home = home
        elif self._home != home:
            raise PictoryConfigError(
                "This client was first used in another event loop. Make one client per event loop."
            )

    async def _exchange(self, request: Request, admission: Admission) -> Response:
        transport, fresh = await self._connection(request)
        # Before the request is sent, a kept connection can be used again; a new one cannot.
        whole = not fresh
        body = bytearray()
        excess = 0
        arriving: Any = None
        try:
            if not fresh:
                await admission.grant()
            whole = False
            with Translate(self._library, request), limit(request) as scope:
                arriving = await self._open(transport, request, admission.trace(scope) if fresh else None)
                async for chunk in arriving.stream:
                    if len(body) <= MAX_BODY:
                        body += chunk
                        continue
                    # Not `raise`: cancelled at its next read, the stream unwinds from the inside out.
                    scope.cancel()
                    excess += len(chunk)
                    if excess > MAX_BODY:  # aiohttp has more data at once, so that its reads are never cancelled
                        await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes long to import
                await arriving.aclose()
                whole = len(body) <= MAX_BODY
        except ConnectionFailedError:
            await admission.grant()  # failed attempts to connect are paced too
            raise
        finally:
            await self._finish(request, transport, arriving, whole=whole)
        if not whole:
            if len(body) > MAX_BODY:
                raise request.malformed(f"is larger than {MAX_BODY} bytes")
            raise request.timed_out(sent=admission.granted)
        self._received += len(body)
        response = Response(request, arriving.status_code, arriving.headers.raw, bytes(body), admission.sent_at)
        return response.decompressed()

    async def _open(self, transport: Any, request: Request, trace: object = None) -> Any:
        extensions: dict[str, Any] = {"timeout": {"connect": request.timeout}}
        if trace is not None:
            extensions["trace"] = trace
        message = self._library.Request(
            request.method, self._url(request.url), headers=request.headers, extensions=extensions
        )
        if hasattr(transport, "handle_async_request"):
            return await transport.handle_async_request(message)
        return await transport.send(message, stream=True, auth=None, follow_redirects=False)

    async def _connection(self, request: Request) -> tuple[Any, bool]:
        """A transport, and whether it has yet to connect."""
        self.check_open()  # it may have been closed while the request waited for its slot
        if self._shared is not None:
            return self._shared, False
        now = anyio.current_time()
        if self._idle and now - self._idle[0].since > KEEPALIVE:
            await _close(self._idle.pop(0).transport)
        for index in reversed(range(len(self._idle))):
            if self._idle[index].secure is request.secure:  # a connection for plain HTTP knows no authorities
                return self._idle.pop(index).transport, False
        async with self._starting:
            if self._shared is not None:  # another request made it meanwhile
                return self._shared, False
            secure = request.secure or self._pooled
            tls = self._tls.get(secure)
            if tls is not None:
                transport = self._make(tls)
            else:
                # Imports and certificates take about 60 ms: once per client and scheme, and in a thread.
                transport = await anyio.to_thread.run_sync(self._start, secure)
        self._opened += 1
        if self._pooled and not self._closed:  # else the request closes it
            self._shared = transport
        return transport, not self._pooled

    def _start(self, secure: bool) -> Any:  # noqa: FBT001 - run_sync passes no keywords
        tls = trusted(self._library) if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        transport = self._make(tls)
        self._tls[secure] = tls  # last: a request that finds it makes its transport on the event loop
        return transport

    async def _finish(self, request: Request, transport: Any, arriving: Any = None, *, whole: bool) -> None:
        if transport is None or transport is self._shared:
            if arriving is not None and not whole:
                # Else the pool of the user's transport would keep the connection.
                with suppress(Exception):
                    await _close(arriving)
            return
        # A connection that was cut off in the middle of a response must not serve another request.
        if whole and not self._closed:
            self._idle.append(_Idle(transport, request.secure, anyio.current_time()))
        else:
            await _close(transport)


async def _close(transport: Any) -> None:
    # Shielded, because it runs while a cancelled request unwinds; bounded, because a dead peer never replies.
    with anyio.move_on_after(CLOSING, shield=True):
        await transport.aclose()
