"""What is known of the age of the videos that a command hands out, and the option that refuses old ones."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs
import click

from pictory_async import Ledger
from pictory_async.cli._again import echo_again
from pictory_async.cli._store import Store, outdated_error
from pictory_async.cli.display.text import echo_note, err_is_terminal, one_line
from pictory_async.errors import LedgerError, OutdatedVideoError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pictory_async import AsyncPictory, Project, ProjectId, RenderHandle, RenderOutcome

__all__ = ["AGES", "Ages", "fresh_option"]

_SHOWN: Final = 10
AGES: Final = {True: "yes", False: "no", None: "unknown"}
"""Whether a video is outdated, for a cell."""


@attrs.define(kw_only=True)
class Ages:
    """What is known of the age of the videos that a command hands out.

    If the ledger of this machine cannot be used, only the dates of a project tell.

    Attributes:
        fresh: Whether videos are refused that are not known to be the newest.
        store: The ledger of this machine.
        known: Whether each video is outdated, by the id of its project.
        refused: The errors about those that are refused, by the id of their projects.
    """

    fresh: bool = False
    store: Store = attrs.field(factory=Store)
    known: dict[str, bool | None] = attrs.field(factory=dict[str, "bool | None"], init=False)
    refused: dict[str, OutdatedVideoError] = attrs.field(factory=dict[str, "OutdatedVideoError"], init=False)
    _doubtful: set[str] = attrs.field(factory=set[str], init=False)
    _ledger: Ledger | None = attrs.field(default=None, init=False)
    _broken: bool = attrs.field(default=False, init=False)

    async def ledger(self) -> Ledger | None:
        """Return the ledger of this machine; ``None`` if it cannot be used, which is said once."""
        if self._ledger is None and not self._broken:
            ledger = self.store.ledger()
            try:
                await ledger.use(lambda _: None)
            except LedgerError as error:
                self._broken = True
                echo_note(f"Warning: What earlier commands saw is not known. {error}")
            else:
                self._ledger = ledger
        return self._ledger

    async def see(
        self,
        client: AsyncPictory,
        project: Project,
        outcome: RenderOutcome | None = None,
        handle: RenderHandle | None = None,
    ) -> OutdatedVideoError | None:
        """Take in a project that is handed out, and return the error if its video is refused.

        Args:
            client: The client that fetched it.
            project: The project.
            outcome: How the wait for it ended.
            handle: The render that was waited for.
        """
        ledger = await self.ledger()
        is_outdated = await self._find_out(ledger, client.base_url, project, outcome, handle)
        one = str(project.id)
        self.known[one] = is_outdated
        if is_outdated is False or not project.video_url:
            return None
        if self.fresh:
            return self.refused.setdefault(one, outdated_error(project, is_outdated))
        if is_outdated is None and project.saved_at is not None and project.generated_at is not None:
            self._doubtful.add(one)
        return None

    async def _find_out(
        self,
        ledger: Ledger | None,
        base_url: str,
        project: Project,
        outcome: RenderOutcome | None,
        handle: RenderHandle | None,
    ) -> bool | None:
        is_outdated = project.is_outdated
        if ledger is not None:
            with contextlib.suppress(LedgerError):  # pragma: no branch - the disk fills up meanwhile
                is_outdated = await self.store.see(ledger, base_url, project, outcome, handle)
        return is_outdated

    def close(self) -> None:
        """Close the ledger."""
        if self._ledger is not None:
            self._ledger.close()

    def doubt(self, project_id: ProjectId | None) -> Literal["outdated", "perhaps_outdated"] | None:
        """Return whether a video that is handed out is outdated, or may be; ``None`` if neither is known."""
        one = str(project_id)
        if one in self.refused:
            return None
        return "outdated" if self.known.get(one) else "perhaps_outdated" if one in self._doubtful else None

    def echo(self) -> None:
        """Say on standard error which videos are outdated, or may be: once, at the end, with the render command."""
        outdated = [one for one in self.known if self.doubt(one) == "outdated"]
        doubtful = [one for one in self.known if self.doubt(one) == "perhaps_outdated"]
        if outdated:
            what = _named(outdated, "is outdated: the project was saved", "are outdated: the projects were saved")
            echo_note(f"Warning: {what} since. Render again to have the changes.")
        if doubtful:
            what = _named(doubtful, "may be older than its last save", "may be older than their last saves")
            echo_note(f"Warning: {what}. Render again to be sure.")
        ids = sorted([*outdated, *doubtful])  # they were seen in any order
        if ids and len(ids) <= _SHOWN and err_is_terminal():
            echo_note("To render again, which is billed:")
            echo_again("render", *ids, "--wait")


def _named(ids: Sequence[str], one: str, several: str) -> str:
    if len(ids) == 1:
        return f"The video of project {one_line(ids[0])!r} {one}"
    more = len(ids) - _SHOWN
    # A terminal shows the command with the ids, unless there are very many.
    some = [] if more <= 0 and err_is_terminal() else sorted(ids)[:_SHOWN]
    shown = f" ({', '.join(map(one_line, some))}{f' and {more} more' if more > 0 else ''})" if some else ""
    return f"The videos of {len(ids)} projects {several}{shown}"


def fresh_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--fresh``, as an argument ``ages``."""

    @functools.wraps(command)
    def with_ages(*arguments: Any, fresh: bool, **options: Any) -> Any:
        ages = Ages(fresh=fresh)
        click.get_current_context().call_on_close(ages.close)
        return command(*arguments, ages=ages, **options)

    text = "Refuse a video that is outdated, or not known to show the project as it was last saved."
    return click.option("--fresh", is_flag=True, help=text)(with_ages)
