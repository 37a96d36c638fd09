"""Files that a user names: replaced as a whole, or, if the name is a pipe's or a device's, written into."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

from pictory_async._files.publish import Directory
from pictory_async._files.system import SYSTEM, System

_PAUSE: Final = 0.05  # seconds


async def write_output(path: str | os.PathLike[str], content: bytes, system: System = SYSTEM) -> Path:
    """Write a file in a thread, so that a reader sees the old content or the new content, never a part of it.

    A symbolic link stays a link, and its target is replaced. A new file gets the usual permissions; a replaced file
    keeps its own. A pipe or a device, such as ``/dev/stdout``, stays what it is: the content is written into it, and a
    named pipe is waited for until it has a reader.

    Returns:
        The absolute path; of a file, with symbolic links resolved.

    Raises:
        IsADirectoryError: It is a directory, or its name ends with a slash.
        OSError: It cannot be written. No file is left behind.
    """
    target, is_written = await to_thread.run_sync(_write_file, os.fspath(path), content, system)
    if not is_written:
        await _write_into(target, content, system)
    return target


def _write_file(name: str, content: bytes, system: System) -> tuple[Path, bool]:
    """Write a regular file, unless a pipe or a device has the name; return the path and whether it was written."""
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116 - a `Path` loses the slash at the end
    except FileNotFoundError:
        mode = stat.S_IFDIR if name.endswith(("/", os.sep)) else stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not stat.S_ISREG(mode):
        return Path(os.path.abspath(name)), False  # noqa: PTH100 - a pipe's link need not lead to a name
    # Not `Path.resolve`, which reports a circle of links differently in each version.
    target = Path(os.path.realpath(name))
    Directory(target.parent, system).write(target.name, content)
    return target, True


async def _write_into(path: Path, content: bytes, system: System) -> None:
    # No step blocks, so that a program that waits for a reader can be stopped.
    while (descriptor := await to_thread.run_sync(_opened, path, system)) is None:  # noqa: ASYNC110 - only another process knows
        await anyio.sleep(_PAUSE)
    try:
        view = memoryview(content)
        while view:
            view = view[await to_thread.run_sync(_written, descriptor, view, system) :]
            if view:
                await anyio.wait_writable(descriptor)
    finally:
        system.close(descriptor)


def _opened(path: Path, system: System) -> int | None:
    try:
        return system.open_existing(path)
    except OSError as error:
        if error.errno == errno.ENXIO and path.is_fifo():  # it has no reader yet
            return None
        raise


def _written(descriptor: int, view: memoryview, system: System) -> int:
    try:
        return system.write(descriptor, view)
    except BlockingIOError:
        return 0
