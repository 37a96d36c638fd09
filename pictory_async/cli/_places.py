"""Where a command writes to, checked before any request is sent."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from pictory_async.cli._exit_codes import SettingError

__all__ = ["check_directory", "check_file"]


def check_directory(path: Path) -> None:
    """Check that files can be written to a directory, or that it can be made.

    Raises:
        SettingError: They cannot.
    """
    place, _ = path, _status(path)
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    why = _denial(place) if place.is_dir() else "It is a file." if place == path else f"{place} is a file."
    if why:
        raise SettingError(f"Cannot write to {path}. {why} Name a directory.")


def check_file(name: str, *, replaces: bool) -> Path:
    """Check that a file can be written: its directory exists, and no directory has its name.

    Args:
        name: The file, as it was given: a slash at its end makes it a directory.
        replaces: Whether another file takes its place; else it is written into, as a pipe or a device always is.

    Returns:
        The file.

    Raises:
        SettingError: It cannot.
    """
    path = Path(name)
    found = _status(path)
    if name.endswith(("/", os.sep)) or (found is not None and stat.S_ISDIR(found.st_mode)):
        raise SettingError(f"Cannot write {name}. It is a directory. Name a file.")
    parent = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if found is not None and not (replaces and stat.S_ISREG(found.st_mode)):
        why = "" if os.access(path, os.W_OK) else "You may not write to it."
    elif not parent.is_dir():
        why = f"There is no directory {parent}."
    else:
        why = _denial(parent)
    if why:
        raise SettingError(f"Cannot write {path}. {why} Name another file.")
    return path


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:  # a name that is too long, a circle of links
        raise SettingError(f"Cannot write to {path}: {error.strerror}. Choose another place.") from None


def _denial(directory: Path) -> str:
    """Say why no file can be made in a directory; nothing if one can be."""
    # By making one without a name: permissions do not tell what the system refuses, as in /proc.
    try:
        with tempfile.TemporaryFile(dir=directory):
            return ""
    except OSError as error:
        return f"No file can be made in {directory}: {error.strerror or error}."
