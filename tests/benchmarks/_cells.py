"""Single measurements, each in a process of its own on a core of its own: ``python -m tests.benchmarks._cells NAME …``."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
from typing import Any
from urllib.request import urlopen

import anyio

from tests.benchmarks._polls import poller

Result = dict[str, float]


def cpu() -> float:
    """CPU seconds of this process so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def seen(base_url: str) -> dict[str, int]:
    """What the server has counted."""
    with urlopen(f"{base_url}/stats") as answer:  # noqa: S310 - our own server on loopback
        return dict(json.loads(answer.read()))


async def cost(name: str, base_url: str, tasks: int, seconds: float) -> Result:
    """CPU per poll, in microseconds, of so many tasks that poll without a break."""
    done = 0
    async with poller(name, base_url) as poll:
        stop = asyncio.Event()

        async def loop() -> None:
            nonlocal done
            while not stop.is_set():
                await poll()
                done += 1

        running = [asyncio.create_task(loop()) for _ in range(tasks)]
        await asyncio.sleep(seconds / 3)
        before, began, first = cpu(), time.perf_counter(), done
        await asyncio.sleep(seconds)
        used, took, polls = cpu() - before, time.perf_counter() - began, done - first
        stop.set()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return {"us": used / polls * 1e6 if polls else float("inf"), "per_second": polls / took, "polls": polls}


async def burst(name: str, base_url: str, tasks: int) -> Result:
    """The largest lag of the event loop, in milliseconds, while so many polls are asked for at once."""
    async with poller(name, base_url) as poll:
        await poll()
        largest = 0.0
        running = True

        async def ticker() -> None:
            nonlocal largest
            while running:
                before = time.perf_counter()
                await asyncio.sleep(0.001)
                largest = max(largest, time.perf_counter() - before - 0.001)

        watching = asyncio.create_task(ticker())
        await asyncio.sleep(0.05)
        largest = 0.0
        await asyncio.gather(*(poll() for _ in range(tasks)), return_exceptions=True)
        running = False
        await watching
    return {"lag_ms": largest * 1e3}


async def steady(name: str, base_url: str, rate: float, seconds: float) -> Result:
    """New connections of so many polls per second, open loop, after a warm-up."""
    async with poller(name, base_url) as poll:
        pending: set[asyncio.Task[Any]] = set()

        async def pace(length: float) -> None:
            began = time.perf_counter()
            count = 0
            while time.perf_counter() - began < length:
                task = asyncio.ensure_future(poll())
                pending.add(task)
                task.add_done_callback(pending.discard)
                count += 1
                await asyncio.sleep(max(0.0, began + count / rate - time.perf_counter()))

        await pace(2.0)
        before = await asyncio.to_thread(seen, base_url)
        used = cpu()
        await pace(seconds)
        used = cpu() - used
        await asyncio.gather(*pending, return_exceptions=True)
        after = await asyncio.to_thread(seen, base_url)
    polls = after["requests"] - before["requests"]
    return {"new_connections": after["connections"] - before["connections"] - 1, "polls": polls, "us": used / polls * 1e6}


CELLS = {"cost": cost, "burst": burst, "steady": steady}


def main() -> None:
    """Run one cell and print its result as JSON."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    gc.freeze()
    print(json.dumps(anyio.run(lambda: CELLS[name](**arguments))))


if __name__ == "__main__":
    main()
