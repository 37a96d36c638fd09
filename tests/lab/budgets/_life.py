"""One world of a shared budget, by its seed: processes, callers, faults, and the laws that hold."""

from __future__ import annotations

import collections
import math
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import anyio
import attrs

from pictory_async import BudgetTerms, Priority, RateLimiter
from pictory_async._limits.window import SharedWindow
from pictory_async.errors import ConnectionFailedError
from pictory_async.testing import virtual_time
from tests.lab.budgets._memory import MemoryBudget, QuickFile, busiest

if TYPE_CHECKING:
    from pictory_async import SharedBudget

_EXACT = 1e-6


@attrs.define
class Life:
    """What happened in a world.

    Attributes:
        seed: Its seed.
        home: A directory for its file.
        violations: The laws that were broken, as sentences.
        counts: What happened how often.
        written: When a request was written.
        paused: From when on everybody knew of a pause, and until when it lasts.
        leaps: When the clock of the budget was set forward.
    """

    seed: int
    home: Path
    violations: list[str] = attrs.field(factory=list[str])
    counts: collections.Counter[str] = attrs.field(factory=collections.Counter[str])
    written: list[float] = attrs.field(factory=list[float])
    paused: list[tuple[float, float]] = attrs.field(factory=list[tuple[float, float]])
    leaps: list[float] = attrs.field(factory=list[float])

    async def run(self) -> None:
        """Live, and check the laws."""
        chance = Random(self.seed)
        rate = chance.choice([1, 5, 20, 60, 300])
        per, burst = chance.choice([1.0, 5.0, 30.0]), chance.randint(1, min(10, rate))
        terms = BudgetTerms(rate, per, burst)
        budget = MemoryBudget(latency=chance.choice([0.0, 0.002, 0.002 * per]))
        kept = _Kept(budget, terms, None if self.seed % 2 else self.home / "budget")
        processes = [RateLimiter(rate, per, burst, shared=kept.opened()) for _ in range(chance.randint(1, 6))]
        spacing, lasts = per / (rate - burst + 1), 0.02 * per
        wanted = min(600, int(chance.uniform(1.0, 4.0) * per / spacing) + 10)
        for process in processes:  # one that has not used a file cannot know that it is another one
            await process.acquire()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._faults, Random(self.seed + 1), kept, processes)
            for number in range(wanted):
                tasks.start_soon(self._call, Random((self.seed, number).__hash__()), chance.choice(processes), lasts)
                if chance.random() < 0.3:
                    await anyio.sleep(chance.choice([0.1, 1.0, 3.0]) * spacing)
            await anyio.sleep(20.0 * per + 3.0 * wanted * spacing)
            self.violations += [
                f"{one.statistics().waiting} callers starve" for one in processes if one.statistics().waiting
            ]
            tasks.cancel_scope.cancel()
        self._judge(terms)

    def _judge(self, terms: BudgetTerms) -> None:
        times, lasts = sorted(self.written), 0.02 * terms.per
        self.counts["requests"] += len(times)
        # A budget whose clock is set forward cannot know that less time has passed. What it gave out before is used.
        begins = [-math.inf, *(leap + terms.ahead + 2.0 * lasts for leap in self.leaps)]
        for start, end in zip(begins, [*self.leaps, math.inf], strict=True):
            self._judge_pace([time for time in times if start < time < end], terms)
        for start, end in self.paused:
            # Leases that had been given out ahead are used.
            if any(start + terms.ahead + 2.0 * lasts < time < end - _EXACT for time in times):
                self.violations.append("a request was written during a pause that everybody should know")

    def _judge_pace(self, times: list[float], terms: BudgetTerms) -> None:
        rate, per, burst = terms.rate, terms.per, terms.burst
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

    async def _faults(self, chance: Random, kept: _Kept, processes: list[RateLimiter]) -> None:
        per, budget = kept.terms.per, kept.budget
        for _ in range(chance.randint(0, 6)):
            kept.copy()
            await anyio.sleep(chance.uniform(0.1, 1.0) * per)
            fault = chance.choice(["lost", "lost", "outage", "pause", "clock set back", "clock set forward"])
            if fault == "lost":
                self.counts[kept.lose(chance)] += 1
                self.paused.clear()
                continue
            self.counts[fault] += 1
            if fault == "outage":
                budget.fails = True
                await anyio.sleep(chance.uniform(0.1, 1.0) * per)
                budget.fails = False
            elif fault == "pause":
                one, seconds = chance.choice(processes), chance.uniform(0.1, 1.0) * per
                one.pause(seconds)
                until = anyio.current_time() + seconds
                await one.report()
                self.paused.append((anyio.current_time(), until))
            elif fault == "clock set back":
                budget.skew -= chance.choice([0.1, 1.0, 1000.0]) * per
            else:
                budget.skew += chance.choice([0.1, 1.0, 1000.0]) * per
                self.leaps.append(anyio.current_time())
                self.paused.clear()


@attrs.define
class _Kept:
    """Where a budget is kept: in memory, or in a file, which each process opens for itself."""

    budget: MemoryBudget
    terms: BudgetTerms
    path: Path | None
    _copies: list[bytes] = attrs.field(factory=list[bytes])

    def opened(self) -> SharedBudget:
        return self.budget if self.path is None else QuickFile(self.path, self.budget)

    def copy(self) -> None:
        """Keep a copy of a file."""
        if self.path is not None and self.path.exists():
            self._copies.append(self.path.read_bytes())

    def lose(self, chance: Random) -> str:
        """Lose what is known of the budget, and say how."""
        if self.path is None:
            self.budget.window = SharedWindow()
            self.budget.window.forget(self.budget.now(), self.terms)
            return "forgotten"
        how = chance.choice(["file emptied", "file removed", "file damaged", "file put back"])
        if how == "file removed":
            self.path.unlink(missing_ok=True)
        elif how == "file emptied":
            self.path.write_bytes(b"")
        elif how == "file put back":
            self.path.write_bytes(chance.choice(self._copies))
        else:
            copy = self._copies[-1]
            self.path.write_bytes(copy[: chance.randrange(max(1, len(copy) - 1))])
        return how


def run(seed: int) -> Life:
    """Run the world of a seed."""
    with tempfile.TemporaryDirectory() as home:
        life = Life(seed, Path(home))
        anyio.run(life.run, backend_options={"loop_factory": virtual_time})
    return life
