"""What the list of jobs and its watches' own polls show at the same time, in either order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async.testing import Simulator
from tests._polling import client_of
from tests._virtual import virtual_time
from tests.test_job_sweeps import LIST, agency, counts, handles

if TYPE_CHECKING:
    from pictory_async.testing import SimRequest

pytestmark = pytest.mark.anyio


@virtual_time
async def test_a_watch_that_ends_while_the_list_is_read_stays_ended() -> None:
    """Its job was chosen to be polled alone, and is not polled any more. What is watched later has its outcome."""
    second_page = anyio.Event()

    def latency(request: SimRequest, _now: float) -> float:
        if request.query:
            second_page.set()
        return 3.0 if request.path == LIST else 0.0

    simulator = Simulator(agency(30, page_size=10), latency=latency)
    found = handles(simulator.world)
    options: dict[str, Any] = {"max_wait": 300.0, "sweep_interval": 60.0, "keep_open": True}
    async with client_of(simulator) as client, client.projects.watch(found, **options) as watch:
        await second_page.wait()
        for handle in found:
            watch.remove(handle)
        polls = counts(simulator)["jobs"]
        await anyio.sleep(400.0)
        assert polls == counts(simulator)["jobs"]
        assert 3 <= counts(simulator)["list"] <= 4
        watch.add(found[0])
        assert (await anext(watch)).ok
