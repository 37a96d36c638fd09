"""What failures mean for the waits for paid renders, and how long they are remembered."""

from __future__ import annotations

import json
from itertools import cycle
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from pictory_async import Priority, RateLimiter, RenderStatus, errors
from pictory_async.testing import Answer, Render, Simulator, World
from tests._polling import client_of
from tests._refusals import API, GATEWAY, JSON, LIST, between, renders, statuses
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]


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
        assert outcome.waited < 65.0

    async def test_it_is_missing_when_its_time_to_appear_is_over(self, world: World) -> None:
        """A job that never appears, and a project that shows nothing: missing, but not before ``start_grace``."""
        project_id = world.add_project(earlier_video=-500.0, on_render=[Render(0.0, queue=9999.0, duration=20.0)])
        gone = between(0.0, 9999.0, API["404"], "/jobs/")
        async with client_of(Simulator(world, latency=0.05, faults=gone)) as client:
            handle = await client.projects.render(project_id)
            (outcome,) = await client.projects.wait_all([handle], start_grace=90.0)
        assert RenderStatus.MISSING is outcome.status
        assert 90.0 <= outcome.waited < 160.0

    async def test_a_project_that_is_gone_too_is_missing(self, world: World) -> None:
        """If neither is there, the project's own refusal ends the wait; the error holds the handle."""
        project_id = world.add_project(on_render=[Render(0.0, duration=20.0)])
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            simulator.faults = lambda request, _: None if request.path == LIST else API["404"]
            (outcome,) = await client.projects.wait_all([handle])
        assert RenderStatus.MISSING is outcome.status
        assert 30.0 <= outcome.waited < 90.0
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
        assert outcome.waited < 90.0

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


