"""Whose response is it? What a gateway, an outage or a rejected key means for the waits of a client."""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import TYPE_CHECKING

import anyio
import pytest

from pictory_async import RateLimiter, RenderHandle, RenderStatus, errors
from pictory_async.testing import Answer, Refuse, Render, ServerLimit, Simulator, World
from tests._polling import client_of
from tests._refusals import API, GATEWAY, JSON, LIST, between, renders, statuses
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault

pytestmark = [pytest.mark.anyio, virtual_time]


class TestAGateway:
    """What is not in the API's own form says nothing about a project."""

    @pytest.mark.parametrize("begin", [0.0, 20.0], ids=["at first", "later"])
    @pytest.mark.parametrize("fault", GATEWAY)
    async def test_a_short_hiccup_ends_nothing(self, world: World, fault: str, begin: float) -> None:
        """A gateway that responds for the API for twelve seconds costs no outcome."""
        ids = renders(world, 50)
        simulator = Simulator(world, latency=0.05, faults=between(begin, begin + 12.0, GATEWAY[fault]))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 50} == statuses(outcomes)

    @pytest.mark.parametrize("fault", GATEWAY)
    async def test_a_long_one_does_not_either(self, world: World, fault: str) -> None:
        """Ten minutes for everything are an outage, however it looks."""
        ids = renders(world, 20, duration=100.0)
        simulator = Simulator(world, latency=0.05, faults=between(50.0, 650.0, GATEWAY[fault]))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 20} == statuses(outcomes)
        assert all(650.0 <= outcome.waited < 690.0 for outcome in outcomes)

    @pytest.mark.parametrize(("fault", "expected"), [("404 page", "missing"), ("403 page", "refused")])
    async def test_it_is_believed_for_one_object_while_others_succeed(
        self, world: World, fault: str, expected: str
    ) -> None:
        """The real form of the API's 404 is not documented; so after a minute it counts for the one project."""
        ids = renders(world, 4, duration=300.0)
        simulator = Simulator(world, faults=between(0.0, 1000.0, GATEWAY[fault], str(ids[0])))
        async with client_of(simulator) as client:
            first, *others = await client.projects.wait_all(ids)
        assert expected == first.status.value
        assert 60.0 <= first.waited < 110.0
        assert {RenderStatus.RENDERED: 3} == statuses(others)

    async def test_it_is_not_believed_for_a_lone_one(self, world: World) -> None:
        """Without any other poll nobody knows whether the gateway or the API said it."""
        (project_id,) = renders(world, 1, duration=20.0)
        simulator = Simulator(world, faults=between(5.0, 600.0, GATEWAY["404 page"]))
        async with client_of(simulator) as client:
            assert (await client.projects.wait(project_id)).is_rendered

    @pytest.mark.parametrize("fault", ["404 page", "redirect", "200 page", "no token", "401 page"])
    async def test_a_wrong_base_url_is_noticed(self, world: World, fault: str) -> None:
        """A client that gets nothing else for a minute is not talking to the API."""
        simulator = Simulator(world, latency=0.05, faults=lambda *_: GATEWAY[fault])
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all([*renders(world, 30)])
        assert {RenderStatus.ERROR} <= {*statuses(outcomes)} <= {RenderStatus.ERROR, RenderStatus.REFUSED}
        assert all(60.0 <= outcome.waited < 95.0 for outcome in outcomes)
        for outcome in outcomes:
            assert repr(outcome.project_id) in str(outcome.error)

    async def test_a_paid_render_outlasts_a_login_page(self, world: World) -> None:
        """A laptop that wakes behind a hotel's login page keeps its handles, however long it takes."""
        project_id = world.add_project()
        job_id = world.start_render(project_id, -5.0, duration=60.0, queue=0.0)
        simulator = Simulator(world, latency=0.05, faults=between(0.0, 900.0, GATEWAY["200 page"]))
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all([RenderHandle(project_id=project_id, job_id=job_id)])
        assert outcome.ok

    @pytest.mark.parametrize("fault", ["404 page", "redirect", "200 page", "401 page"])
    @pytest.mark.parametrize("bad", [70, 150])
    async def test_the_first_ones_do_not_speak_for_all(self, world: World, fault: str, bad: int) -> None:
        """If a gateway answers for the first of a batch only, the others are polled, and have their own outcomes."""
        ids = renders(world, 200, duration=1.0)
        sick = {str(project_id) for project_id in ids[:bad]}
        simulator = Simulator(world, latency=0.05)
        simulator.faults = lambda request, _: GATEWAY[fault] if request.path.rpartition("/")[2] in sick else None
        async with simulator.client() as client:
            outcomes = await client.projects.wait_all(ids, max_wait=600.0)
        assert {RenderStatus.RENDERED: 200 - bad} == statuses(outcomes[bad:])


