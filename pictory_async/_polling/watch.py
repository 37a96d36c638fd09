"""One project being waited for: what is known, and what follows from each answer. Pure."""

from __future__ import annotations

import logging
import math
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._codec.answers import decode_job, decode_project, read_evidence
from pictory_async._codec.error_body import in_one_line
from pictory_async._polling.evidence import UNDATED, Verdict, judge
from pictory_async._polling.failures import Setbacks
from pictory_async._polling.outcome import RenderOutcome, RenderStatus
from pictory_async._polling.schedules import PollSchedule, Sighting
from pictory_async.errors import (
    APIError,
    AuthenticationError,
    MalformedResponseError,
    NotFoundError,
    PermissionDeniedError,
    PictoryConfigError,
    PictoryError,
    RenderFailedError,
    RenderNotStartedError,
    WaitError,
    WaitTimeoutError,
)
from pictory_async.models import Job, JobStatus, ProjectId, ProjectStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.models import Project

__all__ = ["Terms", "Watch"]

_log: Final = logging.getLogger("pictory_async")
_LONG: Final = 32 * 1024
_PIECE: Final = 16 * 1024


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Terms:
    """What all watches of one poller have in common; durations in seconds, ``None`` for no limit."""

    max_wait: float | None
    interval: float
    start_grace: float
    schedule: PollSchedule


