"""Writing files atomically: a reader sees the old content or the new content, never a part of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from anyio import to_thread


async def write_atomically(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file in a thread: to a temporary file in the same directory, which then replaces the target.

    A symbolic link stays a link, and its target is replaced. A new file gets the usual permissions; a replaced file
    keeps its own.

    Returns:
        The absolute path, with symbolic links resolved.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
    """
    return await to_thread.run_sync(_write, path, content)


def _write(path: str | os.PathLike[str], content: bytes) -> Path:
    target = Path(path).resolve()
    # Not derived from the target's name, which may already be as long as the file system allows.
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    file = temporary.open("xb")
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    return target
