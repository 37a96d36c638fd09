"""How much the list of jobs is trusted: the policy alone."""

from __future__ import annotations

import math
from typing import Any

import pytest

from pictory_async._polling.sweep import JobSweep, advance
from pictory_async.models import Job
from tests._sweep import ids, jobs, read, shown

VIEWS = [
    shown("a", "pending"),
    shown("a", "in-progress", 10.0),
    shown("a", "In-Progress", 12.0),
    shown("a", "in-progress", 99.0),
    shown("a", "failed"),
]


def test_a_list_that_is_behind_is_not_read_for_some_time() -> None:
    """If it shows a job as unfinished long after a poll saw its end; a few seconds do no harm."""
    sweep = JobSweep()
    assert 1 == read(sweep, ids(9), [[*ids(9)]])
    sweep.polled(Job(id="j1", status="completed"), 5.0)
    sweep.polled(Job(id="j2", status="failed"), 5.0)
    reading = sweep.begin(ids(9), 20.0)
    assert reading is not None
    sweep.saw(reading, [*jobs("j1"), *jobs("j2", status="failed")], 20.0, more=False)
    assert sweep.problem is None
    sweep.saw(reading, jobs("j1"), 40.0, more=False)
    assert sweep.problem == "it is behind: it shows job 'j1' as unfinished, 35 s after a poll of it"
    assert 160.0 == sweep.next_at(10.0)
    assert not sweep.serves(9)


def bear_out(sweep: JobSweep, times: int) -> None:
    """Let so many polls show what the list shows."""
    reading = sweep.begin(ids(9), 0.0)
    assert reading is not None
    for number in range(times):
        sweep.saw(reading, jobs("j1"), 2.0 * number, more=True)
        sweep.polled(jobs("j1")[0], 2.0 * number + 1.0)


@pytest.mark.parametrize("first", range(5))
@pytest.mark.parametrize("second", range(5))
def test_which_of_two_views_of_a_job_is_later(first: int, second: int) -> None:
    """Jobs go from pending over their progress to an end."""
    assert (first > second) - (first < second) == advance(VIEWS[first], VIEWS[second])


@pytest.mark.parametrize(
    "other",
    [shown("a", "in-progress", 10.0), shown("a", "in-progress", 11.9), shown("a", "in-progress"), shown("a", "odd")],
)
def test_two_views_may_not_show_which_is_later(other: Job) -> None:
    """If they differ by what rounding does, or if one has no progress or an unknown status."""
    assert 0 == advance(VIEWS[1], other) == advance(other, VIEWS[1])


@pytest.mark.parametrize(
    ("polled", "listed"),
    [
        (shown("j1", "in-progress", 60.0), shown("j1", "in-progress", 20.0)),
        (shown("j1", "in-progress"), shown("j1", "pending")),
    ],
)
def test_a_list_that_does_not_move_is_found_before_a_job_ends(polled: Job, listed: Job) -> None:
    """It shows less of a job than a poll did 15 seconds before the page was requested; less than that is usual."""
    sweep = JobSweep()
    assert 1 == read(sweep, ids(9), [[*ids(9)]])
    sweep.polled(polled, 5.0)
    for sent_at, problem in ((19.0, None), (21.0, "as less advanced, 16 s after a poll of it")):
        reading = sweep.begin(ids(9), sent_at)
        assert reading is not None
        sweep.saw(reading, [listed, *jobs(*[*ids(9)][2:])], sent_at, more=False)
        assert sweep.problem == (problem and f"it is behind: it shows job 'j1' {problem}")


def test_a_list_that_was_behind_is_tried_again() -> None:
    """After two minutes, then four; the first page shows whether it still is. Ten good minutes begin anew."""
    sweep = JobSweep()
    assert 1 == read(sweep, ids(9), [[*ids(9)]])
    now, pauses = 20.0, []
    sweep.polled(Job(id="j1", status="completed"), 0.0)
    for _ in range(7):
        assert sweep.begin(ids(9), now) is not None
        assert sweep.problem is None
        assert 1 == read(sweep, ids(9), [[*ids(9)]], now)
        pauses.append(sweep.next_at(10.0) - now)
        now += pauses[-1]
    assert [120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0] == pauses
    sweep.polled(Job(id="j1", status="in-progress", progress=20.0), now)
    for later, job in ((10.0, "j2"), (650.0, "j3")):
        reading = sweep.begin(ids(9), now + later)
        assert reading is not None
        sweep.polled(shown(job, "in-progress", 20.0), now + later - 5.0)
        sweep.saw(reading, [shown(job, "in-progress", 50.0)], now + later, more=False)
        for number in range(3):
            sweep.saw(reading, jobs("j1"), now + later + number, more=False)
            sweep.polled(jobs("j1")[0], now + later + number + 0.5)
        sweep.sample(reading, ids(9), 10.0)
    sweep.set_back("any", now)
    assert 120.0 == sweep.next_at(10.0) - now


