"""The wait that `pictory wait` and `pictory render --wait` share, and its report."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

import anyio
import attrs

from pictory_async import Project, ProjectId, RateLimiter, RenderHandle, RenderStatus
from pictory_async.cli._ages import Ages
from pictory_async.cli._bar_names import BarNames
from pictory_async.cli._downloads import Downloads
from pictory_async.cli._exit_codes import INTERRUPTED, exit_code_of, outcomes_code, worst_code
from pictory_async.cli._follow import Follower
from pictory_async.cli._next_wait import echo_next_render
from pictory_async.cli._night import night
from pictory_async.cli._page_options import WaitPage
from pictory_async.cli._results import RESULTS, ResultRow, echo_results
from pictory_async.cli._store import PendingId, PendingItem, Store
from pictory_async.cli._tables import Sheet, open_sheet
from pictory_async.cli._tally import Tally, key_of, project_of
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import (
    as_duration,
    as_text,
    counted,
    echo_note,
    echo_summary,
    out_is_terminal,
    quiet_if_gone,
)
from pictory_async.errors import OutdatedVideoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pictory_async import AsyncPictory, RenderOutcome, RenderPoller, VideoHandle
    from pictory_async.cli._downloads import ProjectDownload

__all__ = ["Wait", "open_results", "path_of"]

# A handle stands for a render that is billed: only these two statuses tell its result.
_FINAL: Final = frozenset({RenderStatus.RENDERED, RenderStatus.FAILED})
# An id stands for a project as it is. Waiting again for a missing or never rendered project changes nothing.
_UNFINISHED: Final = frozenset({RenderStatus.TIMED_OUT, RenderStatus.REFUSED, RenderStatus.ERROR})
_SHOWN: Final = 3
_NAMED: Final = 100  # projects: what was seen of each is read again
_NOT_DONE: Final = "Not done, because the command was interrupted."
_JUST_BEFORE: Final = timedelta.resolution
_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)  # nothing is before the first date of all


@attrs.define(kw_only=True)
class Wait:
    """A wait for renders, and its report.

    Attributes:
        tally: The results so far.
        after: For projects that are waited for by their ids: only a newer video counts.
        limiter: The request budget.
        settings: Keyword arguments of ``client.projects.watch``.
        sheet: Where the results go.
        downloads: Downloads the files of what is rendered; ``None`` to download nothing.
        ages: What is known of the age of the videos.
        page: The web page about the wait; ``None`` for none.
        names: Finds the names of what has bars; those that are known already can be put in.
    """

    tally: Tally
    after: dict[str, datetime]
    limiter: RateLimiter
    settings: dict[str, Any]
    sheet: Sheet[ResultRow]
    downloads: Downloads | None = None
    ages: Ages = attrs.field(factory=Ages)
    page: WaitPage | None = None
    names: BarNames = attrs.field(factory=BarNames)
    _rendering_since: dict[str, float] = attrs.field(factory=dict[str, float], init=False)
    # The errors about videos that are refused for their age, and what has a row, by `key_of`.
    _refused: dict[str, OutdatedVideoError] = attrs.field(factory=dict[str, OutdatedVideoError], init=False)
    _rows: set[str] = attrs.field(factory=set[str], init=False)
    # JSON documents by `key_of`, until those before them are printed too.
    _documents: dict[str, dict[str, Any]] = attrs.field(factory=dict[str, dict[str, Any]], init=False)
    _printed: int = attrs.field(default=0, init=False)

    @classmethod
    def of(
        cls,
        items: Sequence[PendingItem],
        limiter: RateLimiter,
        settings: dict[str, Any],
        *,
        as_json: bool,
        downloads: Downloads | None = None,
        ages: Ages | None = None,
        sheet: Sheet[ResultRow] | None = None,
        page: WaitPage | None = None,
    ) -> Wait:
        """Make a wait for projects or handles, each once, and open its sheet.

        Args:
            items: What to wait for.
            limiter: The request budget.
            settings: Keyword arguments of ``client.projects.watch``.
            as_json: Whether ``--json`` was given.
            downloads: Downloads the files of what is rendered; ``None`` to download nothing.
            ages: Refuses old videos on request; ``None`` to refuse none.
            sheet: Where the results go, if it is open already.
            page: The web page about the wait; ``None`` for none.
        """
        wanted: dict[str, ProjectId | RenderHandle] = {}
        after: dict[str, datetime] = {}
        for item in items:
            one = item if isinstance(item, RenderHandle) else item.project_id
            if wanted.setdefault(key_of(one), one) is one and isinstance(item, PendingId) and item.after is not None:
                after[str(one)] = item.after
        tally = Tally([*wanted.values()])
        sheet = sheet or open_results(as_json=as_json)
        wait = cls(tally=tally, after=after, limiter=limiter, settings=settings, sheet=sheet, page=page)
        wait.downloads, wait.ages = downloads, ages or wait.ages
        return wait

    @property
    def unfinished(self) -> list[PendingItem]:
        """What to wait for again, in the order in which it was given."""
        return [self._kept(one) for one in self.tally.wanted if not self._is_finished(one)]

    def _is_finished(self, one: ProjectId | RenderHandle) -> bool:
        outcome = self.tally.outcomes.get(key_of(one))
        runner = night().runner
        if outcome is None or (runner is not None and str(project_of(one)) in runner.left):
            return False
        return outcome.status in _FINAL if isinstance(one, RenderHandle) else outcome.status not in _UNFINISHED

    def _kept(self, one: ProjectId | RenderHandle) -> PendingItem:
        if isinstance(one, RenderHandle):
            return one
        after, outcome = self.after.get(str(one)), self.tally.outcomes.get(key_of(one))
        # If it is rendered, only its command of --exec is left, so that its video counts again.
        if after is None and outcome is not None and not outcome.ok and outcome.project is not None:
            after = outcome.project.generated_at
        return PendingId(one, after)

    def _ended(self, one: ProjectId | RenderHandle) -> PendingItem:
        if isinstance(one, RenderHandle):
            return one
        project = self.tally.outcomes[key_of(one)].project
        if project is None or not project.is_rendered or project.generated_at is None:
            return PendingId(one, self.after.get(str(one)))
        # The video ends every wait for one that is newer than a date before its own.
        return PendingId(one, max(project.generated_at, _EARLIEST) - _JUST_BEFORE)

    def _name_pending(self, watch: RenderPoller) -> None:
        """Take in the names of what is pending, as far as polls showed them, unless they are too many."""
        names = self.names.known
        pending = [one for one in self.tally.wanted if key_of(one) not in self.tally.outcomes]
        for one in pending if len(pending) <= _NAMED else ():
            seen = watch.snapshot(one)
            if isinstance(seen, Project) and seen.name:
                names[str(project_of(one))] = seen.name

    @property
    def repeats_downloads(self) -> bool:
        """Whether waiting for everything again would download files a second time."""
        return self.downloads is not None and any(outcome.ok for outcome in self.tally.outcomes.values())

    @property
    def lists(self) -> bool:
        """Whether the results are printed as a list for people, at the end."""
        return _lists(self.sheet)

    async def run(self, client: AsyncPictory) -> None:
        """Wait to the end."""
        began, total, downloads = anyio.current_time(), self.tally.total, self.downloads
        # Lines with tabs tell what happens: an outcome, and then a download. Other formats have one row for both.
        by_step = self.sheet.format == "tsv"

        def on_outcome(outcome: RenderOutcome) -> None:
            if not outcome.ok:
                night().outcome(outcome, last=downloads is None)
                self._add(outcome)

        async def finish(client: AsyncPictory, outcome: RenderOutcome) -> None:
            if not outcome.ok:
                return
            refusal = await self._look_at_age(client, outcome)
            night().outcome(outcome, last=downloads is None, refusal=refusal)
            if refusal is not None or downloads is None or by_step:
                self._add(outcome)
            if refusal is not None or downloads is None:
                return
            result = await downloads.download(client, cast("Project", outcome.project))
            if by_step:
                self.sheet.add(ResultRow.of_download(result, anyio.current_time() - began))
            else:
                self._add(outcome, result)

        follower = Follower(
            title=f"Waiting for {total} {'project' if total == 1 else 'projects'}",
            tally=self.tally,
            limiter=self.limiter,
            on_outcome=on_outcome,
            after_outcome=finish,
            downloading=list if downloads is None else downloads.bars,
            live=self.lists or self.sheet.to_file or not self.sheet.streams,
            rendering_since=None if self.page is None else self._rendering_since,
            names=self.names,
        )
        async with client.projects.watch(self.tally.wanted, after=self.after, **self.settings) as watch:
            try:
                await follower.follow(client, watch)
            finally:
                self._keep_dates(watch.handles())
                self._name_pending(watch)

    async def _look_at_age(self, client: AsyncPictory, outcome: RenderOutcome) -> OutdatedVideoError | None:
        """Take in the age of a video, and return the error if it is refused."""
        key = key_of(outcome)
        handle = next((one for one in self.tally.wanted if isinstance(one, RenderHandle) and key_of(one) == key), None)
        refusal = await self.ages.see(client, cast("Project", outcome.project), outcome, handle)
        if refusal is not None:
            self._refused[key] = refusal
        return refusal

    def _add(self, outcome: RenderOutcome, download: ProjectDownload | None = None) -> None:
        """Add a complete result."""
        self._rows.add(key_of(outcome))
        if self.sheet.is_json:
            more = {} if download is None else {"download": _download_dict(download)}
            self._documents[key_of(outcome)] = {**self._document(outcome), **more}
            self._print_documents()
        elif not self.lists:
            self.sheet.add(self._row(outcome, download))

    def _row(self, outcome: RenderOutcome, download: ProjectDownload | None = None) -> ResultRow:
        refusal = self._refused.get(key_of(outcome))
        if refusal is not None:
            return ResultRow.of_refused(outcome, refusal)
        return ResultRow.of(outcome, download, is_outdated=self.ages.known.get(str(outcome.project_id)))

    def _document(self, outcome: RenderOutcome) -> dict[str, Any]:
        found = {**outcome.to_dict(), "is_outdated": self.ages.known.get(str(outcome.project_id))}
        refusal = self._refused.get(key_of(outcome))
        if refusal is None:
            return found
        error = in_command_words(str(refusal))
        return {**found, "status": "outdated", "video_url": None, "share_url": None, "error": error}

    def _print_documents(self) -> None:
        while self._printed < self.tally.total:
            document = self._documents.pop(key_of(self.tally.wanted[self._printed]), None)
            if document is None:
                break
            self._printed += 1
            self.sheet.document(document)

    def _keep_dates(self, pending: Sequence[RenderHandle | VideoHandle]) -> None:
        """Remember the old videos of what is pending: they must not count next time either."""
        for handle in pending:
            if isinstance(handle, RenderHandle) and handle.job_id is None and handle.generated_before is not None:
                self.after.setdefault(str(handle.project_id), handle.generated_before)

    def report(self, *, interrupted: bool, **more: Any) -> int:
        """Print the results, and return the exit code.

        Args:
            interrupted: Whether a signal ended the wait.
            more: Further keys of the summary, in JSON.

        Raises:
            OSError: Standard output cannot be written to. What goes to standard error is printed all the same.
        """
        ended = [self._ended(one) for one in self.tally.wanted if self._is_finished(one)]
        outcomes = self.tally.outcomes
        handles = [one for one in self.tally.wanted if isinstance(one, RenderHandle) and self._is_finished(one)]
        Store().done(ended, [(one, outcomes[key_of(one)]) for one in handles])
        try:
            # After Ctrl-C, the reader of a pipe is often gone too.
            with quiet_if_gone("stdout") if interrupted else contextlib.nullcontext():
                self._print_results(interrupted=interrupted, **more)
        finally:
            if not self.sheet.is_json:
                self._print_summary(interrupted=interrupted)
            if self.page is not None:
                self._write_page(self.page)
        if interrupted:
            return INTERRUPTED
        downloads = [] if self.downloads is None else self.downloads.done
        failed = [exit_code_of(one.error) for one in downloads if one.error is not None]
        failed += map(exit_code_of, self._refused.values())
        return worst_code(outcomes_code(self.tally.ordered(), self.tally.outage), *failed)

    def _write_page(self, page: WaitPage) -> None:
        """Write the page about the wait; after a signal, about what has ended."""
        ended = self.tally.ordered()
        anyio.run(lambda: page.write(ended, self._rendering_since, self.ages.known))
        echo_summary(f"Written: {as_text(page.path)}", good=True)

    def _print_results(self, *, interrupted: bool, **more: Any) -> None:
        if self.sheet.is_json:
            for one in self.tally.wanted[self._printed :]:
                self.sheet.document(self._documents.get(key_of(one)) or self._rest(one))
            self.sheet.document({"summary": {**self.tally.summary(), **more, "interrupted": interrupted}})
        elif self.lists:
            done = [] if self.downloads is None else self.downloads.done
            echo_results(self.tally, done, self._refused, ages=self.ages, names=self.names.known)
        else:
            self._add_rest(pending=self.sheet.format != "tsv")
            self.sheet.close()

    def _rest(self, one: ProjectId | RenderHandle) -> dict[str, Any]:
        """Return the document of a project whose result is not complete, because the wait was interrupted."""
        outcome = self.tally.outcomes.get(key_of(one))
        if outcome is None or (self.ages.fresh and self.downloads is None):
            return {"project_id": project_of(one), "status": "pending", "error": _NOT_DONE}
        more: dict[str, Any] = {} if self.downloads is None else {"download": {"files": [], "error": _NOT_DONE}}
        return {**self._document(outcome), **more}

    def _add_rest(self, *, pending: bool) -> None:
        """Add a row for each project that has none, because the wait was interrupted.

        Args:
            pending: Whether those without an outcome have a row too.
        """
        for one in self.tally.wanted:
            outcome = self.tally.outcomes.get(key_of(one))
            if key_of(one) in self._rows:
                continue
            if outcome is not None and not self.ages.fresh:
                self.sheet.add(self._row(outcome))
            elif pending:
                self.sheet.add(ResultRow.of_pending(project_of(one), self.names.known.get(str(project_of(one)))))

    def _print_summary(self, *, interrupted: bool) -> None:
        tally = self.tally
        if tally.pending and not out_is_terminal():
            more = len(tally.pending) - _SHOWN
            shown = ", ".join(map(str, tally.pending[:_SHOWN]))
            echo_note(f"Still pending: {shown}{f' and {more} more' if more > 0 else ''}")
        good = not interrupted and tally.counts.get("rendered", 0) == tally.total and not self._refused
        ended = tally.ended_text(f"{len(self._refused)} refused" if self._refused else "")
        echo_summary(
            f"{'Interrupted: ' if interrupted else ''}{ended} in {as_duration(tally.seconds)}{tally.timed_out_text}, "
            f"{counted(tally.requests, 'request')}{_detection_delay(tally)}.",
            good=good,
        )
        if self.downloads is not None and self.downloads.summary:
            echo_summary(f"{self.downloads.summary}.", good=good and not self.downloads.failed)
        self.ages.echo()
        echo_next_render(tally)


def open_results(*, as_json: bool) -> Sheet[ResultRow]:
    """Open the sheet of a wait. If people read the results, they are no table."""
    sheet = open_sheet(RESULTS, as_json=as_json)
    if _lists(sheet):
        sheet.leave()
    return sheet


def _lists(sheet: Sheet[ResultRow]) -> bool:
    return sheet.is_default and out_is_terminal() and not sheet.is_json


def path_of(lines: IO[Any] | None) -> str | None:
    """Return the path of an open file that can be opened again; ``None`` for standard input and pipes."""
    name = getattr(lines, "name", None)
    return name if isinstance(name, str) and Path(name).is_file() else None


def _detection_delay(tally: Tally) -> str:
    if tally.statistics is None or not tally.counts.get("rendered"):
        return ""
    seen, which = ("seen", "the") if tally.counts["rendered"] == 1 else ("each seen", "its")
    return f", {seen} at most {tally.statistics.watches.longest_lag:.1f} s after {which} video appeared"


def _download_dict(result: ProjectDownload) -> dict[str, Any]:
    report = None if result.report is None else result.report.to_dict()
    return {
        **(report or {"project_id": result.project_id, "files": []}),
        "error": None if result.error is None else str(result.error),
    }
