"""Random accounts in which several runs render with one ledger: what they tell is true, and nothing is paid for twice.

Fifteen accounts in the normal run; ``PICTORY_ASYNC_RENDER_WORLDS=2000`` has more of them (``nox -s slow``).
"""

from __future__ import annotations

import os

import pytest

from tests.lab.renders.worlds import violations

WORLDS = int(os.environ.get("PICTORY_ASYNC_RENDER_WORLDS", "15"))


@pytest.mark.parametrize("seed", range(WORLDS))
def test_nothing_untrue_and_nothing_twice(seed: int) -> None:
    """With faults, strangers, edits, runs at once, and runs that are left at any moment."""
    assert not violations(seed)
