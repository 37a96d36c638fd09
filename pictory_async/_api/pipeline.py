"""What happens to each project of a batch: looked at, decided, paid for or not, waited for, downloaded, told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

import anyio
import attrs

from pictory_async._api.arriving import each_once
from pictory_async._api.results import BatchProgress, RenderResult, ResultStatus
from pictory_async._api.settled import failed_error, not_started_error, status_of
from pictory_async._api.submitting import path_of
from pictory_async._files.downloads import DownloadReport
from pictory_async._gather import failure_of
from pictory_async._ledger.outcomes import STATES, handle_of
from pictory_async._ledger.renders import Decision, Intent, RenderState, TakenOverError
from pictory_async._polling.evidence import baseline_of
from pictory_async._polling.handle import RenderHandle
from pictory_async._polling.outcome import RenderOutcome, RenderStatus
from pictory_async.errors import (
    APIError,
    AuthenticationError,
    DownloadError,
    PictoryConfigError,
    PictoryError,
    RateBudgetError,
    RenderNotStartedError,
    RenderSubmitUncertainError,
)
from pictory_async.models import Project, ProjectId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import TaskGroup

    from pictory_async._api.batch_terms import BatchCalls, BatchTerms
    from pictory_async._api.submitting import Submitter
    from pictory_async._polling.poller import RenderPoller

_CHECK: Final = (
    "Check in the list of jobs whether it was. If it was not, save the project again, or pass a new name as batch, to "
    "pay for one more render."
)
_END: Final = object()
_LOOKERS: Final = 8  # projects that are fetched at the same time
_LOADERS: Final = 4  # projects that are downloaded at the same time
_STATUSES: Final = {
    RenderStatus.RENDERED: ResultStatus.RENDERED,
    RenderStatus.FAILED: ResultStatus.FAILED,
    RenderStatus.NOT_STARTED: ResultStatus.NOT_STARTED,
    RenderStatus.MISSING: ResultStatus.MISSING,
    RenderStatus.REFUSED: ResultStatus.REFUSED,
    RenderStatus.TIMED_OUT: ResultStatus.TIMED_OUT,
    RenderStatus.ERROR: ResultStatus.ERROR,
}


@attrs.define
class _Job:
    """One project that is under way."""

    project_id: ProjectId
    project: Project | None = None
    intent: Intent | None = None
    handle: RenderHandle | None = None
    outcome: RenderOutcome | None = None
    report: DownloadReport | None = None
    paid: bool = False
    perhaps_paid: bool = False  # it was requested, and its response was lost
    recovers: bool = False
    cause: str = ""  # why the response to its request is not known


class Pipeline:
    """Takes the projects of a batch through all steps.

    Args:
        calls: What fetches, watches and downloads.
        submitter: Requests renders.
        terms: What is to be done.
        send: Takes each result; it may wait until somebody wants it.

    Attributes:
        fault: The error of the caller's own source of ids; what it gave before is still done.
    """

    def __init__(
        self,
        calls: BatchCalls,
        submitter: Submitter,
        terms: BatchTerms,
        send: Callable[[RenderResult], Awaitable[None]],
    ) -> None:
        self.fault: Exception | None = None
        self._calls = calls
        self._submitter = submitter
        self._terms = terms
        self._send = send
        self._slots = anyio.Semaphore(terms.at_once)
        self._loaders = anyio.Semaphore(_LOADERS)
        self._waited: dict[tuple[str, str | None], _Job] = {}
        self._doubtful: list[_Job] = []
        self._videos: set[str] = set()
        self._stopped: PictoryError | None = None
        self._asked = 0
        self._counting = anyio.Lock()
        self._watch: RenderPoller | None = None
        self._others: TaskGroup | None = None

    @property
    def progress(self) -> BatchProgress:
        """What is under way now."""
        percents = {} if self._watch is None else self._watch.progress
        waited = [job.project_id for job in self._waited.values()]
        return BatchProgress(
            rendering={one: percents.get(one) for one in waited},
            downloading=tuple(self._calls.transfers.values()),
        )

    async def run(self, ids: Iterable[ProjectId] | AsyncIterable[ProjectId]) -> None:
        """Take all projects through all steps."""
        settings = {**self._terms.watch, "keep_open": True, "history": max(1, self._terms.at_once)}
        async with anyio.create_task_group() as clock:
            clock.start_soon(self._submitter.shield.watch)
            async with self._calls.watch(**settings) as watch, anyio.create_task_group() as collectors:
                self._watch, self._others = watch, collectors
                collectors.start_soon(self._collect, aiter(watch), watch, collectors)
                source = each_once(ids)
                try:
                    await self._look_at_all(source, watch)
                finally:
                    await source.aclose()
                    if isinstance(ids, AsyncGenerator):
                        await ids.aclose()
                for _ in range(self._terms.at_once):  # until nothing is under way any more
                    await self._slots.acquire()
                watch.close()
            clock.cancel_scope.cancel()

    async def _look_at_all(self, ids: AsyncIterator[ProjectId], watch: RenderPoller) -> None:
        turns = anyio.Lock()

        async def look() -> None:
            while True:
                await self._slots.acquire()
                async with turns:
                    found = await self._next(ids)
                if found is _END:
                    self._slots.release()
                    return
                await self._look(_Job(cast("ProjectId", found)), watch)

        async with anyio.create_task_group() as lookers:
            for _ in range(min(_LOOKERS, self._terms.at_once)):
                lookers.start_soon(look)

    async def _next(self, ids: AsyncIterator[ProjectId]) -> object:
        try:
            return await anext(ids, _END)
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            self.fault = failure
            return _END

    async def _look(self, job: _Job, watch: RenderPoller) -> None:
        try:
            if self._stopped is not None:
                raise self._stopped
            job.project = await self._calls.get(job.project_id)
            await self._decide(job, job.project, watch)
        except (APIError, RateBudgetError, PictoryConfigError) as error:
            if isinstance(error, AuthenticationError) and error.from_api:
                self._stopped = error  # it says the same about every project
            await self._tell(job, status_of(error), error=error)

    async def _decide(self, job: _Job, project: Project, watch: RenderPoller) -> None:
        terms = self._terms
        wanted = terms.wants(project, await self._submitter.is_outdated(project))
        async with self._counting:
            left = None if terms.max_renders is None else terms.max_renders - self._asked
            decision, job.intent = await self._submitter.decide(
                project, terms.batch, terms.resubmit, wanted=wanted, left=left, plans=terms.max_renders == 0
            )
            self._asked += decision is Decision.REQUEST
        match decision:
            case Decision.REQUEST if job.intent is not None:
                await self._submit(job, project, job.intent, watch)
            case Decision.RESUME | Decision.RECOVER if job.intent is not None:
                job.recovers = decision is Decision.RECOVER
                job.handle = handle_of(job.intent, job.project_id)
                await self._wait(job, job.handle, watch)
            case Decision.BUSY if job.intent is not None:
                await self._leave(job, job.intent, watch)
            case Decision.OVER:
                await self._tell(job, ResultStatus.LEFT_OUT)
            case _:
                await self._tell_settled(job, project, watch)

    async def _leave(self, job: _Job, intent: Intent, watch: RenderPoller) -> None:
        """Leave a project to the run that is at it."""
        if self._terms.overlap == "wait":
            cast("TaskGroup", self._others).start_soon(self._wait_for_other, job, intent, watch)
        else:
            await self._tell(job, ResultStatus.BUSY)

    async def _wait_for_other(self, job: _Job, intent: Intent, watch: RenderPoller) -> None:
        """Wait until another run is not at a project any more, and then look at it."""
        watched = self._terms.watch
        with anyio.move_on_after(watched["max_wait"]) as scope:
            while await self._submitter.is_busy(intent):  # noqa: ASYNC110 - no event tells what another process does
                await anyio.sleep(watched["interval"])
        if scope.cancelled_caught:
            await self._tell(job, ResultStatus.BUSY)
        else:
            await self._look(_Job(job.project_id), watch)

    async def _submit(self, job: _Job, project: Project, intent: Intent, watch: RenderPoller) -> None:
        try:
            job.handle, job.intent, job.cause = await self._submitter.submit(project, intent)
        except PictoryError:
            self._asked -= 1
            raise
        except TakenOverError:
            self._asked -= 1
            await self._leave(job, intent, watch)
            return
        job.recovers = job.perhaps_paid = job.handle.job_id is None
        job.paid = not job.recovers
        await self._wait(job, job.handle, watch)

    async def _wait(self, job: _Job, handle: RenderHandle, watch: RenderPoller) -> None:
        if self._terms.waits:
            self._waited[str(job.project_id), handle.job_id] = job
            watch.add(handle)
        elif not job.recovers or _shows(job.project, handle):
            await self._tell(job, ResultStatus.STARTED)
        elif _age(handle) < self._terms.watch["start_grace"]:
            why = f"{job.cause} Wait for error.handle: a render that was started is seen within start_grace."
            await self._tell(job, ResultStatus.UNCERTAIN, error=_lost(job, why.lstrip()))
        else:
            await self._find_out(job, watch)

    async def _tell_settled(self, job: _Job, project: Project, watch: RenderPoller) -> None:
        state = None if job.intent is None else job.intent.state
        reason = None if job.intent is None else job.intent.reason
        if state is RenderState.FAILED:
            await self._tell(job, ResultStatus.FAILED, error=failed_error(job.project_id, reason))
        elif state is RenderState.NOT_STARTED:
            await self._tell(job, ResultStatus.NOT_STARTED, error=_not_started(job))
        elif project.is_rendering and self._terms.overlap == "wait":
            job.handle = RenderHandle(project_id=job.project_id, generated_before=baseline_of(project))
            await self._wait(job, job.handle, watch)
        elif project.is_rendering:
            await self._tell(job, ResultStatus.BUSY)
        else:
            if job.intent is not None and _is_older(project, job.intent):
                job.project = await self._calls.get(job.project_id)  # another run rendered it meanwhile
            await self._finish(job, ResultStatus.UNCHANGED)

    async def _collect(self, outcomes: AsyncIterator[RenderOutcome], watch: RenderPoller, tasks: TaskGroup) -> None:
        async for outcome in outcomes:
            await self._loaders.acquire()
            tasks.start_soon(self._take, outcome, watch)

    async def _take(self, outcome: RenderOutcome, watch: RenderPoller) -> None:
        job = self._waited.pop((str(outcome.project_id), outcome.job_id))
        job.outcome = outcome
        job.project = outcome.project or job.project
        if outcome.status in STATES and job.intent is not None:
            self._prove(job, started=True)
            if outcome.ok and outcome.job_id is None and job.project is not None:
                job_id = await self._submitter.job_of(job.intent, job.project.video_url)
                job.handle = attrs.evolve(cast("RenderHandle", job.handle), job_id=job_id)
            await self._settle(job, STATES[outcome.status], None if outcome.ok else str(outcome.error))
        if outcome.ok and job.project is not None:
            if outcome.job_id is None:  # its job may not be known
                self._videos.add(path_of(job.project.video_url or ""))
            await self._submitter.enter_video(job.project, job.intent)
            await self._finish(job, ResultStatus.RENDERED)
        elif job.recovers and outcome.status is RenderStatus.NOT_STARTED:
            self._doubtful.append(job)  # when all others have ended, more is known of their jobs
        else:
            await self._tell(job, _STATUSES[outcome.status], error=outcome.error)
        self._loaders.release()
        while self._doubtful and not self._waited:
            await self._find_out(self._doubtful.pop(), watch)

    def _prove(self, job: _Job, *, started: bool) -> None:
        """Take in whether the request of a project had an effect, if its response was lost in this run."""
        if job.perhaps_paid:
            self._submitter.prove(started=started)
            job.paid, job.perhaps_paid = started, False

    async def _settle(self, job: _Job, state: RenderState, reason: str | None) -> None:
        job_id = None if job.handle is None else job.handle.job_id
        await self._submitter.settle(cast("Intent", job.intent), state, job=job_id, reason=reason)

    async def _find_out(self, job: _Job, watch: RenderPoller) -> None:
        """Find out whether a request had an effect; all other renders have ended, and their jobs are known."""
        try:
            doubt = await self._submitter.may_have_started(cast("Intent", job.intent), self._videos)
        except (APIError, RateBudgetError) as error:
            doubt = f"The jobs could not be read: {error}"
        if await self._submitter.is_answered(cast("Intent", job.intent)):
            await self._look(_Job(job.project_id), watch)
            return
        await self._settle(job, RenderState.UNCERTAIN if doubt else RenderState.NOT_STARTED, doubt)
        asked = job.perhaps_paid
        if doubt is None:
            self._prove(job, started=False)
        if doubt is None and self._terms.resubmit.unstarted and not asked:
            await self._look(_Job(job.project_id), watch)
        elif doubt is None:
            await self._tell(job, ResultStatus.NOT_STARTED, error=_not_started(job))
        else:
            await self._tell(job, ResultStatus.UNCERTAIN, error=_lost(job, doubt, _CHECK))

    async def _finish(self, job: _Job, status: ResultStatus) -> None:
        """Download what is there, and tell the result."""
        found: PictoryError | None = None
        if self._calls.download is not None and job.project is not None and job.project.video_url:
            try:
                job.report = await self._calls.download(job.project)
            except PictoryError as error:
                job.report, found = error.report if isinstance(error, DownloadError) else None, error
        await self._tell(job, status, error=found)

    async def _tell(self, job: _Job, status: ResultStatus, *, error: PictoryError | None = None) -> None:
        is_outdated = None
        if job.project is not None and job.project.video_url:
            is_outdated = await self._submitter.is_outdated(job.project)
        result = RenderResult(
            project_id=job.project_id,
            status=status,
            paid=job.paid,
            project=job.project,
            handle=job.handle,
            outcome=job.outcome,
            is_outdated=is_outdated,
            report=job.report,
            error=error,
        )
        await self._send(result)
        self._slots.release()


def _is_older(project: Project, intent: Intent) -> bool:
    """Whether a project was fetched before a render that is rendered, which another run entered meanwhile."""
    return intent.state is RenderState.RENDERED and not _shows(project, handle_of(intent, intent.project))


def _shows(project: Project | None, handle: RenderHandle) -> bool:
    """Whether a project shows a render that was requested: it runs, or there is a video that is newer than before."""
    if project is None or project.is_rendering:
        return project is not None
    before, now = handle.generated_before, project.generated_at
    return bool(project.video_url) and (before is None or (now is not None and now > before))


def _age(handle: RenderHandle) -> float:
    requested = handle.requested_at
    return 0.0 if requested is None else (datetime.now(UTC) - requested).total_seconds()


def _not_started(job: _Job) -> RenderNotStartedError:
    return not_started_error(job.project_id)


def _lost(job: _Job, why: str, advice: str = "") -> RenderSubmitUncertainError:
    what = f"the render of project {job.project_id!r}"
    text = f"It is not known whether {what} was started, so it is not requested again. {why} {advice}".rstrip()
    return RenderSubmitUncertainError(text, handle=cast("RenderHandle", job.handle), cause=job.cause or why)
