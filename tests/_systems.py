"""Operating systems that die, fail or are interfered with at a chosen call, and a download that runs on them."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pictory_async._files.naming import naming_of
from pictory_async._files.partfile import PartFile
from pictory_async._files.place import Filing, Place
from pictory_async._files.publish import Directory
from pictory_async._files.system import SYSTEM, System
from pictory_async.models import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async._files.partfile import OnConflict

OLD, NEW = b"the old film", b"the new, longer film"
DATES = {OLD: datetime(2026, 1, 1, tzinfo=UTC), NEW: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1)}
CALLS = [name for name in vars(System) if not name.startswith("_")]
PRIVATE = (".part", ".part.json", ".pictory-tmp", ".pictory.json")


class Killed(BaseException):
    """The program is killed here."""


class Watched(System):
    """Calls a function before each call, with its number and name.

    Attributes:
        count: How many calls there were.
        before: The function.
    """

    def __init__(self, before: Callable[[int, str], object] | None = None) -> None:
        self.count = 0
        self.before = before or (lambda _number, _name: None)
        self.descriptors: set[int] = set()

    def bury(self) -> None:
        """Close what a killed program had open, as the kernel does."""
        while self.descriptors:
            os.close(self.descriptors.pop())


def _watch(name: str) -> Any:
    real = getattr(System, name)

    def call(self: Watched, *arguments: Any) -> Any:
        self.count += 1
        self.before(self.count, name)
        # Nothing here cuts the power: whether content is on the disk would cost time, and nobody could tell.
        result: Any = os.fstat(*arguments) if name == "sync" else real(self, *arguments)
        if name in {"open", "open_directory"}:
            self.descriptors.add(result)
        elif name == "close":
            self.descriptors.discard(arguments[0])
        return result

    return call


for _name in CALLS:
    setattr(Watched, _name, _watch(_name))


class Dying(Watched):
    """A program that is killed at its n-th call: that call and all later ones do nothing."""

    def __init__(self, at: int) -> None:
        super().__init__(self._die)
        self.at = at

    def _die(self, number: int, _name: str) -> None:
        if number >= self.at:
            raise Killed


class Failing(Watched):
    """The n-th call fails, as on a full disk; those before and after it do not."""

    def __init__(self, at: int) -> None:
        super().__init__(self._fail)
        self.at = at

    def _fail(self, number: int, _name: str) -> None:
        if number == self.at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def without(system: System, *missing: str) -> System:
    """Take hard links or locks away from a system."""
    plain: Any = system
    if "links" in missing:

        def link(descriptor: int, path: Path, target: Path) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        plain.link = link
    if "locks" in missing:
        plain.lock = lambda _descriptor: False
    return system


def download(
    directory: Path,
    system: System = SYSTEM,
    content: bytes = NEW,
    policy: OnConflict = "overwrite",
    keep_old: int | None = None,
    naming: str | None = None,
) -> Path:
    """Download a project's video as `pictory_async._files.downloads` does, without a network."""
    filing = Filing(policy, keep_old, naming_of(naming, None))
    project = Project(id="p", name="Film", generated_at=DATES[content])
    place = Place(Directory(directory, system), project, "video", "https://media.invalid/film.mp4", filing)
    part = PartFile(Directory(directory, system), "Film.mp4", place.owner)
    tag = f'"{len(content)}"'
    try:
        path, is_there = place.look()
        part.find()
        if is_there:
            part.discard()
            return path
        part.open()
        if part.validator != tag:
            part.restart()
        part.describe(tag, len(content))
        while part.size < len(content):
            part.write(content[part.size : part.size + 8])
        return place.publish(part)[0]
    finally:
        part.close()


def published(directory: Path) -> list[bytes]:
    """What is under final names in a directory."""
    if not directory.exists():
        return []
    return [
        path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file() and not path.name.endswith(PRIVATE)
    ]