@attrs.define(repr=False, eq=False, weakref_slot=False)
class Watch:
    """One project being waited for.

    Where the render's job is known, the job is looked at until it is done, because it alone shows progress and
    failure; then the project, until it shows the new video.

    Attributes:
        project_id: As it was given.
        after: The server's time that the video must be newer than.
        job_id: The render's job, where it is known.
        terms: What its poller was told.
        began: When the watch began.
        owner: The poller it belongs to.
        entry: Its number in its owner's agenda, 0 while it is not in it.
        open: Whether the outcome is still to come.
        polls: How many usable answers there were.
        job: The job as it was last seen.
        packed: Whether the last snapshot needs no more compression; see `pack`.
        asks_job: Whether the next look is at the job.
    """

    project_id: ProjectId
    after: datetime | None
    job_id: str | None
    terms: Terms
    began: float
    owner: Any
    entry: int = 0
    open: bool = True
    polls: int = 0
    job: Job | None = None
    packed: bool = True
    asks_job: bool = attrs.field(init=False)
    _verdict: Verdict = Verdict.IDLE
    _digest: int | None = None
    _snapshot: bytes | None = None
    _unfinished_at: float = attrs.field(init=False)
    _grace_from: float = attrs.field(init=False)
    _started: bool = False
    _job_lost: NotFoundError | None = None
    _first_progress: tuple[float, float] | None = None
    _setbacks: Setbacks | None = None

    def __attrs_post_init__(self) -> None:
        self._unfinished_at = self._grace_from = self.began
        self.asks_job = self.job_id is not None

    @property
    def deadline(self) -> float:
        """When ``max_wait`` is spent; infinite where there is none."""
        return math.inf if self.terms.max_wait is None else self.began + self.terms.max_wait

    @property
    def subject(self) -> str:
        """What the next look is at, for errors."""
        return f"job {self.job_id!r}" if self.asks_job else f"project {self.project_id!r}"

    def saw(self, body: bytes, sent_at: float, now: float) -> RenderOutcome | None:
        """Take in a snapshot of the project.

        Args:
            body: The answer's body.
            sent_at: When it was asked for.
            now: When it is judged.

        Returns:
            The outcome, or ``None`` if the watch goes on.

        Raises:
            MalformedResponseError: The snapshot is not what the API documents; see `failed`.
        """
        digest = hash(body)
        if digest != self._digest:
            evidence = read_evidence(body, self.project_id)
            self._verdict = judge(evidence, self.after)
            if self._verdict is Verdict.IDLE and (evidence.step or "").upper() == ProjectStep.COMPLETE:
                _log.warning("pictory.project.complete_without_video: %s says COMPLETE; still waiting", self.subject)
            if self._verdict is Verdict.RENDERED:
                project = decode_project(body, self.project_id)
                self.polls += 1
                return self._end(RenderStatus.RENDERED, now, None, project)
            self.packed = len(body) < _LONG
            self._snapshot = zlib.compress(body, 1) if self.packed else body
            self._digest = digest
        self.polls += 1
        self._setbacks = None
        self._unfinished_at = sent_at
        if self._verdict is Verdict.RENDERING:
            if not self._started:
                self._saw_render()
            self._grace_from = sent_at
        elif sent_at >= self._grace_from + self.terms.start_grace:
            return self._gave_nothing(now)
        return None

    def pack(self) -> Iterator[None]:
        """Compress a long snapshot piece by piece: all at once would hold up the event loop."""
        body = self._snapshot
        if body is None or self.packed or not self.open:
            return
        packer = zlib.compressobj(1)
        pieces: list[bytes] = []
        for start in range(0, len(body), _PIECE):
            pieces.append(packer.compress(body[start : start + _PIECE]))
            yield
        if self._snapshot is body:
            self._snapshot, self.packed = b"".join((*pieces, packer.flush())), True

    def saw_job(self, body: bytes, sent_at: float, now: float) -> RenderOutcome | None:
        """Take in an answer about the job; as `saw`."""
        job = decode_job(body, self.job_id)
        if job.is_missing:
            text = f"There is no {self.subject} for this API key. It may have been cleaned up; look at the project."
            return self.failed(NotFoundError(text, status=404, code=job.error_code, method="GET"), now)
        self.polls += 1
        self._setbacks = None
        if job.status not in set(JobStatus) and (self.job is None or self.job.status != job.status):
            _log.info("pictory.job.unknown_status: job %r has status %r; still waiting", self.job_id, job.status)
        self.job = job
        if job.is_failed:
            return self._end(RenderStatus.FAILED, now, self._job_failed(job, now))
        if job.is_completed or job.is_cleaned:
            if job.is_completed:
                self._saw_render()
            self._turn_to_project(now)
        else:
            self._unfinished_at = sent_at
            if job.progress is not None and self._first_progress is None:
                self._first_progress = (now, job.progress)
        return None

    def failed(self, error: APIError, now: float) -> RenderOutcome | None:
        """Take in a failed look: it is not a failed render."""
        if self._setbacks is None:  # made late: most watches never need it
            self._setbacks = Setbacks()
        if not self._setbacks.add(error):
            return None
        if isinstance(error, NotFoundError):
            if self.asks_job:
                # The project may still tell what became of the render.
                self._job_lost = error
                self._turn_to_project(now)
                return None
            return self._end(RenderStatus.MISSING, now, error)
        if isinstance(error, (AuthenticationError, PermissionDeniedError)):
            return self._end(RenderStatus.REFUSED, now, error)
        return self._end(RenderStatus.ERROR, now, error)

    def timed_out(self, now: float) -> RenderOutcome:
        """End the watch because ``max_wait`` is spent."""
        last = None if self._setbacks is None else self._setbacks.last
        seen = self._verdict.value if self._snapshot else "never seen"
        if self.job is not None:
            seen = f"job {self.job.status}"
        text = (
            f"Project {self.project_id!r} was not rendered within {self.terms.max_wait:g} s (last seen: {seen}, "
            f"{self.polls} polls). It may still finish: wait again, or raise max_wait."
        )
        if last is not None:
            text += f" The last look failed: {last}"
        facts = self._facts(now)
        max_wait = self.terms.max_wait
        error = WaitTimeoutError(text, max_wait=max_wait, last_error=None if last is None else str(last), **facts)
        return self._end(RenderStatus.TIMED_OUT, now, error)

    def next_look(self, now: float) -> float:
        """When to look again, or for the first time.

        Raises:
            PictoryConfigError: The schedule gave no time.
        """
        terms = self.terms
        if self._setbacks is not None:
            early = self._setbacks.next_look(now, terms.interval)
            if early is not None:
                return early
        failing = self._setbacks is not None
        if self._snapshot is None and not self.asks_job and self.job_id is not None and not failing:
            return now  # the job is done, so the project shows it
        seen = Sighting(
            now=now,
            interval=terms.interval,
            polls=self.polls or (0 if self._setbacks is None else 1),  # a failed look is a look
            fresh=self.asks_job,
            remaining=None if self.job is None else self._remaining(now, self.job),
        )
        due = terms.schedule.next_look(seen)
        if not due < math.inf:
            msg = f"{terms.schedule!r} gave {due!r} as the time of the next look at {self.subject}; it must be finite."
            raise PictoryConfigError(msg)
        grace_ends = self._grace_from + terms.start_grace
        in_grace = self._snapshot is not None and self._verdict is not Verdict.RENDERING
        if not in_grace or due <= grace_ends:
            return due
        # A poll that was sent just before the grace ended proves nothing about its end: poll again at once. While
        # polls fail, the usual delays apply.
        return due if failing and grace_ends <= now else max(now, grace_ends)

    def _remaining(self, now: float, job: Job) -> float | None:
        if not self.asks_job or job.progress is None or self._first_progress is None:
            return None
        since, first = self._first_progress
        gained = job.progress - first
        return (100.0 - job.progress) * (now - since) / gained if gained > 0.0 and now > since else None

    def _saw_render(self) -> None:
        self._started = True
        if self.after == UNDATED:  # what is there after a render is new, with a date or without
            self.after = None

    def _turn_to_project(self, now: float) -> None:
        self.asks_job = False
        self._grace_from = now
        self._setbacks = None

    def _job_failed(self, job: Job, now: float) -> RenderFailedError:
        why = in_one_line(job.error_message or "no reason given")
        code = f" ({in_one_line(job.error_code)})" if job.error_code else ""
        text = f"The render of project {self.project_id!r} failed: {why}{code}. Correct the project, then render again."
        return RenderFailedError(text, code=job.error_code, job_id=self.job_id, **self._facts(now))

    def _gave_nothing(self, now: float) -> RenderOutcome:
        grace = f"{self.terms.start_grace:g} s"
        project = f"Project {self.project_id!r}"
        facts = self._facts(now)
        if self._job_lost is not None:
            return self._end(RenderStatus.MISSING, now, self._job_lost)
        if self.job is not None and self.job.is_completed:
            text = f"{project} shows no new video {grace} after its job {self.job_id!r} was completed. "
            return self._end(RenderStatus.ERROR, now, WaitError(f"{text}Look at it in Pictory.", **facts))
        if self.job is not None or self._started:
            how = f"job {self.job_id!r} was cleaned up" if self.job is not None else "stopped rendering"
            text = f"{project}: {how}" if self.job is not None else f"{project} {how}"
            error: PictoryError = RenderFailedError(
                f"{text}, and there has been no new video for {grace}. Open the project in Pictory to see why, "
                "then render it again.",
                job_id=self.job_id,
                **facts,
            )
            return self._end(RenderStatus.FAILED, now, error)
        what = "an old video" if self._verdict is Verdict.PREVIOUS else "no video"
        text = f"{project} has {what}, and no render was seen for {grace}."
        error = RenderNotStartedError(f"{text} Start one, or raise start_grace if renders queue for longer.", **facts)
        return self._end(RenderStatus.NOT_STARTED, now, error)

    def _facts(self, now: float) -> dict[str, Any]:
        return {
            "project_id": self.project_id,
            "polls": self.polls,
            "waited": now - self.began,
            "project": self._project(),
        }

    def _project(self) -> Project | None:
        if self._snapshot is None:
            return None
        body = zlib.decompress(self._snapshot) if self.packed else self._snapshot
        try:
            return decode_project(body, self.project_id)
        except MalformedResponseError:  # so deep that only the quick reader for polls gets to its bottom
            return None

    def _end(
        self, status: RenderStatus, now: float, error: PictoryError | None, project: Project | None = None
    ) -> RenderOutcome:
        if project is None:
            project = error.project if isinstance(error, WaitError) else self._project()
        self.open = False
        return RenderOutcome(
            project_id=self.project_id,
            status=status,
            project=project,
            job=self.job,
            job_id=self.job_id,
            polls=self.polls,
            waited=now - self.began,
            notice_lag=now - self._unfinished_at,
            error=error,
        )
