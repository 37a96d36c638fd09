"""Names below a directory, such as ``ACME/Film.mp4``: what they stand for, never through a link. Blocking.

Somebody else may plant a link where a subdirectory is expected. So each part before the last one must be a real
directory at the moment of every step; else nothing is read, written or removed there.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final

from pictory_async._files.publish import there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async._files.publish import Directory

LONGEST: Final = 255
"""Bytes of one name that file systems allow."""

_SEPARATORS: Final = frozenset("\\:\0")


def checked_name(name: str, longest: int = LONGEST) -> str:
    """Check that a name stays below its directory, on every system.

    Args:
        name: The name.
        longest: How many bytes each part of it can have.

    Raises:
        ValueError: It does not, or no file can have it.
    """
    if not _SEPARATORS.isdisjoint(name) or any(part in {"", ".", ".."} for part in name.split("/")):
        raise ValueError
    # A ValueError if no file can have this name.
    if any(len(part) > longest for part in os.fsencode(name).split(b"/")):
        raise ValueError
    return name


def find(directory: Directory, name: str) -> os.stat_result | None:
    """Describe what has a name; ``None`` if nothing has, or if a part before it is not a real directory."""
    for above in _above(directory, name):
        found = there(above, directory.system)
        if found is None or not stat.S_ISDIR(found.st_mode):
            return None
    return there(directory.path / name, directory.system)


def check_room(directory: Directory, name: str) -> None:
    """Check that a file can have a name: what is there of the directories before it are directories.

    Raises:
        OSError: One is a file or a link.
    """
    for above in _above(directory, name):
        found = there(above, directory.system)
        if found is None:
            return
        if not stat.S_ISDIR(found.st_mode):
            what = "It is a link, and files go into real directories only" if stat.S_ISLNK(found.st_mode) else None
            raise OSError(errno.ENOTDIR, what or os.strerror(errno.ENOTDIR), str(above))


def make_room(directory: Directory, name: str) -> None:
    """Make the directories before a name, unless they exist.

    Raises:
        OSError: One cannot be made, or is a file or a link.
    """
    check_room(directory, name)
    for above in _above(directory, name):
        if there(above, directory.system) is None:
            directory.system.mkdir(above)
    check_room(directory, name)  # a link may have been planted meanwhile


def _above(directory: Directory, name: str) -> Iterator[Path]:
    path = directory.path
    for part in name.split("/")[:-1]:
        path /= part
        yield path
