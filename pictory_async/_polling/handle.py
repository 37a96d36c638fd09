"""A requested render, to wait for now or after a restart."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, cast

import attrs

from pictory_async._values import ValueObject, brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import ProjectId

_VERSION: Final = 1


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

    def to_json(self) -> str:
        """The handle as one line of JSON, with a version number."""
        dates = {"generated_before": self.generated_before, "requested_at": self.requested_at}
        return json.dumps(
            {
                "version": _VERSION,
                "project_id": self.project_id,
                "job_id": self.job_id,
                **{name: None if date is None else date.isoformat() for name, date in dates.items()},
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> RenderHandle:
        """Read what `to_json` wrote.

        Raises:
            PictoryConfigError: The text is no handle, or it was written by a later version of this package.
        """
        try:
            raw: Any = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            raw = None
        if not isinstance(raw, dict):
            raise PictoryConfigError("This is not a render handle: it is not a JSON object.")
        found = cast("dict[str, Any]", raw)
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
            generated_before=_date(found.get("generated_before")),
            requested_at=_date(found.get("requested_at")),
        )


def _date(text: Any) -> datetime | None:
    try:
        date = None if text is None else datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise PictoryConfigError(f"This render handle has no usable date: {brief(text)}.") from None
    if date is not None and date.tzinfo is None:
        raise PictoryConfigError(f"This render handle is damaged: the date {brief(text)} has no time zone.")
    return date
