"""The calls about jobs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from pictory_async._api.listing import Listing
from pictory_async._codec.answers import decode_done, decode_job, decode_job_page
from pictory_async._polling import explain
from pictory_async._polling.scheduler import Scheduler
from pictory_async._polling.schedules import FairSchedule
from pictory_async._polling.targets import Target
from pictory_async._polling.wait import Terms
from pictory_async._settings.durations import optional_seconds, seconds
from pictory_async._settings.mistakes import hinted
from pictory_async._settings.paths import job_path
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._http.transport import Transport
    from pictory_async._limits.wait_queue import Priority
    from pictory_async._polling.registry import WatchRegistry
    from pictory_async._polling.watch import Watch
    from pictory_async._settings.durations import Duration
    from pictory_async.models import Job


class Jobs:
    """The calls about jobs: ``client.jobs``."""

    def __init__(self, transport: Transport, registry: WatchRegistry) -> None:
        self._transport = transport
        self._registry = registry

    async def get(self, job_id: str) -> Job:
        """Fetch one job as it is now. A failed job is returned too: see ``is_failed``.

        See https://docs.pictory.ai/api-reference/jobs/get-job-by-id.

        Args:
            job_id: The job.

        Raises:
            PictoryConfigError: The id cannot be a job id; nothing was sent.
            NotFoundError: There is no such job for this key, in whatever form the API reports it.
            MalformedResponseError: The response is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        return await fetch_job(self._transport, job_id)

    def list(self) -> Listing[Job]:
        """List the account's jobs of all kinds, newest first, across all pages, as an async iterator.

        See https://docs.pictory.ai/api-reference/jobs/get-jobs.
        """
        return Listing(self._transport, "/v1/jobs", "the list of jobs", "nextPageKey", decode_job_page)

    @hinted
    async def wait(
        self,
        job_id: str,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        on_progress: Callable[[Job], object] | None = None,
    ) -> Job:
        """Wait until a job of any kind is completed, and return it.

        Several waits for one job share its polls.

        Args:
            job_id: The job.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two polls; Pictory recommends 10 to 30.
            on_progress: Called with the job after each poll that shows it unfinished.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobFailedError: The job failed.
            JobCleanedError: The job's results were deleted.
            WaitTimeoutError: ``max_wait`` is over.
            NotFoundError: There is no such job for this key, confirmed by a second poll.
            APIError: The responses stayed unusable.
        """
        terms = Terms(
            max_wait=optional_seconds("max_wait", max_wait, above=0.0),
            interval=seconds("interval", interval, above=0.0),
            start_grace=0.0,
            schedule=FairSchedule(),
        )
        job_path(job_id)
        async with Scheduler(self._registry, terms, [Target(None, job_id)]) as scheduler:
            while True:
                # One watch, so there is always something to come until its outcome is there.
                watch = cast("Watch", await scheduler.next_news())
                if watch.outcome is not None:
                    watch.outcome.raise_for_status()
                    return cast("Job", watch.job)
                if on_progress is not None:
                    on_progress(cast("Job", watch.job))

    def hint(self, job_id: str) -> bool:
        """Say that something may have happened to a job, such as that a webhook named it. Sends nothing itself.

        Each wait of this client for the job, or for the render that it makes, polls next, before others, once, and
        within the request budget. Nothing is believed because of a hint. However many hints come, every second poll is
        of the one that has waited longest. While all polls fail, hints are kept, and used when the API responds again.

        Call it in the thread of the event loop. From another one, use ``loop.call_soon_threadsafe(jobs.hint, id)``, or
        ``anyio.from_thread.run_sync(jobs.hint, id)`` in a worker thread of anyio.

        Args:
            job_id: The job; one that nobody waits for is ignored.

        Returns:
            Whether anybody waits for it.

        Raises:
            PictoryConfigError: It is no text, or it was called in another thread; nothing has changed.
        """
        self._registry.check_thread()
        if not isinstance(job_id, str):
            raise PictoryConfigError(f"jobs.hint takes the id of a job, which is a text, not {brief(job_id)}.")
        watches = self._registry.watches_of(job_id)
        for watch in watches:
            watch.owner.hint(watch)
        return bool(watches)

    async def clean(self, job_id: str) -> None:
        """Delete the results of a finished job for good: video, audio, subtitles, share page, and what was uploaded.

        It does not cancel a job that runs. It may be repeated, so it is retried as a GET is.
        See https://docs.pictory.ai/api-reference/jobs/clean-job.

        Args:
            job_id: A job that is completed or failed.

        Raises:
            PictoryConfigError: The id cannot be a job id; nothing was sent.
            NotFoundError: There is no such job for this key.
            APIError: Any other failure, as its subclasses say; such as that the job is not finished.
        """
        await self._transport.repeat("DELETE", f"{job_path(job_id)}/clean", f"job {job_id!r}", decode_done)


async def fetch_job(transport: Transport, job_id: str, priority: Priority | None = None) -> Job:
    """Fetch one job; see `Jobs.get`."""
    path = job_path(job_id)
    job = await transport.get(path, f"job {job_id!r}", partial(decode_job, job_id=job_id), priority=priority)
    if job.is_missing:
        raise explain.job_missing(job_id, path, job)
    return job
