"""The errors of this package, as one tree.

::

    PictoryError
    ├── PictoryConfigError (ValueError)       a setting is missing or cannot work; nothing was sent
    ├── RateBudgetError (TimeoutError)        the rate limiter allowed no request in time; nothing was sent
    ├── APIError                              a request without a usable response
    │   ├── ConnectionFailedError (ConnectionError)
    │   ├── RequestTimeoutError (TimeoutError)
    │   ├── MalformedResponseError            the response does not have the documented form
    │   └── StatusError                       an error status, or an error reported with status 200
    │       ├── InvalidRequestError           400, 422
    │       ├── AuthenticationError           401
    │       ├── PermissionDeniedError         403
    │       │   └── BlockedError              403 without JSON: a firewall in front of the API
    │       ├── NotFoundError (LookupError)   404, or a response with status 200 that says so
    │       ├── RateLimitedError              429
    │       └── ServerError                   any 5xx, including Cloudflare's 52x
    ├── DownloadError                         a file could not be downloaded completely; a retry resumes it
    ├── UploadError                           a file could not be uploaded
    ├── LedgerError                           the ledger cannot be used, so nothing is paid for
    ├── ProjectConflictError                  a project was changed meanwhile, or does not show an update
    ├── OutdatedVideoError                    with ``fresh=True``: the video is not known to be the newest
    ├── SubmitUncertainError                  the response to a request that is billed was lost
    │   ├── RenderSubmitUncertainError        for the render of a project
    │   ├── VideoSubmitUncertainError         for a video or a preview
    │   └── JobSubmitUncertainError           for another job
    └── WaitError                             a wait ended without a result
        ├── JobFailedError
        ├── JobCleanedError
        ├── RenderFailedError
        ├── RenderNotStartedError
        └── WaitTimeoutError (TimeoutError)

Errors are plain data: they compare by value, can be pickled, and contain neither a response object nor the API key.
If a built-in error means the same, the class inherits from it too, so ``except TimeoutError`` works.
"""

from __future__ import annotations

from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import attrs

from pictory_async._values import ValueObject, deferrable, fact, with_facts

if TYPE_CHECKING:
    from datetime import datetime

    from pictory_async._files.downloads import DownloadReport
    from pictory_async._polling.handle import RenderHandle, VideoHandle
    from pictory_async.models import Project, ProjectId

__all__ = [
    "APIError",
    "AuthenticationError",
    "BlockedError",
    "ConnectionFailedError",
    "DownloadError",
    "FieldProblem",
    "InvalidRequestError",
    "JobCleanedError",
    "JobFailedError",
    "JobSubmitUncertainError",
    "LedgerError",
    "MalformedResponseError",
    "NotFoundError",
    "OutdatedVideoError",
    "PermissionDeniedError",
    "PictoryConfigError",
    "PictoryError",
    "ProjectConflictError",
    "RateBudgetError",
    "RateLimitedError",
    "RenderFailedError",
    "RenderNotStartedError",
    "RenderSubmitUncertainError",
    "RequestTimeoutError",
    "ServerError",
    "StatusError",
    "SubmitUncertainError",
    "UploadError",
    "VideoSubmitUncertainError",
    "WaitError",
    "WaitTimeoutError",
]

E = TypeVar("E", bound="PictoryError")


def _rebuild(cls: type[PictoryError], facts: dict[str, Any]) -> PictoryError:
    return cls(facts.pop("message"), **facts)


@with_facts
class PictoryError(Exception):
    """Base of all errors of this package.

    Attributes:
        message: One or two sentences: what happened, to what, and what to do next.
        handle: The render or the video that was requested before the error, so that it can be waited for again: the id
            of a project alone does not tell the new video from the old one. ``None`` if there was none.
    """

    message: str = fact(kw_only=False)
    handle: RenderHandle | VideoHandle | None = None
    _names: ClassVar[tuple[str, ...]] = ("message", "handle")

    def __init_subclass__(cls) -> None:
        cls._names = tuple(dict.fromkeys((*cls._names, *get_annotations(cls))))

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        for name, value in facts.items():
            if name not in self._names:
                raise TypeError(f"{type(self).__name__} has no fact {name!r}")
            setattr(self, name, value)

    def _facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names}

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash((type(self), self.message))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._facts())


def changed(error: E, **facts: Any) -> E:
    """A copy of an error with other facts."""
    rebuild, (kind, old) = error.__reduce__()
    return cast("E", rebuild(kind, old | facts))


