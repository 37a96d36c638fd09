"""Earlier versions of a project's file: kept beside the new one, and removed when there are too many. Blocking.

An earlier version is called by the date of its own video: ``Film (2026-01-03T10-15-00).mp4``. It stays in the
directory of the new one, so that both are found together, and it is entered in the manifest too. All of this happens
while the directory is locked; see `pictory_async._files.publish` for what a kill leaves.
"""

from __future__ import annotations

import contextlib
import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async._files.inside import check_room, find

if TYPE_CHECKING:
    from pictory_async._files.ownership import Entry, Ownership
    from pictory_async._files.publish import Directory

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def keep(directory: Directory, owners: Ownership, project: str, stem: str, mine: Entry) -> None:
    """Give a file that is about to be replaced a second name, by which it stays.

    Raises:
        OSError: It cannot get one; nothing was replaced.
    """
    if any(one.edition == mine.edition for one in owners.old(project, mine.kind)):
        return None  # a killed call came so far
    path = PurePosixPath(mine.name)
    number = 1
    while True:
        more = f" ({_moment(mine)})" if number == 1 else f" ({_moment(mine)}) ({number})"
        name = str(path.with_name(f"{path.stem}{more}{path.suffix}"))
        number += 1
        if find(directory, name) is None:
            owners.enter(project, stem, attrs.evolve(mine, name=name, old=True))
            with contextlib.suppress(FileExistsError):  # another program was faster
                return _name(directory, mine, name)


def _name(directory: Directory, mine: Entry, name: str) -> None:
    """Give a file a second name, or, without hard links, another one.

    Raises:
        FileExistsError: Something has that name.
        OSError: The file cannot get it, or was edited at this moment.
    """
    system = directory.system
    path, second = directory.path / mine.name, directory.path / name
    descriptor = system.open(path, os.O_RDONLY)
    try:
        _check(mine, system.stat_open(descriptor))
        check_room(directory, name)
        return system.link(descriptor, path, second)
    except FileExistsError:
        raise
    except OSError:
        pass  # there are no hard links, or the same is found again
    finally:
        system.close(descriptor)
    _check(mine, find(directory, mine.name))
    check_room(directory, name)
    if find(directory, name) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(second))
    return system.rename(path, second)


def _check(mine: Entry, found: os.stat_result | None) -> None:
    if found is None or not mine.fits(found):
        raise OSError(errno.EBUSY, "Somebody changed the earlier version at this moment", mine.name)


def prune(directory: Directory, owners: Ownership, project: str, kind: str, keep_old: int) -> None:
    """Remove the oldest versions of a file, so that at most ``keep_old`` are left.

    A file that somebody edited, or that cannot be removed, is left alone.
    """
    for one in owners.old(project, kind)[keep_old:]:
        with contextlib.suppress(OSError):
            if owners.is_there(project, one):  # the latest moment
                directory.remove(one.name)


def _moment(mine: Entry) -> str:
    """The date of a file's video, as names can have it; without one, when the file was last changed."""
    if mine.edition.rendered is not None:
        with contextlib.suppress(ValueError):
            return _shown(datetime.fromisoformat(mine.edition.rendered))
    return _shown(_EPOCH + timedelta(microseconds=mine.modified // 1000))


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H-%M-%S}"
