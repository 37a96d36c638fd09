"""The life of a simulated project: which of its renders wait, run, are finished or failed at a moment."""

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
"""In ``overrides``: leave this key out of the body."""


class Phase(Enum):
    """Where one render is on its way."""

    UNASKED = "unasked"
    QUEUED = "queued"
    RENDERING = "rendering"
    RENDERED = "rendered"
    FAILED = "failed"


def _not_negative(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not value >= 0:
        msg = f"{attribute.name} must not be negative, not {value!r}"
        raise ValueError(msg)


@attrs.frozen
class Render:
    """One render of a project, planned from its request to its end.

    Args:
        at: When it is asked for, in seconds of the world's time; negative lies before the world's start.
        duration: Seconds from the moment it is picked up to its end.
        queue: Seconds it waits before it is picked up. The project shows nothing of it in that time.
        fails: Whether it ends without a video. Only its job tells.
        error_code: What the job then gives as code.
        error_message: What the job then gives as text.
        job_id: The id of its job; the world fills in one when it is empty.
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
        """When the rendering itself begins, in seconds of the world's time."""
        return self.at + self.queue

    @property
    def ends_at(self) -> float:
        """When it is finished or has failed, in seconds of the world's time."""
        return self.at + self.queue + self.duration

    def phase(self, now: float) -> Phase:
        """Tell where this render is at ``now``."""
        if now < self.at:
            return Phase.UNASKED
        if now < self.picked_up_at:
            return Phase.QUEUED
        if now < self.ends_at:
            return Phase.RENDERING
        return Phase.FAILED if self.fails else Phase.RENDERED

    def progress(self, now: float) -> int:
        """Return the percent done, 0 to 99 while it is rendering."""
        return int(100 * (now - self.picked_up_at) / self.duration)


@attrs.frozen
class View:
    """What a project shows of its life at one moment.

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
    """A project of the simulated account. Make one with `World.add_project`.

    Attributes:
        id: Its id: 49 characters, or an integer as projects of the v2 schema have it.
        name: Its name.
        created_at: When it appears, in seconds of the world's time.
        schema_version: ``"v3"``, ``"v2"``, or None as the oldest projects have it.
        source: What it was made from.
        layout: The shape of its picture.
        language: The language of its script.
        video_seconds: The length of its video in seconds.
        scenes: How many scenes its body lists; None leaves the list out, as the documented sample does.
        renders: Its renders.
        on_render: What the next calls of the render endpoint start, each used once; their ``at`` is replaced.
        edits: When it was saved again, in seconds of the world's time.
        deleted_at: When it disappears, in seconds of the world's time.
        overrides: Values that replace those of the body; `ABSENT` leaves a key out.
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
    overrides: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    cached: tuple[object, bytes] | None = attrs.field(default=None, init=False, repr=False, eq=False)

    def exists(self, now: float) -> bool:
        """Tell whether the account has this project at ``now``."""
        return self.created_at <= now and (self.deleted_at is None or now < self.deleted_at)

    def view(self, now: float) -> View:
        """Return what the project shows at ``now``."""
        finished = [render for render in self.renders if render.phase(now) is Phase.RENDERED]
        return View(
            rendering=any(render.phase(now) is Phase.RENDERING for render in self.renders),
            video=max(finished, key=lambda render: render.ends_at, default=None),
            saved_at=max((at for at in self.edits if at <= now), default=self.created_at),
        )
