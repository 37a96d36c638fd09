"""What is known of one wait. Pure."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from pictory_async._polling.evidence import Verdict
from pictory_async._polling.failures import FailureStreak
from pictory_async._polling.handle import RenderHandle, VideoHandle
from pictory_async._polling.outcome import RenderOutcome, key_of
from pictory_async._polling.schedules import PollSchedule
from pictory_async._polling.snapshot import Snapshot
from pictory_async._settings.paths import job_path, project_path
from pictory_async.errors import APIError
from pictory_async.models import Job, ProjectId

if TYPE_CHECKING:
    from pictory_async._values import Deferred
    from pictory_async.models import Project

_AFTER_SLEEP: Final = 60.0  # seconds: enough for a network that returns, and for hundreds of polls in one budget


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Terms:
    """What all watches of one poller have in common; durations in seconds, ``None`` for no limit."""

    max_wait: float | None
    interval: float
    start_grace: float
    schedule: PollSchedule


@attrs.define(repr=False, eq=False)
class Wait:
    """One wait: for a project, for a project whose render job is known, for a video, or for a job alone.

    Attributes:
        project_id: As it was given; ``None`` for a video without one, and for a job alone.
        after: The server's time that the video must be newer than.
        job_id: The render's job, if it is known.
        terms: The options of its poller.
        began: When the watch began.
        owner: The scheduler that it belongs to.
        handle: The render or the video that it waits for, if that was requested.
        age: How many seconds before the watch began that was; ``None`` if it is not known.
        entry: Its number in its owner's agenda; 0 if it is not there.
        due: Whether its poll is queued or in flight.
        open: Whether the outcome is still to come.
        polls: How many usable responses there were.
        all_polls: How many polls came back, failed ones included.
        job: The job as it was last seen.
        asks_job: Whether the next poll is of the job.
        outcome: How it ended.
        verdict: What the last snapshot proves.
        snapshot: The last response about the project.
        started: Whether the render was seen.
        job_lost: Why the job is not polled any more.
        failures: The failed polls since the last good one, of what is polled next; made late, because most watches
            never need it.
    """

    project_id: ProjectId | None
    after: datetime | None
    job_id: str | None
    terms: Terms
    began: float
    owner: Any
    handle: RenderHandle | VideoHandle | None = None
    age: float | None = None
    entry: int = 0
    due: bool = False
    open: bool = True
    polls: int = 0
    all_polls: int = 0
    job: Job | None = None
    asks_job: bool = attrs.field(init=False)
    outcome: RenderOutcome | None = None
    verdict: Verdict = Verdict.IDLE
    snapshot: Snapshot | None = None
    started: bool = False
    job_lost: APIError | None = None
    failures: FailureStreak | None = None
    _in_turn: bool = False
    _other_failures: FailureStreak | None = None
    _unfinished_at: float = attrs.field(init=False)
    _grace_from: float = attrs.field(init=False)
    _first_progress: tuple[float, float] | None = None
    _woke_at: float | None = None

    def __attrs_post_init__(self) -> None:
        self._unfinished_at = self._grace_from = self.began
        self.asks_job = self.job_id is not None

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
    def failed_polls(self) -> int:
        """How many polls failed since the last good one."""
        return 0 if self.failures is None else self.failures.count

    @property
    def deadline(self) -> float:
        """When ``max_wait`` is over, or a minute after it was slept through; infinite if there is no limit."""
        if self._woke_at is not None:
            return self._woke_at + _AFTER_SLEEP
        return math.inf if self.terms.max_wait is None else self.began + self.terms.max_wait

    @property
    def subject(self) -> str:
        """What the next poll is of, for errors."""
        return f"job {self.job_id!r}" if self.asks_job else f"project {self.project_id!r}"

    @property
    def name(self) -> str:
        """What is waited for, for messages."""
        if isinstance(self.handle, VideoHandle):
            subject = self.handle.subject
            return f"{subject} (job {self.job_id!r})" if self.handle.name else subject
        return f"job {self.job_id!r}" if self.project_id is None else f"project {self.project_id!r}"

    @property
    def path(self) -> str:
        """The path of the next poll's request."""
        return job_path(self.job_id) if self.asks_job else project_path(self.project_id)

    @property
    def makes_preview(self) -> bool:
        """Whether it waits for a preview."""
        return isinstance(self.handle, VideoHandle) and self.handle.is_preview

    def project(self) -> Deferred[Project | None] | None:
        """The project as it was last seen; decoding it takes time, so that is left to whoever reads it."""
        return None if self.snapshot is None else self.snapshot.project(cast("ProjectId", self.project_id))
