"""Single measurements that need no server: ``python -m tests.benchmarks._local NAME``."""

from __future__ import annotations

import gc
import importlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
import timeit
import tracemalloc
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.lowlevel
import trio
import trio.testing

import pictory_async
from pictory_async import RateLimiter
from pictory_async._messages import Reply
from pictory_async._poller import Board, RenderPoller
from pictory_async._schedule import Agenda
from pictory_async._watch import Terms, Watch
from pictory_async._wire import decode_project, read_evidence
from pictory_async._wire_json import fast_fields
from pictory_async.testing import Render, Simulator, World
from tests.benchmarks._server import BIG, project_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RENDERING = b'{"projectName":"x","step":"RENDER","inProgress":true}'


def microseconds(call: Any, number: int) -> float:
    """The best of several repetitions, so that what others do on the machine counts little."""
    return min(timeit.repeat(call, number=number, repeat=7)) / number * 1e6


def decode() -> dict[str, float]:
    """Reading a poll's verdict from a 180 KB project, with the extra ``fast`` where it is installed."""
    body = project_body(BIG)
    return {
        "bytes": len(body),
        "fast": 0.0 if fast_fields(body, frozenset({"step"})) is None else 1.0,
        "verdict_ms": microseconds(lambda: read_evidence(body, "p"), 100) / 1e3,
        "json_ms": microseconds(lambda: json.loads(body), 20) / 1e3,
        "project_ms": microseconds(lambda: tuple(decode_project(body, "p").scenes), 5) / 1e3,
        "unchanged_ms": microseconds(lambda: hash(bytes(bytearray(body))), 100) / 1e3,  # with the time of two copies
    }


async def memory(watches: int) -> dict[str, float]:
    """Bytes per watch after a look at each (with the last snapshot), and the time to end them all."""
    world = World()
    ids = [world.add_project(Render(0.0, duration=1e9)) for _ in range(watches)]
    simulator = Simulator(world)
    bodies = {}
    async with simulator.client(limiter=RateLimiter(10**7, 1.0, 10**6)) as client:
        for project_id in ids:
            bodies[str(project_id)] = (await client.projects._transport.poll(f"/v2/projects/{project_id}", "x")).body

        async def look(watch: Watch) -> Reply:
            await anyio.lowlevel.checkpoint()
            return Reply(200, [], bodies[str(watch.project_id)], anyio.current_time())

        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        terms = Terms(max_wait=1e9, interval=1e6, start_grace=1e9)
        async with RenderPoller(look, Board(), terms, ids, None) as watch:
            while watch.statistics().looks < watches:  # noqa: ASYNC110 - nobody else has to say when
                await anyio.sleep(0.1)
            await anyio.sleep(0.2)
            gc.collect()
            used = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            began = time.perf_counter()
        ended = time.perf_counter() - began
    return {"bytes": used / watches, "cancel_ms": ended * 1e3}


