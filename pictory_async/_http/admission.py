"""When one request may be sent: asked for before there is a connection, and confirmed when the first byte is to go."""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import anyio

from pictory_async._gather import failure_of
from pictory_async._limits.wait_queue import Priority
from pictory_async.errors import ConnectionFailedError, PictoryError, RateBudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._http.messages import Request
    from pictory_async._limits.interface import Limiter

WRITING: Final[ContextVar[Opening]] = ContextVar("WRITING")
"""Whose request a task sends; for aiohttp, whose connector is told nothing about that."""

# Seconds. A request that is written so soon after it was confirmed needs no other check: the network delays it by more.
_AT_ONCE: Final = 0.001


class Opening:
    """Follows how a connection is set up, by the trace events of httpx and httpx2.

    Args:
        once: Whether a transport of ours sends it, which writes no request twice.

    Attributes:
        told: Whether the HTTP library reported anything about the request.
        kept: Whether the request went over a connection that had served another one.
        wrote: Whether the HTTP library said that it writes the request.
        again: Whether it opens another connection after that, as a user's transport may that tries again.
    """

    __slots__ = ("_once", "_stream", "again", "kept", "told", "wrote")

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._stream: Any = None
        self.told: bool = False
        self.kept: bool = True
        self.wrote: bool = False
        self.again: bool = False

    async def on_event(self, name: str, info: Any) -> None:
        """Take in an event, whose name is prefixed with the part of the library that reports it."""
        self.told = True
        match name.partition(".")[2]:
            case "connect_tcp.started":
                self.kept = False
                self.again = self.wrote
            case "connect_tcp.complete":
                self._stream = info["return_value"]
            case "send_request_headers.started":
                request = info["request"]
                if request.method != b"CONNECT":  # to a proxy, of a user's own client
                    self._stream = None
                    if self._once:
                        request.extensions.pop("trace", None)  # the events that follow cost time and say nothing
                    await self.on_write()
            case _:
                pass

    async def on_write(self) -> None:
        """Called immediately before the first byte of the request is written."""
        self.wrote = True

    @property
    def unsent(self) -> bool:
        """Whether it is certain that nothing of the request was sent: it got no connection, or no tunnel."""
        return self._once and self.told and not self.wrote

    async def abandon(self) -> None:
        """Close a connection whose set-up was cut off.

        A cancelled TLS handshake leaves its socket to the garbage collector otherwise: the library does not own the
        connection before it is complete.
        """
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()


class Admission(Opening):
    """One request's way through the rate limiter.

    The limiter's queue comes first, so that nobody holds a connection while waiting for the budget. But connecting
    takes time, and a request that was granted before that would reach the server together with later ones, which were
    granted meanwhile. So the grant is confirmed when the request is written, and renewed if it does not hold any more.

    Args:
        limiter: The budget.
        request: The request.
        priority: How urgent it is.
        may_wait: Seconds that it may wait for the budget; ``None`` for no limit.
        on_sent: Called with the time when the request is about to be written, and each time that the HTTP library
            writes it again by itself.

    Attributes:
        failure: The error of the limiter, if it failed when the request was to be written.
        written: Whether the request was about to be written. Until then nothing of it was sent.
        sent_at: When it was written, by `anyio.current_time`.
    """

    __slots__ = (
        "_early",
        "_granted_at",
        "_limiter",
        "_may_wait",
        "_on_sent",
        "_priority",
        "_request",
        "_scope",
        "failure",
        "sent_at",
        "written",
    )

    def __init__(
        self,
        limiter: Limiter,
        request: Request,
        priority: Priority,
        may_wait: float | None,
        on_sent: Callable[[float], None],
        *,
        once: bool,
    ) -> None:
        super().__init__(once=once)
        self._limiter = limiter
        self._request = request
        self._priority = priority
        self._may_wait = may_wait
        self._on_sent = on_sent
        self._scope: anyio.CancelScope | None = None
        self._granted_at: float | None = None
        self._early = False
        self.failure: PictoryError | None = None
        self.written = False
        self.sent_at = 0.0

    async def acquire(self) -> None:
        """Wait for the budget.

        Raises:
            RateBudgetError: It would have to wait longer than it may.
            ConnectionFailedError: The limiter failed.
        """
        try:
            self._granted_at = await self._grant(self._priority)
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            raise self._limiter_failed(failure) from None

    def limited_by(self, scope: anyio.CancelScope) -> None:
        """Note the scope that limits the request's time, to which waiting for the budget does not belong."""
        self._scope = scope

    async def write_early(self) -> None:
        """Confirm the grant before a transport is called that may not say when it writes."""
        await self._confirm(count=True)
        self._early = True

    async def on_write(self) -> None:
        """Confirm the grant, and count the request as sent."""
        if self.told and self.wrote and self._request.method != "GET":
            method, path = self._request.method, self._request.path
            text = f"{method} {path} was sent, and the HTTP library wanted to send it again."
            self.failure = ConnectionFailedError(text, method=method, path=path, sent=True)
            raise self.failure
        self.wrote = self.told
        early, self._early = self._early, False
        if early and anyio.current_time() - self.sent_at <= _AT_ONCE:
            return
        await self._confirm(count=not early)

    async def _confirm(self, *, count: bool) -> None:
        granted_at, self._granted_at = self._granted_at, None
        try:
            renewed = granted_at is None or not self._limiter.confirm(granted_at)
            if renewed:
                await self._renew()
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            self.failure = self._limiter_failed(failure)
            raise self.failure from None
        now = anyio.current_time()
        if self._scope is not None and self._request.timeout is not None and (renewed or not self.kept):
            self._scope.deadline = now + self._request.timeout
        if count:
            self._on_sent(now)
        self.sent_at = now
        self.written = True

    async def _renew(self) -> None:
        # It goes before others, because it has waited already, and a server does not wait long on a new connection.
        if self._scope is not None:
            self._scope.deadline = math.inf
        while not self._limiter.confirm(await self._grant(Priority.INTERACTIVE)):
            pass

    async def _grant(self, priority: Priority) -> float:
        if self._may_wait is None:
            return await self._limiter.acquire(priority)
        began = anyio.current_time()
        granted_at = await self._limiter.acquire(priority, max_wait=self._may_wait)
        # Only such waits count, and not the time that a connection takes between two of them.
        self._may_wait = max(0.0, self._may_wait - (anyio.current_time() - began))
        return granted_at

    def _limiter_failed(self, error: Exception) -> PictoryError:
        request = self._request
        if isinstance(error, RateBudgetError) and request.max_queue is not None:
            return request.refused(error.message, error.retry_after)
        if isinstance(error, PictoryError):
            return error
        text = f"{request.method} {request.path} was not sent: the limiter failed ({type(error).__name__})."
        return ConnectionFailedError(text, method=request.method, path=request.path, sent=False)
