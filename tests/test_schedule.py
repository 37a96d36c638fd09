"""When to poll at which project next."""

from __future__ import annotations

import attrs
from hypothesis import given, strategies as st

from pictory_async import FairSchedule, ProgressSchedule, Sighting
from pictory_async._polling.agenda import Agenda


@attrs.define(eq=False)
class Thing:
    """What an agenda can hold."""

    name: str
    entry: int = 0
    when: float = 0.0


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 20)), max_size=200))
def test_things_come_in_the_order_of_their_times(entries: list[tuple[str, int]]) -> None:
    """Whatever is entered, entered anew or taken off, what counts comes out once, in order."""
    book = Agenda[Thing]()
    things = {name: Thing(name) for name in "abcdefgh"}
    when: dict[str, float] = {}
    for name, time in entries:
        if time == 20:
            when.pop(name, None)
            book.remove(things[name])
        else:
            when[name] = float(time)
            book.put(things[name], float(time))
    assert book.next_time() == min(when.values(), default=None)
    out: list[str] = []
    while (first := book.pop(100.0)) is not None:
        out.append(first.name)
    assert sorted(when) == sorted(out)
    assert [when[name] for name in out] == sorted(when.values())
    assert not any(thing.entry for thing in things.values())


def test_things_of_one_time_come_in_the_order_of_entry() -> None:
    """What was entered first comes first."""
    book = Agenda[Thing]()
    for name in "cab":
        book.put(Thing(name), 1.0)
    assert [thing.name for thing in (book.pop(1.0), book.pop(1.0), book.pop(1.0)) if thing] == ["c", "a", "b"]


def test_nothing_comes_before_its_time() -> None:
    """``pop`` gives only what is due."""
    book, thing = Agenda[Thing](), Thing("a")
    book.put(thing, 5.0)
    assert book.pop(4.9) is None
    assert book.pop(5.0) is thing
    assert book.next_time() is None


def test_dead_entries_do_not_pile_up() -> None:
    """A thing that is entered anew a thousand times takes the place of a few."""
    book, thing = Agenda[Thing](), Thing("a")
    for number in range(1000):
        book.put(thing, 1000.0 - number)
    assert len(book._heap) <= 3


@given(st.floats(1.0, 100.0), st.integers(0, 50))
def test_polls_come_about_an_interval_apart(interval: float, polls: int) -> None:
    """The first poll comes at once, the second spreads a batch, later ones vary by a tenth."""
    due = FairSchedule().next_poll(Sighting(now=1000.0, interval=interval, polls=polls)) - 1000.0
    spread = {0: (0.0, 0.0), 1: (0.49, 1.51)}.get(polls, (0.89, 1.11))
    assert interval * spread[0] <= due <= interval * spread[1]


@given(st.floats(1.0, 100.0))
def test_a_fresh_render_is_not_looked_at_at_once(interval: float) -> None:
    """A render that was only just asked for cannot be done."""
    seen = Sighting(now=0.0, interval=interval, polls=0, fresh=True)
    assert interval * 0.49 <= FairSchedule().next_poll(seen) <= interval


@given(st.floats(1.0, 100.0), st.floats(0.0, 10_000.0))
def test_progress_brings_polls_to_the_end(interval: float, remaining: float) -> None:
    """Half of the predicted rest passes, within a floor that is never undercut and a longest wait."""
    seen = Sighting(now=0.0, interval=interval, polls=5, remaining=remaining)
    due = ProgressSchedule().next_poll(seen)
    expected = min(3.0 * interval, max(min(10.0, interval), remaining / 2.0))
    assert expected * 0.94 <= due <= expected * 1.06


def test_a_seed_makes_a_schedule_repeatable() -> None:
    """Two schedules of one seed say the same."""
    seen = Sighting(now=0.0, interval=10.0, polls=1)
    assert FairSchedule(7).next_poll(seen) == FairSchedule(7).next_poll(seen)
