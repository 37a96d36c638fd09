"""Run many worlds of shared budgets, in parallel: ``python -m tests.lab.budgets --seeds 1000``."""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import sys
import time
from pathlib import Path

from tests.lab._mutants import report
from tests.lab._report import write_section
from tests.lab.budgets._life import run
from tests.lab.budgets._mutants import MUTANTS


def _one(seed: int) -> tuple[int, list[str], collections.Counter[str]]:
    life = run(seed)
    return seed, life.violations, life.counts


def _table(worlds: int, failed: int, seconds: float, counts: collections.Counter[str]) -> str:
    done = f"{counts.pop('requests'):,} requests"
    pace = f"{worlds / seconds:.0f} a second on {os.cpu_count()} cores"
    lines = [
        f"{worlds:,} worlds of budgets, {pace}; promises were broken in {failed}. {done}.",
        "",
        f"| Happening | {counts.total():,} in total |",
        "|---|---:|",
        *(f"| {what} | {count:,} |" for what, count in sorted(counts.items())),
    ]
    return "\n".join(lines)


def main() -> None:
    """Run the worlds and print what was survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--stop", action="store_true", help="stop at the first violation")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the totals into a page of the documentation")
    parser.add_argument("--mutants", action="store_true", help="break each promise on purpose instead")
    options = parser.parse_args()
    if options.mutants:
        table, complete = report("tests.lab.budgets", MUTANTS, 200)
        if options.write is not None:
            write_section(options.write, "mutants of budgets", table)
        sys.exit(0 if complete else 1)
    counts: collections.Counter[str] = collections.Counter()
    worlds = failed = 0
    began = time.perf_counter()
    with multiprocessing.Pool() as pool:
        for seed, wrong, seen in pool.imap(_one, range(options.first, options.first + options.seeds), chunksize=4):
            worlds += 1
            counts.update(seen)
            if wrong:
                failed += 1
                print(f"seed {seed}: {wrong[0]} ({len(wrong)} in all)", flush=True)
                if options.stop:
                    break
    table = _table(worlds, failed, time.perf_counter() - began, counts)
    print(table)
    if options.write is not None:
        write_section(options.write, "worlds of budgets", table)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
