"""What values of requests must be like. Each check says what is wrong with a value, and how sure that is."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from pictory_async._values import brief
from pictory_async.video._part import Sureness, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.video._part import Check, Remark

ERROR, WARNING = Sureness.ERROR, Sureness.WARNING

_PERCENT: Final = re.compile(r"(?:100|[1-9]?\d)%")
_HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_RGB: Final = re.compile(
    r"rgb(?P<alpha>a)?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?(alpha),\s*(?:0?\.\d+|0|1(?:\.0+)?)\s*)\)",
    re.ASCII,
)
_URL: Final = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_SHOWN: Final = 12  # values of a list in a message


def text(most: int | None = None, *, least: int = 0) -> Check:
    """Text of some length, in characters."""

    def check(value: Any) -> Iterator[Remark]:
        if not isinstance(value, str):
            yield ERROR, "", f"It must be text, not {brief(value)}."
        elif most is not None and len(value) > most:
            yield ERROR, "", f"It has {len(value)} characters, and at most {most} are allowed. Shorten it."
        elif len(value) < least:
            yield ERROR, "", f"It has {len(value)} characters, and at least {_are(least)} needed."

    return check


def flag(value: Any) -> Iterator[Remark]:
    """True or false."""
    if not isinstance(value, bool):
        yield ERROR, "", f"It must be true or false, not {brief(value)}."


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Check:
    """A number in a range that is documented."""
    kind = "a whole number" if whole else "a number"
    if least is None:
        span = ""
    elif most is None:
        span = f" of at least {least:g}"
    else:
        span = f" from {least:g} to {most:g}"

    def check(value: Any) -> Iterator[Remark]:
        usable = is_number(value) and (not whole or isinstance(value, int))
        if not usable or not (least is None or value >= least) or not (most is None or value <= most):
            yield ERROR, "", f"It must be {kind}{span}, not {brief(value)}."

    return check


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether JSON can hold it as a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def positive(value: Any) -> Iterator[Remark]:
    """A number that makes no sense below zero, although no limit is documented."""
    if is_number(value) and value < 0:
        yield WARNING, "", f"It is less than zero: {brief(value)}."


def known(*values: str, what: str = "value") -> Check:
    """One of the values that are known. The server's lists grow, so another one is a warning."""

    def check(value: Any) -> Iterator[Remark]:
        if not isinstance(value, str):
            yield ERROR, "", f"It must be text, not {brief(value)}."
        elif value not in values:
            shown = ", ".join(values[:_SHOWN]) + (", …" if len(values) > _SHOWN else "")
            yield WARNING, "", f"{brief(value)} is not a known {what}. Known are: {shown}."

    return check


def each(check: Check) -> Check:
    """A list whose items are like this."""

    def check_all(value: Any) -> Iterator[Remark]:
        if not is_list(value):
            yield ERROR, "", f"It must be a list, not {brief(value)}."
            return
        for index, one in enumerate(value):
            yield from ((sure, f"[{index}]{where}", message) for sure, where, message in check(one))

    return check_all


def count(least: int, most: int | None = None) -> Check:
    """A list of some length."""
    span = f"at least {_are(least)} needed" if most is None else f"{least} to {most} are allowed"

    def check(value: Any) -> Iterator[Remark]:
        if is_list(value) and not least <= len(value) <= (math.inf if most is None else most):
            yield ERROR, "", f"It has {len(value)} items, and {span}."

    return check


def _are(number: int) -> str:
    return f"{number} {'is' if number == 1 else 'are'}"


def mapping(value: Any) -> Iterator[Remark]:
    """An object with any fields."""
    if not is_object(value):
        yield ERROR, "", f"It must be an object, not {brief(value)}."


def percent(value: Any) -> Iterator[Remark]:
    """A whole number of percent as text, such as ``"30%"``."""
    if not isinstance(value, str) or _PERCENT.fullmatch(value) is None:
        yield ERROR, "", f'It must be a whole number of percent as text, from "0%" to "100%", not {brief(value)}.'


def color(value: Any) -> Iterator[Remark]:
    """A colour, such as ``rgba(0,0,0,0.5)`` or ``#FFC828``."""
    found = _RGB.fullmatch(value) if isinstance(value, str) else None
    channels = [] if found is None else [int(one) for one in found.groups()[1:]]
    if max(channels, default=256) > 255 and not (isinstance(value, str) and _HEX.fullmatch(value)):  # noqa: PLR2004
        yield ERROR, "", f"It must be a colour such as rgba(0,0,0,0.5) or #FFC828, not {brief(value)}."
    elif found is not None and found["alpha"] is None:
        yield WARNING, "", "One page of the documentation refuses rgb(...). rgba(...) is always accepted."


def url(most: int | None = None) -> Check:
    """An absolute web address."""

    def check(value: Any) -> Iterator[Remark]:
        if not isinstance(value, str) or _URL.fullmatch(value) is None:
            yield ERROR, "", f"It must be a web address that starts with https://, not {brief(value)}."
        elif most is not None and len(value) > most:
            yield ERROR, "", f"It has {len(value)} characters, and at most {most} are allowed. Shorten it."

    return check
