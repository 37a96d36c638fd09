"""A simulated project, and which of its renders wait, run, are finished or failed at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Literal

import attrs

ProjectId = str | int


class Absent(Enum):
    """The type of `ABSENT`."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
"""As a value in ``overrides``: leave this key out of the body."""


class Phase(Enum):
    """The state of one render."""

    UNASKED = "unasked"
    QUEUED = "queued"
    RENDERING = "rendering"
    RENDERED = "rendered"
    FAILED = "failed"


def _not_negative(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{attribute.name} must not be negative, not {value!r}")


@attrs.frozen
class Render:
    """One render of a project, planned from its request to its end.

    Args:
        at: When it is requested, in seconds of the world's time; negative is before the world's start.
        duration: Seconds from the moment when it is picked up to its end.
        queue: Seconds that it waits before it is picked up. Until then the project does not show it.
        fails: Whether it ends without a video. Only its job shows that.
        error_code: The error code of its job, if it fails.
        error_message: The error message of its job, if it fails.
        job_id: The id of its job; the world sets one if it is empty.

    Raises:
        ValueError: ``duration`` or ``queue`` is negative.
    """

    at: float
    duration: float = attrs.field(kw_only=True, validator=_not_negative)
    queue: float = attrs.field(kw_only=True, default=0.0, validator=_not_negative)
    fails: bool = attrs.field(kw_only=True, default=False)
    error_code: str = attrs.field(kw_only=True, default="TEXT_TO_VIDEO_FAILED")
    error_message: str = attrs.field(kw_only=True, default="The simulator was told to fail this render.")
    job_id: str = attrs.field(kw_only=True, default="")

    @property
    def picked_up_at(self) -> float:
        """When rendering begins, in seconds of the world's time."""
        return self.at + self.queue

    @property
    def ends_at(self) -> float:
        """When it finishes or fails, in seconds of the world's time."""
        return self.at + self.queue + self.duration

    def phase(self, now: float) -> Phase:
        """Return the state of this render at ``now``, in seconds of the world's time."""
        if now < self.at:
            return Phase.UNASKED
        if now < self.picked_up_at:
            return Phase.QUEUED
        if now < self.ends_at:
            return Phase.RENDERING
        return Phase.FAILED if self.fails else Phase.RENDERED

    def progress(self, now: float) -> int:
        """Return the progress in percent: 0 to 99 while it is rendering."""
        return int(100 * (now - self.picked_up_at) / self.duration)


@attrs.frozen
class View:
    """What a project shows at one moment.

    Attributes:
        rendering: Whether a render is running.
        video: The render whose video is visible, if any.
        saved_at: When the project was last saved, in seconds of the world's time.
    """

    rendering: bool
    video: Render | None
    saved_at: float


@attrs.define(kw_only=True)
class SimProject:
    """A project of the simulated account. Create one with `World.add_project`.

    Attributes:
        id: Its id: 49 characters, or an integer as in projects of the v2 schema.
        name: Its name.
        created_at: When it is created, in seconds of the world's time.
        schema_version: ``"v3"``, ``"v2"``, or None as in the oldest projects.
        source: What it was made from.
        layout: The aspect ratio of its video.
        language: The language of its script.
        video_seconds: The duration of its video in seconds.
        scenes: How many scenes its body lists; None leaves the list out, as in the documented sample.
        renders: Its renders.
        on_render: The renders that the next calls of the render endpoint start, one each, with their ``at``
            replaced.
        edits: When it is saved again, in seconds of the world's time.
        deleted_at: When it is deleted, in seconds of the world's time.
        render_saves: Whether the end of a render counts as a save.
        overrides: Values that replace those of the body; `ABSENT` leaves a key out.
        cached: The last body, with the state that it shows; the endpoint sets it.
    """

    id: ProjectId
    name: str
    created_at: float
    schema_version: Literal["v2", "v3"] | None = "v3"
    source: str = "script"
    layout: str = "16:9"
    language: str = "en"
    video_seconds: float = 21.98
    scenes: int | None = None
    renders: list[Render] = attrs.field(factory=list[Render])
    on_render: list[Render] = attrs.field(factory=list[Render])
    edits: list[float] = attrs.field(factory=list[float])
    deleted_at: float | None = None
    render_saves: bool = False
    overrides: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    cached: tuple[object, bytes] | None = attrs.field(default=None, init=False, repr=False, eq=False)

    def is_newest(self, render: Render) -> bool:
        """Return whether nobody saved the project after a render of it was requested."""
        return all(at <= render.at for at in self.edits)

    def exists(self, now: float) -> bool:
        """Return whether the project exists at ``now``, in seconds of the world's time."""
        return self.created_at <= now and (self.deleted_at is None or now < self.deleted_at)

    def view(self, now: float) -> View:
        """Return what the project shows at ``now``, in seconds of the world's time."""
        finished = [render for render in self.renders if render.phase(now) is Phase.RENDERED]
        saves = [at for at in self.edits if at <= now]
        if self.render_saves:
            saves += [render.ends_at for render in finished]
        return View(
            rendering=any(render.phase(now) is Phase.RENDERING for render in self.renders),
            video=max(finished, key=lambda render: render.ends_at, default=None),
            saved_at=max(saves, default=self.created_at),
        )
