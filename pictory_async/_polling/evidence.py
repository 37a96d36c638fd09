"""What a snapshot proves. Pure.

The API's ``step`` does not show completion (documented finished projects have the step ``STORYBOARD``), and a project
has no field for a failure. So a snapshot alone proves one of four things only; see `Verdict`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Project

if TYPE_CHECKING:
    from pictory_async.models import Evidence, Job

UNDATED: Final = datetime.min.replace(tzinfo=UTC)
"""The date of an undated video. Every dated video is newer."""


class Verdict(Enum):
    """What a snapshot proves about the awaited render."""

    RENDERING = "rendering"
    """A render runs now."""

    RENDERED = "rendered"
    """The awaited video is there."""

    PREVIOUS = "previous"
    """The video is the old one: the render has not started, or it failed."""

    IDLE = "idle"
    """There is no video and no render: never requested, not yet started, or failed."""


def judge(evidence: Evidence, after: datetime | None = None, job: Job | None = None) -> Verdict:
    """Return what a snapshot proves.

    Args:
        evidence: The fields of the snapshot that matter.
        after: The server's time that the video must be newer than; ``None`` if any video counts.
        job: The render's job as it was last seen. If it is completed it is a witness of its own: the render is over,
            whatever ``step`` says, and if the job shows its video, that is the awaited one.
    """
    completed = job if job is not None and job.is_completed else None
    if completed is not None and completed.video_url:
        return Verdict.RENDERED
    if evidence.is_rendering and completed is None:
        return Verdict.RENDERING
    if not evidence.video_url:
        return Verdict.IDLE
    if after is None or (evidence.generated_at is not None and evidence.generated_at > after):
        return Verdict.RENDERED
    return Verdict.PREVIOUS


def baseline_of(project: Project) -> datetime | None:
    """What a new video of a project must be newer than: the date of the one that it shows."""
    return project.generated_at or (UNDATED if project.video_url else None)


def baseline(after: Project | datetime | None) -> datetime | None:
    """Turn a user's ``after`` into the time that a video must be newer than.

    Args:
        after: A snapshot taken before the render, a server's time, or ``None`` if any video counts. After a snapshot
            without a video, any video counts.

    Raises:
        PictoryConfigError: It is neither, has no time zone, or is a snapshot whose video has no date.
    """
    if isinstance(after, Project):
        if not after.video_url:
            return None
        if after.generated_at is None:
            text = f"Project {after.id!r} has a video without a date, so no newer one can be recognized. Pass a date."
            raise PictoryConfigError(text)
        return after.generated_at
    if after is None:
        return None
    if not isinstance(after, datetime) or after.tzinfo is None:
        msg = f"after must be a Project taken before the render or a datetime with a time zone, not {brief(after)}."
        raise PictoryConfigError(msg)
    return after
