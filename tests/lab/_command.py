"""The command of a laboratory: many worlds of one seed each, in parallel, and what happened in them."""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab._mutants import report
from tests.lab._report import write_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.lab._mutants import Mutant


def _table(kind: str, worlds: int, failed: int, seconds: float, done: str, counts: collections.Counter[str]) -> str:
    pace = f"{worlds / seconds:.0f} a second on {os.cpu_count()} cores"
    lines = [
        f"{worlds:,} worlds of {kind}, {pace}; promises were broken in {failed}. {done}.",
        "",
        f"| Happening | {counts.total():,} in total |",
        "|---|---:|",
        *(f"| {what} | {count:,} |" for what, count in sorted(counts.items())),
    ]
    return "\n".join(lines)


def run_worlds(
    package: str,
    kind: str,
    one: Callable[[int], tuple[int, list[str], collections.Counter[str]]],
    done: Iterable[str],
    mutants: Iterable[Mutant],
    mutant_seeds: int,
) -> None:
    """Read the arguments, run the worlds or the mutants, print what was survived, and exit.

    Args:
        package: The laboratory, such as ``tests.lab.budgets``.
        kind: What its worlds are of, such as ``budgets``.
        one: Runs the world of a seed; gives the seed, the promises that were broken, and what happened how often.
        done: What of that is no fault.
        mutants: What is broken on purpose.
        mutant_seeds: How many worlds each of them gets.
    """
    parser = argparse.ArgumentParser(description=f"Run many worlds of {kind}, in parallel.")
    parser.add_argument("--seeds", type=int, default=300, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--stop", action="store_true", help="stop at the first violation")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the totals into a page of the documentation")
    parser.add_argument("--mutants", action="store_true", help="break each promise on purpose instead")
    options = parser.parse_args()
    if options.mutants:
        table, complete = report(package, mutants, mutant_seeds)
        section = f"mutants of {kind}"
    else:
        table, complete = _many(kind, one, range(options.first, options.first + options.seeds), done, stop=options.stop)
        section = f"worlds of {kind}"
        print(table)
    if options.write is not None:
        write_section(options.write, section, table)
    sys.exit(0 if complete else 1)


def _many(
    kind: str,
    one: Callable[[int], tuple[int, list[str], collections.Counter[str]]],
    seeds: range,
    done: Iterable[str],
    *,
    stop: bool,
) -> tuple[str, bool]:
    counts: collections.Counter[str] = collections.Counter()
    worlds = failed = 0
    began = time.perf_counter()
    with multiprocessing.Pool() as pool:
        for seed, wrong, seen in pool.imap(one, seeds, chunksize=4):
            worlds += 1
            counts.update(seen)
            if wrong:
                failed += 1
                print(f"seed {seed}: {wrong[0]} ({len(wrong)} in all)", flush=True)
                if stop:
                    break
    what = ", ".join(f"{counts.pop(name, 0):,} {name}" for name in done)
    return _table(kind, worlds, failed, time.perf_counter() - began, what, counts), not failed
