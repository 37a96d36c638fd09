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
    LedgerError,
    OutdatedVideoError,
    PermissionDeniedError,
    PictoryConfigError,
    PictoryError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    SubmitUncertainError,
    WaitError,
    WaitTimeoutError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pictory_async import RenderOutcome

__all__ = [
    "CHANGED",
    "EXIT_CODES",
    "FAILURE",
    "INTERRUPTED",
    "KEY_REFUSED",
    "LOCKED",
    "NOT_RENDERED",
    "NO_DISK",
    "SUCCESS",
    "TEMPORARY",
    "TIMED_OUT",
    "UNCERTAIN",
    "USAGE",
    "CommandError",
    "NotRenderedError",
    "SettingError",
    "batch_code",
    "command_error",
    "debugs",
    "ends_all",
    "exit_code_of",
    "final_error",
    "is_of_disk",
    "outcomes_code",
    "report_error",
    "timed_out_code",
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
# As in sysexits.h, which mail programs and init systems know.
NO_DISK: Final = 73
TEMPORARY: Final = 75
LOCKED: Final = 76
KEY_REFUSED: Final = 77
INTERRUPTED: Final = 130

EXIT_CODES: Final = {
    INTERRUPTED: "stopped with Ctrl-C, SIGTERM or SIGHUP",
    UNCERTAIN: "for 'render', 'sync', 'make', 'transcribe' and 'image': a response was lost, so it is not known "
    "whether something was started and is billed",
    KEY_REFUSED: "Pictory rejects the API key",
    NO_DISK: "the disk is full or cannot be written to, or the ledger cannot be used",
    NOT_RENDERED: "after a wait: some are not rendered or completed; for 'download': a project has no video; "
    "with --fresh: a video is outdated, or may be; "
    "for 'check': a template has an error; for 'backup --verify': a backup is damaged",
    USAGE: "wrong usage, a missing key or an invalid setting",
    FAILURE: "something could not be fetched or done, or a command of --exec failed; for 'demo': an outcome is wrong",
    LOCKED: "another command is doing the same",
    CHANGED: "for 'drift': something has changed",
    TEMPORARY: "no connection, or a temporary failure of the API, and nothing else failed: try again later",
    TIMED_OUT: "after a wait: --max-wait or --stalled is over; for 'render' and 'sync': --max left some out; for "
    "'make': a limit did; and nothing else failed",
    SUCCESS: "done, or nothing to do; after a wait: all are rendered or completed",
}
"""What each exit code means, for all commands. If several apply, it is the first of them in this order."""

_RANKS: Final = {code: rank for rank, code in enumerate(EXIT_CODES)}


class DeclinedError(click.exceptions.Exit):
    """Somebody was asked, and said no."""

    def __init__(self) -> None:
        super().__init__(FAILURE)


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


# An exit code belongs to a class, as click has it.
_WITH_CODES: Final[dict[int, type[CommandError]]] = {
    code: type(CommandError.__name__, (CommandError,), {"exit_code": code}) for code in EXIT_CODES
}

# Full, over its quota, read-only, or broken.
_NO_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})

# The first match counts, so a subclass stands before its base.
_KINDS: Final = (
    (PictoryConfigError, USAGE),
    (LedgerError, NO_DISK),
    (SubmitUncertainError, UNCERTAIN),
    (WaitTimeoutError, TIMED_OUT),
    (WaitError, NOT_RENDERED),
    (OutdatedVideoError, NOT_RENDERED),
)


def exit_code_of(error: Exception) -> int:
    """Return the exit code of an error."""
    if isinstance(error, CommandError):
        return error.exit_code
    if is_of_disk(error):
        return NO_DISK
    if _refuses_key(error):
        return KEY_REFUSED
    if _is_temporary(error):
        return TEMPORARY
    return next((code for kind, code in _KINDS if isinstance(error, kind)), FAILURE)


def _refuses_key(error: Exception | None) -> bool:
    return isinstance(error, AuthenticationError) and error.from_api


def _is_temporary(error: Exception | None) -> bool:
    """Whether the same may succeed later: no connection, no response in time, too many requests, or a 5xx."""
    failed = _failed_files(error)
    if failed:
        return all(map(_is_temporary, failed))
    return isinstance(error, ConnectionFailedError | RequestTimeoutError | RateLimitedError | ServerError)


def is_of_disk(error: Exception | None) -> bool:
    """Return whether the disk is full, or cannot be written to."""
    if isinstance(error, DownloadError):
        return error.errno in _NO_DISK or any(map(is_of_disk, _failed_files(error)))
    return isinstance(error, OSError) and error.errno in _NO_DISK


def _failed_files(error: Exception | None) -> list[Exception]:
    report = error.report if isinstance(error, DownloadError) else None
    return [] if report is None else [file.error for file in report.files if file.error is not None]


def final_error(error: Exception, *, debug: bool) -> CommandError:
    """Turn an error that ended a whole command into a sentence: see `command_error`.

    A key that may not do this may do nothing.
    """
    shown = command_error(error, debug=debug)
    code = batch_code(shown.exit_code, [ungrouped(error)])
    return shown if code == shown.exit_code else _WITH_CODES[code](shown.message)


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
        return _WITH_CODES[exit_code_of(error)](in_command_words(str(error)))
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return _WITH_CODES[exit_code_of(error)](f"{where}{error.strerror}.")
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
    if isinstance(error, ConnectionFailedError | RequestTimeoutError):
        return not error.sent
    return _refuses_key(error) or is_of_disk(error)


def worst_code(*codes: int) -> int:
    """Return the exit code that matters most: see `EXIT_CODES`."""
    return min(codes, key=lambda code: _RANKS[code], default=SUCCESS)


def batch_code(code: int, errors: Sequence[Exception | None]) -> int:
    """Return the exit code of a batch: a key that may do nothing at all is a rejected one.

    Args:
        code: The worst code of its results.
        errors: The error of each result; ``None`` for a good one.
    """
    refused = [isinstance(error, PermissionDeniedError) and error.from_api for error in errors]
    return worst_code(code, KEY_REFUSED) if refused and all(refused) else code


def outcomes_code(outcomes: Iterable[RenderOutcome], outage: str | None = None) -> int:
    """Return the exit code of a wait.

    Args:
        outcomes: Its outcomes.
        outage: Why all polls failed at its end; ``None`` if they did not.
    """
    outcomes = [*outcomes]
    failed = [outcome.error for outcome in outcomes if not outcome.ok]
    code = worst_code(*map(_outcome_code, failed))
    code = timed_out_code(code, failed, outage)
    return batch_code(code, [outcome.error for outcome in outcomes])


def timed_out_code(code: int, failed: Sequence[Exception | None], outage: str | None = None) -> int:
    """Return the exit code of waits: if they timed out because no poll succeeded, the reason is temporary.

    Args:
        code: Their worst code.
        failed: Their errors.
        outage: Why all polls failed at their end; ``None`` if they did not.
    """
    last_polls_failed = all(isinstance(one, WaitTimeoutError) and one.last_error is not None for one in failed)
    return TEMPORARY if code == TIMED_OUT and (outage is not None or last_polls_failed) else code


def _outcome_code(error: Exception | None) -> int:
    """Of a project that is not rendered, whatever the reason; but an alert about the key or the network is another."""
    code = SUCCESS if error is None else exit_code_of(error)
    return code if code in {KEY_REFUSED, TEMPORARY, TIMED_OUT} else NOT_RENDERED
