"""The calls about jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from pictory_async._api.listing import Listing
from pictory_async._codec.answers import decode_job, decode_job_page
from pictory_async._codec.error_body import in_one_line
from pictory_async._http.transport import name_subject, segment
from pictory_async._polling.failures import Setbacks
from pictory_async._polling.schedules import FairSchedule, Sighting
from pictory_async._settings.durations import optional_seconds, seconds
from pictory_async.errors import (
    APIError,
    JobCleanedError,
    JobFailedError,
    MalformedResponseError,
    NotFoundError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._http.transport import Transport
    from pictory_async._settings.durations import Duration
    from pictory_async.models import Job

__all__ = ["Jobs"]


class Jobs:
    """The calls about jobs: ``client.jobs``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self, job_id: str) -> Job:
        """Fetch one job as it is now. A failed job is a `Job` too: look at ``is_failed``.

        See https://docs.pictory.ai/api-reference/jobs/get-job-by-id.

        Args:
            job_id: The job.

        Raises:
            PictoryConfigError: That cannot be a job id; nothing was sent.
            NotFoundError: There is no such job for this key, in whichever way the API says so.
            MalformedResponseError: The answer is not what the API documents.
            APIError: Any other failure, as its subclasses say.
        """
        return _found(await self._transport.get(_path(job_id), _subject(job_id), lambda body: decode_job(body, job_id)))

    def list(self) -> Listing[Job]:
        """List the account's jobs of all kinds, newest first, over all pages, as an async iterator.

        See https://docs.pictory.ai/api-reference/jobs/get-jobs.
        """
        return Listing(self._transport, "/v1/jobs", "the list of jobs", "nextPageKey", decode_job_page)

    async def wait(
        self,
        job_id: str,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        on_progress: Callable[[Job], object] | None = None,
    ) -> Job:
        """Wait until a job of any kind is completed, and return it.

        Args:
            job_id: The job.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two looks; Pictory asks for 10 to 30.
            on_progress: Called with the job after each look that shows it unfinished.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobFailedError: The job failed.
            JobCleanedError: The job's results have been deleted.
            WaitTimeoutError: ``max_wait`` is spent.
            NotFoundError: There is no such job for this key, confirmed by a second look.
            APIError: The answers stayed unusable.
        """
        limit = optional_seconds("max_wait", max_wait, above=0.0)
        every = seconds("interval", interval, above=0.0)
        _path(job_id)
        began = anyio.current_time()
        looks = _Looks(self._transport, job_id)
        with anyio.CancelScope() if limit is None else anyio.move_on_after(limit):
            while True:
                job = await looks.next(every)
                if job is None:
                    continue
                waited = anyio.current_time() - began
                if job.is_finished:
                    return _completed(job, looks.polls, waited)
                if on_progress is not None:
                    on_progress(job)
        text = (
            f"Job {job_id!r} was not finished within {limit:g} s. It may still finish: wait again, or raise max_wait."
        )
        last = str(looks.setbacks.last) if looks.setbacks.last is not None else None
        waited = anyio.current_time() - began
        raise WaitTimeoutError(text, max_wait=limit, last_error=last, polls=looks.polls, waited=waited)


class _Looks:
    """The looks at one job, in their time."""

    def __init__(self, transport: Transport, job_id: str) -> None:
        self.setbacks = Setbacks()
        self.polls = 0
        self._transport = transport
        self._job_id = job_id
        self._schedule = FairSchedule()
        self._due: float | None = None

    async def next(self, interval: float) -> Job | None:
        """Wait for the next look's time and look; ``None`` after a failure that may pass."""
        if self._due is not None:
            await anyio.sleep_until(self._due)
        job = None
        try:
            reply = await self._transport.poll(_path(self._job_id), _subject(self._job_id))
            job = _found(decode_job(reply.body, self._job_id))
            self.polls += 1
            self.setbacks.clear()
        except APIError as error:
            if isinstance(error, MalformedResponseError):
                name_subject(error, _subject(self._job_id), _path(self._job_id))
            if self.setbacks.add(error):
                raise
        now = anyio.current_time()
        early = self.setbacks.next_look(now, interval)
        # A failed look counts as a look: the next one comes an interval later, not at once.
        seen = Sighting(now=now, interval=interval, polls=max(1, self.polls))
        self._due = self._schedule.next_look(seen) if early is None else early
        return job


def _completed(job: Job, polls: int, waited: float) -> Job:
    if job.is_completed:
        return job
    if job.is_cleaned:
        text = f"The results of job {job.id!r} have been deleted. What it made may still be in its project."
        raise JobCleanedError(text, job_id=job.id, polls=polls, waited=waited)
    why = in_one_line(job.error_message or "no reason given")
    code = f" ({in_one_line(job.error_code)})" if job.error_code else ""
    text = f"Job {job.id!r} failed: {why}{code}. Correct what it was given, then start it again."
    raise JobFailedError(text, code=job.error_code, job_id=job.id, polls=polls, waited=waited)


def _found(job: Job) -> Job:
    if job.is_missing:
        text = f"There is no job {job.id!r} for this API key. Check the id; jobs are cleaned up after a time."
        raise NotFoundError(text, method="GET", path=_path(job.id), status=404, code=job.error_code)
    return job


def _path(job_id: str) -> str:
    return f"/v1/jobs/{segment('job', job_id)}"


def _subject(job_id: str) -> str:
    return f"job {job_id!r}"
