"""How polls are started and shared: whose context they run in, who gets their responses, and what a hang holds up."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import anyio
import attrs
import httpx
import pytest

from pictory_async import RenderHandle, RenderStatus, errors
from pictory_async.testing import Answer, Render, Simulator, Stall, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async import AsyncPictory
    from pictory_async.models import Job
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

WHO: ContextVar[str] = ContextVar("WHO")


class Stopped(BaseException):
    """Stands for ``KeyboardInterrupt``, which trio raises in any task, and which stops asyncio's event loop."""


class Stopping(httpx.AsyncBaseTransport):
    """Is stopped in its first requests, and never answers the others."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.left:
            self.left -= 1
            raise Stopped
        await anyio.sleep_forever()
        raise AssertionError


@pytest.fixture
def world() -> World:
    return World(render_seconds=(100.0, 100.0))


async def test_polls_run_in_the_context_of_the_block(world: World) -> None:
    """Whoever adds a project, its polls see the context variables of whoever entered the watch's block."""
    seen: set[str] = set()

    def note(_request: SimRequest, _now: float) -> None:
        seen.add(WHO.get())

    ids = [world.add_project(Render(0.0, duration=60.0)) for _ in range(60)]
    WHO.set("client")
    async with client_of(Simulator(world, latency=0.1, faults=note)) as client:
        WHO.set("block")
        async with client.projects.watch(ids[:1]) as watch:
            WHO.set("add")
            for project_id in ids[1:]:
                watch.add(project_id)
            assert len(ids) == len([outcome async for outcome in watch])
    assert {"block"} == seen


@pytest.mark.parametrize(("interrupts", "expected"), [(1, Stopped), (2, BaseExceptionGroup)])
async def test_an_interrupt_of_a_poll_ends_the_wait(
    world: World, interrupts: int, expected: type[BaseException]
) -> None:
    """What interrupts a poll leaves the wait as it is; only several come in a group."""
    ids = [world.add_project() for _ in range(2)]
    async with client_of(Simulator(world), http=Stopping(interrupts)) as client:
        with pytest.raises(expected) as caught:
            await client.projects.wait_all(ids)
    assert [Stopped] * interrupts == [type(error) for error in getattr(caught.value, "exceptions", (caught.value,))]


async def test_waits_for_one_job_share_its_polls(world: World) -> None:
    """Five calls of ``jobs.wait`` send no more requests than one."""
    simulator = Simulator(world, latency=0.1)
    project_id = world.add_project()
    progress: list[Job] = []
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        before = len(simulator.log)
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(client.jobs.wait, handle.job_id)
            job = await client.jobs.wait(handle.job_id or "", on_progress=progress.append)
    assert job.is_completed
    assert len(simulator.log) - before <= 14
    assert 5 <= len(progress)
    assert not any(seen.is_finished for seen in progress)


async def test_a_wait_for_a_render_and_one_for_its_job_share_polls(world: World) -> None:
    """A handle's watch polls the job too, so both waits together cost what one costs, and the end of the project."""
    simulator = Simulator(world, latency=0.1)
    project_id = world.add_project()
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        before = len(simulator.log)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.jobs.wait, handle.job_id)
            (outcome,) = await client.projects.wait_all([handle])
    assert RenderStatus.RENDERED is outcome.status
    polls = [entry.path for entry in simulator.log[before:]]
    assert 1 == sum("/projects/" in path for path in polls)
    assert len(polls) <= 25


async def test_a_failure_is_shared_by_those_who_wait_for_it(world: World) -> None:
    """Ten waits for a project that is gone end after two requests, not after twenty."""
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client:
        waits = [client.projects.watch(["gone"]) for _ in range(10)]
        async with anyio.create_task_group() as tasks:
            found: list[RenderStatus] = []

            async def follow(number: int) -> None:
                async with waits[number] as watch:
                    found.append((await anext(watch)).status)

            for number in range(10):
                tasks.start_soon(follow, number)
    assert [RenderStatus.MISSING] * 10 == found
    assert len(simulator.log) <= 12


async def test_polls_that_hang_do_not_hold_up_another_wait(world: World) -> None:
    """With 24 polls unanswered, a wait for a finished project takes about five seconds, not the time limit."""
    hanging = [world.add_project(Render(0.0, duration=1000.0)) for _ in range(24)]
    done = world.add_project(Render(-50.0, duration=10.0))

    def faults(request: SimRequest, _now: float) -> Fault | None:
        return None if str(done) in request.path else Stall()

    async with client_of(Simulator(world, faults=faults), timeout=60.0) as client:
        async with client.projects.watch(hanging):
            await anyio.sleep(1.0)
            began = anyio.current_time()
            assert (await client.projects.wait(done)).is_rendered
            assert anyio.current_time() - began <= 5.5
        assert 0 == client.statistics().http.busy


async def test_an_error_of_on_progress_ends_its_own_wait(world: World) -> None:
    """What the callback raises comes out of ``jobs.wait`` unchanged, and nothing is left behind."""
    simulator = Simulator(world, latency=0.1)
    project_id = world.add_project()

    def fail(_job: Job) -> None:
        raise ZeroDivisionError

    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.jobs.wait, handle.job_id)
            with pytest.raises(ZeroDivisionError):
                await client.jobs.wait(handle.job_id or "", on_progress=fail)
        assert 0 == client.statistics().watches.watching


