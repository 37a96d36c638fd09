"""What one wait is for. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from pictory_async._polling.handle import RenderHandle, VideoHandle
from pictory_async._polling.outcome import key_of
from pictory_async._polling.schedules import PollSchedule
from pictory_async.models import ProjectId


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Terms:
    """What all watches of one poller have in common; durations in seconds, ``None`` for no limit.

    The list of jobs is read every ``sweep_interval`` seconds, or every ``interval`` if that is ``None``.
    """

    max_wait: float | None
    interval: float
    start_grace: float
    schedule: PollSchedule
    sweep_interval: float | None = None

    @property
    def gap(self) -> float:
        """How many seconds after each other the readings of the list of jobs begin."""
        return self.interval if self.sweep_interval is None else self.sweep_interval


@attrs.define(repr=False, eq=False)
class Wait:
    """What a wait is for: a project, a project whose render job is known, a video, or a job alone. It never changes.

    Attributes:
        project_id: As it was given; ``None`` for a video without one, and for a job alone.
        after: The server's time that the video must be newer than.
        job_id: The render's job, if it is known.
        terms: The options of its poller.
        began: When the watch began.
        owner: The scheduler that it belongs to.
        handle: The render or the video that it waits for, if that was requested.
        age: How many seconds before the watch began that was; ``None`` if it is not known.
    """

    project_id: ProjectId | None
    after: datetime | None
    job_id: str | None
    terms: Terms
    began: float
    owner: Any
    handle: RenderHandle | VideoHandle | None = None
    age: float | None = None

    @property
    def identity(self) -> tuple[str | None, str | None, datetime | None, bool]:
        """What is waited for: two watches of one poller with the same identity are one."""
        project = None if self.project_id is None else str(self.project_id)
        return project, self.job_id, self.after, self.handle is not None

    @property
    def key(self) -> ProjectId:
        """What users call it."""
        return key_of(self.project_id, self.job_id)

    @property
    def is_of_job(self) -> bool:
        """Whether it waits for a job alone, whatever that makes."""
        return self.project_id is None and self.handle is None

    @property
    def name(self) -> str:
        """What is waited for, for messages."""
        if isinstance(self.handle, VideoHandle):
            subject = self.handle.subject
            return f"{subject} (job {self.job_id!r})" if self.handle.name else subject
        return f"job {self.job_id!r}" if self.project_id is None else f"project {self.project_id!r}"

    @property
    def makes_preview(self) -> bool:
        """Whether it waits for a preview."""
        return isinstance(self.handle, VideoHandle) and self.handle.is_preview
