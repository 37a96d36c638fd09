"""Exit codes, and errors as one sentence each."""

from __future__ import annotations

import errno
import traceback
from typing import IO, TYPE_CHECKING, Any, Final, cast

import click

from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import echo_note, printable
from pictory_async.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DownloadError,
    PictoryConfigError,
    PictoryError,
    RenderSubmitUncertainError,
    RequestTimeoutError,
    WaitError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pictory_async import RenderOutcome

__all__ = [
    "CHANGED",
    "FAILURE",
    "INTERRUPTED",
    "NOT_RENDERED",
    "SUCCESS",
    "UNCERTAIN",
    "CommandError",
    "NotRenderedError",
    "SettingError",
    "command_error",
    "debugs",
    "ends_all",
    "outcomes_code",
    "report_error",
    "ungrouped",
    "worst_code",
]

SUCCESS: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
NOT_RENDERED: Final = 3
TIMED_OUT: Final = 4
UNCERTAIN: Final = 5
CHANGED: Final = 6
INTERRUPTED: Final = 130


class CommandError(click.ClickException):
    """One sentence for standard error: what happened, and what to do next."""

    exit_code = FAILURE

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's interface
        """Print the sentence. In an event loop too, where click would look for translations on the disk."""
        echo_note(f"Error: {self.format_message()}")


class SettingError(CommandError):
    """Nothing was tried, because a setting is invalid or an extra is missing."""

    exit_code = USAGE


class NotRenderedError(CommandError):
    """A project has no video, or a wait ended without one."""

    exit_code = NOT_RENDERED


class _TimedOutError(CommandError):
    exit_code = TIMED_OUT


class _UncertainError(CommandError):
    exit_code = UNCERTAIN


# Full, over its quota, read-only, or broken.
_NO_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})

# The first match counts, so a subclass stands before its base.
_KINDS: Final = (
    (PictoryConfigError, SettingError),
    (RenderSubmitUncertainError, _UncertainError),
    (WaitTimeoutError, _TimedOutError),
    (WaitError, NotRenderedError),
    (PictoryError, CommandError),
)


def command_error(error: Exception, *, debug: bool) -> CommandError:
    """Turn any error into one that is printed as a sentence.

    Args:
        error: The error.
        debug: Whether to print the traceback first.
    """
    if debug and not isinstance(error, CommandError):
        click.echo(printable("".join(traceback.format_exception(error))), err=True, nl=False)
    error = ungrouped(error)
    if isinstance(error, CommandError):
        return error
    if isinstance(error, PictoryError):
        return next(kind for cause, kind in _KINDS if isinstance(error, cause))(in_command_words(str(error)))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return CommandError(f"{where}{error.strerror}.")
    text = f"{type(error).__name__}: {error}. This is a bug in pictory-async"
    return CommandError(f"{text}; please report it." if debug else f"{text}; 'pictory --debug ...' shows where.")


def report_error(error: Exception) -> int:
    """Print an error on standard error, and return its exit code."""
    shown = command_error(error, debug=debugs())
    shown.show()
    return shown.exit_code


def debugs() -> bool:
    """Return whether tracebacks are printed."""
    return bool(click.get_current_context().find_root().params["debug"])


def ungrouped(error: Exception) -> Exception:
    """Take an error out of the groups around it: a task group wraps even a single one. Of several, it is the first."""
    inner = cast("tuple[Exception, ...]", getattr(error, "exceptions", ()))
    return ungrouped(inner[0]) if inner else error


def ends_all(error: Exception) -> bool:
    """Return whether the same error awaits everything else: a rejected key, no connection, or a disk that is full."""
    if isinstance(error, AuthenticationError):
        return error.from_api
    if isinstance(error, ConnectionFailedError | RequestTimeoutError):
        return not error.sent
    if isinstance(error, DownloadError):
        files = () if error.report is None else error.report.files
        failed = [error, *(file.error for file in files)]
        return any(isinstance(one, DownloadError) and one.errno in _NO_DISK for one in failed)
    return isinstance(error, OSError) and error.errno in _NO_DISK


def worst_code(*codes: int) -> int:
    """Return the exit code that matters most: the highest one, but 4 (timed out) only if no other applies."""
    return max(codes, key=lambda code: (code != SUCCESS, code != TIMED_OUT, code), default=SUCCESS)


def outcomes_code(outcomes: Iterable[RenderOutcome]) -> int:
    """Return the exit code of a wait: 0, 3 or 4."""
    statuses = {outcome.status.value for outcome in outcomes if not outcome.ok}
    if not statuses:
        return SUCCESS
    return TIMED_OUT if statuses == {"timed_out"} else NOT_RENDERED
