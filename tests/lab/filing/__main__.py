"""Run many worlds of files, in parallel: ``python -m tests.lab.filing --seeds 1000``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab._command import run_worlds
from tests.lab.filing._life import run
from tests.lab.filing._mutants import MUTANTS
from tests.lab.filing._plan import draw

if TYPE_CHECKING:
    from collections import Counter

_DONE = ("downloads", "backups", "templates", "written", "skipped", "failed calls", "system calls")


def _one(seed: int) -> tuple[int, list[str], Counter[str]]:
    life = run(draw(seed))
    return seed, life.violations, life.counts


if __name__ == "__main__":
    run_worlds("tests.lab.filing", "files", _one, _DONE, MUTANTS, 1000)
