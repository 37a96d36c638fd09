"""Memory of the example pipeline over many projects: ``python -m tests.lab.benchmarks.pipeline_memory [PROJECTS]``.

On virtual time, with the simulated account in this process. What the account itself holds is not counted.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from pictory_async import Ledger, RateLimiter
from pictory_async.testing import Simulator, World, virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "pipeline.py"
_FRAMES = 6


def load_example() -> Any:
    """Import the example."""
    spec = importlib.util.spec_from_file_location("pipeline_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(projects: int, moments: Sequence[int]) -> dict[int, int]:
    """Run the pipeline, and return the bytes that the program holds when so many videos were uploaded."""
    found: dict[int, int] = {}
    example = load_example()

    async def run(directory: Path) -> None:
        world = World(media_sizes={"mp4": 1000}, render_seconds=(10.0, 30.0))
        simulator = Simulator(world, latency=0.05)
        uploaded = 0

        async def arriving() -> AsyncIterator[str | int]:
            for _ in range(projects):
                yield world.add_project(created_at=-3600.0)

        async def upload(path: Path) -> None:
            nonlocal uploaded
            await anyio.sleep(0.5)
            path.unlink()
            uploaded += 1
            if uploaded in moments:
                found[uploaded] = _held()
                print(f"{uploaded:>6} uploaded: {found[uploaded] / 1024:,.0f} KiB", flush=True)

        limiter = RateLimiter(1000, 1.0, 100)
        async with simulator.client(limiter=limiter) as client, Ledger(directory / "ledger.db") as ledger:
            # Now and then a simulated video begins like a text, which is not taken for a video.
            assert 0.95 * projects < await example.pipeline(client, arriving(), upload, directory / "videos", ledger)

    # In memory, where that is possible: the ledger waits for the disk after each step.
    fast = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=fast) as home, asyncio.Runner(loop_factory=virtual_time) as runner:
        tracemalloc.start(_FRAMES)
        try:
            runner.run(run(Path(home)))
        finally:
            tracemalloc.stop()
    return found


def _held() -> int:
    gc.collect()
    here = [
        tracemalloc.Filter(inclusive=False, filename_pattern="*/pictory_async/testing/*", all_frames=True),
        tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__),
    ]
    snapshot = tracemalloc.take_snapshot().filter_traces(here)
    return sum(trace.size for trace in snapshot.traces)


def main() -> None:
    """Measure, and print a line for each moment."""
    projects = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    moments = sorted({500, 1000, projects // 2, projects - 100})
    measure(projects, moments)


if __name__ == "__main__":
    main()
