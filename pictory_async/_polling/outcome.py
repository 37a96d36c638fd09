"""How a watch ended: a value, never an exception that ends other watches."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs

from pictory_async._values import Deferred, ValueObject, resolved
from pictory_async.errors import PictoryError
from pictory_async.models import Job, Project, ProjectId


class RenderStatus(StrEnum):
    """How a watch ended."""

    RENDERED = "rendered"
    """The awaited video is there."""

    FAILED = "failed"
    """The render ended without a new video."""

    NOT_STARTED = "not_started"
    """No render was seen for ``start_grace`` seconds, and there is no (newer) video."""

    MISSING = "missing"
    """There is no such project for this key: the API said so repeatedly."""

    REFUSED = "refused"
    """The key was rejected, or may not read this project: the API said so repeatedly."""

    TIMED_OUT = "timed_out"
    """``max_wait`` is over; the render may still finish later."""

    ERROR = "error"
    """The responses stayed unusable, or the API was never reached; ``error`` has the reason."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RenderOutcome(ValueObject):
    """How one watch ended.

    Attributes:
        project_id: The project, as it was given.
        status: How the watch ended.
        project: The last snapshot; the rendered project if ``status`` is ``RENDERED``. ``None`` if there was none. It
            is decoded when it is first read.
        job: The render's job as it was last seen, if a `RenderHandle` was watched.
        job_id: The id of that job.
        polls: How many usable responses there were.
        waited: How long the watch lasted, in seconds.
        detection_delay: The longest possible time between the end and its detection, in seconds: the time since the
            last poll that showed the render unfinished, or since the watch began.
        error: What `raise_for_status` raises; ``None`` exactly when ``status`` is ``RENDERED``.
    """

    project_id: ProjectId
    status: RenderStatus
    _project: Project | Deferred[Project | None] | None = attrs.field(default=None, alias="project")
    job: Job | None = None
    job_id: str | None = None
    polls: int = 0
    waited: float = 0.0
    detection_delay: float = 0.0
    error: PictoryError | None = None

    @property
    def project(self) -> Project | None:
        project: Project | None = resolved(self._project)
        return project

    @property
    def ok(self) -> bool:
        """Whether the awaited video is there."""
        return self.status is RenderStatus.RENDERED

    def raise_for_status(self) -> None:
        """Raise the outcome's typed error, unless the video is there.

        Raises:
            RenderFailedError: For ``FAILED``.
            RenderNotStartedError: For ``NOT_STARTED``.
            NotFoundError: For ``MISSING``.
            AuthenticationError: For ``REFUSED`` with 401.
            PermissionDeniedError: For ``REFUSED`` with 403.
            WaitTimeoutError: For ``TIMED_OUT``.
            APIError: For ``ERROR``, if the responses were not usable.
            WaitError: For ``ERROR``, if the job was completed and no new video was found.
        """
        if self.error is not None:
            raise self.error

    def to_dict(self) -> dict[str, Any]:
        """The outcome as plain JSON values, without the snapshot."""
        return {
            "project_id": self.project_id,
            "status": self.status.value,
            "job_id": self.job_id,
            "video_url": self.project.video_url if self.project is not None and self.ok else None,
            "polls": self.polls,
            "waited": round(self.waited, 3),
            "detection_delay": round(self.detection_delay, 3),
            "error": str(self.error) if self.error is not None else None,
        }
