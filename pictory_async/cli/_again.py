"""The command that continues the work of the running one: called by the same name, with the options it was given."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import click

from pictory_async.cli._options import without_password
from pictory_async.cli.display.text import echo_command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["NOT_AGAIN", "echo_again", "note_words", "program"]

_WORDS: Final = "pictory.words"

NOT_AGAIN: Final = frozenset(
    {
        "max_wait",  # it was too short
        "after",  # it is kept with each project
        *("report", "title", "logo"),  # they are about one wait
        *("wait", "waits", "job_id", "retry_failed", "retry_unstarted"),  # the command that is printed has it
        *("yes", "most"),  # what is billed is asked about again, and its number is another one
        # What to work on: the command that is printed names what is left of it.
        *("handles", "resume", "last", "ids_from", "take_all", "name_pattern", "states", "saved_since"),
    }
)
"""The options that the next command must not have. It has all others that it knows."""


def note_words(ctx: click.Context, command: click.Command, words: Sequence[str]) -> None:
    """Remember the words that a command is given, before they are read."""
    ctx.meta.setdefault(_WORDS, []).append((command, [*words]))


def program() -> list[str]:
    """Return how this program is called, as words: by its path, unless the shell finds the same one by its name."""
    started = Path(sys.argv[0])
    found = shutil.which("pictory")
    if started.parts[-2:] == ("pictory_async", "__main__.py") and found is None:
        return [sys.executable, "-m", "pictory_async"]
    is_other = found is None or not started.exists() or not started.samefile(found)
    return [str(started)] if started.name == "pictory" and is_other else ["pictory"]


def echo_again(name: str, *words: str) -> None:
    """Print on standard error the command that continues the work, with the options of the running command.

    Args:
        name: The name of the command.
        words: What it works on, and its own options.
    """
    echo_command([*program(), name, *words, *_options_again(name)])


def _options_again(name: str) -> list[str]:
    """Return the options that were given to the running command, as words, as far as another command knows them.

    Args:
        name: The name of the other command.
    """
    ctx = click.get_current_context()
    root = ctx.find_root()
    command = root.command.get_command(root, name) if isinstance(root.command, click.Group) else None
    options = [] if command is None else [one for one in command.params if isinstance(one, click.Option)]
    known = {one.name: one.opts[0] for one in options if one.name not in NOT_AGAIN}
    found: dict[str, list[str]] = {}
    for given, words in cast("list[tuple[click.Command, list[str]]]", ctx.meta.get(_WORDS, [])):
        values, _, _ = given.make_parser(root if given is root.command else ctx).parse_args([*words])
        for option in given.params:
            shown = known.get(option.name)
            if shown in option.opts and option.name in values:  # the later one counts
                found[shown] = [*_printed(shown, values[option.name])]
    return [word for words in found.values() for word in words]


def _printed(shown: str, value: object) -> Iterator[str]:
    for one in cast("list[object]", value) if isinstance(value, list) else [value]:
        yield shown
        if isinstance(one, str):  # a flag has no value
            yield without_password(one) if shown == "--proxy" else one
