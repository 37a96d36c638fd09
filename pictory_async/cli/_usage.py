"""Wrong usage of the command: one sentence that says what to do instead, as wide as the terminal."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from pictory_async.cli.display.text import echo_note

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ShownUsageError", "belongs_after"]


class ShownUsageError(click.UsageError):
    """Wrong usage, whose sentence is wrapped between words, as all sentences of the command are."""

    @classmethod
    def of(cls, error: click.UsageError) -> click.UsageError:
        """Return an error of click's as one of ours. What is no sentence, but the help, stays as it is."""
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            return error
        text = _no_such_option(error) if isinstance(error, click.NoSuchOption) else error.format_message()
        return cls(text, error.ctx)

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002 - click's interface
        """Print how the command is used, where there is more help, and the sentence."""
        if self.ctx is not None:  # pragma: no branch - click notes where each error came up
            click.echo(self.ctx.get_usage(), err=True)
            click.echo(f"Try '{self.ctx.command_path} --help' for help.\n", err=True)
        echo_note(f"Error: {self.format_message()}")


def _no_such_option(error: click.NoSuchOption) -> str:
    """Say it in the same words with each version of click, and name what may be meant, the nearest first."""
    *others, last = map(repr, error.possibilities or [""])
    near = f"{', '.join(others)} or {last}" if others else last
    meant = f" Did you mean {near}?" if error.possibilities else ""
    return f"No such option {error.option_name!r}.{meant}"


def belongs_after(error: click.NoSuchOption, group: click.Group, words: Sequence[str]) -> click.UsageError:
    """Return an error that says where an option belongs, if it stands before the command that has it.

    Args:
        error: There is no such option.
        group: The group of all commands.
        words: What was typed.
    """
    ctx, name = error.ctx, error.option_name
    for word in words:
        command = None if ctx is None else group.get_command(ctx, word)
        if command is not None and any(name in option.opts for option in command.params):
            return click.UsageError(f"{name} belongs after the command: pictory {word} ... {name} ...", ctx)
    return error
