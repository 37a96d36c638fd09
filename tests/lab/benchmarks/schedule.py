"""Does following a job's progress pay? ``python -m tests.lab.benchmarks.schedule [--quick]``.

Simulated renders are looked at with `ProgressSchedule`, and then with a `FairSchedule` whose interval is chosen so that
it makes the same number of requests. What is compared is the time between the finish and the look that notices it.

The renders: durations are lognormal with medians of 3, 6 and 10 minutes; progress comes after a queue, in whole
percents, and is even, or uneven and noisy, or has plateaus in which hardly anything moves.
"""

from __future__ import annotations

import json
import math
import random
import statistics
import sys
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import attrs

from pictory_async import FairSchedule, ProgressSchedule, Sighting

if TYPE_CHECKING:
    from pictory_async import PollSchedule

MEDIANS = (180.0, 360.0, 600.0)
INTERVALS = (10.0, 20.0, 30.0)
ROUGHNESS = ((0.0, 0.0), (2.0, 0.5), (4.0, 1.0))
"""Noise in percent, and how uneven the speed is."""

_STRETCHES = 20
_LIMIT = 10_000


@attrs.frozen
class Rendering:
    """One simulated render: when it is done, and what its job says until then."""

    queue: float
    times: tuple[float, ...]
    noise: float
    seed: int

    @property
    def end(self) -> float:
        return self.queue + self.times[-1]

    def progress(self, now: float, chance: random.Random) -> float | None:
        since = now - self.queue
        if since < 0.0:
            return None
        stretch = min(bisect_right(self.times, since) - 1, _STRETCHES - 1)
        begin, end = self.times[stretch], self.times[stretch + 1]
        done = (stretch + (since - begin) / (end - begin)) / _STRETCHES * 100.0
        return max(0.0, min(99.0, round(done + chance.gauss(0.0, self.noise))))


def render(seed: int, median: float, noise: float, unevenness: float) -> Rendering:
    """Make a render."""
    chance = random.Random(seed)
    duration = chance.lognormvariate(math.log(median), 0.5)
    queue = chance.uniform(2.0, 15.0)
    stretches = [chance.lognormvariate(0.0, unevenness) for _ in range(_STRETCHES)]
    if unevenness:
        for _ in range(2):  # plateaus
            stretches[chance.randrange(_STRETCHES)] *= 10.0
    whole = sum(stretches)
    return Rendering(queue, tuple(accumulate((one / whole * duration for one in stretches), initial=0.0)), noise, seed)


def watch(one: Rendering, schedule: PollSchedule, interval: float) -> tuple[int, float]:
    """Look at a render as its watch does; return the number of polls and how late the last one came."""
    chance = random.Random(one.seed)
    now, polls = 0.0, 0
    first: tuple[float, float] | None = None
    remaining: float | None = None
    while polls < _LIMIT:
        seen = Sighting(now=now, interval=interval, polls=polls, fresh=True, remaining=remaining)
        now = schedule.next_poll(seen)
        polls += 1
        if now >= one.end:
            return polls, now - one.end
        progress = one.progress(now, chance)
        # As in a watch: the speed since progress was first seen.
        remaining = None
        if progress is not None and first is None:
            first = now, progress
        elif progress is not None and first is not None and progress > first[1]:
            remaining = (100.0 - progress) * (now - first[0]) / (progress - first[1])
    raise RuntimeError("the schedule never got to the end")


def mean(renders: list[Rendering], schedule: PollSchedule, interval: float) -> tuple[float, float]:
    """Requests and lag, each the mean over the renders."""
    found = [watch(one, schedule, interval) for one in renders]
    return statistics.mean(polls for polls, _ in found), statistics.mean(lag for _, lag in found)


def compare(renders: list[Rendering], interval: float) -> tuple[float, float]:
    """The lag of following progress, and that of a fair round robin with as many requests."""
    requests, lag = mean(renders, ProgressSchedule(1), interval)
    low, high = 1.0, 300.0
    for _ in range(16):
        middle = (low + high) / 2.0
        low, high = (middle, high) if mean(renders, FairSchedule(1), middle)[0] > requests else (low, middle)
    return lag, mean(renders, FairSchedule(1), high)[1]


def schedules(count: int) -> dict[str, float]:
    """Lag with progress over lag without: of all renders together, and in the worst and the best case."""
    ratios: dict[str, float] = {}
    lags: list[tuple[float, float]] = []
    for median in MEDIANS:
        for noise, unevenness in ROUGHNESS:
            renders = [render(seed, median, noise, unevenness) for seed in range(count)]
            for interval in INTERVALS:
                ours, fair = compare(renders, interval)
                lags.append((ours, fair))
                ratios[f"median {median:g} s, noise {noise:g} %, interval {interval:g} s"] = ours / fair
    return {
        "ratio": statistics.mean(ours for ours, _ in lags) / statistics.mean(fair for _, fair in lags),
        "best": min(ratios.values()),
        "worst": max(ratios.values()),
        "cases": len(ratios),
        "lag_s": statistics.mean(ours for ours, _ in lags),
        "fair_lag_s": statistics.mean(fair for _, fair in lags),
    }


if __name__ == "__main__":
    print(json.dumps(schedules(100 if "--quick" in sys.argv else 600)))
