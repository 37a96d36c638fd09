"""Rendering many projects, each once, with a ledger: what `RenderBatch` does for each of them."""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio
import attrs

from pictory_async._api.jobs import fetch_job
from pictory_async._api.listing import Listing
from pictory_async._api.requests import request_render
from pictory_async._codec.answers import decode_job_page
from pictory_async._http.transport import Transport
from pictory_async._ledger.ledger import Ledger
from pictory_async._ledger.outcomes import enter_video, handle_of
from pictory_async._ledger.renders import Decision, Intent, Renders, RenderState, Resubmit, Wish, version_of
from pictory_async._ledger.videos import Videos
from pictory_async._polling.evidence import baseline_of
from pictory_async.errors import (
    APIError,
    NotFoundError,
    PermissionDeniedError,
    PictoryConfigError,
    RateBudgetError,
    RateLimitedError,
    RenderSubmitUncertainError,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from pictory_async._ledger.database import Database
    from pictory_async._polling.handle import RenderHandle
    from pictory_async.models import Project

_TRIES: Final = 10  # a 429 says that nothing was started, and the limiter then waits
_PATIENCE: Final = 15.0  # seconds that a request in flight has left when its caller is cancelled
_MOST_PAGES: Final = 40  # of the list of jobs: it has the newest ones first
_MOST_JOBS: Final = 20  # that are looked at one by one


class Shield:
    """Lets requests that cost money come to their end, within some seconds, when their caller is cancelled."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._deadline = math.inf

    async def watch(self) -> None:
        """Wait for the cancellation; a task of the caller's does this all the time."""
        try:
            await anyio.sleep_forever()
        finally:
            self._deadline = anyio.current_time() + _PATIENCE
            for scope in self._scopes:
                scope.deadline = self._deadline

    @contextlib.contextmanager
    def over(self) -> Generator[None]:
        """Enter a block that is not cancelled from outside, but ends at the deadline."""
        with anyio.CancelScope(shield=True, deadline=self._deadline) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)


