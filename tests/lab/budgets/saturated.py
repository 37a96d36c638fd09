"""How much of a budget eight processes use in a saturated minute: ``python -m tests.lab.budgets.saturated``.

The last line is JSON, which the benchmarks read.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests._redis import RedisServer
from tests.lab.budgets._memory import busiest

if TYPE_CHECKING:
    from collections.abc import Generator

PROCESSES, RATE, PER, BURST = 8, 300, 60.0, 10
WORKER = """
import sys, time
import anyio
from pictory_async import FileBudget, RateLimiter, RedisBudget

async def main(place, rate, per, burst, end):
    budget = RedisBudget(place, "saturated") if "://" in place else FileBudget(place) if place else None
    limiter, written = RateLimiter(rate, per, burst, shared=budget), []
    await limiter.acquire()  # connected, and all is imported
    began = time.process_time()
    with anyio.move_on_after(end - time.monotonic()):
        while True:
            if limiter.confirm(await limiter.acquire()):
                written.append(time.monotonic())
    print(*written)
    print(time.process_time() - began, file=sys.stderr)

place, rate, per, burst, end = sys.argv[1:]
anyio.run(main, place, int(rate), float(per), int(burst), float(end))
"""


def start(place: str, rate: int, burst: int, end: float) -> list[subprocess.Popen[str]]:
    """Start all processes; without a place, each has a budget of its own."""
    command = [sys.executable, "-c", WORKER, place, *(str(value) for value in (rate, PER, burst, end))]
    return [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]


def ended(workers: list[subprocess.Popen[str]]) -> tuple[list[float], float]:
    """When requests were written, and the CPU seconds for each of them."""
    texts = [worker.communicate() for worker in workers]
    written = sorted(float(time) for text, _ in texts for time in text.split())
    return written, sum(float(text) for _, text in texts) / len(written)


def measured(workers: list[subprocess.Popen[str]], end: float) -> dict[str, float]:
    """How much of the budget they used in the last minute, the worst window, and the CPU time for each request."""
    written, cost = ended(workers)
    used = sum(end - PER <= time < end for time in written)
    return {"share": used / (RATE - BURST + 1), "busiest": busiest(written, PER), "us": cost * 1e6}


@contextlib.contextmanager
def redis_server(home: Path) -> Generator[str]:
    """The address of a real server; empty if there is none, which is said."""
    try:
        pytest.importorskip("redis", reason="the extra redis is not installed")
        server = RedisServer(home)
    except pytest.skip.Exception as why:
        print(f"without Redis: {why}")
        yield ""
        return
    with server:
        yield server.url


def main() -> None:
    """Measure all at once, because they mostly wait; print a line for each place of the budget, and then JSON."""
    with tempfile.TemporaryDirectory() as home, redis_server(Path(home)) as url:
        end = time.monotonic() + PER + 15.0
        places = {"file": str(Path(home) / "budget")} | ({"redis": url} if url else {})
        together = {name: start(place, RATE, BURST, end) for name, place in places.items()}
        alone = start("", RATE // PROCESSES, 1, end)
        found = {name: measured(workers, end) for name, workers in together.items()}
        _, cost_alone = ended(alone)
    for name, one in found.items():
        print(
            f"{name}: {one['share']:.1%} of the steady pace in the last minute; worst window: {one['busiest']} of "
            f"{RATE}; {one['us']:.0f} µs of CPU for each request, {cost_alone * 1e6:.0f} with a budget of one's own"
        )
    print(json.dumps({"places": found, "rate": RATE, "alone_us": cost_alone * 1e6}))


if __name__ == "__main__":
    main()
