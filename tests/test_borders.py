"""What a closed client, a short budget, several loops and mixed addresses do."""

from __future__ import annotations

import anyio
import pytest

from pictory_async import RateLimiter, errors
from pictory_async.testing import Render, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]


async def test_nothing_is_sent_after_closing(world: World) -> None:
    """Calls that wait for the budget or for a slot when the client is closed end with an error."""
    simulator = Simulator(world, latency=0.1)
    project_id = world.add_project()
    failed: list[errors.PictoryConfigError] = []

    async def call() -> None:
        try:
            await client.projects.get(project_id)
        except errors.PictoryConfigError as error:
            failed.append(error)

    client = client_of(simulator, limiter=RateLimiter(1, 60.0))
    async with anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(call)
        await anyio.sleep(1.0)
        await client.aclose()
    assert 1 == len(simulator.log)
    assert 39 == len(failed)
    assert all("closed" in str(error) for error in failed)


async def test_requests_count_what_was_sent(world: World) -> None:
    """A request that still waits for the budget is not counted as sent."""
    simulator = Simulator(world, latency=0.1)
    ids = [world.add_project(Render(0.0, duration=1000.0)) for _ in range(30)]
    async with client_of(simulator, limiter=RateLimiter(5, 60.0)) as client, client.projects.watch(ids):
        await anyio.sleep(30.0)
        statistics = client.statistics()
        assert len(simulator.log) == statistics.transport.requests == statistics.http.sent
        assert statistics.limiter.waiting


@pytest.mark.parametrize(("rate", "burst"), [(1, 1), (5, 5), (10, 10), (300, 10)])
async def test_the_burst_fits_the_rate(rate: int, burst: int) -> None:
    """A limiter with a small rate needs no other argument."""
    assert burst == RateLimiter(rate).burst


async def test_a_closed_client_is_not_entered_again(world: World) -> None:
    """The error says that a new client is needed."""
    client = client_of(Simulator(world))
    async with client:
        pass
    with pytest.raises(errors.PictoryConfigError, match="Make a new one"):
        async with client:
            pass


@pytest.mark.parametrize("ids", [7, "p", b"q"])
async def test_one_id_is_not_a_list(world: World, ids: object) -> None:
    """The error shows the list that was meant."""
    async with client_of(Simulator(world)) as client:
        with pytest.raises(errors.PictoryConfigError, match="pass "):
            await client.projects.wait_all(ids)
