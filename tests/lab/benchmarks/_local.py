"""Single measurements that need no server: ``python -m tests.lab.benchmarks._local NAME``."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import math
import os
import resource
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
from uuid import UUID

import anyio
import anyio.lowlevel
import trio
import trio.testing

import pictory_async
from pictory_async import ProgressSchedule, RateLimiter
from pictory_async._codec.answers import decode_project, read_evidence
from pictory_async._codec.json_bytes import fast_fields
from pictory_async._http.health import Health
from pictory_async._http.messages import Request, Response
from pictory_async._polling.agenda import Agenda
from pictory_async._polling.poller import RenderPoller
from pictory_async._polling.registry import WatchRegistry
from pictory_async._polling.scheduler import Scheduler
from pictory_async._polling.targets import targets_of
from pictory_async._polling.wait import Terms
from pictory_async._polling.watch import Watch
from pictory_async.testing import Render, Simulator, World
from tests.lab.benchmarks._server import BIG, project_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

FEW_POLLS = 48  # what a client with the usual slots allows
RENDERING = b'{"projectName":"x","step":"RENDER","inProgress":true}'


class Sender:
    """Stands in for the transport: what a poll costs without HTTP."""

    most_polls = FEW_POLLS

    def __init__(self, respond: Callable[[str], bytes]) -> None:
        self._respond = respond
        self.health = Health("localhost")

    async def poll(self, path: str, subject: str) -> Response:
        """Answer at once, as a server without any distance would."""
        now = anyio.current_time()
        body = self._respond(path)
        await anyio.lowlevel.checkpoint()
        return Response(Request("GET", path, path, subject, []), 200, [], body, now)


def poller(respond: Callable[[str], bytes], terms: Terms, ids: Iterable[str]) -> tuple[RenderPoller, Scheduler]:
    """A poller without a client, and its scheduler."""
    scheduler = Scheduler(WatchRegistry(cast("Any", Sender(respond)), None), terms, targets_of(ids, None))
    return RenderPoller(scheduler), scheduler


def milliseconds(calls: dict[str, tuple[Callable[[], object], int]], rounds: int = 20) -> dict[str, float]:
    """The best of several rounds, in which each call has its turn, so that what others do on the machine counts little.

    Args:
        calls: What to call, and how often in one round.
        rounds: How many rounds.
    """
    best = dict.fromkeys(calls, math.inf)
    for _ in range(rounds):
        for name, (call, number) in calls.items():
            best[name] = min(best[name], timeit.timeit(call, number=number) / number * 1e3)
    return best


def decode() -> dict[str, float]:
    """Reading a poll's verdict from a 180 KB project, with the extra ``fast`` where it is installed."""
    msgspec: Any = importlib.import_module("msgspec")
    names = ("step", "inProgress", "videoURL", "generatedDate", "saveDate")
    few = msgspec.json.Decoder(msgspec.defstruct("Few", [(name, Any, None) for name in names]))
    body = project_body(BIG)
    return {
        "bytes": len(body),
        "fast": 0.0 if fast_fields(body, frozenset({"step"})) is None else 1.0,
        **milliseconds(
            {
                "verdict_ms": (lambda: read_evidence(body, "p"), 20),
                "json_ms": (lambda: json.loads(body), 10),
                "msgspec_ms": (lambda: few.decode(body), 20),
                "project_ms": (lambda: tuple(decode_project(body, "p").scenes), 1),
                "unchanged_ms": (lambda: hash(bytes(bytearray(body))), 20),  # with the time of two copies
            }
        ),
    }


async def memory(watches: int) -> dict[str, float]:
    """Bytes per watch after a poll at each (with the last snapshot), and the time to end them all."""
    sample = project_body(None, rendered=False)

    def respond(path: str) -> bytes:
        return sample.replace(b"Simulated", path.rpartition("/")[2].encode())  # each has its own snapshot

    ids = [str(UUID(int=number)) for number in range(watches)]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    terms = Terms(max_wait=1e9, interval=1e6, start_grace=1e9, schedule=ProgressSchedule())
    async with poller(respond, terms, ids)[0] as watch:
        while watch.statistics().polls < watches:  # noqa: ASYNC110 - nobody else has to say when
            await anyio.sleep(0.1)
        await anyio.sleep(0.2)
        gc.collect()
        used = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        began = time.perf_counter()
    ended = time.perf_counter() - began
    return {"bytes": used / watches, "cancel_ms": ended * 1e3, "tasks_ms": await _cancel_tasks(watches)}


async def _cancel_tasks(number: int) -> float:
    """How long it takes to cancel so many tasks that sleep, in milliseconds."""
    tasks = [asyncio.create_task(asyncio.sleep(1e6)) for _ in range(number)]
    await asyncio.sleep(0.1)
    began = time.perf_counter()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return (time.perf_counter() - began) * 1e3