def test_few_polls_are_remembered() -> None:
    """However many there are."""
    sweep = JobSweep()
    for number in range(1500):
        sweep.polled(Job(id=f"e{number}", status="completed"), 5.0)
    assert 1000 == len(sweep._polled)
    assert "e499" not in sweep._polled


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


def test_a_list_that_shows_false_ends_again_and_again_is_given_up_for_a_time() -> None:
    """Each is checked once, also if its job was not to be listed meanwhile. Some of many do not count."""
    sweep = JobSweep()
    for false, problem in ((4, False), (6, True)):
        for sent_at in (0.0, 10.0):
            reading = sweep.begin(ids(20 if sent_at == 0.0 else 14), sent_at, ids(20))
            assert reading is not None
            entries = [
                Job(id=f"j{one}", status="completed" if one >= 20 - false else "in-progress") for one in range(20)
            ]
            sweep.saw(reading, entries, sent_at, more=False)
            sweep.end(reading, sent_at)
            for job in jobs(*ids(20)):
                sweep.polled(job, sent_at + 1.0)
        assert problem is (sweep.problem is not None)
    assert sweep.problem == "later polls of 6 jobs show less than it does"
    assert 130.0 == sweep.resumes_at
    assert sweep.is_belied("j19")
    assert not sweep.is_belied("j13")


def test_a_poll_from_before_the_page_disproves_nothing() -> None:
    """The job may have ended in between."""
    sweep = JobSweep()
    reading = sweep.begin(ids(9), 0.0)
    assert reading is not None
    sweep.saw(reading, jobs("j1", status="completed"), 5.0, more=False)
    sweep.polled(jobs("j1")[0], 4.9)
    assert not sweep.is_belied("j1")