class TestWhatAReviewerFound:
    """State that must not survive, and evidence that nobody collected."""

    async def test_a_gateways_page_does_not_end_a_paid_render(self, world: World) -> None:
        """While others succeed, a 404 page for minutes is believed for an id, and not for a handle."""
        paid = world.add_project(on_render=[Render(0.0, duration=300.0)])
        other = world.add_project(Render(0.0, duration=500.0))
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(paid)
            simulator.faults = lambda request, now: (
                GATEWAY["404 page"] if 30.0 <= now < 200.0 and str(other) not in request.path else None
            )
            outcomes = await client.projects.wait_all([handle, other])
        assert {RenderStatus.RENDERED: 2} == statuses(outcomes)

    async def test_old_failures_of_the_project_are_forgotten_with_those_of_the_job(self, world: World) -> None:
        """Job and project fail early; the job recovers; ten minutes later one 404 of the project means little."""
        project_id = world.add_project(on_render=[Render(0.0, duration=600.0)])
        completed = b'{"job_id": "%s", "success": true, "data": {"status": "completed"}}'
        missing: list[float] = []

        def faults(request: SimRequest, now: float) -> Fault | None:
            of_job = "/jobs/" in request.path
            if 30.0 <= now < 62.0:
                return Answer(502) if of_job else API["404"]
            if of_job and now > 600.0:  # it names no video
                return Answer(200, JSON, completed % request.path.rpartition("/")[2].encode())
            if not of_job and now > 600.0 and not missing:
                missing.append(now)
                return API["404"]
            return None

        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            simulator.faults = faults
            (outcome,) = await client.projects.wait_all([handle])
        assert missing
        assert outcome.ok

    async def test_a_job_that_disappears_leaves_time_for_the_video(self, world: World) -> None:
        """A known job that is gone after ten minutes: the project has ``start_grace`` to show the video."""
        project_id = world.add_project(on_render=[Render(0.0, duration=700.0)])
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            simulator.faults = lambda request, now: API["404"] if "/jobs/" in request.path and now > 600.0 else None
            world.edit_project(project_id, 1.0)
            (outcome,) = await client.projects.wait_all([handle])
        assert outcome.ok

    @pytest.mark.parametrize(
        ("fault", "expected"), [(GATEWAY["404 page"], errors.NotFoundError), (API["401"], errors.AuthenticationError)]
    )
    async def test_idle_time_is_no_evidence(
        self, world: World, fault: Fault, expected: type[errors.PictoryError]
    ) -> None:
        """A refusal long ago and one now do not mean that there was nothing else in between."""
        ids = renders(world, 3)
        simulator = Simulator(world, latency=0.05)
        simulator.faults = lambda _, now: fault if now < 1.0 or 70.0 <= now < 71.5 else None
        async with client_of(simulator) as client:
            with pytest.raises(expected):
                await client.projects.get(ids[0])
            await anyio.sleep(70.0)
            assert {RenderStatus.RENDERED: 3} == statuses(await client.projects.wait_all(ids))

    async def test_errors_in_two_forms_are_one_row(self, world: World) -> None:
        """Responses that cannot be judged, now in one form and now in another, end the wait all the same."""
        ids = renders(world, 1, duration=9000.0)
        forms = cycle([b'{"success": false}', b'{"success": false, "message": "Out of order"}'])
        simulator = Simulator(world, latency=0.05)
        simulator.faults = lambda request, _: Answer(200, JSON, next(forms)) if str(ids[0]) in request.path else None
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all(ids)
        assert RenderStatus.ERROR is outcome.status
        assert len(simulator.log) <= 6

    async def test_an_id_and_a_handle_of_one_project_are_two_waits(self, world: World) -> None:
        """The handle's own patience does not depend on what else is waited for."""
        project_id = world.add_project(on_render=[Render(0.0, duration=60.0)])
        simulator = Simulator(world, latency=0.05)
        async with client_of(simulator) as client:
            handle = attrs.evolve(await client.projects.render(project_id), job_id=None)
            simulator.faults = between(0.0, 20.0, API["404"])
            first, second = await client.projects.wait_all([project_id, handle])
        assert RenderStatus.MISSING is first.status
        assert second.ok

    async def test_the_apis_own_refusals_end_an_outage(self, world: World) -> None:
        """After bad gateways, the API says that three projects are gone: that is news, and comes at once."""
        ids = renders(world, 3)
        simulator = Simulator(world, latency=0.05)
        simulator.faults = lambda _, now: Answer(502) if now < 100.0 else API["404"]
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids)
            assert client.statistics().watches.outage is None
        assert {RenderStatus.MISSING: 3} == statuses(outcomes)
        assert max(outcome.waited for outcome in outcomes) < 145.0


class TestALimiterThatFails:
    """A user's own limiter, whose store may be out of reach."""

    async def test_what_it_does_not_take_in_changes_nothing(self, world: World) -> None:
        """A render was answered, so its handle is returned; polls go on."""

        class Forgetful(RateLimiter):
            def accepted(self, sent_at: float) -> None:
                raise OSError("no store")

            def refused(self, sent_at: float, pause: Any = None) -> None:
                raise OSError("no store")

        project_id = world.add_project(on_render=[Render(0.0, duration=20.0)])
        simulator = Simulator(world, latency=0.05)
        async with simulator.client(limiter=Forgetful()) as client:
            handle = await client.projects.render(project_id)
            simulator.faults = between(5.0, 8.0, Answer(429))
            (outcome,) = await client.projects.wait_all([handle])
        assert outcome.ok

    async def test_a_poll_without_a_grant_is_a_failed_poll(self, world: World) -> None:
        """A budget that is exhausted for a while does not end the waits."""

        class Stingy(RateLimiter):
            async def acquire(self, priority: Any = Priority.INTERACTIVE, *, max_wait: Any = None) -> float:
                if 1.0 < simulator.now() < 15.0:
                    raise errors.RateBudgetError("Nothing is left.", max_wait=0.0)
                return await super().acquire(priority, max_wait=max_wait)

        ids = renders(world, 3, duration=30.0)
        simulator = Simulator(world, latency=0.05)
        async with simulator.client(limiter=Stingy()) as client:
            assert {RenderStatus.RENDERED: 3} == statuses(await client.projects.wait_all(ids, interval=3.0))
