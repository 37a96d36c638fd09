"""Starting renders, once, and following their jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import ProgressSchedule, RateLimiter, RenderHandle, RenderStatus, errors
from pictory_async.testing import Answer, Refuse, Render, Reset, Simulator, Stall, Truncate, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}
NO = b'{"message": "No"}'


def on(method: str, fault: Fault) -> Callable[[SimRequest, float], Fault | None]:
    """Let a fault hit all requests of one method."""
    return lambda request, _now: fault if request.method == method else None


def jobs_only(fault: Fault) -> Callable[[SimRequest, float], Fault | None]:
    """Let a fault hit all polls of jobs."""
    return lambda request, _now: fault if "/jobs/" in request.path else None


async def test_a_render_is_started_and_waited_for() -> None:
    """One call starts the render and returns the project with its new video, not the old one."""
    world = World(render_seconds=(100.0, 100.0))
    project_id = world.add_project(earlier_video=-500.0)
    simulator = Simulator(world, latency=0.1)
    async with simulator.client() as client:
        project = await client.projects.render_and_wait(project_id)
    assert project.generated_at is not None
    assert project.generated_at > world.date(100.0)
    assert [entry.method for entry in simulator.log].count("POST") == 1
    assert len(simulator.log) < 18


async def test_a_handle_says_what_to_wait_for() -> None:
    """The handle holds the project, the job and the date of the old video."""
    world = World()
    project_id = world.add_project(earlier_video=-500.0, integer_id=True)
    async with Simulator(world).client() as client:
        handle = await client.projects.render(project_id)
        job = await client.jobs.get(handle.job_id or "")
    assert (project_id, world.date(-500.0)) == (handle.project_id, handle.generated_before)
    assert not job.is_finished
    assert "pictai" not in handle.to_json()


async def test_a_job_shows_progress_and_failure() -> None:
    """A watch that follows a job tells its progress and ends with the job's own reason."""
    world = World()
    project_id = world.add_project(on_render=[Render(0.0, duration=100.0, fails=True, error_message="No voice.")])
    simulator = Simulator(world, latency=0.1)
    async with simulator.client() as client, client.projects.watch() as watch:
        watch.add(await client.projects.render(project_id))
        await anyio.sleep(60)
        assert 30.0 < watch.progress[project_id] < 80.0
        outcome = await anext(watch)
    assert outcome.status is RenderStatus.FAILED
    assert isinstance(outcome.error, errors.RenderFailedError)
    assert (outcome.error.code, outcome.error.job_id) == ("TEXT_TO_VIDEO_FAILED", outcome.job_id)
    assert "No voice." in str(outcome.error)
    assert outcome.waited < 120.0


async def test_handles_and_ids_may_be_mixed() -> None:
    """``wait_all`` takes both, in any order, also both for one project."""
    world = World(render_seconds=(20.0, 20.0))
    first, second = world.add_project(earlier_video=-5.0), world.add_project(earlier_video=-5.0)
    async with Simulator(world, latency=0.1).client() as client:
        handle = await client.projects.render(first)
        outcomes = await client.projects.wait_all([second, handle, first, handle])
    assert [second, first, first, first] == [outcome.project_id for outcome in outcomes]
    assert [None, handle.job_id, None, handle.job_id] == [outcome.job_id for outcome in outcomes]
    assert all(outcome.ok for outcome in outcomes)
    assert outcomes[1].project is not None
    assert handle.generated_before == world.date(-5.0)
    assert (outcomes[1].project.generated_at or handle.generated_before) > handle.generated_before