@pytest.mark.parametrize(
    ("count", "lag", "polled"),
    [(5, 20.0, 10), (100, 20.0, 10), (400, 20.0, 40), (5, 30.0, 60), (50, 30.0, 300), (1000, 30.0, 600)],
)
def test_some_jobs_are_polled_all_the_same(count: int, lag: float, polled: int) -> None:
    """One of each hundred a minute, and at least one; more, as long as no entry proves that the list is not behind."""
    sweep = JobSweep()
    bear_out(sweep, 3)
    read(sweep, ids(count), [[*ids(count)]])
    reading = sweep.begin(ids(count), 0.0)
    assert reading is not None
    reading.lag = lag
    chosen = [job for _ in range(80) for job in sweep.sample(reading, ids(count), 7.5)]
    assert polled == len(chosen)
    assert all(int(job[1:]) >= count // 2 for job in chosen)


@pytest.mark.parametrize(("borne_out", "proven"), [(1, False), (2, True)])
def test_nothing_is_proven_before_polls_bear_the_list_out(borne_out: int, proven: bool) -> None:
    """It may show more than there is. One entry that is wrong begins that anew."""
    sweep = JobSweep()
    for wrong in ("j7", "j8"):
        bear_out(sweep, borne_out)
        reading = sweep.begin(ids(9), 0.0)
        assert reading is not None
        reading.lag = 1.0
        assert (1 if proven else 5) == len(sweep.sample(reading, ids(9), 60.0))
        sweep.saw(reading, [shown(wrong, "in-progress", 99.0)], 10.0, more=True)
        sweep.polled(shown(wrong, "in-progress", 50.0), 11.0)
        assert sweep.is_belied(wrong)
        assert 5 == len(sweep.sample(reading, ids(9), 60.0))


def test_a_job_whose_entry_is_always_wrong_does_not_cost_the_others() -> None:
    """It is polled alone. The list stays proven, and its entry does not show that the list is behind after its end."""
    sweep = JobSweep()
    stuck = shown("j0", "in-progress", 99.0)
    for now in (0.0, 20.0, 40.0, 60.0):
        reading = sweep.begin(ids(9), now, ids(9))
        assert reading is not None
        sweep.saw(reading, [stuck, *jobs(*[*ids(9)][1:])], now, more=False)
        sweep.end(reading, now)
        sweep.polled(shown("j0", "in-progress", 10.0 + now), now + 1.0)
        for one in ("j1", "j2"):
            sweep.polled(jobs(one)[0], now + 1.0)
        reading.lag = 1.0
        assert 1 == len(sweep.sample(reading, ids(9), 60.0))
        assert sweep.is_belied("j0")
    sweep.polled(shown("j0", "completed"), 61.0)
    assert 1 == read(sweep, {one: False for one in ids(9) if one != "j0"}, [["j0", *[*ids(9)][1:]]], 80.0)
    assert sweep.problem is None


def test_a_wrong_entry_proves_nothing() -> None:
    """It showed more than a poll did before, and so does it after the next one; until that shows more."""
    sweep = JobSweep()
    for sent_at, polled_at in ((5.0, 6.0), (10.0, 11.0)):
        reading = sweep.begin(ids(9), sent_at, ids(9))
        assert reading is not None
        sweep.saw(reading, [shown("j1", "in-progress", 99.0)], sent_at, more=False)
        assert math.isinf(reading.lag)
        sweep.polled(shown("j1", "in-progress", 40.0), polled_at)
        assert sweep.is_belied("j1")


@pytest.mark.parametrize(
    ("first", "later", "polled", "wrong"),
    [
        (("in-progress", 40.0), ("in-progress", 60.0), ("in-progress", 50.0), False),
        (("in-progress", 40.0), ("completed", None), ("in-progress", 50.0), True),
        (("completed", None), ("in-progress", 40.0), ("in-progress", 50.0), True),
        (("completed", None), ("completed", None), ("odd", None), True),
        (("completed", None), ("completed", None), ("failed", None), False),
        (("odd", None), ("odd", None), ("pending", None), False),
    ],
)
def test_what_is_compared_with_a_poll(first: Any, later: Any, polled: Any, wrong: bool) -> None:
    """The oldest entry since the last poll of the job, because a newer one may be younger than the poll; or an end."""
    sweep = JobSweep()
    for sent_at, entry in ((1.0, first), (2.0, later)):
        reading = sweep.begin(ids(9), sent_at)
        assert reading is not None
        sweep.saw(reading, [shown("j1", *entry)], sent_at, more=False)
    sweep.polled(shown("j1", *polled), 3.0)
    assert wrong is sweep.is_belied("j1")


def test_a_list_that_was_wrong_is_judged_anew_when_it_is_tried_again() -> None:
    """What it showed before counts no more; jobs whose entries polls bear out since do not either."""
    sweep = JobSweep()
    for now, progress, problem in ((0.0, 99.0, True), (500.0, 20.0, False)):
        reading = sweep.begin(ids(60), now)
        assert reading is not None
        for sent_at in (now, now + 10.0):
            sweep.saw(reading, [shown(one, "in-progress", progress) for one in [*ids(60)][:30]], sent_at, more=True)
            if sweep.problem is None:
                for one in [*ids(60)][:30]:
                    sweep.polled(shown(one, "in-progress", 20.0), sent_at + 1.0)
        assert problem is (sweep.problem is not None)


def test_of_the_oldest_jobs_all_are_polled_in_turn() -> None:
    """They are the likeliest to have ended, and none of them is left out by chance."""
    sweep = JobSweep()
    read(sweep, ids(20), [[*ids(20)]])
    chosen: list[str] = []
    for number in range(10):
        reading = sweep.begin(ids(20), number * 10.0)
        assert reading is not None
        for job in sweep.sample(reading, ids(20), 10.0):
            sweep.polled(shown(job, "in-progress"), number * 10.0)
            chosen.append(job)
    assert sorted(chosen[:10], key=lambda job: int(job[1:])) == [*ids(20)][10:]


def test_an_entry_that_shows_more_than_a_poll_proves_how_far_the_list_is_behind_at_most() -> None:
    """Less than the time since that poll; the end of a job proves it, too."""
    sweep = JobSweep()
    reading = sweep.begin(ids(9), 20.0)
    assert reading is not None
    for job, at in (("j1", 3.0), ("j2", 8.0), ("j3", 15.0)):
        sweep.polled(shown(job, "in-progress", 30.0), at)
    for entry, lag in (
        (shown("j1", "in-progress", 70.0), 17.0),
        (shown("j2", "completed"), 12.0),
        (shown("j3", "in-progress", 30.0), 12.0),
    ):
        sweep.saw(reading, [entry], 20.0, more=True)
        assert lag == reading.lag
