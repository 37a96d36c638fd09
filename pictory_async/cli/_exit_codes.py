"""Exit codes, and the errors that become one sentence."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final, cast

import click

from pictory_async.cli.display.text import printable
from pictory_async.errors import (
    PictoryConfigError,
    PictoryError,
    RenderSubmitUncertainError,
    WaitError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pictory_async import RenderOutcome

__all__ = [
    "FAILURE",
    "INTERRUPTED",
    "NOT_RENDERED",
    "SUCCESS",
    "UNCERTAIN",
    "Complaint",
    "SettingComplaint",
    "complaint_of",
    "explain",
    "worst",
]

SUCCESS: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
NOT_RENDERED: Final = 3
TIME_SPENT: Final = 4
UNCERTAIN: Final = 5
INTERRUPTED: Final = 130


class Complaint(click.ClickException):
    """One sentence for standard error: what happened, and what to do next."""

    exit_code = FAILURE

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class SettingComplaint(Complaint):
    """The same where nothing was tried, because a setting cannot work or an extra is missing."""

    exit_code = USAGE


class _NotRendered(Complaint):
    exit_code = NOT_RENDERED


class _TimeSpent(Complaint):
    exit_code = TIME_SPENT


class _Uncertain(Complaint):
    exit_code = UNCERTAIN


_KINDS: Final = (
    (PictoryConfigError, SettingComplaint),
    (RenderSubmitUncertainError, _Uncertain),
    (WaitTimeoutError, _TimeSpent),
    (WaitError, _NotRendered),
    (PictoryError, Complaint),
)


def complaint_of(error: Exception, *, debug: bool) -> Complaint:
    """Turn any error into a complaint.

    Args:
        error: What was raised.
        debug: Print the traceback too.
    """
    if isinstance(error, Complaint):
        return error
    if debug:
        click.echo(printable("".join(traceback.format_exception(error))), err=True, nl=False)
    error = _alone(error)
    if isinstance(error, PictoryError):
        return next(kind for cause, kind in _KINDS if isinstance(error, cause))(str(error))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return Complaint(f"{where}{error.strerror}.")
    text = f"{type(error).__name__}: {error}. This is a mistake in pictory-async"
    return Complaint(f"{text}; please report it." if debug else f"{text}; 'pictory --debug ...' shows where.")


def _alone(error: Exception) -> Exception:
    # A task group wraps even a single error; of several, the first one tells enough.
    inner = cast("tuple[Exception, ...]", getattr(error, "exceptions", ()))
    return _alone(inner[0]) if inner else error


def worst(*codes: int) -> int:
    """Of several exit codes, the one that matters most: a spent time only where nothing else is wrong."""
    return max(codes, key=lambda code: (code != SUCCESS, code != TIME_SPENT, code), default=SUCCESS)


def explain(outcomes: Iterable[RenderOutcome]) -> int:
    """The exit code of a wait that ended: 0, 3 or 4."""
    statuses = {outcome.status.value for outcome in outcomes if not outcome.ok}
    if not statuses:
        return SUCCESS
    return TIME_SPENT if statuses == {"timed_out"} else NOT_RENDERED
