"""Everything that can go wrong, as one tree.

::

    PictoryError
    ├── PictoryConfigError (ValueError)       a setting is missing or cannot work; nothing was sent
    ├── RateBudgetError (TimeoutError)        the limiter has no slot within the time allowed; nothing was sent
    ├── APIError                              a request got no usable answer
    │   ├── ConnectionFailedError (ConnectionError)
    │   ├── RequestTimeoutError (TimeoutError)
    │   ├── MalformedResponseError            the answer is not what the API documents
    │   └── StatusError                       the server answered with an error status
    │       ├── InvalidRequestError           400, 422
    │       ├── AuthenticationError           401
    │       ├── PermissionDeniedError         403
    │       │   └── BlockedError              403 without JSON: a firewall in front of the API
    │       ├── NotFoundError (LookupError)   404
    │       ├── RateLimitedError              429
    │       └── ServerError                   any 5xx, Cloudflare's 52x included
    ├── DownloadError                         a file could not be had; what there is of it is kept
    ├── RenderSubmitUncertainError            a render was asked for, and the answer was lost
    └── WaitError                             a wait ended without what was waited for
        ├── JobFailedError
        ├── JobCleanedError
        ├── RenderFailedError
        ├── RenderNotStartedError
        └── WaitTimeoutError (TimeoutError)

Errors are plain data: they compare by value, survive ``pickle``, and hold neither a response object nor the API key.
Where a built-in error means the same, the class is that too, so ``except TimeoutError`` works.
"""

from __future__ import annotations

from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

import attrs

from pictory_async._values import ValueObject

if TYPE_CHECKING:
    from pictory_async._files.downloads import DownloadReport
    from pictory_async._polling.handle import RenderHandle
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
    "MalformedResponseError",
    "NotFoundError",
    "PermissionDeniedError",
    "PictoryConfigError",
    "PictoryError",
    "RateBudgetError",
    "RateLimitedError",
    "RenderFailedError",
    "RenderNotStartedError",
    "RenderSubmitUncertainError",
    "RequestTimeoutError",
    "ServerError",
    "StatusError",
    "WaitError",
    "WaitTimeoutError",
]

E = TypeVar("E", bound="PictoryError")


def _fact(*, kw_only: bool) -> Any:  # noqa: ARG001 - for type checkers
    return ""


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(_fact,))
def _error(cls: type[E]) -> type[E]:
    # Tells type checkers which facts a class with facts of its own takes. The classes are not attrs ones: built-in
    # errors have a memory layout of their own, and compiling them would be a tenth of what importing the package takes.
    return cls


def _rebuild(cls: type[PictoryError], facts: dict[str, Any]) -> PictoryError:
    return cls(facts.pop("message"), **facts)


@_error
class PictoryError(Exception):
    """Base of every error of this package.

    Attributes:
        message: One or two sentences: what happened, to what, and what to do next.
    """

    message: str = _fact(kw_only=False)
    _names: ClassVar[tuple[str, ...]] = ("message",)

    def __init_subclass__(cls) -> None:
        cls._names = (*cls._names, *get_annotations(cls))

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


class PictoryConfigError(PictoryError, ValueError):
    """A setting or an argument is missing or cannot work; no request was sent."""


@_error
class RateBudgetError(PictoryError, TimeoutError):
    """The limiter has no free slot within ``max_wait``; no request was sent.

    Attributes:
        max_wait: The limit, in seconds.
    """

    max_wait: float = 0.0


@_error
class APIError(PictoryError):
    """A request got no usable answer.

    Attributes:
        method: HTTP method of the request.
        path: Path of the request below the base URL; never holds the key.
        attempts: How often the request was sent.
    """

    method: str = ""
    path: str = ""
    attempts: int = 1


@_error
class ConnectionFailedError(APIError, ConnectionError):
    """No connection could be made, or it broke before the answer was complete.

    Attributes:
        sent: Whether the request may have reached the server.
    """

    sent: bool = True


@_error
class RequestTimeoutError(APIError, TimeoutError):
    """One request took longer than ``timeout`` seconds.

    Attributes:
        timeout: The limit that was exceeded, in seconds.
        sent: Whether the request may have reached the server.
    """

    timeout: float | None = None
    sent: bool = True


