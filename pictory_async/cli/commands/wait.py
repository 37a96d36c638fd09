"""`pictory wait`: wait until projects are rendered."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import attrs
import click

from pictory_async import RenderHandle
from pictory_async.cli._ages import Ages, fresh_option
from pictory_async.cli._client import open_client, run_until_interrupted
from pictory_async.cli._downloads import Downloads, directory_option
from pictory_async.cli._exit_codes import SUCCESS, SettingError
from pictory_async.cli._filing import Filing, filing_options
from pictory_async.cli._input import read_lines
from pictory_async.cli._next_wait import NextWait
from pictory_async.cli._options import base_url_option, json_option, to_time, watch_options
from pictory_async.cli._page_options import WaitPage, wait_page_options
from pictory_async.cli._places import check_directory
from pictory_async.cli._selecting import NOTHING_CHOSEN, Choice, selection_options
from pictory_async.cli._store import PendingId, PendingItem, Store
from pictory_async.cli._tables import table_options
from pictory_async.cli._waiting import Wait, path_of
from pictory_async.cli.display.text import echo_note, file_name
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pictory_async import RateLimiter

__all__ = ["Sources", "check_download", "command", "wait_to_the_end"]


@click.command("wait", short_help="Wait until projects are rendered.")
@selection_options(required=False)
@click.option(
    "--handle",
    "handles",
    type=click.File("rb"),
    metavar="FILE",
    help="Wait for the renders that 'pictory render' started: read their handles from a file; '-' is standard input.",
)
@click.option(
    "--resume",
    metavar="NAME",
    help="Wait for what an earlier command left pending: it printed NAME at its end.",
)
@click.option("--last", is_flag=True, help="Wait for what was left pending last.")
@wait_page_options
@directory_option("--download", "Download the files of each project to DIR as soon as it is rendered.")
@filing_options("update")
@fresh_option
@watch_options
@click.option(
    "--after",
    type=to_time,
    metavar="DATE",
    help="Wait for a video newer than DATE, for projects that are rendered again. Example: 2026-01-31T12:00:00Z",
)
@table_options
@base_url_option
@json_option("Print a JSON document for each project, in the order of the ids, and one with a summary.")
@click.pass_context
def command(  # noqa: PLR0913 - each option is an argument
    ctx: click.Context,
    *,
    choice: Choice,
    handles: IO[bytes] | None,
    resume: str | None,
    last: bool,
    page: WaitPage | None,
    directory: Path | None,
    filing: Filing,
    ages: Ages,
    settings: dict[str, Any],
    limiter: RateLimiter,
    after: datetime | None,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Wait until projects are rendered, and print the result of each.

    Progress and the summary are shown on standard error. Piped output is one line per outcome, with tabs between id,
    status, seconds, name, job, and the address of the video or the reason. Ctrl-C prints the results so far. If
    something is not finished at the end, the command that waits for the rest is printed on standard error.
    """
    check_download(directory, filing)
    items: list[PendingItem] = Store().load(None) if last else [] if resume is None else Store().load(resume)
    items += [] if handles is None else _read_handles(handles)
    if choice.is_given:
        items += _wanted(choice.find(base_url), after)
    elif handles is None and resume is None and not last:
        raise click.UsageError(NOTHING_CHOSEN)
    downloads = None if directory is None else Downloads(directory=directory, filing=filing, ages=ages)
    filing.note_missing(str(item.project_id) for item in items)
    wait = Wait.of(items, limiter, settings, as_json=as_json, downloads=downloads, ages=ages, page=page)
    wait.names.known |= choice.names

    if not items:
        echo_note(choice.why_nothing if choice.selects else "Nothing to do: there are no ids and no handles.")
        if wait.sheet.is_json:
            wait.report(interrupted=False, **NextWait.keep([], 0).to_dict())
        ctx.exit(SUCCESS)
    sources = Sources(handles, resume, by_id=choice.is_given)
    ctx.exit(wait_to_the_end(wait, sources, base_url))


def check_download(directory: Path | None, filing: Filing) -> None:
    """Check that files can be written, if there is a directory for them.

    Raises:
        click.UsageError: There is none, but options about files.
        SettingError: It cannot be written to.
    """
    if directory is not None:
        check_directory(directory)
    elif filing.is_given:
        raise click.UsageError("These options about files need --download DIR.")


def wait_to_the_end(wait: Wait, sources: Sources, base_url: str | None) -> int:
    """Wait, report, and return the exit code."""
    with Store().running() as run:
        sources = attrs.evolve(sources, run=run)
        return _report(wait, sources, interrupted=_is_interrupted(wait, sources, base_url))


@attrs.frozen
class Sources:
    """Where the waits came from: what of it can be named again.

    Attributes:
        handles: The open file of handles.
        resume: The name under which an earlier command left them pending.
        by_id: Whether there are ids too.
        run: The name of the run that waits; ``None`` if there is none.
    """

    handles: IO[bytes] | None
    resume: str | None
    by_id: bool
    run: str | None = None

    def keep(self, wait: Wait) -> NextWait:
        """Keep what is not finished, for the command that waits for it."""
        unfinished = wait.unfinished
        file, name = None, self.run
        if self.resume is None and all(isinstance(one, RenderHandle) for one in unfinished):
            # A file also names what is finished already, so it is only named again if that costs nothing.
            file = None if wait.repeats_downloads else path_of(self.handles)
        if self.handles is None and not self.by_id:
            name = self.resume or self.run
        return NextWait.keep(unfinished, wait.tally.total, file=file, name=name)


def _is_interrupted(wait: Wait, sources: Sources, base_url: str | None) -> bool:
    """Wait, and return whether a signal ended it."""
    try:
        return run_until_interrupted(lambda: _wait(base_url, wait))
    except BaseException:
        # A pipe cannot be read again, and the renders are billed.
        if sources.handles is not None and path_of(sources.handles) is None:
            sources.keep(wait).echo()
        raise


def _report(wait: Wait, sources: Sources, *, interrupted: bool) -> int:
    next_wait = sources.keep(wait)
    try:
        return wait.report(interrupted=interrupted, **next_wait.to_dict())
    finally:
        next_wait.echo()


async def _wait(base_url: str | None, wait: Wait) -> None:
    async with open_client(base_url, wait.limiter) as client:
        await wait.run(client)


def _wanted(ids: list[str], after: datetime | None) -> list[PendingItem]:
    """What to wait for: each project, or its render that this machine requested, whose new video then counts."""
    renders = Store().newest(ids) if after is None else {}
    for one, handle in renders.items():
        moment = "" if handle.requested_at is None else f" at {handle.requested_at:%Y-%m-%d %H:%M:%S} UTC"
        echo_note(f"Project {one!r}: the render that was requested{moment} is waited for.")
    return [renders.get(one) or PendingId(one, after) for one in ids]


def _read_handles(lines: IO[bytes]) -> list[RenderHandle]:
    """Read the handles of renders, one per line.

    Raises:
        SettingError: A line is not a handle.
    """
    found: list[RenderHandle] = []
    for number, line in enumerate(read_lines(lines), 1):
        if line.strip():
            try:
                found.append(RenderHandle.from_json(line))
            except PictoryConfigError as error:
                raise SettingError(f"{file_name(lines)}, line {number}: {error}") from None
    return found
