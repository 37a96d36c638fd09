"""Watching projects until they are rendered, and telling the truth about each."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import RateLimiter, RenderOutcome, RenderStatus, errors
from pictory_async.testing import (
    ABSENT,
    Answer,
    Render,
    Reset,
    Simulator,
    Stall,
    TruthKind,
    World,
    busiest_window,
    populate,
)
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def simulator(world: World) -> Simulator:
    return Simulator(world, latency=0.1)


def client_of(simulator: Simulator, **options: Any) -> Any:
    """Make a client whose budget does not matter."""
    return simulator.client(**{"limiter": RateLimiter(10_000, 1.0, 1000), **options})


class Script:
    """Faults for the first requests, in order; ``None`` lets one pass."""

    def __init__(self, *faults: Fault | None) -> None:
        self._faults: Iterator[Fault | None] = iter(faults)

    def __call__(self, request: SimRequest, now: float) -> Fault | None:
        return next(self._faults, None)


JSON = {"content-type": "application/json"}


class TestOneProject:
    """``client.projects.wait``."""

    async def test_a_render_is_waited_for(self, world: World, simulator: Simulator) -> None:
        """The wait ends at the first look after the finish, with the finished project."""
        project_id = world.add_project(Render(0.0, queue=5.0, duration=100.0))
        async with client_of(simulator) as client:
            project = await client.projects.wait(project_id)
        assert project.id == project_id
        assert project.is_rendered
        assert 105.0 <= simulator.now() <= 105.0 + 11.5

    async def test_a_finished_project_is_returned_at_once(self, world: World, simulator: Simulator) -> None:
        """One look is enough for a project that has a video, and no second one is sent."""
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

    async def test_max_wait_bounds_the_request_in_flight(self, world: World) -> None:
        """A server that never answers cannot hold the wait longer than ``max_wait``."""
        project_id = world.add_project(Render(0.0, duration=50.0))
        simulator = Simulator(world, faults=lambda _request, _now: Stall())
        async with client_of(simulator, timeout=None) as client:
            began = anyio.current_time()
            with pytest.raises(errors.WaitTimeoutError, match="last seen: never seen, 0 polls"):
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
        """When every look fails, the error at ``max_wait`` says how."""
        project_id = world.add_project(Render(0.0, duration=10.0))
        simulator = Simulator(world, faults=lambda _request, _now: Answer(502))
        async with client_of(simulator) as client:
            with pytest.raises(errors.WaitTimeoutError, match=r"The last look failed: .*502") as caught:
                await client.projects.wait(project_id, max_wait=60)
        assert "502" in (caught.value.last_error or "")

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
        """What is refused or nonsense again and again ends the wait with its own error, after few requests."""
        project_id = world.add_project(Render(0.0, duration=10.0))
        simulator = Simulator(world, faults=lambda _request, _now: answer)
        async with client_of(simulator) as client:
            with pytest.raises(expected):
                await client.projects.wait(project_id)
        assert len(simulator.log) <= 5

    async def test_a_missing_project_is_a_lookup_error(self, world: World, simulator: Simulator) -> None:
        """An unknown id ends the wait as soon as a second look confirms it."""
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


class TestManyProjects:
    """``client.projects.wait_all`` and ``watch``."""

    async def test_every_outcome_is_what_the_world_says(self, world: World, simulator: Simulator) -> None:
        """Of a mixed population each outcome is true, in the order of the ids, and the budget is kept."""
        planned = populate(world, projects=120, seed=3)
        ids = [plan.project_id for plan in planned]
        after = {plan.project_id: plan.after for plan in planned}
        limiter = RateLimiter(200, 10.0, 10)
        async with client_of(simulator, limiter=limiter) as client:
            outcomes = await client.projects.wait_all(ids, after=after, interval=2, start_grace=30)
        assert ids == [outcome.project_id for outcome in outcomes]
        expected = {
            TruthKind.RENDERED: {RenderStatus.RENDERED},
            TruthKind.FAILED: {RenderStatus.FAILED, RenderStatus.NOT_STARTED},
            TruthKind.NEVER: {RenderStatus.NOT_STARTED},
        }
        wrong = [
            outcome
            for plan, outcome in zip(planned, outcomes, strict=True)
            if outcome.status not in expected[plan.expected]
        ]
        assert wrong == []
        assert busiest_window(simulator.log, 10.0) <= 200

    async def test_one_trouble_does_not_end_the_others(self, world: World, simulator: Simulator) -> None:
        """A missing project is an outcome among others."""
        good = world.add_project(Render(0.0, duration=5.0))
        async with client_of(simulator) as client:
            missing, rendered = await client.projects.wait_all(["unknown", good])
        assert (RenderStatus.MISSING, RenderStatus.RENDERED) == (missing.status, rendered.status)
        assert isinstance(missing.error, errors.NotFoundError)
        assert rendered.ok
        with pytest.raises(errors.NotFoundError):
            missing.raise_for_status()
        rendered.raise_for_status()

    async def test_duplicate_ids_share_one_watch(self, world: World, simulator: Simulator) -> None:
        """An id given several times is watched once and answered as often as it was given."""
        project_id = world.add_project(Render(-10.0, duration=5.0), integer_id=True)
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all([project_id, project_id, str(project_id)])
        assert len(outcomes) == 3
        assert len(simulator.log) == 1

    async def test_no_projects_give_no_outcomes(self, simulator: Simulator) -> None:
        """An empty list is answered at once."""
        async with client_of(simulator) as client:
            assert await client.projects.wait_all([]) == []

    async def test_a_text_is_not_a_list_of_ids(self, simulator: Simulator) -> None:
        """Forgetting the brackets does not watch single letters."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match="pass a list"):
                await client.projects.wait_all("abc")

    async def test_outcomes_come_in_finish_order(self, world: World, simulator: Simulator) -> None:
        """``watch`` hands out each outcome when it happens."""
        slow, quick, middle = (world.add_project(Render(0.0, duration=d)) for d in (300.0, 20.0, 100.0))
        async with client_of(simulator) as client, client.projects.watch([slow, quick, middle]) as watch:
            order = [outcome.project_id async for outcome in watch]
        assert order == [quick, middle, slow]

    async def test_projects_are_added_while_it_runs(self, world: World, simulator: Simulator) -> None:
        """``add`` is immediate; iteration ends when all that was added is done, and goes on after more is added."""
        first, second, third = (world.add_project(Render(0.0, duration=d)) for d in (10.0, 40.0, 50.0))
        seen = []
        async with client_of(simulator) as client, client.projects.watch([first]) as watch:
            async for outcome in watch:
                seen.append(outcome.project_id)
                if outcome.project_id == first:
                    watch.add(second)
                    watch.add(second)
                    assert watch.pending == (second,)
            assert [first, second] == seen
            watch.add(third)
            assert (await anext(watch)).project_id == third
            with pytest.raises(StopAsyncIteration):
                await anext(watch)
            assert watch.statistics().finished == 3

    async def test_statistics_tell_what_was_done(self, world: World) -> None:
        """A watch tells its own looks and lags, and the client those of all its watches."""
        faults = iter([None, Answer(503)])
        simulator = Simulator(world, faults=lambda _request, _now: next(faults, None))
        ids = [world.add_project(Render(0.0, duration=d)) for d in (15.0, 25.0)]
        never = world.add_project()
        async with client_of(simulator) as client:
            async with client.projects.watch(ids) as watch:
                outcomes = [outcome async for outcome in watch]
                seen = watch.statistics()
            async with client.projects.watch([never]) as other:
                await anext(other)
                whole = client.statistics()
        lags = [outcome.notice_lag for outcome in outcomes]
        assert (0, 2, 1) == (seen.watching, seen.finished, seen.failed_looks)
        assert (pytest.approx(sum(lags) / 2), max(lags)) == (seen.mean_lag, seen.longest_lag)
        assert (0, 3) == (whole.watches.watching, whole.watches.finished)
        assert whole.watches.looks == whole.transport.requests == len(world.log)
        assert whole.watches.longest_lag == seen.longest_lag
        assert whole.http.received > 0

    async def test_several_consumers_share_the_outcomes(self, world: World, simulator: Simulator) -> None:
        """Two tasks may iterate over one watch; each outcome goes to one of them, and both end."""
        ids = [world.add_project(Render(0.0, duration=10.0 + number)) for number in range(10)]
        seen: list[Any] = []

        async def consume(watch: Any) -> None:
            seen.extend([outcome.project_id async for outcome in watch])

        async with (
            client_of(simulator) as client,
            client.projects.watch(ids) as watch,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(consume, watch)
            tasks.start_soon(consume, watch)
        assert sorted(ids) == sorted(seen)

    async def test_an_outcome_tells_how_it_came_about(self, world: World, simulator: Simulator) -> None:
        """Polls, seconds waited and the longest unnoticed time are those of this watch."""
        project_id = world.add_project(Render(0.0, duration=35.0))
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all([project_id], interval=10)
        assert outcome.polls == len(simulator.log)
        assert outcome.waited == pytest.approx(simulator.now(), abs=0.2)
        assert simulator.now() - 35.0 <= outcome.notice_lag <= 15.2
        assert outcome.to_dict()["status"] == "rendered"
        assert outcome.to_dict()["video_url"] == outcome.project.video_url

    async def test_a_batch_does_not_stay_in_step(self, world: World, simulator: Simulator) -> None:
        """300 watches that were added together spread their looks over the interval."""
        ids = [world.add_project(Render(0.0, duration=1000.0)) for _ in range(300)]
        async with client_of(simulator) as client:
            await client.projects.wait_all(ids, interval=10, max_wait=100)
        late = [entry for entry in simulator.log if 30.0 <= entry.at < 90.0]
        assert busiest_window(late, 1.0) <= 3 * 30

    async def test_a_short_budget_stretches_all_intervals_alike(self, world: World, simulator: Simulator) -> None:
        """When the budget binds no watch starves: each gets about the same number of looks."""
        ids = [world.add_project(Render(0.0, duration=10_000.0)) for _ in range(50)]
        async with client_of(simulator, limiter=RateLimiter(50, 10.0, 1)) as client:
            outcomes = await client.projects.wait_all(ids, interval=1, max_wait=200)
        polls = [outcome.polls for outcome in outcomes]
        assert 18 <= min(polls) <= max(polls) <= min(polls) + 2

    async def test_two_waits_for_one_project_share_its_looks(self, world: World, simulator: Simulator) -> None:
        """Several waits in one client cost about what one costs, and one that is cancelled disturbs no other."""
        project_id = world.add_project(Render(0.0, duration=300.0))
        finished: list[Any] = []

        async def wait(client: Any, after: float) -> None:
            await anyio.sleep(after)
            finished.append(await client.projects.wait(project_id))

        async with client_of(simulator) as client, anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(wait, client, number * 0.7)
            with anyio.move_on_after(50.0):
                await client.projects.wait(project_id)
        assert len(finished) == 10
        assert len(simulator.log) <= 2 * 300 / 10 + 11

    async def test_a_look_that_was_sent_before_a_watch_began_does_not_count_for_it(
        self, world: World, simulator: Simulator
    ) -> None:
        """A later watch gets an answer to a question that was asked after it began."""
        simulator.latency = 4.0
        project_id = world.add_project(Render(0.0, duration=100.0))
        async with client_of(simulator) as client, client.projects.watch([project_id]) as early:
            await anyio.sleep(1.0)
            async with client.projects.watch([project_id]) as late:
                outcome = await anext(late)
            await anext(early)
        assert outcome.ok
        assert 2 <= len(simulator.log)

    async def test_leaving_the_block_ends_all_watches(self, world: World, simulator: Simulator) -> None:
        """After the block nothing is sent any more, and the watch says that it is over."""
        ids = [world.add_project(Render(0.0, duration=100.0)) for _ in range(50)]
        async with client_of(simulator) as client:
            async with client.projects.watch(ids) as watch:
                await anyio.sleep(0.05)
            sent = client.statistics().transport.requests
            await anyio.sleep(60)
            assert sent == client.statistics().transport.requests
            assert watch.pending == ()
            with pytest.raises(errors.PictoryConfigError, match="not running"):
                watch.add("another")
            with pytest.raises(errors.PictoryConfigError, match="used before"):
                async with watch:
                    raise AssertionError

    async def test_an_error_in_the_body_passes_as_it_is(self, world: World, simulator: Simulator) -> None:
        """An exception of the user's own is not wrapped in a group."""
        project_id = world.add_project(Render(0.0, duration=100.0))

        async def fail(client: Any) -> None:
            async with client.projects.watch([project_id]):
                await anyio.sleep(0.05)
                raise KeyError

        async with client_of(simulator) as client:
            with pytest.raises(KeyError):
                await fail(client)

    async def test_a_watch_is_not_usable_before_its_block(self, simulator: Simulator) -> None:
        """``add`` needs the running task group."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match="not running"):
                client.projects.watch([]).add("a")

    async def test_using_a_closed_client_is_one_clear_error(self, world: World, simulator: Simulator) -> None:
        """A wait on a closed client raises the error itself, not a group of it."""
        client = client_of(simulator)
        await client.aclose()
        await client.aclose()
        with pytest.raises(errors.PictoryConfigError, match="closed"):
            await client.projects.wait(world.add_project())

    async def test_a_server_that_says_wait_is_obeyed_by_all(self, world: World) -> None:
        """A 429 with ``Retry-After`` pauses the whole client for that long."""
        ids = [world.add_project(Render(0.0, duration=5.0)) for _ in range(20)]
        simulator = Simulator(world, latency=0.1, faults=Script(Answer(429, {"retry-after": "30"})))
        async with client_of(simulator, limiter=RateLimiter(100, 10.0, 1)) as client:
            outcomes = await client.projects.wait_all(ids)
        assert all(outcome.ok for outcome in outcomes)
        assert not [entry for entry in simulator.log if 1.5 < entry.at < 30.0]


async def test_native_cancellation_leaves_nothing(world: World, simulator: Simulator, anyio_backend_name: str) -> None:
    """``Task.cancel`` of asyncio, and cancelling twice, ends a wait as cleanly as a cancel scope does."""
    if anyio_backend_name != "asyncio":
        pytest.skip("native task cancellation exists on asyncio only")
    project_id = world.add_project(Render(0.0, duration=100.0))
    simulator.latency = 30.0
    async with client_of(simulator) as client:
        task = asyncio.create_task(client.projects.wait(project_id))
        await wait_all_tasks_blocked()
        task.cancel()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        statistics = client.statistics()
        assert (0, 0) == (statistics.http.busy, statistics.limiter.waiting)


async def test_an_outcome_is_a_value() -> None:
    """Outcomes compare by value and are small enough to print."""
    outcome = RenderOutcome(project_id="a", status=RenderStatus.RENDERED)
    assert outcome == RenderOutcome(project_id="a", status=RenderStatus.RENDERED)
    assert outcome.to_dict()["error"] is None
