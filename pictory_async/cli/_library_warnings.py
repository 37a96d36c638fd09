"""What the library warns about, in the words of the command."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Final

import click

from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import err_is_terminal, one_line, quiet_if_gone

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["library_warnings"]

_LIBRARY: Final = logging.getLogger("pictory_async")
_OUTAGES: Final = "pictory.api."
_OF_REQUESTS: Final = "pictory.video.warning"  # the command has one line for all rows that it is about


class _Sentences(logging.Handler):
    """Prints each warning on standard error as a sentence, without the name of its event."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != _LIBRARY.name:  # what the command itself logs was printed by it
            return
        event = str(getattr(record, "pictory_event", ""))
        if event == _OF_REQUESTS:
            return
        if event.startswith(_OUTAGES) and err_is_terminal():  # the progress shows it while it lasts
            return
        text = in_command_words(record.getMessage().removeprefix(f"{event}: "))
        with quiet_if_gone("stderr"):
            # By standard error as it is now: a live display prints it above itself.
            click.echo(one_line(f"Warning: {text[:1].upper()}{text[1:]}"), err=True)


@contextlib.contextmanager
def library_warnings() -> Generator[None]:
    """Print what the library warns about in a block."""
    handler = _Sentences(logging.WARNING)
    _LIBRARY.addHandler(handler)
    try:
        yield
    finally:
        _LIBRARY.removeHandler(handler)
