"""Tells a client's ``on_event`` about requests, pauses and the pace. Imported only if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio

from pictory_async._http.encoding import header
from pictory_async._http.messages import Response
from pictory_async._settings.observer import Observer
from pictory_async._settings.paths import described
from pictory_async.errors import DownloadError, PictoryError
from pictory_async.events import PaceChanged, Paused, RequestEnded

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pictory_async._http.messages import Request
    from pictory_async._http.stream import Stream
    from pictory_async._limits.interface import Limiter
    from pictory_async.events import Event

_CHANGE: Final = 0.01


class Reporter(Observer):
    """Tells about what the transport does.

    Args:
        on_event: As of `Observer`.
        engine: The name of what sends the requests.
        limiter: The budget whose pace is reported.
    """

    def __init__(self, on_event: Callable[[Event], object], engine: str, limiter: Limiter) -> None:
        super().__init__(on_event)
        self.engine = engine
        self._limiter = limiter
        self._nominal = self._pace()
        self._share = 1.0

    def sending(self, request: Request, attempt: int, purpose: str) -> Sending:
        """Begin to observe a request of the API."""
        return Sending(self, request, attempt, purpose)

    def downloading(self, request: Request, purpose: str = "download") -> Downloading:
        """Begin to observe a request to a media host."""
        return Downloading(self, request, 1, purpose)

    def paused(self, seconds: float, reason: str) -> None:
        """Tell that the limiter was told to pause."""
        self.tell(Paused(seconds, reason))

    def see_pace(self) -> None:
        """Tell if the pace has changed noticeably."""
        if not self._nominal:
            return
        old, new = self._share, self._pace() / self._nominal
        if abs(new - old) >= _CHANGE or (new == 1.0) is not (old == 1.0):
            self._share = new
            self.tell(PaceChanged(old, new))

    def _pace(self) -> float:
        try:
            return self._limiter.statistics().pace
        except Exception:  # noqa: BLE001 - a user's limiter can raise anything
            return 0.0


class Sending:
    """One request that is observed, as a context manager around sending it: a request that is cancelled ends too."""

    def __init__(self, reporter: Reporter, request: Request, attempt: int, purpose: str) -> None:
        self._reporter = reporter
        self._request = request
        self._attempt = attempt
        self._purpose = purpose
        self._began = anyio.current_time()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.end(None, error if isinstance(error, PictoryError) else None)

    def end(self, response: Response | PictoryError | None, error: PictoryError | None = None) -> None:
        """Tell how it ended."""
        if isinstance(response, Response):
            date = header(response.headers, b"date")
            self._tell(error, response.status, len(response.body), response.request_id, date)
        else:
            self._tell(response or error)
        self._reporter.see_pace()

    def _tell(
        self,
        error: PictoryError | None,
        status: int | None = None,
        received: int = 0,
        request_id: str | None = None,
        date: str | None = None,
    ) -> None:
        now, sent_at, address = anyio.current_time(), self._request.sent_at, urlsplit(self._request.url)
        is_api = self._purpose not in {"download", "upload"}
        template, project_id, job_id = described(self._request.path) if is_api else ("", None, None)
        event = RequestEnded(
            purpose=self._purpose,
            method=self._request.method,
            host=address.hostname or "",
            port=address.port or (443 if self._request.secure else 80),
            path=self._request.path if is_api else "",
            template=template,
            project_id=project_id,
            job_id=job_id,
            status=status,
            error=error,
            attempt=self._attempt,
            queue_wait=(now if sent_at is None else sent_at) - self._began,
            duration=0.0 if sent_at is None else now - sent_at,
            received=received,
            request_id=request_id,
            date=date,
            engine=self._reporter.engine,
        )
        self._reporter.tell(event)


class Downloading(Sending):
    """One request to a media host. Whatever is in its address stays there, but for the host.

    Attributes:
        stream: The response, as soon as there is one.
    """

    stream: Stream | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failure = error if isinstance(error, PictoryError) else None
        if failure is None and isinstance(error, Exception):
            failure = DownloadError(str(error))  # the response is not the file, or not all of it
        if self.stream is None:
            self._tell(failure)
        else:
            self._tell(failure, self.stream.status, self.stream.received, self.stream.request_id)
