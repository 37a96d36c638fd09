"""Write a file so that nobody ever sees a part of it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from anyio import to_thread


async def write_atomically(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file in a thread: under a temporary name, synced to disk, then renamed to its target.

    A symbolic link stays, and its target is replaced. A new file gets the usual permissions of new files; a replaced
    one keeps its own.

    Returns:
        The absolute path, with symbolic links resolved.

    Raises:
        OSError: The file cannot be written. Nothing is left behind.
    """
    return await to_thread.run_sync(_write, path, content)


def _write(path: str | os.PathLike[str], content: bytes) -> Path:
    target = Path(path).resolve()
    # Short and random: the target's name may already be as long as the file system allows.
    beside = target.with_name(f".{os.urandom(8).hex()}.tmp")
    file = beside.open("xb")
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    return target
