"""The help: how it is laid out, and what it says about exit codes and the environment, from the one table of codes."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Final

import click

from pictory_async.cli._exit_codes import (
    CHANGED,
    EXIT_CODES,
    FAILURE,
    INTERRUPTED,
    KEY_REFUSED,
    LOCKED,
    NO_DISK,
    NOT_RENDERED,
    SUCCESS,
    TEMPORARY,
    TIMED_OUT,
    UNCERTAIN,
    USAGE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ENVIRONMENT", "HelpContext", "command_epilog", "exit_code_rows", "group_epilog", "help_width"]

ENVIRONMENT: Final = {
    "PICTORY_API_KEY": "the API key; environment only: arguments are visible to other users",
    "PICTORY_API_KEY_FILE": "a file with the API key, instead",
    "PICTORY_API_BASE_URL": "the address of the API, if it is not Pictory's",
    "PICTORY_RATE": "the request budget, as --rate",
    "PICTORY_BUDGET": "who shares it, as --budget",
    "PICTORY_PROFILE": "the profile, as --profile",
    "PICTORY_CONFIG_FILE": "the file with the profiles, if it is not ~/.config/pictory/config.toml",
    "PICTORY_STATE_DIR": "where to keep what commands remember, if not in ~/.local/state/pictory",
}
"""The variables that the command reads, and what they are for."""

_WIDEST: Final = 78
_NARROW: Final = 24  # characters for the text beside a term: with fewer, it stands below
_INDENT: Final = 2
_COMPLETION: Final = "Completion, for bash (zsh and fish work the same way):"
_COMPLETED: Final = "  pictory completion bash >> ~/.bashrc"

_WAITED: Final = "--max-wait or --stalled is over, and nothing else failed"
_OF_PAID_JOBS: Final = {
    SUCCESS: "it is made",
    FAILURE: "it was rejected, or a file could not be uploaded",
    NOT_RENDERED: "the job failed or was cleaned up",
    TIMED_OUT: _WAITED,
    UNCERTAIN: "the response was lost, so the job may or may not have been started",
}

# What some codes mean for one command, in its own words. The others mean the same for all commands.
_OF_COMMANDS: Final[dict[str, dict[int, str]]] = {
    "wait": {
        SUCCESS: "all are rendered (and downloaded)",
        FAILURE: "a file could not be downloaded",
        NOT_RENDERED: "some are not rendered, or with --fresh outdated",
        TIMED_OUT: _WAITED,
    },
    "render": {
        SUCCESS: "all were started (with --wait: and are rendered)",
        FAILURE: "one was rejected",
        NOT_RENDERED: "with --wait: some are not rendered",
        TIMED_OUT: "--max left some out; with --wait: --max-wait or --stalled is over; and nothing else failed",
        UNCERTAIN: "a response was lost, so a render may or may not have been started",
        LOCKED: "another command, or somebody else, is rendering a project",
    },
    "resume": {
        SUCCESS: "all are rendered (and downloaded)",
        FAILURE: "a file could not be downloaded",
        NOT_RENDERED: "some are not rendered",
        TIMED_OUT: _WAITED,
    },
    "download": {
        SUCCESS: "everything was downloaded",
        FAILURE: "a file or a project could not be downloaded",
        NOT_RENDERED: "a project has no video, or with --fresh an outdated one",
    },
    "sync": {
        SUCCESS: "the directory is up to date, or there is nothing to do",
        FAILURE: "a project or a file could not be fetched",
        NOT_RENDERED: "some are not rendered",
        TIMED_OUT: "--max-wait or --stalled is over, or --max left some out, and nothing else failed",
        UNCERTAIN: "a response was lost, so a render may or may not have been started",
    },
    "share": {
        SUCCESS: "all links are printed",
        FAILURE: "a project has no page or could not be fetched",
        NOT_RENDERED: "with --wait: one is not rendered; with --fresh: one is outdated",
        TIMED_OUT: f"with --wait: {_WAITED}",
    },
    "check": {
        SUCCESS: "no template has an error (warnings are not errors)",
        FAILURE: "a template could not be fetched",
        NOT_RENDERED: "a template has an error",
    },
    "backup": {
        SUCCESS: "all are written (or whole)",
        FAILURE: "a template or a file could not be fetched",
        NOT_RENDERED: "with --verify: a backup is damaged",
    },
    "drift": {
        SUCCESS: "nothing has changed",
        FAILURE: "a template could not be fetched",
        CHANGED: "something has changed",
    },
    "job": {
        SUCCESS: "all were found (with --wait: and are completed)",
        FAILURE: "one could not be fetched",
        NOT_RENDERED: "with --wait: one failed or was cleaned up",
        TIMED_OUT: f"with --wait: {_WAITED}",
    },
    "make": {
        SUCCESS: "all are made (and downloaded)",
        FAILURE: "one was rejected, or a file could not be downloaded",
        NOT_RENDERED: "some are not made",
        TIMED_OUT: "--max-wait or --stalled is over, or a limit left some out, and nothing else failed",
        UNCERTAIN: "a response was lost, so a video may or may not have been started",
    },
    "upload": {SUCCESS: "all were uploaded", FAILURE: "one could not be uploaded"},
    "transcribe": _OF_PAID_JOBS,
    "image": _OF_PAID_JOBS,
    "auth": {SUCCESS: "the API accepts the key", FAILURE: "the API does not say whether it does"},
    "doctor": {SUCCESS: "everything is well", FAILURE: "the clock or a certificate is wrong"},
    "open": {SUCCESS: "the page is open, or its address is printed", NOT_RENDERED: "the project has no page"},
}
_LOCAL: Final = frozenset({"runs", "demo", "simulate", "completion"})
_OF_REQUESTS: Final = (USAGE, NO_DISK, TEMPORARY, KEY_REFUSED, INTERRUPTED)


def exit_code_rows() -> list[tuple[str, str]]:
    """Return each exit code and what it means, the lowest number first."""
    return [(str(code), EXIT_CODES[code]) for code in sorted(EXIT_CODES)]


def group_epilog() -> str:
    """Return the end of the help of `pictory`."""
    environment = _block("Environment:", [*ENVIRONMENT.items()])
    return "\n".join([environment, _block("Exit codes:", exit_code_rows()), _completion()])


def command_epilog(name: str) -> str | None:
    """Return the end of the help of one command; ``None`` if it sends no requests."""
    if name in _LOCAL:
        return None
    own = _OF_COMMANDS.get(name, {SUCCESS: "done", FAILURE: "one could not be fetched"})
    meanings = {code: EXIT_CODES[code] for code in _OF_REQUESTS} | own
    return _block("Exit codes:", [(str(code), meanings[code]) for code in sorted(meanings)])


def _completion() -> str:
    return "\n".join(["\b", _filled(_COMPLETION, help_width() - _INDENT, ""), _COMPLETED, ""])


def _block(title: str, rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    lines = [_row(name, text, width) for name, text in rows]
    return "\n".join(["\b", title, *lines, ""])


def _row(name: str, text: str, width: int) -> str:
    room = help_width() - _INDENT
    first = f"  {name:<{width}}  "
    rest = " " * len(first)
    if room - len(first) < _NARROW:
        first, rest = f"  {name}\n      ", " " * 6
        return first + _filled(text, room, rest).lstrip()
    return _filled(text, room, rest, first)


def _filled(text: str, width: int, rest: str, first: str | None = None) -> str:
    """Wrap a text between words, and only there: options and addresses stay whole."""
    return textwrap.fill(
        text,
        width,
        initial_indent=rest if first is None else first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def help_width() -> int:
    """Return how many characters a line of the help may have."""
    return max(_NARROW, min(shutil.get_terminal_size().columns - _INDENT, _WIDEST))


class _Formatter(click.HelpFormatter):
    """Lays the help out: on a narrow terminal too, where texts stand below their terms."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms with their texts."""
        rows = [*rows]
        first = min(max(len(term) for term, _ in rows), col_max) + col_spacing
        if self.width - self.current_indent - first >= _NARROW:
            super().write_dl(rows, col_max, col_spacing)
            return
        for term, text in rows:
            self.write(f"{'':>{self.current_indent}}{term}\n")
            self.write(_filled(text, self.width, " " * (self.current_indent + 4)) + "\n")


class HelpContext(click.Context):
    """Where a command runs. Its help is as wide as the terminal, and no wider than is pleasant to read."""

    formatter_class = _Formatter

    def make_formatter(self) -> click.HelpFormatter:
        """Make what lays the help out."""
        return self.formatter_class(width=help_width())
