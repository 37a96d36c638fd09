"""The wait that `pictory wait` and `pictory render --wait` share, and its report."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import anyio
import attrs

from pictory_async import ProjectId, RateLimiter, RenderHandle, RenderStatus
from pictory_async.cli._downloads import Downloads
from pictory_async.cli._exit_codes import INTERRUPTED, exit_code_of, outcomes_code, worst_code
from pictory_async.cli._follow import Follower
from pictory_async.cli._kept import Kept, KeptId, Store
from pictory_async.cli._night import night
from pictory_async.cli._results import RESULTS, ResultRow, echo_results
from pictory_async.cli._tables import Sheet, open_sheet
from pictory_async.cli._tally import Tally, key_of, project_of
from pictory_async.cli.display.text import as_duration, echo_note, echo_summary, out_is_terminal, quiet_if_gone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pictory_async import AsyncPictory, RenderOutcome
    from pictory_async.cli._downloads import ProjectDownload

__all__ = ["Wait", "path_of"]

# A handle stands for a render that is billed: only these two statuses tell its result.
_FINAL: Final = frozenset({RenderStatus.RENDERED, RenderStatus.FAILED})
# An id stands for a project as it is. Waiting again for a missing or never rendered project changes nothing.
_UNFINISHED: Final = frozenset({RenderStatus.TIMED_OUT, RenderStatus.REFUSED, RenderStatus.ERROR})
_SHOWN: Final = 3
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
    """

    tally: Tally
    after: dict[str, datetime]
    limiter: RateLimiter
    settings: dict[str, Any]
    sheet: Sheet[ResultRow]
    downloads: Downloads | None = None
    # JSON documents by `key_of`, until those before them are printed too.
    _documents: dict[str, dict[str, Any]] = attrs.field(factory=dict[str, dict[str, Any]], init=False)
    _printed: int = attrs.field(default=0, init=False)

    @classmethod
    def of(
        cls,
        items: Sequence[Kept],
        limiter: RateLimiter,
        settings: dict[str, Any],
        *,
        as_json: bool,
        downloads: Downloads | None = None,
    ) -> Wait:
        """Make a wait for projects or handles, each once, and open its sheet.

        Args:
            items: What to wait for.
            limiter: The request budget.
            settings: Keyword arguments of ``client.projects.watch``.
            as_json: Whether ``--json`` was given.
            downloads: Downloads the files of what is rendered; ``None`` to download nothing.
        """
        wanted: dict[str, ProjectId | RenderHandle] = {}
        after: dict[str, datetime] = {}
        for item in items:
            one = item if isinstance(item, RenderHandle) else item.project_id
            if wanted.setdefault(key_of(one), one) is one and isinstance(item, KeptId) and item.after is not None:
                after[str(one)] = item.after
        tally = Tally([*wanted.values()])
        sheet = open_sheet(RESULTS, as_json=as_json)
        wait = cls(tally=tally, after=after, limiter=limiter, settings=settings, sheet=sheet)
        if wait.lists:
            sheet.leave()
        wait.downloads = downloads
        return wait

    @property
    def unfinished(self) -> list[Kept]:
        """What to wait for again, in the order in which it was given."""
        return [self._kept(one) for one in self.tally.wanted if not self._is_finished(one)]

    def _is_finished(self, one: ProjectId | RenderHandle) -> bool:
        outcome = self.tally.outcomes.get(key_of(one))
        if outcome is None:
            return False
        return outcome.status in _FINAL if isinstance(one, RenderHandle) else outcome.status not in _UNFINISHED

    def _kept(self, one: ProjectId | RenderHandle) -> Kept:
        if isinstance(one, RenderHandle):
            return one
        after, outcome = self.after.get(str(one)), self.tally.outcomes.get(key_of(one))
        if after is None and outcome is not None and outcome.project is not None:
            after = outcome.project.generated_at
        return KeptId(one, after)

    def _ended(self, one: ProjectId | RenderHandle) -> Kept:
        if isinstance(one, RenderHandle):
            return one
        project = self.tally.outcomes[key_of(one)].project
        if project is None or not project.is_rendered or project.generated_at is None:
            return KeptId(one, self.after.get(str(one)))
        # The video ends every wait for one that is newer than a date before its own.
        return KeptId(one, max(project.generated_at, _EARLIEST) - _JUST_BEFORE)

    @property
    def repeats_downloads(self) -> bool:
        """Whether waiting for everything again would download files a second time."""
        return self.downloads is not None and any(outcome.ok for outcome in self.tally.outcomes.values())

    @property
    def lists(self) -> bool:
        """Whether the results are printed as a list for people, at the end."""
        return self.sheet.is_default and out_is_terminal() and not self.sheet.is_json

    async def run(self, client: AsyncPictory) -> None:
        """Wait to the end."""
        began, total, downloads = anyio.current_time(), self.tally.total, self.downloads
        # Lines with tabs tell what happens: an outcome, and then a download. Other formats have one row for both.
        by_step = self.sheet.format == "tsv"

        def on_outcome(outcome: RenderOutcome) -> None:
            night().outcome(outcome, last=downloads is None)
            if by_step:
                self.sheet.add(ResultRow.of(outcome))
            elif downloads is None or not outcome.ok:
                self._add(outcome)

        async def download(client: AsyncPictory, outcome: RenderOutcome) -> None:
            if downloads is not None and outcome.ok:
                result = await downloads.download(client, outcome.project or outcome.project_id)
                if by_step:
                    self.sheet.add(ResultRow.of_download(result, anyio.current_time() - began))
                else:
                    self._add(outcome, result)

        follower = Follower(
            title=f"Waiting for {total} {'project' if total == 1 else 'projects'}",
            tally=self.tally,
            limiter=self.limiter,
            on_outcome=on_outcome,
            after_outcome=download,
            downloading=list if downloads is None else downloads.bars,
            live=self.lists or self.sheet.to_file or not self.sheet.streams,
        )
        async with client.projects.watch(self.tally.wanted, after=self.after, **self.settings) as watch:
            try:
                await follower.follow(client, watch)
            finally:
                self._keep_dates(watch.handles())

    def _add(self, outcome: RenderOutcome, download: ProjectDownload | None = None) -> None:
        """Add a complete result."""
        if self.sheet.is_json:
            more = {} if download is None else {"download": _download_dict(download)}
            self._documents[key_of(outcome)] = {**outcome.to_dict(), **more}
            self._print_documents()
        elif not self.lists:
            self.sheet.add(ResultRow.of(outcome, download))

    def _print_documents(self) -> None:
        while self._printed < self.tally.total:
            document = self._documents.pop(key_of(self.tally.wanted[self._printed]), None)
            if document is None:
                break
            self._printed += 1
            self.sheet.document(document)

    def _keep_dates(self, pending: Sequence[RenderHandle]) -> None:
        """Remember the old videos of what is pending: they must not count next time either."""
        for handle in pending:
            if handle.job_id is None and handle.generated_before is not None:
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
        handles = [one for one in self.tally.wanted if isinstance(one, RenderHandle) and key_of(one) in outcomes]
        Store().done(ended, [(one, outcomes[key_of(one)]) for one in handles])
        try:
            # After Ctrl-C, the reader of a pipe is often gone too.
            with quiet_if_gone("stdout") if interrupted else contextlib.nullcontext():
                self._print_results(interrupted=interrupted, **more)
        finally:
            if not self.sheet.is_json:
                self._print_summary(interrupted=interrupted)
        if interrupted:
            return INTERRUPTED
        downloads = [] if self.downloads is None else self.downloads.done
        failed = [exit_code_of(one.error) for one in downloads if one.error is not None]
        return worst_code(outcomes_code(self.tally.ordered(), self.tally.outage), *failed)

    def _print_results(self, *, interrupted: bool, **more: Any) -> None:
        if self.sheet.is_json:
            for one in self.tally.wanted[self._printed :]:
                self.sheet.document(self._documents.get(key_of(one)) or self._rest(one))
            self.sheet.document({"summary": {**self.tally.summary(), **more, "interrupted": interrupted}})
        elif self.lists:
            echo_results(self.tally, [] if self.downloads is None else self.downloads.done)
        elif self.sheet.format != "tsv":
            self._add_rest()
            self.sheet.close()

    def _rest(self, one: ProjectId | RenderHandle) -> dict[str, Any]:
        """Return the document of a project whose result is not complete, because the wait was interrupted."""
        outcome = self.tally.outcomes.get(key_of(one))
        if outcome is None:
            return {"project_id": project_of(one), "status": "pending", "error": _NOT_DONE}
        return {**outcome.to_dict(), "download": {"files": [], "error": _NOT_DONE}}

    def _add_rest(self) -> None:
        downloaded = (
            set[str]() if self.downloads is None else {str(result.project_id) for result in self.downloads.done}
        )
        for one in self.tally.wanted:
            outcome = self.tally.outcomes.get(key_of(one))
            if outcome is None:
                self.sheet.add(ResultRow.of_pending(project_of(one)))
            elif self.downloads is not None and outcome.ok and str(project_of(one)) not in downloaded:
                self.sheet.add(ResultRow.of(outcome))

    def _print_summary(self, *, interrupted: bool) -> None:
        tally = self.tally
        if tally.pending and not out_is_terminal():
            more = len(tally.pending) - _SHOWN
            shown = ", ".join(map(str, tally.pending[:_SHOWN]))
            echo_note(f"Still pending: {shown}{f' and {more} more' if more > 0 else ''}")
        good = not interrupted and tally.counts.get("rendered", 0) == tally.total
        echo_summary(
            f"{'Interrupted: ' if interrupted else ''}{tally.done} of {tally.total} ended ({tally.counts_text}) in "
            f"{as_duration(tally.seconds)}, {tally.requests} requests{_detection_delay(tally)}.",
            good=good,
        )
        if self.downloads is not None:
            echo_summary(f"{self.downloads.summary}.", good=good and not self.downloads.failed)


def path_of(lines: IO[Any] | None) -> str | None:
    """Return the path of an open file that can be opened again; ``None`` for standard input and pipes."""
    name = getattr(lines, "name", None)
    return name if isinstance(name, str) and Path(name).is_file() else None


def _detection_delay(tally: Tally) -> str:
    if tally.statistics is None or not tally.counts.get("rendered"):
        return ""
    return f", longest detection delay {tally.statistics.watches.longest_lag:.1f} s"


def _download_dict(result: ProjectDownload) -> dict[str, Any]:
    report = None if result.report is None else result.report.to_dict()
    return {
        **(report or {"project_id": result.project_id, "files": []}),
        "error": None if result.error is None else str(result.error),
    }