@pytest.mark.parametrize(
    "fault",
    [
        Reset(),
        Reset(reaches_world=True),
        Stall(),
        Stall(reaches_world=True),
        Answer(500),
        Answer(502, reaches_world=True),
        Answer(520),
        Truncate(5),
        Answer(200, JSON, b"<html>", reaches_world=True),
        Answer(200, JSON, b'{"success": true}', reaches_world=True),
        Answer(200, JSON, b'{"success": false, "job_id": "j9"}', reaches_world=True),
        Answer(408, JSON, NO, reaches_world=True),
        Answer(403, {"content-type": "text/html"}, b"<html>", reaches_world=True),
        Answer(404, reaches_world=True),
        Answer(302, {"location": "/"}, reaches_world=True),
        Answer(499, reaches_world=True),
    ],
)
async def test_a_lost_answer_never_starts_a_second_render(fault: Fault) -> None:
    """After an ambiguous failure the POST is not repeated; the error's handle tells what became of it."""
    world = World(render_seconds=(50.0, 50.0))
    project_id = world.add_project(earlier_video=-500.0)
    simulator = Simulator(world, latency=0.1, faults=on("POST", fault))
    async with simulator.client() as client:
        with pytest.raises(errors.RenderSubmitUncertainError, match="not sent again") as caught:
            await client.projects.render(project_id)
        (outcome,) = await client.projects.wait_all([caught.value.handle])
    assert [entry.method for entry in simulator.log].count("POST") == 1
    started = len(world.jobs) > 1
    assert outcome.status is (RenderStatus.RENDERED if started else RenderStatus.NOT_STARTED)


@pytest.mark.parametrize(
    ("reaches_world", "expected"), [(True, RenderStatus.RENDERED), (False, RenderStatus.NOT_STARTED)]
)
async def test_an_old_video_without_a_date_is_not_the_new_one(reaches_world: bool, expected: RenderStatus) -> None:
    """Where no dates tell the videos apart, one counts as new after a render was seen, and not before."""
    world = World(render_seconds=(50.0, 50.0))
    project_id = world.add_project(earlier_video=-500.0, overrides={"generatedDate": None})
    simulator = Simulator(world, latency=0.1, faults=on("POST", Reset(reaches_world=reaches_world)))
    async with simulator.client() as client:
        with pytest.raises(errors.RenderSubmitUncertainError) as caught:
            await client.projects.render(project_id)
        (outcome,) = await client.projects.wait_all([RenderHandle.from_json(caught.value.handle.to_json())])
    assert expected is outcome.status
    assert outcome.waited > 50.0


async def test_a_completed_job_vouches_for_a_video_without_a_date() -> None:
    """The job alone tells that the new video is there."""
    world = World(render_seconds=(50.0, 50.0))
    project_id = world.add_project(earlier_video=-500.0, overrides={"generatedDate": None})
    async with Simulator(world, latency=0.1).client() as client:
        project = await client.projects.render_and_wait(project_id)
    assert project.video_url is not None


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Refuse(), errors.ConnectionFailedError),
        (Answer(401, JSON, NO), errors.AuthenticationError),
        (Answer(403, JSON, NO), errors.PermissionDeniedError),
        (Answer(404, JSON, NO), errors.NotFoundError),
        (Answer(429, {"retry-after": "1"} | JSON, b'{"message": "Too Many Requests"}'), errors.RateLimitedError),
        (Answer(400, JSON, NO), errors.InvalidRequestError),
    ],
)
async def test_a_clear_refusal_is_its_own_error(fault: Fault, expected: type[Exception]) -> None:
    """Where nothing was started the error says so, and even then the POST is sent once."""
    world = World()
    project_id = world.add_project()
    simulator = Simulator(world, faults=on("POST", fault))
    async with simulator.client() as client:
        with pytest.raises(expected):
            await client.projects.render(project_id)
    assert [entry.method for entry in simulator.log].count("POST") <= 1


async def test_the_project_is_the_last_witness_when_the_job_is_gone() -> None:
    """If the job is not found any more, the project still tells that the render is done."""
    world = World(render_seconds=(30.0, 30.0))
    project_id = world.add_project(earlier_video=-500.0)
    simulator = Simulator(world, latency=0.1, faults=jobs_only(Answer(404, JSON, b"{}")))
    async with simulator.client() as client:
        (outcome,) = await client.projects.wait_all([await client.projects.render(project_id)])
    assert outcome.ok


