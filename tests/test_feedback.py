"""A limit that the server does not tell is found from its refusals, and a promise is kept meanwhile."""

from __future__ import annotations

import math

import anyio
import pytest
from hypothesis import given, strategies as st

from pictory_async import RateLimiter, RetryPolicy, errors
from pictory_async._limits.feedback import Feedback
from pictory_async._limits.pace import Pace
from pictory_async.testing import Answer, FixedWindowLimit, Render, ServerLimit, Simulator, World
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
