"""The renders of a command: a plan, each requested exactly once, and what is known of them at the end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Any, Final

import attrs
import click
from anyio import to_thread

from pictory_async import RenderHandle, RenderResult, RenderStatus, ResultStatus
from pictory_async.cli._exit_codes import LOCKED, CommandError, DeclinedError, SettingError
from pictory_async.cli._night import night
from pictory_async.cli._results import ResultRow
from pictory_async.cli._signals import signals_as_ctrl_c
from pictory_async.cli._store import Store
from pictory_async.cli._tally import key_of
from pictory_async.cli._waiting import Wait
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import can_ask, echo_note, echo_summary
from pictory_async.errors import APIError, LedgerError, RenderSubmitUncertainError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async import AsyncPictory, RenderBatch

__all__ = ["ASKS_ABOVE", "BusyError", "Keeper", "Renders", "agree", "confirm", "minutes_left"]

ASKS_ABOVE: Final = 5
"""How many renders are requested without a question."""

_REQUESTED: Final = frozenset({ResultStatus.STARTED, ResultStatus.UNCERTAIN})
_NOT_RENDERED: Final = {
    ResultStatus.UNCHANGED: "Not rendered, because the video shows the newest version (--force renders it again): ",
    ResultStatus.LEFT_OUT: "Left out, because of --max: ",
}


class BusyError(CommandError):
    """Somebody else is rendering it."""

    exit_code = LOCKED


@attrs.define(kw_only=True)
class Renders:
    """Requests renders, each exactly once.

    Attributes:
        ids: The projects.
        keeper: Tells each handle at once.
        options: Keyword arguments of ``client.projects.render_all``.
        results: What became of each project, by its id.
        handles: The renders that were started, or may have been.
        failed: Why a render was not started, or may not have been, by project id.
        doubtful: Why it is not known whether a render was started, after a wait that did not see it, by project id.
        wait: The wait for the renders; ``None`` if there is none.
    """

    ids: Sequence[str]
    keeper: Keeper
    options: dict[str, Any]
    results: dict[str, RenderResult] = attrs.field(factory=dict[str, "RenderResult"], init=False)
    handles: list[RenderHandle] = attrs.field(factory=list[RenderHandle], init=False)
    failed: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)
    doubtful: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)
    wait: Wait | None = attrs.field(default=None, init=False)
    run: str | None = attrs.field(default=None, init=False)

    async def start(self, client: AsyncPictory, then: Callable[[], Awaitable[None]]) -> None:
        """Request all renders. If this is cancelled, a request in flight is still completed, within some seconds.

        Args:
            client: The client.
            then: Called when all are requested, as a part of the same run.
        """
        with contextlib.closing(Store().ledger()) as ledger:
            batch = client.projects.render_all(self.ids, ledger=ledger, wait=False, **self.options)
            try:
                async with batch:
                    self.run = self.keeper.name = batch.run
                    await self._take_all(batch)
                    await then()
            finally:
                night().paid, night().perhaps_paid = batch.paid, batch.perhaps_paid

    async def _take_all(self, batch: RenderBatch) -> None:
        async for result in batch:
            await self._take(result)

    async def _take(self, result: RenderResult) -> None:
        project_id = str(result.project_id)
        self.results[project_id] = result
        if result.error is not None:
            self.failed[project_id] = result.error
        elif result.status is ResultStatus.BUSY:
            what = "It is being rendered, or another command is at it. Nothing was requested"
            self.failed[project_id] = BusyError(f"Project {project_id!r} is busy: {what}.")
        if result.status in _REQUESTED and result.handle is not None:
            self.handles.append(result.handle)
            await to_thread.run_sync(self.keeper.tell, result.handle)

    async def find_out(self, client: AsyncPictory) -> None:
        """Find out what became of requests whose responses were lost, and whose renders the wait did not see."""
        outcomes = {} if self.wait is None else self.wait.tally.outcomes
        unseen = [
            str(handle.project_id)
            for handle in self.handles
            if handle.job_id is None
            and (outcome := outcomes.get(key_of(handle))) is not None
            and outcome.status is RenderStatus.NOT_STARTED
        ]
        if not unseen:
            return
        with contextlib.closing(Store().ledger()) as ledger:
            terms: dict[str, Any] = {"batch": self.options.get("batch"), "wait": False, "start_grace": 0.0}
            async with client.projects.render_all(unseen, ledger=ledger, max_renders=0, **terms) as batch:
                async for result in batch:
                    if result.status is ResultStatus.UNCERTAIN and result.error is not None:
                        self.doubtful[str(result.project_id)] = result.error

    def complete(self) -> None:
        """Take in what the ledger knows of requests whose results did not come, because the command was interrupted."""
        if self.run is None:
            return
        with contextlib.suppress(LedgerError):
            for handle in Store().requested(self.run):
                project_id = str(handle.project_id)
                if project_id in self.results or handle in self.handles:
                    continue
                self.handles.append(handle)
                with contextlib.suppress(OSError):
                    self.keeper.tell(handle)
                if handle.job_id is None:
                    text = f"It is not known whether the render of project {project_id!r} was started: "
                    cause = "The command was interrupted before the response arrived."
                    self.failed[project_id] = RenderSubmitUncertainError(text + cause, handle=handle, cause=cause)

    @property
    def unstarted(self) -> int:
        """How many renders were not started because something failed; what need not be rendered is none of them."""
        return len({*self.failed} - {str(handle.project_id) for handle in self.handles})

    @property
    def left_out(self) -> bool:
        """Whether something was not requested because of ``--max``."""
        return any(result.status is ResultStatus.LEFT_OUT for result in self.results.values())

    def errors(self) -> list[dict[str, Any]]:
        """The projects without a handle, and why, in the order of the ids.

        Those whose renders may have been started are among them, with their handles, unless a wait finds it out.
        """
        handles = {str(handle.project_id): handle for handle in self.handles}
        found: list[dict[str, Any]] = []
        for one in self.ids:
            error = self.failed.get(one)
            if one in handles and (error is None or self.wait is not None):
                continue
            result = self.results.get(one)
            text = "No request was sent." if error is None else in_command_words(str(error))
            status = {} if result is None else {"status": result.status.value}
            handle = {"handle": json.loads(handles[one].to_json())} if one in handles else {}
            needs = {} if result is not None and result.ok else {"error": text}
            found.append({"project_id": one, **status, **needs, **handle})
        return found

    @property
    def names(self) -> dict[str, str]:
        """What the projects are called, as far as it is known."""
        projects = {one: result.project for one, result in self.results.items()}
        return {one: project.name for one, project in projects.items() if project is not None and project.name}

    def rows(self) -> list[ResultRow]:
        """Return a row for each project that is not waited for."""
        names = self.names
        return [
            ResultRow(
                project_id=error["project_id"],
                status=error.get("status", "error"),
                name=names.get(error["project_id"]),
                detail=error.get("error"),
            )
            for error in self.errors()
        ]

    def echo_rest(self, *, interrupted: bool) -> None:
        """Print on standard error what was not requested, and why not.

        Args:
            interrupted: Whether a signal ended it, so that what is not known was not reached.
        """
        for status, text in _NOT_RENDERED.items():
            some = [one for one in self.ids if one in self.results and self.results[one].status is status]
            if some:
                echo_summary(text + " ".join(some), good=status is ResultStatus.UNCHANGED)
        again = [one for one, result in self.results.items() if result.ok and result.handle and not result.paid]
        if again:
            echo_summary(f"Requested before, and not again: {' '.join(again)}", good=True)
        known = {*self.results, *(str(handle.project_id) for handle in self.handles)}
        rest = [one for one in self.ids if one not in known]
        if rest:
            echo_note(f"Not {'reached, so not ' if interrupted else ''}requested: {' '.join(rest)}")


@attrs.define(kw_only=True)
class Keeper:
    """Tells each handle at once, so that it can be waited for whatever happens to this process.

    Attributes:
        out: A file of the user's for the handles.
        prints: Whether each handle is printed.
        name: The run in the ledger that has all handles; ``None`` if there is none yet.
        written: The handles that were printed, or written to the file.
    """

    out: IO[str] | None
    prints: bool
    name: str | None = attrs.field(default=None, init=False)
    written: list[RenderHandle] = attrs.field(factory=list[RenderHandle], init=False)

    def tell(self, handle: RenderHandle) -> None:
        """Print or write one more handle.

        Raises:
            OSError: It could not be written to the user's file, or not be printed.
        """
        text, prints = handle.to_json(), self.prints
        try:
            if self.out is not None:
                self.out.write(f"{text}\n")
                self.out.flush()
        except OSError:
            prints = True  # the render is billed: its handle must not be lost
            raise
        finally:
            if prints:
                click.echo(text)
        self.written.append(handle)


async def minutes_left(client: AsyncPictory) -> list[float]:
    """Return how many minutes of video the account may still render; nothing if the API does not tell."""
    try:
        minutes = (await client.account.quota()).video_minutes
    except APIError:
        return []
    return [] if minutes is None or minutes.left is None else [minutes.left]


def confirm(billed: int, plan: str) -> None:
    """Show what is going to be paid for; if it is more than `ASKS_ABOVE`, ask whether it is to be.

    Raises:
        DeclinedError: It is not.
        KeyboardInterrupt: Ctrl-C was pressed instead of an answer, or an equivalent signal came.
        SettingError: There is no terminal to ask on.
    """
    asks = billed > ASKS_ABOVE
    if asks and not can_ask():
        raise SettingError(
            f"{billed} projects may be rendered, each of which is billed, and there is no terminal to ask on. Add "
            f"--yes to render them, --max {ASKS_ABOVE} to render no more than that, or --dry-run to see the plan."
        )
    if asks:
        agree(billed, plan)
    else:
        echo_summary(_shown(billed, plan), good=True)


def _shown(billed: int, plan: str) -> str:
    return f"Plan: {plan}. {billed} render{' is' if billed == 1 else 's are'} billed."


def agree(billed: int, plan: str) -> None:
    """Show what is going to be paid for, and ask whether it is to be, on the terminal that there is.

    Raises:
        DeclinedError: It is not.
        KeyboardInterrupt: Ctrl-C was pressed instead of an answer, or an equivalent signal came.
    """
    echo_note(_shown(billed, plan))
    # Not with click's prompts: they take Ctrl-C for a "no", and write a space to standard output.
    try:
        with signals_as_ctrl_c() as signals:
            agreed = signals.ask("Go on? [y/N]: ").lower() in {"y", "yes"}
    except KeyboardInterrupt:
        click.echo(err=True)
        echo_note("Interrupted: nothing was requested.")
        raise
    if not agreed:
        echo_note("Nothing was requested.")
        raise DeclinedError
