"""The HTTP engine: connections, each owned by one request at a time.

httpx's own pool (httpcore 1.0) searches all its connections and all its queued requests for every request, and
cancelling a request that waits for a connection can break it. So the engine keeps connections itself: transports of
**one** connection each on a last-in-first-out list, behind slots that bound the requests in flight. A request owns its
connection. One that ends in any other way than with a complete response closes it.

What changes something always gets a new connection: on a kept one, a surplus response could be taken for its own, and a
server that closes an idle connection in the same moment would leave it uncertain.
"""

from __future__ import annotations

import ssl
import warnings
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs

from pictory_async._http.addresses import Addresses
from pictory_async._http.admission import WRITING, Admission, Opening
from pictory_async._http.authorities import Authorities
from pictory_async._http.closing import CLOSING, close_all, discard
from pictory_async._http.idle import is_clean
from pictory_async._http.messages import MAX_BODY, Response
from pictory_async._http.proxies import DIRECT, Way
from pictory_async._http.stream import Stream, content_of, headers_of, is_read, read_into
from pictory_async._http.translate import Translate, limit
from pictory_async._limits.wait_queue import Priority
from pictory_async._statistics import HttpStatistics
from pictory_async.errors import ConnectionFailedError, PictoryConfigError
from pictory_async.errors._base import changed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from pictory_async._http.messages import Request
    from pictory_async._http.proxies import Proxies
    from pictory_async._limits.interface import Limiter
    from pictory_async._limits.slots import RequestSlots, Slot

KEEPALIVE: Final = 120.0
"""Seconds an idle connection is kept: longer than any polite polling interval."""


@attrs.define(repr=False, eq=False)
class _Idle:
    transport: Any
    way: Way | None
    since: float


