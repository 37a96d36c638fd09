"""The wait that `pictory wait` and `pictory render --wait` share, and its report."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import attrs
import click
from click.core import ParameterSource

from pictory_async import ProjectId, RateLimiter, RenderHandle, RenderStatus
from pictory_async.cli._downloads import Downloads, ProjectDownload
from pictory_async.cli._exit_codes import FAILURE, INTERRUPTED, SUCCESS, outcomes_code, worst_code
from pictory_async.cli._follow import Follower
from pictory_async.cli._tally import Tally, key_of
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import as_duration, echo_json, echo_lines, one_line, out_is_terminal, printable
from pictory_async.cli.display.view import WIDEST_STATUS, status_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pictory_async import AsyncPictory, RenderOutcome

__all__ = ["Wait", "path_of", "print_next_wait"]

# A handle stands for a render that is billed: only these two statuses tell its result.
_FINAL: Final = frozenset({RenderStatus.RENDERED, RenderStatus.FAILED})
# An id stands for a project as it is. Waiting again for a missing or never rendered project changes nothing.
_UNFINISHED: Final = frozenset({RenderStatus.TIMED_OUT, RenderStatus.REFUSED, RenderStatus.ERROR})


def _seconds(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


# The options that the next wait needs as well. `--max-wait` is not among them: it was too short.
_KEPT_OPTIONS: Final[dict[str, Callable[[Any], str]]] = {
    "directory": str,
    "interval": lambda seconds: f"{_seconds(seconds)}s",
    "start_grace": lambda seconds: f"{_seconds(seconds)}s",
    "after": lambda time: time.isoformat(),
    "rate": lambda rate: f"{rate.requests}/{_seconds(rate.per)}",
    "base_url": str,
}


@attrs.define(kw_only=True)
class Wait:
    """A wait for renders, and its report.

    Attributes:
        tally: The results so far.
        limiter: The request budget.
        settings: Keyword arguments of ``client.projects.watch``.
        as_json: Whether to print one JSON object at the end, and nothing else.
        downloads: Downloads the files of what is rendered; ``None`` to download nothing.
    """

    tally: Tally
    limiter: RateLimiter
    settings: dict[str, Any]
    as_json: bool
    downloads: Downloads | None = None

    @classmethod
    def of(
        cls,
        wanted: Sequence[ProjectId | RenderHandle],
        limiter: RateLimiter,
        settings: dict[str, Any],
        *,
        as_json: bool,
        directory: Path | None = None,
    ) -> Wait:
        """Make a wait for projects or handles, each once. With ``directory``, their files are downloaded there."""
        tally = Tally(list({key_of(one): one for one in wanted}.values()))
        wait = cls(tally=tally, limiter=limiter, settings=settings, as_json=as_json)
        if directory is not None:
            on_done = _print_download if wait.prints_lines else _ignore
            wait.downloads = Downloads(directory=directory, on_done=on_done)
        return wait

    @property
    def unfinished(self) -> list[ProjectId | RenderHandle]:
        """What to wait for again, in the order in which it was given."""
        return [one for one in self.tally.wanted if not self._is_finished(one, self.tally.outcomes.get(key_of(one)))]

    @staticmethod
    def _is_finished(one: ProjectId | RenderHandle, outcome: RenderOutcome | None) -> bool:
        if outcome is None:
            return False
        return outcome.status in _FINAL if isinstance(one, RenderHandle) else outcome.status not in _UNFINISHED

    @property
    def repeats_downloads(self) -> bool:
        """Whether waiting for everything again would download files a second time."""
        return self.downloads is not None and any(outcome.ok for outcome in self.tally.outcomes.values())

    @property
    def prints_lines(self) -> bool:
        """Whether a line is printed for each project as soon as it is done."""
        return not self.as_json and not out_is_terminal()

    async def run(self, client: AsyncPictory) -> None:
        """Wait to the end."""
        total, downloads = self.tally.total, self.downloads

        async def download(client: AsyncPictory, outcome: RenderOutcome) -> None:
            if downloads is not None and outcome.ok:
                await downloads.download(client, outcome.project or outcome.project_id)

        follower = Follower(
            title=f"Waiting for {total} {'project' if total == 1 else 'projects'}",
            tally=self.tally,
            limiter=self.limiter,
            on_outcome=_print_outcome if self.prints_lines else _ignore,
            after_outcome=download,
            downloading=list if downloads is None else downloads.bars,
            live=not self.prints_lines,
        )
        async with client.projects.watch(self.tally.wanted, **self.settings) as watch:
            await follower.follow(client, watch)

    def report(self, *, interrupted: bool, **more: Any) -> int:
        """Print the results, and return the exit code.

        Args:
            interrupted: Whether a signal ended the wait.
            more: Further keys of the JSON object.
        """
        if self.as_json:
            done = [] if self.downloads is None else self.downloads.done
            downloads = {} if self.downloads is None else {"downloads": [_download_dict(one) for one in done]}
            echo_json({**self.tally.to_dict(), **downloads, **more, "interrupted": interrupted})
        else:
            self._print(interrupted=interrupted)
        if interrupted:
            return INTERRUPTED
        failed = self.downloads is not None and self.downloads.failed
        return worst_code(outcomes_code(self.tally.ordered()), FAILURE if failed else SUCCESS)

    def _print(self, *, interrupted: bool) -> None:
        tally = self.tally
        if out_is_terminal():
            _print_colored(tally.ordered())
            for one in self.downloads.done if self.downloads is not None else ():
                if one.error is not None:
                    _print_download(one)
        if tally.pending:
            left = [one for one in tally.wanted if key_of(one) not in tally.outcomes]
            click.echo(f"Still pending: {', '.join(map(_name, left))}")
        prefix = "Interrupted: " if interrupted else ""
        click.echo(
            f"{prefix}{tally.done} of {tally.total} done ({tally.counts_text}) in {as_duration(tally.seconds)}, "
            f"{tally.requests} requests{_detection_delay(tally)}."
        )
        if self.downloads is not None:
            click.echo(printable(f"{self.downloads.summary}."))


def print_next_wait(
    unfinished: Sequence[ProjectId | RenderHandle],
    total: int,
    *,
    handles_file: str | None = None,
    ids: Sequence[ProjectId] = (),
    ids_file: str | None = None,
) -> None:
    """Print on standard error the command that waits for what is not finished. Prints nothing if everything is.

    A handle tells the new video from the old one; the project's id does not. So a handle is never replaced by an id:
    if no file contains the handles, they are printed too.

    Args:
        unfinished: What to wait for.
        total: How many there were in all.
        handles_file: A file that contains all the handles.
        ids: The ids to name if the others are in `ids_file`.
        ids_file: A file that contains ids.
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
        if name in _KEPT_OPTIONS and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            found += [parameter.opts[0], _KEPT_OPTIONS[name](ctx.params[name])]
    return found


