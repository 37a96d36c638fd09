"""Python and C calls per poll under cProfile, the same from run to run: the guard that the test suite keeps.

``python -m tests.lab.benchmarks.calls [httpx|httpx2|aiohttp] [--tasks N] [--profile]``. To be repeatable, the server
sends each response with one write, and the median is taken: on a busy machine a response may still arrive in two
pieces, or early.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import statistics

import anyio

from tests.lab.benchmarks._polls import ours
from tests.lab.benchmarks._profile import report
from tests.lab.benchmarks._run import server

POLLS = 200


async def count(base_url: str, http: str, *, show: bool) -> float:
    """Calls per poll, one poll after the other on a warm connection."""
    async with ours(base_url, http) as poll:
        for _ in range(20):
            await poll()
        profiles = [cProfile.Profile() for _ in range(POLLS)]
        for profile in profiles:
            profile.enable()
            await poll()
            profile.disable()
    if show:
        print(report(pstats.Stats(*profiles), POLLS))
    return statistics.median(sum(entry.callcount for entry in profile.getstats()) for profile in profiles)


async def count_together(base_url: str, http: str, tasks: int) -> float:
    """Calls per poll of so many tasks that poll at once, those of the event loop included."""
    rounds = max(10, 2000 // tasks)
    async with ours(base_url, http) as poll:

        async def loop(number: int) -> None:
            for _ in range(number):
                await poll()

        async def together(number: int) -> None:
            async with anyio.create_task_group() as group:
                for _ in range(tasks):
                    group.start_soon(loop, number)

        await together(2)  # the connections are open then
        profile = cProfile.Profile()
        profile.enable()
        await together(rounds)
        profile.disable()
    return sum(entry.callcount for entry in profile.getstats()) / (tasks * rounds)


def main() -> None:
    """Print the number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("http", nargs="?", default="httpx", choices=["httpx", "httpx2", "aiohttp"])
    parser.add_argument("--profile", action="store_true", help="print where the calls and the time go")
    parser.add_argument("--tasks", type=int, metavar="N", help="count while so many tasks poll at once")
    options = parser.parse_args()
    with server(rendered=False) as base_url:
        if options.tasks:
            print(anyio.run(lambda: count_together(base_url, options.http, options.tasks)))
            return
        print(anyio.run(lambda: count(base_url, options.http, show=options.profile)))


if __name__ == "__main__":
    main()
