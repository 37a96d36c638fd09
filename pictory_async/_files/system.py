"""The calls of the operating system that write files. An argument of the code that uses them: tests pass their own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no such locks
    fcntl = None  # type: ignore[assignment]  # no module is None

# What a system does not have is 0. Without NONBLOCK, opening a planted pipe would never end.
NO_FOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
DIRECTORY: Final[int] = getattr(os, "O_DIRECTORY", 0)
INTO: Final[int] = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_OPEN_FILES: Final = Path("/proc/self/fd")


class System:
    """One method for each call. Every method raises `OSError` if the call fails."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file and return its descriptor; the last part of the path is never followed as a link."""
        return os.open(path, flags | NO_FOLLOW, 0o666)

    def open_directory(self, path: Path) -> int:
        """Open a directory, to lock it; a link to a directory is followed."""
        return os.open(path, os.O_RDONLY | DIRECTORY)

    def open_existing(self, path: Path) -> int:
        """Open what has this name for writing, without blocking; a link is followed, and nothing is made or emptied."""
        return os.open(path, os.O_WRONLY | INTO)

    def names(self, path: Path) -> list[str]:
        """Return the names in a directory, sorted."""
        return sorted(os.listdir(path))  # noqa: PTH208 - names, not paths

    def stat(self, path: Path) -> os.stat_result:
        """Describe what has this name, which may be a link."""
        return path.lstat()

    def stat_open(self, descriptor: int) -> os.stat_result:
        """Describe an open file."""
        return os.fstat(descriptor)

    def access(self, path: Path, mode: int) -> bool:
        """Whether this process may use a file or directory so (``os.R_OK``, ``os.W_OK``, ``os.X_OK``)."""
        # The effective user is who will write; not every system can tell.
        return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)

    def read(self, descriptor: int) -> bytes:
        """Read an open file from where it is, at most 1 MiB; empty at its end."""
        return os.read(descriptor, 1024 * 1024)

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write bytes, and return how many were written."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Return when the file's content is on the disk."""
        os.fsync(descriptor)

    def empty(self, descriptor: int) -> None:
        """Cut an open file to 0 bytes."""
        os.ftruncate(descriptor, 0)

    def date(self, descriptor: int, path: Path, modified: int) -> None:
        """Set the time of an open file's last change, in nanoseconds since 1970."""
        file = descriptor if os.utime in os.supports_fd else path
        os.utime(file, ns=(os.fstat(descriptor).st_atime_ns, modified))

    def chmod(self, path: Path, mode: int) -> None:
        """Set a file's permissions."""
        path.chmod(mode)

    def link(self, descriptor: int, path: Path, target: Path) -> None:
        """Give an open file a second name; fails if something has it.

        Linux gives it to the open file; elsewhere, it is given to the file that has the name ``path`` at this moment.
        """
        if _OPEN_FILES.is_dir():
            # Without a descriptor, Python would call a function that links the link.
            os.link(_OPEN_FILES / str(descriptor), target, src_dir_fd=descriptor, follow_symlinks=True)
        else:  # pragma: no cover - not Linux
            os.link(path, target)

    def rename(self, path: Path, target: Path) -> None:
        """Rename a file. On Windows this fails if something has the new name, elsewhere a file is replaced."""
        os.rename(path, target)  # noqa: PTH104 - beside its siblings

    def replace(self, path: Path, target: Path) -> None:
        """Rename a file, in place of the one that has the new name."""
        os.replace(path, target)  # noqa: PTH105 - the same

    def unlink(self, path: Path) -> None:
        """Remove a name."""
        path.unlink()

    def mkdir(self, path: Path) -> None:
        """Make a directory and those above it, unless they exist."""
        path.mkdir(parents=True, exist_ok=True)

    def lock(self, descriptor: int) -> bool:
        """Lock an open file or directory until it is closed, or the process ends.

        Returns:
            Whether it is locked; ``False`` if the system or the file system has no locks.

        Raises:
            BlockingIOError: Another process, or another open file of this one, holds the lock.
        """
        if fcntl is None:  # pragma: no cover - Windows
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # some network file systems have none, others none for directories
            return False
        return True

    def close(self, descriptor: int) -> None:
        """Close a file."""
        os.close(descriptor)

    def sleep(self, seconds: float) -> None:
        """Wait; called in worker threads only."""
        time.sleep(seconds)


SYSTEM: Final = System()
"""The real one."""
