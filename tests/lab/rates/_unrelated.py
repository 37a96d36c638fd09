"""Refusals that have nothing to do with the pace, and limits that say 503: what is left of the nominal pace."""

from __future__ import annotations

import multiprocessing
import random
import statistics
from collections.abc import Callable

import anyio
import attrs
import trio
import trio.testing

from pictory_async import RateLimiter
from pictory_async.testing import Answer, Fault, Render, ServerLimit, SimRequest, Simulator, World

SEEDS = 10
WATCHES = 60
HOUR = 3600.0
RECOVERY = 600.0


@attrs.frozen
class Case:
    """A server, what is measured of a client with the default budget, and the least of the nominal pace that it keeps.

    Attributes:
        name: What the server does.
        refuse: Makes what it refuses, from a seed.
        least: The least share of what is possible, from 0 to 1.
        warm_up: Seconds before the measurement.
        lasts: Seconds of the measurement.
        possible: Requests a second that the server would accept; ``None`` for the nominal pace.
    """

    name: str
    refuse: Callable[[int], Callable[[SimRequest, float], Fault | None]]
    least: float
    warm_up: float = 0.0
    lasts: float = HOUR
    possible: float | None = None


@attrs.frozen
class Kept:
    """What came of it."""

    used: float
    refused: float
    requests: int


def scattered(share: float, status: int, until: float = float("inf")) -> Callable[[int], Callable[..., Fault | None]]:
    """Refuse so many of the requests at random."""

    def make(seed: int) -> Callable[[SimRequest, float], Fault | None]:
        chance = random.Random(seed)
        return lambda _, now: Answer(status) if chance.random() < share and now < until else None

    return make


def limited_by_503(_: int) -> Callable[[SimRequest, float], Fault | None]:
    """Refuse as nginx's ``limit_req`` does, at 2 requests a second."""
    limit = ServerLimit(20, 10.0)
    return lambda _, now: None if limit.admit(now) is None else Answer(503)


CASES = (
    Case("429 for 1 % of the requests", scattered(0.01, 429), 0.75),
    Case("429 for 3 %", scattered(0.03, 429), 0.5),
    Case("429 for 5 %", scattered(0.05, 429), 0.5),
    Case("503 for 1 %", scattered(0.01, 503), 0.75),
    Case("503 for 5 %", scattered(0.05, 503), 0.5),
    Case("429 for every seventh for half an hour, then none: 10 minutes later", scattered(1 / 7, 429, 1800.0), 0.95,
         warm_up=1800.0 + RECOVERY, lasts=RECOVERY),
    Case("a sliding window of 10 s, 2/s, that says 503", limited_by_503, 0.85, warm_up=RECOVERY, possible=2.0),
)  # fmt: skip


async def _live(case: Case, seed: int) -> Kept:
    world = World()
    ids = [world.add_project(Render(0.0, duration=1e9)) for _ in range(WATCHES)]
    simulator = Simulator(world, latency=0.1, faults=case.refuse(seed))
    simulator.start()
    limiter = RateLimiter()
    async with (
        anyio.create_task_group() as tasks,
        simulator.client(limiter=limiter) as client,
        client.projects.watch(ids, interval=1.0, max_wait=None) as watch,
    ):
        tasks.start_soon(anext, watch)
        await anyio.sleep(case.warm_up)
        world.log.clear()
        await anyio.sleep(case.lasts)
        log = [*world.log]
        tasks.cancel_scope.cancel()
    refused = sum(entry.status in {429, 503} for entry in log)
    possible = case.possible or (limiter.rate - limiter.burst + 1) / limiter.per
    counted = len(log) - refused if case.possible else len(log)
    return Kept(counted / (possible * case.lasts), refused / len(log), len(log))


def run(case: Case, seed: int) -> Kept:
    """Run one case on virtual time."""
    random.seed(seed)
    trio._core._run._r.seed(seed)
    return trio.run(_live, case, seed, clock=trio.testing.MockClock(autojump_threshold=0))


def table() -> tuple[str, int]:
    """All cases as Markdown, each with several seeds, and how many keep less than they should on average."""
    lines = ["| Server | used, mean | lowest | at least | rejected | requests | |", "|---|---|---|---|---|---|---|"]
    missed = 0
    with multiprocessing.Pool() as pool:
        for case in CASES:
            runs = pool.starmap(run_named, [(case.name, seed) for seed in range(SEEDS)])
            used = statistics.fmean(kept.used for kept in runs)
            good = used >= case.least
            missed += not good
            refused = statistics.fmean(kept.refused for kept in runs)
            lowest = min(kept.used for kept in runs)
            lines.append(
                f"| {case.name} | {used:.0%} | {lowest:.0%} | {case.least:.0%} | {refused:.2%} "
                f"| {sum(kept.requests for kept in runs):,} | {'PASS' if good else 'MISS'} |"
            )
            print(lines[-1], flush=True)
    return "\n".join(lines), missed


def run_named(name: str, seed: int) -> Kept:
    """Run one case in a process of its own: its functions cannot be pickled."""
    return run(next(case for case in CASES if case.name == name), seed)
