"""A watch that serves an app: it stays open, is added to at any time, and remembers what ended last."""

from __future__ import annotations

import gc
from typing import Any

import anyio
import pytest

from pictory_async import RenderHandle, RenderPoller, RenderStatus, VideoHandle, WatchEventKind, errors
from pictory_async.models import Job, Project
from pictory_async.testing import Render, Simulator, Stall, World
from tests._polling import client_of, project, some
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]

KIND = WatchEventKind


@pytest.fixture
def world() -> World:
    """An account whose renders take 60 seconds, and start at once."""
    return World(render_seconds=(60.0, 60.0), queue_seconds=(0.0, 0.0))


class TestStayingOpen:
    """It ends when it is closed, and not when nothing is pending."""

    async def test_it_waits_for_what_is_added_later(self, world: World) -> None:
        """Iterating continues through times in which nothing is watched."""
        found = []

        async def read(watch: RenderPoller) -> None:
            async for outcome in watch:
                found.append(outcome.project_id)  # noqa: PERF401 - one by one

        first, second = project(world), project(world, 600.0)
        async with (
            client_of(Simulator(world)) as client,
            client.projects.watch(keep_open=True) as watch,
            anyio.create_task_group() as group,
        ):
            group.start_soon(read, watch)
            watch.add(first)
            await anyio.sleep(300.0)
            assert [first] == found
            watch.add(second)
            await anyio.sleep(400.0)
            watch.close()
        assert [first, second] == found

    async def test_closing_ends_polls_and_readers(self, world: World) -> None:
        """After ``close`` nothing is sent, iterations end, and adding is an error."""
        simulator = Simulator(world, faults=lambda _request, _now: Stall())
        async with client_of(simulator) as client, client.projects.watch(keep_open=True) as watch:
            watch.add(project(world))
            events = watch.subscribe()
            await anyio.sleep(1.0)
            watch.close()
            watch.close()
            assert [] == [outcome async for outcome in watch]
            assert () == watch.pending
            assert [KIND.ADDED] == [event.kind async for event in events]
            with pytest.raises(errors.PictoryConfigError, match="closed"):
                watch.add("x")
            with pytest.raises(errors.PictoryConfigError, match="closed"):
                watch.subscribe()
            await anyio.sleep(100.0)
            assert 0 == client.statistics().http.busy
        assert 1 == len(simulator.log)

    async def test_outcomes_before_the_close_are_still_yielded(self, world: World) -> None:
        """A reader that began in time gets everything that happened."""
        first, second = project(world), project(world, 1e6)
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            outcomes = aiter(watch)
            watch.add(first)
            watch.add(second)
            await anyio.sleep(100.0)
            watch.close()
            assert [first] == [outcome.project_id async for outcome in outcomes]

    async def test_each_project_has_its_own_time(self, world: World) -> None:
        """``max_wait`` counts from when a project was added."""
        outcomes = []
        async with (
            client_of(Simulator(world)) as client,
            client.projects.watch(keep_open=True, max_wait=100.0) as watch,
        ):
            reader = aiter(watch)
            await anyio.sleep(500.0)
            watch.add(project(world, 1e6))
            outcomes.append(await anext(reader))
        assert (RenderStatus.TIMED_OUT, 100.0) == (outcomes[0].status, pytest.approx(outcomes[0].waited))

    async def test_readers_split_the_outcomes(self, world: World) -> None:
        """Several iterations over one watch get each outcome once."""
        found: list[list[Any]] = [[], []]

        async def read(watch: RenderPoller, into: list[Any]) -> None:
            into.extend([outcome.project_id async for outcome in watch])

        ids = [project(world) for _ in range(20)]
        async with (
            client_of(Simulator(world)) as client,
            client.projects.watch(keep_open=True) as watch,
            anyio.create_task_group() as group,
        ):
            for into in found:
                group.start_soon(read, watch, into)
            for one in ids:
                watch.add(one)
            await anyio.sleep(200.0)
            watch.close()
        assert sorted(ids) == sorted([*found[0], *found[1]])


