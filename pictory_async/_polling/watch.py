"""The state machine of one wait: what is known, and what follows from each response. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

import attrs

from pictory_async._codec.answers import decode_job, decode_rendered, read_evidence, rendered_by, same_file
from pictory_async._http.health import from_api
from pictory_async._log import LogEvent, write
from pictory_async._polling import explain, logged
from pictory_async._polling.evidence import UNDATED, Verdict, judge
from pictory_async._polling.failures import FailureStreak, Meaning
from pictory_async._polling.handle import RenderHandle, VideoHandle
from pictory_async._polling.outcome import RenderOutcome, RenderStatus
from pictory_async._polling.schedules import Sighting
from pictory_async._polling.snapshot import Snapshot
from pictory_async._polling.sweep import advance
from pictory_async._polling.timed import TimedWait
from pictory_async._settings.paths import job_path, project_path
from pictory_async._values import quotable
from pictory_async.errors import (
    APIError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    PictoryConfigError,
    PictoryError,
)
from pictory_async.errors._base import changed
from pictory_async.models import Job, JobStatus, ProjectId, ProjectStep
from pictory_async.models.video import Video

if TYPE_CHECKING:
    from pictory_async._http.health import Health
    from pictory_async._values import Deferred
    from pictory_async.models import Evidence, Project

_JUST_NOW: Final = 10.0  # seconds
_ALONE: Final = 600.0  # seconds: at least so often a job is polled itself, whatever the list says
_SILENT_JOB: Final = 3  # failed polls after which its project is asked too


@attrs.define(repr=False, eq=False)
class Watch(TimedWait):
    """One wait, and what follows from each response and each failed poll.

    If the job is known it is polled until it ends, because only a job shows progress and failure; then the project
    is polled, until it shows the new video. While the job's polls fail, or its state is none that is documented, job
    and project are polled in turn.

    Attributes:
        entry: Its number in its owner's agenda; 0 if it is not there.
        when: When it is due there.
        due: Whether its poll is queued or in flight.
        urgent: Whether something is known that its next poll will show, so that this goes before others.
        hinted: Whether somebody said that something may have happened, which its next poll shows.
        open: Whether the outcome is still to come.
        polls: How many usable responses there were.
        all_polls: How many polls came back, failed ones included.
        job: The job as it was last seen.
        asks_job: Whether the next poll is of the job.
        unfinished_at: When the last poll was sent that showed no end yet; when the watch began, if there was none.
        outcome: How it ended.
        verdict: What the last snapshot proves.
        snapshot: The last response about the project.
        started: Whether the render was seen.
        job_lost: Why the job is not polled any more.
        failures: The failed polls since the last good one, of what is polled next; made late, because most watches
            never need it.
    """

    entry: int = 0
    when: float = 0.0
    due: bool = False
    urgent: bool = False
    hinted: bool = False
    open: bool = True
    polls: int = 0
    all_polls: int = 0
    job: Job | None = None
    asks_job: bool = attrs.field(init=False)
    unfinished_at: float = attrs.field(init=False)
    outcome: RenderOutcome | None = None
    verdict: Verdict = Verdict.IDLE
    snapshot: Snapshot | None = None
    started: bool = False
    job_lost: APIError | None = None
    failures: FailureStreak | None = None
    _in_turn: bool = False
    _other_failures: FailureStreak | None = None
    _grace_from: float = attrs.field(init=False)
    _polled_at: float = attrs.field(init=False)
    _first_progress: tuple[float, float] | None = None
    _last_progress: tuple[float, float] | None = None
    _claim: Job | None = None

    def __attrs_post_init__(self) -> None:
        self.unfinished_at = self._grace_from = self._polled_at = self.began
        self.asks_job = self.job_id is not None

    @property
    def failed_polls(self) -> int:
        """How many polls failed since the last good one."""
        return 0 if self.failures is None else self.failures.count

    @property
    def subject(self) -> str:
        """What the next poll is of, for errors."""
        return f"job {self.job_id!r}" if self.asks_job else f"project {self.project_id!r}"

    @property
    def path(self) -> str:
        """The path of the next poll's request."""
        return job_path(self.job_id) if self.asks_job else project_path(self.project_id)

    def saw(self, body: bytes, sent_at: float, now: float) -> RenderOutcome | None:
        """Judge a response to a poll of the project, or of the job while that is polled.

        Args:
            body: The response's body.
            sent_at: When the request was sent.
            now: When the response is judged.

        Returns:
            The outcome, or ``None`` if the watch continues.

        Raises:
            MalformedResponseError: The response is not what the API documents; see `failed`.
        """
        if not self.asks_job:
            shown = self._claim is None or self._shows_claim(body)
            return (self._saw_project(body, sent_at, now) if shown else None) or self._was_last(sent_at, now)
        outcome = self._saw_job(body, sent_at, now)
        # A job that is completed, or whose state is unknown, leaves the last word to its project.
        return outcome or (self._was_last(sent_at, now) if self.asks_job else None)

    @property
    def misses_job(self) -> bool:
        """Whether the project is polled only because polls of the job failed."""
        return not self.asks_job and (self._in_turn or self.job_lost is not None)

    def overheard(self, body: bytes, now: float) -> RenderOutcome | None:
        """Judge another watch's poll of the job, while `misses_job`; a failure is final."""
        job = decode_job(body, self.job_id)
        if not job.is_failed:
            return None
        self.job = job
        return self._end(RenderStatus.FAILED, now, explain.job_failed(self, job, now))

    def add_failure(self, error: APIError, began: float, now: float, proven_at: float) -> FailureStreak:
        """Take in a failed poll; the arguments are those of `FailureStreak.add`."""
        if self.failures is None:
            self.failures = FailureStreak(error)
        self.failures.add(error, began, now, proven_at)
        self.all_polls += 1
        return self.failures

    def failed(self, health: Health, now: float) -> RenderOutcome | None:
        """Judge the last failed poll, which is not a failed render; returns as `saw` does.

        Args:
            health: What the client's other requests meet.
            now: When the failure is judged.
        """
        failures = cast("FailureStreak", self.failures)
        if self._claim is not None:
            self._claim, self.urgent = None, True
            self._ask_the_other()
            return None
        known = self.job is not None or self.snapshot is not None
        # A render was requested a moment ago: its job may appear yet, and its project was there.
        is_young = self.handle is not None and now < self.appears_until
        may_appear = self.asks_job and isinstance(failures.last, NotFoundError)
        not_before = self.appears_until if may_appear else -math.inf
        believed = failures.believed(health, known=known or is_young, not_before=not_before)
        if self.handle is not None and not from_api(failures.last):  # a gateway does not end what was paid for
            believed = False
        if believed or now >= self._grace_from + self.terms.start_grace:
            outcome = self._by_its_job(now)
            if outcome is not None:
                return outcome
        if believed:
            if self.asks_job and self.project_id is not None:
                self.job_lost = failures.last
                self._turn_to_project(now)
                return None
            return self.refused(failures.last, now)
        if self.asks_job and self.project_id is not None:
            self._in_turn = failures.meaning is not Meaning.NOTHING or failures.count >= _SILENT_JOB
        if self._in_turn:
            self._ask_the_other()
        return None

    @property
    def is_listable(self) -> bool:
        """Whether the list of jobs shows when to poll it: its job is polled, and all is well with that."""
        return self.asks_job and self.failures is None and not self._in_turn and self.woke_at is None

    def listed(self, job: Job, now: float, until: float) -> float:
        """Take in that the list of jobs shows its job as unfinished.

        That does not shorten the detection delay, because the list may be behind. What it shows then is older than what
        is known, and progress does not go back.

        Args:
            job: The job in the list.
            now: When the entry is read.
            until: When the list should have shown it again.

        Returns:
            When to poll the job itself.
        """
        if not self._knows_more(job):
            self.job = job
        return self.in_time(min(until, max(now, self._polled_at + _ALONE)), now)

    def _knows_more(self, job: Job) -> bool:
        """Whether more of its job was seen than an entry of the list shows."""
        known = self.job
        if known is None:
            return False
        later = advance(job, known)
        return later < 0 or (not later and (job.progress or 0.0) < (known.progress or 0.0))

    def listed_ended(self, job: Job) -> None:
        """Take in that the list of jobs shows its job as ended, which is confirmed by its next poll.

        If the list names a video, that is a poll of the project, which must prove by itself that this video is new.
        Otherwise, or if it does not or cannot be read, the job is polled.
        """
        self.urgent = True
        if job.is_completed and job.video_url and self.project_id is not None:
            self._claim, self.asks_job = job, False

    def refused(self, error: APIError, now: float) -> RenderOutcome:
        """End the watch because of an error that is believed, unless its completed job names the video."""
        outcome = self._by_its_job(now)
        if outcome is not None:
            return outcome
        status = RenderStatus.ERROR
        if isinstance(error, NotFoundError):
            status = RenderStatus.MISSING
        elif isinstance(error, (AuthenticationError, PermissionDeniedError)):
            status = RenderStatus.REFUSED
        return self._end(status, now, error if self.handle is None else changed(error, handle=self.handle))

    def timed_out(self, now: float) -> RenderOutcome:
        """End the watch because ``max_wait`` is over."""
        return self._by_its_job(now) or self._end(RenderStatus.TIMED_OUT, now, explain.timed_out(self, now))

    def _was_last(self, sent_at: float, now: float) -> RenderOutcome | None:
        # A response to a request that was sent before the sleep shows nothing of what happened in it.
        return None if self.woke_at is None or sent_at < self.woke_at else self.timed_out(now)

    def next_poll(self, now: float) -> float:
        """When to send the next poll, or the first one; also shortly before the watch is out of time.

        Raises:
            PictoryConfigError: The schedule returned no usable time.
        """
        if self.woke_at is not None and self.failures is None:
            return now
        due, last = self._due_poll(now), self.last_poll
        if not self.polls and self.failures is None and last <= now < self.deadline <= due:
            return now  # a short wait has one poll, too
        return self.in_time(due, now)

    def _due_poll(self, now: float) -> float:
        terms, failures = self.terms, self.failures
        if (self.urgent or self.hinted) and failures is None:
            return now
        early = None if failures is None else failures.next_poll(now, terms.interval)
        if early is not None:
            return early
        if failures is None and self.snapshot is None and not self.asks_job and self.job_id is not None:
            return now  # the job has ended or is refused, so the project shows the result
        seen = Sighting(
            now=now,
            interval=terms.interval,
            polls=self.polls or (0 if failures is None else 1),  # a failed poll is a poll
            fresh=self.age is not None and self.age < _JUST_NOW,
            remaining=self._remaining(now),
        )
        due = terms.schedule.next_poll(seen)
        if not due < math.inf:
            raise PictoryConfigError(
                f"{terms.schedule!r} returned {due!r} as the time of the next poll of {self.subject}; "
                "it must be a finite number."
            )
        if self.asks_job or self._in_turn:  # then the end of the grace period ends nothing
            return due
        grace_ends = self._grace_from + terms.start_grace
        if self.snapshot is None or self.verdict is Verdict.RENDERING or due <= grace_ends:
            return due
        # A poll that was sent just before the grace period ended proves nothing about its end: poll again at once.
        # While polls fail, the usual delays apply.
        return due if failures is not None and grace_ends <= now else max(now, grace_ends)

    def project(self) -> Deferred[Project | None] | None:
        """The project as it was last seen; decoding it takes time, so that is left to whoever reads it."""
        return None if self.snapshot is None else self.snapshot.project(cast("ProjectId", self.project_id))

    def _shows_claim(self, body: bytes) -> bool:
        """Whether a project proves that the video that the list named is new. If it does not, the job is polled next.

        The list may name the previous video. So its claim counts for nothing in the verdict.
        """
        evidence = read_evidence(body, cast("ProjectId", self.project_id))
        claim, self._claim = cast("Job", self._claim), None  # if it cannot be read, `failed` turns to the job
        shown = same_file(evidence.video_url, cast("str", claim.video_url))
        if shown and judge(evidence, self.after) is Verdict.RENDERED and self._is_of_render(evidence):
            self.job, self.started = claim, True
            return True
        self._usable()
        self.asks_job = self.urgent = True
        return False

    def _is_of_render(self, evidence: Evidence) -> bool:
        """Whether a video is no earlier one. A handle that was made by hand may not know that there was one."""
        if self.after is not None:
            return True
        requested_at = self.handle.requested_at if isinstance(self.handle, RenderHandle) else None
        generated_at = evidence.generated_at
        # The clocks of this machine and of the server may differ: then the job is asked, which costs a poll.
        return requested_at is not None and generated_at is not None and generated_at >= requested_at

    def _saw_project(self, body: bytes, sent_at: float, now: float) -> RenderOutcome | None:
        project_id = cast("ProjectId", self.project_id)
        completed = self.job is not None and self.job.is_completed
        if self.snapshot is None or completed or hash(body) != self.snapshot.digest:
            evidence = read_evidence(body, project_id)
            # After a render was seen, a video that appears is new, with a date or without one.
            after = None if self.started and self.after == UNDATED else self.after
            verdict = judge(evidence, after, self.job)
            if verdict is Verdict.IDLE and (evidence.step or "").upper() == ProjectStep.COMPLETE:
                text = "%s has step COMPLETE but no video; still waiting"
                write(LogEvent.PROJECT_COMPLETE_WITHOUT_VIDEO, text, self.subject, project_id=project_id)
            if verdict is Verdict.RENDERED:
                project = decode_rendered(body, project_id, self.job if completed else None)
                self.polls += 1
                return self._end(RenderStatus.RENDERED, now, None, project)
            if self.verdict is Verdict.RENDERING and verdict is not Verdict.RENDERING:
                self._grace_from = sent_at  # the video may appear some time after the render has ended
            self.verdict, self.snapshot = verdict, Snapshot(body)
        self._usable()
        # Times count from when the request was sent: what happened after it, the response cannot show.
        self.unfinished_at = sent_at
        if self.verdict is Verdict.RENDERING:
            self.started = True
        if self._in_turn:  # the job is not given up yet
            self._ask_the_other()
            return None
        if self.verdict is Verdict.RENDERING or sent_at < self._grace_from + self.terms.start_grace:
            return None
        if self.job_lost is not None:
            return self.refused(self.job_lost, now)
        status, error = explain.no_new_video(self, now)
        return self._end(status, now, error)

    def _saw_job(self, body: bytes, sent_at: float, now: float) -> RenderOutcome | None:
        job = decode_job(body, self.job_id)
        if job.is_missing:
            raise explain.job_missing(self.job_id, self.path, job)
        self._usable()
        self._polled_at = now
        self._in_turn, self._other_failures = False, None
        is_unknown = (job.status or "").casefold() not in set(JobStatus)
        if is_unknown and (self.job is None or self.job.status != job.status):
            status = quotable(str(job.status))
            logged.unknown_status(self, status)
        self.job = job
        if job.is_failed:
            return self._end(RenderStatus.FAILED, now, explain.job_failed(self, job, now))
        if job.is_completed or job.is_cleaned:
            if self.project_id is None:
                return self._end_by_job(job, sent_at, now)
            self.started = self.started or job.is_completed
            self._turn_to_project(now)
            return None
        self.unfinished_at = sent_at
        if job.progress is not None:
            self._last_progress = now, job.progress
            self._first_progress = self._first_progress or self._last_progress
        if is_unknown and self.project_id is not None:  # it may mean that the job has ended
            self._in_turn = True
            self._ask_the_other()
        return None

    def _end_by_job(self, job: Job, sent_at: float, now: float) -> RenderOutcome | None:
        """The outcome of a wait without a project, whose job has ended."""
        if job.is_cleaned:
            return self._end(RenderStatus.ERROR, now, explain.job_cleaned(self, now))
        if self.is_of_job or job.video_url or self.makes_preview:
            return self._end(RenderStatus.RENDERED, now, None)
        if not self.started:  # it may name its video some time after it was completed
            self.started, self._grace_from = True, sent_at
        if sent_at < self._grace_from + self.terms.start_grace:
            return None
        return self._end(RenderStatus.ERROR, now, explain.no_video(self, now))

    def _usable(self) -> None:
        self.polls += 1
        self.all_polls += 1
        self.failures = None

    def _by_its_job(self, now: float) -> RenderOutcome | None:
        """The outcome if the project cannot be read, but its completed job names the video."""
        job, project_id = self.job, self.project_id
        if job is None or not job.is_completed or not job.video_url or project_id is None:
            return None
        return self._end(RenderStatus.RENDERED, now, None, rendered_by(job, project_id))

    def _turn_to_project(self, now: float) -> None:
        self.asks_job = self._in_turn = False
        self.urgent = True
        self.failures, self._other_failures = self._other_failures, None
        # A new period: the project may show the new video some time after its job has ended or disappeared.
        if self.snapshot is None or self.job is not None:
            self._grace_from = now

    def _ask_the_other(self) -> None:
        self.asks_job = not self.asks_job
        self.failures, self._other_failures = self._other_failures, self.failures

    def _remaining(self, now: float) -> float | None:
        if not self.asks_job or self._first_progress is None or self._last_progress is None:
            return None
        # Linear, from the first progress that a poll showed: renders report it in steps, so two polls in a row say
        # little. What the list shows does not count, because it may be wrong.
        (since, first), (until, last) = self._first_progress, self._last_progress
        if last <= first or until <= since:
            return None
        return max(0.0, (100.0 - last) * (until - since) / (last - first) - (now - until))

    def _end(
        self, status: RenderStatus, now: float, error: PictoryError | None, project: Project | None = None
    ) -> RenderOutcome:
        self.open = False
        video = None
        if status is RenderStatus.RENDERED and isinstance(self.handle, VideoHandle):
            video = Video(job=cast("Job", self.job), name=self.handle.name)
        self.outcome = RenderOutcome(
            project_id=self.project_id,
            status=status,
            project=project or self.project(),
            video=video,
            job=self.job,
            job_id=self.job_id,
            polls=self.polls,
            waited=now - self.began,
            detection_delay=now - self.unfinished_at,
            error=error,
        )
        return self.outcome
