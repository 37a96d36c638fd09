"""Rendering many projects, each once: `render_all`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RateLimiter, RenderState, ResultStatus, errors
from pictory_async.testing import ABSENT, Answer, Render, Reset, Simulator, Truncate, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from pictory_async import RenderResult
    from pictory_async.testing import Fault, SimRequest

pytestmark = [
    pytest.mark.anyio,
    # trio's virtual clock does not wait for threads, which the ledger works in; it has tests of its own below.
    pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True),
]

LIMITED = Answer(429, {"content-type": "application/json"}, b'{"message": "Slow down"}', reaches_world=False)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "ledger.db")


def client_of(simulator: Simulator, **options: Any) -> Any:
    return simulator.client(limiter=RateLimiter(10_000, 1.0, 1000), **options)


def posts(world: World) -> list[str]:
    """The projects whose render was requested, in order."""
    return [entry.path.split("/")[-2] for entry in world.log if entry.method == "POST"]


def on_post(*faults: Fault | None) -> Callable[[SimRequest, float], Fault | None]:
    """Let faults hit the first requests for renders, in order."""
    waiting = iter(faults)
    return lambda request, _now: next(waiting, None) if request.method == "POST" else None


async def rendered(simulator: Simulator, ids: Any, ledger: Ledger, **options: Any) -> dict[Any, RenderResult]:
    """Render everything with a client of its own."""
    async with client_of(simulator) as client, client.projects.render_all(ids, ledger=ledger, **options) as batch:
        return {result.project_id: result async for result in batch}


async def test_each_project_is_rendered_once(ledger: Ledger) -> None:
    """A second call requests nothing, and has the same results."""
    world = World()
    ids = [world.add_project(earlier_video=-500.0 if number % 2 else None) for number in range(6)]
    for one in ids:
        world.edit_project(one, -1.0)
    simulator = Simulator(world, latency=0.1)
    first = await rendered(simulator, ids, ledger)
    assert dict.fromkeys(ids, ResultStatus.RENDERED) == {one: result.status for one, result in first.items()}
    assert all(result.paid and result.ok and result.is_outdated is False for result in first.values())
    assert sorted(posts(world)) == sorted(map(str, ids))
    world.log.clear()
    second = await rendered(simulator, ids, ledger)
    assert {ResultStatus.UNCHANGED} == {result.status for result in second.values()}
    assert not any(result.paid for result in second.values())
    assert {"GET"} == {entry.method for entry in world.log}
    assert len(world.log) == len(ids)  # nothing that is finished is polled again


async def test_an_edit_is_a_new_render(ledger: Ledger) -> None:
    """A project that was saved again is rendered again, once."""
    world = World(render_seconds=(20.0, 20.0))
    one = world.add_project()
    simulator = Simulator(world, latency=0.1)
    await rendered(simulator, [one], ledger)
    await anyio.sleep(100.0)
    world.edit_project(one, simulator.now())
    again = await rendered(simulator, [one], ledger)
    assert again[one].status is ResultStatus.RENDERED
    assert again[one].paid
    assert len(posts(world)) == 2


async def test_a_render_that_nobody_waited_for(ledger: Ledger) -> None:
    """Its end is taken in when the project shows its video, also if another version is to be rendered by then."""
    world = World(render_seconds=(20.0, 20.0))
    one = world.add_project()
    simulator = Simulator(world, latency=0.1)
    assert (await rendered(simulator, [one], ledger, wait=False))[one].status is ResultStatus.STARTED
    assert {RenderState.STARTED: 1} == (await ledger.runs())[0].renders
    await anyio.sleep(100.0)
    world.edit_project(one, simulator.now())
    assert (await rendered(simulator, [one], ledger))[one].paid
    assert [{RenderState.RENDERED: 1}] * 2 == [run.renders for run in await ledger.runs()]


async def test_a_batch_has_a_name_of_its_own(ledger: Ledger) -> None:
    """With a name, each project is rendered once for that name, whatever its version is."""
    world = World(render_seconds=(20.0, 20.0))
    one = world.add_project()
    simulator = Simulator(world, latency=0.1)
    for name in (None, "spring", "spring", "autumn"):
        await rendered(simulator, [one], ledger, batch=name)
    assert len(posts(world)) == 3


@pytest.mark.parametrize("fault", [Reset(), Truncate(0), Answer(504, {"content-type": "text/html"}, b"<html>")])
async def test_a_lost_response_is_found_out(ledger: Ledger, fault: Fault) -> None:
    """A render whose response was lost is seen at its project; it is not requested again."""
    world = World(render_seconds=(20.0, 20.0))
    ids = [world.add_project() for _ in range(3)]
    simulator = Simulator(world, latency=0.1, faults=on_post(None, fault))
    results = await rendered(simulator, ids, ledger)
    started = {str(job[0].id) for job in world.jobs}
    assert sorted(posts(world)) == sorted(map(str, ids))
    for one, result in results.items():
        expected = ResultStatus.RENDERED if str(one) in started else ResultStatus.NOT_STARTED
        assert result.status is expected, result
    world.log.clear()
    again = await rendered(simulator, ids, ledger, retry_unstarted=True)
    assert all(result.ok for result in again.values())
    assert len(posts(world)) == len(ids) - len(started)


async def test_a_foreign_job_makes_it_uncertain(ledger: Ledger) -> None:
    """If a job that no ledger knows may be the lost render, it is never requested again."""
    world = World(render_seconds=(20.0, 20.0))
    one, foreign = world.add_project(), world.add_project()
    fault = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)
    simulator = Simulator(world, latency=0.1, faults=on_post(fault))
    async with client_of(simulator) as client, client.projects.render_all([one], ledger=ledger) as batch:
        await anyio.sleep(5.0)
        world.start_render(foreign, simulator.now())
        (result,) = [result async for result in batch]
    assert result.status is ResultStatus.UNCERTAIN
    assert isinstance(result.error, errors.RenderSubmitUncertainError)
    assert not result.ok
    again = await rendered(simulator, [one], ledger, retry_unstarted=True, retry_failed=True)
    assert again[one].status is ResultStatus.UNCERTAIN
    assert len(posts(world)) == 1


async def test_a_failed_render_is_not_paid_again(ledger: Ledger) -> None:
    """A render that failed is requested again only if the caller says so."""
    world = World()
    one = world.add_project(
        on_render=[Render(0.0, duration=20.0, fails=True, error_message="No voice."), Render(0.0, duration=20.0)]
    )
    simulator = Simulator(world, latency=0.1)
    for _ in range(2):
        result = (await rendered(simulator, [one], ledger))[one]
        assert result.status is ResultStatus.FAILED
        assert "No voice." in str(result.error)
    assert len(posts(world)) == 1
    assert (await rendered(simulator, [one], ledger, retry_failed=True))[one].status is ResultStatus.RENDERED


async def test_refusals_are_results(ledger: Ledger) -> None:
    """A missing project, one that is being rendered, and a request that was refused cost nothing and end nothing."""
    world = World(render_seconds=(20.0, 20.0))
    good, busy = world.add_project(), world.add_project(Render(-1.0, duration=100.0))
    refused = world.add_project()
    bad = Answer(400, {"content-type": "application/json"}, b'{"message": "Quota"}', reaches_world=False)
    simulator = Simulator(
        world, latency=0.1, faults=lambda request, _: bad if f"{refused}/render" in request.path else None
    )
    results = await rendered(simulator, [good, busy, "nowhere", refused], ledger)
    assert {
        good: ResultStatus.RENDERED,
        busy: ResultStatus.BUSY,
        "nowhere": ResultStatus.MISSING,
        refused: ResultStatus.ERROR,
    } == {one: result.status for one, result in results.items()}
    assert "Quota" in str(results[refused].error)
    simulator.faults = None
    assert (await rendered(simulator, [refused], ledger))[refused].status is ResultStatus.RENDERED


async def test_a_revoked_key_stops_it(ledger: Ledger) -> None:
    """Nothing more is asked once the key was rejected."""
    world = World(api_key="another")
    simulator = Simulator(world, latency=0.1)
    ids = [str(number) for number in range(100)]
    async with (
        client_of(simulator, api_key="pictai_wrong") as client,
        client.projects.render_all(ids, ledger=ledger) as batch,
    ):
        results = [result async for result in batch]
    assert {ResultStatus.REFUSED} == {result.status for result in results}
    assert len(world.log) <= 16


async def test_two_runs_at_once(ledger: Ledger, tmp_path: Path) -> None:
    """What another run is at is left to it, or waited for; no project is paid for twice."""
    world = World(render_seconds=(50.0, 90.0))
    ids = [world.add_project() for _ in range(12)]
    simulator = Simulator(world, latency=0.1)
    found: dict[str, dict[Any, RenderResult]] = {}

    async def run(name: str, overlap: str) -> None:
        found[name] = await rendered(simulator, ids, Ledger(ledger.path), overlap=overlap)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, "skips", "skip")
        tasks.start_soon(run, "waits", "wait")
    assert sorted(posts(world)) == sorted(map(str, ids))
    for one in ids:
        assert found["skips"][one].status in {ResultStatus.RENDERED, ResultStatus.BUSY}
        assert found["waits"][one].ok
        assert found["skips"][one].paid != found["waits"][one].paid


async def test_a_block_that_is_left_goes_on_later(ledger: Ledger) -> None:
    """Whoever leaves early pays for nothing twice: the next call waits for what was started."""
    world = World(render_seconds=(50.0, 90.0))
    ids = [world.add_project() for _ in range(12)]
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client, client.projects.render_all(ids, ledger=ledger) as batch:
        async for _ in batch:
            break
    (run,) = await ledger.runs()
    assert run.id == batch.run
    assert not run.running
    assert run.ended is not None
    results = await rendered(simulator, ids, ledger)
    assert all(result.ok for result in results.values())
    assert sorted(posts(world)) == sorted(map(str, ids))
    newest, first = await ledger.runs()
    assert 12 == newest.renders[RenderState.RENDERED] + first.renders[RenderState.RENDERED]
    assert {RenderState.RENDERED} == {*newest.renders, *first.renders}


async def test_back_pressure(ledger: Ledger) -> None:
    """Projects are taken from their source only as fast as results are read."""
    world = World(render_seconds=(5.0, 5.0))
    given: list[Any] = []

    async def source() -> AsyncIterator[Any]:
        while len(given) < 30:
            given.append(world.add_project())
            yield given[-1]

    simulator = Simulator(world, latency=0.1)
    taken = 0
    async with (
        client_of(simulator) as client,
        client.projects.render_all(source(), ledger=ledger, at_once=5) as batch,
    ):
        await anyio.sleep(1000.0)
        assert len(given) == 5
        async for result in batch:
            taken += 1
            assert result.ok
            assert len(given) <= taken + 5
    assert taken == 30


async def test_a_source_that_fails(ledger: Ledger) -> None:
    """What it gave before is rendered, and its error is raised at the end."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()

    async def source() -> AsyncIterator[Any]:
        yield one
        raise LookupError("the database is away")

    async with client_of(Simulator(world, latency=0.1)) as client:
        with pytest.raises(LookupError, match="database"):
            async with client.projects.render_all(source(), ledger=ledger) as batch:
                assert [one] == [result.project_id async for result in batch]


