"""Reads the list of jobs for the watches of one client. What it means is decided by `pictory_async._polling.sweep`."""

from __future__ import annotations

import math
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

import anyio

from pictory_async._codec.answers import decode_job_page
from pictory_async._gather import failure_of
from pictory_async._http.retry import is_transient, retry_after
from pictory_async._limits.wait_queue import Priority
from pictory_async._log import LogEvent, write
from pictory_async._polling.sweep import JobSweep, shows_unfinished
from pictory_async._settings.paths import is_page_key
from pictory_async.errors import APIError, MalformedResponseError, StatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from pictory_async._http.transport import Transport
    from pictory_async._polling.counters import Counters
    from pictory_async._polling.sweep import Reading
    from pictory_async._polling.watch import Watch
    from pictory_async.models import Job, Page

_PATH: Final = "/v1/jobs"
_SUBJECT: Final = "the list of jobs"
_MOST_JOBS: Final = 10_000
_SMALL: Final = 250_000  # bytes: larger pages are decoded in a thread
_MARGIN: Final = 2.0  # seconds
_TELLS_FOR: Final = 90.0  # seconds
_LONGEST: Final = 300.0  # seconds that a watch waits for a reading to come back to its job


class Sweeper:
    """Reads the list of jobs, at most once at a time, and tells the watches of all pollers of a client what it shows.

    Args:
        transport: Sends the requests.
        watches: The client's watches of jobs, by their job.
        listed: Takes in that a page came, by the time at which it was requested.

    Attributes:
        policy: Decides when and how far the list is read.
        reading: Whether it is being read now.
    """

    def __init__(
        self, transport: Transport, watches: dict[str, tuple[Watch, ...]], listed: Callable[[float], None]
    ) -> None:
        self.policy: JobSweep = JobSweep()
        self.reading: bool = False
        self._transport = transport
        self._watches = watches
        self._listed = listed
        self._read_until = -math.inf

    @property
    def may_pay(self) -> bool:
        """Whether there are jobs that the list may tell about."""
        return not self.policy.is_given_up and bool(self._watches)

    def begin(self, now: float) -> Reading | None:
        """Begin a reading, which `run` then does, if it pays."""
        jobs: dict[str, bool] = {}
        for job, watches in islice(reversed(self._watches.items()), _MOST_JOBS):
            if any(watch.is_listable for watch in watches):
                jobs[job] = all(watch.is_young(now) for watch in watches)
        reading = self.policy.begin(jobs, now, self._watches)
        self.reading = reading is not None
        return reading

    def awaited_until(self, now: float, gap: float) -> float:
        """Until when a watch can wait for the list to tell about its job."""
        return now + 1.2 * gap + min(2.0 * self.policy.lasted, _LONGEST) + _MARGIN

    def is_read(self, now: float) -> bool:
        """Whether the list was read to its end a moment ago, and the next reading is not late."""
        return self.policy.works and now <= min(self._read_until, self.policy.began + _TELLS_FOR)

    def serves(self, now: float) -> bool:
        """Whether the list is read for the watches that there are now, so that it will tell about a new one too."""
        return (self.reading or now <= self._read_until) and self.policy.serves(len(self._watches))

    def polled(self, watches: Iterable[Watch], sent_at: float, *, of_job: bool) -> None:
        """Take in that a poll of a job or a project showed something to its watches."""
        job = next((watch.job for watch in watches if watch.job is not None), None)
        if of_job and job is not None:
            self.policy.polled(job, sent_at)

    async def run(self, reading: Reading, counters: Counters, gap: float) -> None:
        """Read the list, page by page.

        Args:
            reading: What `begin` returned.
            counters: What counts its requests.
            gap: Seconds between the beginnings of two readings.
        """
        policy = self.policy
        unfinished: dict[str, tuple[Watch, ...]] = {}
        query: dict[str, str] | None = None
        waited = 0.0
        try:
            while not reading.over and policy.problem is None:
                page, sent_at = await self._page(query, counters)
                key, waited = page.next_key or None, waited + anyio.current_time() - sent_at
                policy.saw(reading, page.items, sent_at, more=key is not None, lacks_ids=_lacks_ids(page))
                if policy.problem is None:
                    self._tell(page.items, sent_at, gap, unfinished)
                query = None if key is None else {"nextPageKey": key}
            if policy.problem is None:  # otherwise it was cut short, and what is on the other pages is not known
                self._end(reading, unfinished, gap, waited)
        except APIError as error:
            now, paused = anyio.current_time(), retry_after(error) or 0.0
            policy.failed()
            # A later page may be refused because its key is old. The list itself is refused, or its response is lost.
            refused = isinstance(error, StatusError) and error.from_api and not is_transient(error)
            if paused or (refused and query is None):
                policy.set_back(str(error), now, paused)
        finally:
            self.reading = False
        if policy.problem is not None:
            pause = policy.resumes_at - anyio.current_time()
            when = "any more" if policy.is_given_up else f"for {pause:.0f} s"
            text = "the list of jobs is not read %s: %s. Each job is polled"
            write(LogEvent.JOBS_NOT_LISTED, text, when, policy.problem)
            self._expect_nothing()

    def _expect_nothing(self) -> None:
        """Poll each job as if there were no list."""
        now = anyio.current_time()
        for watch in chain(*self._watches.values()):
            watch.owner.poll_as_usual(watch, now)

    def _end(self, reading: Reading, unfinished: dict[str, tuple[Watch, ...]], gap: float, waited: float) -> None:
        """Take in that a reading is complete, and have some of the jobs polled that it shows as unfinished."""
        self.policy.end(reading, anyio.current_time(), waited)
        if self.policy.problem is not None:
            return
        self._read_until = self.awaited_until(self.policy.began, gap)
        for job in self.policy.sample(reading, unfinished, gap):
            for watch in unfinished[job]:
                if watch.open:  # it may have ended while a later page was on its way
                    watch.owner.poll_first(watch)
        text = "%d pages of the list of jobs tell about %d jobs"
        write(LogEvent.JOBS_LISTED, text, reading.pages, len(reading.seen))

    async def _page(self, query: dict[str, str] | None, counters: Counters) -> tuple[Page[Job], float]:
        counters.poll()
        try:
            response = await self._transport.poll(_PATH, _SUBJECT, Priority.POLL, query)
            try:
                page = await _decoded(response.body)
                if not is_page_key(page.next_key or ""):
                    raise MalformedResponseError("The key of its next page cannot be used. Report it to Pictory.")  # noqa: TRY301
            except (MalformedResponseError, StatusError) as error:
                blamed = response.blame(error)
                self._transport.health.failed(blamed, anyio.current_time())
                raise blamed from None
        except APIError:
            counters.failed_poll()
            raise
        self._listed(response.sent_at)
        return page, response.sent_at

    def _tell(
        self, jobs: tuple[Job, ...], sent_at: float, gap: float, unfinished: dict[str, tuple[Watch, ...]]
    ) -> None:
        """Tell the watches of jobs what a page shows, and note those that are unfinished."""
        now = anyio.current_time()
        until = self.awaited_until(now, gap)
        for job in jobs:
            concerned = tuple(
                watch
                for watch in self._watches.get(job.id, ())
                # A page that was requested before the job's last poll is older than what that showed.
                if watch.is_listable and watch.unfinished_at <= sent_at and watch.open
                if not self.policy.is_belied(job.id)
            )
            if concerned and shows_unfinished(job):
                unfinished[job.id] = concerned
                for watch in concerned:
                    watch.owner.listed(watch, watch.listed(job, now, until))
            elif job.is_finished:
                for watch in concerned:
                    watch.owner.listed_ended(watch, job)