class TestTheApi:
    """What the API itself refuses is believed as soon as it is sure."""

    @pytest.mark.parametrize(
        ("fault", "expected"), [("404", "missing"), ("403", "refused"), ("401", "refused"), ("409", "error")]
    )
    @pytest.mark.parametrize("among", [0, 20])
    async def test_one_id_ends_within_seconds(self, world: World, fault: str, expected: str, among: int) -> None:
        """A lone mistyped id, or one among good ones, has its outcome after the second poll."""
        ids = renders(world, among)
        simulator = Simulator(world, latency=0.05, faults=between(0.0, 99.0, API[fault], "/mistyped"))
        async with client_of(simulator) as client:
            first, *_ = await client.projects.wait_all(["mistyped", *ids])
        assert expected == first.status.value
        assert 2.0 <= first.waited <= 5.0

    @pytest.mark.parametrize("number", [1, 4, 200])
    async def test_a_wrong_key_ends_within_seconds(self, world: World, number: int) -> None:
        """A key that never worked ends all waits, after a few requests."""
        ids = renders(world, number)
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator, api_key="pictai_wrong") as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.REFUSED: number} == statuses(outcomes)
        assert all(outcome.waited <= 5.0 for outcome in outcomes)
        assert all(isinstance(outcome.error, errors.AuthenticationError) for outcome in outcomes)
        assert len(simulator.log) <= 60

    @pytest.mark.parametrize("fault", API)
    async def test_deleted_projects_end_within_seconds(self, world: World, fault: str) -> None:
        """Five deleted projects at once are believed, because the list shows that the API responds."""
        ids = renders(world, 5)
        simulator = Simulator(world, latency=0.05, faults=between(0.0, 99.0, API[fault], f"{LIST}/"))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert RenderStatus.RENDERED not in statuses(outcomes)
        assert all(outcome.waited <= 5.0 for outcome in outcomes)
        assert 1 == sum(entry.path == LIST for entry in simulator.log)

    @pytest.mark.parametrize("begin", [0.0, 20.0], ids=["at first", "later"])
    @pytest.mark.parametrize("fault", ["404", "403", "409"])
    async def test_a_refusal_of_everything_is_an_outage(self, world: World, fault: str, begin: float) -> None:
        """Nothing is believed while the list of projects is refused too; it is asked for once in ten seconds."""
        ids = renders(world, 200)
        simulator = Simulator(world, latency=0.05, faults=between(begin, begin + 40.0, API[fault]))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 200} == statuses(outcomes)
        probes = [entry.at for entry in simulator.log if entry.path == LIST]
        assert 1 <= len(probes) <= 6
        assert all(later - earlier >= 10.0 for earlier, later in pairwise(probes))

    @pytest.mark.parametrize(
        "body",
        [
            b'{"success": false, "message": "Internal server error"}',
            b'{"message": "Endpoint request timed out"}',
            b'{"error": "upstream"}',
        ],
    )
    async def test_an_outage_that_says_200_is_an_outage(self, world: World, body: bytes) -> None:
        """What the API reports for everything, with status 200, is not about the projects either."""
        ids = renders(world, 100)
        simulator = Simulator(world, latency=0.05, faults=between(20.0, 80.0, Answer(200, JSON, body)))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 100} == statuses(outcomes)

    async def test_a_revoked_key_is_believed_after_a_minute(self, world: World) -> None:
        """A key that worked may be rejected by mistake for a while; a minute of nothing else is no mistake."""
        ids = renders(world, 50, duration=900.0)
        simulator = Simulator(world, latency=0.05, faults=between(30.0, 1000.0, API["401"]))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.REFUSED: 50} == statuses(outcomes)
        assert all(90.0 <= outcome.waited <= 130.0 for outcome in outcomes)

    async def test_a_key_that_is_rejected_for_half_a_minute_ends_nothing(self, world: World) -> None:
        """The API's own hiccup costs nothing either."""
        ids = renders(world, 50)
        simulator = Simulator(world, latency=0.05, faults=between(30.0, 75.0, API["401"]))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 50} == statuses(outcomes)

    @pytest.mark.parametrize(("seconds", "expected"), [(25.0, "rendered"), (120.0, "missing")])
    async def test_a_known_project_is_refused_for_half_a_minute_first(
        self, world: World, seconds: float, expected: str
    ) -> None:
        """What was there in this wait does not vanish because of two refusals."""
        (project_id,) = renders(world, 1)
        simulator = Simulator(world, latency=0.05, faults=between(5.0, 5.0 + seconds, API["404"]))
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all([project_id])
        assert expected == outcome.status.value
        assert outcome.waited >= 35.0


