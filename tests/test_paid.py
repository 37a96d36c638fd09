"""What a batch and a sync say that they paid, compared with the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RateLimiter, ResultStatus
from pictory_async.testing import Answer, Render, Simulator, World
from tests._nights import Night
from tests._rendering import VIRTUAL, client_of, on_post

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = VIRTUAL

LOST = Answer(504, {"content-type": "text/html"}, b"<html>")
"""A request whose response was lost, and that had no effect."""
LOST_AFTER = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.db")


async def test_nights_that_are_cut_off(tmp_path: Path) -> None:
    """Whenever a run is cancelled, all runs together say what the account was billed."""
    for latency in (0.3, 1.0):
        world = World(media_base="self", render_seconds=(2.0, 2.0), queue_seconds=(0.0, 0.0))
        night = Night(world, tmp_path / str(latency))
        night.simulator = Simulator(world, latency=latency)
        for number in range(6):
            world.add_project(name=f"Film {number}")
        told = 0
        for seconds in (6.2 * latency, 4.5 * latency, 5.0 * latency, 1000.0):
            async with night.simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client:
                sync = client.projects.sync(night.videos, ledger=night.ledger, kinds=["video"])
                with anyio.move_on_after(seconds):
                    async with sync:
                        _ = [result async for result in sync]
                told += sync.paid
                assert 0 == sync.perhaps_paid
        assert (6, 6) == (len(world.jobs), told)


@pytest.mark.parametrize(
    ("fault", "foreign", "status", "paid"),
    [
        (LOST, False, ResultStatus.NOT_STARTED, (0, 0)),
        (LOST, True, ResultStatus.UNCERTAIN, (0, 1)),
        (LOST_AFTER, False, ResultStatus.RENDERED, (1, 0)),
    ],
)
async def test_what_is_known_of_a_lost_request(
    ledger: Ledger, fault: Any, *, foreign: bool, status: ResultStatus, paid: tuple[int, int]
) -> None:
    """It counts as paid if it was seen, as perhaps paid while nothing is known, and not at all if it had no effect."""
    world = World(render_seconds=(5.0, 5.0), queue_seconds=(0.0, 0.0))
    one = world.add_project()
    world.add_project(Render(-100.0, duration=10.0))
    simulator = Simulator(world, latency=0.1, faults=on_post(fault))
    async with client_of(simulator) as client:
        batch = client.projects.render_all([one], ledger=ledger)
        async with batch:
            await anyio.sleep(1.0)
            assert (0, 1) == (batch.paid, batch.perhaps_paid)
            if foreign:
                world.start_render(world.add_project(), simulator.now())
            result = await anext(batch)
        assert (status, paid) == (result.status, (batch.paid, batch.perhaps_paid))
        assert (paid[0] == 1) is result.paid