class PictoryConfigError(PictoryError, ValueError):
    """A setting or an argument is missing or cannot work; no request was sent."""


@with_facts
class RateBudgetError(PictoryError, TimeoutError):
    """The rate limiter allowed no request within ``max_wait`` seconds; no request was sent.

    Attributes:
        max_wait: The limit, in seconds.
        retry_after: Seconds until the budget has something free, as far as is known now; ``None`` if it is not known.
    """

    max_wait: float = 0.0
    retry_after: float | None = None


@with_facts
class APIError(PictoryError):
    """A request without a usable response.

    Attributes:
        method: HTTP method of the request.
        path: Path of the request below the base URL; it never contains the key.
        attempts: How many times the request was sent.
        request_id: The server's own id of the request; ``None`` if no response has one. The error's text ends with it.
    """

    method: str = ""
    path: str = ""
    attempts: int = 1
    request_id: str | None = None

    def __str__(self) -> str:
        return self.message if self.request_id is None else f"{self.message} (request {self.request_id})"


@with_facts
class ConnectionFailedError(APIError, ConnectionError):
    """No connection could be made, or it broke before the response was complete.

    Attributes:
        sent: Whether the request may have reached the server.
    """

    sent: bool = True


@with_facts
class RequestTimeoutError(APIError, TimeoutError):
    """One request took longer than ``timeout`` seconds.

    Attributes:
        timeout: The limit that was exceeded, in seconds.
        sent: Whether the request may have reached the server.
    """

    timeout: float | None = None
    sent: bool = True


@with_facts
class MalformedResponseError(APIError):
    """The response does not have the form that the API documents.

    Attributes:
        json_path: The place in the body, such as ``$.videoURL``; ``$`` for the whole body.
        from_api: Whether the body has the API's own form. That of a gateway or login page says nothing about a project.
    """

    json_path: str = "$"
    from_api: bool = True


@attrs.frozen(repr=False, eq=False)
class FieldProblem(ValueObject):
    """One entry of the ``fields`` list of a 400 response.

    Attributes:
        name: The field of the request, in the API's spelling.
        problem: The API's description of the problem.
    """

    name: str
    problem: str


@with_facts
class StatusError(APIError):
    """The response has an error status, or it has status 200 and reports an error instead of what was asked for.

    Attributes:
        status: HTTP status code, an ``int``; 200 if the API reported the error in a response with that status.
        code: The API's error code, such as ``INVALID_REQUEST_BODY``; ``None`` if the body has none.
        from_api: Whether the body has the API's own form. That of a gateway or firewall says nothing about a project.
    """

    status: int = 0
    code: str | None = None
    from_api: bool = True


@with_facts
class InvalidRequestError(StatusError):
    """400 or 422: the API does not accept the request.

    Attributes:
        fields: The problems of single fields, at most 100 with 10,000 characters in all; empty if the API names none.
    """

    fields: tuple[FieldProblem, ...] = ()