async def test_a_source_is_closed(ledger: Ledger) -> None:
    """A source that gives what is no id goes on; and it is closed when the block is left."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()
    closed = False

    async def source() -> AsyncIterator[Any]:
        nonlocal closed
        try:
            yield None
            yield one
            await anyio.sleep_forever()
        finally:
            closed = True

    async with (
        client_of(Simulator(world, latency=0.1)) as client,
        client.projects.render_all(source(), ledger=ledger, at_once=1) as batch,
    ):
        results = [await anext(batch) for _ in range(2)]
    assert [ResultStatus.ERROR, ResultStatus.RENDERED] == [result.status for result in results]
    assert closed


async def test_a_limit_of_renders(ledger: Ledger) -> None:
    """What is beyond the limit is left out, and comes with the next call."""
    world = World(render_seconds=(5.0, 5.0))
    ids = [world.add_project() for _ in range(5)]
    simulator = Simulator(world, latency=0.1)
    first = await rendered(simulator, ids, ledger, max_renders=2)
    assert [ResultStatus.LEFT_OUT] * 3 == [one.status for one in first.values() if not one.paid]
    assert len(posts(world)) == 2
    await rendered(simulator, ids, ledger)
    assert len(posts(world)) == 5


async def test_without_waiting(ledger: Ledger) -> None:
    """A render is started, and later found again, or found not to be started, without waiting for it."""
    world = World(render_seconds=(50.0, 50.0))
    first, lost, never = world.add_project(), world.add_project(), world.add_project()
    kept = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=True)
    gone = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)
    faults = {str(lost): [kept], str(never): [gone]}
    simulator = Simulator(
        world,
        latency=0.1,
        faults=lambda request, _: (
            faults[one].pop() if request.method == "POST" and faults.get(one := request.path.split("/")[-2]) else None
        ),
    )
    options: dict[str, Any] = {"wait": False, "start_grace": 0.0, "at_once": 1}  # one after the other
    dry = await rendered(simulator, [first, lost, never], ledger, **options, max_renders=0)
    assert {ResultStatus.LEFT_OUT} == {result.status for result in dry.values()}
    assert not posts(world)
    results = await rendered(simulator, [first, lost, never], ledger, **{**options, "start_grace": 60.0})
    assert [ResultStatus.STARTED, ResultStatus.UNCERTAIN, ResultStatus.UNCERTAIN] == [
        results[one].status for one in (first, lost, never)
    ]
    await anyio.sleep(10.0)
    results = await rendered(simulator, [first, lost, never], ledger, **options)
    assert [ResultStatus.STARTED, ResultStatus.STARTED] == [results[one].status for one in (first, lost)]
    assert results[never].status is ResultStatus.UNCERTAIN  # the job of the lost one may be its
    await anyio.sleep(100.0)
    results = await rendered(simulator, [first, lost], ledger)
    assert all(result.ok for result in results.values())
    assert len(posts(world)) == 3


async def test_what_was_intended_is_no_reason_to_pay(ledger: Ledger) -> None:
    """A limit, and a video that is there by now, hold for what an earlier run did not come to."""
    world = World(render_seconds=(5.0, 5.0))
    ids = [world.add_project() for _ in range(8)]
    posted = anyio.Event()

    def note(request: SimRequest, _now: float) -> None:
        if request.method == "POST":
            posted.set()

    simulator = Simulator(world, latency=0.1, faults=note)
    async with client_of(simulator) as client, client.projects.render_all(ids, ledger=ledger):
        await posted.wait()
    paid = len(posts(world))
    assert paid < 8
    left = [one for one in ids if str(one) not in posts(world)]
    dry = await rendered(simulator, ids, ledger, max_renders=0)
    assert {ResultStatus.LEFT_OUT} == {dry[one].status for one in left}
    assert len(posts(world)) == paid
    world.start_render(left[0], simulator.now(), duration=1.0)
    await anyio.sleep(100.0)
    results = await rendered(simulator, ids, ledger, max_renders=1)
    assert results[left[0]].status is ResultStatus.UNCHANGED
    assert len(posts(world)) == min(paid + 1, 8)


@pytest.mark.parametrize("option", ["force", "retry_failed", "retry_unstarted"])
async def test_a_plan_has_everything_that_would_be_paid(ledger: Ledger, option: str) -> None:
    """With ``max_renders=0``, what would be requested again is left out too."""
    world = World(render_seconds=(5.0, 5.0))
    fails = [Render(0.0, duration=5.0, fails=True)] if option == "retry_failed" else []
    one = world.add_project(on_render=fails)
    gone = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)
    simulator = Simulator(world, latency=0.1, faults=on_post(gone) if option == "retry_unstarted" else None)
    await rendered(simulator, [one], ledger)
    options = {option: True}
    assert (await rendered(simulator, [one], ledger, max_renders=0, **options))[one].status is ResultStatus.LEFT_OUT
    assert len(posts(world)) == 1
    assert (await rendered(simulator, [one], ledger, **options))[one].paid


async def test_a_plan_takes_nothing_over(ledger: Ledger) -> None:
    """What an earlier run requested stays its own, until somebody goes on with it."""
    world = World(render_seconds=(50.0, 50.0))
    one = world.add_project()
    simulator = Simulator(world, latency=0.1)
    await rendered(simulator, [one], ledger, wait=False)
    await rendered(simulator, [one], ledger, wait=False, max_renders=0)
    assert [{}, {RenderState.STARTED: 1}] == [run.renders for run in await ledger.runs()]
    await rendered(simulator, [one], ledger)
    assert {RenderState.RENDERED: 1} == (await ledger.runs())[0].renders


async def test_waiting_for_another_run_holds_up_nothing(ledger: Ledger) -> None:
    """Projects that another run is at leave room for the others, and are given up after ``max_wait``."""
    world = World(render_seconds=(1e5, 1e5))
    ids = [world.add_project() for _ in range(10)]
    free = world.add_project(on_render=[Render(0.0, duration=5.0)])
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client, client.projects.render_all(ids, ledger=ledger, max_wait=None):
        await anyio.sleep(100.0)
        began, count = anyio.current_time(), len(world.log)
        results = await rendered(
            simulator, [*ids, free], Ledger(ledger.path), overlap="wait", max_wait=timedelta(minutes=1)
        )
        assert anyio.current_time() - began < 120.0
        assert len(world.log) - count < 100
    assert {ResultStatus.BUSY} == {results[one].status for one in ids}
    assert results[free].paid


async def test_a_ledger_behind_a_link(ledger: Ledger, tmp_path: Path) -> None:
    """By whatever name a ledger is found, it knows which runs are alive."""
    world = World(render_seconds=(50.0, 90.0))
    ids = [world.add_project() for _ in range(8)]
    simulator = Simulator(world, latency=0.1)
    async with ledger:
        (tmp_path / "link.db").symlink_to(ledger.path)
    async with anyio.create_task_group() as tasks:
        for path in (ledger.path, tmp_path / "link.db"):
            tasks.start_soon(rendered, simulator, ids, Ledger(path))
    assert sorted(posts(world)) == sorted(map(str, ids))


async def test_a_client_that_was_closed(ledger: Ledger) -> None:
    """A request that was not sent is forgotten."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()
    simulator = Simulator(world, latency=0.1)
    client = client_of(simulator)
    get = client.projects.get

    async def get_and_close(project_id: Any) -> Any:
        found = await get(project_id)
        await client.jobs.list().fetch({})
        await client.aclose()
        return found

    client.projects.get = get_and_close
    async with client, client.projects.render_all([one], ledger=ledger) as batch:
        (result,) = [result async for result in batch]
    assert isinstance(result.error, errors.PictoryConfigError)
    assert (await rendered(simulator, [one], ledger))[one].paid


