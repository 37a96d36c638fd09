"""Worlds made of one seed each: whatever happens in them, the promises are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pictory_async
from tests.lab.worlds._life import run
from tests.lab.worlds._mutants import MUTANTS
from tests.lab.worlds._plan import draw
from tests.lab.worlds._shrink import shortest, shrink

if TYPE_CHECKING:
    from tests.lab.worlds._history import History
    from tests.lab.worlds._plan import Plan

WORLDS = int(os.environ.get("PICTORY_ASYNC_WORLDS", "200"))
CHUNK = 10


@pytest.mark.parametrize("first", range(0, WORLDS, CHUNK))
def test_promises_are_kept_in_every_world(first: int) -> None:
    """No outcome is wrong, lost or late, no window is too full, no file is cut, and nothing is left."""
    found = {seed: run(draw(seed)).violations for seed in range(first, first + CHUNK)}
    assert {} == {seed: violations for seed, violations in found.items() if violations}


@pytest.mark.parametrize("seed", [3, 11])
def test_a_world_replays_exactly(seed: int) -> None:
    """One seed is one history, request by request, also where threads write files."""
    one, other = run(draw(seed)), run(draw(seed))
    assert _log(one) == _log(other)
    assert [told.outcome.to_dict() for told in one.told] == [told.outcome.to_dict() for told in other.told]


def test_the_shortest_history_is_short() -> None:
    """What a failure does not need is taken out; what is left is told request by request."""

    def fails(plan: Plan) -> bool:
        ids = {project.number for project in plan.projects if project.integer}
        return any(user.kind == "wait_all" and ids & set(user.projects) for user in plan.users)

    seed = next(seed for seed in range(100) if fails(draw(seed)))
    smallest = shrink(draw(seed), fails, frozenset({"one", "another", "a third"}))
    assert (1, 1, 0, frozenset()) == (
        len(smallest.users),
        len(smallest.projects),
        len(smallest.spells),
        smallest.only,
    )
    assert shortest(seed).endswith("no violation")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_every_mutant_fits(mutant) -> None:
    """A mutant whose place in the package is gone would break nothing, and seem to be missed."""
    text = (Path(pictory_async.__file__).parent / mutant.file).read_text()
    assert text != mutant.applied(text)


def _log(history: History) -> list[tuple[float, str, int | None, str]]:
    return [(one.sent, one.name, one.status, one.kind) for one in history.server.exchanges]
