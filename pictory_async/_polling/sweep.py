"""When to read the list of jobs instead of polling each of them, how far, and how much to trust it. Pure.

One page of the list tells about many jobs, a poll about one. So the list is read while its pages tell about enough jobs
that are waited for; docs/waiting.md describes it for users.

What the list says is never an outcome. A job that it shows as ended is polled itself, and then its project. A job that
it shows as unfinished is polled later than it would be otherwise, but polled: a list that is behind or wrong makes an
outcome late, and never untrue.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async.models import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pictory_async.models import Job

_PAYS: Final = 3.0
"""How many pending jobs a page must tell about: in the time between two readings, a third of the jobs is polled."""

_FIRST_GUESS: Final = 50.0  # jobs of a page; the documentation does not tell
_BEHIND: Final = 15.0  # seconds
_CROWDED: Final = 10  # readings
_LONGEST_PAUSE: Final = 600.0  # seconds
_MOST_ENDS: Final = 1000
_SAMPLE: Final = 100.0  # of so many jobs, one is polled alone each minute
_UNFINISHED: Final = frozenset({JobStatus.PENDING, JobStatus.IN_PROGRESS})


def shows_unfinished(job: Job) -> bool:
    """Whether an entry of the list shows a job that has not ended. An unknown status may mean either."""
    return (job.status or "").casefold() in _UNFINISHED and not job.is_finished


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
    """

    places: Mapping[str, int]
    young: frozenset[str]
    unlisted: int
    page_size: float
    seen: dict[str, int] = attrs.field(factory=dict[str, int])
    pages: int = 0
    over: bool = False
    missing: set[str] = attrs.field(init=False)
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
        problem: Why the list is not read any more; ``None`` if it can be read.
        began: When the last reading began.
        lasted: How many seconds the last complete one took.
        works: Whether the last one was complete, and the next one was not found to be of no use.
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self.began: float = -math.inf
        self.lasted: float = 0.0
        self.works: bool = False
        self._page_size = _FIRST_GUESS
        self._places: dict[str, int] = {}
        self._missed: set[str] = set()
        self._alone: set[str] = set()
        self._ends: dict[str, float] = {}
        self._said_ended: set[str] = set()
        self._failures = 0
        self._poor = 0
        self._credit = 0.0

    def next_at(self, gap: float) -> float:
        """When the list may be read again, if its readings begin ``gap`` seconds apart."""
        if self.problem is not None:
            return math.inf
        if self._failures:
            return self.began + min(gap * 2.0**self._failures, max(gap, _LONGEST_PAUSE))
        return self.began + gap

    def serves(self, jobs: int) -> bool:
        """Whether a reading was complete, and another one may pay for so many jobs."""
        return self.works and self.problem is None and jobs >= _PAYS

    def begin(self, jobs: Mapping[str, bool], now: float) -> Reading | None:
        """Begin a reading, if it pays.

        Args:
            jobs: The jobs that are waited for, the newest wait first, and whether they were requested a moment ago.
            now: The time.
        """
        for known in (self._missed, self._alone, self._said_ended):
            known.intersection_update(jobs)
        self._places = {job: place for job, place in self._places.items() if job in jobs}
        new = [job for job in jobs if job not in self._places and job not in self._alone]
        # What is new is above what was there.
        places = {job: place + len(new) for job, place in self._places.items() if job not in self._alone}
        places |= {job: place for place, job in enumerate(new)}
        if not pages_worth_reading(places.values(), self._page_size):
            self.works = False
            return None
        young = frozenset(job for job in new if jobs[job])
        self.began = now
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
        reading.add([job.id for job in jobs], more=more)
        if lacks_ids:
            self.problem = "its entries have no ids"
        for job in jobs:
            if job.id in self._ends:
                late = sent_at - self._ends[job.id]
                if not shows_unfinished(job):
                    del self._ends[job.id]
                elif late > _BEHIND:
                    self.problem = f"it is behind: it shows job {job.id!r} as unfinished {late:.0f} s after its end"
            elif job.id in reading.places and job.status is None:
                self.problem = "its entries have no status"
            elif job.id in reading.places and job.is_finished:
                self._said_ended.add(job.id)

    def polled(self, job: Job, sent_at: float) -> None:
        """Take in what a poll of a job itself showed."""
        if job.is_finished:
            if self.works:
                self._ends[job.id] = sent_at
            if len(self._ends) > _MOST_ENDS:
                del self._ends[next(iter(self._ends))]
        elif job.id in self._said_ended:  # what the list says about it is not true
            self._alone.add(job.id)

    def end(self, reading: Reading, now: float) -> None:
        """Take in that a reading is complete."""
        self.works, self.lasted, self._failures = True, now - self.began, 0
        self._page_size = reading.page_size
        for job in reading.missing:
            # What was there may be missing once, if it moved to another page meanwhile.
            if job in self._places and job not in self._missed:
                self._missed.add(job)
            else:
                self._alone.add(job)
        self._missed -= reading.seen.keys()
        self._places |= reading.seen
        self._poor = self._poor + 1 if len(reading.seen) < _PAYS * reading.pages else 0
        if self._page_size < _PAYS:
            self.problem = f"its pages have {self._page_size:g} jobs"
        elif self._poor >= _CROWDED:
            self.problem = "it is crowded with other jobs"

    def failed(self) -> None:
        """Take in that a reading failed."""
        self.works = False
        self._failures += 1

    def sample(self, unfinished: Mapping[str, object], gap: float) -> list[str]:
        """Choose jobs to poll although the list shows them as unfinished: whether it is behind shows only that.

        Those that are the oldest in the list are chosen, as they are the likeliest to have ended.
        """
        self._credit += max(1.0, len(unfinished) / _SAMPLE) * gap / 60.0
        count = math.floor(self._credit)
        self._credit -= count
        oldest = sorted(unfinished, key=lambda job: self._places.get(job, 0))[len(unfinished) // 2 :]
        return random.sample(oldest, min(count, len(oldest)))
