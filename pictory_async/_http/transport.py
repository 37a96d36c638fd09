"""One request's life: limiter, connection, status, bytes or a typed error; and its repetitions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar
from urllib.parse import quote, urlencode

import anyio

from pictory_async._http.messages import Wire
from pictory_async._http.retry import RetryBudget, is_transient, retry_after
from pictory_async._http.status import status_error
from pictory_async._limits.wait_queue import Priority
from pictory_async._settings.config import user_agent
from pictory_async.errors import APIError, MalformedResponseError, PictoryConfigError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pictory_async._http.engine import Engine
    from pictory_async._http.messages import Reply
    from pictory_async._http.retry import RetryPolicy
    from pictory_async._limits.limiter import RateLimiter
    from pictory_async._settings.config import Config
    from pictory_async._statistics import TransportStatistics
    from pictory_async.errors import StatusError

__all__ = ["Transport", "name_subject", "segment"]

T = TypeVar("T")

_log: Final = logging.getLogger("pictory_async")
_MAX_ID: Final = 256


def segment(what: str, value: object) -> str:
    """Make an id one segment of a path, whatever it holds.

    Args:
        what: The kind of id, for the error.
        value: Text, or an integer for projects of schema v2 and older.

    Raises:
        PictoryConfigError: It cannot be an id.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        msg = f"A {what} id is text or an integer, not {type(value).__name__}."
        raise PictoryConfigError(msg)
    text = str(value)
    if not text.strip() or text in {".", ".."} or len(text) > _MAX_ID or not text.isprintable():
        msg = f"{text[:40]!r} cannot be a {what} id."
        raise PictoryConfigError(msg)
    return quote(text, safe="")


def name_subject(error: MalformedResponseError, subject: str, path: str) -> None:
    """Let the error about an unusable body say what was asked for."""
    error.message = f"{subject[:1].upper()}{subject[1:]}: {error.message}"
    error.args = (error.message,)
    error.method, error.path = "GET", path


class Transport:
    """Sends requests of one client: within its budget, with its key, to its base URL and nowhere else."""

    def __init__(self, config: Config, engine: Engine, limiter: RateLimiter, retry: RetryPolicy) -> None:
        self.engine = engine
        self.limiter = limiter
        self._config = config
        self._retry = retry
        self._headers = [
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip"),
            (b"user-agent", user_agent().encode()),
            (b"authorization", _Masked(config.key.reveal().encode())),
        ]
        self._retries_left = RetryBudget()
        self._requests = 0
        self._retries = 0
        self._failures = 0
        self._limited = 0

    async def get(
        self,
        path: str,
        subject: str,
        read: Callable[[bytes], T],
        query: Mapping[str, str] | None = None,
        priority: Priority = Priority.INTERACTIVE,
    ) -> T:
        """Send a GET that a caller waits for, repeat it after transient failures, and read the answer.

        Args:
            path: Below the base URL, percent-encoded.
            subject: What errors call it, such as ``project 'x'``.
            read: Makes the result from the body.
            query: Query parameters, not encoded.
            priority: Who goes first when the budget is short.

        Raises:
            APIError: As its subclasses say.
        """
        attempt = 1
        while True:
            outcome = await self._attempt("GET", path, subject, priority, query)
            if not isinstance(outcome, APIError):
                try:
                    return read(outcome.body)
                except MalformedResponseError as error:
                    name_subject(error, subject, path)
                    raise
            outcome.attempts = attempt
            delay = self._retry.delay(outcome, attempt)
            if delay is None or not self._retries_left.spend():
                raise outcome
            attempt += 1
            self._retries += 1
            await anyio.sleep(delay)

    async def submit(self, path: str, subject: str) -> Reply:
        """Send one POST, once: what it starts costs money, so nothing that happens makes it go out again.

        Raises:
            APIError: As its subclasses say. Whether the POST had its effect is for the caller to judge.
        """
        outcome = await self._attempt("POST", path, subject, Priority.INTERACTIVE, None)
        if isinstance(outcome, APIError):
            raise outcome
        return outcome

    async def poll(self, path: str, subject: str) -> Reply:
        """Send one GET for a watched project; the poller decides whether and when to look again.

        Raises:
            APIError: As its subclasses say.
        """
        outcome = await self._attempt("GET", path, subject, Priority.POLL, None)
        if isinstance(outcome, APIError):
            raise outcome
        return outcome

    def statistics(self) -> TransportStatistics:
        """What was sent so far."""
        from pictory_async._statistics import TransportStatistics  # noqa: PLC0415 - seldom asked for

        return TransportStatistics(self._requests, self._retries, self._failures, self._limited)

    async def _attempt(
        self, method: str, path: str, subject: str, priority: Priority, query: Mapping[str, str] | None
    ) -> Reply | APIError:
        # Failures are returned and raised by the callers, outside of any except block: an error that is raised there
        # would carry the HTTP library's exception, and that one the request with its key, as its context.
        url = f"{self._config.base_url}{path}{'?' + urlencode(query) if query else ''}"
        wire = Wire(method, url, path, self._headers, timeout=self._config.timeout)
        self._requests += 1
        try:
            reply = await self.engine.send(wire, priority, self.limiter.acquire)
        except APIError as error:
            failure = error.with_traceback(None)
            failure.__context__ = None
        else:
            if 200 <= reply.status < 300:  # noqa: PLR2004 - success
                self.limiter.accepted(reply.sent_at)
                self._retries_left.earn()
                return reply
            failure = status_error(reply, method, path, subject, self._config.key.hide_in)
            self._heed(failure, reply.sent_at)
        self._failures += 1
        level = logging.DEBUG if is_transient(failure) else logging.INFO
        _log.log(level, "pictory.request.failed: %s", failure, extra={"pictory_path": path})
        return failure

    def _heed(self, failure: StatusError, sent_at: float) -> None:
        pause = min(retry_after(failure) or 0.0, self._retry.max_pause)
        if isinstance(failure, RateLimitedError):
            self._limited += 1
            self.limiter.refused(sent_at, pause)
            return
        self.limiter.accepted(sent_at)
        if pause:
            self.limiter.pause(pause)


class _Masked(bytes):
    """A header value that does not show itself where a debugger or a traceback prints local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'********'"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        msg = "An API key is not pickled or copied."
        raise TypeError(msg)
