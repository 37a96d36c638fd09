"""Single measurements against the server: ``python -m tests.lab.benchmarks._cells NAME ARGUMENTS``."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.request import urlopen

import anyio

from pictory_async import AsyncPictory, RateLimiter
from tests.lab.benchmarks._metronome import ticks
from tests.lab.benchmarks._plain import structure
from tests.lab.benchmarks._polls import KEY, UNLIMITED, ours, poller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.lab.benchmarks._polls import Poll

Result = dict[str, float]


def cpu() -> float:
    """CPU seconds of this process so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def seen(base_url: str) -> dict[str, int]:
    """What the server has counted."""
    with urlopen(f"{base_url}/stats") as answer:  # our own server on loopback
        return dict(json.loads(answer.read()))


async def cost(name: str, base_url: str, crowds: list[int], seconds: float) -> NoReturn:
    """CPU per poll, in microseconds, of so many tasks that poll without a break, each until a poll of it fails.

    Crowd after crowd, in one process; each has its time to connect.
    """
    found: dict[int, Result] = {}
    async with poller(name, base_url) as poll:
        for tasks in crowds:
            crowd = Crowd(poll)
            running = [asyncio.create_task(crowd.loop()) for _ in range(tasks)]
            await asyncio.sleep(max(0.3, seconds / 3))
            before, began, first = cpu(), time.perf_counter(), crowd.polls
            await asyncio.sleep(seconds)
            used, took, polls = cpu() - before, time.perf_counter() - began, crowd.polls - first
            us = used / polls * 1e6 if polls else float("inf")
            failed = sum(task.done() for task in running)
            found[tasks] = {"us": us, "per_second": polls / took, "polls": polls, "failed": failed}
            if tasks != crowds[-1]:
                crowd.over = True
                await asyncio.gather(*running, return_exceptions=True)
        print(json.dumps(found), flush=True)
        os._exit(0)  # to end a thousand polls takes some peers longer than all the rest


class Crowd:
    """Tasks that poll without a break."""

    def __init__(self, poll: Poll) -> None:
        self._poll = poll
        self.polls = 0
        self.over = False

    async def loop(self) -> None:
        """One of the tasks."""
        while not self.over:
            await self._poll()
            self.polls += 1


async def burst(base_url: str, tasks: int) -> Result:
    """The largest lag of the event loop, in milliseconds, while so many polls are asked for at once."""
    async with ours(base_url) as poll:
        await poll()
        with ticks() as lags:
            await asyncio.sleep(0.3)
            lags.clear()
            results = await asyncio.gather(*(poll() for _ in range(tasks)), return_exceptions=True)
            await asyncio.sleep(0.01)
    failed = sum(isinstance(result, BaseException) for result in results)
    return {"lag_ms": max(lags), "failed": failed}


async def steady(base_url: str, rate: float, seconds: float) -> Result:
    """New connections of so many polls per second, open loop, after a second to warm up."""
    async with ours(base_url) as poll:
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

        await pace(1.0)
        before = await asyncio.to_thread(seen, base_url)
        used = cpu()
        await pace(seconds)
        used = cpu() - used
        await asyncio.gather(*pending, return_exceptions=True)
        after = await asyncio.to_thread(seen, base_url)
    polls = after["requests"] - before["requests"]
    new = after["connections"] - before["connections"] - 1  # one is that of the question
    return {"new_connections": new, "polls": polls, "us": used / polls * 1e6}


async def stall(base_url: str, projects: int, interval: float, seconds: float, *, plain: bool) -> Result:
    """How late a tick is served while big projects are watched, in milliseconds, by ours or by a plain loop.

    The plain loop has a task for each project. It uses our connections, so that they make no difference, but decodes
    the whole answer and structures it.
    """
    limiter = RateLimiter(UNLIMITED, 1.0, UNLIMITED // 10)
    async with AsyncPictory(KEY, base_url=base_url, limiter=limiter) as client, anyio.create_task_group() as tasks:

        async def loop(number: int) -> None:
            await anyio.sleep(number / projects * interval)
            while True:
                reply = await client.projects._transport.poll(f"/v2/projects/p{number}", "it")
                if structure(reply.body).videoURL:
                    break
                await anyio.sleep(interval)

        async def watch() -> None:
            async with client.projects.watch(interval=interval, max_wait=None) as poller:
                for number in range(projects):
                    poller.add(f"p{number}")
                    await anyio.sleep(interval / projects)
                await anext(poller)

        with ticks() as lags:
            if plain:
                for number in range(projects):
                    tasks.start_soon(loop, number)
            else:
                tasks.start_soon(watch)
            await anyio.sleep((1.0 if plain else 1.5) * interval)  # they begin spread over one; our second poll varies
            lags.clear()
            before = await asyncio.to_thread(seen, base_url)
            used = cpu()
            await anyio.sleep(seconds)
            used = cpu() - used
            after = await asyncio.to_thread(seen, base_url)
        tasks.cancel_scope.cancel()
    lags.sort()
    return {
        "p99_ms": lags[int(len(lags) * 0.99)],
        "p50_ms": lags[len(lags) // 2],
        "ticks": len(lags),
        "polls": after["requests"] - before["requests"],
        "cpu": used / seconds,
    }


CELLS: dict[str, Callable[..., Awaitable[Result]]] = {"cost": cost, "burst": burst, "steady": steady, "stall": stall}


def main() -> None:
    """Run one cell and print its result as JSON."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    gc.freeze()
    print(json.dumps(anyio.run(lambda: CELLS[name](**arguments))))


if __name__ == "__main__":
    main()
