"""aiohttp behind httpx's interface, with what a budget needs to know: when a request is written, over which connection.

Importing this needs the extra ``aiohttp``.
"""

from __future__ import annotations

import weakref
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import httpx
import httpx_aiohttp

from pictory_async._http.admission import WRITING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterable

    from pictory_async._http.proxies import Proxy

_CLOCK: Final = 0.01
"""Seconds that uvloop's time may be behind that by which aiohttp notes when a connection became idle."""


class Connector(aiohttp.TCPConnector):
    """Has each request confirm its grant when it gets its connection: aiohttp writes immediately after that.

    It is also asked when aiohttp repeats a GET by itself, because the server had closed a kept connection.

    A kept connection that received something that nobody asked for is closed. aiohttp reads from idle connections too,
    and would take a surplus response for that of the next request.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # pyright: ignore[reportUnknownMemberType]
        self._known: weakref.WeakSet[Any] = weakref.WeakSet()

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        """Take a kept connection, or open one."""
        opening = WRITING.get()
        opening.told, opening.kept = True, False
        while True:
            connection = await super().connect(*arguments, **options)
            protocol: Any = connection.protocol
            if protocol not in self._known:
                self._known.add(protocol)
                break
            if not protocol.should_close:
                opening.kept = True
                break
            connection.close()
        try:
            await opening.on_write()
        except BaseException:
            connection.close()
            raise
        return connection

    def drop_older(self, moment: float) -> None:
        """Close the idle connections that were last used before a moment, by `anyio.current_time`."""
        for protocol in [protocol for protocol, since in self._idle() if since <= moment + _CLOCK]:
            protocol.close()

    def _idle(self) -> Iterable[tuple[Any, float]]:
        # Not public: as in `is_clean`, a later version that keeps them elsewhere is used without the checks.
        idle: dict[Any, Iterable[tuple[Any, float]]] = getattr(self, "_conns", {})
        return chain.from_iterable(idle.values())


class _Body(httpx.AsyncByteStream):
    """A body, to its last byte: after a cut, aiohttp raises its error and does not return what arrived before it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                yield chunk
        except Exception:
            # Not public: a later version that keeps it elsewhere is used without it.
            reader: Any = getattr(getattr(self._inner, "_aiohttp_response", None), "content", None)
            yield b"".join(getattr(reader, "_buffer", ()))[getattr(reader, "_buffer_offset", 0) :]
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()


class Transport(httpx_aiohttp.AiohttpTransport):
    """Sends requests with an aiohttp session of its own.

    Args:
        tls: For https addresses.
        limit: Connections at most.
        keepalive: Seconds that an idle connection is kept.
        proxy: The proxy to use.
        tunnel: Whether the proxy only passes on what is encrypted.
    """

    def __init__(
        self, tls: ssl.SSLContext, limit: int, keepalive: float, *, proxy: Proxy | None = None, tunnel: bool = True
    ) -> None:
        def open_session() -> aiohttp.ClientSession:
            # It belongs to the event loop that runs now.
            self._connectors.append(Connector(limit=limit, keepalive_timeout=keepalive, ssl=tls))
            jar = aiohttp.DummyCookieJar()
            # Without a tunnel, aiohttp sends a proxy the headers of requests and no others.
            headers = None if proxy is None or tunnel else proxy.headers()
            return aiohttp.ClientSession(connector=self._connectors[0], cookie_jar=jar, headers=headers)

        self._connectors: list[Connector] = []
        super().__init__(verify=tls, client=open_session, proxy=None if proxy is None else proxy.of(httpx, tls))

    def keep_rest(self, response: httpx.Response) -> None:
        """Have a response's body read to its last byte, also if it is cut off."""
        response.stream = _Body(response.stream)

    def drop_older(self, moment: float) -> None:
        """Close the idle connections that were last used before a moment, by `anyio.current_time`."""
        for connector in self._connectors:
            connector.drop_older(moment)
