"""Requested renders and videos, to wait for now or after a restart."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, cast

import attrs

from pictory_async._values import ValueObject, brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import ProjectId

_VERSION: Final = 1
_VERSION_OF_VIDEOS: Final = 2


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RenderHandle(ValueObject):
    """A requested render.

    It holds no key, so it can be stored in a file or a database and used by another process: see `to_json`.

    Attributes:
        project_id: The project that is rendered.
        job_id: The job that renders it; ``None`` if the response to the request was lost.
        generated_before: When the project's video before this render was generated; ``None`` if there was none, and
            `datetime.min` (UTC) if the earlier video has no date.
        requested_at: When the render was requested, by this machine's clock; ``None`` if that is not known.
    """

    project_id: ProjectId
    job_id: str | None = None
    generated_before: datetime | None = None
    requested_at: datetime | None = None

    @property
    def subject(self) -> str:
        """What errors call it: ``the render of project 'x'``."""
        return f"the render of project {self.project_id!r}"

    def to_json(self) -> str:
        """The handle as one line of JSON, with a version number."""
        return json.dumps(
            {
                "version": _VERSION,
                "project_id": self.project_id,
                "job_id": self.job_id,
                "generated_before": _written(self.generated_before),
                "requested_at": _written(self.requested_at),
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> RenderHandle:
        """Read what `to_json` wrote.

        Raises:
            PictoryConfigError: The text is no handle, or it was written by a later version of this package.
        """
        found = _object(text, "render")
        if found.get("kind") == "video":
            raise PictoryConfigError("This is not a render handle: it is of a video. VideoHandle.from_json reads it.")
        version = found.get("version")
        if type(version) is not int or version != _VERSION:
            raise PictoryConfigError(
                f"This render handle has version {brief(version)}, and only version {_VERSION} can be read. "
                "Update pictory-async, or wait for the render's project instead."
            )
        project_id: Any = found.get("project_id")
        job_id = found.get("job_id")
        usable = isinstance(project_id, (str, int)) and not isinstance(project_id, bool)
        if not usable or not isinstance(job_id, str | None):
            raise PictoryConfigError("This render handle is damaged: an id in it has the wrong form.")
        return cls(
            project_id=project_id,
            job_id=job_id,
            generated_before=_date(found.get("generated_before"), "render"),
            requested_at=_date(found.get("requested_at"), "render"),
        )


@attrs.frozen(repr=False, eq=False)
class VideoHandle(ValueObject):
    """A requested video, or a requested preview of one. It has no project.

    It holds no key, so it can be stored in a file or a database and used by another process: see `to_json`.

    Attributes:
        job_id: The job that makes it; ``None`` if the response to the request was lost: then ``client.videos.find``
            looks for it.
        name: The name that was asked for; empty if that is not known.
        is_preview: Whether it is a preview.
        saves_project: Whether a project is made too.
        after_job: The newest job of the account just before the request; empty if there was none, and ``None`` if that
            is not known.
        requested_at: When it was requested, by this machine's clock; ``None`` if that is not known.
    """

    job_id: str | None
    name: str = ""
    is_preview: bool = attrs.field(default=False, kw_only=True)
    saves_project: bool = attrs.field(default=False, kw_only=True)
    after_job: str | None = attrs.field(default=None, kw_only=True)
    requested_at: datetime | None = attrs.field(default=None, kw_only=True)

    @property
    def subject(self) -> str:
        """What errors call it: ``the video 'x'``."""
        what = "the preview of video" if self.is_preview else "the video"
        if self.name:
            return f"{what} {brief(self.name)}"
        return what if self.job_id is None else f"{what} of job {self.job_id!r}"

    def to_json(self) -> str:
        """The handle as one line of JSON, with a version number."""
        facts = attrs.asdict(self) | {"requested_at": _written(self.requested_at)}
        return json.dumps({"version": _VERSION_OF_VIDEOS, "kind": "video", **facts})

    @classmethod
    def from_json(cls, text: str | bytes) -> VideoHandle:
        """Read what `to_json` wrote.

        Raises:
            PictoryConfigError: The text is no handle of a video, or it was written by a later version of this package.
        """
        found = _object(text, "video")
        version = found.get("version")
        if found.get("kind") != "video":
            raise PictoryConfigError("This is not a video handle. Of a render, RenderHandle.from_json reads it.")
        if type(version) is not int or version != _VERSION_OF_VIDEOS:
            raise PictoryConfigError(
                f"This video handle has version {brief(version)}, and only version {_VERSION_OF_VIDEOS} can be read. "
                "Update pictory-async."
            )
        job_id, name, after_job = (found.get(key) for key in ("job_id", "name", "after_job"))
        is_preview, saves_project = (found.get(key) for key in ("is_preview", "saves_project"))
        texts = isinstance(job_id, str | None) and isinstance(after_job, str | None)
        flags = isinstance(is_preview, bool) and isinstance(saves_project, bool)
        if not texts or not flags or not isinstance(name, str):
            raise PictoryConfigError("This video handle is damaged: a value in it has the wrong form.")
        return cls(
            job_id,
            name,
            is_preview=is_preview is True,
            saves_project=saves_project is True,
            after_job=after_job,
            requested_at=_date(found.get("requested_at"), "video"),
        )


def read_handle(text: str | bytes) -> RenderHandle | VideoHandle:
    """Read the handle of a render or of a video, whichever it is.

    Args:
        text: What `RenderHandle.to_json` or `VideoHandle.to_json` wrote.

    Raises:
        PictoryConfigError: The text is neither, or it was written by a later version of this package.
    """
    is_video = _object(text, "render").get("kind") == "video"
    return VideoHandle.from_json(text) if is_video else RenderHandle.from_json(text)


def _object(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        raw: Any = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        raise PictoryConfigError(f"This is not a {what} handle: it is not a JSON object.")
    return cast("dict[str, Any]", raw)


def _written(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat()


def _date(text: Any, what: str) -> datetime | None:
    try:
        date = None if text is None else datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise PictoryConfigError(f"This {what} handle has no usable date: {brief(text)}.") from None
    if date is not None and date.tzinfo is None:
        raise PictoryConfigError(f"This {what} handle is damaged: the date {brief(text)} has no time zone.")
    return date
