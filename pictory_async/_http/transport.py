"""The life of one API request: from the limiter to a response or a typed error; and the retries of calls."""

from __future__ import annotations

import copy
from logging import DEBUG, INFO
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode, urlsplit

import anyio
import attrs

from pictory_async._http.health import Health
from pictory_async._http.messages import Request
from pictory_async._http.retry import RetryBudget, is_transient, retry_after
from pictory_async._http.status import status_error
from pictory_async._limits.limiter import RateLimiter
from pictory_async._limits.wait_queue import Priority
from pictory_async._log import LogEvent, write, writes
from pictory_async._settings.config import user_agent
from pictory_async._settings.paths import described
from pictory_async._statistics import TransportStatistics
from pictory_async.errors import (
    APIError,
    ConnectionFailedError,
    MalformedResponseError,
    PictoryError,
    RateBudgetError,
    RateLimitedError,
    StatusError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pictory_async._http.engine import Engine
    from pictory_async._http.messages import Body, Response
    from pictory_async._http.options import CallOptions
    from pictory_async._http.reporter import Reporter
    from pictory_async._limits.interface import Limiter
    from pictory_async._settings.config import Config

T = TypeVar("T")


@attrs.define(repr=False, eq=False)
class _Counts:
    """What a client sent so far."""

    retries_left: RetryBudget = attrs.field(factory=RetryBudget)
    retries: int = 0
    failures: int = 0
    limited: int = 0


class Transport:
    """Sends requests of one client: within its budget, with its key, and to its base URL only.

    Attributes:
        options: How the requests of calls are sent. Polls use the client's own, whatever the options of a call are.
        reporter: Tells a user about requests, if one wants to know.
    """

    def __init__(
        self,
        config: Config,
        engine: Engine,
        limiter: Limiter,
        options: CallOptions,
        reporter: Reporter | None = None,
    ) -> None:
        self.engine = engine
        self.options = options
        self.reporter = reporter
        base = urlsplit(config.base_url)
        self.health: Health = Health(base.netloc, at_root=not base.path)
        self.limiter = limiter
        self._config = config
        self._max_pause = options.retry.max_pause
        self._headers = [
            (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip"),
            (b"user-agent", user_agent().encode()),
        ]
        self._counts = _Counts()

    def with_options(self, options: CallOptions) -> Transport:
        """A transport that shares everything with this one but the options of calls."""
        view = copy.copy(self)
        view.options = options
        return view

    @property
    def most_polls(self) -> int:
        """How many polls can be in flight at most."""
        return self.engine.slots.most_polls

    async def get(
        self,
        path: str,
        subject: str,
        read: Callable[[bytes], T],
        query: Mapping[str, str] | None = None,
        priority: Priority | None = None,
    ) -> T:
        """Send a GET that a caller waits for, retry it after transient failures, and read the response.

        Args:
            path: Below the base URL, percent-encoded.
            subject: What errors call it, such as ``project 'x'``.
            read: Makes the result from the body.
            query: Query parameters, not encoded.
            priority: Who goes first when the budget is short; ``None`` for that of the options.

        Raises:
            RateBudgetError: The request would have to wait longer than ``max_queue``.
            APIError: As its subclasses say.
        """
        return await self._repeated(lambda: self._request("GET", path, subject, query), read, priority)

    async def repeat(
        self, method: str, path: str, subject: str, read: Callable[[bytes], T], body: Body | None = None
    ) -> T:
        """Send a request that may arrive twice without harm, as a GET: it is retried after transient failures.

        Args:
            method: Such as ``POST`` of a search, or ``DELETE``.
            path: As in `get`, as are ``subject`` and ``read``.
            subject: What errors call it.
            read: Makes the result from the body of the response.
            body: What is sent.

        Raises:
            RateBudgetError: The request would have to wait longer than ``max_queue``.
            APIError: As its subclasses say.
        """
        return await self._repeated(lambda: self._request(method, path, subject, body=body), read)

    async def _repeated(
        self, request: Callable[[], Request], read: Callable[[bytes], T], priority: Priority | None = None
    ) -> T:
        if priority is None:
            priority = self.options.priority
        attempt = 1
        while True:
            outcome = await self._attempt(request(), priority, attempt)
            if not isinstance(outcome, APIError):
                return self._read(outcome, read)
            # The budget of retries belongs to the client, the number of attempts to this call.
            outcome.attempts = attempt
            delay = self.options.retry.delay(outcome, attempt)
            if delay is None or not self._counts.retries_left.spend():
                raise outcome
            attempt += 1
            self._counts.retries += 1
            await anyio.sleep(delay)

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return self._config.base_url

    @property
    def account(self) -> str:
        """The same text for the same API key and address; it does not reveal the key."""
        return self._config.key.digest(f"pictory-async {self._config.base_url}".encode()).hex()[:16]

    async def submit(
        self, path: str, subject: str, read: Callable[[bytes], T], body: Body | None = None, *, method: str = "POST"
    ) -> T:
        """Send a request once: what it starts costs money or makes something, so it is never sent again.

        Args:
            path: As in `get`, as are ``subject`` and ``read``.
            subject: What errors call it.
            read: Makes the result from the body of the response.
            body: What is sent.
            method: Such as ``PUT``.

        Raises:
            RateBudgetError: The request would have to wait longer than ``max_queue``; it was not sent.
            APIError: As its subclasses say. The caller judges whether the request had its effect.
        """
        request = self._request(method, path, subject, body=body)
        return self._read(_raised(await self._attempt(request, self.options.priority)), read)

    async def poll(
        self,
        path: str,
        subject: str,
        priority: Priority = Priority.POLL,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """Send one GET for a watch; the poller decides whether and when to poll again.

        The caller tells `health` if the response is usable, or not.

        Raises:
            APIError: As its subclasses say.
        """
        try:
            return _raised(await self._attempt(self._request("GET", path, subject, query), priority, purpose="poll"))
        except RateBudgetError as error:  # of a user's limiter; the poller polls again
            text = error.message
        raise ConnectionFailedError(text, method="GET", path=path, sent=False)

    def statistics(self) -> TransportStatistics:
        """What was sent so far."""
        counts = self._counts
        sent = self.engine.statistics().sent
        return TransportStatistics(sent, counts.retries, counts.failures, counts.limited)

    def _request(
        self,
        method: str,
        path: str,
        subject: str,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Request:
        config, options = self._config, self.options
        url = f"{config.base_url}{path}{'?' + urlencode(query) if query else ''}"
        headers = self._headers if body is None else [*self._headers, (b"content-type", body.kind)]
        return Request(method, url, path, subject, headers, options.timeout, options.max_queue, config.key, body)

    async def _attempt(
        self, request: Request, priority: Priority, attempt: int = 1, purpose: str = "call"
    ) -> Response | APIError:
        # Failures are returned, and raised by the callers outside of any except block: an error that is raised there
        # would carry the HTTP library's exception as its context, and with that the request and its key.
        seen = None if self.reporter is None else self.reporter.sending(request, attempt, purpose)
        if seen is None:
            response = await self._sent(request, priority)
        else:
            with seen:
                response = await self._sent(request, priority)
        if isinstance(response, APIError):
            failure = response
        elif isinstance(response, PictoryError):
            if seen is not None:
                seen.end(response)
            raise response
        else:
            if 200 <= response.status < 300:  # noqa: PLR2004 - success
                self._notify(self.limiter.accepted, response.sent_at)
                self.health.not_limited(request.path)
                self._counts.retries_left.earn()
                if seen is not None:
                    seen.end(response)
                return response
            failure = status_error(response, doubtful=self.health.misses_api)
            self._tell_limiter(failure, response.sent_at)
            await self._share_refusal()
        self._counts.failures += 1
        if not isinstance(failure, RateLimitedError):
            self.health.failed(failure, anyio.current_time())
        if seen is not None:
            seen.end(response, failure)
        level = DEBUG if is_transient(failure) else INFO
        if writes(level):
            _log_failure(request, failure, attempt, level)
        return failure

    async def _sent(self, request: Request, priority: Priority) -> Response | PictoryError:
        try:
            response = await self.engine.send(request, priority, self.limiter)
        except PictoryError as error:
            error.__traceback__ = error.__context__ = None  # the frames of the HTTP library have the key
            return error
        for secret in request.secrets:  # before anything can quote it, or store it
            response.body = secret.scrubbed(response.body)
            if request.body is not None:
                response.headers = [(name, secret.scrubbed(value)) for name, value in response.headers]
        return response

    def _read(self, response: Response, read: Callable[[bytes], T]) -> T:
        try:
            result = read(response.body)
        except (MalformedResponseError, StatusError) as error:
            blamed = response.blame(error)
        else:
            self.health.succeeded(response.sent_at)
            return result
        # Outside of the except block: the variables of what reads a response have its text, which may be the key.
        self.health.failed(blamed, anyio.current_time())
        raise blamed

    def _tell_limiter(self, failure: StatusError, sent_at: float) -> None:
        pause = min(retry_after(failure) or 0.0, self._max_pause)
        if self.health.is_limit(failure, sent_at):
            self._counts.limited += 1
            self._notify(self.limiter.refused, sent_at, pause)
            if self.reporter is not None:
                self.reporter.paused(pause, "refused")
            return
        self._notify(self.limiter.accepted, sent_at)
        # While others succeed, one path that is always refused must not hold them up.
        if pause and not self.health.succeeds(sent_at):
            self._notify(self.limiter.pause, pause)
            if self.reporter is not None:
                self.reporter.paused(pause, "asked")

    async def _share_refusal(self) -> None:
        if isinstance(self.limiter, RateLimiter):
            try:
                await self.limiter.report()
            except Exception as error:  # noqa: BLE001 - as in `_notify`
                write(LogEvent.LIMITER_FAILED, "the limiter did not share a refusal", failure=error)

    def _notify(self, tell: Callable[..., None], *values: float) -> None:
        # A user's limiter may fail, such as one whose store is out of reach; the response is there all the same.
        try:
            tell(*values)
        except Exception as error:  # noqa: BLE001 - whatever it is
            write(LogEvent.LIMITER_FAILED, "the limiter did not take in a response", failure=error)


def _raised(outcome: Response | APIError) -> Response:
    if isinstance(outcome, APIError):
        raise outcome
    return outcome


def _log_failure(request: Request, failure: APIError, attempt: int, level: int) -> None:
    _, project_id, job_id = described(request.path)
    write(
        LogEvent.REQUEST_FAILED,
        "%s",
        failure,
        level=level,
        path=request.path,
        project_id=project_id,
        job_id=job_id,
        status=getattr(failure, "status", None),
        attempt=attempt,
        request_id=failure.request_id,
        duration=None if request.sent_at is None else anyio.current_time() - request.sent_at,
    )