async def test_a_ledger_can_be_closed_meanwhile(ledger: Ledger) -> None:
    """It is opened again when it is needed."""
    world = World(render_seconds=(5.0, 5.0))
    ids = [world.add_project() for _ in range(3)]
    async with (
        client_of(Simulator(world, latency=0.1)) as client,
        client.projects.render_all(ids, ledger=ledger) as batch,
    ):
        async for result in batch:
            assert result.ok
            await anyio.to_thread.run_sync(ledger.close)


async def test_a_batch_that_was_left(ledger: Ledger) -> None:
    """Iterating after the block is an error with the right line of code."""
    world = World()
    async with client_of(Simulator(world)) as client:
        async with client.projects.render_all(["1"], ledger=ledger) as batch:
            pass
        with pytest.raises(errors.PictoryConfigError, match="async with"):
            await anext(batch)


async def test_a_doubt_is_told_while_the_source_waits(ledger: Ledger) -> None:
    """A request that was lost has its result as soon as it can be known, and not only when the source ends."""
    world = World(render_seconds=(5.0, 5.0))
    first, second = world.add_project(), world.add_project()
    gone = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)
    more = anyio.Event()

    async def source() -> AsyncIterator[Any]:
        yield first
        await more.wait()
        yield second

    async with (
        client_of(Simulator(world, latency=0.1, faults=on_post(gone))) as client,
        client.projects.render_all(source(), ledger=ledger) as batch,
    ):
        result = await anext(batch)
        assert (first, ResultStatus.NOT_STARTED) == (result.project_id, result.status)
        more.set()
        assert [second] == [result.project_id async for result in batch]


