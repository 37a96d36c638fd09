"""The border to the HTTP libraries: their exceptions become ours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import anyio

from pictory_async.errors import ConnectionFailedError, PictoryError

if TYPE_CHECKING:
    from pictory_async._http.messages import Request

__all__ = ["Translate", "limit"]


def limit(request: Request) -> anyio.CancelScope:
    """A scope that ends after the request's time limit."""
    return anyio.CancelScope() if request.timeout is None else anyio.move_on_after(request.timeout)


class Translate:
    """Turns the HTTP library's exceptions into ours, without keeping them: they hold the request."""

    __slots__ = ("_library", "_request")

    def __init__(self, library: Any, request: Request) -> None:
        self._library = library
        self._request = request

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, PictoryError):
            return
        if not isinstance(error, Exception):
            # A cancellation meets the library while it writes: its frames, which traceback printers show, hold the key.
            error.__traceback__ = None
            return
        library, request = self._library, self._request
        what = f"{request.method} {request.path}"
        if isinstance(error, library.TimeoutException):
            raise request.timed_out(sent=not isinstance(error, library.ConnectTimeout)) from None
        if isinstance(error, (library.TransportError, OSError, anyio.ClosedResourceError)):
            sent = not isinstance(error, library.ConnectError)
            reason = _reason(library, error)
            text = f"{what} failed: {reason}. Check the network and the base URL, then try again."
            raise ConnectionFailedError(text, method=request.method, path=request.path, sent=sent) from None
        aiohttp = sys.modules.get("aiohttp")  # httpx-aiohttp lets some of its errors pass, with the request inside
        if aiohttp is not None and isinstance(error, aiohttp.ClientError):
            text = f"{what} failed: the server sent something that is not HTTP. Check the base URL, then try again."
            raise ConnectionFailedError(text, method=request.method, path=request.path, sent=True) from None


def _reason(library: Any, error: Exception) -> str:
    text = str(error)
    if not isinstance(error, (library.ConnectError, OSError)):
        text = text.partition(":")[0]  # what follows quotes what the server sent, and that may be what it was sent
    return text or type(error).__name__