class TestMemory:
    """What nobody reads is not kept for ever."""

    async def test_outcomes_are_kept_from_the_first_iteration_on(self, world: World) -> None:
        """An app that only subscribes piles up nothing; one that iterates gets what ends from then on."""
        first, second = project(world), project(world, 300.0)
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            watch.add(first)
            await anyio.sleep(200.0)
            reader = aiter(watch)
            watch.add(second)
            assert second == (await anext(reader)).project_id

    async def test_history_bounds_what_is_unread(self, world: World) -> None:
        """The newest outcomes stay, for iteration, snapshots and new subscribers alike."""
        ids = [project(world) for _ in range(30)]
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True, history=5) as watch:
            reader = aiter(watch)
            keys = [watch.add(one) for one in ids]
            await anyio.sleep(300.0)
            events = [str(event.project_id) for event in await some(watch.subscribe(), 5)]
            known = [one for one, key in zip(ids, keys, strict=True) if watch.snapshot(key) is not None]
            watch.close()
            assert 5 == len([outcome async for outcome in reader]) == len(known)
            assert sorted(known) == sorted(events)

    async def test_a_subscriber_that_is_gone_costs_nothing(self, world: World) -> None:
        """Whoever stops reading is forgotten, without being told to say goodbye."""
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            events = watch.subscribe()
            watch.add(project(world))
            del events
            gc.collect()
            assert not watch._scheduler.broadcast._subscribers

    async def test_a_slow_subscriber_holds_one_event_for_each_project(self, world: World) -> None:
        """However long it does not read: what it gets then is the newest state of each project."""
        ids = [project(world, 5000.0) for _ in range(4)]
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True, history=2) as watch:
            events = watch.subscribe()
            for one in ids:
                watch.add(one)
            for number in range(20):
                watch.add(project(world, 50.0))
                await anyio.sleep(100.0)
                assert len(events._waiting) <= 4 + 2 + 1, number
            assert len(events._known) <= 4 + 2 + 1