@attrs.define
class Submitter:
    """Requests renders for one run, one after the other, so that at most one request is unanswered at any time.

    Attributes:
        transport: What sends the requests.
        ledger: Where everything is entered before it is done.
        run: The run.
        shield: Lets a request that was begun come to its end.
        paid: How many renders were started: their jobs are known, or they were seen.
        perhaps_paid: How many requests were sent, or are being sent, of which it is not known whether they started a
            render.
    """

    transport: Transport
    ledger: Ledger
    run: str
    shield: Shield
    paid: int = 0
    perhaps_paid: int = 0
    _turns: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _newest_job: str | None = attrs.field(default=None, init=False)
    _knows_jobs: bool = attrs.field(default=False, init=False)

    async def decide(
        self, project: Project, batch: str | None, resubmit: Resubmit, *, wanted: bool, left: int | None, plans: bool
    ) -> tuple[Decision, Intent | None]:
        """Enter what is to be rendered, or find what became of it before."""
        wish = Wish(
            project=str(project.id),
            version=version_of(project.saved_at) if batch is None else f"batch {batch}",
            saved=project.saved_at,
            baseline=baseline_of(project),
            wanted=wanted,
            has_room=left is None or left > 0,
            resubmit=resubmit,
            plans=plans,
        )
        is_alive = self.ledger.is_alive
        return await self.ledger.use(lambda file: self._renders(file).decide(wish, self.run, is_alive))

    async def is_busy(self, intent: Intent) -> bool:
        """Whether another run is still at a render."""
        return await self.ledger.use(lambda file: self._renders(file).is_busy(intent, self.ledger.is_alive))

    async def is_answered(self, intent: Intent) -> bool:
        """Whether another run that was taken for dead has entered the response to its request meanwhile."""
        return await self.ledger.use(lambda file: self._renders(file).has_job(intent))

    def _renders(self, file: Database) -> Renders:
        # Made anew each time: the ledger may have been closed and opened again.
        return Renders(file, self.transport.base_url)

    def _videos(self, file: Database) -> Videos:
        return Videos(file, self.transport.base_url)

    async def submit(self, project: Project, intent: Intent) -> tuple[RenderHandle, Intent, str]:
        """Request a render, once.

        Returns:
            Its handle, its entry in the ledger, and nothing. If the response was lost: the handle has no job, and the
            last one is what happened.

        Raises:
            APIError: The request had no effect. It is forgotten: the same call may send it again.
            RateBudgetError: The request was not sent. It is forgotten too.
            PictoryConfigError: The client was closed, so it was not sent. It is forgotten too.
            TakenOverError: It was not sent, because another run has this render now.
        """
        async with self._turns:
            marker = await self._marker()
            now = datetime.now(UTC)
            with self.shield.over():
                asked = await self.ledger.use(lambda file: self._renders(file).ask(intent, marker, now))
                self.perhaps_paid += 1  # before the request: it can be cut off, and still have an effect
                try:
                    handle = await self._request(project, asked, now)
                except RenderSubmitUncertainError as error:
                    return error.handle, asked, error.cause
                except (APIError, RateBudgetError, PictoryConfigError):
                    self.prove(started=False)
                    await self.ledger.use(lambda file: self._renders(file).forget(intent))
                    raise
                self.prove(started=True)
                self._newest_job = handle.job_id
                await self.settle(asked, RenderState.STARTED, job=handle.job_id)
                return handle, asked, ""
            await anyio.sleep_forever()  # the time after a cancellation is over, and this is cancelled at once
            raise AssertionError  # pragma: no cover - for type checkers

    def prove(self, *, started: bool) -> None:
        """Take in whether a request of this run had an effect, as soon as that is known."""
        self.perhaps_paid -= 1
        self.paid += started

    async def _request(self, project: Project, asked: Intent, now: datetime) -> RenderHandle:
        for left in reversed(range(_TRIES)):
            try:
                return await request_render(self.transport, project, project.id, now)
            except RateLimitedError as error:
                doubt = None if error.from_api else await self._contradiction(asked)
                if doubt is not None:
                    handle = handle_of(asked, project.id)
                    raise RenderSubmitUncertainError(f"{error} {doubt}", handle=handle, cause=doubt) from None
                if not left:
                    raise
        raise AssertionError  # pragma: no cover - for type checkers

    async def _contradiction(self, asked: Intent) -> str | None:
        """Whether a job speaks against a 429 of something in front of the API, which may have passed the request on."""
        with contextlib.suppress(APIError, RateBudgetError):
            return None if asked.marker is None else await self._doubt(asked.marker, set())
        return None

    async def _marker(self) -> str | None:
        """The newest job that is known; before the first request, the account's newest one."""
        if not self._knows_jobs:
            # A key that may not read the list can render all the same; what gets lost then stays uncertain.
            with contextlib.suppress(NotFoundError, PermissionDeniedError):
                page = await self.transport.get("/v1/jobs", "the list of jobs", decode_job_page)
                self._newest_job = next((job.id for job in page.items), "")
            self._knows_jobs = True
        return self._newest_job

    async def may_have_started(self, intent: Intent, videos: set[str]) -> str | None:
        """Find out whether a request whose effect never showed can have started a render.

        Every job that is newer than the last one before the request, that is in no ledger and that is not known to be
        of another render, can be it.

        Args:
            intent: The render.
            videos: Addresses of videos whose renders are known.

        Returns:
            Why it is not known, in words; ``None`` if no such job exists, so nothing was started.
        """
        if intent.marker is None:
            return "It is not known which jobs there were before the request."
        async with self._turns:  # no other request of this run is under way, whose job is not known yet
            return await self._doubt(intent.marker, videos)

    async def _doubt(self, marker: str, videos: set[str]) -> str | None:
        found = await self._jobs_since(marker)
        if found is None:
            return "The list of jobs is too long, incomplete, or cannot be read."
        known = await self.ledger.use(lambda file: self._renders(file).known_jobs(found))
        unknown = [job for job in found if job not in known]
        if len(unknown) > _MOST_JOBS:
            return f"{len(unknown)} jobs were started since by somebody, and one of them can be it."
        doubtful = [job for job in unknown if await self._can_be(job, videos)]
        if not doubtful:
            return None
        which = f"job {doubtful[0]!r}" if len(doubtful) == 1 else f"{len(doubtful)} jobs, such as {doubtful[0]!r},"
        return f"Since the request, {which} that no ledger knows {'was' if len(doubtful) == 1 else 'were'} started."

    async def job_of(self, intent: Intent, video_url: str | None) -> str | None:
        """Find the job of a render whose response was lost, by its video; ``None`` if it cannot be found."""
        with contextlib.suppress(APIError, RateBudgetError):
            found = [] if intent.marker is None else await self._jobs_since(intent.marker) or []
            known = await self.ledger.use(lambda file: self._renders(file).known_jobs(found))
            for one in [job for job in found if job not in known][:_MOST_JOBS]:
                job = await fetch_job(self.transport, one)
                if job.video_url and path_of(job.video_url) == path_of(video_url or ""):
                    return one
        return None

    async def _jobs_since(self, marker: str) -> list[str] | None:
        found: list[str] = []
        pages = Listing(self.transport, "/v1/jobs", "the list of jobs", "nextPageKey", decode_job_page).pages()
        for _ in range(_MOST_PAGES):
            page = await anext(pages, None)
            if page is None:
                return found if marker == "" else None
            if page.unreadable:  # an entry without an id can be any job
                return None
            for job in page.items:
                if job.id == marker:
                    return found
                found.append(job.id)
        return None

    async def _can_be(self, job_id: str, videos: set[str]) -> bool:
        job = await fetch_job(self.transport, job_id)
        if job.is_completed and not job.video_url and job.output:
            return False  # of another kind: it has results, and a video is not among them
        return job.video_url is None or path_of(job.video_url) not in videos

    async def settle(self, intent: Intent, state: RenderState, *, job: str | None, reason: str | None = None) -> None:
        """Enter what became of a render."""
        await self.ledger.use(lambda file: self._renders(file).settle(intent, state, job=job, reason=reason))

    async def is_outdated(self, project: Project) -> bool | None:
        """Whether a project was saved after its video was made; ``None`` if that is not known."""
        return await self.ledger.is_outdated(project, api=self.transport.base_url)

    async def enter_video(self, project: Project, intent: Intent | None) -> None:
        """Enter the video that a render of this run made."""
        await self.ledger.use(lambda file: enter_video(self._renders(file), self._videos(file), project, intent))


def path_of(url: str) -> str:
    """An address without its query, which can be a signature that is new each time."""
    return url.partition("?")[0]
