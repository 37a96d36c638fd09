"""When to look at which project next."""

from __future__ import annotations

from hypothesis import given, strategies as st

from pictory_async import FairSchedule, ProgressSchedule, Sighting
from pictory_async._schedule import Agenda


def agenda() -> tuple[Agenda[str], dict[str, int]]:
    """Make an agenda whose things count with the turn that is noted beside it."""
    turns: dict[str, int] = {}
    return Agenda(lambda thing, turn: turns.get(thing) == turn), turns


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 20)), max_size=200))
def test_things_come_in_the_order_of_their_times(entries: list[tuple[str, int]]) -> None:
    """Whatever is entered, entered anew or taken off, what counts comes out once, in order."""
    book, turns = agenda()
    when: dict[str, float] = {}
    for turn, (thing, time) in enumerate(entries):
        known = thing in turns
        if time == 20 and known:
            del turns[thing], when[thing]
            book.drop()
            continue
        turns[thing] = turn
        when[thing] = float(time)
        book.put(thing, float(time), turn)
        if known:
            book.drop()
    assert book.next_time() == min(when.values(), default=None)
    out = []
    while (first := book.pop(100.0)) is not None:
        out.append(first)
        del turns[first]
    assert sorted(when) == sorted(out)
    assert [when[thing] for thing in out] == sorted(when.values())


def test_nothing_comes_before_its_time() -> None:
    """``pop`` gives only what is due."""
    book, turns = agenda()
    turns["a"] = 1
    book.put("a", 5.0, 1)
    assert book.pop(4.9) is None
    assert book.pop(5.0) == "a"
    assert book.next_time() is None


def test_dead_entries_do_not_pile_up() -> None:
    """A thing that is entered anew a thousand times takes the place of a few."""
    book, turns = agenda()
    for turn in range(1000):
        turns["a"] = turn
        book.put("a", 1000.0 - turn, turn)
        if turn:
            book.drop()
    assert len(book._heap) <= 3


@given(st.floats(1.0, 100.0), st.integers(0, 50))
def test_looks_come_about_an_interval_apart(interval: float, polls: int) -> None:
    """The first look comes at once, the second spreads a batch, later ones vary by a tenth."""
    due = FairSchedule().next_look(Sighting(now=1000.0, interval=interval, polls=polls)) - 1000.0
    spread = {0: (0.0, 0.0), 1: (0.49, 1.51)}.get(polls, (0.89, 1.11))
    assert interval * spread[0] <= due <= interval * spread[1]


@given(st.floats(1.0, 100.0))
def test_a_fresh_render_is_not_looked_at_at_once(interval: float) -> None:
    """A render that was only just asked for cannot be done."""
    seen = Sighting(now=0.0, interval=interval, polls=0, fresh=True)
    assert interval * 0.49 <= FairSchedule().next_look(seen) <= interval


@given(st.floats(1.0, 100.0), st.floats(0.0, 10_000.0))
def test_progress_brings_looks_to_the_end(interval: float, remaining: float) -> None:
    """Half of the predicted rest passes, within a floor that is never undercut and a longest wait."""
    seen = Sighting(now=0.0, interval=interval, polls=5, remaining=remaining)
    due = ProgressSchedule().next_look(seen)
    expected = min(3.0 * interval, max(min(10.0, interval), remaining / 2.0))
    assert expected * 0.94 <= due <= expected * 1.06


def test_a_seed_makes_a_schedule_repeatable() -> None:
    """Two schedules of one seed say the same."""
    seen = Sighting(now=0.0, interval=10.0, polls=1)
    assert FairSchedule(7).next_look(seen) == FairSchedule(7).next_look(seen)
