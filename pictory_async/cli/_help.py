"""What the help says about exit codes and the environment: made from the one table of exit codes."""

from __future__ import annotations

import textwrap
from typing import Final

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

__all__ = ["ENVIRONMENT", "command_epilog", "exit_code_rows", "group_epilog"]

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

_WIDTH: Final = 76
_COMPLETION: Final = """\
\b
Completion, for bash (zsh and fish work the same way):
  pictory completion bash >> ~/.bashrc
"""

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
    return "\n".join([environment, _block("Exit codes:", exit_code_rows()), _COMPLETION])


def command_epilog(name: str) -> str | None:
    """Return the end of the help of one command; ``None`` if it sends no requests."""
    if name in _LOCAL:
        return None
    own = _OF_COMMANDS.get(name, {SUCCESS: "done", FAILURE: "one could not be fetched"})
    meanings = {code: EXIT_CODES[code] for code in _OF_REQUESTS} | own
    return _block("Exit codes:", [(str(code), meanings[code]) for code in sorted(meanings)])


def _block(title: str, rows: list[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    lines = [_row(name, text, width) for name, text in rows]
    return "\n".join(["\b", title, *lines, ""])


def _row(name: str, text: str, width: int) -> str:
    indent = f"  {name:<{width}}  "
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent))
