"""Several runs with one ledger: what earlier ones left, what others are at, and ledgers that cannot be used."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RenderState, ResultStatus, errors
from pictory_async.testing import ABSENT, Answer, Render, Reset, Simulator, World
from tests._rendering import LIMITED, VIRTUAL, client_of, on_post, posts, rendered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pictory_async.testing import SimRequest

pytestmark = VIRTUAL


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


PROXY = {"content-type": "text/html"}


@pytest.mark.parametrize("reaches", [True, False])
async def test_a_limit_of_something_in_front_of_the_api(ledger: Ledger, reaches: bool) -> None:
    """A 429 that is not the API's own proves nothing: the project and the jobs tell what happened."""
    expected = (ResultStatus.RENDERED, 1) if reaches else (ResultStatus.NOT_STARTED, 0)
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()
    slow = Answer(429, PROXY, b"<html>", reaches_world=reaches)
    async with client_of(Simulator(world, latency=0.1, faults=on_post(slow, slow))) as client:
        async with client.projects.render_all([one], ledger=ledger) as batch:
            (result,) = [result async for result in batch]
        assert expected == (result.status, batch.paid)
    assert (int(reaches), 1) == (len(world.jobs), len(posts(world)))


async def test_a_lost_response_without_the_list_of_jobs(ledger: Ledger) -> None:
    """The project shows the render; which job it was stays unknown."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()
    lost = on_post(Reset(reaches_world=True))
    refused = Answer(403, {"content-type": "application/json"}, b'{"message": "No"}')

    def faults(request: SimRequest, now: float) -> Any:
        return refused if request.path.endswith("/v1/jobs") else lost(request, now)

    result = (await rendered(Simulator(world, latency=0.1, faults=faults), [one], ledger))[one]
    assert ResultStatus.RENDERED is result.status
    assert result.handle is not None
    assert result.handle.job_id is None


async def test_a_limit_that_cannot_be_checked(ledger: Ledger) -> None:
    """Without the list of jobs, it stays uncertain."""
    world = World(render_seconds=(5.0, 5.0))
    one = world.add_project()
    slow, gone = Answer(429, PROXY, b"<html>"), Answer(400, PROXY, b"<html>")
    limits = on_post(slow)

    def faults(request: SimRequest, now: float) -> Any:
        checks = request.path.endswith("/v1/jobs") and bool(posts(world))
        return gone if checks else limits(request, now)

    results = await rendered(Simulator(world, latency=0.1, faults=faults), [one], ledger)
    assert ResultStatus.UNCERTAIN is results[one].status
    assert 1 == len(posts(world))


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
