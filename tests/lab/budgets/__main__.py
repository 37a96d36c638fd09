"""Run many worlds of shared budgets, in parallel: ``python -m tests.lab.budgets --seeds 1000``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab._command import run_worlds
from tests.lab.budgets._life import run
from tests.lab.budgets._mutants import MUTANTS

if TYPE_CHECKING:
    from collections import Counter


def _one(seed: int) -> tuple[int, list[str], Counter[str]]:
    life = run(seed)
    return seed, life.violations, life.counts


if __name__ == "__main__":
    run_worlds("tests.lab.budgets", "budgets", _one, ["requests"], MUTANTS, 200)