async def scheduler(watches: int, seconds: float, windows: int = 5, interval: float = 2.0) -> dict[str, list[float]]:
    """CPU per poll without HTTP, and how late polls come, in several windows of time one after the other."""
    late: list[float] = []
    due: dict[str, float] = {}

    class Noted(Agenda[Watch]):
        def put(self, thing: Watch, when: float) -> None:
            due[thing.path] = when
            super().put(thing, when)

    def respond(path: str) -> bytes:
        late.append(anyio.current_time() - due[path])
        return RENDERING

    found: dict[str, list[float]] = {"us": [], "polls": [], "late_p50_ms": [], "late_p99_ms": []}
    terms = Terms(max_wait=None, interval=interval, start_grace=1e9, schedule=ProgressSchedule())
    render_poller, inside = poller(respond, terms, [])
    inside._agenda = Noted()
    async with render_poller as watch:
        for number in range(watches):
            watch.add(f"p{number}")
        await anyio.sleep(1.5 * interval)  # the watches come up together at first, and then spread
        for _ in range(windows):
            late.clear()
            polls, used = watch.statistics().polls, time.process_time()
            await anyio.sleep(seconds)
            used = time.process_time() - used
            polls = watch.statistics().polls - polls
            late.sort()
            found["us"].append(used / polls * 1e6)
            found["polls"].append(polls)
            found["late_p50_ms"].append(late[len(late) // 2] * 1e3)
            found["late_p99_ms"].append(late[int(len(late) * 0.99)] * 1e3)
    return found


async def sleepers(tasks: int, seconds: float, interval: float = 2.0) -> dict[str, list[float]]:
    """What people write without an SDK, without HTTP too: a task for each project, which sleeps between its polls."""
    late: list[float] = []

    async def loop(number: int) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + number / tasks * interval
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            late.append(loop.time() - due)
            json.loads(RENDERING)
            due += interval

    running = [asyncio.create_task(loop(number)) for number in range(tasks)]
    await asyncio.sleep(1.5 * interval)
    found: dict[str, list[float]] = {"us": [], "late_p99_ms": []}
    for _ in range(3):
        late.clear()
        used = time.process_time()
        await asyncio.sleep(seconds)
        found["us"].append((time.process_time() - used) / len(late) * 1e6)
        late.sort()
        found["late_p99_ms"].append(late[int(len(late) * 0.99)] * 1e3)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    return found


async def free_acquire(acquire: Callable[[], Awaitable[object]]) -> float:
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
    quick = await _contend(RateLimiter(20_000, 1.0, 1), 1000, 1.0)
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


def imports(rounds: int) -> dict[str, float]:
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
        for _ in range(rounds):
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
                lags.append((simulator.now() - finish[outcome.key], len(watch.pending)))
            polls = [item.polls for item in watch._scheduler.pending]
        ideal = [pending / (2 * rate) for _, pending in lags]
        return statistics.mean(lag for lag, _ in lags) / statistics.mean(ideal), min(polls) / max(polls)

    ratio, evenness = trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))
    return {"ratio": ratio, "evenness": evenness}


def huge(minutes: float) -> dict[str, float]:
    """100,000 watches in simulated time: polls at an interval of 60 s."""

    async def run() -> tuple[int, float, float]:
        terms = Terms(max_wait=None, interval=60.0, start_grace=1e9, schedule=ProgressSchedule())
        gc.collect()
        before = most_memory()
        async with poller(lambda _: RENDERING, terms, map(str, range(100_000)))[0] as watch:
            await anyio.sleep(1)
            used = (most_memory() - before) / 100_000
            began = time.process_time()
            await anyio.sleep(60.0 * minutes)
            return watch.statistics().polls - 100_000, used, time.process_time() - began

    polls, used, took = trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0))
    return {"polls": polls, "bytes": used, "cpu_s": took, "us": took / polls * 1e6, "minutes": minutes}


def most_memory() -> int:
    """The most memory that this process ever had, in bytes; not so costly a way to count as the one of `memory`."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main() -> None:
    """Run one measurement and print its result as JSON."""
    name = sys.argv[1]
    if name not in {"fairness", "huge"} and hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    quick = "--quick" in sys.argv
    if "--without-fast" in sys.argv:
        sys.modules["simdjson"] = cast("Any", None)  # as if it were not installed
    calls: dict[str, Any] = {
        "decode": decode,
        "memory": lambda: anyio.run(lambda: memory(10_000)),
        "scheduler": lambda: anyio.run(lambda: scheduler(10_000, 0.8 if quick else 4.0)),
        "sleepers": lambda: anyio.run(lambda: sleepers(10_000, 0.8 if quick else 4.0)),
        "limiter": lambda: anyio.run(lambda: limiter(8.0 if quick else 12.0)),
        "imports": lambda: imports(5 if quick else 21),
        "fairness": fairness,
        "huge": lambda: huge(0.75 if quick else 10.0),
    }
    print(json.dumps(calls[name]()))


if __name__ == "__main__":
    main()
