"""Values as text: times, durations, and names that can contain anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "NOT_GIVEN",
    "Gap",
    "canonical",
    "clean",
    "is_list",
    "is_object",
    "length",
    "quoted",
    "same",
    "short",
    "shown",
    "utc_now",
]

NOT_GIVEN = "—"
_QUOTED_LENGTH = 60  # characters of one text in a line for people
_SHOWN_LENGTH: Final = 1000  # characters of one value in a table
_LONGEST_DURATION: Final = 1e12  # seconds that are shown as days
_LONGEST_NUMBER: Final = 10**300  # Python writes longer ones in hexadecimal digits only


class Gap(StrEnum):
    """What stands for a value that is not known. It equals no value, not even another one like it."""

    UNREADABLE = "could not be read"
    LEFT_OUT = "left out"


# Characters that move the cursor, change the reading direction or are invisible.
_UNSAFE: dict[int, str] = {
    **dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " "),
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF], ""),
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
}


def clean(text: str) -> str:
    """Return a text as one line, without control characters, direction marks and lone surrogates."""
    return text.translate(_UNSAFE)


def is_list(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Return whether a value is a list or a tuple."""
    return isinstance(value, list | tuple)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def shown(value: Any) -> str:
    """Return a value as one line for people; ``—`` if there is none."""
    if value is None or value == "":
        return NOT_GIVEN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 else str(value)  # noqa: PLR2004  # {:g} has six digits
    if is_list(value):
        # Of each item only as much as can be shown at all, and of a long list only the first ones.
        texts = (_start(item, _SHOWN_LENGTH) if is_list(item) else shown(item) for item in value[:_SHOWN_LENGTH])
        return _cut(", ".join(texts), _SHOWN_LENGTH) if value else "any"
    return _cut(clean(str(value) if isinstance(value, str) else _start(value, _SHOWN_LENGTH)), _SHOWN_LENGTH)


def quoted(value: Any) -> str:
    """Return a value for a sentence: strings in quotes and shortened, other values as in JSON."""
    if value is None:
        return "none"
    text = short(value if isinstance(value, str) else _start(value, _QUOTED_LENGTH))
    return f'"{text}"' if isinstance(value, str) else text


def short(text: str) -> str:
    """Return a text as one short line, without control characters."""
    return _cut(clean(text[:_SHOWN_LENGTH]), _QUOTED_LENGTH)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal as JSON: ``1`` equals ``1.0``, but not ``true``. They can be of any depth."""
    if one is other:
        return True
    return all(mine == its for mine, its in zip_longest(_tokens(one), _tokens(other)))


def canonical(value: Any) -> str:
    """Return a value as JSON, of any depth: equal values have equal texts."""
    return "".join(_tokens(value))


def _start(value: Any, length: int) -> str:
    """Return the beginning of a value as JSON; the end of a large one is not even looked at."""
    text = ""
    for token in _tokens(value, spaced=True):
        text += token
        if len(text) > length:
            break
    return text


def _tokens(value: Any, *, spaced: bool = False) -> Iterator[str]:
    """Yield the parts of a value as JSON, with the names of objects in order. Not recursive, for any depth."""
    space = " " if spaced else ""
    inside: list[tuple[Iterator[tuple[str, Any]], str]] = [(iter([("", value)]), "")]
    while inside:
        items, end = inside[-1]
        found = next(items, None)
        if found is None:
            yield end
            inside.pop()
            continue
        name, item = found
        yield name
        if is_object(item):
            yield "{"
            inside.append((_members(item, space), "}"))
        elif is_list(item):
            yield "["
            inside.append(((("" if index == 0 else f",{space}", one) for index, one in enumerate(item)), "]"))
        else:
            yield _scalar(item)


def _members(value: dict[str, Any], space: str) -> Iterator[tuple[str, Any]]:
    comma = ""
    for name in sorted(value, key=str):
        yield f"{comma}{json.dumps(str(name), ensure_ascii=False)}:{space}", value[name]
        comma = f",{space}"


def _scalar(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(int(value)) if abs(value) < _LONGEST_NUMBER else hex(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:  # no JSON value, in a model that was made by hand
        return json.dumps(str(value), ensure_ascii=False)


def length(seconds: float) -> str:
    """Return a duration for people: ``1.99 s``, ``2 min 5 s``, ``3 h 30 min``, ``2 d 4 h``, ``1e+300 s``."""
    if not seconds < _LONGEST_DURATION:
        return f"{quoted(seconds) if isinstance(seconds, int) else f'{seconds:g}'} s"
    if seconds < 60:  # noqa: PLR2004  # seconds in a minute
        return f"{round(seconds, 2):g} s"
    whole = round(seconds)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {whole % 60} s" if whole % 60 else f"{minutes} min"


def utc_now(now: datetime | None) -> datetime:
    """Return ``now`` in UTC, or the current time if it is ``None``; without a time zone it is taken as UTC."""
    if now is None:
        return datetime.now(UTC)
    return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)