@pytest.mark.parametrize("style", ["404", "body", "error", "root"])
async def test_a_missing_job_of_an_idle_project_is_missing(style: Any) -> None:
    """Neither the job nor the project knows of a render: the outcome says that the job is missing."""
    world = World(unknown_job=style)
    project_id = world.add_project()
    async with Simulator(world).client() as client:
        (outcome,) = await client.projects.wait_all([RenderHandle(project_id=project_id, job_id="unknown")])
    assert outcome.status is RenderStatus.MISSING
    assert isinstance(outcome.error, errors.NotFoundError)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"job_id": "j", "success": true, "data": {"status": "completed"}}', RenderStatus.ERROR),
        (b'{"job_id": "j", "success": true, "data": {"status": "cleaned"}}', RenderStatus.FAILED),
        (b'{"job_id": "j", "success": true, "data": {"status": "Failed", "error_code": 890}}', RenderStatus.FAILED),
        (b'{"job_id": "j", "success": true, "data": {"status": "dreaming"}}', RenderStatus.TIMED_OUT),
        (b'{"job_id": "j", "data": {"status": 5}}', RenderStatus.ERROR),
    ],
)
async def test_every_end_of_a_job_has_its_outcome(body: bytes, expected: RenderStatus) -> None:
    """A job that says it is done while the project shows nothing, that was cleaned, that failed, that is strange."""
    world = World()
    project_id = world.add_project()
    async with Simulator(world, faults=jobs_only(Answer(200, JSON, body))).client() as client:
        (outcome,) = await client.projects.wait_all([RenderHandle(project_id=project_id, job_id="j")])
    assert outcome.status is expected


@pytest.mark.parametrize("wait", [{"start_grace": 20.0}, {"start_grace": 20.0, "schedule": ProgressSchedule()}])
async def test_a_job_in_a_strange_state_is_polled_as_often_as_others(wait: dict[str, Any]) -> None:
    """The project is polled in turn, and the end of its grace period does not make that more frequent."""
    world = World()
    project_id = world.add_project()
    dreaming = Answer(200, JSON, b'{"job_id": "j", "success": true, "data": {"status": "dreaming"}}')
    async with Simulator(world, latency=0.1, faults=jobs_only(dreaming)).client() as client:
        handle = RenderHandle(project_id=project_id, job_id="j")
        (outcome,) = await client.projects.wait_all([handle], interval=10.0, max_wait=600.0, **wait)
    assert outcome.status is RenderStatus.TIMED_OUT
    assert 40 <= len(world.log) <= 70


async def test_the_share_link_can_be_waited_for() -> None:
    """``share_link`` gives what is there, or waits for the render to have it."""
    world = World()
    project_id = world.add_project(Render(0.0, duration=60.0))
    async with Simulator(world, latency=0.1).client() as client:
        assert await client.projects.share_link(project_id) is None
        link = await client.projects.share_link(project_id, wait=True)
        assert link == (await client.projects.get(project_id)).share_video_url
    assert link is not None


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("address", [5, {"url": "x"}, ["x"]])
async def test_a_share_link_that_cannot_be_read_is_not_absent(address: object, wait: bool) -> None:
    """An address that is not a text is an error that names its place, not a project without a page."""
    world = World()
    project_id = world.add_project(Render(-100.0, duration=10.0), overrides={"shareVideoURL": address})
    async with Simulator(world).client() as client:
        with pytest.raises(errors.MalformedResponseError, match=f"{project_id!r} could not be read") as caught:
            await client.projects.share_link(project_id, wait=wait)
    assert ("$.shareVideoURL", True) == (caught.value.json_path, caught.value.from_api)