@_error
class MalformedResponseError(APIError):
    """The answer is not what the API documents.

    Attributes:
        json_path: Where in the body, such as ``$.videoURL``; ``$`` for the body as a whole.
    """

    json_path: str = "$"


@attrs.frozen(repr=False, eq=False)
class FieldProblem(ValueObject):
    """One entry of the ``fields`` list of a 400 answer.

    Attributes:
        name: The field of the request, as the API spells it.
        problem: What the API says about it.
    """

    name: str
    problem: str


@_error
class StatusError(APIError):
    """The server answered with an error status.

    Attributes:
        status: HTTP status code, always an ``int`` (codes such as 520 have no name).
        code: The API's own error code where the body has one, such as ``INVALID_REQUEST_BODY``.
    """

    status: int = 0
    code: str | None = None


@_error
class InvalidRequestError(StatusError):
    """400 or 422: the API does not accept the request.

    Attributes:
        fields: What the API says about single fields; empty where it says nothing.
    """

    fields: tuple[FieldProblem, ...] = ()


class AuthenticationError(StatusError):
    """401: the API key is missing, wrong or revoked."""


class PermissionDeniedError(StatusError):
    """403: the key is valid but may not do this."""


class BlockedError(PermissionDeniedError):
    """403 without a JSON body: a firewall in front of the API refused the request (Cloudflare's error 1010)."""


class NotFoundError(StatusError, LookupError):
    """404: there is no such project, template or job for this key."""


@_error
class RateLimitedError(StatusError):
    """429: too many requests.

    Attributes:
        retry_after: Seconds the server asked to wait, where it said so.
    """

    retry_after: float | None = None


@_error
class ServerError(StatusError):
    """Any 5xx, including Cloudflare's 520 to 526.

    Attributes:
        retry_after: Seconds the server asked to wait, where it said so.
    """

    retry_after: float | None = None


@_error
class DownloadError(PictoryError):
    """A file could not be downloaded. What there is of it stays, so that another attempt goes on from there.

    Attributes:
        done: Bytes on disk.
        total: Bytes in all, where the server said so.
        report: What became of all the files of the project.
    """

    done: int = 0
    total: int | None = None
    report: DownloadReport | None = None


@_error
class RenderSubmitUncertainError(PictoryError):
    """A render was asked for and the answer was lost: it may have been started, or not.

    Renders cost money, so the request was not sent again. Watch it with ``client.projects.watch([error.handle])``:
    a render that was started shows itself, and one that was not ends as not started.

    Attributes:
        handle: The render, without a job id.
        cause: What happened, as text.
    """

    handle: RenderHandle
    cause: str = ""


@_error
class WaitError(PictoryError):
    """A wait ended without what was waited for.

    Attributes:
        project_id: The project, as it was given.
        polls: How many answers the wait got.
        waited: How long it lasted, in seconds.
        project: The last snapshot, where there was one.
    """

    project_id: ProjectId | None = None
    polls: int = 0
    waited: float = 0.0
    project: Project | None = None


@_error
class JobFailedError(WaitError):
    """A job failed.

    Attributes:
        code: The job's ``error_code``, as text.
        job_id: The job.
    """

    code: str | None = None
    job_id: str | None = None


@_error
class JobCleanedError(WaitError):
    """A job's results were deleted before they were looked at.

    Attributes:
        job_id: The job.
    """

    job_id: str | None = None


@_error
class RenderFailedError(WaitError):
    """Rendering ended without a new video.

    Attributes:
        code: The job's ``error_code``, where the job is known.
        job_id: The render job, where it is known.
    """

    code: str | None = None
    job_id: str | None = None


class RenderNotStartedError(WaitError):
    """Nothing was being rendered for ``start_grace`` seconds, and there is no (newer) video."""


@_error
class WaitTimeoutError(WaitError, TimeoutError):
    """``max_wait`` was spent before the render was finished; it may still finish later.

    Attributes:
        max_wait: The limit, in seconds.
        last_error: The last poll's error as text, where the last poll failed.
    """

    max_wait: float | None = None
    last_error: str | None = None
