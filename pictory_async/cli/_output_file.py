"""Standard output as a file that is replaced as a whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import click

from pictory_async.cli._streams import Output
from pictory_async.cli.display.text import echo_note

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["OutputFile", "ended_well"]


def ended_well() -> bool:
    """Return whether the command that is being left ended by itself, with whatever exit code."""
    # Not every version of click tells it to what it closes.
    error = sys.exc_info()[1]
    return error is None or isinstance(error, click.exceptions.Exit)


class OutputFile:
    """Lets a command print to a file: its reader sees the old content or the new content, never a part of it.

    A symbolic link stays a link, and a pipe or a device is written into. If the command fails, or is interrupted before
    it reports, the file stays as it was.

    Args:
        path: The file; it can be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._target = Path(os.path.realpath(path))
        self._draft: Path | None = None
        self._stdout: TextIO = sys.stdout
        self._stream: TextIO | None = None

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            OSError: It cannot be opened.
        """
        place = self._target
        if not place.exists() or place.is_file():
            place = self._draft = place.with_name(f".{secrets.token_hex(8)}.pictory-tmp")
        # Text that has no form in UTF-8, such as a part of a path, is written as it was read.
        self._stream = place.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        self._stdout, sys.stdout = sys.stdout, cast("Any", Output(self._stream, reports=True, name=str(self._path)))
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, and give it its name if the command ended by itself.

        Raises:
            OSError: It could not be written.
        """
        out = cast("Output", sys.stdout)
        sys.stdout = self._stdout
        try:
            self._finish(out)
        finally:
            if self._draft is not None:
                with contextlib.suppress(FileNotFoundError):
                    self._draft.unlink()

    def _finish(self, out: Output) -> None:
        stream = cast("TextIO", self._stream)
        with contextlib.closing(stream):
            if not ended_well():
                echo_note(f"Not written: {self._path}")
                return
            out.flush()
            if out.failure is not None:
                raise out.failure
            if self._draft is None:
                return
            os.fsync(stream.fileno())
        if self._target.exists():
            self._draft.chmod(stat.S_IMODE(self._target.stat().st_mode))
        self._draft.replace(self._target)
