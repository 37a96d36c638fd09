"""When the list of jobs is read instead of each job, how far, and how much it is trusted: the policy alone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from pictory_async._polling.sweep import JobSweep, pages_worth_reading, shows_unfinished
from pictory_async.models import Job

PLACES = st.sets(st.integers(0, 400), max_size=60)


def jobs(*ids: str, status: str | None = "in-progress") -> list[Job]:
    """Entries of the list."""
    return [Job(id=one, status=status) for one in ids]


def ids(count: int) -> dict[str, bool]:
    """Pending jobs, the newest first, none of them young."""
    return {f"j{number}": False for number in range(count)}


def read(sweep: JobSweep, pending: dict[str, bool], pages: list[list[str]], now: float = 0.0) -> int:
    """Let a reading get pages until it has enough, and return how many it took."""
    reading = sweep.begin(pending, now)
    if reading is None:
        return 0
    for number, page in enumerate(pages, 1):
        sweep.saw(reading, jobs(*page), now, more=number < len(pages))
        if reading.over or sweep.problem:
            break
    sweep.end(reading, now)
    return reading.pages


def cut(entries: list[str], size: int) -> list[list[str]]:
    """Cut a list into pages."""
    return [entries[start : start + size] for start in range(0, len(entries), size)]


@given(PLACES, st.integers(1, 120))
def test_what_is_read_tells_about_more_jobs_per_request_than_polls_do(places: set[int], size: int) -> None:
    """At least three for each page, and no other number of pages would save more requests."""
    best = pages_worth_reading(places, size)
    told = [sum(place < pages * size for place in places) for pages in range(402)]
    assert told[best] >= 3 * best
    assert all(told[best] - 3 * best >= told[pages] - 3 * pages for pages in range(402))
    assert best == 0 or told[best] > told[best - 1]  # the last page holds a pending job


@given(PLACES, st.integers(1, 120), st.integers(0, 400))
def test_jobs_of_others_in_between_make_reading_worth_less(places: set[int], size: int, at: int) -> None:
    """A foreign job above some of ours never makes the list tell about more of them."""
    moved = {place + (place >= at) for place in places}
    gain = [sum(p < pages_worth_reading(some, size) * size for p in some) for some in (places, moved)]
    cost = [3 * pages_worth_reading(some, size) for some in (places, moved)]
    assert gain[0] - cost[0] >= gain[1] - cost[1]


def test_reading_stops_after_the_page_with_the_oldest_pending_job() -> None:
    """What is below it is not read, also when that job is the only one on its page in later readings."""
    sweep = JobSweep()
    pages = cut([f"j{number}" for number in range(500)], 50)
    assert 3 == read(sweep, ids(150), pages)
    assert 2 == read(sweep, ids(60), pages, 10.0)
    assert 1 == read(sweep, ids(52), pages, 20.0)  # two jobs of the second page are polled


@pytest.mark.parametrize("size", [10, 25, 50, 100])
def test_the_size_of_pages_is_learned(size: int) -> None:
    """The first reading of pages of any size reads as many as it needs."""
    sweep = JobSweep()
    assert math.ceil(100 / size) == read(sweep, ids(100), cut([f"j{number}" for number in range(300)], size))


@pytest.mark.parametrize("size", [1, 2])
def test_a_list_in_tiny_pages_is_read_once(size: int) -> None:
    """A poll of each job tells as much as one of its pages."""
    sweep = JobSweep()
    assert 1 == read(sweep, ids(100), cut([f"j{number}" for number in range(300)], size))
    assert sweep.problem == f"its pages have {size} jobs"
    assert math.inf == sweep.next_at(10.0)


def test_few_jobs_are_polled() -> None:
    """Two of them need no list."""
    assert JobSweep().begin(ids(2), 0.0) is None


def test_a_job_that_the_list_does_not_have_is_polled_for_good() -> None:
    """It does not make later readings longer; a young one gets more time, and a known one a second reading."""
    sweep = JobSweep()
    others = [f"x{number}" for number in range(1000)]
    pending = {"young": True, **ids(30)}
    listed = [*ids(29)]
    assert 10 == read(sweep, pending, cut([*listed, *others], 50))  # j29 might be anywhere, as far as that pays
    assert 1 == read(sweep, pending, cut([*listed, *others], 50), 10.0)
    lost = [one for one in listed if one != "j7"]
    assert 2 == read(sweep, pending, cut([*lost, *others], 50), 20.0)
    assert 1 == read(sweep, pending, cut(["young", *listed, *others], 50), 30.0)  # j7 is back
    for again in (40.0, 50.0):
        assert 2 == read(sweep, pending, cut([*lost, *others], 50), again)
    assert 1 == read(sweep, pending, cut([*lost, *others], 50), 60.0)


def test_a_crowded_list_is_given_up() -> None:
    """Ten readings in a row whose pages tell about too few jobs are enough."""
    sweep = JobSweep()
    others = [f"x{number}" for number in range(1000)]
    for number in range(10):
        assert sweep.problem is None
        pending = {f"{number}-{one}": True for one in range(5)}
        assert 1 == read(sweep, pending, cut(others, 50), number * 10.0)
    assert sweep.problem == "it is crowded with other jobs"


def test_repeated_entries_and_short_pages_lose_nothing() -> None:
    """A job that moves to the next page while the list is read is seen, once."""
    sweep = JobSweep()
    entries = [*ids(100)]
    reading = sweep.begin(ids(100), 0.0)
    assert reading is not None
    for page in ([*entries[:50]], [*entries[49:80]], [*entries[79:100], "x"]):
        sweep.saw(reading, jobs(*page), 0.0, more=True)
    assert reading.over
    assert entries == [*reading.seen]


@pytest.mark.parametrize(
    ("entries", "lacks_ids", "problem"),
    [(jobs("j1", "j2", status=None), False, "its entries have no status"), ([], True, "its entries have no ids")],
)
def test_a_list_that_shows_nothing_is_given_up(entries: list[Job], lacks_ids: bool, problem: str) -> None:
    """Ids and status are documented for one sample only."""
    sweep = JobSweep()
    reading = sweep.begin(ids(9), 0.0)
    assert reading is not None
    sweep.saw(reading, entries, 0.0, more=True, lacks_ids=lacks_ids)
    assert problem == sweep.problem


def test_a_list_that_is_behind_is_given_up() -> None:
    """If it shows a job as unfinished long after a poll saw its end; a few seconds do no harm."""
    sweep = JobSweep()
    assert 1 == read(sweep, ids(9), [[*ids(9)]])
    sweep.polled(Job(id="j1", status="completed"), 5.0)
    sweep.polled(Job(id="j2", status="failed"), 5.0)
    reading = sweep.begin(ids(9), 20.0)
    assert reading is not None
    sweep.saw(reading, [*jobs("j1"), *jobs("j2", status="failed")], 20.0, more=False)
    sweep.saw(reading, jobs("j2"), 40.0, more=False)
    assert sweep.problem is None
    sweep.saw(reading, jobs("j1"), 40.0, more=False)
    assert sweep.problem == "it is behind: it shows job 'j1' as unfinished 35 s after its end"


def test_few_ends_are_remembered() -> None:
    """However many jobs end, and none of them if the list is not read."""
    sweep = JobSweep()
    sweep.polled(Job(id="early", status="completed"), 0.0)
    assert 1 == read(sweep, ids(9), [[*ids(9)]])
    for number in range(1500):
        sweep.polled(Job(id=f"e{number}", status="completed"), 5.0)
    assert 1000 == len(sweep._ends)
    assert "early" not in sweep._ends


def test_what_the_list_says_wrongly_is_said_once() -> None:
    """A job that it shows as ended, and that has not, is polled for good."""
    sweep = JobSweep()
    reading = sweep.begin(ids(9), 0.0)
    assert reading is not None
    sweep.saw(reading, [*jobs("j1", status="completed"), *jobs(*[*ids(9)][2:])], 0.0, more=False)
    sweep.end(reading, 0.0)
    sweep.polled(Job(id="j1", status="in-progress"), 1.0)
    later = sweep.begin(ids(9), 10.0)
    assert later is not None
    assert "j1" not in later.places
    assert "j2" in later.places


def test_readings_that_fail_come_less_and_less_often() -> None:
    """Up to every ten minutes; a good one brings the pace back."""
    sweep = JobSweep()
    waits = []
    for _ in range(8):
        assert sweep.begin(ids(9), 0.0) is not None
        sweep.failed()
        waits.append(sweep.next_at(10.0))
    assert [20.0, 40.0, 80.0, 160.0, 320.0, 600.0, 600.0, 600.0] == waits
    read(sweep, ids(9), [[*ids(9)]])
    assert 10.0 == sweep.next_at(10.0)


@pytest.mark.parametrize(("count", "polled"), [(5, 10), (100, 10), (400, 40)])
def test_some_jobs_are_polled_all_the_same(count: int, polled: int) -> None:
    """One of each hundred a minute, and at least one: the oldest ones, as they are the likeliest to have ended."""
    sweep = JobSweep()
    read(sweep, ids(count), [[*ids(count)]])
    unfinished = ids(count)
    chosen = [job for _ in range(40) for job in sweep.sample(unfinished, 15.0)]
    assert polled == len(chosen)
    assert all(int(job[1:]) >= count // 2 for job in chosen)


@pytest.mark.parametrize(
    ("status", "unfinished"),
    [("pending", True), ("IN-PROGRESS", True), ("completed", False), ("failed", False), ("odd", False), (None, False)],
)
def test_only_a_documented_status_shows_that_a_job_goes_on(status: str | None, unfinished: bool) -> None:
    """An unknown one may mean that it has ended."""
    assert unfinished is shows_unfinished(Job(id="j", status=status))
