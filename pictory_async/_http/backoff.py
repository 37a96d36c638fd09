"""Waits that double, and waits of which some part is left to chance. Pure."""

from __future__ import annotations

import random
from typing import Final

_DOUBLINGS: Final = 60  # more of them would be longer than any wait, and at last no number


def doubled(first: float, times: int, longest: float) -> float:
    """Return a wait that was doubled so many times, in seconds, and that is never longer than ``longest``."""
    return min(longest, first * 2.0 ** min(times, _DOUBLINGS))


def scattered(wait: float) -> float:
    """Return half of a wait to all of it, at random, so that what waits alike does not come at the same moment."""
    return random.uniform(0.5, 1.0) * wait  # noqa: S311 - no secret