async def test_a_job_that_fails_once_is_polled_again(world: World) -> None:
    """A transient failure does not end a wait for a job, and is no progress."""
    faults = iter([None, None, Answer(502), None])
    simulator = Simulator(world, latency=0.1, faults=lambda *_: next(faults, None))
    project_id = world.add_project()
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        progress: list[Job] = []
        assert (await client.jobs.wait(handle.job_id or "", on_progress=progress.append)).is_completed
    polls = sum("/jobs/" in entry.path for entry in simulator.log)
    assert polls - 2 == len(progress)


async def test_polls_that_hang_from_the_start_do_not_hold_up_others(world: World) -> None:
    """Polls that never get a response, and were all sent in the first moment, free their slots after five seconds."""
    hanging = [world.add_project(Render(0.0, duration=1000.0)) for _ in range(24)]
    done = [world.add_project(Render(-50.0, duration=10.0)) for _ in range(24)]
    paths = {f"/{project_id}" for project_id in hanging}

    def faults(request: SimRequest, _now: float) -> Fault | None:
        return Stall() if any(request.path.endswith(path) for path in paths) else None

    async with client_of(Simulator(world, faults=faults), timeout=None) as client:
        outcomes = await client.projects.wait_all([*hanging, *done], max_wait=60.0)
    assert [RenderStatus.TIMED_OUT] * 24 == [outcome.status for outcome in outcomes[:24]]
    assert [RenderStatus.RENDERED] * 24 == [outcome.status for outcome in outcomes[24:]]
    assert max(outcome.waited for outcome in outcomes[24:]) <= 6.0


@pytest.mark.parametrize(
    "handle",
    [
        RenderHandle(project_id="p", generated_before=datetime(2020, 1, 1)),  # noqa: DTZ001 - that is the mistake
        RenderHandle(project_id="p", job_id=""),
        RenderHandle(project_id="p", job_id="a\nb"),
        RenderHandle(project_id="p", job_id="x" * 300),
    ],
)
async def test_a_damaged_handle_is_refused_before_anything_is_sent(world: World, handle: RenderHandle) -> None:
    """The error comes at once, and not out of somebody's poll."""
    simulator = Simulator(world)
    async with client_of(simulator) as client:
        with pytest.raises(errors.PictoryConfigError):
            await client.projects.wait_all([world.add_project(), handle])
    assert [] == simulator.log


async def test_a_render_of_an_undated_video_is_one_watch(world: World) -> None:
    """A handle that is added again after its render was seen is still the same wait."""
    project_id = world.add_project(earlier_video=-500.0, overrides={"generatedDate": None})
    async with client_of(Simulator(world, latency=0.1)) as client:
        handle = await client.projects.render(project_id)
        async with client.projects.watch([handle]) as watch:
            await anyio.sleep(60.0)
            watch.add(handle)
            assert 1 == len([outcome async for outcome in watch])


@pytest.mark.parametrize(("age", "wait"), [(None, 0.0), (3600.0, 0.0), (0.0, 5.0)])
async def test_only_a_fresh_render_is_not_polled_at_once(world: World, age: float | None, wait: float) -> None:
    """A handle from long ago is polled at once: its render may have ended long ago."""
    simulator = Simulator(world)
    project_id = world.add_project()
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        assert handle.requested_at is not None
        requested_at = None if age is None else handle.requested_at - timedelta(seconds=age)
        handle = RenderHandle.from_json(attrs.evolve(handle, requested_at=requested_at).to_json())
        began, sent = simulator.now(), len(simulator.log)
        await client.projects.wait_all([handle])
    assert wait <= simulator.log[sent].at - began <= 2.0 * wait


async def test_a_failed_poll_says_nothing_about_a_later_wait(world: World) -> None:
    """A wait that begins while a poll is in flight shares it; if it fails, the wait polls again at once."""
    project_id = world.add_project(Render(-50.0, duration=10.0))
    faults = iter([Answer(502)])
    simulator = Simulator(world, latency=10.0, faults=lambda *_: next(faults, None))
    async with client_of(simulator) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.projects.wait, project_id)
        await anyio.sleep(1.0)
        assert (await client.projects.wait(project_id)).is_rendered
    assert [502, 200] == [entry.status for entry in simulator.log]
    assert pytest.approx(10.0, abs=0.3) == simulator.log[1].at - simulator.log[0].at


class BrokenZone(tzinfo):
    """A time zone of the caller that raises an error."""

    def utcoffset(self, _moment: datetime | None) -> timedelta:
        raise ZeroDivisionError

    def dst(self, _moment: datetime | None) -> timedelta:
        raise ZeroDivisionError

    def tzname(self, _moment: datetime | None) -> str:
        raise ZeroDivisionError


async def test_an_error_in_judging_a_response_ends_its_own_wait(world: World) -> None:
    """A date that cannot be compared ends the wait for which it was given, not another one that shares the poll."""
    project_id = world.add_project(Render(-50.0, duration=10.0))
    simulator = Simulator(world, latency=0.1)
    after = datetime(2025, 1, 1, tzinfo=BrokenZone())
    failed: list[str] = []

    async def wait(client: AsyncPictory) -> None:
        try:
            await client.projects.wait(project_id, after=after)
        except ZeroDivisionError:
            failed.append("after")

    async with client_of(simulator) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(wait, client)
        assert (await client.projects.wait(project_id)).is_rendered
    assert (["after"], 1) == (failed, len(simulator.log))
