"""Where a command writes to, checked before any request is sent."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pictory_async.cli._exit_codes import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Directory", "check_directory", "check_file", "names_of"]

# The last one is how a name with a digest ends.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]|^[.-]|\.$|_[0-9a-f]{8}$")
_NO_WORD: Final = re.compile(r"[^A-Za-z0-9-]|^-")
_DEVICE: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
_LONGEST: Final = 100  # characters, so that endings fit into the 255 bytes that file systems allow


class Directory(click.Path):
    """The type of an option that names a directory.

    Args:
        made: Whether it is made if it is missing.
    """

    def __init__(self, *, made: bool = True) -> None:
        super().__init__(path_type=Path)
        self._advice = "Name a directory; it is made if it is missing." if made else "Name a directory."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is there and is no directory."""
        path = super().convert(value, param, ctx)
        if os.path.exists(path) and not os.path.isdir(path):  # noqa: PTH110, PTH112 - of any name: see `_status`
            self.fail(f"{os.fspath(path)!r} is a file. {self._advice}", param, ctx)
        return path


def names_of(ids: Iterable[str]) -> dict[str, str]:
    """Name a file or a directory by each id: different ids have different names, on every file system.

    An id that is a safe name is its own name. Any other one gets a part of its digest, and so do ids that differ only
    in upper and lower case. Apart from that, a name depends on its id only, so that the next run finds it again.
    """
    ids = list(ids)
    alike = Counter(one.lower() for one in ids)
    return {one: _marked(one) if alike[one.lower()] > 1 or not _is_name(one) else one for one in ids}


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST and not _UNSAFE.search(text) and not _DEVICE.fullmatch(text)


def _marked(text: str) -> str:
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{_NO_WORD.sub('_', text[:_LONGEST])}_{digest}"


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