async def scheduler(watches: int, seconds: float, interval: float = 2.0) -> dict[str, float]:
    """CPU per poll without HTTP, and how late looks come."""
    late: list[float] = []
    due: dict[Watch, float] = {}

    class Noted(Agenda[Watch]):
        def put(self, thing: Watch, when: float) -> None:
            due[thing] = when
            super().put(thing, when)

    async def look(watch: Watch) -> Reply:
        now = anyio.current_time()
        late.append(now - due[watch])
        await anyio.lowlevel.checkpoint()
        return Reply(200, [], RENDERING, now)

    terms = Terms(max_wait=None, interval=interval, start_grace=1e9)
    poller = RenderPoller(look, Board(), terms, [], None)
    poller._agenda = Noted()
    async with poller as watch:
        for number in range(watches):
            watch.add(f"p{number}")
        await anyio.sleep(2 * interval)
        late.clear()
        looks, used = watch.statistics().looks, time.process_time()
        await anyio.sleep(seconds)
        used = time.process_time() - used
        looks = watch.statistics().looks - looks
    late.sort()
    return {
        "us": used / looks * 1e6,
        "polls": looks,
        "late_p50_ms": late[len(late) // 2] * 1e3,
        "late_p99_ms": late[int(len(late) * 0.99)] * 1e3,
    }


async def free_acquire(acquire: Callable[[], Awaitable[None]]) -> float:
    """What asking a limiter that has room costs, in microseconds."""
    best = math.inf
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(20_000):
            await acquire()
        best = min(best, time.perf_counter() - began)
    return best / 20_000 * 1e6


async def limiter(seconds: float) -> dict[str, float]:
    """The limiter: alone, with a thousand waiters at 50 a second, and at a nominal 20,000 a second."""
    aiolimiter: Any = importlib.import_module("aiolimiter")
    alone = await free_acquire(RateLimiter(10**9, 1.0, 10**9).acquire)
    peer = await free_acquire(aiolimiter.AsyncLimiter(10**9, 1.0).acquire)
    slow = await _contend(RateLimiter(50, 1.0, 1), 1000, seconds, cancel=500)
    quick = await _contend(RateLimiter(20_000, 1.0, 1), 1000, 2.0)
    return {
        "alone_us": alone,
        "peer_us": peer,
        "share": slow["rate"] / 50,
        "share_before": slow["before"] / 50,
        "share_after": slow["after"] / 50,
        "busiest": slow["busiest"],
        "overtakings": slow["overtakings"],
        "quick_per_second": quick["rate"],
    }


async def _contend(budget: RateLimiter, waiters: int, seconds: float, cancel: int = 0) -> dict[str, float]:
    times: list[float] = []
    order: list[int] = []
    joined = 0

    async def use(scope: anyio.CancelScope) -> None:
        nonlocal joined
        with scope:
            while True:
                joined += 1
                place = joined
                await budget.acquire()
                times.append(anyio.current_time())
                order.append(place)

    scopes = [anyio.CancelScope() for _ in range(waiters)]
    async with anyio.create_task_group() as tasks:
        for scope in scopes:
            tasks.start_soon(use, scope)
        await anyio.sleep(seconds / 2)
        middle = len(times)
        for scope in scopes[:cancel]:
            scope.cancel()
        await anyio.sleep(seconds / 2)
        tasks.cancel_scope.cancel()
    first = busiest = 0
    for last, moment in enumerate(times):
        while moment - times[first] > budget.per:
            first += 1
        busiest = max(busiest, last - first + 1)
    return {
        "rate": _rate(times),
        "before": _rate(times[:middle]),
        "after": _rate(times[middle:]),
        "busiest": busiest,
        "overtakings": sum(b < a for a, b in pairwise(order)),
    }


def _rate(times: list[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0])


def imports() -> dict[str, float]:
    """Import time beside that of the dependencies, median of several fresh interpreters, in milliseconds."""
    home = Path(pictory_async.__file__ or "").parent.parent

    def once(what: str, cache: str) -> float:
        code = f"import time; t = time.perf_counter(); {what}; print(time.perf_counter() - t)"
        env = {**os.environ, "PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(home)}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # bytecode is compiled once, as it is for an installed package
        done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, env=env)
        return float(done.stdout)

    base, own = "import httpx, attrs, cattrs, anyio", "import pictory_async"
    lean = "import sys; sys.modules['click'] = sys.modules['rich'] = None; "  # which httpx imports where they are there
    codes = {
        "base_ms": base,
        "own_ms": own,
        "client_ms": f"{own}; pictory_async.AsyncPictory('key')",
        "lean_base_ms": lean + base,
        "lean_own_ms": lean + own,
    }
    samples: dict[str, list[float]] = {name: [] for name in codes}
    with TemporaryDirectory() as cache:
        for code in codes.values():
            once(code, cache)
        for _ in range(21):
            for name, code in codes.items():
                samples[name].append(once(code, cache))
    return {name: statistics.median(values) * 1e3 for name, values in samples.items()}


def fairness() -> dict[str, float]:
    """Lag between finish and notice with a binding budget, on virtual time, over the ideal of n / 2r."""

    async def run() -> tuple[float, float]:
        world = World()
        watches, rate = 400, 10
        ends = [60.0 + number * 1.7 for number in range(watches)]
        finish = {world.add_project(Render(0.0, duration=end)): end for end in ends}
        simulator = Simulator(world)
        pace = RateLimiter(rate * 10, 10.0, 1)
        lags: list[tuple[float, int]] = []
        # Watches that end leave the round; a long-running crowd keeps it at n.
        crowd = [world.add_project(Render(0.0, duration=1e6)) for _ in range(watches)]
        async with (
            simulator.client(limiter=pace) as client,
            client.projects.watch([*finish, *crowd], interval=1.0, max_wait=None) as watch,
        ):
            while len(lags) < watches:
                outcome = await anext(watch)
                lags.append((simulator.now() - finish[outcome.project_id], len(watch.pending)))
            polls = [item.polls for item in watch._pending]
        ideal = [pending / (2 * rate) for _, pending in lags]
        return statistics.mean(lag for lag, _ in lags) / statistics.mean(ideal), min(polls) / max(polls)

    ratio, evenness = trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))
    return {"ratio": ratio, "evenness": evenness}


def huge(hours: float) -> dict[str, float]:
    """100,000 watches in simulated time: looks at an interval of 600 s."""

    async def run() -> tuple[int, float, float]:
        async def look(_: Watch) -> Reply:
            await trio.lowlevel.checkpoint()
            return Reply(200, [], RENDERING, anyio.current_time())

        terms = Terms(max_wait=None, interval=600.0, start_grace=1e9)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        async with RenderPoller(look, Board(), terms, range(100_000), None) as watch:
            await anyio.sleep(1)
            used = (tracemalloc.get_traced_memory()[0] - before) / 100_000
            tracemalloc.stop()
            began = time.process_time()
            await anyio.sleep(3600.0 * hours)
            return watch.statistics().looks, used, time.process_time() - began

    looks, used, took = trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))
    return {"looks": looks, "bytes": used, "cpu_s": took, "us": took / looks * 1e6, "hours": hours}


def main() -> None:
    """Run one measurement and print its result as JSON."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    quick = "--quick" in sys.argv
    if "--without-fast" in sys.argv:
        sys.modules["simdjson"] = cast("Any", None)  # as if it were not installed
    calls: dict[str, Any] = {
        "decode": decode,
        "memory": lambda: anyio.run(lambda: memory(10_000)),
        "scheduler": lambda: anyio.run(lambda: scheduler(10_000, 2.0 if quick else 6.0)),
        "limiter": lambda: anyio.run(lambda: limiter(8.0 if quick else 12.0)),
        "imports": imports,
        "fairness": fairness,
        "huge": lambda: huge(0.1 if quick else 1.0),
    }
    print(json.dumps(calls[sys.argv[1]]()))


if __name__ == "__main__":
    main()
