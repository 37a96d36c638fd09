"""Quantities as users write them: durations, rates and times."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs
import click

__all__ = ["Rate", "to_age", "to_limit", "to_rate", "to_seconds", "to_since", "to_span", "to_time"]

_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"(?P<number>\d{1,9}(\.\d*)?|\.\d+) ?(?P<unit>s|min|m|h|)", re.ASCII)
_AGE: Final = re.compile(r"(?P<number>\d{1,5}) ?(?P<unit>min|[smhdw])", re.ASCII)
_AGE_UNITS: Final = {**_UNITS, "d": 86400.0, "w": 7 * 86400.0}
_LONG: Final = ("d", "w")
_RATE: Final = re.compile(r"(?P<number>[1-9]\d{0,8})/(?P<per>.+)", re.ASCII)


@attrs.frozen
class Rate:
    """A request budget.

    Attributes:
        requests: The highest number of requests in a window.
        per: The length of the window, in seconds.
    """

    requests: int
    per: float


def to_seconds(text: str) -> float:
    """Read a duration: ``90``, ``90s``, ``30m`` or ``2h``."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 90, 90s, 30m or 2h.")
    return float(found["number"]) * _UNITS[found["unit"]]


def to_age(text: str) -> float:
    """Read an age in seconds: ``90d``, ``4w``, ``12h`` or any other duration."""
    number, unit = text.strip()[:-1], text.strip()[-1:].lower()
    try:
        return to_seconds(number) * _AGE_UNITS[unit] if unit in _LONG and number.isdecimal() else to_seconds(text)
    except click.BadParameter:
        raise click.BadParameter(f"{text!r} is not an age such as 90d, 4w or 12h.") from None


def to_limit(text: str) -> float:
    """Read a duration, or ``none`` for no limit, which is returned as infinity."""
    return math.inf if text.strip().lower() == "none" else to_seconds(text)


def to_span(text: str) -> tuple[float, float]:
    """Read a shortest and a longest duration, ``5:20``, or one duration for both."""
    low, colon, high = text.partition(":")
    ends = (to_seconds(low), to_seconds(high if colon else low))
    if not 0 < ends[0] <= ends[1]:
        raise click.BadParameter(f"{text!r} is not a span of seconds such as 5:20.")
    return ends


def to_rate(text: str) -> Rate:
    """Read a request budget: ``300/60``, ``300/min`` or ``5/s``."""
    found = _RATE.fullmatch(text.strip().lower())
    per = found["per"] if found is not None else ""
    try:
        length = to_seconds(f"1{per}" if per in _UNITS else per)
    except click.BadParameter:
        length = 0.0
    if found is None or not length:
        raise click.BadParameter(f"{text!r} is not a rate such as 300/60 (requests per seconds) or 300/min.")
    return Rate(int(found["number"]), length)


def to_time(text: str) -> datetime:
    """Read a date and time with a time zone, in ISO 8601."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.BadParameter(f"{text!r} is not a time with a time zone such as 2026-01-31T12:00:00Z.")
    return found


def to_since(text: str) -> datetime:
    """Read how long ago, ``7d``, or when: ``2026-01-31``, or a time in ISO 8601, in UTC if it names no time zone."""
    text = text.strip()
    age = _AGE.fullmatch(text.lower())
    if age is not None:
        return datetime.now(UTC) - timedelta(seconds=float(age["number"]) * _AGE_UNITS[age["unit"]])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        forms = "a duration such as 12h, 7d or 4w nor a date such as 2026-01-31 or 2026-01-31T12:00:00Z"
        raise click.BadParameter(f"{text!r} is neither {forms}.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
