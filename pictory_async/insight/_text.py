"""Values as text: times, durations, and names that can contain anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeGuard

__all__ = [
    "NOT_GIVEN",
    "clean",
    "is_list",
    "is_object",
    "length",
    "quoted",
    "same",
    "shown",
    "utc_now",
]

NOT_GIVEN = "—"
_QUOTED_LENGTH = 60  # characters of one text in a line for people

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
        return ", ".join(shown(item) for item in value) if value else "any"
    return clean(str(value))


def quoted(value: Any) -> str:
    """Return a value for a sentence: strings in quotes and shortened, other values as in JSON."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = clean(str(value))
    if len(text) > _QUOTED_LENGTH:
        text = text[: _QUOTED_LENGTH - 1] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal as JSON: ``1`` equals ``1.0``, but not ``true``."""
    return isinstance(one, bool) == isinstance(other, bool) and (one is other or bool(one == other))


def length(seconds: float) -> str:
    """Return a duration for people: ``1.99 s``, ``2 min 5 s``, ``3 h 30 min``, ``2 d 4 h``."""
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
