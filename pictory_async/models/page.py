"""One page of a list, and one entry of the list of projects."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

import attrs

from pictory_async.models._base import Model, ProjectId, as_utc

__all__ = ["Page", "ProjectItem"]

T = TypeVar("T")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Page(Model, Generic[T]):
    """One page of a list.

    From https://docs.pictory.ai/api-reference/projects/get-projects and the same pages for templates and jobs.

    Attributes:
        items: The entries in the API's order, without those that cannot be read, such as one without an id; the log has
            a warning about these.
        next_key: The key for requesting the next page; ``None`` on the last one.
    """

    items: tuple[T, ...]
    next_key: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class ProjectItem(Model):
    """One entry of the list of projects. It does not show whether a video is ready.

    From https://docs.pictory.ai/api-reference/projects/get-projects.

    Attributes:
        id: The project's id: a string for v3 projects, an integer for older ones.
        name: Name of the project.
        source: What it was made from, such as ``script`` or ``transcribe``.
        preview_url: An image or a video as a preview of the project.
        saved_at: When it was last saved, in UTC; may differ from the project's own date by fractions of a second.
        aspect_ratio: Such as ``sixteen-nine``; ``None`` for v3 projects.
        schema_version: ``v3`` or ``v2``; ``None`` for the oldest.
        type: ``project``; other values are not documented.
    """

    id: ProjectId
    name: str | None = None
    source: str | None = attrs.field(default=None, repr=False)
    preview_url: str | None = attrs.field(default=None, repr=False)
    saved_at: datetime | None = attrs.field(default=None, converter=as_utc)
    aspect_ratio: str | None = attrs.field(default=None, repr=False)
    schema_version: str | None = None
    type: str | None = attrs.field(default=None, repr=False)
