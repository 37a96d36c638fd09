"""How a complete file gets its name. Downloads, backups, manifests and reports all do it this way. Blocking.

**The promise.** Whoever looks at a file under its final name, at any moment, sees a complete file: the old one or the
new one. A kill, a power cut, a full disk, another process, or a user who deletes files meanwhile change nothing of
it.

**Private names.** A file that is being written (a `Draft`) has a name that contains 64 random bits and is created
with ``O_EXCL``. So a name stands for one file for ever: it can be removed, but it never comes to mean another file.
Links are never followed (``O_NOFOLLOW``), and only a regular file with a single name is written to or emptied. So a
planted link leads nowhere, and no step ever changes the bytes of a file that has its final name.

**Publication**, in this order; a kill after any step leaves what is said beside it:

1. ``fsync`` of the draft. *Left: the draft.*
2. Its name must still belong to the open file, and its length must be what was written. Else somebody deleted or
   changed it, and publishing fails. *Left: the draft.*
3. If it replaces a file, it gets that file's permissions. *Left: the draft.*
4. Downloads: its size and time are entered in the manifest of the directory (`pictory_async._files.ownership`), beside
   those of the file that it replaces. *Left: the draft, and an entry that fits no file and is therefore ignored.*
5. It gets its name in one step: ``rename`` if it replaces a file, else ``link``, which fails if something has the
   name. On Linux, the open file itself is linked; before a ``rename``, step 2 is repeated. *Left: the complete file
   with two names.*
6. The private name is removed. *Left: the complete file.*

**Earlier versions** of a project's file (`pictory_async._files.versions`), if they are kept. Before step 4, the old
file is entered in the manifest under its second name, and gets that name with ``link``. *Left after a kill: the old
file with two names; the next call goes on from there.* Without hard links it is renamed instead, so for an instant
the new file is not there yet and the old one only under its second name. After step 6, what is too old is removed, if
it still fits its entry. *Left: one version too many, until the next new one.*

**Subdirectories.** Drafts, the manifest and the lock are in the directory that was named, and files may go below it
(`pictory_async._files.inside`). Each directory on the way must be a real one, and not a link, when the manifest is
read and at the latest moment before every step that names or removes a file. *Left after a kill: an empty directory.*

**Times.** Before step 1, a download gets the date of its video as the time of its last change. So the manifest has
the time that the file system made of it, and the disk has both.

**Parts** are drafts of downloads (`pictory_async._files.partfile`). They survive a kill, to be continued. Each is
locked (``flock``) by who writes it, from its creation until it has lost its private name. A part that is not locked
was abandoned: the next download of the same file takes it over, after checking that it still has its name, is a
regular file, and has no second name (else it was killed after step 5, and only the private name is removed).

**One directory at a time.** Taking over a part, creating one, and steps 2 to 6 of a download happen while the
directory itself is locked. The lock is a ``flock`` of the directory, so it needs no file, cannot be left behind, and
ends with the process. Who cannot get it within 5 seconds goes on without: what could then be lost is an entry in the
manifest, so that a file is later taken for somebody else's and left alone; never a file.

**Without hard links** (FAT, exFAT, some network and FUSE file systems), step 5 checks that the name is free and
renames. Between the two, only a program that does not lock the directory could create a file of that name, and lose
it.

**Without locks** (Windows, some network file systems), nobody can tell an abandoned part from one in use. So parts
are not taken over, and they are removed when the call ends. Two processes may then download the same file; each has a
draft of its own, and the second to finish finds the first one's file. What nobody can notice are locks that do not
reach the other machines of a network file system: there, one project must not be downloaded to one directory by two
machines at once.

**Tested** on Linux, with every kill, failure and interference above. On macOS the same calls exist; there ``fsync``
does not wait for the drive's own cache. On Windows, a draft is closed before it is renamed, and ``rename`` itself
fails if something has the name. Neither system is tested.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final

from pictory_async._files.system import SYSTEM, System

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

TEMPORARY: Final = ".pictory-tmp"
"""How the private names of short files end."""

_WINDOWS: Final = os.name == "nt"
_TRIES: Final = 500
_PAUSE: Final = 0.01  # seconds


class Draft:
    """An open file under a private name.

    Args:
        path: Its name.
        descriptor: The open file.
        system: The operating system.

    Attributes:
        size: Its length in bytes, as written.
        locked: Whether other processes can see that it is in use.
    """

    def __init__(self, path: Path, descriptor: int, system: System) -> None:
        self.path = path
        self.size: int = 0
        self.locked = False
        self._descriptor: int | None = descriptor
        self._system = system

    @classmethod
    def create(cls, directory: Path, prefix: str, suffix: str, system: System) -> Draft:
        """Create a file whose name nobody had and nobody will have."""
        path = directory / f"{prefix}.{secrets.token_hex(8)}{suffix}"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
        return cls(path, system.open(path, flags), system)

    @classmethod
    def reopen(cls, path: Path, system: System) -> Draft | None:
        """Take over a file that was abandoned.

        Returns:
            ``None`` if it is not there any more, in use without locks, or not a file that this module made.

        Raises:
            BlockingIOError: Another process, or another call, is writing it.
        """
        try:
            draft = cls(path, system.open(path, os.O_RDWR | os.O_APPEND), system)
        except OSError:  # a link, a directory, somebody else's, or gone
            return None
        if draft._take_over():
            return draft
        draft.close()
        return None

    def _take_over(self) -> bool:
        try:
            found = self.stat()
            if not stat.S_ISREG(found.st_mode) or not self.lock() or not self._named():
                return False
            if self.stat().st_nlink > 1:  # killed after it got its final name
                self._system.unlink(self.path)
                return False
        except BaseException:
            self.close()
            raise
        self.size = self.stat().st_size
        return True

    def lock(self) -> bool:
        """Mark the file as in use; ``False`` if there are no locks.

        Raises:
            BlockingIOError: It is in use.
        """
        self.locked = self._system.lock(self._open)
        return self.locked

    def stat(self) -> os.stat_result:
        """Describe the open file."""
        return self._system.stat_open(self._open)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        view = memoryview(data)
        while view:
            view = view[self._system.write(self._open, view) :]
        self.size += len(data)

    def empty(self) -> None:
        """Discard the content."""
        self._system.empty(self._open)
        self.size = 0

    def sync(self) -> None:
        """Return when the content is on the disk; so after a power cut, a file with its final name is complete.

        Raises:
            OSError: It cannot be written.
        """
        self._system.sync(self._open)

    def date(self, modified: int) -> None:
        """Set the time of its last change, in nanoseconds since 1970, if the file system can; before `sync`."""
        with contextlib.suppress(OSError, OverflowError):
            self._system.date(self._open, self.path, modified)

    def check(self) -> os.stat_result:
        """Describe the file, after making sure that its private name still means this file.

        Raises:
            OSError: Somebody deleted or changed it.
        """
        found = self.stat()
        if found.st_size != self.size:
            raise _replaced()
        self._check_name()
        return found

    def _check_name(self) -> None:
        if not self._named():
            raise _replaced()

    def publish(self, target: Path, *, replace: bool, check: Callable[[], object] = lambda: None) -> None:
        """Give the file its name, in one step, and close it. Call `sync` and `check` first.

        Args:
            target: The name.
            replace: Whether it takes the place of a file that has the name.
            check: Called at the latest moment before; an `OSError` that it raises ends this.

        Raises:
            FileExistsError: Something has that name, and it must not be replaced, or is a pipe, device or socket.
            OSError: The file cannot be renamed.
        """
        found = there(target, self._system) if replace else None
        if found is not None and stat.S_ISREG(found.st_mode):
            self._system.chmod(self.path, stat.S_IMODE(found.st_mode))
        elif found is not None and not is_replaceable(found):
            raise FileExistsError(errno.EEXIST, "It is not a regular file", str(target))
        if _WINDOWS:  # pragma: no cover - it does not rename files that are open
            self.close()
        if replace:
            self._rename(self._system.replace, target, check)
        else:
            self._name(target, check)
        # Only now: it stays locked until it has lost its private name.
        self.close()

    def _name(self, target: Path, check: Callable[[], object]) -> None:
        check()
        try:
            self._system.link(self._open, self.path, target)
        except FileExistsError:
            raise
        except OSError:
            if there(target, self._system) is not None:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
            self._rename(self._system.rename, target, check)
        else:
            with contextlib.suppress(FileNotFoundError):
                self._system.unlink(self.path)

    def _rename(self, rename: Callable[[Path, Path], None], target: Path, check: Callable[[], object]) -> None:
        if not _WINDOWS:  # pragma: no branch - there it is closed by now
            self._check_name()  # the latest moment: renaming is by name
        check()
        rename(self.path, target)

    def discard(self) -> None:
        """Delete the file, if it is still there, and close it."""
        if _WINDOWS:  # pragma: no cover - it does not delete files that are open
            self.close()
        with contextlib.suppress(OSError):
            self._system.unlink(self.path)
        self.close()

    def close(self) -> None:
        """Close the file; it stays under its private name. Closing twice does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                self._system.close(descriptor)

    @property
    def _open(self) -> int:
        if self._descriptor is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._descriptor

    def head(self) -> bytes:
        """Its first bytes, up to 1 MiB. Once, and before anything is written."""
        return self._system.read(self._open)

    def _named(self) -> bool:
        mine = self.stat()
        found = there(self.path, self._system)  # last, so that the answer is as new as can be
        return found is not None and os.path.samestat(found, mine)


