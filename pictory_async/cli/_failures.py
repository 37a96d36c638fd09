"""The failures of several projects: equal ones are reported once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pictory_async.cli._exit_codes import SUCCESS, CommandError, command_error, worst_code
from pictory_async.cli._results import without_id
from pictory_async.cli.display.text import echo_note

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["report_failures"]

_SHOWN: Final = 3


def report_failures(
    failed: Mapping[str, Exception], harmless: tuple[type[Exception], ...] = (), noun: str = "project"
) -> int:
    """Print each reason once on standard error, with the projects that it is about, and return the exit code.

    Args:
        failed: The errors, by the ids of the projects.
        harmless: Errors that are printed, and do not change the exit code.
        noun: What they are about.
    """
    debug = click.get_current_context().find_root().params["debug"]
    groups: dict[tuple[int, str], dict[str, CommandError]] = {}
    code = SUCCESS
    for project_id, error in failed.items():
        shown = command_error(error, debug=debug)
        groups.setdefault((shown.exit_code, without_id(shown.message, project_id)), {})[project_id] = shown
        code = worst_code(code, SUCCESS if isinstance(error, harmless) else shown.exit_code)
    for (_, text), group in groups.items():
        if len(group) == 1:
            (shown,) = group.values()
            echo_note(f"Error: {shown.message}")
        else:
            more = "" if len(group) <= _SHOWN else f" and {len(group) - _SHOWN} more"
            echo_note(f"Error: {text} ({len(group)} {noun}s: {', '.join([*group][:_SHOWN])}{more})")
    return code
