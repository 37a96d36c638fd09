"""Everybody who subscribes to a watch is told all that happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import RenderPoller, RenderStatus, WatchEventKind
from pictory_async.models import Project
from pictory_async.testing import Answer, Render, Simulator, World
from tests._polling import client_of, project, some
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from pictory_async import AsyncPictory

pytestmark = [pytest.mark.anyio, virtual_time]

KIND = WatchEventKind


@pytest.fixture
def world() -> World:
    """An account whose renders take 60 seconds, and start at once."""
    return World(render_seconds=(60.0, 60.0), queue_seconds=(0.0, 0.0))


class TestSubscribers:
    """Everybody gets everything."""

    async def test_all_events_of_a_render(self, world: World) -> None:
        """From the addition over progress to the outcome, each with what is known."""
        one = world.add_project(on_render=[Render(0.0, duration=60.0)], name="Mine")
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            events = watch.subscribe()
            handle = await client.projects.render(one)
            key = watch.add(handle)
            seen = []
            async for event in events:
                seen.append(event)
                if event.kind is KIND.OUTCOME:
                    break
        kinds = [event.kind for event in seen]
        assert KIND.ADDED is kinds[0]
        assert {KIND.PROGRESS} == {*kinds[1:-1]}
        assert all((key, one, handle.job_id) == (event.key, event.project_id, event.job_id) for event in seen)
        assert [False, *[True] * (len(seen) - 2), False] == [event.is_rendering for event in seen]
        progress = [event.progress for event in seen if event.progress is not None]
        assert sorted(progress) == progress
        last = seen[-1]
        assert last.outcome is not None
        assert last.outcome.ok
        assert isinstance(last.project, Project)
        assert "Mine" == last.project.name
        assert json.loads(json.dumps(last.to_dict()))["outcome"]["video_url"]

    async def test_a_change_of_the_project_is_an_event(self, world: World) -> None:
        """What the project shows is told when it changes, and not at every poll."""
        one = world.add_project(Render(30.0, duration=100.0), edits=[55.0])
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            events = watch.subscribe()
            watch.add(one)
            seen, rendering = [], set()
            async for event in events:
                seen.append(event.kind)
                rendering.add(event.is_rendering)
                if event.kind is KIND.OUTCOME:
                    break
        assert [KIND.ADDED, *[KIND.CHANGED] * (len(seen) - 2), KIND.OUTCOME] == seen
        assert {True, False} == rendering
        assert 3 <= len(seen) - 2 <= 5

    async def test_each_subscriber_gets_all_and_begins_with_the_present(self, world: World) -> None:
        """A second tab, opened later, shows the same."""
        ended, running = project(world), project(world, 1e6)
        async with client_of(Simulator(world)) as client, client.projects.watch([running], keep_open=True) as watch:
            first = watch.subscribe()
            watch.add(ended)
            await anyio.sleep(200.0)
            second = watch.subscribe()
            states = {}
            for events in (first, second):
                got = await some(events, 2)
                states[events] = {event.project_id: event.kind for event in got}
            assert {running: KIND.ADDED, ended: KIND.OUTCOME} == states[first] == states[second]

    async def test_what_came_and_went_unseen_is_not_told(self, world: World) -> None:
        """A subscriber that was slow does not hear about the removal of what it never saw."""
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            events = watch.subscribe()
            watch.remove(watch.add(project(world)))
            kept = watch.add(project(world))
            assert kept == (await anext(events)).key

    async def test_a_failed_render_and_progress_in_one_wait(self, world: World) -> None:
        """A slow reader gets the outcome only: it is newer than the progress before it."""
        one = world.add_project(on_render=[Render(0.0, duration=30.0, fails=True)])
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            watch.add(await client.projects.render(one))
            events = watch.subscribe()
            assert KIND.ADDED is (await anext(events)).kind
            await anyio.sleep(100.0)
            event = await anext(events)
            assert event.outcome is not None
            assert (KIND.OUTCOME, RenderStatus.FAILED) == (event.kind, event.outcome.status)
            assert event.to_dict()["outcome"]["error"]

    async def test_events_of_projects_that_cannot_be_read(self, world: World) -> None:
        """Failed polls are no events; the outcome is one."""
        simulator = Simulator(world, faults=lambda _request, _now: Answer(503))
        async with client_of(simulator) as client, client.projects.watch(keep_open=True, max_wait=60.0) as watch:
            events = watch.subscribe()
            watch.add(project(world))
            assert [KIND.ADDED, KIND.OUTCOME] == [event.kind for event in await some(events, 2)]

    async def test_a_failure_of_the_block_ends_subscribers(self, world: World) -> None:
        """A subscriber in another task ends with the watch, however that ends."""

        class Broken:
            def next_poll(self, seen: Any) -> float:
                if seen.polls:
                    raise ValueError("broken")
                return float(seen.now)

        ended = anyio.Event()

        async def read(watch: RenderPoller) -> None:
            _ = [event async for event in watch.subscribe()]
            ended.set()

        async def use(client: AsyncPictory, group: TaskGroup) -> None:
            async with client.projects.watch(keep_open=True, schedule=Broken()) as watch:
                group.start_soon(read, watch)
                await anyio.sleep(1.0)
                watch.add(project(world))
                await anyio.sleep(100.0)

        async with client_of(Simulator(world)) as client, anyio.create_task_group() as group:
            with pytest.raises(ValueError, match="broken"):
                await use(client, group)
            await ended.wait()
