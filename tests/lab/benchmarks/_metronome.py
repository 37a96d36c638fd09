"""A tick every millisecond from outside, which carries the time at which it was sent."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from struct import iter_unpack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# The monotonic clock is the same for all processes. A timer of the loop under test would not do: its own grain is a
# millisecond, which is as long as what is to be measured.
_PROGRAM = """
import os, struct, time
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {0})
while True:
    time.sleep(0.001)
    os.write(1, struct.pack("d", time.monotonic()))
"""


@contextmanager
def ticks() -> Iterator[list[float]]:
    """Collect how late each tick is served by the running event loop, in milliseconds."""
    lags: list[float] = []
    loop = asyncio.get_running_loop()
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    pipe = process.stdout.fileno()

    def serve() -> None:
        now = time.monotonic()
        lags.extend((now - sent) * 1e3 for (sent,) in iter_unpack("d", os.read(pipe, 8 * 4096)))

    loop.add_reader(pipe, serve)
    try:
        yield lags
    finally:
        loop.remove_reader(pipe)
        process.kill()
        process.wait()
        process.stdout.close()
