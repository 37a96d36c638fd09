"""What became of one item of a batch: a value, never an exception that ends the others."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._files.downloads import DownloadProgress, DownloadReport
from pictory_async._polling.handle import RenderHandle
from pictory_async._polling.outcome import RenderOutcome
from pictory_async._values import Displayed, ValueObject
from pictory_async.errors import PictoryError
from pictory_async.models import Project, ProjectId

if TYPE_CHECKING:
    from collections.abc import Iterator


class ResultStatus(StrEnum):
    """What became of one item of a batch."""

    RENDERED = "rendered"
    """The video of what was to be rendered is there."""

    UNCHANGED = "unchanged"
    """There is nothing to render: its video was there before, and is not outdated, or there must be no new one."""

    STARTED = "started"
    """Its render was requested, and is not waited for."""

    FAILED = "failed"
    """The render ended without a new video, now or in an earlier run."""

    NOT_STARTED = "not_started"
    """The request had no effect. It is sent again if ``retry_unstarted`` says so."""

    UNCERTAIN = "uncertain"
    """The response to the request was lost, and nothing tells whether a render was started. It is not sent again."""

    BUSY = "busy"
    """Another run is at it, or it is being rendered by somebody else."""

    LEFT_OUT = "left_out"
    """It would have been rendered, but a limit was reached, such as ``max_renders``."""

    CHANGED = "changed"
    """A video was made of it with other values. With ``changed=True``, another one is made."""

    TIMED_OUT = "timed_out"
    """``max_wait`` is over; the same call goes on with it."""

    MISSING = "missing"
    """There is no such project for this key."""

    REFUSED = "refused"
    """The key was rejected, or may not do this."""

    ERROR = "error"
    """Something else: ``error`` has the reason."""


SUCCESSES: Final = frozenset({ResultStatus.RENDERED, ResultStatus.UNCHANGED, ResultStatus.STARTED})
"""What a video that is there, or was requested, has become."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class BatchProgress(ValueObject):
    """What a batch is doing at one moment.

    Attributes:
        rendering: The projects or videos that are waited for, each with how much of it is done, in percent; ``None`` if
            that is not known.
        downloading: The files that are being downloaded.

    Both call a project by its id, and a video by its key, or by its name if it has none.
    """

    rendering: Mapping[ProjectId, float | None] = attrs.field(factory=dict[ProjectId, "float | None"])
    downloading: tuple[DownloadProgress, ...] = ()


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RenderResult(Displayed, ValueObject):
    """What became of one project of a batch.

    Attributes:
        project_id: The project, as it was given.
        status: What became of it.
        paid: Whether this batch requested a render of it that was started. If the status is ``UNCERTAIN``, it may have
            been.
        project: The project as it was last seen; ``None`` if it was not.
        handle: The render, if one is known.
        outcome: How the wait for it ended, if there was one.
        is_outdated: Whether the project was saved after its video was made; ``None`` if that is not known.
        report: What was downloaded, if ``download_to`` was given and there is a video.
        error: Why there is no video, or why something is not downloaded; ``None`` if all is well.
    """

    project_id: ProjectId
    status: ResultStatus
    paid: bool = False
    project: Project | None = None
    handle: RenderHandle | None = None
    outcome: RenderOutcome | None = None
    is_outdated: bool | None = None
    report: DownloadReport | None = None
    error: PictoryError | None = None

    @property
    def ok(self) -> bool:
        """Whether its video is there or was requested, and nothing failed."""
        return self.error is None and self.status in SUCCESSES

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield "project_id", self.project_id
        yield "status", self.status
        yield "paid", self.paid
        yield "error", self.error

    def to_dict(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        project, report = self.project, self.report
        return {
            "project_id": self.project_id,
            "status": self.status.value,
            "paid": self.paid,
            "name": None if project is None else project.name,
            "video_url": None if project is None else project.video_url,
            "share_url": None if project is None else project.share_video_url,
            "job_id": None if self.handle is None else self.handle.job_id,
            "is_outdated": self.is_outdated,
            "files": [] if report is None else report.to_dict()["files"],
            "error": None if self.error is None else str(self.error),
        }
