"""Watching many projects at once: outcomes as they come, shared polls, and nothing left of what is given up."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async import RateLimiter, RenderOutcome, RenderPoller, RenderStatus, errors
from pictory_async.testing import (
    Answer,
    Render,
    Simulator,
    TruthKind,
    World,
    busiest_window,
    populate,
)
from tests._polling import Script, client_of
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]


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
            with pytest.raises(errors.PictoryConfigError, match=r"pass \["):
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
        """A watch tells its own polls and lags, and the client those of all its watches."""
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
        lags = [outcome.detection_delay for outcome in outcomes]
        assert (0, 2, 1) == (seen.watching, seen.finished, seen.failed_polls)
        assert (pytest.approx(sum(lags) / 2), max(lags)) == (seen.mean_lag, seen.longest_lag)
        assert (0, 3) == (whole.watches.watching, whole.watches.finished)
        assert whole.watches.polls == whole.transport.requests == len(world.log)
        assert whole.watches.longest_lag == seen.longest_lag
        assert whole.http.received > 0

    async def test_an_unusable_response_is_one_failed_poll_however_many_wait_for_it(self, world: World) -> None:
        """More polls never fail than are sent."""
        project_id = world.add_project(Render(0.0, duration=15.0))
        faults = iter([Answer(200, {"content-type": "application/json"}, b'{"projectId": 7}')])
        simulator = Simulator(world, faults=lambda _request, _now: next(faults, None))
        async with client_of(simulator) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(client.projects.wait, project_id)
            seen = client.statistics().watches
        assert (3, 1) == (seen.finished, seen.failed_polls)
        assert seen.polls == client.statistics().transport.requests, (seen, world.log)

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

    async def test_a_consumer_outside_the_block_ends_with_it(self, world: World, simulator: Simulator) -> None:
        """Who still waits for an outcome when the block is left has no more of them to wait for."""
        project_id = world.add_project(Render(0.0, duration=1000.0))
        seen: list[list[RenderOutcome]] = []

        async def consume(watch: RenderPoller) -> None:
            seen.append([outcome async for outcome in watch])

        async with (
            client_of(simulator) as client,
            anyio.create_task_group() as tasks,
            client.projects.watch([project_id]) as watch,
        ):
            tasks.start_soon(consume, watch)
            await anyio.sleep(1.0)
        assert seen == [[]]

    async def test_an_outcome_tells_how_it_came_about(self, world: World, simulator: Simulator) -> None:
        """Polls, seconds waited and the longest unnoticed time are those of this watch."""
        project_id = world.add_project(Render(0.0, duration=35.0))
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all([project_id], interval=10)
        assert outcome.polls == len(simulator.log)
        assert outcome.waited == pytest.approx(simulator.now(), abs=0.2)
        assert simulator.now() - 35.0 <= outcome.detection_delay <= 15.2
        assert outcome.to_dict()["status"] == "rendered"
        assert outcome.to_dict()["video_url"] == outcome.project.video_url

    async def test_a_batch_does_not_stay_in_step(self, world: World, simulator: Simulator) -> None:
        """300 watches that were added together spread their polls over the interval."""
        ids = [world.add_project(Render(0.0, duration=1000.0)) for _ in range(300)]
        async with client_of(simulator) as client:
            await client.projects.wait_all(ids, interval=10, max_wait=100)
        late = [entry for entry in simulator.log if 30.0 <= entry.at < 90.0]
        assert busiest_window(late, 1.0) <= 3 * 30

    async def test_a_short_budget_stretches_all_intervals_alike(self, world: World, simulator: Simulator) -> None:
        """When the budget binds no watch starves: each gets about the same number of polls."""
        ids = [world.add_project(Render(0.0, duration=10_000.0)) for _ in range(50)]
        async with client_of(simulator, limiter=RateLimiter(50, 10.0, 1)) as client:
            outcomes = await client.projects.wait_all(ids, interval=1, max_wait=200)
        polls = [outcome.polls for outcome in outcomes]
        assert 18 <= min(polls) <= max(polls) <= min(polls) + 2

    async def test_two_waits_for_one_project_share_its_polls(self, world: World, simulator: Simulator) -> None:
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
            with pytest.raises(errors.PictoryConfigError, match="closed"):
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


async def test_an_outcome_tells_what_a_list_of_videos_needs(world: World, simulator: Simulator) -> None:
    """Name, share link and date are in the mapping of an outcome; links and date only if its video is there."""
    done = world.add_project(Render(0.0, duration=5.0), name="Film")
    old = world.add_project(Render(0.0, duration=1e6), name="Old", earlier_video=-60.0)
    async with client_of(simulator) as client:
        found, late, gone = await client.projects.wait_all([done, old, "nope"], max_wait=60)
    video = found.raise_for_status()
    assert video.generated_at is not None
    assert {"name": "Film", "share_url": video.share_video_url, "generated_at": video.generated_at.isoformat()} == {
        key: found.to_dict()[key] for key in ("name", "share_url", "generated_at")
    }
    empty = {"video_url": None, "share_url": None, "generated_at": None}
    for outcome, name in ((late, "Old"), (gone, None)):
        assert empty | {"name": name} == {key: outcome.to_dict()[key] for key in (*empty, "name")}


async def test_an_outcome_is_a_value() -> None:
    """Outcomes compare by value and are small enough to print."""
    outcome = RenderOutcome(project_id="a", status=RenderStatus.RENDERED)
    assert outcome == RenderOutcome(project_id="a", status=RenderStatus.RENDERED)
    assert outcome.to_dict()["error"] is None
