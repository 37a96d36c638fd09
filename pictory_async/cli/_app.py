"""The group of all commands: loads only the one that is asked for, and turns errors into sentences."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from pictory_async import __version__
from pictory_async.cli._exit_codes import INTERRUPTED, complaint_of

__all__ = ["pictory"]

# The module of each command below `commands`, and its name there.
_COMMANDS: Final = {
    "projects": "projects:list_command",
    "project": "projects:show_command",
    "render": "render:command",
    "wait": "wait:command",
    "download": "download:command",
    "compare": "compare:command",
    "report": "report:command",
    "share": "share:command",
    "templates": "templates:list_command",
    "template": "templates:show_command",
    "variables": "variables:command",
    "structure": "structure:command",
    "diff": "diff:command",
    "check": "check:command",
    "backup": "backup:command",
    "jobs": "jobs:list_command",
    "job": "jobs:show_command",
    "demo": "demo:command",
    "simulate": "simulate:command",
    "completion": "completion:command",
}
_SECTIONS: Final = {"projects": "Projects", "templates": "Templates", "jobs": "Jobs", "demo": "Without an account"}

_EPILOG: Final = """\
\b
Environment:
  PICTORY_API_KEY       the API key; it is never an argument, because others could read it there
  PICTORY_API_BASE_URL  where the API is, if not at Pictory
\b
Exit codes:
  0    done; after a wait: all are rendered or completed
  1    it failed, or something could not be had; for 'demo': an outcome differs from the truth
  2    wrong usage, a missing key or a setting that cannot work
  3    after a wait: some are not rendered or completed; for 'check': a template has an error;
       for 'backup --verify': a backup is not whole
  4    after a wait: the time is spent, and nothing worse
  5    for 'render': an answer was lost, so that a render may have been started or not
  130  stopped with Ctrl-C, SIGTERM or SIGHUP
\b
Completion, for bash (zsh and fish alike):
  pictory completion bash >> ~/.bashrc
"""


class Commands(click.Group):
    """Commands whose modules are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """All names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"pictory_async.cli.commands.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what they are about."""
        rows: dict[str, list[tuple[str, str]]] = {}
        section = ""
        for name in _COMMANDS:
            section = _SECTIONS.get(name, section)
            command = self.get_command(ctx, name)
            if command is not None:
                rows.setdefault(section, []).append((name, command.get_short_help_str(limit=60)))
        for title, some in rows.items():
            with formatter.section(title):
                formatter.write_dl(some, col_max=max(map(len, _COMMANDS)))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever it raises becomes one sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - nobody is to read a traceback unasked
            raise complaint_of(error, debug=ctx.params["debug"]) from None


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pictory", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def pictory(*, debug: bool) -> None:
    """Render Pictory projects, wait for them, download them, and look at projects, templates and jobs.

    'pictory demo' shows it at work without an account.
    """
    del debug  # read by Commands.invoke