def _replaced() -> OSError:
    return OSError(errno.ENOENT, "The unfinished file was deleted or replaced")


def there(path: Path, system: System) -> os.stat_result | None:
    """Describe what has a name; ``None`` if nothing has."""
    try:
        return system.stat(path)
    except FileNotFoundError:
        return None


def is_replaceable(found: os.stat_result) -> bool:
    """Whether a file may take this one's name: a pipe, device or socket is somebody's, and its name stays its own."""
    return stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)


class Directory:
    """A directory that files are published in.

    Args:
        path: The directory.
        system: The operating system.
        held: Whether the caller has locked it already, by other means.
        real: The same directory, by its path without links. The default is ``path``.
    """

    def __init__(self, path: Path, system: System = SYSTEM, *, held: bool = False, real: Path | None = None) -> None:
        self.path = path
        self.real = path if real is None else real
        self.system = system
        self._held = held

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Keep other calls and processes out, as far as the file system has locks; see the module."""
        descriptor = self._lock()
        try:
            yield
        finally:
            if descriptor is not None:
                self.system.close(descriptor)

    def _lock(self) -> int | None:
        for _ in range(0 if self._held else _TRIES):
            try:
                descriptor = self.system.open_directory(self.path)
            except OSError:  # it does not exist yet, or the system cannot open directories
                return None
            try:
                self.system.lock(descriptor)
            except BlockingIOError:
                self.system.close(descriptor)
                self.system.sleep(_PAUSE)
            else:
                return descriptor
        return None

    def has(self, name: str) -> bool:
        """Whether anything has this name."""
        return there(self.path / name, self.system) is not None

    def read(self, name: str) -> bytes:
        """Read a file.

        Raises:
            OSError: It cannot be read, or is not a regular file.
        """
        descriptor = self.system.open(self.path / name, os.O_RDONLY)
        try:
            if not stat.S_ISREG(self.system.stat_open(descriptor).st_mode):
                raise OSError(errno.EINVAL, "Not a regular file")
            content = bytearray()
            while piece := self.system.read(descriptor):
                content += piece
            return bytes(content)
        finally:
            self.system.close(descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Write a complete file under its name, in place of an older one.

        Raises:
            OSError: It cannot be written. Nothing is left behind.
        """
        # Not derived from the target's name, which may already be as long as the file system allows.
        draft = Draft.create(self.path, "", TEMPORARY, self.system)
        try:
            draft.lock()
            draft.write(content)
            draft.sync()
            draft.check()
            draft.publish(self.path / name, replace=True)
        except BaseException:
            draft.discard()
            raise

    def sweep(self) -> None:
        """Remove what killed calls of `write` left."""
        for name in self.system.names(self.path):
            if name.endswith(TEMPORARY):
                with contextlib.suppress(BlockingIOError):
                    draft = Draft.reopen(self.path / name, self.system)
                    if draft is not None:
                        draft.discard()

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            OSError: It cannot be removed.
        """
        with contextlib.suppress(FileNotFoundError):
            self.system.unlink(self.path / name)
