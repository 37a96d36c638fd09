"""Python and C calls per poll under cProfile: ``python -m tests.benchmarks.calls [httpx|httpx2|aiohttp] [--profile]``.

The same to the digit from run to run, so it is the guard that the test suite keeps.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys

import anyio

from pictory_async.testing import Render, Simulator, World
from pictory_async.testing.server import ServerThread
from tests.benchmarks._polls import ours

POLLS = 200


async def count(base_url: str, http: str, *, show: bool) -> float:
    """Calls per poll, one poll after the other on a warm connection."""
    async with ours(base_url, http) as poll:
        for _ in range(20):
            await poll()
        profile = cProfile.Profile()
        profile.enable()
        for _ in range(POLLS):
            await poll()
        profile.disable()
    stats = pstats.Stats(profile, stream=sys.stderr)
    if show:
        stats.sort_stats("tottime").print_stats(40)
    return float(stats.total_calls) / POLLS  # type: ignore[attr-defined]


def main() -> None:
    """Print the number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("http", nargs="?", default="httpx", choices=["httpx", "httpx2", "aiohttp"])
    parser.add_argument("--profile", action="store_true", help="print where the calls and the time go")
    options = parser.parse_args()
    world = World(api_key="pictai_benchmark")
    world.add_project(Render(0.0, duration=1e9), project_id="p")
    with ServerThread(Simulator(world)) as server:
        print(round(anyio.run(lambda: count(server.base_url, options.http, show=options.profile)), 1))


if __name__ == "__main__":
    main()
