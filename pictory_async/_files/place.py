"""Where a project's file goes: what is there already, which name is free, and what is replaced. Blocking."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async._files.inside import check_room, find, make_room
from pictory_async._files.naming import FileNames, Naming
from pictory_async._files.ownership import Edition, Entry, Ownership
from pictory_async._files.partfile import OnConflict
from pictory_async._files.publish import is_replaceable, there
from pictory_async._files.system import SYSTEM, System
from pictory_async._files.versions import keep, prune
from pictory_async._values import brief
from pictory_async.errors import DownloadError, PictoryConfigError

if TYPE_CHECKING:
    from pictory_async._files.partfile import PartFile
    from pictory_async._files.publish import Directory
    from pictory_async.models import Project


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ADDING: Final = frozenset({"rename", "update"})
"""Policies that give a file another name if something has its own."""


@attrs.frozen
class Filing:
    """What to do with the files that are there, and what new ones are called.

    Attributes:
        on_conflict: What to do if a file has the name.
        keep_old: How many earlier versions of each file to keep; ``None`` keeps no more, and removes none.
        naming: The template of names; ``None`` for the usual names.
    """

    on_conflict: OnConflict
    keep_old: int | None = None
    naming: Naming | None = None


class Place:
    """The place of one file of a project in a directory.

    Args:
        directory: The directory.
        project: The project.
        kind: The kind of file.
        url: Its address.
        filing: What to do if a file has its name, and what the name is.

    Attributes:
        owner: What distinguishes the file from all others in the directory.
        edition: The render that it is of.
        key: The same for all calls that write this file.
    """

    def __init__(self, directory: Directory, project: Project, kind: str, url: str, filing: Filing) -> None:
        self._directory = directory
        self._project = str(project.id)
        self._names = FileNames(project, filing.naming)
        self._kind = kind
        self._url = url
        self._filing = filing
        self.owner = f"{project.id}\n{kind}"
        self.key = (directory.system, directory.real, self.owner)
        # A share link is its own content. The query of other addresses is a signature, which is new each time.
        of = url if kind == "share" else url.partition("?")[0]
        date = None if kind == "share" else project.generated_at
        self.edition = Edition(
            None if date is None else date.isoformat(), hashlib.sha256(of.encode(errors="replace")).hexdigest()[:16]
        )
        self._modified = None if date is None else (date - _EPOCH) // _MICROSECOND * 1000

    def look(self) -> tuple[Path, bool]:
        """Find out where the file would go now. Changes nothing.

        Returns:
            The path, and whether what is there makes a download needless.

        Raises:
            OSError: Something is in the way that is not a file.
        """
        owners = Ownership(self._directory)
        mine = owners.find(self._project, self._kind)
        if mine is not None and (self._is_current(mine) or self._replaces(mine)):
            return self._path(mine.name), self._is_current(mine)
        name = self._name(self._stem(owners))
        check_room(self._directory, name)
        policy = self._filing.on_conflict
        skip = policy == "skip" and not owners.is_another_s(self._project, self._kind, name)
        target = self._path(name)
        found = there(target, self._directory.system)
        if found is None or policy in _ADDING:
            return target, False
        if stat.S_ISLNK(found.st_mode) and skip:
            found = target.stat()  # what the link leads to; if to nothing, that is the error
        if stat.S_ISDIR(found.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        if not skip and not is_replaceable(found):
            raise FileExistsError(errno.EEXIST, "It is not a regular file", str(target))
        return target, skip

    def publish(self, part: PartFile) -> tuple[Path, bool]:
        """Give the complete file its name, and enter it in the manifest.

        Returns:
            Where the file is, and whether it is this one: ``False`` if the same file, or one that must not be replaced,
            appeared there meanwhile.

        Raises:
            OSError: The file cannot be published.
        """
        if self._modified is not None:
            part.date(self._modified)  # before the entry, which has the time that the file system made of it
        part.sync()  # before the lock: it can take long
        with self._directory.locked():
            found = part.check()
            owners = Ownership(self._directory)
            mine = owners.find(self._project, self._kind)
            if mine is not None and self._is_current(mine):
                part.discard()
                return self._path(mine.name), False
            result = self._put_in_place(part, owners, mine, found)
            if self._filing.keep_old is not None:
                prune(self._directory, owners, self._project, self._kind, self._filing.keep_old)
            return result

    def _put_in_place(
        self, part: PartFile, owners: Ownership, mine: Entry | None, found: os.stat_result
    ) -> tuple[Path, bool]:
        stem = self._stem(owners)
        if mine is None or not self._replaces(mine):
            return self._put_somewhere(part, owners, stem, found, mine)
        if self._filing.keep_old:
            keep(self._directory, owners, self._project, stem, mine)
        return self._put(part, owners, stem, mine.name, found), True

    def _put_somewhere(
        self, part: PartFile, owners: Ownership, stem: str, found: os.stat_result, retired: Entry | None
    ) -> tuple[Path, bool]:
        number = 1
        while True:
            name = self._name(stem, "" if number == 1 else f" ({number})")
            make_room(self._directory, name)
            policy = self._filing.on_conflict
            if number > 1 or owners.is_another_s(self._project, self._kind, name):
                policy = "rename"
            there_now = find(self._directory, name)
            if there_now is None or policy == "overwrite":
                try:
                    return self._put(
                        part, owners, stem, name, found, replace=policy == "overwrite", retired=retired
                    ), True
                except FileExistsError:
                    pass  # another program was faster
            if policy == "skip":
                part.discard()
                return self._path(name), False
            number += 1

    def _put(
        self,
        part: PartFile,
        owners: Ownership,
        stem: str,
        name: str,
        found: os.stat_result,
        *,
        replace: bool = True,
        retired: Entry | None = None,
    ) -> Path:
        # The entry first: if this is killed between the two, the file under that name still fits its own entry.
        entry = Entry(self._kind, name, self.edition, found.st_size, found.st_mtime_ns, found.st_ino)
        owners.enter(self._project, stem, entry, retired)
        try:
            part.publish(self._path(name), replace=replace, check=lambda: check_room(self._directory, name))
        except FileExistsError:
            owners.withdraw(self._project, entry)
            raise
        return self._path(name)

    def _is_current(self, mine: Entry) -> bool:
        return self._filing.on_conflict != "overwrite" and mine.edition.same(self.edition)

    def _replaces(self, mine: Entry) -> bool:
        """Whether a new version takes the name of the file that is there."""
        if self._names.is_dated and not mine.edition.same(self.edition):
            return False
        return mine.name.lower().endswith(self._names.ending(self._kind, self._url).lower())

    def _stem(self, owners: Ownership) -> str:
        return owners.stem(self._project, self._names.plain, renamed=self._names.follows)

    def _name(self, stem: str, more: str = "") -> str:
        return self._names.name(self._kind, self._url, stem, more)

    def _path(self, name: str) -> Path:
        return self._directory.path / name


def checked_directory(directory: str | os.PathLike[str]) -> Path:
    """Check the argument of a call; looks at no disk.

    Raises:
        PictoryConfigError: It cannot be the path of a directory.
    """
    try:
        path = Path(directory)
        encoded = os.fsencode(path)
    except (TypeError, UnicodeEncodeError):
        raise PictoryConfigError(f"{brief(directory)} cannot be the path of a directory.") from None
    if not str(directory) or b"\0" in encoded:
        raise PictoryConfigError(f"{brief(directory)} cannot be the path of a directory.")
    return path


def check_writable(path: Path, system: System = SYSTEM) -> Path:
    """Check that files can be written to a directory, or that it can be made.

    Returns:
        The directory by its path without links.

    Raises:
        DownloadError: They cannot.
    """
    try:
        real = path.resolve()
        _check(real, system)
    except OSError as error:
        text = f"Cannot write files to {path}: {error.strerror or error}. Correct that and try again."
        raise DownloadError(text, errno=error.errno) from None
    return real


def _check(path: Path, system: System) -> None:
    place = path
    while there(place, system) is None:
        place = place.parent
    if not stat.S_ISDIR(place.stat().st_mode):
        raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    needed = os.W_OK | os.X_OK | (os.R_OK if place == path else 0)
    if not system.access(place, needed):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
