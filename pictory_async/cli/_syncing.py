"""A sync of the command: its plan, its progress and its end."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import attrs
from rich.console import Group
from rich.text import Text

from pictory_async import ProjectId, RateLimiter, RenderResult, ResultStatus, SyncPlan
from pictory_async.cli._exit_codes import (
    INTERRUPTED,
    SUCCESS,
    TIMED_OUT,
    batch_code,
    command_error,
    is_of_disk,
    timed_out_code,
    worst_code,
)
from pictory_async.cli._failures import report_failures
from pictory_async.cli._filing import Filing
from pictory_async.cli._night import night, paid_text
from pictory_async.cli._progress import telling
from pictory_async.cli._stalled import failing_when_stalled, stalled_error, stopping_when_stalled
from pictory_async.cli._store import Store
from pictory_async.cli._streams import surviving
from pictory_async.cli._sync_steps import SyncSteps
from pictory_async.cli._synced import SyncRow, planned_rows
from pictory_async.cli._tables import Sheet
from pictory_async.cli._wording import counts_text
from pictory_async.cli._work_bars import BatchBars
from pictory_async.cli.display.bars import Bar, BarGrid
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import as_duration, can_ask, echo_note, echo_summary, one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pictory_async import AsyncPictory, ProjectSync

__all__ = ["Syncing"]


@attrs.define(kw_only=True)
class Syncing:
    """Carries out a sync, and reports it.

    Attributes:
        directory: Where the files go.
        options: Keyword arguments of ``client.projects.sync``.
        limiter: The request budget.
        sheet: Where the results go.
        filing: How files are called.
        most: The highest number of renders that are requested without a question; ``None`` for no limit.
        plan: What there is to do; ``None`` if it is not known yet.
        counts: How many projects ended, by status; without those that were left out.
    """

    directory: Path
    options: Mapping[str, Any]
    limiter: RateLimiter
    sheet: Sheet[SyncRow]
    filing: Filing
    most: int | None
    plan: SyncPlan | None = attrs.field(default=None, init=False)
    counts: Counter[str] = attrs.field(factory=Counter[str], init=False)
    _began: float = attrs.field(default=0.0, init=False)
    _seconds: float = attrs.field(default=0.0, init=False)
    _requests: int = attrs.field(default=0, init=False)
    _paid: tuple[int, int] = attrs.field(default=(0, 0), init=False)
    _run: str | None = attrs.field(default=None, init=False)
    _done: set[str] = attrs.field(factory=set[str], init=False)
    _left: set[str] = attrs.field(factory=set[str], init=False)
    _left_out: list[RenderResult] = attrs.field(factory=list[RenderResult], init=False)
    _failed: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)
    _steps: SyncSteps = attrs.field(init=False)
    _fetched: tuple[int, int] = attrs.field(default=(0, 0), init=False)
    _old: frozenset[ProjectId] = attrs.field(default=frozenset(), init=False)

    def __attrs_post_init__(self) -> None:
        self._steps = SyncSteps(directory=self.directory)

    @property
    def billed(self) -> int:
        """How many renders are going to be requested."""
        return 0 if self.plan is None else len(self.plan.to_render)

    @property
    def asks(self) -> bool:
        """Whether somebody has to be asked before so many renders are requested."""
        return self.most is not None and self.billed > self.most

    @property
    def _planned(self) -> list[ProjectId]:
        """What something is done about, what is left out, and what is not in step though nothing is done about it."""
        plan = self.plan
        if plan is None:
            return []
        settled = [*plan.given_up, *plan.not_started, *plan.failed]
        return [*plan.to_render, *plan.left_out, *plan.to_wait, *plan.to_download, *settled]

    @property
    def _total(self) -> int:
        return len(self._planned) - len(self._left_out)

    @property
    def _pending(self) -> list[ProjectId]:
        known = {*self._done, *(str(one.project_id) for one in self._left_out)}
        return [one for one in self._planned if str(one) not in known]

    def _name(self, project_id: ProjectId) -> str | None:
        return None if self.plan is None else self.plan.names.get(project_id)

    async def run(self, client: AsyncPictory, *, dry_run: bool = False) -> None:
        """Make the plan, and carry it out unless somebody has to be asked, or it is only to be shown."""
        self._began = anyio.current_time()
        ledger = Store().ledger()
        try:
            if not dry_run:
                await self._steps.begin(ledger)
            sync = client.projects.sync(self.directory, ledger=ledger, on_progress=self._note, **self.options)
            seen = lambda: (self._fetched, client.statistics().http.received)  # noqa: E731 - a callback
            async with telling(self._planning, lambda: 0), failing_when_stalled(seen):
                self._take_plan(await sync.plan())
            await self._go_on(client, sync, dry_run=dry_run)
        finally:
            ledger.close()
            self._measure(client)

    def _take_plan(self, plan: SyncPlan) -> None:
        self.plan, self._old = plan, frozenset(plan.unknown)

    async def _go_on(self, client: AsyncPictory, sync: ProjectSync, *, dry_run: bool) -> None:
        if self.asks:
            return
        self.filing.note_missing(map(str, self._planned))
        if self.options.get("name") is not None and self.plan is not None and not self.plan.states:
            echo_note(f"No project matches {self.options['name']!r}.")
        else:
            is_done = self.plan is not None and not (self._planned or self.plan.unknown)
            echo_summary(f"Plan: {self.plan}.{' Everything is up to date.' if is_done else ''}", good=True)
            if self._old and not self._planned and not dry_run:
                echo_note("What may be outdated: --dry-run names it, and --render unknown renders it.")
        if self._planned and not dry_run:
            await self._carry_out(client, sync)

    def _planning(self) -> str:
        done, total = self._fetched
        text = f"{done} of {total} projects fetched" if total else "reading the list of projects"
        if self.most is None or can_ask():
            return text
        return f"{text} (without a terminal, more than {self.most} renders need --yes)"

    def _note(self, done: int, total: int) -> None:
        self._fetched = (done, total)

    def _measure(self, client: AsyncPictory) -> None:
        self._seconds = anyio.current_time() - self._began
        self._requests = client.statistics().transport.requests

    async def _carry_out(self, client: AsyncPictory, sync: ProjectSync) -> None:
        work = BatchBars(self._name)

        def line() -> str:
            self._measure(client)
            return f"{as_duration(self._seconds)}: {self._counted(sync)}"

        def frame(height: int) -> RenderableType:
            title = Text(one_line(f"Syncing {self.directory}"), style="bold", no_wrap=True, overflow="ellipsis")
            overall = Bar(
                "projects", len(self._done), max(1, self._total), as_duration(anyio.current_time() - self._began)
            )
            bars = BarGrid([overall, *work.bars(sync.progress)[: max(1, height - 4)]])
            return Group(title, Text(self._counted(sync), no_wrap=True, overflow="ellipsis"), bars)

        def share() -> float:
            return len(self._done) / max(1, self._total)

        live = self.sheet.to_file or not self.sheet.streams
        moved = lambda: (len(self._done), sync.progress)  # noqa: E731 - a callback
        try:
            await self._steps.enter(self._planned)
            async with live_display(frame, line, live=live, share=share), sync, self._steps.running():
                self._run = sync.run
                await self._steps.enter(self._planned, sync.run)
                async with stopping_when_stalled(moved) as stalled:
                    await self._take_all(sync)
                self._give_up(stalled=stalled())
        finally:
            # After its block, in which a request in flight is still completed.
            self._paid = night().paid, night().perhaps_paid = sync.paid, sync.perhaps_paid

    async def _take_all(self, sync: ProjectSync) -> None:
        async for result in sync:
            self._take(result)
            await self._steps.settle(str(result.project_id))
            if is_of_disk(result.error):
                return  # it is the same for everything else: what is requested is found again next time

    def _take(self, result: RenderResult) -> None:
        if result.status is ResultStatus.LEFT_OUT:
            self._left_out.append(result)  # they come first, and are printed last
            return
        project_id, row = str(result.project_id), self._row(result)
        self._done.add(project_id)
        self.counts[row.status] += 1
        if row.is_resumed:
            self._left.add(project_id)
        if result.error is not None:
            self._failed[project_id] = result.error
        self._show(result, row)

    def _row(self, result: RenderResult) -> SyncRow:
        one = result.project_id
        return SyncRow.of(result, self._name(one), may_be_old=one in self._old)

    def _show(self, result: RenderResult, row: SyncRow) -> None:
        with surviving():
            if self.sheet.is_json:
                self.sheet.document({**result.to_dict(), "status": row.status, "error": row.reason})
            else:
                self.sheet.add(row)
        night().result(result, row.status, row.path)

    def _give_up(self, *, stalled: bool) -> None:
        """End what is pending as timed out, if nothing changes any more."""
        for one in self._pending if stalled else ():
            error = stalled_error(one, self._seconds)
            self._take(RenderResult(project_id=one, status=ResultStatus.TIMED_OUT, error=error))

    def _counted(self, sync: ProjectSync) -> str:
        progress = sync.progress
        rendering, downloading = len(progress.rendering), len({file.project_id for file in progress.downloading})
        return f"{len(self._done - self._left)} of {self._total} done, {rendering} rendering, {downloading} downloading"

    def report(self, *, interrupted: bool) -> int:
        """Print what is not printed yet, and return the exit code.

        Args:
            interrupted: Whether a signal ended the sync.
        """
        rest = self._print_rest(interrupted=interrupted)
        code = timed_out_code(report_failures(self._failed), [*self._failed.values()])
        code = batch_code(code, [*self._failed.values(), *[None] * (len(self._done) - len(self._failed))])
        self._echo_end(rest, "Interrupted: " if interrupted else "")
        return INTERRUPTED if interrupted else worst_code(code, TIMED_OUT if self._left_out else SUCCESS)

    @contextlib.contextmanager
    def reporting_stop(self) -> Generator[None]:
        """Print what is not printed yet, if an error ends the block. Its own sentence follows."""
        try:
            yield
        except Exception as error:
            with surviving():
                rest = self._print_rest(interrupted=False, error=command_error(error, debug=False).message)
            if self.plan is not None:
                self._echo_end(rest, "Stopped: ")
            raise

    def _print_rest(self, *, interrupted: bool, error: str | None = None) -> int:
        """Print a row for each project without a result, and the summary; return how many are left to be resumed."""
        rest = self._pending
        order = {one: number for number, one in enumerate(self._planned)}
        self._left_out.sort(key=lambda result: order[result.project_id])
        for result in self._left_out:
            self._show(result, self._row(result))
        for one in rest:
            night().pending(one)
            row = SyncRow.pending(one, self._name(one))
            if self.sheet.is_json:
                self.sheet.document({"project_id": one, "status": row.status, "error": row.reason})
            else:
                self.sheet.add(row)
        if self.sheet.is_json:
            self.sheet.document({"summary": self._summary(interrupted=interrupted, error=error)})
        self.sheet.show()
        return len(rest) + len(self._left)

    def _echo_end(self, left: int, ended: str) -> None:
        """Print what was done, and what was not, for people."""
        total = self._total
        if self.plan is None:
            echo_note("Interrupted while the plan was made. Nothing was requested.")
        elif total:
            echo_summary(
                f"{ended}{len(self._done - self._left)} of {total} done ({counts_text(self.counts)}) in "
                f"{as_duration(self._seconds)}, {paid_text(*self._paid)}, "
                f"{self._requests} request{'' if self._requests == 1 else 's'}.",
                good=not (ended or self._failed),
            )
        if self._left_out:
            count, most = len(self._left_out), self.options["max_renders"]
            what = f"{count} render{'' if count == 1 else 's'}, because of the limit of {most}"
            echo_note(f"Left out: {what}. Run the same command again: it continues with them.")
        if left:
            text = "Run the same command again: it resumes them, and nothing is paid for twice."
            echo_note(f"Left: {left} of {total} project{'' if total == 1 else 's'}. {text}")
        self._steps.echo()

    def show_plan(self) -> None:
        """Print what would be done."""
        plan = SyncPlan(states={}, to_render=(), to_wait=(), to_download=()) if self.plan is None else self.plan
        if self.sheet.is_json:
            self.sheet.document({"plan": plan.to_dict()})
            return
        for row in planned_rows(plan):
            self.sheet.add(row)
        self.sheet.show()

    def _summary(self, *, interrupted: bool, error: str | None) -> dict[str, Any]:
        plan = None if self.plan is None else {**self.plan.to_dict(), "text": str(self.plan)}
        if plan is not None:
            del plan["states"]  # one for each project of the account: too much for a log
        return {
            "plan": plan,
            "outcomes": dict(self.counts),
            "left_out": [one.project_id for one in self._left_out],
            "paid": self._paid[0],
            "perhaps_paid": self._paid[1],
            "requests": self._requests,
            "seconds": round(self._seconds, 3),
            "run": self._run,
            "interrupted": interrupted,
            "error": error,
        }