def path_of(lines: IO[Any] | None) -> str | None:
    """Return the path of an open file that can be opened again; ``None`` for standard input and pipes."""
    name = getattr(lines, "name", None)
    return name if isinstance(name, str) and Path(name).is_file() else None


def _name(one: ProjectId | RenderHandle) -> str:
    if isinstance(one, RenderHandle):
        return f"{one.project_id} (job {one.job_id or 'unknown'})"
    return str(one)


def _detection_delay(tally: Tally) -> str:
    if tally.statistics is None or not tally.counts.get("rendered"):
        return ""
    return f", longest detection delay {tally.statistics.watches.longest_lag:.1f} s"


def _ignore(_: object) -> None:
    pass


def _detail(outcome: RenderOutcome) -> str:
    found = outcome.to_dict()
    return one_line(found["video_url"] or in_command_words(found["error"] or ""))


def _print_outcome(outcome: RenderOutcome) -> None:
    status = outcome.status.value
    click.echo(f"{status:<11}  {outcome.project_id}  {as_duration(outcome.waited)}  {_detail(outcome)}")


def _print_download(result: ProjectDownload) -> None:
    if result.error is None:
        click.echo(f"{'downloaded':<11}  {result.project_id}  {result.summary}")
    else:
        click.echo(f"{'incomplete':<11}  {result.project_id}  {result.summary}; {one_line(str(result.error))}")


def _download_dict(result: ProjectDownload) -> dict[str, Any]:
    report = None if result.report is None else result.report.to_dict()
    return {
        **(report or {"project_id": result.project_id, "files": []}),
        "error": None if result.error is None else str(result.error),
    }


def _print_colored(outcomes: list[RenderOutcome]) -> None:
    lines = [status_text(outcome.status.value) for outcome in outcomes]
    for line, outcome in zip(lines, outcomes, strict=True):
        line.pad_right(WIDEST_STATUS - len(line))
        line.append(f"  {outcome.project_id}  {as_duration(outcome.waited)}  {_detail(outcome)}", style="none")
    echo_lines(lines)
