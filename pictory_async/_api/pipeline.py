"""What happens to each item of a batch: looked at, decided, paid for or not, waited for, downloaded, told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

import anyio

from pictory_async._api.arriving import each_once
from pictory_async._api.batch_work import BatchJob, Handle, Work
from pictory_async._api.results import BatchProgress, ResultStatus
from pictory_async._api.settled import failed_error, lost_error, not_started_error, status_of
from pictory_async._gather import failure_of
from pictory_async._ledger.outcomes import STATES
from pictory_async._ledger.renders import Decision, Intent, RenderState, TakenOverError
from pictory_async._polling.outcome import RenderOutcome, RenderStatus, key_of
from pictory_async._polling.targets import age_of
from pictory_async.errors import (
    APIError,
    AuthenticationError,
    DownloadError,
    JobCleanedError,
    PictoryConfigError,
    PictoryError,
    RateBudgetError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import TaskGroup

    from pictory_async._api.batch_terms import BatchCalls, BatchTerms
    from pictory_async._api.submitting import Submitter
    from pictory_async._polling.poller import RenderPoller
    from pictory_async.models import ProjectId

ResultT = TypeVar("ResultT")

_END: Final = object()
_LOOKERS: Final = 8  # items that are looked at at the same time
_LOADERS: Final = 4  # items that are downloaded at the same time
_STATUSES: Final = {
    RenderStatus.RENDERED: ResultStatus.RENDERED,
    RenderStatus.FAILED: ResultStatus.FAILED,
    RenderStatus.NOT_STARTED: ResultStatus.NOT_STARTED,
    RenderStatus.MISSING: ResultStatus.MISSING,
    RenderStatus.REFUSED: ResultStatus.REFUSED,
    RenderStatus.TIMED_OUT: ResultStatus.TIMED_OUT,
    RenderStatus.ERROR: ResultStatus.ERROR,
}


class Pipeline(Generic[ResultT]):
    """Takes the items of a batch through all steps.

    Args:
        calls: What watches and downloads.
        submitter: Requests renders and videos.
        work: What differs between them.
        terms: What is to be done.
        send: Takes each result; it may wait until somebody wants it.

    Attributes:
        fault: The error of the caller's own source of items; what it gave before is still done.
    """

    def __init__(
        self,
        calls: BatchCalls,
        submitter: Submitter,
        work: Work[ResultT],
        terms: BatchTerms,
        send: Callable[[ResultT], Awaitable[None]],
    ) -> None:
        self.fault: Exception | None = None
        self._calls = calls
        self._submitter = submitter
        self._work = work
        self._terms = terms
        self._send = send
        self._slots = anyio.Semaphore(terms.at_once)
        self._loaders = anyio.Semaphore(_LOADERS)
        self._waited: dict[tuple[str, str | None], BatchJob] = {}
        self._doubtful: list[BatchJob] = []
        self._stopped: PictoryError | None = None
        self._asked = 0
        self._counting = anyio.Lock()
        self._watch: RenderPoller | None = None
        self._others: TaskGroup | None = None

    @property
    def progress(self) -> BatchProgress:
        """What is under way now."""
        percents = {} if self._watch is None else self._watch.progress
        waited = [(self._work.key(job.item), job.handle) for job in self._waited.values()]
        return BatchProgress(
            rendering={one: percents.get(_key(handle)) for one, handle in waited if handle is not None},
            downloading=tuple(self._calls.transfers.values()),
        )

    async def run(self, items: Iterable[Any] | AsyncIterable[Any]) -> None:
        """Take all items through all steps."""
        settings = {**self._terms.watch, "keep_open": True, "history": max(1, self._terms.at_once)}
        async with anyio.create_task_group() as clock:
            clock.start_soon(self._submitter.shield.watch)
            async with self._calls.watch(**settings) as watch, anyio.create_task_group() as collectors:
                self._watch, self._others = watch, collectors
                collectors.start_soon(self._collect, aiter(watch), watch, collectors)
                source = each_once(items, self._work.same)
                try:
                    await self._look_at_all(source, watch)
                finally:
                    await source.aclose()
                    if isinstance(items, AsyncGenerator):
                        await items.aclose()
                for _ in range(self._terms.at_once):  # until nothing is under way any more
                    await self._slots.acquire()
                watch.close()
            clock.cancel_scope.cancel()

    async def _look_at_all(self, items: AsyncIterator[Any], watch: RenderPoller) -> None:
        turns = anyio.Lock()

        async def look() -> None:
            while True:
                await self._slots.acquire()
                async with turns:
                    found = await self._next(items)
                if found is _END:
                    self._slots.release()
                    return
                await self._look(BatchJob(found), watch)

        async with anyio.create_task_group() as lookers:
            for _ in range(min(_LOOKERS, self._terms.at_once)):
                lookers.start_soon(look)

    async def _next(self, items: AsyncIterator[Any]) -> object:
        try:
            return await anext(items, _END)
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            self.fault = failure
            return _END

    async def _look(self, job: BatchJob, watch: RenderPoller) -> None:
        try:
            if self._stopped is not None:
                raise self._stopped
            await self._work.look(job)
            await self._decide(job, watch)
        except (APIError, RateBudgetError, PictoryConfigError, JobCleanedError) as error:
            if isinstance(error, AuthenticationError) and error.from_api:
                self._stopped = error  # it says the same about every project
            await self._tell(job, status_of(error), error=error)

    async def _decide(self, job: BatchJob, watch: RenderPoller) -> None:
        terms, plans = self._terms, self._terms.max_renders == 0
        async with self._counting:
            has_room = terms.max_renders is None or self._asked < terms.max_renders
            decision, job.intent = await self._submitter.decide(
                await self._work.wish(job, has_room=has_room, plans=plans)
            )
            self._asked += decision is Decision.REQUEST
            if decision in {Decision.REQUEST, Decision.RESUME, Decision.RECOVER}:
                self._work.started(job)
        match decision:
            case Decision.REQUEST if job.intent is not None:
                await self._pay(job, job.intent, watch)
            case Decision.RESUME | Decision.RECOVER:
                job.recovers = decision is Decision.RECOVER
                await self._wait(job, self._work.handle(job), watch)
            case Decision.BUSY if job.intent is not None:
                await self._leave(job, job.intent, watch)
            case Decision.OVER:
                await self._tell(job, ResultStatus.LEFT_OUT)
            case _:
                await self._tell_settled(job, watch)

    async def _leave(self, job: BatchJob, intent: Intent, watch: RenderPoller) -> None:
        """Leave an item to the run that is at it."""
        if self._terms.overlap == "wait":
            cast("TaskGroup", self._others).start_soon(self._wait_for_other, job, intent, watch)
        else:
            await self._tell(job, ResultStatus.BUSY)

    async def _wait_for_other(self, job: BatchJob, intent: Intent, watch: RenderPoller) -> None:
        """Wait until another run is not at a project any more, and then look at it."""
        watched = self._terms.watch
        with anyio.move_on_after(watched["max_wait"]) as scope:
            while await self._submitter.is_busy(intent):  # noqa: ASYNC110 - no event tells what another process does
                await anyio.sleep(watched["interval"])
        if scope.cancelled_caught:
            await self._tell(job, ResultStatus.BUSY)
        else:
            await self._look(BatchJob(job.item), watch)

    async def _pay(self, job: BatchJob, intent: Intent, watch: RenderPoller) -> None:
        try:
            handle = await self._submitter.submit(job, intent, self._work)
        except PictoryError:
            self._asked -= 1
            raise
        except TakenOverError:
            self._asked -= 1
            await self._leave(job, intent, watch)
            return
        job.recovers = job.perhaps_paid = handle.job_id is None
        job.paid = not job.recovers
        await self._wait(job, handle, watch)

    async def _wait(self, job: BatchJob, handle: Handle, watch: RenderPoller) -> None:
        job.handle = handle
        if self._terms.waits and self._work.can_watch(handle):
            self._waited[_of(handle)] = job
            watch.add(handle)
        elif self._terms.waits:
            cast("TaskGroup", self._others).start_soon(self._find_out, job, watch)
        elif not job.recovers or self._work.shows(job, handle):
            await self._tell(job, ResultStatus.STARTED)
        elif (age_of(handle) or 0.0) < self._terms.watch["start_grace"]:
            why = f"{job.cause} Wait for error.handle: what was started is seen within start_grace."
            await self._tell(job, ResultStatus.UNCERTAIN, error=lost_error(handle, why.lstrip(), job.cause or why))
        else:
            await self._find_out(job, watch)

    async def _tell_settled(self, job: BatchJob, watch: RenderPoller) -> None:
        state = None if job.intent is None else job.intent.state
        reason = None if job.intent is None else job.intent.reason
        if state is RenderState.FAILED:
            await self._tell(job, ResultStatus.FAILED, error=failed_error(self._work.handle(job), reason))
        elif state is RenderState.NOT_STARTED:
            await self._tell(job, ResultStatus.NOT_STARTED, error=not_started_error(self._work.handle(job)))
        else:
            found = await self._work.settled(job, waits_for_others=self._terms.overlap == "wait")
            if not isinstance(found, ResultStatus):
                await self._wait(job, found, watch)
            elif found is ResultStatus.UNCHANGED:
                await self._finish(job, found)
            else:
                await self._tell(job, found)

    async def _collect(self, outcomes: AsyncIterator[RenderOutcome], watch: RenderPoller, tasks: TaskGroup) -> None:
        async for outcome in outcomes:
            await self._loaders.acquire()
            tasks.start_soon(self._take, outcome, watch)

    async def _take(self, outcome: RenderOutcome, watch: RenderPoller) -> None:
        job = self._waited.pop((str(outcome.key), outcome.job_id))
        job.outcome = outcome
        await self._work.take(job, outcome)
        if outcome.status in STATES and job.intent is not None:
            self._prove(job, started=True)
            await self._settle(job, STATES[outcome.status], None if outcome.ok else str(outcome.error))
        if outcome.ok and job.project is not None:
            await self._work.enter(job)
            await self._finish(job, ResultStatus.RENDERED)
        elif job.recovers and outcome.status is RenderStatus.NOT_STARTED:
            self._doubtful.append(job)  # when all others have ended, more is known of their jobs
        else:
            await self._tell(job, _STATUSES[outcome.status], error=outcome.error)
        self._loaders.release()
        while self._doubtful and not self._waited:
            await self._find_out(self._doubtful.pop(), watch)

    def _prove(self, job: BatchJob, *, started: bool) -> None:
        """Take in whether the request of an item had an effect, if its response was lost in this run."""
        if job.perhaps_paid:
            self._submitter.prove(started=started)
            job.paid, job.perhaps_paid = started, False

    async def _settle(self, job: BatchJob, state: RenderState, reason: str | None = None) -> None:
        job_id = None if job.handle is None else job.handle.job_id
        await self._submitter.settle(cast("Intent", job.intent), state, job=job_id, reason=reason)

    async def _find_out(self, job: BatchJob, watch: RenderPoller) -> None:
        """Find out whether a request had an effect, if no watch shows it, or none did."""
        try:
            found = await self._work.trace(job, waits=self._terms.waits)
        except (APIError, RateBudgetError) as error:
            found = f"The jobs could not be read: {error}"
        if await self._submitter.is_answered(cast("Intent", job.intent)):
            await self._look(BatchJob(job.item), watch)
        elif isinstance(found, str):
            await self._settle(job, RenderState.UNCERTAIN, found)
            why = f"{found} {self._work.advice}"
            lost = lost_error(cast("Handle", job.handle), why, job.cause or found)
            await self._tell(job, ResultStatus.UNCERTAIN, error=lost)
        elif found is not None:
            job.handle, job.recovers = found, False
            self._prove(job, started=True)
            await self._settle(job, RenderState.STARTED)
            await self._wait(job, found, watch)
        else:
            await self._tell_not_started(job, watch)

    async def _tell_not_started(self, job: BatchJob, watch: RenderPoller) -> None:
        asked = job.perhaps_paid
        self._prove(job, started=False)
        await self._settle(job, RenderState.NOT_STARTED)
        if self._terms.retry_unstarted and not asked:
            await self._look(BatchJob(job.item), watch)
        else:
            await self._tell(job, ResultStatus.NOT_STARTED, error=not_started_error(cast("Handle", job.handle)))

    async def _finish(self, job: BatchJob, status: ResultStatus) -> None:
        """Download what is there, and tell the result."""
        found: PictoryError | None = None
        if self._calls.download is not None and job.project is not None and job.project.video_url:
            try:
                job.report = await self._calls.download(job)
            except PictoryError as error:
                job.report, found = error.report if isinstance(error, DownloadError) else None, error
        await self._tell(job, status, error=found)

    async def _tell(self, job: BatchJob, status: ResultStatus, *, error: PictoryError | None = None) -> None:
        await self._send(await self._work.result(job, status, error))
        self._slots.release()


def _key(handle: Handle) -> ProjectId:
    """What a watch calls a handle."""
    return key_of(getattr(handle, "project_id", None), handle.job_id)


def _of(handle: Handle) -> tuple[str, str | None]:
    return str(_key(handle)), handle.job_id
