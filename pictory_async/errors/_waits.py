"""Errors of waits that end without a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._values import deferrable, with_facts
from pictory_async.errors._base import PictoryError

if TYPE_CHECKING:
    from pictory_async.models import Project, ProjectId


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
