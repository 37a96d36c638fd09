"""Responses that were sent for when the world was another one, or that another watch gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from pictory_async import RenderStatus
from pictory_async.testing import Render, Simulator, Stall, World
from tests._polling import client_of
from tests._refusals import API, GATEWAY, between, renders, statuses
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async import RenderOutcome
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]


async def test_a_refusal_from_before_the_recovery_ends_nothing(world: World) -> None:
    """All were refused when it was sent for; that others succeed meanwhile does not make it true."""
    ids = renders(world, 6, duration=40.0)

    def late(request: SimRequest, now: float) -> float:
        return 9.0 if request.path.endswith(str(ids[0])) and 4.0 < now < 10.0 else 0.05

    simulator = Simulator(world, latency=late, faults=between(0.0, 10.0, API["404"]))
    async with client_of(simulator) as client:
        outcomes = await client.projects.wait_all(ids, interval=4.0)
    assert {RenderStatus.RENDERED: 6} == statuses(outcomes)


@pytest.mark.parametrize("code", ["404", "403"])
async def test_the_list_of_jobs_does_not_speak_for_single_jobs(world: World, code: str) -> None:
    """It comes although everything else is refused for ten minutes: that does not make the refusals true."""
    ids = [world.add_project(on_render=[Render(0.0, duration=300.0 + 10.0 * number)]) for number in range(8)]

    def fault(request: SimRequest, now: float) -> Fault | None:
        return API[code] if 60.0 < now < 660.0 and not request.path.endswith("/v1/jobs") else None

    simulator = Simulator(world, latency=0.05, faults=fault)
    async with client_of(simulator) as client:
        handles = [await client.projects.render(project_id) for project_id in ids]
        outcomes = await client.projects.wait_all(handles)
    assert {RenderStatus.RENDERED: 8} == statuses(outcomes)
    assert sum(entry.path.endswith("/v1/jobs") for entry in simulator.log) > 5


async def test_a_failure_that_another_watch_is_told(world: World) -> None:
    """A watch whose own poll hangs ends with the job that another watch sees fail."""
    project_id = world.add_project(on_render=[Render(0.0, duration=30.0, fails=True)])

    def fault(request: SimRequest, now: float) -> Fault | None:
        if "/jobs/" in request.path:
            return GATEWAY["no token"] if 5.0 < now < 15.0 else None
        return Stall() if now > 5.0 else None

    simulator = Simulator(world, latency=0.05, faults=fault)
    async with client_of(simulator, timeout=500.0) as client, anyio.create_task_group() as tasks:
        handle = await client.projects.render(project_id)
        found: list[RenderOutcome] = []

        async def wait() -> None:
            found.extend(await client.projects.wait_all([handle], max_wait=200.0))

        tasks.start_soon(wait)
        await anyio.sleep(16.0)
        tasks.start_soon(wait)
    assert [RenderStatus.FAILED] * 2 == [outcome.status for outcome in found]
    assert found[0].waited + found[1].waited < 100.0
