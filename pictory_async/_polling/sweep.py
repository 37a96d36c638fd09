"""When to read the list of jobs instead of polling each of them, how far, and how much to trust it. Pure.

One page of the list tells about many jobs, a poll about one. So the list is read while its pages tell about enough jobs
that are waited for; docs/waiting.md describes it for users.

What the list says is never an outcome. A job that it shows as ended is polled itself, and then its project. A job that
it shows as unfinished is polled later than it would be otherwise, but polled: a list that is behind or wrong makes an
outcome late, and never untrue.

How late, is bounded by comparing what the list shows with what polls of the same jobs showed. Jobs go from ``pending``
over ``in-progress``, with a growing progress, to their end. So an entry that shows less than a poll did comes from
before that poll, and one that shows more comes from after it. If an entry is older than a poll that was sent 15 seconds
before the page was requested, the list is behind, and each job is polled. As long as no entry proves the opposite, a
job that the list shows as unfinished is polled every ten seconds for this comparison, or more of them if there are
many; then one a minute. The progress of renders of more than about 20 minutes is too slow for such a proof.

A list that shows more than there is would prove itself fresh. So the first entry since the last poll of a job, or the
first one that shows its end, is compared with the next poll: if that shows less, the entry was wrong. Its job is polled
alone from then on, nothing is proven until two polls in a row bear the list out, and if it happens with many jobs the
list is not read for some time.

Some trouble is for good, if it is met twice in a row: entries without ids or status, and pages of one or two jobs, are
how the API is. Anything else may pass. A list that is behind, crowded with other jobs or refused is tried again after
two minutes, then four, and so on up to an hour. What was polled meanwhile shows with the first page whether it is still
behind, so that trying costs one request and no time.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async._http.backoff import doubled
from pictory_async.models import JobStatus

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from pictory_async.models import Job

_PAYS: Final = 3.0
"""How many pending jobs a page must tell about: in the time between two readings, a third of the jobs is polled."""

_FIRST_GUESS: Final = 50.0  # jobs of a page; the documentation does not tell
_SLOW: Final = 10.0  # seconds that all pages take
_SLOW_PAGE: Final = 1.0  # seconds that one takes
_LARGEST_PAGE: Final = 5000  # jobs: to go through more holds the event loop up
_BEHIND: Final = 15.0  # seconds
_CROWDED: Final = 10  # readings
_WRONG: Final = 5  # jobs
_WRONG_SHARE: Final = 0.25  # of the jobs that are waited for
_BORNE_OUT: Final = 2  # polls
_LONGEST_PAUSE: Final = 600.0  # seconds
_FIRST_SETBACK: Final = 120.0  # seconds
_LONGEST_SETBACK: Final = 3600.0  # seconds
_MOST_POLLS: Final = 1000
_SAMPLE: Final = 100.0  # of so many jobs, one is polled alone each minute
_DOUBTED: Final = 100.0  # seconds: so often each job is polled while nothing shows that the list is not behind
_FEWEST_DOUBTED: Final = 6.0  # such polls a minute
_MOST_DOUBTED: Final = 60.0
_PROVEN_FOR: Final = 90.0  # seconds
_ROUNDED: Final = 2.0  # percent: less may come from rounding the progress of a job
_STAGES: Final[Mapping[str, int]] = {JobStatus.PENDING: 0, JobStatus.IN_PROGRESS: 1}
_ENDED: Final = 2


def shows_unfinished(job: Job) -> bool:
    """Whether an entry of the list shows a job that has not ended. An unknown status may mean either."""
    return (job.status or "").casefold() in _STAGES and not job.is_finished


def _stage(job: Job) -> int | None:
    return _ENDED if job.is_finished else _STAGES.get((job.status or "").casefold())


def advance(one: Job, other: Job) -> int:
    """Which of two views of a job is later: 1 if the first one is, -1 if the other one is, 0 if they do not show it."""
    stage, other_stage = _stage(one), _stage(other)
    if stage is None or other_stage is None:
        return 0
    gained: float = stage - other_stage
    if not gained and one.progress is not None and other.progress is not None:
        gained = (one.progress - other.progress) / _ROUNDED
    return 0 if abs(gained) < 1.0 else int(math.copysign(1.0, gained))


def pages_worth_reading(places: Iterable[int], page_size: float) -> int:
    """How many pages to read, so that one request reports on more jobs than a poll does.

    Args:
        places: Where the pending jobs are in the list; the newest job is at 0.
        page_size: How many jobs a page has.

    Returns:
        The number of pages, from the first one. 0 if polling each job is better. Pages at the end that tell about too
        few jobs are not read: those jobs are polled.
    """
    jobs_on = Counter(int(place // page_size) for place in places)
    best, most, jobs = 0, 0.0, 0
    for page in sorted(jobs_on):
        jobs += jobs_on[page]
        gain = jobs - _PAYS * (page + 1)
        if gain >= most:
            best, most = page + 1, gain
    return best


@attrs.define
class Reading:
    """One reading of the list, page by page.

    Attributes:
        places: The jobs that are waited for, and where they should be.
        young: Those of them that the list may not have yet.
        unlisted: How many of them are not young, and were never seen in the list.
        page_size: How many jobs a page has, as far as it is known.
        seen: The jobs that were seen, and where.
        pages: How many pages were read.
        over: Whether there is nothing more to read.
        missing: The jobs that the pages should tell about, and that were not seen yet.
        lag: How many seconds the list is behind at most, as far as its entries prove it.
        vague: The jobs whose entries have no status.
        unclear: The jobs whose entries have none that is known, these included.
    """

    places: Mapping[str, int]
    young: frozenset[str]
    unlisted: int
    page_size: float
    seen: dict[str, int] = attrs.field(factory=dict[str, int])
    pages: int = 0
    over: bool = False
    missing: set[str] = attrs.field(init=False)
    lag: float = math.inf
    vague: set[str] = attrs.field(factory=set[str])
    unclear: set[str] = attrs.field(factory=set[str])
    _most: int = attrs.field(init=False)
    _entries: int = 0

    def __attrs_post_init__(self) -> None:
        self._plan(self.page_size)

    def _plan(self, page_size: float) -> None:
        self.page_size = page_size
        worth = pages_worth_reading(self.places.values(), page_size)
        end = worth * page_size
        self.missing = {
            job for job, place in self.places.items() if place < end and job not in self.seen and job not in self.young
        }
        # One page more, because jobs of others may have come in between; and as far as it may pay for what was never
        # seen there.
        self._most = max(worth + 1, math.floor(self.unlisted / _PAYS)) if worth else 0

    def add(self, ids: Sequence[str], *, more: bool) -> None:
        """Take in a page.

        Args:
            ids: The jobs of its entries.
            more: Whether there is another page.
        """
        for place, job in enumerate(ids, self._entries):
            if job in self.places:
                self.seen.setdefault(job, place)
                self.missing.discard(job)
        # The last page may be a short one, and a later one may have an entry twice.
        if ids and more and not self.pages:
            self._plan(float(len(ids)))
        self.pages += 1
        self._entries += len(ids)
        self.over = not (more and self.missing and self.pages < self._most)


class JobSweep:
    """What a client knows of its list of jobs.

    Attributes:
        problem: Why the list is not read now; ``None`` if it can be read.
        resumes_at: When it is tried again if there is a problem; infinite if that is for good.
        began: When the last reading began.
        lasted: How many seconds the last complete one took.
        works: Whether the last one was complete, and the next one was not found to be of no use.
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self.resumes_at: float = math.inf
        self.began: float = -math.inf
        self.lasted: float = 0.0
        self.works: bool = False
        self._page_size = _FIRST_GUESS
        self._places: dict[str, int] = {}
        self._missed: set[str] = set()
        self._alone: dict[str, bool] = {}  # polled whatever the list shows; whether that is because an entry was wrong
        self._polled: dict[str, tuple[Job, float]] = {}
        self._shown: dict[str, tuple[Job, float]] = {}  # entries to compare with a poll; when the page was requested
        self._wrong: set[str] = set()  # jobs whose last comparison showed that
        self._borne_out = 0
        self._failures = 0
        self._setbacks = 0
        self._is_unfit = False
        self._proven_at = -math.inf
        self._poor = 0
        self._credit = 0.0

    def next_at(self, gap: float) -> float:
        """When the list may be read again, if its readings begin ``gap`` seconds apart."""
        if self.problem is not None:
            return self.resumes_at
        if self._failures:
            return self.began + doubled(gap, self._failures, max(gap, _LONGEST_PAUSE))
        return self.began + gap

    @property
    def is_given_up(self) -> bool:
        """Whether the list is not read any more, for good."""
        return self.problem is not None and self.resumes_at == math.inf

    def give_up(self, problem: str) -> None:
        """Do not read the list any more, because of what it is."""
        self._stop(problem, math.inf)

    def set_back(self, problem: str, now: float, paused: float = 0.0) -> None:
        """Do not read the list for some time, because of what may pass; ten times as long as it paused the client."""
        pause = doubled(_FIRST_SETBACK, self._setbacks, _LONGEST_SETBACK)
        self._stop(problem, now + max(pause, min(10.0 * paused, _LONGEST_SETBACK)))
        self._is_unfit = False
        self._setbacks += 1

    def _stop(self, problem: str, until: float) -> None:
        self.problem, self.resumes_at, self.works = problem, until, False
        # The next time it is judged by what it shows then.
        self._shown.clear()
        self._wrong.clear()

    def _unfit(self, problem: str, now: float) -> None:
        """Do not read the list because of what it is: for good, if it was so the last time too."""
        if self._is_unfit:
            self.give_up(problem)
        else:
            self.set_back(problem, now)
        self._is_unfit = True

    def serves(self, jobs: int) -> bool:
        """Whether a reading was complete, and another one may pay for so many jobs."""
        return self.works and self.problem is None and jobs >= _PAYS

    def begin(self, jobs: Mapping[str, bool], now: float, awaited: Container[str] = ()) -> Reading | None:
        """Begin a reading, if it pays.

        Args:
            jobs: The jobs that the list may tell about, the newest wait first, and whether they were requested a moment
                ago.
            now: The time.
            awaited: Other jobs that are waited for.
        """
        self._missed, self._wrong = (
            {job for job in known if job in jobs or job in awaited} for known in (self._missed, self._wrong)
        )
        self._alone = {job: wrong for job, wrong in self._alone.items() if job in jobs or job in awaited}
        self._shown = {job: shown for job, shown in self._shown.items() if job in jobs or job in awaited}
        self._places = {job: place for job, place in self._places.items() if job in jobs}
        new = [job for job in jobs if job not in self._places and job not in self._alone]
        # What is new is above what was there.
        places = {job: place + len(new) for job, place in self._places.items() if job not in self._alone}
        places |= {job: place for place, job in enumerate(new)}
        if not pages_worth_reading(places.values(), self._page_size):
            self.works = False
            return None
        young = frozenset(job for job in new if jobs[job])
        self.began, self.problem = now, None
        return Reading(places, young, len(new) - len(young), self._page_size)

    def saw(
        self, reading: Reading, jobs: Sequence[Job], sent_at: float, *, more: bool, lacks_ids: bool = False
    ) -> None:
        """Take in a page of a reading.

        Args:
            reading: The reading.
            jobs: The jobs of its entries.
            sent_at: When the page was requested.
            more: Whether there is another one.
            lacks_ids: Whether it has entries, but none of them has an id.
        """
        if len(jobs) > _LARGEST_PAGE:
            self._unfit(f"its pages have {len(jobs)} jobs", sent_at)
            return
        reading.add([job.id for job in jobs], more=more)
        if lacks_ids:
            self._unfit("its entries have no ids", sent_at)
        unclear = [job for job in jobs if job.id in reading.places and _stage(job) is None]
        reading.unclear.update(job.id for job in unclear)
        reading.vague.update(job.id for job in unclear if job.status is None)
        if len(reading.vague) >= max(_PAYS, len(reading.seen) / 2.0):
            self._unfit("its entries have no status", sent_at)
        for job in jobs:
            if self.problem is None:
                self._compare(reading, job, sent_at)
        wrong = len(self._wrong)
        if self.problem is None and wrong >= max(_WRONG, _WRONG_SHARE * (wrong + len(reading.places))):
            self.set_back(f"later polls of {wrong} jobs show less than it does", sent_at)

    def is_belied(self, job: str) -> bool:
        """Whether a poll of a job showed less than the list before, so that its entry says nothing more."""
        return self._alone.get(job, False)

    def _keep(self, job: Job, sent_at: float) -> None:
        """Keep an entry, to compare it with the next poll of its job: the oldest one, or the first one with an end."""
        kept = self._shown.get(job.id)
        if kept is None or (job.is_finished and not kept[0].is_finished):
            self._shown[job.id] = job, sent_at

    def _compare(self, reading: Reading, job: Job, sent_at: float) -> None:
        """Compare an entry with the last poll of its job, and keep it to be compared with the next one."""
        if job.id in reading.places or job.id in self._alone:
            self._keep(job, sent_at)
        if job.id not in self._polled:
            return
        polled, polled_at = self._polled[job.id]
        since = sent_at - polled_at
        later = advance(job, polled)
        if later > 0:
            reading.lag = min(reading.lag, since)
        elif later < 0 and since > _BEHIND:
            what = "unfinished" if polled.is_finished else "less advanced"
            self.set_back(f"it is behind: it shows job {job.id!r} as {what}, {since:.0f} s after a poll of it", sent_at)

    def polled(self, job: Job, sent_at: float) -> None:
        """Take in what a poll of a job itself showed."""
        self._polled.pop(job.id, None)
        self._polled[job.id] = job, sent_at
        if len(self._polled) > _MOST_POLLS:
            del self._polled[next(iter(self._polled))]
        if job.id in self._shown and sent_at > self._shown[job.id][1]:
            shown, _ = self._shown.pop(job.id)
            self._judge(shown, job)
        if self.is_belied(job.id):
            del self._polled[job.id]  # its entry is not compared with it: that proves nothing

    def _judge(self, shown: Job, polled: Job) -> None:
        """Judge an entry by a later poll of its job."""
        is_known = self.is_belied(polled.id)
        if advance(shown, polled) > 0 or (shown.is_finished and not polled.is_finished):
            self._alone[polled.id] = True
            self._wrong.add(polled.id)
            if not is_known:  # a job whose entry is always wrong says nothing about those of the others
                self._borne_out, self._proven_at = 0, -math.inf
        elif _stage(shown) is not None and _stage(polled) is not None:
            self._wrong.discard(polled.id)
            self._borne_out += not is_known

    def end(self, reading: Reading, now: float, waited: float = 0.0) -> None:
        """Take in that a reading is complete. One that was cut short by a `problem` is not.

        Args:
            reading: The reading.
            now: The time.
            waited: How many seconds of it passed between the requests and their responses.
        """
        self.works, self.lasted, self._failures = True, now - self.began, 0
        if reading.page_size < _PAYS:
            self._unfit(f"its pages have {reading.page_size:g} jobs", now)
            return
        self._is_unfit = False
        if waited > max(_SLOW, _SLOW_PAGE * reading.pages):  # polls do not wait for each other
            self.set_back(f"its pages take {waited / reading.pages:.0f} s", now)
            return
        self._page_size = reading.page_size
        # What was there may be missing once, if it moved to another page meanwhile.
        once = {job for job in reading.missing if job in self._places and job not in self._missed}
        self._missed |= once
        for job in chain(reading.vague, reading.missing - once):
            self._alone.setdefault(job, False)
        self._missed -= reading.seen.keys()
        self._places |= reading.seen
        told = len(reading.seen) - len(reading.unclear)
        self._poor = self._poor + 1 if told < _PAYS * reading.pages else 0
        if self._poor >= _CROWDED:
            self._poor -= 1  # the next time, one reading shows it
            self.set_back("it tells about few of the jobs that are waited for", now)

    def failed(self) -> None:
        """Take in that a reading failed."""
        self.works = False
        self._failures += 1

    def sample(self, reading: Reading, unfinished: Mapping[str, object], gap: float) -> list[str]:
        """Choose jobs to poll although the list shows them as unfinished: whether it is behind shows only that.

        Of those that are the oldest in the list, as they are the likeliest to have ended, the ones are chosen whose
        last poll was the longest ago.
        """
        if reading.lag <= _BEHIND + gap and self._borne_out >= _BORNE_OUT:
            self._proven_at = self.began
            if self.began >= self.resumes_at + _LONGEST_PAUSE:
                self._setbacks = 0
        is_proven = self.began <= self._proven_at + _PROVEN_FOR
        jobs = len(unfinished)
        doubted = min(_MOST_DOUBTED, max(_FEWEST_DOUBTED, jobs * 60.0 / _DOUBTED))
        self._credit += max(1.0 if is_proven else doubted, jobs / _SAMPLE) * gap / 60.0
        count = math.floor(self._credit)
        self._credit -= count
        oldest = sorted(unfinished, key=lambda job: self._places.get(job, 0))[jobs // 2 :]
        return sorted(oldest, key=lambda job: self._polled[job][1] if job in self._polled else -math.inf)[:count]
