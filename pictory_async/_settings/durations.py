"""Durations, in seconds or as a ``timedelta``."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TypeAlias

from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

Duration: TypeAlias = float | timedelta
"""Seconds as a number, or a ``timedelta``."""


def seconds(name: str, value: Duration, *, above: float | None = None) -> float:
    """Convert a duration to seconds.

    Args:
        name: The parameter, for the error.
        value: Seconds or ``timedelta``; not negative.
        above: The duration must be longer than this, if given.

    Raises:
        PictoryConfigError: The value is not a duration, or it is infinite, negative or too short.
    """
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= sys.float_info.max:
        msg = f"{name} must be a number of seconds or a timedelta, zero or more, not {brief(value)}."
        raise PictoryConfigError(msg)
    if above is not None and value <= above:
        msg = f"{name} must be longer than {above:g} s, not {brief(value)}."
        raise PictoryConfigError(msg)
    return float(value)


def optional_seconds(name: str, value: Duration | None, *, above: float | None = None) -> float | None:
    """Like `seconds`; ``None`` stays ``None`` and means "no limit"."""
    return None if value is None else seconds(name, value, above=above)
