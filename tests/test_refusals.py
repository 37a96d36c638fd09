"""Whose response is it? What a gateway, an outage or a rejected key means for the waits of a client."""

from __future__ import annotations

import json
import logging
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from pictory_async import RateLimiter, RenderHandle, RenderStatus, errors
from pictory_async.testing import Answer, Refuse, Render, ServerLimit, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html"}
PAGE = b"<html><body><h1>Not here</h1></body></html>"
LIST = "/pictoryapis/v2/projects"

GATEWAY: dict[str, Fault] = {
    "404 page": Answer(404, HTML, PAGE),
    "403 page": Answer(403, HTML, PAGE),
    "401 page": Answer(401, HTML, PAGE),
    "404 empty": Answer(404),
    "redirect": Answer(302, {"location": "https://login.invalid/"}),
    "530": Answer(530, HTML, PAGE),
    "501": Answer(501, HTML, PAGE),
    "200 page": Answer(200, HTML, PAGE),
    "200 empty": Answer(200),
    "200 {}": Answer(200, JSON, b"{}"),
    "200 list": Answer(200, JSON, b"[]"),
    "no token": Answer(403, JSON, b'{"message": "Missing Authentication Token"}'),
    "400 page": Answer(400, HTML, PAGE),
}
API: dict[str, Fault] = {
    "404": Answer(404, JSON, b'{"message": "Not Found"}'),
    "403": Answer(403, JSON, b'{"Message": "Forbidden"}'),
    "401": Answer(401, JSON, b'{"message": "Unauthorized"}'),
    "409": Answer(409, JSON, b'{"message": "Conflict", "code": "BUSY"}'),
}


def between(begin: float, end: float, fault: Fault, path: str = "") -> Callable[[SimRequest, float], Fault | None]:
    """A fault for every request to a path within a time."""
    return lambda request, now: fault if begin <= now < end and path in request.path else None


def renders(world: World, number: int, duration: float = 60.0) -> list[Any]:
    """Projects that render until ``duration``."""
    return [world.add_project(Render(0.0, duration=duration)) for _ in range(number)]


def statuses(outcomes: list[Any]) -> Counter[RenderStatus]:
    """How many outcomes there are of each kind."""
    return Counter(outcome.status for outcome in outcomes)


class TestAGateway:
    """What is not in the API's own form says nothing about a project."""

    @pytest.mark.parametrize("begin", [0.0, 20.0], ids=["at first", "later"])
    @pytest.mark.parametrize("fault", GATEWAY)
    async def test_a_short_hiccup_ends_nothing(self, world: World, fault: str, begin: float) -> None:
        """A gateway that responds for the API for twelve seconds costs no outcome."""
        ids = renders(world, 200)
        simulator = Simulator(world, latency=0.05, faults=between(begin, begin + 12.0, GATEWAY[fault]))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 200} == statuses(outcomes)

    @pytest.mark.parametrize("fault", GATEWAY)
    async def test_a_long_one_does_not_either(self, world: World, fault: str) -> None:
        """Ten minutes for everything are an outage, however it looks."""
        ids = renders(world, 20, duration=100.0)
        simulator = Simulator(world, latency=0.05, faults=between(50.0, 650.0, GATEWAY[fault]))
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
        assert {RenderStatus.RENDERED: 20} == statuses(outcomes)
        assert all(650.0 <= outcome.waited < 670.0 for outcome in outcomes)

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
        assert 60.0 <= first.waited < 85.0
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
        assert all(60.0 <= outcome.waited < 75.0 for outcome in outcomes)
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
        assert all(90.0 <= outcome.waited <= 110.0 for outcome in outcomes)

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


