"""Worlds of files: after every system call of every process, each file is complete."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import pictory_async
from tests.lab.filing._life import run
from tests.lab.filing._mutants import MUTANTS
from tests.lab.filing._plan import draw

WORLDS = int(os.environ.get("PICTORY_ASYNC_WORLDS", "300")) // 5
CHUNK = 5


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file locks of this kind")
@pytest.mark.parametrize("first", range(0, WORLDS, CHUNK))
def test_files_are_complete_in_every_world(first: int) -> None:
    """Whatever is killed, deleted, replaced or sent, and whenever, no file is half, wrong or lost."""
    found = {seed: run(draw(seed)).violations for seed in range(first, first + CHUNK)}
    assert {} == {seed: violations for seed, violations in found.items() if violations}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_every_mutant_fits(mutant) -> None:
    """A mutant whose place in the package is gone would break nothing, and seem to be missed."""
    text = (Path(pictory_async.__file__).parent / mutant.file).read_text()
    assert text != mutant.applied(text)
