"""One world of a shared budget, by its seed: processes, callers, faults, and the laws that hold."""

from __future__ import annotations

import collections
from random import Random

import anyio
import attrs

from pictory_async import BudgetTerms, Priority, RateLimiter
from pictory_async._limits.window import SharedWindow
from pictory_async.errors import ConnectionFailedError
from pictory_async.testing import virtual_time
from tests.lab.budgets._memory import MemoryBudget, busiest

_EXACT = 1e-6


@attrs.define
class Life:
    """What happened in a world.

    Attributes:
        seed: Its seed.
        violations: The laws that were broken, as sentences.
        counts: What happened how often.
        written: When a request was written.
    """

    seed: int
    violations: list[str] = attrs.field(factory=list[str])
    counts: collections.Counter[str] = attrs.field(factory=collections.Counter[str])
    written: list[float] = attrs.field(factory=list[float])
    paused: list[tuple[float, float]] = attrs.field(factory=list[tuple[float, float]])

    async def run(self) -> None:
        """Live, and check the laws."""
        chance = Random(self.seed)
        rate = chance.choice([1, 5, 20, 60, 300])
        per, burst = chance.choice([1.0, 5.0, 30.0]), chance.randint(1, min(10, rate))
        budget = MemoryBudget(latency=chance.choice([0.0, 0.002, 0.002 * per]))
        processes = [RateLimiter(rate, per, burst, shared=budget) for _ in range(chance.randint(1, 6))]
        spacing, lasts = per / (rate - burst + 1), 0.02 * per
        wanted = min(600, int(chance.uniform(1.0, 4.0) * per / spacing) + 10)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._faults, Random(self.seed + 1), budget, processes, per)
            for number in range(wanted):
                tasks.start_soon(self._call, Random((self.seed, number).__hash__()), chance.choice(processes), lasts)
                if chance.random() < 0.3:
                    await anyio.sleep(chance.choice([0.1, 1.0, 3.0]) * spacing)
            await anyio.sleep(20.0 * per + 3.0 * wanted * spacing)
            self.violations += [
                f"{one.statistics().waiting} callers starve" for one in processes if one.statistics().waiting
            ]
            tasks.cancel_scope.cancel()
        self._judge(BudgetTerms(rate, per, burst))

    def _judge(self, terms: BudgetTerms) -> None:
        rate, per, burst = terms.rate, terms.per, terms.burst
        times = sorted(self.written)
        self.counts["requests"] += len(times)
        if busiest(times, per) > rate:
            self.violations.append(f"{busiest(times, per)} requests within {per:g} s, and not {rate}")
        # Not only that window: any number of requests takes its time.
        spacing, lasts = 1.02 * per / (rate - burst + 1), 0.02 * per
        latest = -1e18
        for number, time in enumerate(times):
            latest = max(latest, time - number * spacing)
            early = latest + number * spacing - time - (burst - 1) * spacing * (1.0 + 1e-6) - lasts
            # `latest` is of the request from which this one is the furthest ahead.
            if early > _EXACT:
                self.violations.append(f"a request is {early:g} s early")
                break
        for start, end in self.paused:
            # Leases that had been given out ahead are used.
            if any(start + terms.ahead + 2.0 * lasts < time < end - _EXACT for time in times):
                self.violations.append("a request was written during a pause that everybody should know")

    async def _call(self, chance: Random, limiter: RateLimiter, lasts: float) -> None:
        patience = chance.choice([None, None, None, 3.0 * lasts, 40.0 * lasts])
        with anyio.move_on_after(patience) as scope:
            while True:
                try:
                    granted_at = await limiter.acquire(chance.choice([*Priority]))
                except ConnectionFailedError:
                    await anyio.sleep(lasts)
                    continue
                await anyio.sleep(chance.choice([0.0, 0.5, 0.99, 1.5]) * lasts)  # a connection is opened
                if limiter.confirm(granted_at):
                    self.written.append(anyio.current_time())
                    return
                self.counts["late"] += 1
        self.counts["cancelled"] += scope.cancelled_caught

    async def _faults(self, chance: Random, budget: MemoryBudget, processes: list[RateLimiter], per: float) -> None:
        for _ in range(chance.randint(0, 6)):
            await anyio.sleep(chance.uniform(0.1, 1.0) * per)
            fault = chance.choice(["forgotten", "outage", "pause"])
            self.counts[fault] += 1
            if fault == "forgotten":
                terms = BudgetTerms(processes[0].rate, per, processes[0].burst)
                budget.window = SharedWindow()
                budget.window.forget(anyio.current_time(), terms)
                self.paused.clear()
            elif fault == "outage":
                budget.fails = True
                await anyio.sleep(chance.uniform(0.1, 1.0) * per)
                budget.fails = False
            else:
                one, seconds = chance.choice(processes), chance.uniform(0.1, 1.0) * per
                one.pause(seconds)
                until = anyio.current_time() + seconds
                await one.report()
                self.paused.append((anyio.current_time(), until))


def run(seed: int) -> Life:
    """Run the world of a seed."""
    life = Life(seed)
    anyio.run(life.run, backend_options={"loop_factory": virtual_time})
    return life
