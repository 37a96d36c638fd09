"""Where a command writes to, checked before any request is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pictory_async.cli._exit_codes import SettingError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_directory", "check_file"]

_DENIED: Final = "You may not write there."


def check_directory(path: Path) -> None:
    """Check that files can be written to a directory, or that it can be made.

    Raises:
        SettingError: They cannot.
    """
    place = path
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not (place.is_dir() and _is_writable(place)):
        why = _DENIED if place.is_dir() else "It is a file." if place == path else f"{place} is a file."
        raise SettingError(f"Cannot write to {path}. {why} Name a directory.")


def check_file(path: Path) -> None:
    """Check that a file can be written: its directory exists, and nothing else has its name.

    Raises:
        SettingError: It cannot.
    """
    if path.is_dir():
        raise SettingError(f"Cannot write {path}. It is a directory. Name a file.")
    if not (path.parent.is_dir() and _is_writable(path.parent)):
        why = _DENIED if path.parent.is_dir() else f"There is no directory {path.parent}."
        raise SettingError(f"Cannot write {path}. {why} Name another file.")


def _is_writable(directory: Path) -> bool:
    return os.access(directory, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids)