class TestKeys:
    """``add`` returns a key; ``remove`` and ``snapshot`` take it, a handle, or an id."""

    async def test_a_key_is_of_one_watch(self, world: World) -> None:
        """Adding the same thing again returns the same key; another watch of the project has another one."""
        one = project(world)
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            key, again, other = watch.add(one), watch.add(one), watch.add(one, after=world.date(10.0))
            assert key == again
            assert hash(key) == hash(again)
            assert key != other
            assert key != "x"
            assert (one, None) == (key.project_id, key.job_id)
            assert f"WatchKey(project_id={one!r}, job_id=None)" == repr(key)

    async def test_a_removed_watch_has_no_outcome(self, world: World) -> None:
        """Its polls end at once, others go on, and subscribers are told."""
        first, second = project(world), project(world)
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            reader, events = aiter(watch), watch.subscribe()
            key = watch.add(first)
            watch.add(second)
            await some(events, 2)
            assert watch.remove(key)
            assert not watch.remove(key)
            event = await anext(events)
            assert (KIND.REMOVED, key) == (event.kind, event.key)
            assert (second,) == watch.pending
            await anyio.sleep(200.0)
            watch.close()
            assert [second] == [outcome.project_id async for outcome in reader]

    async def test_an_unread_outcome_is_removed_too(self, world: World) -> None:
        """What was removed is not yielded, even if it had ended already."""
        one = project(world)
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            reader = aiter(watch)
            watch.add(one)
            await anyio.sleep(200.0)
            assert watch.snapshot(one) is not None
            assert watch.remove(one)
            assert watch.snapshot(one) is None
            watch.close()
            assert [] == [outcome async for outcome in reader]

    async def test_an_id_means_every_watch_of_the_project(self, world: World) -> None:
        """Watches of the id with different dates, and of a handle, are all removed; of an integer id by its text."""
        number = world.add_project(Render(0.0, duration=1e6), project_id=1762768083800)
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            watch.add(number)
            watch.add(number, after=world.date(10.0))
            watch.add(RenderHandle(project_id=number, job_id="j"))
            other = watch.add(project(world))
            assert watch.remove(str(number))
            assert (other.project_id,) == watch.pending

    async def test_a_handle_means_its_own_watch(self, world: World) -> None:
        """Another watch of the same project stays."""
        one = world.add_project()
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            handle = await client.projects.render(one)
            watch.add(handle)
            watch.add(one)
            assert watch.remove(handle)
            assert (one,) == watch.pending

    async def test_a_shared_poll_goes_on_for_the_others(self, world: World) -> None:
        """Removing the watch that sent a poll leaves the one that shares it with its response, or a new poll."""
        one = project(world)
        async with client_of(Simulator(world, latency=2.0)) as client, client.projects.watch(keep_open=True) as watch:
            key = watch.add(one)
            async with client.projects.watch([one]) as other:
                await anyio.sleep(1.0)
                assert watch.remove(key)
                assert RenderStatus.RENDERED is (await anext(other)).status

    async def test_a_key_of_another_watch_is_nothing(self, world: World) -> None:
        """A key belongs to the watch that made it."""
        async with (
            client_of(Simulator(world)) as client,
            client.projects.watch(keep_open=True) as watch,
            client.projects.watch(keep_open=True) as other,
        ):
            key = other.add(project(world))
            assert not watch.remove(key)
            assert watch.snapshot(key) is None

    @pytest.mark.parametrize("wanted", [None, 1.5, "a/../b", b"x"])
    async def test_what_is_no_key_is_refused(self, world: World, wanted: Any) -> None:
        """The error says what can be passed."""
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            for call in (watch.remove, watch.snapshot, watch.hint):
                if wanted == "a/../b":
                    assert not call(wanted)
                else:
                    with pytest.raises(errors.PictoryConfigError, match="the id of a project or a job"):
                        call(wanted)

    async def test_names_of_what_has_no_project(self, world: World) -> None:
        """A video is named by its job, with ``job:`` or without; a project may be called so too."""
        render = "job-1"
        async with client_of(Simulator(world)) as client, client.projects.watch(keep_open=True) as watch:
            watch.add(VideoHandle(job_id=render))
            watch.add("job:7")
            assert not watch.remove("None")
            assert not watch.remove("job:8")
            assert watch.remove("job:7")
            assert ("job:job-1",) == watch.pending
            assert watch.remove("job:job-1")
            watch.add(VideoHandle(job_id=render))
            assert watch.remove(render)
            for nothing in ("", " ", "x" * 5000):
                with pytest.raises(errors.PictoryConfigError):
                    watch.remove(nothing)
                assert not watch.hint(nothing)

    async def test_the_normal_watch_has_them_too(self, world: World) -> None:
        """Without ``keep_open``, the iteration ends when what was not removed has ended."""
        first, second = project(world), project(world, 1e6)
        async with client_of(Simulator(world)) as client, client.projects.watch([first]) as watch:
            key = watch.add(second)
            await anyio.sleep(1.0)
            assert isinstance(watch.snapshot(key), Project)
            watch.remove(key)
            assert [first] == [outcome.project_id async for outcome in watch]
            assert watch.snapshot(first) is None  # it was yielded

    async def test_removing_the_last_one_ends_a_waiting_iteration(self, world: World) -> None:
        """A reader does not wait for what will never come."""
        async with (
            client_of(Simulator(world)) as client,
            client.projects.watch() as watch,
            anyio.create_task_group() as group,
        ):
            key = watch.add(project(world, 1e6))
            group.start_soon(_read, watch, [])
            await anyio.sleep(1.0)
            watch.remove(key)


async def _read(watch: RenderPoller, into: list[Any]) -> None:
    into.extend([outcome async for outcome in watch])


class TestSnapshots:
    """The last state, without a request."""

    async def test_it_follows_the_render(self, world: World) -> None:
        """First nothing, then the job with its progress, then the rendered project, and nothing is sent for it."""
        one = world.add_project(on_render=[Render(0.0, duration=60.0)])
        simulator = Simulator(world)
        async with client_of(simulator) as client, client.projects.watch(keep_open=True) as watch:
            handle = await client.projects.render(one)
            watch.add(handle)
            assert watch.snapshot(one) is None
            await anyio.sleep(15.0)
            before = len(simulator.log)
            job = watch.snapshot(handle)
            assert isinstance(job, Job)
            assert handle.job_id == job.id
            await anyio.sleep(100.0)
            sent = len(simulator.log)
            found = watch.snapshot(one)
            assert isinstance(found, Project)
            assert found.is_rendered
            assert before < sent == len(simulator.log)


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"history": 0}, "history must be a whole number"), ({"history": 1.5}, "history"), ({"history": True}, "history")],
)
async def test_options_that_cannot_work(options: dict[str, Any], problem: str) -> None:
    """The error names the option, before anything is sent."""
    async with client_of(Simulator()) as client:
        with pytest.raises(errors.PictoryConfigError, match=problem):
            client.projects.watch(keep_open=True, **options)
