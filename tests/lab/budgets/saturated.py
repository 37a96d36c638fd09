"""How much of a budget eight processes use in a saturated minute: ``python -m tests.lab.budgets.saturated``."""

from __future__ import annotations

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
    limiter, written = RateLimiter(rate, per, burst, shared=FileBudget(path)), []
    with anyio.move_on_after(end - time.monotonic()):
        while True:
            if limiter.confirm(await limiter.acquire()):
                written.append(time.monotonic())
    print(*written)
    print(time.process_time(), file=sys.stderr)

path, rate, per, burst, end = sys.argv[1:]
anyio.run(main, path, int(rate), float(per), int(burst), float(end))
"""


def main() -> None:
    """Measure, and print one line."""
    with tempfile.TemporaryDirectory() as home:
        end = time.monotonic() + PER + 15.0
        limits = [str(value) for value in (RATE, PER, BURST, end)]
        command = [sys.executable, "-c", WORKER, str(Path(home) / "budget"), *limits]
        workers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(PROCESSES)
        ]
        texts = [worker.communicate() for worker in workers]
    written = sorted(float(time) for text, _ in texts for time in text.split())
    steady = RATE - BURST + 1
    used = sum(end - PER <= time < end for time in written)
    seconds = sum(float(text) for _, text in texts)
    print(
        f"{used} of {steady} requests in the last minute ({used / steady:.1%}); worst window: "
        f"{busiest(written, PER)} of {RATE}; {seconds / PROCESSES:.2f} s of CPU for each process, its start included"
    )


if __name__ == "__main__":
    main()
