"""The arithmetic of a shared budget: no window holds too many requests, whichever processes send them."""

from __future__ import annotations

import heapq
import json
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from pictory_async import BudgetTerms, Lease, SharedPace
from pictory_async._limits.window import SharedWindow
from tests.lab.budgets._memory import busiest

if TYPE_CHECKING:
    from random import Random

NOMINAL = SharedPace()


@st.composite
def promises(draw: st.DrawFn) -> BudgetTerms:
    """Budgets of all sizes, with bursts and long windows."""
    rate = draw(st.integers(1, 400))
    return BudgetTerms(rate, draw(st.floats(1.0, 3600.0)), draw(st.integers(1, rate)))


class TestLeases:
    """What is given out, and when."""

    @given(promises(), st.randoms(use_true_random=False), st.integers(0, 2))
    @settings(max_examples=60)
    def test_no_window_holds_more_than_the_rate(self, terms: BudgetTerms, chance: Random, losses: int) -> None:
        """Leases that are used at any time before they end, returned in part, or forgotten by the budget: it holds."""
        window, now, written = SharedWindow(), 1000.0, []
        lost_at = {chance.randrange(100) for _ in range(losses)}
        for turn in range(100):
            now += chance.choice([0.0, 0.0, chance.uniform(0.0, 3.0 * terms.spacing)])
            if turn in lost_at:
                window = SharedWindow()
                window.forget(now, terms)
            lease = window.lease(now, terms, chance.randint(1, 12), math.inf, NOMINAL)
            assert lease.slots or lease.starts_in > 0.0
            unsent = chance.choice([0, 0, chance.randint(0, lease.slots)])
            starts = now + lease.starts_in
            written += [
                starts + chance.choice([0.0, 1.0, chance.random()]) * lease.lasts for _ in range(unsent, lease.slots)
            ]
            if unsent:
                window.give_back(terms, lease.mark, unsent)
        assert busiest(written, terms.per) <= terms.rate

    @pytest.mark.parametrize(("within", "slots"), [(1.5, 1), (math.inf, 4)])
    def test_a_lease_waits_for_more_only_if_its_caller_can(self, within: float, slots: int) -> None:
        """One request now, or a lease of several a little later."""
        window, terms = SharedWindow(), BudgetTerms(1000, 10.0, 10)
        window.lease(0.0, terms, 10, 0.0, NOMINAL)
        assert slots == window.lease(0.0, terms, 10, within * terms.spacing, NOMINAL).slots

    @given(promises())
    def test_a_burst_goes_back_to_back_and_no_more(self, terms: BudgetTerms) -> None:
        """After a quiet time, all processes together may send ``burst`` requests at once."""
        window, leases = SharedWindow(), []
        while (lease := window.lease(5.0, terms, 4, 0.0, NOMINAL)).slots:
            leases.append(lease.slots)
        assert sum(leases) == terms.burst

    @pytest.mark.parametrize(
        "terms", [BudgetTerms(300, 60.0, 10), BudgetTerms(100, 1.0, 10), BudgetTerms(18000, 3600.0, 50)]
    )
    def test_eight_processes_use_95_percent_of_the_pace(self, terms: BudgetTerms) -> None:
        """Eight processes with one outstanding lease each use the budget, with one question for each lease."""
        window, written, questions = SharedWindow(), [], 0
        asks = [(0.0, number) for number in range(8)]
        end = 10.0 * terms.per if terms.per < 600.0 else terms.per
        while asks[0][0] < end:
            now, number = heapq.heappop(asks)
            questions += 1
            lease = window.lease(now, terms, 5, math.inf, NOMINAL)
            starts = now + lease.starts_in
            written += [starts] * lease.slots
            heapq.heappush(asks, (starts + 0.001, number))
        steady = (terms.rate - terms.burst + 1) / terms.per
        assert len(written) / end >= 0.95 * steady
        assert questions <= len(written)
        assert busiest(written, terms.per) <= terms.rate

    def test_nothing_is_taken_that_would_be_late(self) -> None:
        """If nothing is free in time, the answer says when it is, and the budget is as it was."""
        window, terms = SharedWindow(), BudgetTerms(10, 10.0, 1)
        assert window.lease(0.0, terms, 1, 0.0, NOMINAL) == Lease(1, 0.0, 0.2, 1)
        late = window.lease(0.0, terms, 1, 0.5, NOMINAL)
        assert (late.slots, late.starts_in) == (0, pytest.approx(terms.spacing))
        assert window.lease(terms.spacing, terms, 1, 0.0, NOMINAL).slots == 1

    def test_what_is_returned_can_be_used_again(self) -> None:
        """Requests of the last lease that are returned are free at once; those of a forgotten budget are not."""
        window, terms = SharedWindow(), BudgetTerms(100, 10.0, 10)
        lease = window.lease(0.0, terms, 10, 0.0, NOMINAL)
        assert not window.lease(0.0, terms, 10, 0.0, NOMINAL).slots
        window.give_back(terms, lease.mark, 4)
        assert window.lease(0.0, terms, 10, 0.0, NOMINAL).slots == 4
        window.give_back(terms, lease.mark + 100, 4)
        assert not window.lease(0.0, terms, 10, 0.0, NOMINAL).slots

    def test_what_is_returned_after_a_quiet_time(self) -> None:
        """Requests that are returned after a later lease, before which there was a quiet time, make no larger burst."""
        window, terms = SharedWindow(), BudgetTerms(100, 10.0, 10)
        lease = window.lease(0.0, terms, 1, 0.0, NOMINAL)
        assert window.lease(0.15, terms, 1, 0.0, NOMINAL).slots == 1
        window.give_back(terms, lease.mark, 1)
        assert window.lease(0.15, terms, 10, 0.0, NOMINAL).slots == 9

    @pytest.mark.parametrize("back", [0.5, 3600.0, 1e6])
    def test_a_clock_that_was_set_back_blocks_nothing(self, back: float) -> None:
        """Everything is as far away as it was when the budget was used last: what is due, and the end of a pause."""
        window, terms, after = SharedWindow(), BudgetTerms(300, 60.0, 10), 7200.0 - back
        window.lease(7200.0, terms, 10, 0.0, NOMINAL)
        assert window.lease(after, terms, 1, 0.0, NOMINAL).starts_in == pytest.approx(terms.spacing)
        window.report(after, terms, 8.0, SharedPace(steps=1, share=0.5, start=0.5, peak=0.9, age=2.0))
        lease = window.lease(after - back, terms, 1, 0.0, NOMINAL)
        assert (lease.slots, lease.starts_in, lease.pace.age) == (0, pytest.approx(8.0), pytest.approx(2.0))

    def test_a_fraction_of_a_budget(self) -> None:
        """A part of a budget has as much of the pace, and no burst; the whole is the budget itself."""
        terms = BudgetTerms(300, 60.0, 10)
        assert terms.part(1.0) is terms
        assert terms.part(0.25).spacing == pytest.approx(4.0 * terms.spacing, rel=0.02)
        assert terms.part(0.25).tolerance == 0.0


