"""The time of a simulator outside of an event loop."""

from __future__ import annotations

import anyio
import httpx
import pytest

from pictory_async.testing import Simulator, World


def test_the_time_can_be_read_outside_of_an_event_loop():
    """After a run, it is the time of the last request; before, it is zero."""
    simulator = Simulator(World())
    assert 0.0 == simulator.now()

    async def run() -> None:
        async with httpx.AsyncClient(transport=simulator.transport()) as client:
            await client.get("https://127.0.0.1:1/pictoryapis/v2/projects")

    anyio.run(run)
    assert simulator.log[-1].at == simulator.now()


def test_another_clock_continues_from_the_same_time():
    """The world's time does not jump when a server's clock replaces the event loop's."""
    moment = 100.0
    simulator = Simulator(World())
    simulator.keep_time(lambda: moment)
    assert 0.0 == simulator.now()
    simulator.start()
    moment = 130.0
    assert 30.0 == simulator.now()
    simulator.keep_time(lambda: moment * 2)
    assert 30.0 == simulator.now()
    moment = 131.0
    assert pytest.approx(32.0) == simulator.now()
