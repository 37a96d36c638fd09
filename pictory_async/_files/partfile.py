"""Unfinished downloads on disk, which a later call continues; see `pictory_async._files.publish`. Blocking."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from typing import TYPE_CHECKING, Final, Literal

import attrs

from pictory_async._files.publish import Draft, there

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async._files.publish import Directory

_HEAD: Final = 64 * 1024

OnConflict = Literal["rename", "skip", "overwrite", "update"]


def _plain(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError
    return text


@attrs.frozen
class _Note:
    """What is noted beside a part: which version it is of, and how it begins."""

    validator: str
    total: int
    head: int
    digest: str

    @classmethod
    def of(cls, validator: str, total: int, data: bytes) -> _Note:
        """The note for a part that begins with some bytes."""
        head = data[:_HEAD]
        return cls(validator, total, len(head), hashlib.sha256(head).hexdigest())

    def fits(self, data: bytes) -> bool:
        """Whether a part is the one that was noted."""
        return 0 < self.head <= len(data) and hashlib.sha256(data[: self.head]).hexdigest() == self.digest


class PartFile:
    """An unfinished download: ``NAME.OWNER.RANDOM.part``, and beside it a note about the version that it is a part of.

    It is found again by the owner, so two projects of the same name never share a file. The note is written after the
    first bytes of a version, with a digest of them, and removed before they are. So a part that begins as its note says
    has bytes of that version only. Both files can be deleted or replaced at any time; then the download starts anew.

    Args:
        directory: Where it is; made when the first bytes arrive.
        name: What the file will be called, or nearly so.
        owner: What distinguishes it from the other files of the directory.

    Attributes:
        path: Where errors say that the file is.
        validator: What identifies the version; ``None`` if it cannot be continued.
        total: The length of the complete file in bytes, if it is known.
    """

    def __init__(self, directory: Directory, name: str, owner: str) -> None:
        self.directory = directory
        self.path: Path = directory.path / name
        self.validator: str | None = None
        self.total: int | None = None
        self._marked = f"{name}.{hashlib.sha256(owner.encode(errors='replace')).hexdigest()[:12]}"
        self._draft: Draft | None = None

    @property
    def size(self) -> int:
        """Bytes so far."""
        return 0 if self._draft is None else self._draft.size

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return self.size > 0 and self.size == self.total

    def find(self) -> None:
        """Take over what an earlier call left, if it left anything. Nothing is created.

        Raises:
            BlockingIOError: Another call or process is downloading the same file.
            OSError: The directory cannot be read.
        """
        with self.directory.locked():
            self._find()

    def open(self) -> None:
        """Create the file, and its directory, unless an earlier call left it.

        Raises:
            BlockingIOError: Another call or process is downloading the same file.
            OSError: The file cannot be created.
        """
        if self._draft is not None:
            return
        self.directory.system.mkdir(self.directory.path)
        with self.directory.locked():
            self._find()
            if self._draft is None:
                self._draft = Draft.create(self.directory.path, self._marked, ".part", self.directory.system)
                self._draft.lock()

    def arriving(self) -> int:
        """How many bytes there are of it in the directory, whoever is writing them; to see whether they become more."""
        parts = [self.directory.path / name for name in self._names() if name.endswith(".part")]
        found = (there(path, self.directory.system) for path in parts)
        return sum(one.st_size for one in found if one is not None)

    def _names(self) -> list[str]:
        owner = self._marked[-13:] + "."  # not the name: the project may have been renamed meanwhile
        try:
            return [name for name in self.directory.system.names(self.directory.path) if owner in name]
        except FileNotFoundError:
            return []

    def _find(self) -> None:
        mine = self._names()
        for name in mine:
            if name.endswith(".part"):
                self._consider(name)
        for name in mine:
            if name.endswith(".part.json") and not self.directory.has(name.removesuffix(".json")):
                self.directory.remove(name)

    def _consider(self, name: str) -> None:
        draft = Draft.reopen(self.directory.path / name, self.directory.system)
        if draft is None:
            return
        note = self._read_note(name)
        # Without the note the version is unknown, and another beginning is somebody else's.
        if note is None or draft.size <= self.size or not note.fits(draft.head()):
            self._remove(draft)
            return
        if self._draft is not None:
            self._remove(self._draft)
        self._draft = draft
        self.validator, self.total = note.validator, note.total

    def _read_note(self, name: str) -> _Note | None:
        try:
            note = json.loads(self.directory.read(f"{name}.json"))
            return _Note(_plain(note["validator"]), int(note["total"]), int(note["head"]), _plain(note["digest"]))
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError, AttributeError):
            return None

    def describe(self, validator: str | None, total: int | None) -> None:
        """Say which version of the remote file this is a part of, before the first byte is written."""
        self.validator, self.total = None if total is None else validator, total

    def write(self, data: bytes) -> None:
        """Append bytes."""
        draft = self._opened()
        is_head = not draft.size
        draft.write(data)
        if is_head and self.validator is not None and self.total is not None:
            self._write_note(draft, _Note.of(self.validator, self.total, data))

    def _write_note(self, draft: Draft, note: _Note) -> None:
        system = self.directory.system
        file = system.open(draft.path.with_name(f"{draft.path.name}.json"), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            system.write(file, memoryview(json.dumps(attrs.asdict(note)).encode()))
        finally:
            system.close(file)

    def restart(self) -> None:
        """Discard what arrived so far."""
        draft = self._opened()
        self._forget(draft)
        draft.empty()
        self.validator = self.total = None

    def date(self, modified: int) -> None:
        """Set the time of its last change; see `Draft.date`."""
        self._opened().date(modified)

    def sync(self) -> None:
        """Write the content to the disk; see `Draft.sync`."""
        self._opened().sync()

    def check(self) -> os.stat_result:
        """Make sure that this is still the file that was written; see `Draft.check`."""
        return self._opened().check()

    def publish(self, target: Path, *, replace: bool, check: Callable[[], object] = lambda: None) -> None:
        """Give the complete file its name; see `Draft.publish`."""
        draft = self._opened()
        draft.publish(target, replace=replace, check=check)
        self._draft = None
        with contextlib.suppress(OSError):
            self._forget(draft)

    def discard(self) -> None:
        """Delete the file."""
        if self._draft is not None:
            draft, self._draft = self._draft, None
            self._remove(draft)

    def close(self) -> None:
        """Close the file. It stays if a later call can continue it."""
        if self._draft is None:
            return
        if self._draft.size and self._draft.locked and self.validator is not None:
            self._draft.close()
            self._draft = None
        else:
            self.discard()

    def _remove(self, draft: Draft) -> None:
        with contextlib.suppress(OSError):
            self._forget(draft)
        draft.discard()

    def _forget(self, draft: Draft) -> None:
        self.directory.remove(f"{draft.path.name}.json")

    def _opened(self) -> Draft:
        if self._draft is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._draft
