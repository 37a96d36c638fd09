"""The command that waits for what is not finished: the last thing that a wait prints."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import click
from click.core import ParameterSource

from pictory_async import RenderHandle
from pictory_async.cli._given import all_given
from pictory_async.cli._options import without_password
from pictory_async.cli._store import PendingItem, Store
from pictory_async.cli.display.text import echo_command, echo_note
from pictory_async.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NextWait", "options_again"]


def _seconds(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


# The options that the next wait needs as well. `--max-wait` is not among them: it was too short. Nor is `--after`,
# which is kept with each project.
_KEPT_OPTIONS: Final[dict[str, Callable[[Any], str]]] = {
    "directory": str,
    "interval": lambda seconds: f"{_seconds(seconds)}s",
    "start_grace": lambda seconds: f"{_seconds(seconds)}s",
}
# The same of the options that all commands share, which can stand before the command's name too.
_KEPT_SHARED: Final[dict[str, Callable[[Any], str]]] = {
    "rate": lambda rate: f"{rate.requests}/{_seconds(rate.per)}",
    "base_url": str,
    "proxy": without_password,
    "profile": str,
    "key_command": str,
}


@attrs.frozen
class NextWait:
    """What is not finished, and the command that waits for it.

    A handle tells the new video from the old one; the project's id does not. So handles, and ids with their dates, are
    kept for the next wait. If they cannot be kept, they are printed.

    Attributes:
        unfinished: What to wait for.
        total: How many there were in all.
        file: A file with all the handles, if there is nothing else to wait for.
        name: The name under which everything is kept; ``None`` if it is not.
    """

    unfinished: Sequence[PendingItem]
    total: int
    file: str | None = None
    name: str | None = None

    @classmethod
    def keep(
        cls, unfinished: Sequence[PendingItem], total: int, *, file: str | None = None, name: str | None = None
    ) -> NextWait:
        """Keep what is not finished, unless a file names it.

        Args:
            unfinished: What to wait for.
            total: How many there were in all.
            file: A file with all the handles, if there is nothing else to wait for.
            name: The name under which everything was kept already. What was removed meanwhile is kept again.
        """
        kept = None
        if unfinished and file is None:
            with contextlib.suppress(LedgerError):
                kept = Store().keep(unfinished, name)
        return cls(unfinished, total, file, kept)

    def to_dict(self) -> dict[str, Any]:
        """Return the name, and what is not finished as handles: ``pictory wait --handle`` takes them as lines."""
        return {"resume": self.name, "unfinished": [json.loads(line) for line in self._lines()]}

    def echo(self) -> None:
        """Print on standard error the command that waits for what is not finished. Prints nothing if everything is."""
        if not self.unfinished:
            return
        kind = "render" if all(isinstance(one, RenderHandle) for one in self.unfinished) else "project"
        left = f"Left: {len(self.unfinished)} of {self.total} {kind}{'' if self.total == 1 else 's'}."
        source = ["--handle", self.file] if self.file is not None else ["--resume", self.name]
        if self.file is None and self.name is None:
            source = ["--handle", "handles.jsonl"]
            echo_note(f"{left} To wait again, save the lines below as handles.jsonl and run the command after them:")
            with contextlib.suppress(OSError):
                click.echo("\n".join(self._lines()), err=True)
        else:
            echo_note(f"{left} Wait again with:")
        echo_command(["pictory", "wait", *map(str, source), *options_again()])

    def _lines(self) -> list[str]:
        handles = [one if isinstance(one, RenderHandle) else one.as_handle() for one in self.unfinished]
        return [handle.to_json() for handle in handles]


def options_again() -> list[str]:
    """Return the options of the running command that the same command needs next time, as words."""
    ctx = click.get_current_context()
    found: list[str] = []
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in _KEPT_OPTIONS and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            found += [parameter.opts[0], _KEPT_OPTIONS[name](ctx.params.get(name))]
    shared = {name: value for name, value in all_given().items() if name in _KEPT_SHARED and value}
    for name, value in shared.items():
        found += [f"--{name.replace('_', '-')}", _KEPT_SHARED[name](value)]
    return found
