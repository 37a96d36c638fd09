"""Batches of projects that are rendered."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

import attrs

from pictory_async._api.job_search import jobs_since
from pictory_async._api.jobs import fetch_job
from pictory_async._api.requests import request_render
from pictory_async._api.results import RenderResult, ResultStatus
from pictory_async._api.submitting import Submitter
from pictory_async._ledger.outcomes import enter_video, handle_of
from pictory_async._ledger.renders import Intent, RenderState, Resubmit, Wish, version_of
from pictory_async._ledger.videos import Videos
from pictory_async._polling.evidence import baseline_of
from pictory_async._polling.handle import RenderHandle
from pictory_async.errors import APIError, RateBudgetError
from pictory_async.models import Project, ProjectId

if TYPE_CHECKING:
    from pictory_async._api.batch_work import BatchJob, Handle
    from pictory_async._ledger.database import Database
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async.errors import PictoryError

_MOST_JOBS: Final = 20  # that are looked at one by one


@attrs.define
class ProjectWork:
    """Renders projects.

    Attributes:
        submitter: Requests renders.
        get: Fetches a project.
        batch: The name of the batch; `None` if each project is rendered once for each version of it.
        resubmit: Which renders are requested again although they were before.
        wants: Tells whether a project is to be rendered, and by whether its video is outdated.
    """

    advice: ClassVar = (
        "Check in the list of jobs whether it was. If it was not, save the project again, or pass a new name as batch, "
        "to pay for one more render."
    )

    submitter: Submitter
    get: Callable[[ProjectId], Awaitable[Project]]
    batch: str | None
    resubmit: Resubmit
    wants: Callable[[Project, bool | None], bool]
    _videos: set[str] = attrs.field(factory=set[str], init=False)  # addresses of those whose job is not known

    def key(self, item: ProjectId) -> ProjectId:
        """The project's id."""
        return item

    def same(self, item: ProjectId) -> str:
        """The project's id, as text."""
        return str(item)

    async def look(self, job: BatchJob) -> None:
        """Fetch the project."""
        job.project = await self.get(job.item)

    async def wish(self, job: BatchJob, *, has_room: bool, plans: bool) -> Wish:
        """The project in its present version, or for the batch."""
        project = _of(job)
        return Wish(
            project=str(project.id),
            version=version_of(project.saved_at) if self.batch is None else f"batch {self.batch}",
            saved=project.saved_at,
            baseline=baseline_of(project),
            wanted=self.wants(project, await self._is_outdated(project)),
            has_room=has_room,
            resubmit=self.resubmit,
            plans=plans,
        )

    def started(self, job: BatchJob) -> None:
        """Nothing is counted."""

    async def send(self, job: BatchJob) -> RenderHandle:
        """Request the render."""
        asked = cast("Intent", job.intent).asked
        return await request_render(self.submitter.transport, _of(job), _of(job).id, asked)

    def handle(self, job: BatchJob) -> RenderHandle:
        """The handle of the render that was requested earlier."""
        return handle_of(cast("Intent", job.intent), job.item)

    def can_watch(self, handle: Handle) -> bool:  # noqa: ARG002 - of `Work`
        """A project shows its renders."""
        return True

    def shows(self, job: BatchJob, handle: Handle) -> bool:
        """Whether the render runs, or there is a video that is newer than before."""
        return _shows(job.project, cast("RenderHandle", handle))

    async def settled(self, job: BatchJob, *, waits_for_others: bool) -> Handle | ResultStatus:
        """Wait for a render of somebody else, or take the project as it is."""
        project = _of(job)
        if project.is_rendering and waits_for_others:
            return RenderHandle(project_id=job.item, generated_before=baseline_of(project))
        if project.is_rendering:
            return ResultStatus.BUSY
        if job.intent is not None and _is_older(project, job.intent):
            job.project = await self.get(job.item)  # another run rendered it meanwhile
        return ResultStatus.UNCHANGED

    async def take(self, job: BatchJob, outcome: RenderOutcome[Any]) -> None:
        """Take the project, and if the response to its request was lost, find its job."""
        job.project = outcome.project or job.project
        if not outcome.ok or outcome.job_id is not None or job.project is None:
            return
        if job.intent is not None:
            job_id = await self._job_of(job.intent, job.project.video_url)
            job.handle = attrs.evolve(cast("RenderHandle", job.handle), job_id=job_id)
        self._videos.add(path_of(job.project.video_url or ""))  # its job may not be known

    async def enter(self, job: BatchJob) -> None:
        """Enter the project's video."""
        await self.submitter.ledger.use(
            lambda file: enter_video(self.submitter.renders(file), self._known(file), _of(job), job.intent)
        )

    async def trace(self, job: BatchJob, *, waits: bool) -> str | None:  # noqa: ARG002 - all watches have ended
        """Find out whether a request whose effect never showed can have started a render.

        Every job that is newer than the last one before the request, that is in no ledger and that is not known to be
        of another render, can be it.
        """
        marker = cast("Intent", job.intent).marker
        if marker is None:
            return "It is not known which jobs there were before the request."
        async with self.submitter.turns:
            return await self._doubt(marker)

    async def _doubt(self, marker: str) -> str | None:
        unknown, complete = await self._unknown_since(marker)
        if not complete:
            return "The list of jobs is too long, incomplete, or cannot be read."
        if len(unknown) > _MOST_JOBS:
            return f"{len(unknown)} jobs were started since by somebody, and one of them can be it."
        doubtful = [job for job in unknown if await self._can_be(job)]
        if not doubtful:
            return None
        which = f"job {doubtful[0]!r}" if len(doubtful) == 1 else f"{len(doubtful)} jobs, such as {doubtful[0]!r},"
        return f"Since the request, {which} that no ledger knows {'was' if len(doubtful) == 1 else 'were'} started."

    async def _job_of(self, intent: Intent, video_url: str | None) -> str | None:
        """Find the job of a render whose response was lost, by its video; ``None`` if it cannot be found."""
        with contextlib.suppress(APIError, RateBudgetError):
            unknown, complete = await self._unknown_since(intent.marker)
            for one in unknown[:_MOST_JOBS] if complete else ():
                job = await fetch_job(self.submitter.transport, one)
                if job.video_url and path_of(job.video_url) == path_of(video_url or ""):
                    return one
        return None

    async def _unknown_since(self, marker: str | None) -> tuple[list[str], bool]:
        if marker is None:
            return [], False
        found, complete = await jobs_since(self.submitter.transport, marker)
        known = await self.submitter.ledger.use(lambda file: self.submitter.renders(file).known_jobs(found))
        return [job for job in found if job not in known], complete

    async def _can_be(self, job_id: str) -> bool:
        job = await fetch_job(self.submitter.transport, job_id)
        if job.is_completed and not job.video_url and job.output:
            return False  # of another kind: it has results, and a video is not among them
        return job.video_url is None or path_of(job.video_url) not in self._videos

    def _known(self, file: Database) -> Videos:
        return Videos(file, self.submitter.transport.base_url)

    async def _is_outdated(self, project: Project) -> bool | None:
        """Whether a project was saved after its video was made; ``None`` if that is not known."""
        return await self.submitter.ledger.is_outdated(project, api=self.submitter.transport.base_url)

    async def result(self, job: BatchJob, status: ResultStatus, error: PictoryError | None) -> RenderResult:
        """What became of the project."""
        is_outdated = None
        if job.project is not None and job.project.video_url:
            is_outdated = await self._is_outdated(job.project)
        return RenderResult(
            project_id=job.item,
            status=status,
            paid=job.paid,
            project=job.project,
            handle=cast("RenderHandle | None", job.handle),
            outcome=job.outcome,
            is_outdated=is_outdated,
            report=job.report,
            error=error,
        )


def _of(job: BatchJob) -> Project:
    return cast("Project", job.project)


def _is_older(project: Project, intent: Intent) -> bool:
    """Whether a project was fetched before a render that is rendered, which another run entered meanwhile."""
    return intent.state is RenderState.RENDERED and not _shows(project, handle_of(intent, intent.project))


def _shows(project: Project | None, handle: RenderHandle) -> bool:
    if project is None or project.is_rendering:
        return project is not None
    before, now = handle.generated_before, project.generated_at
    return bool(project.video_url) and (before is None or (now is not None and now > before))


def path_of(url: str) -> str:
    """An address without its query, which can be a signature that is new each time."""
    return url.partition("?")[0]
