"""Worlds of shared budgets: whatever processes and the budget do, the laws hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import pictory_async
from tests.lab.budgets._life import run
from tests.lab.budgets._mutants import MUTANTS

WORLDS = int(os.environ.get("PICTORY_ASYNC_WORLDS", "200")) // 10


def test_the_laws_hold_in_every_world() -> None:
    """No window holds too many requests, nobody starves, and a pause is that of all."""
    found = {seed: run(seed).violations for seed in range(WORLDS)}
    assert {} == {seed: violations for seed, violations in found.items() if violations}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_every_mutant_fits(mutant) -> None:
    """A mutant whose place in the package is gone would break nothing, and seem to be missed."""
    text = (Path(pictory_async.__file__).parent / mutant.file).read_text()
    assert text != mutant.applied(text)
