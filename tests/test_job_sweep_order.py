"""What the list of jobs and its watches' own polls show at the same time, in either order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async.testing import JobList, Simulator
from tests._job_lists import LIST, agency, counts, handles
from tests._polling import client_of
from tests._virtual import virtual_time

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


@virtual_time
@pytest.mark.parametrize("behind", [0.0, 1e9])
async def test_a_later_wait_does_not_expect_a_list_that_is_not_read(behind: float) -> None:
    """Neither after a batch, nor beside one if the list cannot be used: the first poll comes at once."""
    world = agency(20, job_list=JobList(behind=behind))
    ended = world.add_job(-500.0, seconds=1.0).id
    simulator = Simulator(world)
    found = handles(world)
    async with client_of(simulator) as client, client.projects.watch(found, keep_open=True) as watch:
        for _ in found if behind == 0.0 else found[:10]:
            assert (await anext(watch)).ok
        lists, began = counts(simulator)["list"], anyio.current_time()
        await client.jobs.wait(ended)
        assert began == anyio.current_time()
        await anyio.sleep(40.0)
        assert lists == counts(simulator)["list"] > 3


@virtual_time
async def test_a_slow_page_does_not_replace_what_a_newer_poll_showed() -> None:
    """The progress never goes back."""
    simulator = Simulator(agency(5), latency=lambda request, _now: 8.0 if request.path == LIST else 0.0)
    found = handles(simulator.world)
    seen: list[float] = []
    async with client_of(simulator) as client, client.projects.watch(found), anyio.create_task_group() as tasks:

        async def hint() -> None:
            for _ in range(60):
                await anyio.sleep(1.5)
                client.jobs.hint(found[0].job_id)

        tasks.start_soon(hint)
        await client.jobs.wait(found[0].job_id, on_progress=lambda job: seen.append(job.progress or 0.0))
    assert len(seen) > 60
    assert counts(simulator)["list"] > 5
    assert seen == sorted(seen)
