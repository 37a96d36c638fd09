"""Python and C calls per poll of the poller without HTTP: ``python -m tests.lab.benchmarks.scheduler_calls``.

In simulated time, so that what else the machine does cannot change the number.
"""

from __future__ import annotations

import cProfile

import anyio

from pictory_async import ProgressSchedule
from pictory_async._polling.wait import Terms
from pictory_async.testing import virtual_time
from tests.lab.benchmarks._local import RENDERING, poller

WATCHES = 10_000


async def count() -> float:
    """Calls per poll, while so many watches are polled each 10 seconds, those of the event loop included."""
    terms = Terms(max_wait=None, interval=10.0, start_grace=1e9, schedule=ProgressSchedule())
    async with poller(lambda _: RENDERING, terms, map(str, range(WATCHES)))[0] as watch:
        await anyio.sleep(15.0)
        before = watch.statistics().polls
        profile = cProfile.Profile()
        profile.enable()
        await anyio.sleep(30.0)
        profile.disable()
        polls = watch.statistics().polls - before
    return sum(entry.callcount for entry in profile.getstats()) / polls


if __name__ == "__main__":
    print(anyio.run(count, backend_options={"loop_factory": virtual_time}))
