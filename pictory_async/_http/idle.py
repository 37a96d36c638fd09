"""Whether a connection may be kept for another request."""

from __future__ import annotations

from typing import Any, Final

_NOTHING: Final = (b"", False)


def is_clean(transport: Any) -> bool:
    """Whether nothing but the response was received so far, so that the next request gets no part of it.

    httpcore finds out itself about bytes that arrive while the connection is idle, because it looks at the socket
    before each request. It does not look into the buffers between the socket and the parser of HTTP, so this does. The
    places are not public. Where one of them is missing, as in a later version, it counts as empty: else no connection
    would be kept any more. What is at stake then is a GET, whose response is checked for the id that was asked for; a
    POST never uses a kept connection.
    """
    for connection in getattr(getattr(transport, "_pool", None), "connections", ()):
        http = getattr(connection, "_connection", None)
        http = getattr(http, "_connection", http)  # that to a proxy without a tunnel is one floor lower
        if getattr(getattr(http, "_h11_state", None), "trailing_data", _NOTHING)[0]:
            return False
        stream = getattr(getattr(http, "_network_stream", None), "_stream", None)
        while stream is not None:
            if _holds(stream):
                return False
            stream = getattr(stream, "transport_stream", None)
    return True


def _holds(stream: Any) -> bool:
    # TLS, of anyio and of trio: records that came in one piece with those of the response.
    for name in ("_read_bio", "_incoming"):
        if getattr(getattr(stream, name, None), "pending", 0):
            return True
    # A socket of anyio on asyncio: pieces that the event loop read before reading was paused.
    return bool(getattr(getattr(stream, "_protocol", None), "read_queue", None))
