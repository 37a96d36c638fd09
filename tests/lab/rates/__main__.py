"""Let clients find limits that servers do not tell: ``nox -s rates``, or ``python -m tests.lab.rates``."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from tests.lab._report import write_section
from tests.lab.rates._cells import LATENCY, NOMINAL, WATCHES, Cell, Found, cells, run
from tests.lab.rates._unrelated import table


def one(cell: Cell) -> tuple[Cell, Found]:
    """Run a cell, in a process of its own."""
    return cell, run(cell)


def line(cell: Cell, found: Found) -> str:
    """A line of the table."""
    verdict = "PASS" if found.good else "MISS"
    return (
        f"| {cell.name} | {found.used:.1%} | {found.refused:.2%} | {found.fewest} to {found.most} "
        f"| {found.requests:,} | {verdict} |"
    )


def main() -> None:
    """Measure all cells, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.rates", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the section of the documentation")
    options = parser.parse_args()
    began = time.perf_counter()
    head = ("| Hidden limit | used | rejected | polls per project | requests | |", "|---|---|---|---|---|---|")
    print("\n".join(head), flush=True)
    found = []
    with multiprocessing.Pool() as pool:
        for cell, result in pool.imap(one, cells()):
            found.append((cell, result))
            print(line(cell, result), flush=True)
    missed = sum(not result.good for _, result in found)
    text = (
        f"{len(found)} servers, of which {missed} miss a target (at least 85 % used, less than 2 % rejected, no "
        f"project polled less than a third as often as another). A client that may send {NOMINAL} requests a second "
        f"watches {WATCHES} projects. A response takes {LATENCY:g} s, plus or minus half of that. The measurement "
        "starts after a warm-up in which the client finds the limit: the time of 800 requests, and at least five "
        "minutes."
    )
    print(f"\n{text}\n{time.perf_counter() - began:.0f} s")
    unrelated, kept_too_little = table()
    if options.write is not None:
        write_section(options.write, "rates", "\n".join((text, "", *head, *(line(*pair) for pair in found))))
        write_section(options.write, "unrelated", unrelated)
    sys.exit(1 if missed or kept_too_little else 0)


if __name__ == "__main__":
    main()