async def test_a_job_that_was_found_is_nobody_elses(ledger: Ledger) -> None:
    """The job of a render whose response was lost is entered, so that it raises no doubt about others."""
    world = World(render_seconds=(5.0, 5.0))
    first, second = world.add_project(), world.add_project()
    kept = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=True)
    gone = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)
    simulator = Simulator(world, latency=0.1, faults=on_post(gone, kept))
    options: dict[str, Any] = {"at_once": 1, "wait": False}
    await rendered(simulator, [first, second], ledger, **options)
    await anyio.sleep(50.0)
    again = await rendered(simulator, [second], ledger)
    assert again[second].ok
    result = (await rendered(simulator, [first], ledger))[first]
    assert result.status is ResultStatus.NOT_STARTED


async def test_an_edit_during_the_first_render(ledger: Ledger) -> None:
    """A save long before the video was made is no part of its render, so the video is outdated."""
    world = World()
    one = world.add_project(on_render=[Render(0.0, duration=600.0)])
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client, client.projects.render_all([one], ledger=ledger) as batch:
        await anyio.sleep(300.0)
        world.edit_project(one, simulator.now())
        assert (await anext(batch)).is_outdated
    assert (await rendered(simulator, [one], ledger))[one].paid


async def test_a_job_that_cannot_be_found(ledger: Ledger) -> None:
    """A render whose response was lost is rendered all the same, among jobs of others or without a list of jobs."""
    world = World(render_seconds=(5.0, 5.0))
    ids = [world.add_project() for _ in range(2)]
    other = world.add_project()
    kept = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=True)
    simulator = Simulator(world, latency=0.1, faults=on_post(kept))
    async with client_of(simulator) as client:
        async with client.projects.render_all(ids[:1], ledger=ledger) as batch:
            await anyio.sleep(3.0)
            world.start_render(other, simulator.now(), duration=1.0, queue=0.0)
            (found,) = [result async for result in batch]
        assert found.handle is not None
        assert [job.job_id for project, job in world.jobs if project.id == ids[0]] == [found.handle.job_id]
        none = Answer(200, {"content-type": "application/json"}, b'{"items": []}')
        simulator.faults = on_post(kept)
        async with client.projects.render_all(ids[1:], ledger=ledger) as batch:
            await anyio.sleep(3.0)
            simulator.faults = lambda request, _: none if request.path.endswith("/v1/jobs") else None
            (found,) = [result async for result in batch]
    assert (ResultStatus.RENDERED, None) == (found.status, None if found.handle is None else found.handle.job_id)


