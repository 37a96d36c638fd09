"""A hint brings the next poll forward, once, and starves nobody."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import FairSchedule, RateLimiter, RenderHandle, VideoHandle, errors
from pictory_async._polling.due import DueQueue
from pictory_async.testing import Answer, JobList, Render, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async import RenderPoller
    from pictory_async._polling.watch import Watch
    from pictory_async.testing import SimRequest

pytestmark = pytest.mark.anyio
once = pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)


def rendering(count: int = 1, seconds: float = 100.0) -> tuple[World, list[RenderHandle]]:
    """An account with renders, and their handles."""
    world = World()
    for _ in range(count):
        world.add_project(Render(0.0, duration=seconds))
    return world, [RenderHandle(project_id=project.id, job_id=render.job_id) for project, render in world.jobs]


@virtual_time
@pytest.mark.parametrize("which", ["key", "handle", "project", "job", "client"])
async def test_a_hint_ends_the_wait_at_once(which: str) -> None:
    """By whatever name it is called; without it, the next poll comes after minutes."""
    world, [handle] = rendering()
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client, client.projects.watch(interval=1000, max_wait=None) as watch:
        names = {"key": watch.add(handle), "handle": handle, "project": handle.project_id, "job": handle.job_id}
        hint = client.jobs.hint if which == "client" else watch.hint
        await anyio.sleep(100.5)
        assert hint(names.get(which, handle.job_id))
        outcome = await anext(watch)
    assert outcome.ok
    assert outcome.waited < 102.0
    assert len(simulator.log) < 5


@virtual_time
async def test_what_is_not_watched_is_ignored() -> None:
    """Ids of others, of what has ended, and of a watch that is closed: nothing is sent, and nothing is raised."""
    world, [handle] = rendering()
    simulator = Simulator(world)
    async with client_of(simulator) as client, client.projects.watch() as watch:
        key = watch.add(handle)
        assert (await anext(watch)).ok
        polls = len(simulator.log)
        lost = (RenderHandle(project_id="other"), VideoHandle(None, "x"))
        assert not any(watch.hint(one) for one in (key, handle, "unknown", 7, handle.project_id, *lost))
        assert not watch.hint(handle)
        assert not client.jobs.hint(handle.job_id)
        assert not client.jobs.hint("unknown")
        await anyio.sleep(100.0)
    assert polls == len(simulator.log)


@virtual_time
@pytest.mark.parametrize("what", [[], {}, None, 1.5, b"job"])
async def test_what_is_no_id_is_an_error(what: Any) -> None:
    """It says what a hint takes."""
    async with client_of(Simulator(World())) as client, client.projects.watch() as watch:
        with pytest.raises(errors.PictoryConfigError, match="takes a key of this watch, a handle, or the id of"):
            watch.hint(what)
        with pytest.raises(errors.PictoryConfigError, match="takes the id of a job, which is a text, not "):
            client.jobs.hint(what)


@virtual_time
async def test_a_hint_costs_one_poll() -> None:
    """A false one is followed by one poll, and then by the usual ones; twice the same at once is one hint."""
    world, [handle] = rendering(seconds=500.0)
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client, client.projects.watch([handle], interval=1000, max_wait=None) as watch:
        await anyio.sleep(50.0)
        for _ in range(3):
            watch.hint(handle)
            watch.hint(handle)
            await anyio.sleep(10.0)
    assert [0, 50, 60, 70] == [round(entry.at) for entry in simulator.log]


@virtual_time
async def test_a_hint_during_a_poll_is_followed_by_another() -> None:
    """The response of the first may be older than what happened."""
    world, [handle] = rendering(seconds=3.0)
    simulator = Simulator(world, latency=8.0)
    async with client_of(simulator) as client, client.projects.watch([handle], interval=1000) as watch:
        await anyio.sleep(5.0)  # the first poll has been answered by the server, before the end
        watch.hint(handle)
        assert (await anext(watch)).waited < 30.0


@virtual_time
@pytest.mark.parametrize("has_loop", [False, True])
async def test_a_hint_of_another_thread_is_refused_and_changes_nothing(has_loop: bool) -> None:
    """Also if that thread has an event loop of its own: it could not wake the one that waits."""
    world, [handle] = rendering(seconds=500.0)
    simulator = Simulator(world, latency=0.1)
    refused: list[str] = []

    def hint() -> None:
        for call, name in ((client.jobs.hint, str(handle.job_id)), (watch.hint, handle.project_id)):
            with pytest.raises(errors.PictoryConfigError, match="call_soon_threadsafe") as caught:
                call(str(name))
            refused.append(str(caught.value))

    async def in_a_loop() -> None:
        hint()

    async with client_of(simulator) as client, client.projects.watch([handle], interval=1000, max_wait=None) as watch:
        await anyio.sleep(50.0)
        thread = threading.Thread(target=(lambda: asyncio.run(in_a_loop())) if has_loop else hint)
        thread.start()
        thread.join()
        await anyio.sleep(50.0)
    assert 2 == len(refused)
    assert 1 == len(simulator.log)


@pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)
async def test_a_callback_of_the_event_loop_may_hint() -> None:
    """As the refusal advises: a callback is in no task, where anyio works with nothing."""
    world, [handle] = rendering()
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client, client.projects.watch([handle], interval=1000, max_wait=None) as watch:
        await anyio.sleep(100.5)
        asyncio.get_running_loop().call_soon_threadsafe(client.jobs.hint, handle.job_id)
        assert (await anext(watch)).waited < 102.0


async def flood(watch: RenderPoller, handles: list[Any], seconds: float, every: float = 0.5) -> None:
    """Hint at the same renders again and again."""
    with anyio.move_on_after(seconds):
        while True:
            for handle in handles:
                watch.hint(handle)
            await anyio.sleep(every)


@virtual_time
async def test_a_flood_of_hints_leaves_others_their_polls() -> None:
    """Half of the polls, if they want them."""
    world, handles = rendering(40, 1000.0)
    world.job_list = JobList(shows="no status")  # so that each is polled
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator, limiter=RateLimiter(60, 60.0, 1)) as client:
        async with client.projects.watch(handles, max_wait=None, schedule=FairSchedule()) as watch:
            await anyio.sleep(60.0)
            before = len(simulator.log)
            await flood(watch, handles[:10], 200.0)
        polls = Counter(entry.path.split("/")[-1] for entry in simulator.log[before:] if "/jobs/" in entry.path)
    quiet = [polls[handle.job_id or ""] for handle in handles[10:]]
    assert min(quiet) >= 2
    assert sum(quiet) >= 0.45 * polls.total()


@once
async def test_a_render_that_is_hinted_at_again_and_again_keeps_its_turn() -> None:
    """While others are hinted at too, more than the budget can serve: a hint never makes a poll later."""
    world, handles = rendering(60, 1000.0)
    world.job_list = JobList(shows="no status")  # so that each is polled
    simulator = Simulator(world, latency=0.1)
    limiter = RateLimiter(60, 60.0, 1)
    async with client_of(simulator, limiter=limiter) as client, client.projects.watch(handles, max_wait=None) as watch:
        for second in range(300):
            watch.hint(handles[7])
            for one in range(3):
                watch.hint(handles[(3 * second + one) % 60])
            await anyio.sleep(1.0)
    for handle in handles:
        times = [entry.at for entry in simulator.log if entry.path.endswith(str(handle.job_id))]
        assert max(later - earlier for earlier, later in pairwise([*times, 300.0])) < 130.0  # two rounds


async def delays_of(*, hints: bool) -> list[float]:
    """How late each of many renders is found, with a poll of its job and one of its project."""
    world = World(page_size=10)
    for number in range(100):
        world.add_project(Render(0.0, duration=60.0 + number))
    simulator = Simulator(world, latency=0.1)
    handles = [RenderHandle(project_id=project.id, job_id=render.job_id) for project, render in world.jobs]
    ends = {str(render.job_id): render.ends_at for _, render in world.jobs}
    delays: list[float] = []
    async with client_of(simulator, limiter=RateLimiter(300, 60.0, 1)) as client, anyio.create_task_group() as tasks:
        async with client.projects.watch(handles, max_wait=None) as watch:
            if hints:
                tasks.start_soon(flood, watch, handles, 1000.0, 10.0)
            delays = [simulator.now() - ends[str(outcome.job_id)] async for outcome in watch]
        tasks.cancel_scope.cancel()
    return delays


@once
async def test_a_flood_of_hints_at_everything_lets_what_is_known_go_first() -> None:
    """The list says which renders have ended, and they go before those that somebody only hinted at."""
    quiet = await delays_of(hints=False)
    delays = await delays_of(hints=True)
    assert 100 == len(delays)
    # The job and the project each wait behind what is in flight: two polls for each slot, five a second.
    assert max(delays) <= max(quiet) + 2.2 * 48.0 / 5.0


async def during_an_outage(count: int, interval: float, *, hints: bool) -> int:
    """Watch renders while the API is down for 940 seconds, and return how many requests are sent in that time."""
    world, handles = rendering(count, 5000.0)
    world.job_list = JobList(shows="no status")
    simulator = Simulator(world, latency=0.1, faults=lambda _, now: Answer(500) if now >= 50.0 else None)
    async with (
        client_of(simulator) as client,
        client.projects.watch(handles, interval=interval, max_wait=None) as watch,
    ):
        await anyio.sleep(60.0)
        before = len(simulator.log)
        await (flood(watch, handles, 940.0, 5.0) if hints else anyio.sleep(940.0))
        return len(simulator.log) - before


@once
@pytest.mark.parametrize(("count", "interval"), [(1, 5.0), (1, 1000.0), (20, 1000.0)])
async def test_a_flood_of_hints_in_an_outage_sends_hardly_a_request_more(count: int, interval: float) -> None:
    """Each is polled, and once more. From then on, all hints bring one poll forward at a time, after up to a minute."""
    random.seed(count)
    without = await during_an_outage(count, interval, hints=False)
    assert await during_an_outage(count, interval, hints=True) <= 1.15 * without + 2 * count + 60


@virtual_time
@pytest.mark.parametrize("count", [1, 4])
async def test_hints_of_an_outage_are_used_when_the_api_responds_again(count: int) -> None:
    """One is polled early, and its response lets the others go: without them, each would be polled after minutes."""
    world, handles = rendering(count)
    faults = {"from": 90.0, "to": 400.0}
    simulator = Simulator(
        world, latency=0.1, faults=lambda _, now: Answer(500) if faults["from"] <= now < faults["to"] else None
    )
    async with (
        client_of(simulator) as client,
        client.projects.watch(handles, interval=3000, sweep_interval=9000, max_wait=None) as watch,
    ):
        for second in (95.0, 200.0, 300.0):
            await anyio.sleep(second - simulator.now())
            for handle in handles:
                watch.hint(handle)
        outcomes = [outcome async for outcome in watch]
    assert count == len(outcomes)
    assert max(outcome.waited for outcome in outcomes) < 400.0 + 62.0
    assert len(simulator.log) < 9 * count + 20


@once
@pytest.mark.parametrize("hinted_at", [101.0, 107.0])
async def test_a_hint_whose_own_poll_fails_is_kept(hinted_at: float) -> None:
    """It is the first to notice an outage, or came while that first poll was in flight: the end is noticed soon."""
    world, handles = rendering(2)
    latency = 10.0 if hinted_at > 101.0 else 0.1
    simulator = Simulator(
        world,
        latency=lambda _, now: latency if now < 110.0 else 0.1,
        faults=lambda _, now: Answer(503) if 99.0 <= now < 200.0 else None,
    )
    async with client_of(simulator) as client, client.projects.watch(handles, interval=3000, max_wait=None) as watch:
        await anyio.sleep(101.0)
        watch.hint(handles[0])
        await anyio.sleep(hinted_at - 101.0)
        watch.hint(handles[0])
        assert (await anext(watch)).waited < 262.0
    assert len(simulator.log) < 20


@once
async def test_a_hint_in_flight_is_kept_if_its_own_poll_fails() -> None:
    """The poll in flight succeeds, and the one after it fails as often as a hint is tried: the end is noticed soon."""
    world, handles = rendering(2)
    polls: list[float] = []

    def fault(request: SimRequest, now: float) -> Answer | None:
        if now > 101.0 and request.path.endswith((str(handles[0].job_id), str(handles[0].project_id))):
            polls.append(now)
            return Answer(500) if len(polls) < 4 else None
        return None

    simulator = Simulator(world, latency=lambda _, now: 5.0 if 96.0 < now < 101.0 else 0.1, faults=fault)
    async with (
        client_of(simulator) as client,
        client.projects.watch(handles, interval=900, max_wait=None, schedule=FairSchedule()) as watch,
    ):
        await anyio.sleep(97.0)
        watch.hint(handles[0])  # its poll is answered at 102
        await anyio.sleep(4.0)
        watch.hint(handles[0])
        outcome = await anext(watch)
    assert outcome.waited < 130.0, polls


@once
async def test_a_hint_at_what_always_fails_costs_a_few_polls() -> None:
    """Others succeed, so it is not tried again for ever; a new hint begins anew."""
    world, handles = rendering(10, 9000.0)
    bad = {str(handles[0].job_id), str(handles[0].project_id)}
    simulator = Simulator(
        world, latency=0.1, faults=lambda request, _: Answer(500) if request.path.split("/")[-1] in bad else None
    )
    async with (
        client_of(simulator) as client,
        client.projects.watch(handles, interval=3000, sweep_interval=9000, max_wait=None) as watch,
    ):
        await anyio.sleep(100.0)
        for _ in range(2):
            before = len(simulator.log)
            watch.hint(handles[0])
            for number in range(600):
                await anyio.sleep(1.0)
                watch.hint(handles[1 + number % 9])
            assert 2 <= sum(one.path.split("/")[-1] in bad for one in simulator.log[before:]) < 10


@virtual_time
async def test_a_watch_that_is_removed_passes_its_turn_on() -> None:
    """In an outage, another hinted watch is polled early in its place."""
    world, handles = rendering(2)
    simulator = Simulator(world, latency=0.1, faults=lambda _, now: Answer(500) if 90.0 <= now < 120.0 else None)
    async with client_of(simulator) as client, client.projects.watch(handles, interval=3000, max_wait=None) as watch:
        await anyio.sleep(95.0)
        watch.hint(handles[0])
        await anyio.sleep(3.0)  # it has failed twice
        for handle in handles:
            watch.hint(handle)
        watch.remove(handles[0])
        assert (await anext(watch)).waited < 180.0


class One:
    """A watch, as far as the queue knows it."""

    def __init__(self, name: str, *, urgent: bool = False, hinted: bool = False, failed: int = 0) -> None:
        self.name = name
        self.urgent = urgent
        self.hinted = hinted
        self.failed_polls = failed


def queue_of(*ones: Any) -> DueQueue:
    """A queue with these."""
    queue = DueQueue()
    for one in ones:
        queue.put(one)
    return queue


def test_every_second_turn_belongs_to_the_one_that_waited_longest() -> None:
    """What is known goes first, then what was hinted at, each in its order. A later hint takes no place away."""
    others: list[Any] = [One(f"o{number}") for number in range(3)]
    hinted: list[Any] = [One(f"h{number}", hinted=True) for number in range(4)]
    known: list[Any] = [One(f"k{number}", urgent=True) for number in range(2)]
    queue = queue_of(*others, *hinted, *known)
    others[1].hinted = True
    for one in (*hinted, others[1]):
        queue.put(one)
    assert 9 == len(queue)
    assert [others[0], others[2]] == [*queue]
    assert ["k0", "o0", "k1", "o1", "h0", "o2", "h1", "h2", "h3"] == [_name(queue.pop()) for _ in range(9)]
    assert not queue


def _name(watch: Watch) -> str:
    return str(watch.name)


def test_those_that_failed_the_least_go_first_in_an_outage() -> None:
    """Urgent or not; and what is removed is gone."""
    ones: list[Any] = [One("bad", urgent=True, failed=3), One("good"), One("gone")]
    queue = queue_of(*ones)
    queue.discard(ones[2])
    assert ones[2] not in queue
    assert [ones[1]] == [*queue]
    assert ["good", "bad"] == [_name(queue.pop_soundest()) for _ in range(2)]
