"""Converts exceptions of the HTTP libraries to ours."""

from __future__ import annotations

import re
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import attrs

from pictory_async._gather import failure_of
from pictory_async._values import quotable
from pictory_async.errors import ConnectionFailedError, PictoryError

if TYPE_CHECKING:
    from pictory_async._http.admission import Opening
    from pictory_async._http.messages import Request


def limit(request: Request) -> anyio.CancelScope:
    """A scope that ends after the request's time limit."""
    return anyio.CancelScope() if request.timeout is None else anyio.move_on_after(request.timeout)


class Translate:
    """Turns the HTTP library's exceptions into ours, without keeping them: they hold the request."""

    __slots__ = ("_before", "_library", "_opening", "_request")

    def __init__(self, library: Any, request: Request, opening: Opening) -> None:
        self._library = library
        self._opening = opening
        self._request = request

    def __enter__(self) -> None:
        self._before = sys.exception()  # which the caller handles; all others come from within

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, PictoryError):
            return
        if failure_of(error) is None:
            # The frames of a cancelled write hold the key, and traceback printers show them.
            _forget_frames(error, self._before)
            return
        request = self._request
        cause = cause_of(self._library, error)
        sent = cause.sent and not self._opening.unsent
        if cause.timed_out:
            raise request.timed_out(sent=sent) from None
        text = _told(request, quotable(cause.reason), sent=sent)
        raise ConnectionFailedError(text, method=request.method, path=request.path, sent=sent) from None


def _told(request: Request, reason: str, *, sent: bool) -> str:
    check = f"the network and the base URL ({urlsplit(request.url).netloc})"
    if request.proxy is not None:
        check = f"the proxy {request.proxy.shown}, {check}"
        if not sent:
            reason = f"no connection through the proxy: {reason}"
    text = f"{request.method} {request.path} failed: {reason}."
    if sent and request.method != "GET":  # another one may be billed too, or have its effect twice
        return text
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        check += ", or name the authorities to trust with verify= or SSL_CERT_FILE"
    return f"{text} Check {check}, then try again."


def _forget_frames(error: BaseException, before: BaseException | None) -> None:
    """Remove the frames of an exception and of those that led to it, up to one that was there before."""
    todo: list[BaseException | None] = [error]
    seen = {id(None), id(before)}
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        todo += [one.__cause__, one.__context__]
        todo += getattr(one, "exceptions", ())


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


def cause_of(library: Any, error: BaseException) -> Cause:
    """Judge an exception of an HTTP library, of the network, or of a hook in the user's own client.

    Args:
        library: The HTTP library's module, ``httpx`` or ``httpx2``.
        error: The exception.
    """
    original = _of_aiohttp(error)
    if original is not None:
        return _judge_aiohttp(sys.modules["aiohttp"], original)
    if not isinstance(error, (library.TransportError, OSError, anyio.ClosedResourceError)):
        # The text of an unknown error is not shown, because it may quote the request or the response.
        return Cause(type(error).__name__, timed_out=False, sent=True)
    # These are raised before there is a connection: the user's pool was full, no server accepted, or TLS or the proxy
    # failed.
    unsent = (
        library.ConnectError,
        library.ConnectTimeout,
        library.PoolTimeout,
        library.ProxyError,
        library.UnsupportedProtocol,
    )
    local = isinstance(error, (library.ConnectError, OSError))
    if isinstance(error, library.ProxyError):
        reason = _of_proxy(str(error))
    elif local:
        reason = _words(error)
    else:
        reason = str(error).partition(":")[0]  # what follows quotes what the server sent
    return Cause(
        reason=reason or type(error).__name__,
        timed_out=isinstance(error, library.TimeoutException),
        sent=not isinstance(error, unsent),
    )


def _of_proxy(text: str) -> str:
    # What follows the status of an HTTP proxy are its own words. Those about a SOCKS proxy are the library's.
    status = re.match(r"[0-9]{3}", text)
    return text.rstrip(".") if status is None else _refused(int(status[0]))


def _refused(status: int) -> str:
    why = ", it requires a user name and a password" if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED else ""
    return f"the proxy refused to connect ({status}{why})"


def _words(error: BaseException) -> str:
    # On trio, only the innermost exception tells why a certificate was refused.
    cause: BaseException | None = error
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    return "" if cause is None else str(cause)


def _of_aiohttp(error: BaseException) -> Any:
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
        reason = _refused(error.status)
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
