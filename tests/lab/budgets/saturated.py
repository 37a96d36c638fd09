"""How much of a budget eight processes use in a saturated minute: ``python -m tests.lab.budgets.saturated``.

The last line is JSON, which the benchmarks read.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.lab.budgets._memory import busiest

PROCESSES, RATE, PER, BURST = 8, 300, 60.0, 10
WORKER = """
import sys, time
import anyio
from pictory_async import FileBudget, RateLimiter

async def main(path, rate, per, burst, end):
    began = time.process_time()
    limiter, written = RateLimiter(rate, per, burst, shared=FileBudget(path) if path else None), []
    with anyio.move_on_after(end - time.monotonic()):
        while True:
            if limiter.confirm(await limiter.acquire()):
                written.append(time.monotonic())
    print(*written)
    print(time.process_time() - began, file=sys.stderr)

path, rate, per, burst, end = sys.argv[1:]
anyio.run(main, path, int(rate), float(per), int(burst), float(end))
"""


def start(path: str, rate: int, burst: int, end: float) -> list[subprocess.Popen[str]]:
    """Start all processes; without a path, each has a budget of its own."""
    command = [sys.executable, "-c", WORKER, path, *(str(value) for value in (rate, PER, burst, end))]
    return [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]


def ended(workers: list[subprocess.Popen[str]]) -> tuple[list[float], float]:
    """When requests were written, and the CPU seconds for each of them."""
    texts = [worker.communicate() for worker in workers]
    written = sorted(float(time) for text, _ in texts for time in text.split())
    return written, sum(float(text) for _, text in texts) / len(written)


def main() -> None:
    """Measure, and print two lines."""
    with tempfile.TemporaryDirectory() as home:
        end = time.monotonic() + PER + 15.0
        together = start(str(Path(home) / "budget"), RATE, BURST, end)
        alone = start("", RATE // PROCESSES, 1, end)
        written, cost = ended(together)
        _, cost_alone = ended(alone)
    steady = RATE - BURST + 1
    used = sum(end - PER <= time < end for time in written)
    found = {
        "share": used / steady,
        "busiest": busiest(written, PER),
        "rate": RATE,
        "us": cost * 1e6,
        "alone_us": cost_alone * 1e6,
    }
    print(
        f"{used} of {steady} requests in the last minute ({used / steady:.1%}); worst window: "
        f"{found['busiest']} of {RATE}; {found['us']:.0f} µs of CPU for each request, {found['alone_us']:.0f} with a "
        "budget of one's own"
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
