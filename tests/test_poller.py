"""Watching projects until they are rendered, and telling the truth about each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from pictory_async import RateLimiter, RenderHandle, RenderStatus, errors
from pictory_async.testing import (
    ABSENT,
    Answer,
    Render,
    Reset,
    Simulator,
    Stall,
    World,
)
from tests._polling import Script, client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault

pytestmark = [pytest.mark.anyio, virtual_time]


JSON = {"content-type": "application/json"}


class TestOneProject:
    """``client.projects.wait``."""

    async def test_a_render_is_waited_for(self, world: World, simulator: Simulator) -> None:
        """The wait ends at the first poll after the finish, with the finished project."""
        project_id = world.add_project(Render(0.0, queue=5.0, duration=100.0))
        async with client_of(simulator) as client:
            project = await client.projects.wait(project_id)
        assert project.id == project_id
        assert project.is_rendered
        assert 105.0 <= simulator.now() <= 105.0 + 11.5

    async def test_a_finished_project_is_returned_at_once(self, world: World, simulator: Simulator) -> None:
        """One poll is enough for a project that has a video, and no second one is sent."""
        project_id = world.add_project(Render(-500.0, duration=100.0), integer_id=True)
        async with client_of(simulator) as client:
            project = await client.projects.wait(project_id)
        assert project.id == project_id
        assert len(simulator.log) == 1

    async def test_a_project_that_was_never_rendered_is_not_rendered(
        self, world: World, simulator: Simulator, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither ``inProgress: false`` nor ``step`` makes a project rendered: there must be a video."""
        project_id = world.add_project(overrides={"step": "COMPLETE", "inProgress": False})
        async with client_of(simulator) as client:
            with pytest.raises(errors.RenderNotStartedError, match="no video, and no render was seen") as caught:
                await client.projects.wait(project_id, start_grace=60)
        warnings = [record.getMessage() for record in caplog.records if record.name == "pictory_async"]
        assert ["pictory.project.complete_without_video"] == [text.split(":")[0] for text in warnings]
        assert caught.value.project_id == project_id
        assert caught.value.project is not None
        assert 60.0 <= caught.value.waited <= 61.0

    async def test_in_progress_may_be_absent(self, world: World, simulator: Simulator) -> None:
        """A project without the flag is judged by its video."""
        project_id = world.add_project(Render(-500.0, duration=100.0), overrides={"inProgress": ABSENT})
        async with client_of(simulator) as client:
            assert (await client.projects.wait(project_id)).video_url

    async def test_a_rerender_never_yields_the_old_video(self, world: World, simulator: Simulator) -> None:
        """With ``after`` the old video does not count, before, during and after the new render."""
        project_id = world.add_project(Render(0.0, queue=50.0, duration=100.0), earlier_video=-1000.0, integer_id=False)
        async with client_of(simulator) as client:
            before = await client.projects.get(project_id)
            project = await client.projects.wait(project_id, after=before)
        assert before.video_url
        assert project.generated_at == world.date(150.0)
        assert project.generated_at > before.generated_at

    async def test_without_after_the_old_video_is_good_enough(self, world: World, simulator: Simulator) -> None:
        """Whoever does not say what the video must be newer than gets the one that is there."""
        project_id = world.add_project(Render(50.0, duration=100.0), earlier_video=-1000.0)
        async with client_of(simulator) as client:
            assert (await client.projects.wait(project_id)).generated_at == world.date(-1000.0)

    async def test_an_old_video_and_no_render_is_not_started(self, world: World, simulator: Simulator) -> None:
        """If the new render never starts the old video is not given out as the new one."""
        project_id = world.add_project(earlier_video=-1000.0)
        async with client_of(simulator) as client:
            with pytest.raises(errors.RenderNotStartedError, match="has an old video"):
                await client.projects.wait(project_id, after=world.date(-1000.0))

    async def test_a_render_that_stops_without_a_video_failed(self, world: World, simulator: Simulator) -> None:
        """A render that was seen and is gone without a video failed, once the grace is over."""
        project_id = world.add_project(Render(0.0, duration=50.0, fails=True))
        async with client_of(simulator) as client:
            with pytest.raises(errors.RenderFailedError, match="stopped rendering"):
                await client.projects.wait(project_id, start_grace=30)

    async def test_max_wait_ends_the_wait(self, world: World, simulator: Simulator) -> None:
        """After ``max_wait`` the error carries the last snapshot, and the wait is not a moment longer."""
        project_id = world.add_project(Render(0.0, duration=5000.0))
        async with client_of(simulator) as client:
            began = anyio.current_time()
            with pytest.raises(errors.WaitTimeoutError, match="not rendered within 100 s") as caught:
                await client.projects.wait(project_id, max_wait=timedelta(seconds=100))
            assert anyio.current_time() - began == pytest.approx(100.0, abs=0.002)
        assert caught.value.max_wait == 100.0
        assert caught.value.project is not None
        assert caught.value.project.is_rendering
        assert isinstance(caught.value, TimeoutError)

    async def test_a_long_snapshot_is_kept_whole(self, world: World, simulator: Simulator) -> None:
        """The last snapshot of a project with many scenes, kept compressed, is whole again in the error."""
        project_id = world.add_project(Render(0.0, duration=5000.0), scenes=40)
        async with client_of(simulator) as client:
            with pytest.raises(errors.WaitTimeoutError) as caught:
                await client.projects.wait(project_id, max_wait=100)
            now = await client.projects.get(project_id)
        assert caught.value.project is not None
        assert 40 == len(caught.value.project.scenes)
        assert now.scenes == caught.value.project.scenes

    async def test_a_snapshot_that_cannot_be_built_does_not_end_other_waits(self, world: World) -> None:
        """A body nested almost too deeply is judged; where it cannot be shown in the end, the outcome is without it."""
        pytest.importorskip("simdjson", reason="without the extra fast such a body is refused at once")
        deep = b'{"projectName": "x", "inProgress": true, "a": ' + b"[" * 1010 + b"]" * 1010 + b"}"
        odd, other = (world.add_project(Render(0.0, duration=100.0)) for _ in range(2))
        simulator = Simulator(
            world, faults=lambda request, _now: Answer(200, JSON, deep) if str(odd) in request.path else None
        )
        async with client_of(simulator) as client, client.projects.watch([odd], max_wait=50) as watch:
            outcome = await anext(watch)
            assert RenderStatus.TIMED_OUT is outcome.status
            assert outcome.project is None
            assert (await client.projects.wait(other)).is_rendered

    async def test_max_wait_bounds_the_request_in_flight(self, world: World) -> None:
        """A server that never answers cannot hold the wait longer than ``max_wait``."""
        project_id = world.add_project(Render(0.0, duration=50.0))
        simulator = Simulator(world, faults=lambda _request, _now: Stall())
        async with client_of(simulator, timeout=None) as client:
            began = anyio.current_time()
            with pytest.raises(errors.WaitTimeoutError, match="last seen: nothing, 0 polls"):
                await client.projects.wait(project_id, max_wait=40)
            assert anyio.current_time() - began == pytest.approx(40.0, abs=0.002)

    async def test_max_wait_bounds_the_wait_for_the_budget(self, world: World, simulator: Simulator) -> None:
        """A budget that is spent elsewhere cannot hold the wait either."""
        project_id = world.add_project(Render(0.0, duration=50.0))
        limiter = RateLimiter(1, 1000.0, 1)
        async with client_of(simulator, limiter=limiter) as client:
            await limiter.acquire()
            began = anyio.current_time()
            with pytest.raises(errors.WaitTimeoutError):
                await client.projects.wait(project_id, max_wait=40)
            assert anyio.current_time() - began == pytest.approx(40.0, abs=0.002)

    async def test_a_failed_poll_is_not_a_failed_render(self, world: World) -> None:
        """Any number of transient failures only delays the answer."""
        project_id = world.add_project(Render(0.0, duration=100.0))
        failures: list[Fault] = [Reset(), Answer(502), Answer(503), Answer(520), Answer(408)]
        faults = Script(*failures * 3)
        simulator = Simulator(world, latency=0.1, faults=faults)
        async with client_of(simulator) as client:
            assert (await client.projects.wait(project_id)).is_rendered

    async def test_a_timeout_tells_the_last_failure(self, world: World) -> None:
        """When every poll fails, the error at ``max_wait`` says how."""
        project_id = world.add_project(Render(0.0, duration=10.0))
        simulator = Simulator(world, faults=lambda _request, _now: Answer(502))
        async with client_of(simulator) as client:
            with pytest.raises(errors.WaitTimeoutError, match=r"No poll succeeded: .*502") as caught:
                await client.projects.wait(project_id, max_wait=60)
        assert "502" in (caught.value.last_error or "")

    async def test_a_refusal_just_before_the_timeout(self, world: World) -> None:
        """When the API refused the project too late to ask again, the error does not promise a video."""
        simulator = Simulator(world)
        async with client_of(simulator) as client:
            with pytest.raises(errors.WaitTimeoutError, match=r"last seen: nothing, (\d) polls?, \1 failed") as caught:
                await client.projects.wait("nope", max_wait=1.5)
        assert "There is no project 'nope'" in str(caught.value)
        assert "may still finish" not in str(caught.value)

    @pytest.mark.parametrize("status", [401, 404])
    async def test_a_timeout_with_a_render_that_may_still_finish(self, world: World, status: int) -> None:
        """A rejected key says nothing about the render, and the job of a render may still appear."""
        project_id = str(world.add_project(Render(0.0, duration=5000.0)))
        refusal = Answer(status, JSON, b'{"message": "No"}')
        simulator = Simulator(world, faults=lambda _request, _now: refusal)
        handle = RenderHandle(project_id=project_id, job_id="j") if status == 404 else project_id
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all([handle], max_wait=1.5)
        assert RenderStatus.TIMED_OUT is outcome.status
        assert "It may still finish" in str(outcome.error)

    async def test_a_timeout_counts_all_polls(self, world: World) -> None:
        """The number of polls includes those that failed, and says how many."""
        project_id = world.add_project(Render(0.0, duration=5000.0))
        simulator = Simulator(world, faults=Script(None, Answer(502), None))
        async with client_of(simulator) as client:
            with pytest.raises(errors.WaitTimeoutError, match=r"still rendering, (\d+) polls, 1 failed\)") as caught:
                await client.projects.wait(project_id, max_wait=60)
        polls = sum("/projects/" in request.path for request in simulator.log)
        assert f", {polls} polls, 1 failed" in str(caught.value)
        assert polls - 1 == caught.value.polls

    async def test_one_404_is_not_believed(self, world: World) -> None:
        """A project that is missing for one answer is waited for."""
        project_id = world.add_project(Render(0.0, duration=10.0))
        simulator = Simulator(world, faults=Script(Answer(404, JSON, b"{}"), None, Answer(401, JSON, b"{}")))
        async with client_of(simulator) as client:
            assert (await client.projects.wait(project_id)).is_rendered

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (Answer(401, JSON, b'{"message": "Unauthorized"}'), errors.AuthenticationError),
            (Answer(403, JSON, b'{"message": "Forbidden"}'), errors.PermissionDeniedError),
            (Answer(403, {"content-type": "text/html"}, b"<html>1010</html>"), errors.BlockedError),
            (Answer(400, JSON, b'{"code": "INVALID_REQUEST"}'), errors.InvalidRequestError),
            (Answer(302, {"location": "https://elsewhere.invalid/"}), errors.StatusError),
            (Answer(200, {"content-type": "text/html"}, b"<html>"), errors.MalformedResponseError),
        ],
    )
    async def test_an_answer_that_stays_unusable_ends_the_wait(
        self, world: World, answer: Fault, expected: type[errors.PictoryError]
    ) -> None:
        """What is refused again and again ends the wait with its own error; what is not the API's, after a minute."""
        project_id = world.add_project(Render(0.0, duration=10.0))
        simulator = Simulator(world, faults=lambda _request, _now: answer)
        async with client_of(simulator) as client:
            with pytest.raises(expected):
                await client.projects.wait(project_id)
        assert len(simulator.log) <= 10

    async def test_a_missing_project_is_a_lookup_error(self, world: World, simulator: Simulator) -> None:
        """An unknown id ends the wait as soon as a second poll confirms it."""
        async with client_of(simulator) as client:
            with pytest.raises(LookupError, match="There is no project 'unknown'"):
                await client.projects.wait("unknown")
        assert len(simulator.log) == 2
        assert simulator.now() < 3.0

    async def test_cancelling_leaves_nothing(self, world: World, simulator: Simulator) -> None:
        """A cancelled wait leaves no request, no place in a queue and no watch; the next call works."""
        project_id = world.add_project(Render(0.0, duration=100.0))
        simulator.latency = 30.0
        async with client_of(simulator) as client:
            for limit in (0.0, 5.0, 35.0):
                with anyio.move_on_after(limit) as scope:
                    await client.projects.wait(project_id)
                assert scope.cancelled_caught
                statistics = client.statistics()
                assert (0, 0) == (statistics.http.busy, statistics.limiter.waiting)
            simulator.latency = 0.0
            await client.projects.get(project_id)

    async def test_arguments_are_checked_before_anything_is_sent(self, simulator: Simulator) -> None:
        """Impossible durations, times and ids are refused."""
        async with client_of(simulator) as client:
            for arguments in (
                {"max_wait": 0},
                {"max_wait": -1},
                {"interval": 0},
                {"start_grace": -1},
                {"after": "yesterday"},
            ):
                with pytest.raises(errors.PictoryConfigError):
                    await client.projects.wait("a", **arguments)
            for project_id in ("", ".", "..", "a\nb", None, True, 1.5, "x" * 300):
                with pytest.raises(errors.PictoryConfigError):
                    await client.projects.wait(project_id)
        assert simulator.log == []
