"""What a poll costs, beside the peers: ``nox -s bench``, or ``python -m tests.lab.benchmarks`` where all is installed.

Prints a table of what was to be reached and what was. A miss is reported and is no failure; the exit code is 1 where
something could not be measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.lab.benchmarks._figures import Effort, Row
from tests.lab.benchmarks._page import line, machine, page, summary, versions
from tests.lab.benchmarks._rows import measure
from tests.lab.benchmarks._run import CORES, NotMeasuredError, output


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)


def _profile() -> int:
    for http in ("httpx", "aiohttp"):
        print(f"\nOne poll with http={http!r}:\n")
        try:
            print(output("calls", http, "--profile"))
        except NotMeasuredError as problem:
            print(f"not measured: {problem}")
            return 1
    return 0


def main() -> int:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round and short measurements: about two minutes")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the page of the documentation, with charts")
    parser.add_argument("--profile", action="store_true", help="only show where a poll's microseconds go")
    parser.add_argument("--only", metavar="ROWS", default="", help="only these rows, such as 4,5")
    options = parser.parse_args()
    if options.profile:
        return _profile()
    if options.write is not None and options.only:
        parser.error("the page has all rows: --write does not go with --only")
    where = machine()
    print(f"{where}\n{versions()}")
    if CORES < 2:
        print("This machine has one core: client and server share it.")
    print(flush=True)
    rows: list[Row] = []
    for row in measure(Effort(options.quick), _say, frozenset(filter(None, options.only.split(",")))):
        rows.append(row)
        print(line(row), flush=True)
    rows.sort(key=lambda row: int(row.number))
    print(f"\n{summary(rows)}")
    if options.write is not None:
        options.write.write_text(page(rows, where, options.write.parent, quick=options.quick))
    return int(any(row.problem for row in rows))


if __name__ == "__main__":
    sys.exit(main())
