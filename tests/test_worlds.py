"""Worlds made of one seed each: whatever happens in them, the promises are kept."""

from __future__ import annotations

import pytest

from tests.worlds._check import violations
from tests.worlds._life import run


@pytest.mark.parametrize("first", range(0, 100, 10))
def test_promises_are_kept_in_every_world(first: int) -> None:
    """No outcome is wrong, lost or late, no window is too full, and nothing is left."""
    assert [] == [(seed, found) for seed in range(first, first + 10) if (found := violations(run(seed)))]


def test_a_world_replays_exactly() -> None:
    """One seed is one history, request by request."""
    one, other = run(15), run(15)
    assert [(entry.at, entry.path, entry.status) for entry in one.simulator.log] == [
        (entry.at, entry.path, entry.status) for entry in other.simulator.log
    ]
    assert [told.outcome.to_dict() for told in one.told] == [told.outcome.to_dict() for told in other.told]