class SweepTurns:
    """When one scheduler has the list of jobs read, which serves those of the other pollers too.

    Args:
        sweeper: Reads it.
        counters: What counts the requests.
        gap: Seconds between the beginnings of two readings.
        start: Runs something beside the polls.
        fail: Ends all polls because of an error.

    Attributes:
        next_at: When it is to be read next; infinite if that is not known to be of use.
    """

    __slots__ = ("_counters", "_fail", "_gap", "_start", "_sweeper", "next_at")

    def __init__(
        self,
        sweeper: Sweeper,
        counters: Counters,
        gap: float,
        start: Callable[[Callable[[], Coroutine[Any, Any, None]], str], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self.next_at: float = math.inf
        self._sweeper = sweeper
        self._counters = counters
        self._gap = gap
        self._start = start
        self._fail = fail

    def add(self, watch: Watch, due: float, now: float) -> float:
        """Take in a new watch of a job; return when to poll the job, which the list may tell about before."""
        sweeper = self._sweeper
        if self.next_at == math.inf and sweeper.may_pay:
            self.next_at = max(now + self._gap if watch.is_young(now) else now, sweeper.policy.next_at(self._gap))
        if not sweeper.serves(now):
            return due
        return max(due, watch.in_time(sweeper.awaited_until(now, self._gap), now))

    def begin(self, due: Iterable[Watch], now: float, *, pauses: bool) -> list[tuple[Watch, float]]:
        """Have the list read, if that pays now.

        Args:
            due: Watches that are about to be polled.
            now: The time.
            pauses: Whether nothing may be read now, because all polls fail.

        Returns:
            Which of these the list may tell about, and until when they can wait for it.
        """
        sweeper = self._sweeper
        allowed_at = sweeper.policy.next_at(self._gap)
        self.next_at = max(now + self._gap, allowed_at) if sweeper.may_pay else math.inf
        reading = None if pauses or sweeper.reading or now < allowed_at else sweeper.begin(now)
        if reading is None:
            return []
        self._start(partial(self._run, reading), "list of jobs")
        until = sweeper.awaited_until(now, self._gap)
        return [
            (watch, watch.in_time(until, now)) for watch in due if watch.asks_job and watch.job_id in reading.places
        ]

    async def _run(self, reading: Reading) -> None:
        try:
            await self._sweeper.run(reading, self._counters, self._gap)
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            self._fail(failure)  # such as of a client that was closed meanwhile


async def _decoded(body: bytes) -> Page[Job]:
    if len(body) <= _SMALL:
        return decode_job_page(body)
    return await anyio.to_thread.run_sync(decode_job_page, body, abandon_on_cancel=True)


def _lacks_ids(page: Page[Job]) -> bool:
    """Whether a page has entries, and none of them can be read."""
    return not page.items and bool(page.unreadable)