async def test_a_project_that_was_fetched_too_early(ledger: Ledger) -> None:
    """If another run rendered it meanwhile, it is fetched again: its new video is the one that counts."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client:
        early = await client.projects.get(one)
        await rendered(simulator, [one], ledger)
        get, stale = client.projects.get, [early]

        async def get_late(project_id: Any) -> Any:
            return stale.pop() if stale else await get(project_id)

        client.projects.get = get_late
        async with client.projects.render_all([one], ledger=ledger) as batch:
            (found,) = [result async for result in batch]
    assert found.status is ResultStatus.UNCHANGED
    assert found.project is not None
    assert found.project.video_url


async def test_videos_without_dates(ledger: Ledger) -> None:
    """They are rendered; the ledger has nothing to remember of them."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project(overrides={"generatedDate": ABSENT})
    assert (await rendered(Simulator(world, latency=0.1), [one], ledger))[one].status is ResultStatus.RENDERED


async def test_a_place_for_runs_that_is_a_file(ledger: Ledger) -> None:
    """It is an error of the ledger, before anything is sent."""
    async with ledger:
        pass
    ledger.path.with_name(f"{ledger.path.name}-runs").touch()
    world = World()
    with pytest.raises(errors.LedgerError):
        await rendered(Simulator(world), [world.add_project()], ledger)
    assert not world.log


