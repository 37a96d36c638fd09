"""aiohttp behind httpx's interface, with what a budget needs to know: when a request is written, over which connection.

Importing this needs the extra ``aiohttp``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import httpx_aiohttp

from pictory_async._http.admission import WRITING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class Connector(aiohttp.TCPConnector):
    """Keeps connections, but not those that received something that nobody asked for.

    aiohttp reads from idle connections too, and would take a surplus response for that of the next request.
    """

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        """Take a kept connection, or open one."""
        self._close_if(lambda protocol, _since: protocol.should_close)
        return await super().connect(*arguments, **options)

    def drop_older(self, moment: float) -> None:
        """Close the idle connections that were last used before a moment, by `time.monotonic`."""
        self._close_if(lambda _protocol, since: since < moment)

    def _close_if(self, hopeless: Callable[[Any, float], bool]) -> None:
        # aiohttp itself leaves out closed connections when it looks for one.
        for idle in self._conns.values():
            for protocol, since in idle:
                if protocol.is_connected() and hopeless(protocol, since):
                    protocol.close()


class Transport(httpx_aiohttp.AiohttpTransport):
    """Sends requests with an aiohttp session of its own.

    Args:
        tls: For https addresses.
        limit: Connections at most.
        keepalive: Seconds that an idle connection is kept.
    """

    def __init__(self, tls: ssl.SSLContext, limit: int, keepalive: float) -> None:
        def open_session() -> aiohttp.ClientSession:
            # It belongs to the event loop that runs now.
            self._connectors.append(Connector(limit=limit, keepalive_timeout=keepalive, ssl=tls))
            jar = aiohttp.DummyCookieJar()
            return aiohttp.ClientSession(connector=self._connectors[0], cookie_jar=jar, trace_configs=[_hooks()])

        self._connectors: list[Connector] = []
        super().__init__(verify=tls, client=open_session)

    def drop_older(self, moment: float) -> None:
        """Close the idle connections that were last used before a moment, by `time.monotonic`."""
        for connector in self._connectors:
            connector.drop_older(moment)


def _hooks() -> aiohttp.TraceConfig:
    # aiohttp writes immediately after these two, and calls them also when it repeats a GET by itself because the server
    # had closed a kept connection.
    config = aiohttp.TraceConfig()
    config.on_connection_create_start.append(_on_opening)
    config.on_connection_create_end.append(_on_connection)
    config.on_connection_reuseconn.append(_on_connection)
    return config


async def _on_opening(*_: object) -> None:
    opening = WRITING.get()
    if opening is not None:
        opening.told, opening.kept = True, False


async def _on_connection(*_: object) -> None:
    opening = WRITING.get()
    if opening is not None:
        opening.told = True
        await opening.on_write()
