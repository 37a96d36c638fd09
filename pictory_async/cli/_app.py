"""The group of all commands. It loads only the command that is run, and prints each error as one sentence."""

from __future__ import annotations

import difflib
import importlib
from typing import Any, Final

import click

from pictory_async import __version__
from pictory_async.cli._again import note_words
from pictory_async.cli._exit_codes import FAILURE, INTERRUPTED, SUCCESS, final_error, ungrouped
from pictory_async.cli._failure_at_end import check_written
from pictory_async.cli._help import HelpContext, command_epilog, group_epilog
from pictory_async.cli._library_warnings import library_warnings
from pictory_async.cli._night import end
from pictory_async.cli._options import group_options
from pictory_async.cli._signals import signals_as_ctrl_c
from pictory_async.cli._store import find_state
from pictory_async.cli._streams import lost_output, standard_streams
from pictory_async.cli._usage import ShownUsageError, belongs_after

__all__ = ["pictory"]

# The module of each command in the package `commands`, and its name in the module.
_COMMANDS: Final = {
    "projects": "projects:list_command",
    "project": "projects:show_command",
    "render": "render:command",
    "wait": "wait:command",
    "sync": "sync:command",
    "runs": "runs:command",
    "resume": "resume:command",
    "download": "download:command",
    "compare": "compare:command",
    "report": "report:command",
    "share": "share:command",
    "open": "open:command",
    "delete": "delete:command",
    "templates": "templates:list_command",
    "template": "templates:show_command",
    "variables": "variables:command",
    "structure": "structure:command",
    "diff": "diff:command",
    "check": "check:command",
    "backup": "backup:command",
    "drift": "drift:command",
    "jobs": "jobs:list_command",
    "job": "jobs:show_command",
    "make": "make:command",
    "upload": "upload:command",
    "transcribe": "transcribe:command",
    "image": "image:command",
    "images": "lists:images",
    "voices": "lists:voices",
    "brands": "lists:brands",
    "styles": "lists:styles",
    "layouts": "lists:layouts",
    "avatars": "lists:avatars",
    "music": "lists:music",
    "stock": "lists:stock",
    "connections": "lists:connections",
    "auth": "auth:command",
    "quota": "quota:command",
    "credits": "lists:credits_command",
    "doctor": "doctor:command",
    "demo": "demo:command",
    "simulate": "simulate:command",
    "completion": "completion:command",
}
_CLICKS: Final = (click.ClickException, click.Abort, BrokenPipeError)
_SECTIONS: Final = {
    "projects": "Projects",
    "templates": "Templates",
    "jobs": "Jobs",
    "make": "Videos",
    "upload": "Media",
    "voices": "For videos",
    "auth": "Account",
    "demo": "Without an account",
}


def _load(cmd_name: str) -> click.Command:
    module, _, name = _COMMANDS[cmd_name].partition(":")
    with signals_as_ctrl_c() as signals, signals.noting():
        command: click.Command = getattr(importlib.import_module(f"pictory_async.cli.commands.{module}"), name)
    command.epilog = command_epilog(cmd_name)
    command.context_class = HelpContext
    return command


class Commands(click.Group):
    """Commands whose modules are imported on first use."""

    context_class = HelpContext

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> click.Context:
        """Read the options before the name of the command, and say where one belongs that stands at another place."""
        words = [*args]
        try:
            return super().make_context(info_name, args, *more, **extra)
        except click.NoSuchOption as error:
            raise ShownUsageError.of(belongs_after(error, self, words)) from None
        except click.UsageError as error:
            raise ShownUsageError.of(error) from None

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return all names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Import one command."""
        return _load(cmd_name) if cmd_name in _COMMANDS else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the name of the command."""
        note_words(ctx, self, args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command to run; a signal that came during its import ends it here."""
        _check_name(ctx, args[0])
        name, command, words = found = super().resolve_command(ctx, args)
        if name is not None and command is not None:
            note_words(ctx, command, words)
        with signals_as_ctrl_c() as signals:
            signals.check()
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """List the commands by subject."""
        rows: dict[str, list[tuple[str, str]]] = {}
        section = ""
        for name in _COMMANDS:
            section = _SECTIONS.get(name, section)
            rows.setdefault(section, []).append((name, _load(name).get_short_help_str(limit=60)))
        for title, some in rows.items():
            with formatter.section(title):
                formatter.write_dl(some, col_max=max(map(len, _COMMANDS)))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the environment and the exit codes mean, as wide as the terminal."""
        self.epilog = group_epilog()
        super().format_epilog(ctx, formatter)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command as a program, with standard streams that can always be written to."""
        with standard_streams(), signals_as_ctrl_c() as signals, signals.noting():
            return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and turn every error into one sentence and an exit code."""
        try:
            with library_warnings(), signals_as_ctrl_c() as signals, signals.calling(None):
                signals.check()
                find_state()  # relative to the directory in which the command was started
                try:
                    super().invoke(ctx)
                finally:
                    check_written(ctx)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a traceback is only printed with --debug
            ending = _ending(error, debug=ctx.params["debug"])
        else:
            ending = click.exceptions.Exit(SUCCESS)
        raise _reported(ending)


def _check_name(ctx: click.Context, name: str) -> None:
    """Refuse a command that is easily mistyped, and name the one that is meant.

    Raises:
        click.UsageError: There is no such command, but one that is called much the same.
    """
    near = [] if name in _COMMANDS else difflib.get_close_matches(name.casefold(), _COMMANDS, n=1)
    if near and not ctx.resilient_parsing:  # that is how a shell completes words
        raise click.UsageError(f"No such command {name!r}. Did you mean {near[0]!r}?", ctx)


def _reported(ending: Exception) -> Exception:
    """Report the end of a command to whom its options name, and return what click has to be told."""
    code = getattr(ending, "exit_code", FAILURE)
    message = ending.format_message() if isinstance(ending, click.ClickException) else None
    ended = end(code, message)
    if ended != code:
        return click.exceptions.Exit(ended)
    return ShownUsageError.of(ending) if isinstance(ending, click.UsageError) else ending


def _ending(error: Exception | KeyboardInterrupt, *, debug: bool) -> Exception:
    """Return what click has to be told about the end of a command."""
    if isinstance(error, KeyboardInterrupt):
        return click.exceptions.Exit(INTERRUPTED)
    if isinstance(error, click.exceptions.Exit):
        return error if error.exit_code != SUCCESS else lost_output() or error
    first = ungrouped(error)
    # Of a broken pipe, click says nothing.
    return first if isinstance(first, _CLICKS) else final_error(error, debug=debug)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pictory", message="%(prog)s %(version)s")
@group_options
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def pictory(*, debug: bool) -> None:
    """Render Pictory projects, wait for them, download them, and show projects, templates and jobs.

    Try it without an account: pictory demo
    """
    del debug  # used by Commands.invoke
