"""What an exception of an HTTP library means: whether time ran out, and whether the request may have been sent."""

from __future__ import annotations

import sys
from typing import Any

import anyio
import attrs

__all__ = ["Cause", "cause_of"]


@attrs.frozen
class Cause:
    """Why an exchange failed.

    Attributes:
        reason: What happened, for an error message. It never quotes what the server sent: that may be the API key.
        timed_out: Whether a time limit of the library ended it.
        sent: Whether the request may have been sent. A render is billed, so this is only false with proof.
    """

    reason: str
    timed_out: bool
    sent: bool


def cause_of(library: Any, error: Exception) -> Cause | None:
    """Judge an exception.

    Args:
        library: The HTTP library's module, ``httpx`` or ``httpx2``.
        error: The exception.

    Returns:
        ``None`` if it is not an exception of an HTTP library or of the network.
    """
    original = _of_aiohttp(error)
    if original is not None:
        return _judge_aiohttp(sys.modules["aiohttp"], original)
    if not isinstance(error, (library.TransportError, OSError, anyio.ClosedResourceError)):
        return None
    # These are raised while there is no connection yet, be it for lack of a place in somebody's pool, of a server that
    # accepts one, of a TLS session or of a proxy's consent.
    unsent = (
        library.ConnectError,
        library.ConnectTimeout,
        library.PoolTimeout,
        library.ProxyError,
        library.UnsupportedProtocol,
    )
    text = str(error)
    if not isinstance(error, (library.ConnectError, OSError)):
        text = text.partition(":")[0]  # what follows quotes what the server sent
    return Cause(
        reason=text or type(error).__name__,
        timed_out=isinstance(error, library.TimeoutException),
        sent=not isinstance(error, unsent),
    )


def _of_aiohttp(error: Exception) -> Any:
    # httpx-aiohttp turns most of aiohttp's exceptions into httpx's, and not by what they prove: a server that cuts the
    # connection after it has read the request becomes a `ConnectTimeout`. So the original is judged.
    aiohttp: Any = sys.modules.get("aiohttp")
    if aiohttp is None:
        return None
    for candidate in (error, error.__cause__):
        if isinstance(candidate, aiohttp.ClientError):
            return candidate
    return None


def _judge_aiohttp(aiohttp: Any, error: Any) -> Cause:
    # `ClientConnectorError` includes failed look-ups, TLS handshakes, certificates, and proxies that cannot be reached.
    unsent = (
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.ClientHttpProxyError,
        aiohttp.ServerFingerprintMismatch,
        aiohttp.InvalidURL,
    )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        reason = f"the proxy refused to connect ({error.status})"
    elif isinstance(error, (aiohttp.ClientResponseError, aiohttp.InvalidURL)):
        reason = "the server sent something that is not HTTP"
    elif isinstance(error, aiohttp.ClientPayloadError):
        reason = "the response was cut off"
    elif isinstance(error, OSError) and not isinstance(error, aiohttp.ServerTimeoutError):
        reason = str(error)
    else:
        reason = "the server closed the connection"
    return Cause(
        reason=reason,
        timed_out=isinstance(error, aiohttp.ServerTimeoutError),
        sent=not isinstance(error, unsent),
    )
