"""A watch that serves an app: it stays open, is added to at any time, and tells many readers what happens."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from pictory_async import RenderHandle, RenderPoller, RenderStatus, WatchEventKind, errors
from pictory_async.models import Job, Project
from pictory_async.testing import Answer, Render, Simulator, Stall, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import TaskGroup

    from pictory_async import AsyncPictory, WatchEvent

pytestmark = [pytest.mark.anyio, virtual_time]

KIND = WatchEventKind


@pytest.fixture
def world() -> World:
    """An account whose renders take 60 seconds, and start at once."""
    return World(render_seconds=(60.0, 60.0), queue_seconds=(0.0, 0.0))


def project(world: World, seconds: float = 60.0) -> Any:
    """A project whose render takes so long."""
    return world.add_project(Render(0.0, duration=seconds))


async def some(events: AsyncIterator[WatchEvent], count: int) -> list[WatchEvent]:
    """The next events."""
    return [await anext(events) for _ in range(count)]


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
            events = [event.project_id for event in await some(watch.subscribe(), 5)]
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
            for call in (watch.remove, watch.snapshot):
                if wanted == "a/../b":
                    assert not call(wanted)
                else:
                    with pytest.raises(errors.PictoryConfigError, match="project id"):
                        call(wanted)

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


async def cancelled() -> None:
    """Await a future that somebody has cancelled."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


