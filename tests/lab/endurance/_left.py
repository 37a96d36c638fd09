"""What a program must not leave behind: tasks, files, warnings."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sniffio
import trio

if TYPE_CHECKING:
    from collections.abc import Iterator


def files() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def memory() -> int:
    """How much memory this process has in use, in KiB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def tasks() -> int:
    """How many tasks the running event loop has."""
    if sniffio.current_async_library() == "trio":
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())


@contextmanager
def complaints() -> Iterator[list[str]]:
    """Collect what Python and asyncio complain about where nobody can be told by an exception."""
    found: list[str] = []

    def unraisable(what: Any) -> None:
        found.append(f"{what.exc_value!r} in {what.object!r}")

    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("asyncio").addHandler(handler)
    before, sys.unraisablehook = sys.unraisablehook, unraisable
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield found
            gc.collect()
    finally:
        sys.unraisablehook = before
        logging.getLogger("asyncio").removeHandler(handler)