class TestOutages:
    """While nothing succeeds, the client asks less often and says so once."""

    @pytest.mark.parametrize("fault", [Refuse(), Answer(502), GATEWAY["404 page"], API["404"]], ids=repr)
    async def test_the_pace_backs_off_and_comes_back(self, world: World, fault: Fault) -> None:
        """Twenty seconds under 200 watches are some tens of requests; after them every outcome is soon there."""
        ids = renders(world, 200, duration=30.0)
        simulator = Simulator(world, latency=0.05, faults=between(15.0, 35.0, fault))
        async with client_of(simulator, limiter=RateLimiter(40, 1.0)) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 200} == statuses(outcomes)
        assert sum(15.0 <= entry.at < 35.0 for entry in simulator.log) <= 100
        assert max(outcome.waited for outcome in outcomes) < 80.0

    async def test_one_warning_at_each_end(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        """The first says the host and the reason; the second how long it lasted. The poller shows it meanwhile."""
        ids = renders(world, 20)
        simulator = Simulator(world, latency=0.05, faults=between(20.0, 50.0, Refuse()))
        seen: list[str | None] = []
        with caplog.at_level(logging.WARNING, "pictory_async"):
            async with client_of(simulator) as client, client.projects.watch(ids) as watch:
                for pause in (15.0, 25.0, 19.0):
                    await anyio.sleep(pause)
                    seen.append(watch.statistics().outage)
                    assert seen[-1] == client.statistics().watches.outage
                async for outcome in watch:
                    assert outcome.ok
        first, second = (record.getMessage() for record in caplog.records)
        assert first.startswith("pictory.api.unreachable: no poll of 127.0.0.1:1 succeeds")
        assert second.startswith("pictory.api.reachable: polls of 127.0.0.1:1 succeed again, after ")
        assert [None, None] == seen[::2]
        assert seen[1] is not None
        assert "failed" in seen[1]

    async def test_a_healthy_project_is_not_held_up_by_sick_ones(self, world: World) -> None:
        """Thirty projects whose polls always fail do not delay the one that is asked for anew."""
        sick, good = renders(world, 30), world.add_project(Render(0.0, duration=50.0))
        simulator = Simulator(world, latency=0.05)
        simulator.faults = lambda request, _: None if str(good) in request.path else Answer(500)
        async with client_of(simulator) as client, client.projects.watch(sick, max_wait=100.0):
            await anyio.sleep(40.0)
            assert (await client.projects.wait(good)).is_rendered
            assert client.statistics().watches.longest_lag < 30.0

    async def test_a_cancelled_poll_leaves_the_others_their_turn(self, world: World) -> None:
        """A wait that ends while its poll waits for the end of an outage leaves nothing behind."""
        ids = renders(world, 30)
        simulator = Simulator(world, latency=0.05, faults=between(5.0, 100.0, Refuse()))
        async with client_of(simulator) as client:
            first = await client.projects.wait_all(ids[:20], max_wait=60.0)
            assert {RenderStatus.TIMED_OUT: 20} == statuses(first)
            assert {RenderStatus.RENDERED: 30} == statuses(await client.projects.wait_all(ids))


class TestUnreachable:
    """A client that never reached the API ends its waits, but not those for paid renders."""

    async def test_a_wait_ends_after_its_time(self, world: World) -> None:
        """The default is five minutes; the error says what happened and names the project."""
        ids = renders(world, 20)
        async with client_of(Simulator(world, faults=lambda *_: Refuse())) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.ERROR: 20} == statuses(outcomes)
        assert all(isinstance(outcome.error, errors.ConnectionFailedError) for outcome in outcomes)
        assert all(300.0 <= outcome.waited <= 310.0 for outcome in outcomes)
        assert all(repr(outcome.project_id) in str(outcome.error) for outcome in outcomes)

    @pytest.mark.parametrize("limit", [20.0, None])
    async def test_the_time_can_be_set(self, world: World, limit: float | None) -> None:
        """A shorter time, or none at all."""
        (project_id,) = renders(world, 1)
        simulator = Simulator(world, faults=lambda *_: Refuse())
        async with client_of(simulator, unreachable_after=limit) as client:
            (outcome,) = await client.projects.wait_all([project_id], max_wait=500.0)
        assert (RenderStatus.TIMED_OUT if limit is None else RenderStatus.ERROR) is outcome.status
        assert (500.0 if limit is None else 20.0) <= outcome.waited <= (501.0 if limit is None else 35.0)

    @pytest.mark.parametrize("limit", [0.0, -1.0, float("nan")])
    async def test_an_impossible_time_is_refused(self, limit: float) -> None:
        """It is a number of seconds above zero."""
        with pytest.raises(errors.PictoryConfigError, match="unreachable_after"):
            Simulator().client(unreachable_after=limit)

    async def test_a_handle_waits_on(self, world: World) -> None:
        """A laptop that boots without a network must not lose its night."""
        project_id = world.add_project()
        job_id = world.start_render(project_id, 0.0, duration=60.0, queue=0.0)
        simulator = Simulator(world, faults=between(0.0, 1000.0, Refuse()))
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all([RenderHandle(project_id=project_id, job_id=job_id)])
        assert outcome.ok

    async def test_any_response_of_the_api_counts(self, world: World) -> None:
        """A client that was once told something by the API knows that it is there."""
        ids = renders(world, 20)
        simulator = Simulator(world, faults=between(10.0, 500.0, Refuse()))
        async with client_of(simulator) as client:
            assert {RenderStatus.RENDERED: 20} == statuses(await client.projects.wait_all(ids))