class Engine:
    """Sends requests over connections of its own, or over a transport that a user passed.

    Args:
        library: The HTTP library's module, ``httpx`` or ``httpx2``.
        make: Makes a transport from a TLS context; if there is a proxy, also from ``proxy``, and ``tunnel``: whether
            the proxy only passes on what is encrypted.
        slots: Bounds the requests in flight.
        pooled: Whether one transport serves all requests because it keeps connections itself.
        owned: Whether closing this engine closes its transports.
        proxies: Which proxy leads to which host; ``None`` if there are none.
        authorities: The authorities to trust; ``None`` for the usual ones.

    Attributes:
        slots: As passed.
    """

    _closed = True  # until it is complete: an engine whose making failed has nothing to close

    def __init__(
        self,
        library: Any,
        make: Callable[..., Any],
        slots: RequestSlots,
        *,
        pooled: bool = False,
        owned: bool = True,
        proxies: Proxies | None = None,
        authorities: Authorities | None = None,
    ) -> None:
        self.slots = slots
        self._library = library
        self._url = Addresses(library)
        self._make = make
        self._pooled = pooled
        self._owned = owned
        self._proxies = proxies
        self._authorities = authorities or Authorities()
        self._shared: dict[Way, Any] = {}
        # By whether a way is secure. A connection for plain HTTP needs no authorities.
        self._tls: dict[bool, ssl.SSLContext] = {False: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
        if not owned:
            self._tls[True] = self._tls[False]  # a user's transport has its own
        elif self._authorities.ready is not None:
            self._tls[True] = self._authorities.ready
        self._idle: list[_Idle] = []
        self._leaving: dict[int, Any] = {}
        self._opened = 0
        self._sent = 0
        self._received = 0
        self._starting = anyio.Lock()
        self._home: object = None
        self._closed = False

    def __del__(self) -> None:
        if not self._closed and self._owned and (self._idle or self._shared):
            warnings.warn(
                "An AsyncPictory was never closed, and its connections are still open. "
                "Use it in 'async with AsyncPictory() as client:', or call 'await client.aclose()' at the end.",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )

    async def send(self, request: Request, priority: Priority, limiter: Limiter) -> Response:
        """Send one request and read its complete response.

        Args:
            request: The request.
            priority: How urgent it is.
            limiter: The budget: asked before the request gets a connection, and again when it is written.

        Raises:
            RateBudgetError: The request would have to wait longer than ``request.max_queue``.
            ConnectionFailedError: No connection could be made, or it broke, or the limiter failed.
            RequestTimeoutError: The exchange took longer than ``request.timeout`` seconds.
            MalformedResponseError: The body is too large or its compression is broken.
        """
        self.check_usable()
        may_wait = request.max_queue
        if may_wait is None:
            slot = await self.slots.acquire(priority)
        else:
            slot, may_wait = await self._slot_in_time(request, priority, may_wait)

        def on_sent(now: float) -> None:
            self.check_open()  # it may have been closed while the request waited
            self._sent += 1
            request.sent_at = now
            if priority is Priority.POLL:
                self.slots.sent(slot, now)

        try:
            admission = Admission(limiter, request, priority, may_wait, on_sent, once=self._owned)
            await admission.acquire()
            return await self._exchange(request, admission)
        finally:
            self.slots.release(slot)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncGenerator[Stream]:
        """Send one request and read its response while it arrives.

        ``request.timeout`` limits the time until the headers, and then until each next piece; while a file is sent, the
        time for each of its pieces.

        Raises:
            ConnectionFailedError: No connection could be made, or it broke; also from `Stream.read`.
            RequestTimeoutError: Nothing arrived for ``request.timeout`` seconds; also from `Stream.read`.
        """
        self.check_usable()
        slot = await self.slots.acquire(Priority.BACKGROUND)
        transport = stream = None
        opening = Opening(once=self._owned)
        try:
            transport = await self._connection(request)
            self._sent += 1
            request.sent_at = anyio.current_time()
            translate = Translate(self._library, request, opening)
            with translate, limit(request) as scope:
                arriving = await self._open(transport, request, opening, scope)
                if hasattr(transport, "keep_rest"):  # a response that is cut off may be continued
                    transport.keep_rest(arriving)
                stream = Stream(arriving, request, translate)
            if stream is None or scope.cancelled_caught:
                raise request.timed_out()
            yield stream
        finally:
            try:
                if stream is not None:
                    await stream.aclose()
                await self._finish(request, transport, opening, whole=stream is not None and stream.whole)
            finally:
                self.slots.release(slot)

    async def aclose(self) -> None:
        """Close every idle connection, within 5 seconds; requests in flight close theirs when they end.

        Another call closes what a first one could not close in time.
        """
        self._closed = True
        leaving = [idle.transport for idle in self._idle]
        self._idle.clear()
        if self._owned:
            leaving += self._shared.values()
        self._shared.clear()
        self._leaving |= {id(transport): transport for transport in leaving}
        await close_all([partial(self._leave, transport) for transport in self._leaving.values()])

    async def _leave(self, transport: Any) -> None:
        with suppress(Exception):
            await transport.aclose()
        self._leaving.pop(id(transport), None)  # two calls may close at the same time

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

    def check_usable(self) -> None:
        self.check_open()
        from anyio.lowlevel import current_token  # noqa: PLC0415 - anyio itself loads it with the event loop

        home = current_token()
        if self._home is None:
            self._home = home
        elif self._home != home:
            raise PictoryConfigError(
                "This client was first used in another event loop. Make one client per event loop."
            )

    async def _slot_in_time(self, request: Request, priority: Priority, limit: float) -> tuple[Slot, float]:
        """A slot, and how long the request may still wait."""
        with anyio.move_on_after(limit) as scope:
            slot = await self.slots.acquire(priority)
            return slot, max(0.0, scope.deadline - anyio.current_time())
        raise request.refused(f"all places for requests in flight stayed taken for {limit:g} s. Try later.")

    async def _exchange(self, request: Request, admission: Admission) -> Response:
        transport = await self._connection(request)
        whole = False
        body = bytearray()
        arriving: Any = None
        try:
            if not self._owned:
                await admission.write_early()
            with Translate(self._library, request, admission), limit(request) as scope:
                admission.limited_by(scope)
                arriving = await self._open(transport, request, admission)
                if not admission.written:  # the HTTP library did not say that it wrote
                    await admission.on_write()
                if is_read(arriving):
                    body += arriving.content
                else:
                    await read_into(body, arriving.stream, scope)
                await arriving.aclose()
                whole = len(body) <= MAX_BODY
        except ConnectionFailedError as error:
            if admission.failure is not None:  # aiohttp takes it for an error of the network
                raise admission.failure from None
            if admission.again and not error.sent:  # the first attempt may have arrived
                raise changed(error, sent=True) from None
            raise
        finally:
            await self._finish(request, transport, admission, arriving, whole=whole)
        if not whole:
            if len(body) > MAX_BODY:
                raise request.malformed(f"is larger than {MAX_BODY} bytes", headers_of(arriving))
            if admission.kept and admission.written:
                # What made this connection silent, such as a VPN that was off, may have hit those of its age.
                await self._drop_older(transport, admission.sent_at)
            raise request.timed_out(sent=admission.written or not admission.told)
        self._received += len(body)
        response = Response(request, arriving.status_code, headers_of(arriving), bytes(body), admission.sent_at)
        return response.decompressed()

    async def _open(
        self, transport: Any, request: Request, opening: Opening, scope: anyio.CancelScope | None = None
    ) -> Any:
        extensions = {"timeout": {"connect": request.timeout}, "trace": opening.on_event}
        message = self._library.Request(
            request.method,
            self._url(request),
            headers=request.written(),
            content=None if request.body is None else content_of(request, scope),
            extensions=extensions,
        )
        if not self._pooled:
            return await transport.handle_async_request(message)
        token = WRITING.set(opening)
        try:
            if hasattr(transport, "handle_async_request"):
                return await transport.handle_async_request(message)
            return await transport.send(message, stream=True, auth=None, follow_redirects=False)
        finally:
            WRITING.reset(token)

    async def _connection(self, request: Request) -> Any:
        """A transport, which may have to connect yet."""
        self.check_open()  # it may have been closed while the request waited
        way = DIRECT[request.secure] if self._proxies is None else self._proxies.way(request.url)
        request.way = way
        alone = request.method != "GET" and self._owned
        if not alone:
            if way in self._shared:
                return self._shared[way]
            if self._idle and (kept := await self._kept(way)) is not None:
                return kept
        async with self._starting:
            if not alone and way in self._shared:  # another request made it meanwhile
                return self._shared[way]
            tls = self._tls.get(way.secure)
            if tls is not None:
                transport = self._make(tls, **way.options)
            else:
                # Imports and certificates take about 60 ms: once per client, and in a thread.
                transport = await anyio.to_thread.run_sync(self._start, way)
        self._opened += 1
        if self._pooled and not alone and not self._closed:  # else the request closes it
            self._shared[way] = transport
        return transport

    async def _kept(self, way: Way) -> Any:
        now = anyio.current_time()
        while self._idle and now - self._idle[0].since > KEEPALIVE:
            await discard(self._idle.pop(0).transport)
        for index in reversed(range(len(self._idle))):
            if self._idle[index].way is way:
                return self._idle.pop(index).transport
        return None

    def _start(self, way: Way) -> Any:
        tls = self._authorities.context(self._library)
        transport = self._make(tls, **way.options)
        self._tls[True] = tls  # last: a request that finds it makes its transport on the event loop
        return transport

    async def _finish(
        self, request: Request, transport: Any, opening: Opening, arriving: Any = None, *, whole: bool
    ) -> None:
        if not whole:
            await _close(opening.abandon)
            if self._pooled and arriving is not None:
                # Else the pool of the transport would keep the connection.
                with suppress(Exception):
                    await _close(arriving.aclose)
        if transport is None or not self._owned or transport in self._shared.values():
            return
        # A connection that was cut off in the middle of a response must not serve another request.
        usable = whole and not self._closed and not self._pooled and is_clean(transport)
        # What changes something opens one of its own, so there could be more of them than are ever needed at once.
        if usable and len(self._idle) < self.slots.most:
            self._idle.append(_Idle(transport, request.way, anyio.current_time()))
        else:
            await _close(transport.aclose)

    async def _drop_older(self, transport: Any, moment: float) -> None:
        if not self._pooled:
            older = [idle for idle in self._idle if idle.since <= moment]
            self._idle = [idle for idle in self._idle if idle.since > moment]
            for idle in older:
                await discard(idle.transport)
        elif self._owned:
            transport.drop_older(moment)


async def _close(close: Callable[[], Awaitable[object]]) -> None:
    # Shielded, because it runs while a cancelled request unwinds; bounded, because a dead peer never replies.
    with anyio.move_on_after(CLOSING, shield=True):
        await close()
