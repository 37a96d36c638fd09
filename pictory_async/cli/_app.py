"""The group of all commands: loads only the one that is asked for, and turns errors into sentences."""

from __future__ import annotations

import importlib
from typing import Any, Final

import click

from pictory_async import __version__
from pictory_async.cli._exits import INTERRUPTED, complaint_of

__all__ = ["pictory"]

# Each module has its command under the name `command`.
_COMMANDS: Final = {
    "demo": "_demo",
    "wait": "_wait",
    "project": "_project",
    "template": "_template",
    "simulate": "_simulate",
    "completion": "_completion",
}

_EPILOG: Final = """\
\b
Environment:
  PICTORY_API_KEY       the API key; it is never an argument, because others could read it there
  PICTORY_API_BASE_URL  where the API is, if not at Pictory
\b
Exit codes:
  0    done; for 'wait': all are rendered
  1    it failed; for 'demo': an outcome differs from the truth
  2    wrong usage, a missing key or a setting that cannot work
  3    for 'wait': some are not rendered
  4    for 'wait': the time is spent, and nothing worse
  130  stopped with Ctrl-C
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
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(f"pictory_async.cli.{module}").command
        return command

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
    """Wait for renders of Pictory projects, and look at projects and templates.

    'pictory demo' shows it at work without an account.
    """
    del debug  # read by Commands.invoke
