"""When the list of jobs is read instead of each job, and how far: the policy alone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from pictory_async._polling.sweep import JobSweep, pages_worth_reading, shows_unfinished
from pictory_async.models import Job
from tests._sweep import cut, ids, jobs, read, shown

PLACES = st.sets(st.integers(0, 400), max_size=60)
FEW = "it tells about few of the jobs that are waited for"


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
def test_a_list_in_tiny_pages_is_read_twice(size: int) -> None:
    """A poll of each job tells as much as one of its pages. One short page may be chance, and is not remembered."""
    sweep = JobSweep()
    for now, again_at in ((0.0, 120.0), (120.0, math.inf)):
        assert 1 == read(sweep, ids(100), cut([f"j{number}" for number in range(300)], size), now)
        assert sweep.problem == f"its pages have {size} jobs"
        assert again_at == sweep.next_at(10.0)
    assert sweep.is_given_up


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


def test_a_crowded_list_is_not_read_for_some_time() -> None:
    """Ten readings in a row whose pages tell about too few jobs are enough, and one when it is tried again."""
    sweep = JobSweep()
    others = [f"x{number}" for number in range(1000)]
    for number in range(10):
        assert sweep.problem is None
        pending = {f"{number}-{one}": True for one in range(5)}
        assert 1 == read(sweep, pending, cut(others, 50), number * 10.0)
    assert sweep.problem == FEW
    now = sweep.next_at(10.0)
    assert 210.0 == now
    assert 1 == read(sweep, {f"new-{one}": True for one in range(5)}, cut(others, 50), now)
    assert sweep.problem == FEW
    assert 240.0 == sweep.next_at(10.0) - now


def test_a_list_of_unknown_statuses_is_not_read_for_some_time() -> None:
    """Its entries may mean anything, so that each job is polled. A new status may become known: it is tried again."""
    sweep = JobSweep()
    for number in range(10):
        assert sweep.problem is None
        reading = sweep.begin(ids(9), number * 10.0)
        assert reading is not None
        sweep.saw(reading, jobs(*ids(9), status="cooking"), number * 10.0, more=False)
        sweep.end(reading, number * 10.0)
    assert sweep.problem == FEW
    assert 1 == read(sweep, ids(9), [[*ids(9)]], sweep.next_at(10.0))
    assert sweep.problem is None


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
    [(jobs("j1", "j2", "j3", status=None), False, "its entries have no status"), ([], True, "its entries have no ids")],
)
def test_a_list_that_shows_nothing_is_given_up(entries: list[Job], lacks_ids: bool, problem: str) -> None:
    """Ids and status are documented for one sample only. For good is what is so twice in a row."""
    sweep = JobSweep()
    for now, good_before in ((0.0, False), (120.0, True), (500.0, False)):
        if good_before:
            assert 1 == read(sweep, ids(9), [[*ids(9)]], now)
        reading = sweep.begin(ids(9), now)
        assert reading is not None
        sweep.saw(reading, entries, now, more=True, lacks_ids=lacks_ids)
        assert problem == sweep.problem
        assert sweep.is_given_up is (now == 500.0)


def test_a_list_that_is_of_no_use_and_then_behind_is_tried_again() -> None:
    """Twice in a row means that nothing else came in between."""
    sweep = JobSweep()
    sweep.polled(Job(id="j1", status="completed"), 100.0)
    for now, entries in ((0.0, jobs(*ids(9), status=None)), (120.0, jobs("j1")), (900.0, jobs(*ids(9), status=None))):
        reading = sweep.begin(ids(9), now)
        assert reading is not None
        sweep.saw(reading, entries, now, more=False)
        assert sweep.problem
        assert not sweep.is_given_up


def test_an_entry_without_a_status_is_polled() -> None:
    """The others are not: the list goes on to tell about them, also if it is alone on its page."""
    sweep = JobSweep()
    entries = [f"j{number}" for number in range(101)]
    for now in (0.0, 10.0):
        reading = sweep.begin(ids(101), now)
        assert reading is not None
        for page, status in ((entries[:50], "in-progress"), (entries[50:100], "in-progress"), (entries[100:], None)):
            if not reading.over:
                sweep.saw(reading, jobs(*page, status=status), now, more=page[0] != "j100")
        sweep.end(reading, now)
        assert sweep.problem is None
    later = sweep.begin(ids(101), 20.0)
    assert later is not None
    assert {*entries[:100]} == {*later.places}


def test_an_entry_without_a_status_among_few_is_polled() -> None:
    """It is one of nine."""
    sweep = JobSweep()
    reading = sweep.begin(ids(9), 0.0)
    assert reading is not None
    sweep.saw(reading, [*jobs("j1", status=None), *jobs(*[*ids(9)][2:], "j0")], 0.0, more=False)
    sweep.end(reading, 0.0)
    assert sweep.problem is None
    later = sweep.begin(ids(9), 10.0)
    assert later is not None
    assert {*ids(9)} - {"j1"} == {*later.places}


def test_a_reading_that_is_cut_short_says_nothing_about_later_pages() -> None:
    """What is on them is not missing: it is read again when the list is well."""
    sweep = JobSweep()
    pages = cut([*ids(300)], 50)
    assert 6 == read(sweep, ids(300), pages)
    sweep.polled(shown("j0", "in-progress", 50.0), 0.0)
    for _ in range(2):
        now = sweep.next_at(60.0)
        reading = sweep.begin(ids(300), now)
        assert reading is not None
        sweep.saw(reading, [shown("j0", "in-progress", 10.0), *jobs(*pages[0][1:])], now, more=True)
        assert sweep.problem is not None
    assert 6 == read(sweep, ids(300), pages, sweep.next_at(60.0))


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


@pytest.mark.parametrize(("paused", "pause"), [(5.0, 120.0), (60.0, 600.0), (1e9, 3600.0)])
def test_a_list_that_pauses_the_client_does_so_a_tenth_of_the_time(paused: float, pause: float) -> None:
    """Each request for the list may pause all of it, as the server asks."""
    sweep = JobSweep()
    assert sweep.begin(ids(9), 0.0) is not None
    sweep.set_back("any", 1.0, paused)
    assert 1.0 + pause == sweep.next_at(10.0)


@pytest.mark.parametrize(
    ("pages", "waited", "slow"), [(1, 9.0, False), (1, 11.0, True), (40, 39.0, False), (40, 60.0, True)]
)
def test_a_list_that_is_slower_than_polls_is_given_up_for_a_time(pages: int, waited: float, slow: bool) -> None:
    """Pages are read one after the other, and polls do not wait for each other."""
    sweep = JobSweep()
    reading = sweep.begin(ids(50 * pages), 0.0)
    assert reading is not None
    for page in cut([*ids(50 * pages)], 50):
        sweep.saw(reading, jobs(*page), 0.0, more=True)
    sweep.end(reading, 100.0, waited)
    assert slow is (sweep.problem is not None)
    assert sweep.serves(9) is not slow


def test_pages_of_thousands_of_jobs_are_given_up() -> None:
    """To go through them holds the event loop up."""
    sweep = JobSweep()
    for now, good in ((0.0, False), (120.0, True)):
        reading = sweep.begin(ids(9), now)
        assert reading is not None
        sweep.saw(reading, jobs(*(f"x{number}" for number in range(5001))), now, more=True)
        assert sweep.problem == "its pages have 5001 jobs"
        assert sweep.is_given_up is good
        assert not reading.seen


def test_trouble_of_any_length_has_a_next_try() -> None:
    """However often a reading failed, or the list was behind."""
    sweep = JobSweep()
    for _ in range(2000):
        sweep.failed()
        sweep.set_back("any", 0.0)
    assert 3600.0 == sweep.next_at(10.0)
    assert sweep.begin(ids(9), 0.0) is not None
    assert 600.0 == sweep.next_at(10.0)


@pytest.mark.parametrize(
    ("status", "unfinished"),
    [("pending", True), ("IN-PROGRESS", True), ("completed", False), ("failed", False), ("odd", False), (None, False)],
)
def test_only_a_documented_status_shows_that_a_job_goes_on(status: str | None, unfinished: bool) -> None:
    """An unknown one may mean that it has ended."""
    assert unfinished is shows_unfinished(Job(id="j", status=status))
