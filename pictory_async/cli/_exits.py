"""Exit codes, and the errors that become one sentence."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

import click

from pictory_async.cli._text import printable
from pictory_async.errors import PictoryConfigError, PictoryError

if TYPE_CHECKING:
    from pictory_async import RenderOutcome

__all__ = [
    "FAILURE",
    "INTERRUPTED",
    "SUCCESS",
    "USAGE",
    "Complaint",
    "complaint_of",
    "exit_code_of",
    "verdict",
]

SUCCESS: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
NOT_RENDERED: Final = 3
TIME_SPENT: Final = 4
INTERRUPTED: Final = 130


class Complaint(click.ClickException):
    """One sentence for standard error, and the exit code that goes with it.

    Args:
        message: What happened, and what to do next.
        exit_code: The exit code.
    """

    exit_code: int  # type: ignore[misc]  # click reads it from the instance, and declares it for the class

    def __init__(self, message: str, exit_code: int = FAILURE) -> None:
        super().__init__(printable(message))
        self.exit_code = exit_code


def complaint_of(error: Exception, *, debug: bool) -> Complaint:
    """Turn any error into a complaint.

    Args:
        error: What was raised.
        debug: Print the traceback too.
    """
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, PictoryError):
        return Complaint(str(error), exit_code_of(error))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return Complaint(f"{where}{error.strerror}.")
    text = f"{type(error).__name__}: {error}. This is a mistake in pictory-async"
    return Complaint(f"{text}; please report it." if debug else f"{text}; 'pictory --debug ...' shows where.")


def exit_code_of(error: PictoryError) -> int:
    """The exit code of a typed error."""
    return USAGE if isinstance(error, PictoryConfigError) else FAILURE


def verdict(outcomes: list[RenderOutcome]) -> int:
    """The exit code of a wait that ended: 0, 3 or 4."""
    statuses = {outcome.status.value for outcome in outcomes if not outcome.ok}
    if not statuses:
        return SUCCESS
    return TIME_SPENT if statuses == {"timed_out"} else NOT_RENDERED
