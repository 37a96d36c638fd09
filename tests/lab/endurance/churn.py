"""Thousands of waits cancelled at random over a few connections: ``python -m tests.lab.endurance.churn``."""

from __future__ import annotations

import argparse
import gc
import platform
import random
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import attrs

from pictory_async import AsyncPictory, RateLimiter
from tests.lab._report import write_section
from tests.lab.endurance._crowd import Crowd
from tests.lab.endurance._left import complaints, files, tasks
from tests.lab.endurance._server import ServerProcess

LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}
CELLS = [(engine, loop) for engine in ("httpx", "httpx2") for loop in LOOPS]
CELLS += [("aiohttp", loop) for loop in ("asyncio", "uvloop")]
LIBRARIES = ("httpx", "httpx2", "aiohttp", "anyio", "trio", "uvloop")
POOL = 32
"""Connections that a client has at most."""
CALLERS, OTHERS, PATIENCE = 40, 20, 0.08


@attrs.define
class Cell:
    """What was seen with one HTTP library on one event loop; ``wrong`` is empty where all is well."""

    engine: str
    loop: str
    natively: int
    by_scope: int
    succeeded: int = 0
    most: int = 0
    requests: int = 0
    seconds: float = 0.0
    wrong: list[str] = attrs.field(factory=list)

    def expect(self, what: str, expected: object, found: object) -> None:
        """Note a difference."""
        if expected != found:
            self.wrong.append(f"{what}: {found} instead of {expected}")

    def row(self) -> str:
        """The cell as a row of a table."""
        verdict = "; ".join(self.wrong) or "clean"
        facts = (self.natively, self.by_scope, self.succeeded, self.requests, self.most)
        return f"| {self.engine} | {self.loop} | {' | '.join(f'{fact:,}' for fact in facts)} | {verdict} |"


async def live(cell: Cell, server: ServerProcess, seed: int) -> None:
    """One client's life, in the event loop of the cell."""
    before = tasks()
    options: dict[str, Any] = {"http": cell.engine, "limiter": RateLimiter(1_000_000, 1.0, 100_000)}
    async with AsyncPictory(**server.client_options(), **options) as client:
        crowd = Crowd(
            client,
            server.facts["never"],
            server.facts["done"],
            random.Random(seed),
            by_scope=cell.by_scope,
            natively=cell.natively,
            patience=PATIENCE,
        )
        async with anyio.create_task_group() as watching:
            watching.start_soon(watch, cell, client)
            await crowd.run(quitters=CALLERS, others=OTHERS)
            watching.cancel_scope.cancel()
        for _ in range(3):
            cell.expect("a call afterwards", True, (await client.projects.get(crowd.done)).is_rendered)
        statistics = client.statistics()
        cell.succeeded, cell.requests = crowd.succeeded, statistics.http.sent
        cell.expect("busy", 0, statistics.http.busy)
        cell.expect("waiting for the limiter", 0, statistics.limiter.waiting)
        if cell.engine != "aiohttp":  # which keeps its idle connections to itself
            idle = statistics.http.connections
            cell.expect("connections at the server", idle, await server.connections(idle))
    cell.expect("connections after closing", 0, await server.connections(0))
    cell.expect("tasks", before, tasks())


async def watch(cell: Cell, client: AsyncPictory) -> None:
    """Note how many requests were in flight at once."""
    while True:
        cell.most = max(cell.most, client.statistics().http.busy)
        await anyio.sleep(0.005)


def measure(engine: str, loop: str, waits: int, seed: int) -> Cell:
    """Try one HTTP library on one event loop."""
    natively = 0 if loop == "trio" else waits // 2
    cell = Cell(engine, loop, natively, waits - natively)
    backend, options = LOOPS[loop]
    with ServerProcess(projects=50, latency=0.02) as server:
        rehearsal = Cell(engine, loop, 0, 10)
        anyio.run(live, rehearsal, server, seed, backend=backend, backend_options=options)  # what is imported once
        gc.collect()
        before, began = files(), time.monotonic()
        with complaints() as found:
            anyio.run(live, cell, server, seed, backend=backend, backend_options=options)
        cell.seconds = time.monotonic() - began
        cell.expect("complaints", [], found)
        cell.expect("open files", before, files())
        cell.expect("more than the pool", False, cell.most > POOL)
    return cell


def page(cells: list[Cell], waits: int) -> str:
    """What to write into the documentation."""
    rows = "\n".join(cell.row() for cell in cells)
    seconds = sum(cell.seconds for cell in cells)
    return f"""\
{CALLERS} callers wait for renders that never end, and are cancelled after 0 to {PATIENCE * 1000:g} ms: {waits:,} \
waits in each row, half of them by `Task.cancel` (half of those twice) and half by a cancel scope; on trio all by a \
scope.
Meanwhile {OTHERS} others fetch a project that exists, and each of their calls must succeed.
All share one client with {POOL} connections to a server in another process, which takes up to 20 ms for a response.
"Clean" means: three more calls succeed; the server has as many open connections as the client reports (aiohttp does \
not report it), and none after closing; no task, open file or queue entry remains; and neither Python nor the event \
loop reports a problem such as a `ResourceWarning`.

| HTTP library | event loop | cancelled natively | by scope | other calls, all successful | requests | most at once \
| result |
|---|---|---|---|---|---|---|---|
{rows}

Python {platform.python_version()}, {", ".join(f"{name} {version(name)}" for name in LIBRARIES)}; {seconds:.0f} seconds.
"""


def main() -> int:
    """Try all of them; 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waits", type=int, default=5000, help="waits to cancel in each cell (5000)")
    parser.add_argument("--engine", help="only this HTTP library")
    parser.add_argument("--loop", help="only this event loop")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (1)")
    parser.add_argument("--write", type=Path, help="a page with the section 'churn' to write the result into")
    options = parser.parse_args()
    cells = []
    for engine, loop in CELLS:
        if options.engine in {None, engine} and options.loop in {None, loop}:
            cells.append(measure(engine, loop, options.waits, options.seed))
            print(cells[-1].row(), f"{cells[-1].seconds:.1f} s", flush=True)
    if options.write is not None:
        write_section(options.write, "churn", page(cells, options.waits))
    return int(any(cell.wrong for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
