"""Ids in the API's documented forms, derived from a seed so that every run has the same ones."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def stable_hex(*parts: object) -> str:
    """Return 64 hexadecimal digits that depend only on ``parts``."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def stable_uuid(*parts: object) -> str:
    """Return a UUID, the form of job ids and of folders in the URLs of files."""
    return str(uuid.UUID(hex=stable_hex(*parts)[:32], version=4))


def stable_between(bounds: tuple[float, float], *parts: object) -> float:
    """Return a number between two bounds that depends only on them and on ``parts``."""
    low, high = bounds
    return low + (high - low) * (int(stable_hex(*parts)[:13], 16) / 16**13)


def timestamp(moment: datetime) -> str:
    """Return the 17 digits (UTC, with milliseconds) at the start of ids in the v3 form."""
    return f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03d}"


def timestamp_id(moment: datetime, *parts: object) -> str:
    """Return a 49-character id: 17 digits of time, then 32 hexadecimal digits."""
    return timestamp(moment) + stable_hex(*parts)[:32]


def share_id(moment: datetime, *parts: object) -> str:
    """Return the 32-character id at the end of a share URL."""
    number = int(stable_hex(*parts), 16)
    letters: list[str] = []
    for _ in range(15):
        number, index = divmod(number, len(_ALPHANUMERIC))
        letters.append(_ALPHANUMERIC[index])
    return timestamp(moment) + "".join(letters)
