"""Run many worlds, in parallel: ``python -m tests.lab.worlds --seeds 1000``."""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from tests.lab._mutants import report
from tests.lab._report import write_section
from tests.lab.worlds._life import run
from tests.lab.worlds._mutants import MUTANTS
from tests.lab.worlds._plan import draw
from tests.lab.worlds._shrink import shortest

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.define
class Totals:
    """What many worlds came to."""

    worlds: int = 0
    seconds: float = 0.0
    counts: collections.Counter[str] = attrs.field(factory=collections.Counter)
    faults: collections.Counter[str] = attrs.field(factory=collections.Counter)
    failed: list[int] = attrs.field(factory=list)

    def report(self) -> str:
        """The totals as Markdown."""
        pace = self.worlds / self.seconds
        worlds = f"{self.worlds:,} worlds, {pace:.0f} a second on {os.cpu_count()} cores"
        lines = [
            f"{worlds}; promises were broken in {len(self.failed)}.",
            ", ".join(f"{count:,} {what}" for what, count in self.counts.items()) + ".",
            "",
            f"| Fault | {sum(self.faults.values()):,} in total |",
            "|---|---:|",
            *(f"| {kind} | {count:,} |" for kind, count in sorted(self.faults.items())),
        ]
        return "\n".join(lines)


def _one(seed: int) -> tuple[int, list[str], dict[str, int], dict[str, int]]:
    history = run(draw(seed))
    counts = {
        "requests": len(history.server.exchanges),
        "outcomes": len(history.told),
        "cancelled calls": history.cancelled,
        "requested renders": history.renders,
        "downloads": history.downloads,
    }
    return seed, [str(one) for one in history.violations], counts, dict(history.server.counts)


def many(seeds: Iterable[int], *, stop: bool = False) -> Totals:
    """Run worlds on all cores, and print each that breaks a promise."""
    totals, began = Totals(), time.perf_counter()
    with multiprocessing.Pool() as pool:
        for seed, wrong, counts, faults in pool.imap(_one, seeds, chunksize=4):
            totals.worlds += 1
            totals.counts.update(counts)
            totals.faults.update(faults)
            if wrong:
                totals.failed.append(seed)
                print(f"seed {seed}: {wrong[0]} ({len(wrong)} in all)", flush=True)
                if stop:
                    break
    totals.seconds = time.perf_counter() - began
    return totals


def main() -> None:
    """Run the worlds and print what was survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay one world, and print the shortest history that fails")
    parser.add_argument("--stop", action="store_true", help="stop at the first violation")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the totals into a page of the documentation")
    parser.add_argument("--mutants", action="store_true", help="break each promise on purpose instead")
    options = parser.parse_args()
    if options.seed is not None:
        print(shortest(options.seed))
        return
    if options.mutants:
        table, complete = report("tests.lab.worlds", MUTANTS, 3000)
        if options.write is not None:
            write_section(options.write, "mutants", table)
        sys.exit(0 if complete else 1)
    totals = many(range(options.first, options.first + options.seeds), stop=options.stop)
    print(totals.report())
    if totals.failed and not options.stop:
        print(shortest(totals.failed[0]))
    if options.write is not None:
        write_section(options.write, "worlds", totals.report())
    sys.exit(1 if totals.failed else 0)


if __name__ == "__main__":
    main()
