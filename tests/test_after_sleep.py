"""A process that is stopped, or a laptop that is closed, while ``max_wait`` ends: what happened meanwhile is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from pictory_async import RateLimiter, RenderStatus, errors
from pictory_async.testing import Answer, Render, Reset, Simulator, Stall, VirtualClock, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import AsyncPictory, RenderOutcome
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

MAX_WAIT = 60.0
RENDERED, TIMED_OUT = RenderStatus.RENDERED, RenderStatus.TIMED_OUT


async def outcomes(client: AsyncPictory, *wanted: object, at: float, asleep: float = 200.0) -> list[RenderOutcome]:
    """Wait for projects or handles, and sleep from ``at`` on, through the end of ``max_wait``."""
    found: list[RenderOutcome] = []

    async def wait() -> None:
        found.extend(await client.projects.wait_all(wanted, max_wait=MAX_WAIT))  # type: ignore[arg-type]

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await anyio.sleep(at)
        VirtualClock().jump(asleep)
    return found


@pytest.mark.parametrize("at", [0.05, 5.0, 30.0, 57.0, 58.5])
async def test_a_render_that_ended_meanwhile_is_rendered(world: World, simulator: Simulator, at: float) -> None:
    """A last poll after the sleep sees the video, wherever the wait was when it began."""
    project_id = world.add_project(Render(0.0, duration=100.0))
    async with client_of(simulator) as client:
        (outcome,) = await outcomes(client, project_id, at=at)
    assert RENDERED is outcome.status


async def test_the_last_poll_is_one(world: World) -> None:
    """A render that goes on is polled once after the sleep, and is out of time."""
    project_id = world.add_project(Render(0.0, duration=1000.0))
    simulator = Simulator(world)  # no poll is in flight when the sleep begins
    async with client_of(simulator) as client:
        (outcome,) = await outcomes(client, project_id, at=55.0)
    assert TIMED_OUT is outcome.status
    assert 1 == sum(entry.at > 60.0 for entry in simulator.log)
    assert outcome.waited == pytest.approx(255.0, abs=0.01)


async def test_a_second_sleep_ends_the_wait(world: World) -> None:
    """If the last poll is slept through too, there is no other one: the wait is over."""
    project_id = world.add_project(Render(0.0, duration=1000.0))
    simulator = Simulator(world, latency=0.1, faults=broken(Stall(), until=5000.0))
    async with client_of(simulator, timeout=None) as client, anyio.create_task_group() as tasks:
        for at in (55.0, 270.0):
            tasks.start_soon(asleep_at, at)
        with pytest.raises(errors.WaitTimeoutError) as caught:
            await client.projects.wait(project_id, max_wait=MAX_WAIT)
    assert caught.value.waited == pytest.approx(470.0, abs=0.01)


async def test_a_job_leaves_the_last_word_to_its_project(world: World, simulator: Simulator) -> None:
    """The last poll of a handle is of its job; if that is completed, its project is asked for the video."""
    project_id = world.add_project(earlier_video=-1000.0, on_render=[Render(0.0, duration=100.0)])
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        (outcome,) = await outcomes(client, handle, at=55.0)
    assert RENDERED is outcome.status
    assert outcome.project is not None
    assert outcome.project.generated_at is not None
    assert outcome.project.generated_at > world.date(0.0)


async def test_a_job_that_goes_on_is_out_of_time(world: World) -> None:
    """The same for a job that still runs: one poll, and the end."""
    simulator = Simulator(world)
    project_id = world.add_project(on_render=[Render(0.0, duration=1000.0)])
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(asleep_at, 55.0)
            with pytest.raises(errors.WaitTimeoutError):
                await client.jobs.wait(handle.job_id or "", max_wait=MAX_WAIT)
    assert 1 == sum(entry.at > 61.0 for entry in simulator.log)


async def asleep_at(at: float) -> None:
    await anyio.sleep(at)
    VirtualClock().jump(200.0)


async def test_a_response_from_before_the_sleep_is_not_the_last_word(world: World) -> None:
    """A request that was in flight shows nothing of what happened in the sleep, so another one is sent."""
    project_id = world.add_project(Render(0.0, duration=100.0))
    simulator = Simulator(world, latency=1.0)
    async with client_of(simulator, timeout=None) as client:
        (outcome,) = await outcomes(client, project_id, at=58.7)
    assert RENDERED is outcome.status


@pytest.mark.parametrize("fault", [Reset(), Stall(), Answer(502)])
async def test_a_network_that_returns_late(world: World, fault: Fault) -> None:
    """After the sleep the network needs some time: failed polls are repeated, and the video is seen."""
    project_id = world.add_project(Render(0.0, duration=100.0))
    simulator = Simulator(world, latency=0.1, faults=broken(fault, until=275.0))
    async with client_of(simulator, timeout=5.0) as client:
        (outcome,) = await outcomes(client, project_id, at=55.0)
    assert RENDERED is outcome.status


@pytest.mark.parametrize("fault", [Reset(), Stall(), Answer(502)])
async def test_a_network_that_does_not_return(world: World, fault: Fault) -> None:
    """A minute after the sleep, the wait is over in any case."""
    project_id = world.add_project(Render(0.0, duration=100.0))
    simulator = Simulator(world, latency=0.1, faults=broken(fault, until=5000.0))
    async with client_of(simulator, timeout=None) as client:
        (outcome,) = await outcomes(client, project_id, at=55.0)
    assert TIMED_OUT is outcome.status
    assert outcome.waited == pytest.approx(255.0 + 60.0, abs=0.01)


def broken(fault: Fault, until: float) -> Callable[[SimRequest, float], Fault | None]:
    return lambda _request, now: fault if 60.0 < now < until else None


async def test_hundreds_are_polled_once_more(world: World, simulator: Simulator) -> None:
    """The last polls of two hundred projects keep to the budget, and all of them are sent."""
    ids = [world.add_project(Render(0.0, duration=100.0)) for _ in range(200)]
    async with simulator.client(limiter=RateLimiter(300, 60.0)) as client:
        found = await outcomes(client, *ids, at=59.9)
    assert {RENDERED} == {outcome.status for outcome in found}


async def test_a_short_delay_is_no_sleep(world: World, simulator: Simulator) -> None:
    """An event loop that is late by half a second ends the wait as usual."""
    project_id = world.add_project(Render(0.0, duration=1000.0))
    async with client_of(simulator) as client:
        (outcome,) = await outcomes(client, project_id, at=59.9, asleep=0.5)
    assert TIMED_OUT is outcome.status
    assert 1.0 > outcome.waited - MAX_WAIT
    assert not any(entry.at > 59.0 for entry in simulator.log)
