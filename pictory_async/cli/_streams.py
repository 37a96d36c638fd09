"""The standard streams of the command: any encoding, closed streams, and readers that leave early.

Everything that the command prints goes through here, whether click or rich prints it.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from pictory_async.cli._exit_codes import NO_DISK, CommandError
from pictory_async.cli.display.text import is_escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["Output", "OutputError", "lost_output", "standard_streams", "surviving"]

# What the command's own signs become if the encoding lacks them. Of names and messages, such characters become "?".
_PLAIN: Final = {
    "✓": "+",
    "✗": "x",
    "○": "o",
    "⊘": "/",
    "●": "*",
    "·": ".",
    "…": "...",
    "→": "->",
    "↕": "^",
    "≠": "!=",
    "─": "-",
    "━": "-",
    "╸": "-",
    "╺": "-",
}
_HANDLER: Final = "pictory.plain"


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    if is_escaped(found):  # a part of a path: written as it was read, it can be pasted
        return found.encode("ascii", "surrogateescape"), error.end
    return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error(_HANDLER, _replaced)


class OutputError(CommandError):
    """What the command prints cannot be written."""

    exit_code = NO_DISK


class Output:
    """A text stream that can always be written to.

    Characters that its encoding lacks are replaced. After the first failure, nothing more is written.

    Args:
        stream: The stream.
        reports: Whether the first failure is raised: `OutputError`, or `BrokenPipeError` if the reader left.

    Attributes:
        failure: The first failure; ``None`` if there was none.
    """

    def __init__(self, stream: TextIO, *, reports: bool) -> None:
        # As an ASCII stream has it in some locales only, and standard error never.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and codecs.lookup(stream.encoding).name == "ascii":
            reconfigure(errors="surrogateescape")
        self._stream = stream
        self._reports = reports
        self.failure: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        # Without its buffer, click cannot write past this object: for an ASCII stream it would write UTF-8.
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)

    def write(self, text: str | bytes) -> int:
        """Write text, or the bytes of some.

        Raises:
            BrokenPipeError: The reader left.
            OutputError: It cannot be written, as on a full disk.
            TypeError: These are no bytes at all: so click finds out that this is a text stream.
        """
        if text == b"":
            raise TypeError(text)
        if isinstance(text, bytes):
            text = text.decode()
        encoding = self._stream.encoding or "utf-8"
        plain = text.encode(encoding, _HANDLER).decode(encoding, "surrogateescape")
        if plain:  # to write nothing to a full disk fails too, and click does it before it prints
            self._attempt(lambda: self._stream.write(plain))
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        """Write bytes as they are, after all text before; raises as `write` does."""
        stream: Any = self._stream

        def call() -> None:
            stream.flush()
            stream.buffer.write(data)

        self._attempt(call)

    def flush(self) -> None:
        """Write what is buffered; raises as `write` does."""
        self._attempt(self._stream.flush)

    def _attempt(self, call: Callable[[], object]) -> None:
        if self.failure is not None:
            return
        try:
            call()
        except OSError as error:
            self._discard()
            self.failure = error
            if not isinstance(error, BrokenPipeError):
                self.failure = OutputError(f"Standard output cannot be written: {error.strerror}.")
            if self._reports:
                raise self.failure from None

    def _discard(self) -> None:
        # What is still buffered would fail again when Python flushes it at its end.
        with contextlib.suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nowhere, self._stream.fileno())
            finally:
                os.close(nowhere)


@contextlib.contextmanager
def standard_streams() -> Generator[None]:
    """Make the standard streams safe to use while a command runs."""
    before = sys.stdin, sys.stdout, sys.stderr
    with contextlib.ExitStack() as nothing:
        # A stream that was closed by the caller (`>&-`) is ``None``.
        if before[0] is None:
            sys.stdin = nothing.enter_context(_nowhere("r"))
        out = before[1] or nothing.enter_context(_nowhere("w"))
        err = before[2] or nothing.enter_context(_nowhere("w"))
        sys.stdout, sys.stderr = cast("Any", Output(out, reports=True)), cast("Any", Output(err, reports=False))
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before


def _nowhere(mode: str) -> TextIO:
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))


@contextlib.contextmanager
def surviving() -> Generator[None]:
    """Continue the work if the line about it cannot be printed; `lost_output` reports that at the end."""
    with contextlib.suppress(BrokenPipeError, OutputError):
        yield


def lost_output() -> Exception | None:
    """Return why standard output could not be written; ``None`` if it could."""
    failure: Exception | None = getattr(sys.stdout, "failure", None)
    return failure