class AuthenticationError(StatusError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(StatusError):
    """403: the key is valid but may not do this."""


class BlockedError(PermissionDeniedError):
    """403 without a JSON body: a firewall in front of the API rejected the request (Cloudflare's error 1010)."""


class NotFoundError(StatusError, LookupError):
    """There is no such project, template or job for this key: 404, or a response with status 200 that says so."""


@with_facts
class RateLimitedError(StatusError):
    """429: too many requests; or a 400 or 403 that says so, such as a ``ThrottlingException``.

    Attributes:
        retry_after: The response's ``Retry-After`` in seconds, or ``None``.
    """

    retry_after: float | None = None


@with_facts
class ServerError(StatusError):
    """Any 5xx, including Cloudflare's 520 to 526.

    Attributes:
        retry_after: The response's ``Retry-After`` in seconds, or ``None``.
    """

    retry_after: float | None = None


@with_facts
class DownloadError(PictoryError):
    """A file could not be downloaded completely. The part on disk stays, so that the next download resumes it.

    Attributes:
        done: Bytes on disk.
        total: Size of the file in bytes; ``None`` if the server did not send it.
        report: The results for all files of the project.
        errno: The error number of the operating system if the file could not be written, such as ``errno.ENOSPC`` for a
            full disk: then a retry fails as well. ``None`` if the reason is another one.
    """

    done: int = 0
    total: int | None = None
    report: DownloadReport | None = None
    errno: int | None = None


@with_facts
class UploadError(PictoryError):
    """A file could not be uploaded. Nothing of it can be used; upload it again.

    Attributes:
        status: The HTTP status of the store of files; ``None`` if there was no response.
        code: The store's code for what is wrong, such as ``EntityTooLarge``.
        done: Bytes that were sent in the last attempt.
        total: Size of the file in bytes.
    """

    status: int | None = None
    code: str | None = None
    done: int = 0
    total: int = 0


@with_facts
class OutdatedVideoError(PictoryError):
    """With ``fresh=True``: the video is outdated, or not known to show the project as it was last saved.

    Attributes:
        project_id: The id of the project.
        is_outdated: ``True`` if the project is known to have been saved since; ``None`` if that is not known.
        project: The project as it was fetched, with its video.
    """

    project_id: ProjectId | None = None
    is_outdated: bool | None = None
    project: Project | None = None


@with_facts
class ProjectConflictError(PictoryError):
    """A project was changed since it was fetched, so nothing was written; or it does not show what was written.

    Attributes:
        project_id: The id of the project.
        project: The project as it is now.
        places: Where it differs from what was expected, such as ``$.scenes[0].text``.
    """

    project_id: ProjectId | None = None
    project: Project | None = None
    places: tuple[str, ...] = ()


@with_facts
class SubmitUncertainError(PictoryError):
    """The response to a request that starts something was lost, so it may have started or not.

    What is started is billed, so the request was not sent again.

    Attributes:
        cause: What happened, as text.
    """

    cause: str = ""


@with_facts
class RenderSubmitUncertainError(SubmitUncertainError):
    """The response to a render request was lost, so the render may have started or not.

    To find out, watch ``client.projects.watch([error.handle])``:
    if no render started, the outcome is ``NOT_STARTED``.

    Attributes:
        handle: The render, without a job id.
    """

    # Here it is always given. Facts do not change, so a narrower type is no danger.
    handle: RenderHandle = fact(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride]


@with_facts
class VideoSubmitUncertainError(SubmitUncertainError):
    """The response to a request for a video, or for a preview, was lost, so its job may have started or not.

    ``client.videos.find(error.handle)`` looks for its job.

    Attributes:
        handle: The video, without a job id.
    """

    # Here it is always given. Facts do not change, so a narrower type is no danger.
    handle: VideoHandle = fact(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride]


@with_facts
class JobSubmitUncertainError(SubmitUncertainError):
    """The response to a request for a transcript, a picture or a video of AI Studio was lost.

    To find out, look through
    ``client.jobs.list()``, which has the newest first, and for what AI Studio makes through its list.

    Attributes:
        requested_at: When the job was requested, by this machine's clock.
    """

    requested_at: datetime | None = None


class LedgerError(PictoryError):
    """The ledger cannot be used: what is not remembered must not be paid for."""


@with_facts
class WaitError(PictoryError):
    """A wait ended without a result.

    Attributes:
        project_id: The id of the project, as you passed it; ``None`` if only a job was waited for.
        polls: How many polls had a usable response.
        waited: How long the wait lasted, in seconds.
        project: The last snapshot of the project, or ``None``; decoded when it is first read.
    """

    project_id: ProjectId | None = None
    polls: int = 0
    waited: float = 0.0
    project: Project | None = deferrable(default=None)


@with_facts
class JobFailedError(WaitError):
    """A job failed.

    Attributes:
        code: The job's ``error_code``, as text.
        job_id: The id of the job.
    """

    code: str | None = None
    job_id: str | None = None


@with_facts
class JobCleanedError(WaitError):
    """A job's results were deleted before they were polled.

    Attributes:
        job_id: The id of the job.
    """

    job_id: str | None = None


@with_facts
class RenderFailedError(WaitError):
    """Rendering ended without a new video.

    Attributes:
        code: The job's ``error_code``; ``None`` if the job is not known.
        job_id: The id of the render job; ``None`` if it is not known.
    """

    code: str | None = None
    job_id: str | None = None


class RenderNotStartedError(WaitError):
    """No render was seen for ``start_grace`` seconds, and there is no new video."""


@with_facts
class WaitTimeoutError(WaitError, TimeoutError):
    """The render did not finish within ``max_wait`` seconds; it may still finish later.

    Attributes:
        max_wait: The limit, in seconds.
        last_error: The error of the last poll as text; ``None`` if that poll did not fail.
    """

    max_wait: float | None = None
    last_error: str | None = None
