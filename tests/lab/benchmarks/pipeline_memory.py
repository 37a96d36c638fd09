"""How much memory a batch holds while thousands of projects go through it.

``python -m tests.lab.benchmarks.pipeline_memory 5000`` prints it.
"""

from __future__ import annotations

import gc
import importlib.util
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from pictory_async import Ledger, RateLimiter
from pictory_async.testing import Simulator, World, virtual_time as virtual_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "pipeline.py"
_LIBRARY = [tracemalloc.Filter(inclusive=True, filename_pattern=f"*{name}*") for name in ("pictory_async/_", "anyio")]


def load_example() -> Any:
    """Import the example."""
    spec = importlib.util.spec_from_file_location("pipeline_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(projects: int, moments: Collection[int]) -> dict[int, int]:
    """Let projects go through a batch, and return what the library holds after some numbers of them, in bytes."""
    found: dict[int, int] = {}

    async def main(directory: Path) -> None:
        world = World(render_seconds=(5.0, 5.0), queue_seconds=(0.0, 0.0))

        async def source() -> AsyncIterator[str | int]:
            for _ in range(projects):
                yield world.add_project()

        simulator = Simulator(world, latency=0.01)
        async with (
            simulator.client(limiter=RateLimiter(100_000, 1.0, 10_000)) as client,
            client.projects.render_all(source(), ledger=Ledger(directory / "ledger.db"), at_once=50) as batch,
        ):
            count = 0
            async for _ in batch:
                count += 1
                if count in moments:
                    found[count] = _held()

    tracemalloc.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            anyio.run(main, Path(name), backend_options={"loop_factory": virtual_loop})
    finally:
        tracemalloc.stop()
    return found


def _held() -> int:
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces(_LIBRARY)
    return sum(one.size for one in snapshot.statistics("filename"))


if __name__ == "__main__":
    total = int(sys.argv[1])
    for count, held in measure(total, [total // 10, total // 2, total]).items():
        print(f"{count} projects: {held / 1024:.0f} KiB")