class CancelledTransport(httpx.AsyncBaseTransport):
    """A transport whose helper was cancelled."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await cancelled()
        raise AssertionError


@pytest.mark.parametrize("call", ["wait", "wait_all", "get", "render"])
async def test_a_transport_that_awaits_what_was_cancelled_has_failed(
    world: World, call: str, anyio_backend_name: str
) -> None:
    """No call ends as if somebody had cancelled it, and no wait without an outcome."""
    if anyio_backend_name == "trio":
        pytest.skip("only asyncio has cancelled futures")
    async with client_of(Simulator(world), http=CancelledTransport(), unreachable_after=20.0) as client:
        if call == "wait_all":
            (outcome,) = await client.projects.wait_all(["p"])
            assert isinstance(outcome.error, errors.ConnectionFailedError)
        else:
            with pytest.raises(errors.ConnectionFailedError):
                await getattr(client.projects, call)("p")


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


class TestIdsThatArrive:
    """``ids`` may be an async iterable."""

    async def test_they_are_watched_as_they_come(self, world: World) -> None:
        """The iteration goes on until the source has ended and everything has its outcome."""
        ids = [project(world) for _ in range(3)]

        async def arriving() -> AsyncIterator[Any]:
            for one in ids:
                yield one
                await anyio.sleep(500.0)

        async with client_of(Simulator(world)) as client, client.projects.watch(arriving()) as watch:
            assert ids == [outcome.project_id async for outcome in watch]

    async def test_the_source_waits_for_room(self, world: World) -> None:
        """No more than a thousand ids are taken ahead of what was read."""
        taken = 0

        async def endless() -> AsyncIterator[Any]:
            nonlocal taken
            while True:
                taken += 1
                yield f"never-{taken}"

        simulator = Simulator(world, faults=lambda _request, _now: Stall())
        async with client_of(simulator, timeout=None) as client, client.projects.watch(endless()) as watch:
            await anyio.sleep(100.0)
            assert 1000 == taken == len(watch.pending)
            watch.remove("never-1")
            await anyio.sleep(1.0)
            assert 1001 == taken

    async def test_unread_outcomes_count(self, world: World) -> None:
        """A reader that is slow holds the source back too; in an open watch that nobody reads, nothing is unread."""
        ids = [world.add_project(earlier_video=-100.0) for _ in range(1200)]
        for keep_open, expected in ((False, 1000), (True, 1200)):
            taken: list[Any] = []

            async def arriving(taken: list[Any] = taken) -> AsyncIterator[Any]:
                for one in ids:
                    taken.append(one)
                    yield one

            async with (
                client_of(Simulator(world)) as client,
                client.projects.watch(arriving(), keep_open=keep_open) as watch,
            ):
                await anyio.sleep(100.0)
                assert expected == len(taken)
                if not keep_open:
                    assert 1200 == len([outcome async for outcome in watch])

    @pytest.mark.parametrize("failure", ["source", "id"])
    async def test_its_failure_is_raised_when_the_block_ends(self, world: World, failure: str) -> None:
        """What was taken until then gets its outcome first."""
        one = project(world)
        closed = False

        async def arriving() -> AsyncIterator[Any]:
            nonlocal closed
            try:
                yield one
                if failure == "source":
                    raise ValueError("no more ids")
                yield 1.5
                raise AssertionError
            finally:
                closed = True

        found: list[Any] = []
        expected = ValueError if failure == "source" else errors.PictoryConfigError

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(arriving()) as watch:
                found.extend([outcome.project_id async for outcome in watch])
                assert closed

        async with client_of(Simulator(world)) as client:
            with pytest.raises(expected):
                await use(client)
        assert [one] == found

    async def test_closing_ends_the_source(self, world: World) -> None:
        """After ``close`` nothing is taken from it, and nothing is watched any more."""
        taken = []

        async def arriving() -> AsyncIterator[Any]:
            for number in range(5):
                taken.append(number)
                yield project(world, 1e6)
                await anyio.sleep(10.0)

        async with client_of(Simulator(world)) as client:
            async with client.projects.watch(arriving(), keep_open=True) as watch:
                await anyio.sleep(15.0)
                watch.close()
                assert [] == [outcome async for outcome in watch]
                await anyio.sleep(100.0)
            assert [0, 1] == taken
            assert 0 == client.statistics().watches.watching

    async def test_what_is_taken_in_the_moment_of_the_close_is_not_watched(self, world: World) -> None:
        """A source that gives its next id when the watch is closed leaves nothing behind."""
        go = anyio.Event()

        async def arriving() -> AsyncIterator[Any]:
            with anyio.CancelScope(shield=True):
                await go.wait()
            yield project(world, 1e6)

        async with client_of(Simulator(world)) as client:
            async with client.projects.watch(arriving(), keep_open=True) as watch:
                await anyio.sleep(1.0)
                watch.close()
                go.set()
                await anyio.sleep(1.0)
            assert 0 == client.statistics().watches.watching

    async def test_a_source_that_awaits_what_was_cancelled_has_failed(
        self, world: World, anyio_backend_name: str
    ) -> None:
        """Whoever awaits a cancelled future gets a cancellation that nobody asked for: it is an error like others."""
        if anyio_backend_name == "trio":
            pytest.skip("only asyncio has cancelled futures")

        async def arriving() -> AsyncIterator[Any]:
            yield project(world)
            await cancelled()

        found: list[Any] = []

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(arriving()) as watch:
                found.extend([outcome async for outcome in watch])

        async with client_of(Simulator(world)) as client:
            with pytest.raises(RuntimeError, match="source of ids failed: CancelledError"):
                await use(client)
        assert 1 == len(found)

    async def test_the_error_of_the_block_comes_first(self, world: World) -> None:
        """An error of the block is not replaced."""

        async def arriving() -> AsyncIterator[Any]:
            raise ValueError("no more ids")
            yield

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(arriving()):
                await anyio.sleep(1.0)
                raise KeyError

        async with client_of(Simulator(world)) as client:
            with pytest.raises(KeyError):
                await use(client)

    async def test_leaving_the_block_closes_the_source(self, world: World) -> None:
        """A source that waits is cancelled, and can clean up."""
        closed = False

        async def arriving() -> AsyncIterator[Any]:
            nonlocal closed
            try:
                await anyio.sleep_forever()
                yield
            finally:
                closed = True

        async with client_of(Simulator(world)) as client, client.projects.watch(arriving()):
            await anyio.sleep(1.0)
        assert closed

    async def test_each_id_finds_its_date(self, world: World) -> None:
        """A mapping of dates serves ids that arrive, by their text."""
        old = world.add_project(earlier_video=-100.0)

        async def arriving() -> AsyncIterator[Any]:
            yield old

        after = {str(old): world.date(0.0)}
        async with (
            client_of(Simulator(world)) as client,
            client.projects.watch(arriving(), after=after, start_grace=20.0) as watch,
        ):
            (outcome,) = [outcome async for outcome in watch]
        assert RenderStatus.NOT_STARTED is outcome.status

    async def test_an_iterable_class_without_close(self, world: World) -> None:
        """Any async iterable will do, such as a queue's."""

        class Source:
            def __init__(self, *left: Any) -> None:
                self.left = [*left]

            def __aiter__(self) -> Source:
                return self

            async def __anext__(self) -> Any:
                if self.left:
                    return self.left.pop()
                raise StopAsyncIteration

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(Source(1.5)) as watch:
                _ = [outcome async for outcome in watch]

        async with client_of(Simulator(world)) as client:
            with pytest.raises(errors.PictoryConfigError):
                await use(client)
            one = project(world)
            async with client.projects.watch(Source(one)) as watch:
                assert [one] == [outcome.project_id async for outcome in watch]


@pytest.mark.parametrize(
    ("options", "problem"),
    [({"history": 0}, "history must be a whole number"), ({"history": 1.5}, "history"), ({"history": True}, "history")],
)
async def test_options_that_cannot_work(options: dict[str, Any], problem: str) -> None:
    """The error names the option, before anything is sent."""
    async with client_of(Simulator()) as client:
        with pytest.raises(errors.PictoryConfigError, match=problem):
            client.projects.watch(keep_open=True, **options)
