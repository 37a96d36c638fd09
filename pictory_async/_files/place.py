"""Where a project's file goes: what is there already, which name is free, and what is replaced. Blocking."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pictory_async._files.names import ending_of
from pictory_async._files.ownership import Edition, Entry, Ownership
from pictory_async._files.publish import is_replaceable, there
from pictory_async._files.system import SYSTEM, System
from pictory_async._values import brief
from pictory_async.errors import DownloadError, PictoryConfigError

if TYPE_CHECKING:
    from pictory_async._files.partfile import OnConflict, PartFile
    from pictory_async._files.publish import Directory
    from pictory_async.models import Project


class Place:
    """The place of one file of a project in a directory.

    Args:
        directory: The directory.
        project: The project.
        kind: The kind of file.
        url: Its address.
        on_conflict: What to do if a file has its name.

    Attributes:
        owner: What distinguishes the file from all others in the directory.
        edition: The render that it is of.
        key: The same for all calls that write this file.
    """

    def __init__(self, directory: Directory, project: Project, kind: str, url: str, on_conflict: OnConflict) -> None:
        self._directory = directory
        self._project = str(project.id)
        self._title = project.name
        self._kind = kind
        self._ending = ending_of(kind, url)
        self._on_conflict = on_conflict
        self.owner = f"{project.id}\n{kind}"
        self.key = (directory.system, directory.real, self.owner)
        # A share link is its own content. The query of other addresses is a signature, which is new each time.
        of = url if kind == "share" else url.partition("?")[0]
        date = None if kind == "share" or project.generated_at is None else project.generated_at.isoformat()
        self.edition = Edition(date, hashlib.sha256(of.encode(errors="replace")).hexdigest()[:16])

    def look(self) -> tuple[Path, bool]:
        """Find out where the file would go now. Changes nothing.

        Returns:
            The path, and whether what is there makes a download needless.

        Raises:
            OSError: Something is in the way that is not a file.
        """
        owners = Ownership(self._directory)
        mine = owners.find(self._project, self._kind)
        if mine is not None:
            return self._path(mine.name), self._is_current(mine)
        stem = owners.stem(self._project, self._title)
        target = self._path(stem + self._ending)
        skip = self._on_conflict == "skip" and not owners.is_another_s(self._project, self._kind, target.name)
        found = there(target, self._directory.system)
        if found is None or self._on_conflict == "rename":
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
        part.sync()  # before the lock: it can take long
        with self._directory.locked():
            found = part.check()
            owners = Ownership(self._directory)
            mine = owners.find(self._project, self._kind)
            if mine is not None and self._is_current(mine):
                part.discard()
                return self._path(mine.name), False
            stem = owners.stem(self._project, self._title)
            if mine is not None and mine.name.lower().endswith(self._ending.lower()):
                return self._put(part, owners, stem, mine.name, found), True
            return self._put_somewhere(part, owners, stem, found)

    def _put_somewhere(self, part: PartFile, owners: Ownership, stem: str, found: os.stat_result) -> tuple[Path, bool]:
        number = 1
        while True:
            name = f"{stem}{self._ending}" if number == 1 else f"{stem} ({number}){self._ending}"
            policy = self._on_conflict
            if number > 1 or owners.is_another_s(self._project, self._kind, name):
                policy = "rename"
            there_now = there(self._path(name), self._directory.system)
            if there_now is None or policy == "overwrite":
                try:
                    return self._put(part, owners, stem, name, found, replace=policy == "overwrite"), True
                except FileExistsError:
                    pass  # another program was faster
            if policy == "skip":
                part.discard()
                return self._path(name), False
            number += 1

    def _put(
        self, part: PartFile, owners: Ownership, stem: str, name: str, found: os.stat_result, *, replace: bool = True
    ) -> Path:
        # The entry first: if this is killed between the two, the file under that name still fits its own entry.
        entry = Entry(self._kind, name, self.edition, found.st_size, found.st_mtime_ns, found.st_ino)
        owners.enter(self._project, stem, entry)
        part.publish(self._path(name), replace=replace)
        return self._path(name)

    def _is_current(self, mine: Entry) -> bool:
        return self._on_conflict != "overwrite" and mine.edition.same(self.edition)

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
