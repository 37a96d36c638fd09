"""What `pictory wait` and `pictory render --wait` have in common: the wait, and what is printed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click

from pictory_async import RateLimiter, RenderHandle
from pictory_async.cli._downloads import Downloads, Saved
from pictory_async.cli._exits import FAILURE, INTERRUPTED, SUCCESS, explain, worst
from pictory_async.cli._follow import Follower
from pictory_async.cli._tally import Tally, key_of
from pictory_async.cli._text import duration, echo_json, echo_lines, one_line, out_is_terminal, printable
from pictory_async.cli._view import WIDEST_STATUS, status_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pictory_async import AsyncPictory, ProjectId, RenderOutcome

__all__ = ["Waiting"]


@attrs.define(kw_only=True)
class Waiting:
    """A wait for renders, and what is printed of it.

    Attributes:
        tally: What is known.
        limiter: The request budget.
        terms: Keywords of ``client.projects.watch``.
        as_json: Print one JSON object at the end, and nothing else.
        downloads: Downloads the files of what is rendered; ``None`` where that is not asked for.
    """

    tally: Tally
    limiter: RateLimiter
    terms: dict[str, Any]
    as_json: bool
    downloads: Downloads | None = None

    @classmethod
    def of(
        cls,
        wanted: Sequence[ProjectId | RenderHandle],
        limiter: RateLimiter,
        terms: dict[str, Any],
        *,
        as_json: bool,
        directory: Path | None = None,
    ) -> Waiting:
        """A wait for projects or handles, each once; with ``directory``, their files are downloaded there."""
        tally = Tally(list({key_of(one): one for one in wanted}.values()))
        waiting = cls(tally=tally, limiter=limiter, terms=terms, as_json=as_json)
        if directory is not None:
            note = _print_saved if waiting.in_lines else _ignore
            waiting.downloads = Downloads(directory=directory, note=note)
        return waiting

    @property
    def in_lines(self) -> bool:
        """Whether a line is printed for each project as soon as it is done."""
        return not self.as_json and not out_is_terminal()

    async def follow(self, client: AsyncPictory) -> None:
        """Wait to the end."""
        total, downloads = self.tally.total, self.downloads

        async def save(client: AsyncPictory, outcome: RenderOutcome) -> None:
            if downloads is not None and outcome.ok:
                await downloads.save(client, outcome.project or outcome.project_id)

        follower = Follower(
            title=f"Waiting for {total} {'project' if total == 1 else 'projects'}",
            tally=self.tally,
            limiter=self.limiter,
            note=_print_line if self.in_lines else _ignore,
            afterwards=save,
            downloading=list if downloads is None else downloads.bars,
            live=not self.in_lines,
        )
        async with client.projects.watch(self.tally.wanted, **self.terms) as watch:
            await follower.follow(client, watch)

    def report(self, *, interrupted: bool, **more: Any) -> int:
        """Print what became of the projects, and return the exit code.

        Args:
            interrupted: Whether the wait was ended by Ctrl-C.
            more: What else belongs into the JSON object.
        """
        if self.as_json:
            saved = [] if self.downloads is None else self.downloads.saved
            downloads = {} if self.downloads is None else {"downloads": [_saved_dict(one) for one in saved]}
            echo_json({**self.tally.to_dict(), **downloads, **more, "interrupted": interrupted})
        else:
            self._print(interrupted=interrupted)
        if interrupted:
            return INTERRUPTED
        failed = self.downloads is not None and self.downloads.failed
        return worst(explain(self.tally.ordered()), FAILURE if failed else SUCCESS)

    def _print(self, *, interrupted: bool) -> None:
        tally = self.tally
        if out_is_terminal():
            _print_colored(tally.ordered())
            for saved in self.downloads.saved if self.downloads is not None else ():
                if saved.error is not None:
                    _print_saved(saved)
        if tally.pending:
            click.echo(f"Still pending: {' '.join(map(str, tally.pending))}")
        how = "Interrupted: " if interrupted else ""
        click.echo(
            f"{how}{tally.done} of {tally.total} done ({tally.counts_text}) in {duration(tally.seconds)}, "
            f"{tally.requests} requests{_noticed(tally)}."
        )
        if self.downloads is not None:
            click.echo(printable(f"{self.downloads.summary}."))


def _noticed(tally: Tally) -> str:
    if tally.statistics is None or not tally.counts.get("rendered"):
        return ""
    return f", each video noticed within {tally.statistics.watches.longest_lag:.1f} s"


def _ignore(_: object) -> None:
    pass


def _detail(outcome: RenderOutcome) -> str:
    found = outcome.to_dict()
    return one_line(found["video_url"] or found["error"] or "")


def _print_line(outcome: RenderOutcome) -> None:
    status = outcome.status.value
    click.echo(f"{status:<11}  {outcome.project_id}  {duration(outcome.waited)}  {_detail(outcome)}")


def _print_saved(saved: Saved) -> None:
    if saved.error is None:
        click.echo(f"{'downloaded':<11}  {saved.project_id}  {saved.summary}")
    else:
        click.echo(f"{'incomplete':<11}  {saved.project_id}  {saved.summary}; {one_line(str(saved.error))}")


def _saved_dict(saved: Saved) -> dict[str, Any]:
    report = None if saved.report is None else saved.report.to_dict()
    return {
        **(report or {"project_id": saved.project_id, "files": []}),
        "error": None if saved.error is None else str(saved.error),
    }


def _print_colored(outcomes: list[RenderOutcome]) -> None:
    lines = [status_text(outcome.status.value) for outcome in outcomes]
    for line, outcome in zip(lines, outcomes, strict=True):
        line.pad_right(WIDEST_STATUS - len(line))
        line.append(f"  {outcome.project_id}  {duration(outcome.waited)}  {_detail(outcome)}", style="none")
    echo_lines(lines)
