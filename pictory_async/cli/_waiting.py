"""What `pictory wait` and `pictory render --wait` have in common: the wait, and what is printed of it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import attrs
import click
from click.core import ParameterSource

from pictory_async import ProjectId, RateLimiter, RenderHandle, RenderStatus
from pictory_async.cli._downloads import Downloads, Saved
from pictory_async.cli._exit_codes import FAILURE, INTERRUPTED, SUCCESS, explain, worst
from pictory_async.cli._follow import Follower
from pictory_async.cli._tally import Tally, key_of
from pictory_async.cli.display.text import duration, echo_json, echo_lines, one_line, out_is_terminal, printable
from pictory_async.cli.display.view import WIDEST_STATUS, status_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pictory_async import AsyncPictory, RenderOutcome

__all__ = ["Waiting", "file_of", "say_how_to_wait_again"]

# A handle stands for a render that is paid for: only these two results settle what became of it.
_SETTLED: Final = frozenset({RenderStatus.RENDERED, RenderStatus.FAILED})
# An id stands for a project as it is: waiting again for one that is missing or was never rendered changes nothing.
_OPEN: Final = frozenset({RenderStatus.TIMED_OUT, RenderStatus.REFUSED, RenderStatus.ERROR})


def _seconds(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


# The options of a wait that the next wait needs as well. `--max-wait` is not one: it was too short.
_KEPT: Final[dict[str, Callable[[Any], str]]] = {
    "directory": str,
    "interval": lambda seconds: f"{_seconds(seconds)}s",
    "start_grace": lambda seconds: f"{_seconds(seconds)}s",
    "after": lambda moment: moment.isoformat(),
    "rate": lambda rate: f"{rate.requests}/{_seconds(rate.per)}",
    "base_url": str,
}


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
    def unfinished(self) -> list[ProjectId | RenderHandle]:
        """What to wait for again, in the order it was given."""
        return [one for one in self.tally.wanted if not self._settles(one, self.tally.outcomes.get(key_of(one)))]

    @staticmethod
    def _settles(one: ProjectId | RenderHandle, outcome: RenderOutcome | None) -> bool:
        if outcome is None:
            return False
        return outcome.status in _SETTLED if isinstance(one, RenderHandle) else outcome.status not in _OPEN

    @property
    def repeats_downloads(self) -> bool:
        """Whether to wait for everything again would download files a second time."""
        return self.downloads is not None and any(outcome.ok for outcome in self.tally.outcomes.values())

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
            left = [one for one in tally.wanted if key_of(one) not in tally.outcomes]
            click.echo(f"Still pending: {', '.join(map(_name, left))}")
        how = "Interrupted: " if interrupted else ""
        click.echo(
            f"{how}{tally.done} of {tally.total} done ({tally.counts_text}) in {duration(tally.seconds)}, "
            f"{tally.requests} requests{_noticed(tally)}."
        )
        if self.downloads is not None:
            click.echo(printable(f"{self.downloads.summary}."))


def say_how_to_wait_again(
    unfinished: Sequence[ProjectId | RenderHandle],
    total: int,
    *,
    handles_file: str | None = None,
    ids: Sequence[ProjectId] = (),
    ids_file: str | None = None,
) -> None:
    """Print on standard error the command that waits for what is not finished; nothing if everything is.

    A handle tells the new video from the old one, and the project's id does not, so a handle is never reduced to its
    id: without a file that holds the handles, they are printed too.

    Args:
        unfinished: What to wait for.
        total: How many there were in all.
        handles_file: A file that holds all the handles.
        ids: The ids to name if `ids_file` holds the others.
        ids_file: A file that holds ids.
    """
    if not unfinished:
        return
    handles = [one for one in unfinished if isinstance(one, RenderHandle)]
    named = ids if ids_file is not None else [one for one in unfinished if not isinstance(one, RenderHandle)]
    command = ["pictory", "wait", *map(str, named)]
    if ids_file is not None:
        command += ["--ids-from", ids_file]
    if handles:
        command += ["--handle", handles_file or "handles.jsonl"]
    again = shlex.join([*command, *_kept_options(click.get_current_context())])
    kind = "render" if len(handles) == len(unfinished) else "project"
    left = f"Not finished: {len(unfinished)} of {total} {kind}{'' if total == 1 else 's'}."
    if handles and handles_file is None:
        click.echo(f"{left} To wait again, save the lines below as handles.jsonl and run: {again}", err=True)
        for handle in handles:
            click.echo(handle.to_json(), err=True)
    else:
        click.echo(f"{left} Wait again with: {again}", err=True)


def _kept_options(ctx: click.Context) -> list[str]:
    found: list[str] = []
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in _KEPT and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            found += [parameter.opts[0], _KEPT[name](ctx.params[name])]
    return found


def file_of(lines: IO[str] | None) -> str | None:
    """The name of an open file that can be read again; ``None`` for standard input and pipes."""
    name = getattr(lines, "name", None)
    return name if isinstance(name, str) and Path(name).is_file() else None


def _name(one: ProjectId | RenderHandle) -> str:
    if isinstance(one, RenderHandle):
        return f"{one.project_id} (job {one.job_id or 'unknown'})"
    return str(one)


def _noticed(tally: Tally) -> str:
    if tally.statistics is None or not tally.counts.get("rendered"):
        return ""
    return f", each video noticed within {tally.statistics.watches.longest_lag:.1f} s"


def _ignore(_: object) -> None:
    pass


def _detail(outcome: RenderOutcome) -> str:
    found = outcome.to_dict()
    text: str = found["video_url"] or found["error"] or ""
    if outcome.status is RenderStatus.TIMED_OUT:
        # The error advises somebody who writes Python; the command prints its own advice at the end.
        text = text.replace("wait again, or raise max_wait.", "wait again, with a longer --max-wait if needed.")
    return one_line(text)


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
