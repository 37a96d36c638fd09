"""The command that waits for what is not finished: the last thing that a wait prints."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import RenderHandle, RenderStatus
from pictory_async.cli._again import echo_again
from pictory_async.cli._store import PendingItem, Store
from pictory_async.cli.display.text import echo_note, err_is_terminal
from pictory_async.errors import LedgerError

if TYPE_CHECKING:
    from pictory_async.cli._tally import Tally

__all__ = ["NextWait", "echo_next_render"]

_MOST: Final = 10  # ids in a command that somebody copies


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
        left = f"No final result yet: {len(self.unfinished)} of {self.total} {kind}{'' if self.total == 1 else 's'}."
        source = ["--handle", self.file] if self.file is not None else ["--resume", self.name]
        if self.file is None and self.name is None:
            source = ["--handle", "handles.jsonl"]
            echo_note(f"{left} To wait again, save the lines below as handles.jsonl and run the command after them:")
            with contextlib.suppress(OSError):
                click.echo("\n".join(self._lines()), err=True)
        else:
            echo_note(f"{left} Wait again with:")
        echo_again("wait", *map(str, source))

    def _lines(self) -> list[str]:
        handles = [one if isinstance(one, RenderHandle) else one.as_handle() for one in self.unfinished]
        return [handle.to_json() for handle in handles]


def echo_next_render(tally: Tally) -> None:
    """Print on a terminal the command that renders what failed or was not started; nothing if there is none."""
    left = [one for one in tally.ordered() if one.status in {RenderStatus.FAILED, RenderStatus.NOT_STARTED}]
    if not (left and len(left) <= _MOST and err_is_terminal()):
        return
    requested = {str(one.project_id) for one in tally.wanted if isinstance(one, RenderHandle)}
    states = {one.status for one in left if str(one.project_id) in requested}
    retries = {RenderStatus.FAILED: "--retry-failed", RenderStatus.NOT_STARTED: "--retry-unstarted"}
    echo_note("To render what has no video, which is billed:")
    ids = dict.fromkeys(str(one.project_id) for one in left)
    options = [option for status, option in retries.items() if status in states]
    echo_again("render", *ids, "--wait", *options)
