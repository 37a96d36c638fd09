"""What a snapshot proves. Pure.

The API's ``step`` is no sign of completion (documented finished projects say ``STORYBOARD``) and a project has no
field for a failure, so a snapshot alone proves only one of four things; see `Verdict`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from pictory_async.errors import PictoryConfigError
from pictory_async.models import Project

if TYPE_CHECKING:
    from pictory_async.models import Evidence

__all__ = ["UNDATED", "Verdict", "baseline", "judge"]

UNDATED: Final = datetime.min.replace(tzinfo=UTC)
"""In place of the date of a video that has none: until a render was seen, only a video with a date is newer."""


class Verdict(Enum):
    """What a snapshot proves about the awaited render."""

    RENDERING = "rendering"
    """Something is being rendered now."""

    RENDERED = "rendered"
    """The awaited video is there."""

    PREVIOUS = "previous"
    """There is a video, but it is the old one: the render has not started, or it failed."""

    IDLE = "idle"
    """There is no video and nothing is being rendered: never asked for, not yet started, or failed."""


def judge(evidence: Evidence, after: datetime | None = None) -> Verdict:
    """Say what a snapshot proves.

    Args:
        evidence: The fields of the snapshot that matter.
        after: The server's time that the video must be newer than; ``None`` if any video will do.
    """
    if evidence.is_rendering:
        return Verdict.RENDERING
    if not evidence.video_url:
        return Verdict.IDLE
    if after is None or (evidence.generated_at is not None and evidence.generated_at > after):
        return Verdict.RENDERED
    return Verdict.PREVIOUS


def baseline(after: Project | datetime | None) -> datetime | None:
    """Turn a user's ``after`` into the time that a video must be newer than.

    Args:
        after: A snapshot taken before the render, a server's time, or ``None`` if any video will do. A snapshot
            without a video asks for nothing more than a video.

    Raises:
        PictoryConfigError: It is neither, has no time zone, or is a snapshot whose video has no date.
    """
    if isinstance(after, Project):
        if not after.video_url:
            return None
        if after.generated_at is None:
            msg = f"Project {after.id!r} has a video without a date, so no newer one can be told. Pass a datetime."
            raise PictoryConfigError(msg)
        return after.generated_at
    if after is None:
        return None
    if not isinstance(after, datetime) or after.tzinfo is None:
        msg = f"after must be a Project taken before the render or a datetime with a time zone, not {after!r}."
        raise PictoryConfigError(msg)
    return after