class TestStuckPaths:
    """Projects that are always refused do not hold up the others."""

    @pytest.mark.parametrize("fault", [Answer(503), Answer(429), Answer(503, {"retry-after": "120"})], ids=repr)
    async def test_they_do_not_lower_the_pace(self, world: World, fault: Fault) -> None:
        """Thirty of a hundred that say 503 or 429 for ever say nothing about the pace."""
        ids = renders(world, 100, duration=100.0)
        sick = {str(project_id) for project_id in ids[:30]}
        simulator = Simulator(world, latency=0.05)
        simulator.faults = lambda request, _: fault if request.path.rpartition("/")[2] in sick else None
        async with simulator.client() as client:
            outcomes = await client.projects.wait_all(ids, max_wait=900.0)
        assert {RenderStatus.RENDERED: 70} == statuses(outcomes[30:])
        assert max(outcome.waited for outcome in outcomes[30:]) < 600.0


class TestA503:
    """A 503 is a limit while other requests succeed, and an outage else."""

    async def test_the_pace_follows_a_limit_that_says_503(self, world: World) -> None:
        """As with 429: after a while few requests are refused."""
        ids = renders(world, 60, duration=400.0)
        limit = ServerLimit(20, 10.0)
        simulator = Simulator(world, latency=0.05)
        simulator.faults = lambda _, now: None if limit.admit(now) is None else Answer(503)
        async with client_of(simulator, limiter=RateLimiter(300, 60.0)) as client:
            outcomes = await client.projects.wait_all(ids)
            refused = client.statistics().limiter.refused
        assert {RenderStatus.RENDERED: 60} == statuses(outcomes)
        assert 0 < refused < 0.06 * len(simulator.log)

    async def test_an_outage_does_not_lower_the_pace(self, world: World) -> None:
        """When nothing succeeds, 503 says nothing about the pace."""
        ids = renders(world, 20, duration=90.0)
        simulator = Simulator(world, latency=0.05, faults=between(0.0, 60.0, Answer(503)))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
            assert 0 == client.statistics().limiter.refused
        assert {RenderStatus.RENDERED: 20} == statuses(outcomes)
