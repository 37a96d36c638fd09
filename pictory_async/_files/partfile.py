"""Unfinished downloads on disk: safe names, part files, and how they get their final name. Blocking: for threads."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no such locks: two processes must not download to one directory
    fcntl = None  # type: ignore[assignment]  # no module is None

OnConflict = Literal["rename", "skip", "overwrite"]

_MAX_BYTES: Final = 150  # of a name, so that an ending and a number fit into the 255 that file systems allow
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
_RESERVED: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")


def safe_name(name: str | None, fallback: str) -> str:
    """Turn a project's name into a file name that is safe on every system.

    Path separators, control characters, marks that change the reading direction, and what Windows forbids become
    ``_``. Names that Windows reserves get a leading ``_``. Dots and spaces at the ends are removed, and long names are
    cut. An empty result becomes ``fallback``.
    """
    text = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name or "")).strip(". ")
    text = text.encode()[:_MAX_BYTES].decode(errors="ignore").rstrip(". ")
    if not text.strip("_. "):
        return safe_name(fallback, "project") if name != fallback else "project"
    return f"_{text}" if _RESERVED.fullmatch(text) else text


def lock(file: Any) -> None:
    """Lock a file until it is closed.

    Raises:
        BlockingIOError: Another process holds the lock.
    """
    if fcntl is not None:  # pragma: no branch - only Windows has no such locks
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _plain(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError
    return text


class PartFile:
    """An unfinished download: ``NAME.ID.part``, and beside it a note about the version that it is a part of.

    The name contains a digest of the owner, so two projects of the same name never share a file. Both files can be
    deleted at any time; then the download starts anew.
    """

    def __init__(self, directory: Path, name: str, owner: str) -> None:
        digest = hashlib.sha256(owner.encode()).hexdigest()[:12]
        self.target: Path = directory / name
        self.path: Path = directory / f"{name}.{digest}.part"
        self._note = directory / f"{name}.{digest}.part.json"
        self._file: Any = None
        self.size: int = 0
        self.validator: str | None = None
        self.total: int | None = None

    def open(self) -> None:
        """Open or make the file, and read what an earlier attempt left.

        Raises:
            BlockingIOError: Another download is writing the same file.
            OSError: The file cannot be made.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while not self._take():
            pass
        self.size = os.fstat(self._file.fileno()).st_size
        try:
            note = json.loads(self._note.read_bytes())
            self.validator, self.total = _plain(note["validator"]), int(note["total"])
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            self.validator = None
        if not self.size or self.validator is None:
            self.restart()  # a note without a file is useless, and without the note the version is unknown

    def _take(self) -> bool:
        """Open and lock the file; ``False`` if the one that was opened is not, or no longer, an unfinished file."""
        self._file = self.path.open("ab", buffering=0)
        try:
            lock(self._file)
            if self._named() and os.fstat(self._file.fileno()).st_nlink > 1:
                # A download that was killed in its last step: the finished file has this name, too.
                self.path.unlink()
            if self._named():
                return True
        except BaseException:
            self.close()
            raise
        self.close()
        return False

    def _named(self) -> bool:
        """Whether the open file still has its name: another download may have finished or deleted it."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False

    def describe(self, validator: str | None, total: int | None) -> None:
        """Write down which version of the remote file this is a part of."""
        if (validator, total) == (self.validator, self.total):
            return
        self.validator, self.total = validator, total
        if validator is None or total is None:
            self._note.unlink(missing_ok=True)
        else:
            self._note.write_text(json.dumps({"validator": validator, "total": total}), encoding="utf-8")

    def write(self, data: bytes) -> None:
        """Append bytes."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(data)

    def restart(self) -> None:
        """Discard what arrived so far."""
        self._file.truncate(0)
        self.size = 0
        self.validator = self.total = None
        self._note.unlink(missing_ok=True)

    def finish(self, on_conflict: OnConflict) -> Path | None:
        """Give the complete file its final name, in one step.

        Returns:
            Its path; ``None`` if a file of that name exists and ``on_conflict`` is ``"skip"``.

        Raises:
            OSError: The file cannot be renamed, or was deleted or replaced while it was written.
        """
        # To the disk before the name: after a power cut, a file with its final name is complete.
        os.fsync(self._file.fileno())
        if not self._named():
            raise OSError(errno.ENOENT, "The unfinished file was deleted or replaced")
        if fcntl is None:  # pragma: no cover - Windows, which does not rename files that are open
            self.close()
        # It stays locked until it has lost this name: a download that opened it before would empty it otherwise.
        if on_conflict == "overwrite":
            self.path.replace(self.target)
            self._note.unlink(missing_ok=True)
            target: Path | None = self.target
        else:
            target = self._link(only_once=on_conflict == "skip")
            self._note.unlink(missing_ok=True)
            self.path.unlink()
        self.close()
        return target

    def _link(self, *, only_once: bool) -> Path | None:
        number = 1
        while True:
            extra = f" ({number})" if number > 1 else ""
            target = self.target.with_name(f"{self.target.stem}{extra}{self.target.suffix}")
            try:
                # Unlike renaming, linking fails if a file of that name exists, whoever made it meanwhile.
                os.link(self.path, target)
            except FileExistsError:
                if only_once:
                    return None
                number += 1
            else:
                return target

    def close(self) -> None:
        """Close the file; it stays for a later attempt."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