async def test_requests_that_are_limited_are_sent_later(ledger: Ledger) -> None:
    """A 429 says that nothing was started."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()
    simulator = Simulator(world, latency=0.1, faults=on_post(LIMITED, LIMITED))
    assert (await rendered(simulator, [one], ledger))[one].ok
    assert len(world.jobs) == 1


async def test_it_downloads(ledger: Ledger, tmp_path: Path) -> None:
    """Files are downloaded as soon as a video is there, and again only if they changed."""
    world = World(render_seconds=(5.0, 5.0), media_sizes={"mp4": 1000, "srt": 10})
    one = world.add_project(name="Film")
    simulator = Simulator(world, latency=0.1)
    options = {"download_to": tmp_path / "videos", "kinds": ["video", "srt"]}
    result = (await rendered(simulator, [one], ledger, **options))[one]
    assert result.report is not None
    assert ["Film.mp4", "Film.srt"] == [file.path.name for file in result.report.files if file.path is not None]
    world.log.clear()
    assert (await rendered(simulator, [one], ledger, **options))[one].status is ResultStatus.UNCHANGED
    assert len(world.log) == 1


async def test_a_ledger_that_cannot_be_used(tmp_path: Path) -> None:
    """Nothing is paid for that cannot be remembered."""
    world = World()
    one = world.add_project()
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is not a database, and it is long enough to be looked at" * 10)
    with pytest.raises(errors.LedgerError, match=r"ledger\.db cannot be used"):
        await rendered(Simulator(world), [one], Ledger(path))
    assert not world.log


@pytest.mark.parametrize(
    "options",
    [
        {"ledger": "x.db"},
        {"at_once": 0},
        {"at_once": 1_000_000},
        {"max_renders": True},
        {"max_renders": -1},
        {"overlap": "both"},
        {"interval": -1},
    ],
)
async def test_bad_arguments(ledger: Ledger, options: dict[str, Any]) -> None:
    """A clear error before anything is sent."""
    world = World()
    async with client_of(Simulator(world)) as client:
        with pytest.raises(errors.PictoryConfigError):
            client.projects.render_all(["1"], **{"ledger": ledger, **options})
        with pytest.raises(errors.PictoryConfigError, match="list of project ids"):
            client.projects.render_all("1", ledger=ledger)
        batch = client.projects.render_all(["1"], ledger=ledger)
        with pytest.raises(errors.PictoryConfigError, match="async with"):
            await anext(batch)
    assert not world.log