class TestJobs:
    """``client.jobs``."""

    async def test_a_job_is_waited_for(self) -> None:
        """The wait tells each poll's progress and returns the completed job."""
        world = World()
        project_id = world.add_project()
        job_id = world.start_render(project_id, 0.0, duration=60.0, queue=5.0)
        seen: list[float | None] = []
        async with Simulator(world, latency=0.1).client() as client:
            job = await client.jobs.wait(job_id, on_progress=lambda job: seen.append(job.progress))
        assert job.is_completed
        assert job.video_url
        assert seen[0] is None
        assert len(seen) >= 4

    async def test_a_failed_job_raises_its_reason(self) -> None:
        """A job that failed raises with its code and text."""
        world = World()
        job_id = world.start_render(world.add_project(), 0.0, duration=60.0, queue=0.0, fails=True)
        async with Simulator(world).client() as client:
            with pytest.raises(errors.JobFailedError, match="TEXT_TO_VIDEO_FAILED") as caught:
                await client.jobs.wait(job_id)
            assert (await client.jobs.get(job_id)).is_failed
        assert caught.value.job_id == job_id

    async def test_a_cleaned_job_says_so(self) -> None:
        """A job whose results were deleted is no failure of the job."""
        body = b'{"job_id": "j", "success": true, "data": {"status": "cleaned"}}'
        async with Simulator(faults=jobs_only(Answer(200, JSON, body))).client() as client:
            with pytest.raises(errors.JobCleanedError, match="were deleted"):
                await client.jobs.wait("j")

    @pytest.mark.parametrize("style", ["404", "body", "error", "root"])
    async def test_an_unknown_job_is_not_found(self, style: Any) -> None:
        """All of the API's ways to say it are one error."""
        async with Simulator(World(unknown_job=style)).client() as client:
            for call in (client.jobs.get, client.jobs.wait):
                with pytest.raises(errors.NotFoundError, match="no job 'unknown'"):
                    await call("unknown")

    async def test_max_wait_ends_the_wait(self) -> None:
        """After ``max_wait`` the error says what the last failure was."""
        async with Simulator(faults=jobs_only(Answer(503))).client() as client:
            began = anyio.current_time()
            with pytest.raises(errors.WaitTimeoutError, match="within 60 s") as caught:
                await client.jobs.wait("j", max_wait=60)
            assert anyio.current_time() - began == pytest.approx(60.0)
        assert "503" in (caught.value.last_error or "")

    async def test_transient_failures_only_delay(self) -> None:
        """Trouble on the way does not end a wait for a job."""
        world = World()
        job_id = world.start_render(world.add_project(), 0.0, duration=30.0, queue=0.0)
        faults = iter([Reset(), Answer(502), None, Answer(404, JSON, b"{}"), Answer(200, JSON, b"nonsense")])
        async with Simulator(world, faults=lambda _request, _now: next(faults, None)).client() as client:
            assert (await client.jobs.wait(job_id, max_wait=None)).is_completed


async def test_an_error_after_the_request_holds_the_handle() -> None:
    """Waiting again by the project's id would take the old video for the new one; by the handle it does not."""
    world = World(queue_seconds=(300.0, 300.0), render_seconds=(50.0, 50.0))
    project_id = world.add_project(earlier_video=-500.0)
    async with Simulator(world, latency=0.1).client() as client:
        with pytest.raises(errors.WaitTimeoutError, match="wait again for its handle") as caught:
            await client.projects.render_and_wait(project_id, max_wait=20.0)
        handle = caught.value.handle
        assert handle is not None
        (outcome,) = await client.projects.wait_all([handle])
    assert outcome.ok
    assert outcome.waited > 200.0


async def test_a_cancelled_request_leaves_its_handle_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody can be given the handle of a render that may be running, so it is logged."""
    world = World(render_seconds=(50.0, 50.0))
    project_id = world.add_project(earlier_video=-500.0)
    simulator = Simulator(world, latency=lambda request, _: 15.0 if request.method == "POST" else 0.1)
    async with simulator.client() as client:
        with anyio.move_on_after(10.0):
            await client.projects.render(project_id)
        (record,) = [record for record in caplog.records if "pictory.render.cancelled" in record.message]
        handle = RenderHandle.from_json(record.getMessage().partition("started. ")[2])
        (outcome,) = await client.projects.wait_all([handle])
    assert outcome.ok
    assert [entry.method for entry in simulator.log].count("POST") == 1


@pytest.mark.parametrize("ends", [50.0, 55.0, 57.0])
async def test_a_wait_polls_once_more_before_its_end(ends: float) -> None:
    """A render that ends two seconds before ``max_wait`` is seen, whenever its polls come."""
    world = World()
    ids = [world.add_project(Render(0.0, duration=ends)) for _ in range(40)]
    async with Simulator(world, latency=0.1).client(limiter=RateLimiter(1000, 1.0, 100)) as client:
        outcomes = await client.projects.wait_all(ids, max_wait=60.0)
    assert {RenderStatus.RENDERED} == {outcome.status for outcome in outcomes}
