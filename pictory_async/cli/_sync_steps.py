"""The commands of `--exec` of a sync: each runs until it has ended well once, in whichever run."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, cast

import attrs

from pictory_async import Ledger
from pictory_async.cli._night import night
from pictory_async.cli._store import Store
from pictory_async.cli.display.text import echo_note, echo_summary

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from pictory_async import ProjectId

__all__ = ["SyncSteps"]


@attrs.define
class SyncSteps:
    """Remembers in the ledger for which projects the command of `--exec` is still to be run. Without one, nothing.

    Attributes:
        directory: Where the files go.
    """

    directory: Path
    _ledger: Ledger | None = attrs.field(default=None, init=False)
    _store: Store = attrs.field(factory=Store, init=False)  # made here: the ledger is used in threads

    async def begin(self, ledger: Ledger) -> None:
        """Find the commands that did not end well in an earlier run, before the plan is made.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        runner = night().runner
        if runner is None:
            return
        self._ledger = ledger
        runner.on_success = self._done
        runner.again = await self._store.take_up_steps(ledger, self.directory)
        count = len(runner.again)
        if count:
            what = f"{count} project{'' if count == 1 else 's'}"
            echo_summary(f"The command of --exec did not end well for {what} before, and runs again.", good=True)

    async def enter(self, projects: Iterable[ProjectId], run: str = "") -> None:
        """Enter the projects that something is done about, before it is done.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        if self._ledger is not None:
            await self._store.enter_steps(self._ledger, self.directory, [*map(str, projects)], run)

    async def settle(self, project_id: str) -> None:
        """Take in that a project has its result. If no command was started for it, none is due.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        runner = night().runner
        if runner is not None and project_id not in runner.left | runner.again:
            await self._done(project_id)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Let commands run during a block: they end before the run does."""
        runner = night().runner
        async with contextlib.nullcontext() if runner is None else runner.running():
            yield

    def echo(self) -> None:
        """Print for how many projects the command is left to do."""
        runner = night().runner
        count = 0 if runner is None else len(runner.left)
        if count:
            what = f"{count} project{'' if count == 1 else 's'}"
            echo_note(f"Left: the command of --exec for {what}. Run the same command again: it runs it again.")

    async def _done(self, project_id: str) -> None:
        await self._store.end_step(cast("Ledger", self._ledger), self.directory, project_id)
