"""A limit that the server does not tell is found from its refusals, and a promise is kept meanwhile."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import anyio
import pytest
from hypothesis import given, strategies as st

from pictory_async import RateLimiter, RetryPolicy, errors
from pictory_async._limits.feedback import Feedback
from pictory_async._limits.pace import Pace
from pictory_async.testing import Answer, FixedWindowLimit, Render, ServerLimit, Simulator, World
from tests._pacing import Saturated
from tests._virtual import virtual_time
from tests.lab.rates._cells import Cell, run

pytestmark = pytest.mark.anyio


class TestTheShare:
    """The arithmetic, without a clock."""

    def test_one_flight_lowers_it_once(self) -> None:
        """Requests that were on their way when the first refusal came tell nothing new."""
        feedback = Feedback(0.1)
        assert feedback.refused(10.0, 10.5) > 0.0
        share = feedback.share
        for number in range(20):
            assert 0.0 == feedback.refused(10.0 + number / 100.0, 10.6)
        assert pytest.approx(0.8) == share == feedback.share

    def test_refusals_in_a_row_lengthen_the_pause(self) -> None:
        """While nothing is let through, the share says nothing, and asking again costs only time."""
        feedback = Feedback(0.1)
        now, pauses = 0.0, []
        for _ in range(12):
            pauses.append(feedback.refused(now, now + 0.1))
            now += 0.1 + pauses[-1]
        assert pauses == sorted(pauses)
        assert pytest.approx(2.0 * pauses[0]) == pauses[1]
        assert max(pauses) == 30.0
        assert pytest.approx(0.8) == feedback.share

    def test_it_goes_back_to_the_nominal_pace(self) -> None:
        """After refusals have ended the whole pace is used again, in minutes, not in seconds."""
        feedback, now = Feedback(0.1), 0.0
        feedback.refused(now, now)
        while feedback.share < 1.0:
            now += 0.1 / feedback.share
            feedback.granted(now, waited=True)
        assert 30.0 < now < 300.0

    def test_requests_that_did_not_wait_prove_nothing(self) -> None:
        """A client that sends less than it may does not raise the pace."""
        feedback = Feedback(0.1)
        feedback.refused(0.0, 0.0)
        for number in range(1000):
            feedback.granted(10.0 * number, waited=False)
        assert pytest.approx(0.8) == feedback.share

    def test_it_is_lowered_again_after_it_came_back_without_an_answer(self) -> None:
        """Requests that get no answer at all may raise the pace; the next refusal lowers it all the same."""
        feedback = Feedback(0.1)
        feedback.refused(0.0, 0.0)
        for number in range(10_000):
            feedback.granted(0.1 * number, waited=True)
        assert feedback.share == 1.0
        feedback.refused(2000.0, 2000.0)
        assert pytest.approx(0.8) == feedback.share

    @given(
        st.floats(0.001, 200.0),
        st.lists(st.tuples(st.floats(0.0, 100.0), st.sampled_from("grwas"))),
    )
    def test_it_stays_a_share(self, spacing: float, events: list[tuple[float, str]]) -> None:
        """Whatever happens, some of the nominal pace is left, and never more than all of it is used."""
        feedback, now = Feedback(spacing), 0.0
        for step, event in events:
            now += step
            match event:
                case "r":
                    assert 0.0 <= feedback.refused(now, now + 0.1) < math.inf
                case "a":
                    feedback.accepted(now)
                case "s":
                    feedback.refused(now - 50.0, now)
                case _ if feedback.share < 1.0:
                    feedback.granted(now, waited=event == "w")
                case _:
                    pass
            assert 0.0 < feedback.share <= 1.0

    @given(
        st.integers(1, 20),
        st.integers(1, 20),
        st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.01, 1.0)), max_size=200),
    )
    def test_no_share_breaks_the_windows_promise(self, rate: int, burst: int, tries: list[tuple[float, float]]) -> None:
        """However the share goes up and down, no window holds more than ``rate`` requests."""
        pace, now, sent = Pace(rate, 10.0, min(burst, rate)), 0.0, list[float]()
        for step, share in tries:
            now += step
            pace.use(share if share < 0.7 else 1.0)
            if pace.take(now):
                sent.append(now)
                assert sum(now - at <= 10.0 for at in sent) <= rate


class TestTheWayDown:
    """How soon the next request is possible when a refusal comes."""

    @pytest.mark.parametrize(("rate", "per", "burst"), [(20, 10.0, 20), (1000, 60.0, 1000), (300, 60.0, 200)])
    def test_a_burst_before_it_holds_nothing_up(self, rate: int, per: float, burst: int) -> None:
        """However many requests went back to back, the next one is at most a minute away, or one step of the pace."""
        pace = Pace(rate, per, burst)
        while pace.take(1000.0):
            pass
        pace.use(0.8)
        assert 0.0 < pace.delay(1000.0) <= max(60.0, pace.spacing / 0.8)

    def test_a_slower_pace_than_that_has_its_own_distance(self) -> None:
        """Where even the nominal pace is less than one request a minute, the next one comes no sooner than by it."""
        pace = Pace(20, 3600.0, 1)
        assert pace.take(1000.0)
        pace.use(0.5)
        assert pace.spacing == pytest.approx(pace.delay(1000.0), abs=0.05)
        assert pace.take(1000.0 + pace.spacing)
        assert 2 * pace.spacing == pytest.approx(pace.delay(1000.0 + pace.spacing), abs=0.05)


class TestTheWayBack:
    """A low pace is never the last one."""

    @pytest.mark.parametrize("part", [1.0 / 7.0, 0.3, 0.5, 0.95, 1.0])
    def test_it_ends_at_the_nominal_pace_within_ten_minutes(self, part: float) -> None:
        """After half an hour in which a part of the requests is refused, ten minutes bring the whole pace back."""
        client, chance = Saturated(), random.Random(7)
        client.send(1800.0, lambda: chance.random() < part)
        client.send(600.0, lambda: False, lambda: client.feedback.share >= 1.0)
        assert client.feedback.share == 1.0
        assert client.now - client.refused_at < 600.0

    @given(
        st.lists(st.tuples(st.floats(0.0, 900.0), st.floats(0.0, 1.0)), min_size=1, max_size=5),
        st.integers(0, 1000),
    )
    def test_it_does_so_whatever_happened_before(self, history: list[tuple[float, float]], seed: int) -> None:
        """Periods of any length with any part refused, in any order, leave nothing that holds the pace down."""
        client, chance = Saturated(), random.Random(seed)
        for seconds, part in history:
            client.send(seconds, lambda part=part: chance.random() < part)  # type: ignore[misc]
        client.send(1.0, lambda: True)
        client.send(700.0, lambda: False, lambda: client.feedback.share >= 1.0)
        assert client.feedback.share == 1.0
        assert client.now - client.refused_at < 600.0

    def test_it_begins_at_the_slowest_pace(self) -> None:
        """At one request a minute, too, to which a server leads that refuses every other one."""
        client, answers = Saturated(), itertools.cycle([True, False])
        client.send(3600.0, lambda: next(answers))
        assert pytest.approx(1.0 / 60.0) == client.nominal * client.feedback.share
        client.send(600.0, lambda: False)
        assert client.feedback.share == 1.0


class TestUnrelatedRefusals:
    """Refusals that have nothing to do with the pace."""

    @pytest.mark.parametrize(("part", "left", "least"), [(0.01, 0.85, 0.75), (0.05, 0.6, 0.25)])
    def test_a_few_of_them_leave_most_of_the_pace(self, part: float, left: float, least: float) -> None:
        """One in a hundred leaves three quarters of the nominal pace in every hour, one in twenty a half on average."""
        used = []
        for seed in range(30):
            client, chance = Saturated(), random.Random(seed)
            client.send(3600.0, lambda chance=chance: chance.random() < part)  # type: ignore[misc]
            used.append(client.accepted / 3600.0 / client.nominal)
        assert least <= round(min(used), 2)
        assert left <= statistics.fmean(used)

    def test_a_limit_that_falls_is_not_taken_for_them(self) -> None:
        """When a server suddenly accepts a tenth, nearly everything sent is accepted again after some minutes."""
        client = Saturated()
        sent: list[float] = []

        def refuses() -> bool:
            sent.append(client.now)
            passed = [at for at in sent if client.now - at <= 60.0]
            sent[:] = passed
            if len(passed) > 30:
                sent.pop()
                return True
            return False

        client.send(600.0, refuses)
        count = [0, 0]

        def counted() -> bool:
            refused = refuses()
            count[refused] += 1
            return refused

        client.send(1800.0, counted)
        assert 0.85 * 30.0 * 30.0 < count[False]
        assert count[True] < 0.05 * count[False]


@virtual_time
class TestTheClient:
    """What becomes of answers 429."""

    async def test_a_client_slows_down_and_says_so(self) -> None:
        """A server that lets 5 requests into each second ends up with about as many, of the 50 that were allowed."""
        world = World(limit=FixedWindowLimit(5, 1.0, tells=False))
        ids = [world.add_project(Render(0.0, duration=1e6)) for _ in range(30)]
        limiter = RateLimiter(50, 1.0, 1)
        async with Simulator(world).client(limiter=limiter) as client:
            with anyio.move_on_after(200.0):
                await client.projects.wait_all(ids, interval=0.1, max_wait=None)
        statistics = limiter.statistics()
        assert 4.0 < statistics.pace < 6.0
        assert statistics.refused == sum(entry.status == 429 for entry in world.log)

    async def test_the_pace_comes_back_after_a_bad_half_hour(self) -> None:
        """One random 429 in seven lowers the pace; ten minutes after the last one it is nominal again."""
        chance = random.Random(7)
        simulator = Simulator(
            faults=lambda _request, now: Answer(429) if now < 1800 and not chance.randrange(7) else None
        )
        ids = [simulator.world.add_project(Render(0.0, duration=1e6)) for _ in range(60)]
        limiter = RateLimiter()
        async with simulator.client(limiter=limiter) as client:
            with anyio.move_on_after(1800.0):
                await client.projects.wait_all(ids, interval=1.0, max_wait=None)
            assert limiter.statistics().pace < 1.0
            with anyio.move_on_after(600.0):
                await client.projects.wait_all(ids, interval=1.0, max_wait=None)
        assert limiter.statistics().pace == pytest.approx(1.0 / limiter._grants.spacing)

    async def test_clients_that_share_a_limiter_share_what_it_learns(self) -> None:
        """What one client is refused slows the other."""
        world = World(limit=ServerLimit(1, 1000.0, tells=False))
        project_id = world.add_project()
        simulator = Simulator(world)
        limiter = RateLimiter(100, 1.0, 10)
        once = RetryPolicy(attempts=1)
        async with (
            simulator.client(limiter=limiter, retry=once) as one,
            simulator.client(limiter=limiter, retry=once) as other,
        ):
            await one.projects.get(project_id)
            for client in (one, other):
                with pytest.raises(errors.RateLimitedError):
                    await client.projects.get(project_id)
        assert limiter.statistics().refused == 2
        assert limiter.statistics().pace < 100.0

    @pytest.mark.parametrize("calls", [100, 400])
    async def test_an_outage_is_not_made_worse_by_repeating(self, calls: int) -> None:
        """When everything fails, at most a tenth of a hundred calls and of more are repetitions."""
        simulator = Simulator(faults=lambda _request, _now: Answer(503))
        async with simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client:
            for _ in range(calls):
                with pytest.raises(errors.ServerError):
                    await client.projects.get("p")
        assert calls <= len(simulator.log) <= calls * 1.2

    async def test_good_answers_earn_repetitions(self) -> None:
        """Where one request in seven fails, every call succeeds."""
        world = World()
        project_id = world.add_project(Render(-100.0, duration=10.0))
        simulator = Simulator(world, faults=lambda _request, _now: None if len(world.log) % 7 else Answer(503))
        async with simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client:
            for _ in range(300):
                assert (await client.projects.get(project_id)).is_rendered


@pytest.mark.parametrize(
    "cell",
    [
        Cell("fixed window of 60 s", 0.5),
        Cell("sliding window of 10 s", 2, tells=True),
        Cell("bucket of 20", 2),
        Cell("sliding window of 10 s", 2, before=10),
        Cell("fixed window of 1 s", 4, clients=2),
    ],
    ids=lambda cell: cell.name,
)
def test_a_hidden_limit_is_found(cell: Cell) -> None:
    """Most of the limit is used, hardly anything is refused, and no project is looked at much less than the others."""
    found = run(cell)
    assert found.good, found