class TestAYoungJob:
    """A job may appear some time after its render was requested."""

    @pytest.mark.parametrize("style", ["404", "body"])
    @pytest.mark.parametrize("fails", [False, True])
    async def test_a_late_job_is_waited_for(self, style: Any, *, fails: bool) -> None:
        """It answers 404 for four seconds, then runs, or fails with a reason that must not get lost."""
        world = World(unknown_job=style)
        render = Render(0.0, queue=4.0, duration=60.0, fails=fails, error_message="Scene 4 has no text.")
        project_id = world.add_project(earlier_video=-500.0, on_render=[render])
        missing = Answer(404, JSON, b'{"message": "Not Found"}')
        unknown = Answer(
            200, JSON, b'{"success": false, "data": {"error_code": "5000", "error_message": "JOB_NOT_FOUND"}}'
        )
        late = between(0.0, 4.0, missing if style == "404" else unknown, "/jobs/")
        async with client_of(Simulator(world, latency=0.05, faults=late)) as client:
            handle = await client.projects.render(project_id)
            (outcome,) = await client.projects.wait_all([handle])
        if fails:
            assert RenderStatus.FAILED is outcome.status
            assert "Scene 4 has no text" in str(outcome.error)
        else:
            assert outcome.ok
            assert outcome.project.generated_at > world.date(0.0)

    async def test_both_witnesses_are_asked(self, world: World) -> None:
        """While the job is refused, the project may show the new video."""
        project_id = world.add_project(earlier_video=-500.0, on_render=[Render(0.0, duration=20.0)])
        gone = between(0.0, 9999.0, API["404"], "/jobs/")
        async with client_of(Simulator(world, latency=0.05, faults=gone)) as client:
            (outcome,) = await client.projects.wait_all([await client.projects.render(project_id)])
        assert outcome.ok
        assert outcome.waited < 45.0

    async def test_it_is_missing_when_its_time_to_appear_is_over(self, world: World) -> None:
        """A job that never appears, and a project that shows nothing: missing, but not before ``start_grace``."""
        project_id = world.add_project(earlier_video=-500.0, on_render=[Render(0.0, queue=9999.0, duration=20.0)])
        gone = between(0.0, 9999.0, API["404"], "/jobs/")
        async with client_of(Simulator(world, latency=0.05, faults=gone)) as client:
            handle = await client.projects.render(project_id)
            (outcome,) = await client.projects.wait_all([handle], start_grace=90.0)
        assert RenderStatus.MISSING is outcome.status
        assert 90.0 <= outcome.waited < 130.0

    async def test_a_project_that_is_gone_too_is_missing(self, world: World) -> None:
        """If neither is there, the project's own refusal ends the wait; the error holds the handle."""
        project_id = world.add_project(on_render=[Render(0.0, duration=20.0)])
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            simulator.faults = lambda request, _: None if request.path == LIST else API["404"]
            (outcome,) = await client.projects.wait_all([handle])
        assert RenderStatus.MISSING is outcome.status
        assert 30.0 <= outcome.waited < 60.0
        assert handle == outcome.error.handle

    @pytest.mark.parametrize("fault", ["403", "404", "401"])
    @pytest.mark.parametrize("number", [1, 4])
    async def test_paid_renders_outlast_a_refusal_of_everything(self, world: World, fault: str, number: int) -> None:
        """Even one handle needs another request's success before the API's refusal is believed."""
        ids = [world.add_project(on_render=[Render(0.0, duration=90.0)]) for _ in range(number)]
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handles = [await client.projects.render(project_id) for project_id in ids]
            simulator.faults = between(5.0, 50.0, API[fault])
            outcomes = await client.projects.wait_all(handles)
        assert {RenderStatus.RENDERED: number} == statuses(outcomes)

    @pytest.mark.parametrize("status", [401, 403, 400, 410, 422])
    async def test_a_job_that_is_refused_leaves_the_project(self, world: World, status: int) -> None:
        """However the API refuses the job, its project shows the new video."""
        project_id = world.add_project(earlier_video=-500.0, on_render=[Render(0.0, duration=80.0)])
        refused = Answer(status, JSON, b'{"message": "No"}')
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            simulator.faults = lambda request, _: refused if "/jobs/" in request.path else None
            (outcome,) = await client.projects.wait_all([handle])
        assert outcome.ok

    async def test_an_unknown_job_that_names_the_id_is_not_a_failed_one(self, world: World) -> None:
        """Without a state, ``success: false`` is an error and no end of the job."""
        project_id = world.add_project(on_render=[Render(0.0, duration=80.0)])
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            body = json.dumps({"success": False, "job_id": handle.job_id, "message": "Job not found"}).encode()
            simulator.faults = between(0.0, 45.0, Answer(200, JSON, body), "/jobs/")
            (outcome,) = await client.projects.wait_all([handle])
        assert outcome.ok

    @pytest.mark.parametrize("status", ["queued", "success", "CANCELLED", "", None])
    async def test_a_state_that_nobody_knows_does_not_hide_the_video(self, world: World, status: str | None) -> None:
        """While the job's state says nothing, the project is asked too."""
        project_id = world.add_project(earlier_video=-500.0, on_render=[Render(0.0, duration=20.0)])
        body = json.dumps({"job_id": "j", "success": True, "data": {"status": status}}).encode()
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = attrs.evolve(await client.projects.render(project_id), job_id="j")
            simulator.faults = lambda request, _: Answer(200, JSON, body) if "/jobs/" in request.path else None
            (outcome,) = await client.projects.wait_all([handle])
        assert outcome.ok
        assert outcome.waited < 60.0

    async def test_a_broken_connection_does_not_end_the_turns(self, world: World) -> None:
        """Job and project are asked in turn until the job is there, whatever else happens."""
        project_id = world.add_project(on_render=[Render(0.0, duration=60.0)])

        def faults(request: SimRequest, now: float) -> Fault | None:
            if "/render" in request.path or now > 40.0:
                return None
            return API["404"] if "/jobs/" in request.path else Answer(502)

        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            simulator.faults = faults
            (outcome,) = await client.projects.wait_all([handle])
        assert outcome.ok
        assert outcome.job is not None


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
        assert max(outcome.waited for outcome in outcomes) < 60.0

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
        assert first.startswith("pictory.api.unreachable: no poll of simulator.invalid succeeds")
        assert second.startswith("pictory.api.reachable: polls of simulator.invalid succeed again, after ")
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
            assert client.statistics().watches.longest_lag < 20.0

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
