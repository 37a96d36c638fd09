"""The border to the HTTP libraries: their exceptions become ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from pictory_async._http.causes import cause_of
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
        request = self._request
        cause = cause_of(self._library, error)
        if cause is None:
            return
        if cause.timed_out:
            raise request.timed_out(sent=cause.sent) from None
        what = f"{request.method} {request.path} failed: {cause.reason}."
        text = f"{what} Check the network and the base URL, then try again."
        raise ConnectionFailedError(text, method=request.method, path=request.path, sent=cause.sent) from None
