"""Rendering many projects, each once: `render_all`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RenderState, ResultStatus, errors
from pictory_async.testing import Answer, Render, Reset, Simulator, Truncate, World
from tests._rendering import VIRTUAL, client_of, on_post, posts, rendered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pictory_async import RenderResult
    from pictory_async.testing import Fault

pytestmark = VIRTUAL


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


async def test_a_proxy_that_finds_nothing(ledger: Ledger) -> None:
    """A response 404 that is not the API's own is an error: it does not say that a project is missing."""
    world = World()
    one = world.add_project()
    simulator = Simulator(world, latency=0.1, faults=lambda *_: Answer(404, {"content-type": "text/html"}, b"<html>"))
    result = (await rendered(simulator, [one], ledger))[one]
    assert (ResultStatus.ERROR, errors.NotFoundError) == (result.status, type(result.error))


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
