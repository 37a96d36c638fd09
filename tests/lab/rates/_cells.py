"""One hidden limit, one or two clients that find it, and how well they do."""

from __future__ import annotations

import random
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

import anyio
import attrs
import trio
import trio.testing

from pictory_async import RateLimiter
from pictory_async.testing import FixedWindowLimit, Render, ServerLimit, Simulator, TokenBucketLimit, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pictory_async.testing import Limit

WATCHES = 120
NOMINAL = 100
LATENCY = 0.1

KINDS: dict[str, Callable[..., Limit]] = {
    "fixed window of 1 s": lambda rate, *, tells: FixedWindowLimit(rate, 1.0, tells=tells),
    "fixed window of 60 s": lambda rate, *, tells: FixedWindowLimit(round(rate * 60), 60.0, tells=tells),
    "sliding window of 10 s": lambda rate, *, tells: ServerLimit(round(rate * 10), 10.0, tells=tells),
    "sliding window of 60 s": lambda rate, *, tells: ServerLimit(round(rate * 60), 60.0, tells=tells),
    "bucket of 5": lambda rate, *, tells: TokenBucketLimit(rate, 5, tells=tells),
    "bucket of 20": lambda rate, *, tells: TokenBucketLimit(rate, 20, tells=tells),
}


@attrs.frozen
class Cell:
    """A hidden limit, in requests a second, and what it was before, if it changes."""

    kind: str
    rate: float
    tells: bool = False
    before: float | None = None
    clients: int = 1

    @property
    def name(self) -> str:
        """What this is, for a table."""
        change = f"{self.before:g} → " if self.before is not None else ""
        told = ", with Retry-After" if self.tells else ""
        crowd = f", {self.clients} clients" if self.clients > 1 else ""
        return f"{self.kind}, {change}{self.rate:g}/s{told}{crowd}"

    def limit(self, rate: float) -> Limit:
        """A limit of this kind."""
        return KINDS[self.kind](rate, tells=self.tells)


@attrs.frozen
class Found:
    """What came of it, after the time that finding the limit may take."""

    used: float
    refused: float
    fewest: int
    most: int
    requests: int

    @property
    def good(self) -> bool:
        """Whether most of the limit is used, hardly anything is refused and no watch is starved."""
        return self.used >= 0.85 and self.refused < 0.02 and self.fewest * 3 >= self.most


def settling(rate: float) -> float:
    """Seconds that finding a limit may take: as long as 800 requests take, and at least five minutes."""
    return max(300.0, 800.0 / rate)


def lasting(rate: float) -> float:
    """Seconds that are measured: as many as 700 requests take, and at least three minutes."""
    return max(180.0, 700.0 / rate)


async def live(cell: Cell) -> Found:
    """Let clients that are ready to send far more meet the limit."""
    world = World(limit=cell.limit(cell.rate if cell.before is None else cell.before))
    ids = [world.add_project(Render(0.0, duration=1e9)) for _ in range(WATCHES)]
    chance = random.Random(1)
    simulator = Simulator(world, latency=lambda _request, _now: LATENCY * chance.uniform(0.5, 1.5))
    simulator.start()
    async with anyio.create_task_group() as tasks:
        for _ in range(cell.clients):
            tasks.start_soon(poll, simulator, ids)
        if cell.before is not None:
            await anyio.sleep(settling(cell.before))
            world.limit = cell.limit(cell.rate)
        await anyio.sleep(settling(min(cell.rate, cell.before or cell.rate)))
        world.log.clear()
        began = simulator.now()
        await anyio.sleep(lasting(cell.rate))
        log, took = [*world.log], simulator.now() - began
        tasks.cancel_scope.cancel()
    refused = sum(entry.status == 429 for entry in log)
    polls = Counter(entry.path for entry in log if entry.status == 200)
    counts = [polls[f"/pictoryapis/v2/projects/{project_id}"] for project_id in ids]
    return Found(
        used=(len(log) - refused) / (cell.rate * took),
        refused=refused / len(log),
        fewest=min(counts),
        most=max(counts),
        requests=len(log),
    )


async def poll(simulator: Simulator, ids: list[str | int]) -> None:
    """Watch projects that are never done, as quickly as may be."""
    limiter = RateLimiter(NOMINAL, 1.0, 10)
    async with (
        simulator.client(limiter=limiter) as client,
        client.projects.watch(ids, interval=1.0, max_wait=None) as watch,
    ):
        await anext(watch)


def run(cell: Cell) -> Found:
    """Run one cell on virtual time."""
    random.seed(1)
    trio._core._run._r.seed(1)
    return trio.run(live, cell, clock=trio.testing.MockClock(autojump_threshold=0))


def cells() -> Iterator[Cell]:
    """All of them."""
    for kind, rate, tells in product(KINDS, (0.5, 2, 10, 50), (False, True)):
        if rate >= 1 or kind != "fixed window of 1 s":  # which cannot let half a request in
            yield Cell(kind, rate, tells=tells)
    for kind in ("fixed window of 60 s", "sliding window of 10 s", "bucket of 20"):
        yield Cell(kind, 2, before=20)
        yield Cell(kind, 20, before=2)
        yield Cell(kind, 10, clients=2)
