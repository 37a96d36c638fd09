"""What values of requests must be like. Each check yields what is wrong with a value, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pictory_async._values import brief
from pictory_async.video._part import Sureness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.video._part import Check

ERROR, WARNING = Sureness.ERROR, Sureness.WARNING
Found = "Iterator[tuple[Sureness, str]]"

_PERCENT: Final = re.compile(r"(?:100|[1-9]?\d)%")
_COLOR: Final = re.compile(
    r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|"
    r"rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)|"
    r"rgba\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*(?:0|1|0?\.\d+|1\.0+)\s*\)"
)
_SHOWN: Final = 12
_URL: Final = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)


def text(most: int | None = None, *, least: int = 0, sure: Sureness = ERROR) -> Check:
    """Text of some length, in characters."""

    def check(value: Any) -> Iterator[tuple[Sureness, str]]:
        if not isinstance(value, str):
            yield ERROR, f"It must be text, not {brief(value)}."
        elif most is not None and len(value) > most:
            yield sure, f"It has {len(value)} characters, and at most {most} are allowed. Shorten it."
        elif len(value) < least:
            yield sure, f"It has {len(value)} characters, and at least {least} are needed."

    return check


def flag(value: Any) -> Iterator[tuple[Sureness, str]]:
    """True or false."""
    if not isinstance(value, bool):
        yield ERROR, f"It must be true or false, not {brief(value)}."


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Check:
    """A number in a range."""
    kind = "a whole number" if whole else "a number"
    span = {
        (True, True): f" from {least:g} to {most:g}" if least is not None and most is not None else "",
        (True, False): f" of at least {least:g}" if least is not None else "",
        (False, True): f" of at most {most:g}" if most is not None else "",
    }.get((least is not None, most is not None), "")

    def check(value: Any) -> Iterator[tuple[Sureness, str]]:
        usable = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not usable or not (least is None or value >= least) or not (most is None or value <= most):
            yield ERROR, f"It must be {kind}{span}, not {brief(value)}."

    return check


def known(*values: str, what: str = "value") -> Check:
    """One of the values that are known; lists grow on the server, so another one is a warning."""

    def check(value: Any) -> Iterator[tuple[Sureness, str]]:
        if not isinstance(value, str):
            yield ERROR, f"It must be text, not {brief(value)}."
        elif value not in values:
            shown = ", ".join(values[:_SHOWN]) + (", …" if len(values) > _SHOWN else "")
            yield WARNING, f"{brief(value)} is not a known {what}. Known are {shown}."

    return check


def each(check: Check, *, least: int = 0, most: int | None = None) -> Check:
    """A list whose items are like this."""

    def check_all(value: Any) -> Iterator[tuple[Sureness, str]]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            yield ERROR, f"It must be a list, not {brief(value)}."
            return
        yield from count(least, most)(value)
        for one in value:
            yield from check(one)

    return check_all


def count(least: int = 0, most: int | None = None) -> Check:
    """A list of some length."""

    def check(value: Any) -> Iterator[tuple[Sureness, str]]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            yield ERROR, f"It must be a list, not {brief(value)}."
        elif len(value) < least or (most is not None and len(value) > most):
            span = f"at least {least}" if most is None else f"{least} to {most}"
            yield ERROR, f"It has {len(value)} items, and {span} are allowed."

    return check


def percent(value: Any) -> Iterator[tuple[Sureness, str]]:
    """A whole number of percent as text, such as ``"30%"``."""
    if not isinstance(value, str) or _PERCENT.fullmatch(value) is None:
        yield ERROR, f'It must be a whole number of percent as text, such as "30%", not {brief(value)}.'


def color(value: Any) -> Iterator[tuple[Sureness, str]]:
    """A colour, such as ``rgba(0,0,0,0.5)`` or ``#FFC828``."""
    if not isinstance(value, str) or _COLOR.fullmatch(value) is None:
        yield ERROR, f"It must be a colour such as rgba(0,0,0,0.5) or #FFC828, not {brief(value)}."


def url(most: int | None = None) -> Check:
    """An absolute web address."""

    def check(value: Any) -> Iterator[tuple[Sureness, str]]:
        if not isinstance(value, str) or _URL.fullmatch(value) is None:
            yield ERROR, f"It must be a web address that starts with https://, not {brief(value)}."
        elif most is not None and len(value) > most:
            yield ERROR, f"It has {len(value)} characters, and at most {most} are allowed."

    return check