class TestPace:
    """The pause after a 429, and the pace that was found."""

    def test_a_pause_holds_everybody(self) -> None:
        """Nothing begins before the end of a pause; a shorter one does not end it; one of days ends in an hour."""
        window, terms = SharedWindow(), BudgetTerms(100, 10.0, 10)
        window.report(0.0, terms, 8.0, NOMINAL)
        window.report(0.0, terms, 2.0, NOMINAL)
        assert window.lease(0.0, terms, 1, math.inf, NOMINAL).starts_in == 8.0
        assert window.lease(8.0, terms, 9, 0.0, NOMINAL).slots == 9
        window.report(0.0, terms, 1e6, NOMINAL)
        assert window.lease(9.0, terms, 1, math.inf, NOMINAL).starts_in == 3591.0

    def test_the_later_pace_counts(self) -> None:
        """A process that lowers the pace lowers it for all; one that knows an earlier pace does not raise it."""
        window, terms = SharedWindow(), BudgetTerms(100, 10.0, 10)
        lowered = SharedPace(steps=1, share=0.5, start=0.5, peak=0.9)
        assert window.report(100.0, terms, 0.0, lowered) == lowered
        assert window.lease(101.0, terms, 5, 0.0, NOMINAL).slots == 1  # nothing goes back to back
        following = window.lease(101.0, terms, 5, math.inf, NOMINAL)
        assert following.starts_in == pytest.approx(2.0 * terms.spacing)
        assert following.pace == SharedPace(1, 0.0, 0.5, 0.5, 0.9, age=1.0)
        raised = SharedPace(steps=1, progress=1.5, share=1.0, start=0.5, peak=0.9, age=50.0)
        assert window.lease(150.0, terms, 5, 0.0, raised).slots == 5
        assert window.report(151.0, terms, 0.0, lowered).share == 1.0


class TestState:
    """What is written to a file, and read."""

    def test_a_state_is_read_as_it_was_written(self) -> None:
        """A window is the same after it was written as JSON."""
        window, terms = SharedWindow(), BudgetTerms(100, 10.0, 10)
        for one in (window, SharedWindow()):
            assert SharedWindow.from_json(json.loads(json.dumps(one.to_json()))).to_json() == one.to_json()
            window.lease(1.0, terms, 3, 0.0, SharedPace(2, 0.1, 0.5, 0.4, 0.6, 3.0))

    @pytest.mark.parametrize(
        "change",
        [
            {"due": "soon"},
            {"due": math.nan},
            {"count": None},
            {"pace": None},
            {"pace": {"steps": 1, "progress": 0.0, "share": 0.0, "start": 1.0, "peak": 1.0}},
        ],
    )
    def test_what_is_no_state_is_refused(self, change: dict[str, object]) -> None:
        """Another type, no number or a pace of zero is a ``ValueError``."""
        with pytest.raises(ValueError, match=r"not (the state of a budget|a time)|could not convert"):
            SharedWindow.from_json(SharedWindow().to_json() | change)
