"""Kill programs that render, one life per seed: ``python -m tests.lab.renders --seeds 50``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.lab._mutants import report
from tests.lab._report import write_section
from tests.lab.renders._life import live
from tests.lab.renders._mutants import MUTANTS


def main() -> None:
    """Run the lives and print which promises were broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="how many lives")
    parser.add_argument("--stop", action="store_true", help="stop at the first violation")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="write the table of mutants into a page")
    parser.add_argument("--mutants", action="store_true", help="break each promise on purpose instead")
    options = parser.parse_args()
    if options.mutants:
        table, complete = report("tests.lab.renders", MUTANTS, options.seeds)
        if options.write is not None:
            write_section(options.write, "mutants of renders", table)
        sys.exit(0 if complete else 1)
    failed = 0
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as name:
            wrong = live(seed, Path(name))
        if wrong:
            failed += 1
            print(f"seed {seed}: {wrong[0]} ({len(wrong)} in all)", flush=True)
            if options.stop:
                break
    print(f"{options.seeds} lives, promises were broken in {failed}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
