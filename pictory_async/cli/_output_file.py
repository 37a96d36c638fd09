"""Standard output as a file that is replaced as a whole."""

from __future__ import annotations

import io
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import click

from pictory_async.cli._exit_codes import CommandError, DeclinedError
from pictory_async.cli._failure_at_end import noting_failure
from pictory_async.cli._streams import Output
from pictory_async.cli.display.text import echo_note

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["OutputFile", "ended_well", "replace_file"]


def ended_well() -> bool:
    """Return whether the command that is being left ended by itself, with whatever exit code, and did its work."""
    # Not every version of click tells it to what it closes.
    error = sys.exc_info()[1]
    return error is None or (isinstance(error, click.exceptions.Exit) and not isinstance(error, DeclinedError))


class OutputFile:
    """Lets a command print to a file: its reader sees the old content or the new content, never a part of it.

    It is written when the command is over. A symbolic link stays a link, and a pipe or a device is written into. If the
    command fails, or is interrupted before it reports, the file stays as it was.

    Args:
        path: The file; it can be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stdout: TextIO = sys.stdout
        self._content = io.BytesIO()

    def __enter__(self) -> Self:
        """Collect what is printed from now on."""
        # Text that has no form in UTF-8, such as a part of a path, is written as it was read.
        text = io.TextIOWrapper(self._content, encoding="utf-8", errors="surrogateescape", newline="")
        self._stdout, sys.stdout = sys.stdout, cast("Any", Output(text, reports=True))
        return self

    def __exit__(self, *_: object) -> None:
        """Write the file, if the command ended by itself."""
        collected, sys.stdout = sys.stdout, self._stdout
        collected.flush()
        if not ended_well():
            echo_note(f"Not written: {self._path}")
            return
        with noting_failure():
            try:
                replace_file(self._path, self._content.getvalue())
            except OSError as error:
                raise CommandError(f"Cannot write {self._path}: {error.strerror}.") from None


def replace_file(path: Path, content: bytes) -> None:
    """Write a file as a whole. A symbolic link stays a link, and a pipe or a device is written into.

    Raises:
        OSError: It cannot be written. It stays as it was.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    draft = target.with_name(f".{secrets.token_hex(8)}.pictory-tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
