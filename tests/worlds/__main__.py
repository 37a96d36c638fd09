"""Run many worlds, in parallel: ``python -m tests.worlds --seeds 1000``."""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import sys
import time

from tests.worlds._check import violations
from tests.worlds._life import run


def one(seed: int) -> tuple[int, list[str], int, int, dict[str, int], int]:
    """Run one seed and keep what counts."""
    try:
        history = run(seed)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
        return seed, [f"{type(error).__name__}: {error}"], 0, 0, {}, 0
    return seed, violations(history), len(history.simulator.log), len(history.told), history.counts, history.cancelled


def main() -> None:
    """Run the worlds and print what was survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay one world and print its history")
    options = parser.parse_args()
    if options.seed is not None:
        history = run(options.seed)
        for entry in history.simulator.log:
            print(f"{entry.at:10.3f} {entry.status} {entry.path}")
        for told in history.told:
            print(f"{told.at:10.3f} {told.outcome.project_id} {told.outcome.status} {told.outcome.error or ''}")
        print(violations(history) or "no violation")
        return
    began = time.perf_counter()
    seeds = range(options.first, options.first + options.seeds)
    requests = outcomes = cancelled = failed = 0
    faults: collections.Counter[str] = collections.Counter()
    with multiprocessing.Pool() as pool:
        for seed, wrong, sent, given, counts, gave_up in pool.imap_unordered(one, seeds, chunksize=5):
            requests, outcomes, cancelled = requests + sent, outcomes + given, cancelled + gave_up
            faults.update(counts)
            if wrong:
                failed += 1
                print(f"seed {seed}: {wrong[0]} ({len(wrong)} in all)", flush=True)
    took = time.perf_counter() - began
    print(f"{options.seeds} worlds in {took:.1f} s ({options.seeds / took:.1f} a second), {failed} with violations")
    print(f"{requests} requests, {outcomes} outcomes, {cancelled} waits given up")
    print(f"{sum(faults.values())} faults: {dict(faults)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
