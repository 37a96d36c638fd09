"""`pictory wait`: watch projects until all are done."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

import click

from pictory_async import ProjectId, RenderHandle
from pictory_async.cli._client import interrupts, open_client
from pictory_async.cli._downloads import directory_option
from pictory_async.cli._exit_codes import SettingComplaint
from pictory_async.cli._options import (
    Rate,
    as_json,
    base_url,
    moment,
    patience,
    project_ids,
    request_rate,
    start_grace,
    timely,
)
from pictory_async.cli._waiting import Waiting, file_of, say_how_to_wait_again
from pictory_async.cli.display.text import name_of
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

__all__ = ["command"]

_EPILOG: Final = """\
\b
Exit codes: 0 all are rendered (and downloaded), 1 a file could not be had,
3 some are not rendered, 4 the time is spent and nothing worse, 2 wrong usage,
130 stopped with Ctrl-C, SIGTERM or SIGHUP.
"""


@click.command("wait", epilog=_EPILOG, short_help="Wait until projects are rendered.")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "--ids-from",
    type=click.File(encoding="utf-8-sig"),
    metavar="FILE",
    help="Read more ids from a file, one a line; '-' is standard input. Lines that begin with # are skipped.",
)
@click.option(
    "--handle",
    "handles",
    type=click.File(encoding="utf-8-sig"),
    metavar="FILE",
    help="Wait for what 'pictory render' started: read its handles from a file; '-' is standard input.",
)
@directory_option("--download", "Download the files of each project into DIR as soon as it is rendered.")
@patience
@start_grace
@click.option(
    "--after",
    type=moment,
    metavar="DATE",
    help="Only a newer video counts: for projects that are rendered again. 2026-01-31T12:00:00Z",
)
@request_rate
@base_url
@as_json("Print one JSON object at the end.")
@click.pass_context
def command(  # noqa: PLR0913 - each option is one
    ctx: click.Context,
    *,
    ids: tuple[str, ...],
    ids_from: IO[str] | None,
    handles: IO[str] | None,
    directory: Path | None,
    max_wait: float,
    interval: float,
    start_grace: float,
    after: datetime | None,
    rate: Rate,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Wait until projects are rendered, and print what became of each.

    Ctrl-C prints what is known so far. Progress is shown on standard error, and at the end the command that waits for
    what is not finished.
    """
    wanted: list[ProjectId | RenderHandle] = [] if handles is None else [*read_handles(handles)]
    if not wanted or ids or ids_from is not None:
        wanted += project_ids(ids, ids_from)
    terms = {**timely(max_wait, interval), "start_grace": start_grace, "after": after}
    waiting = Waiting.of(wanted, rate.limiter(), terms, as_json=as_json, directory=directory)

    def remind() -> None:
        whole = not waiting.repeats_downloads
        say_how_to_wait_again(
            waiting.unfinished,
            waiting.tally.total,
            handles_file=file_of(handles) if whole else None,
            ids=project_ids(ids) if ids else [],
            ids_file=file_of(ids_from) if whole else None,
        )

    try:
        interrupted = interrupts(lambda: _wait(base_url, waiting))
        code = waiting.report(interrupted=interrupted)
    except BaseException:
        if handles is not None and file_of(handles) is None:  # a pipe is empty now, and these renders are paid for
            remind()
        raise
    remind()
    ctx.exit(code)


async def _wait(base_url: str | None, waiting: Waiting) -> None:
    async with open_client(base_url, waiting.limiter) as client:
        await waiting.follow(client)


def read_handles(lines: IO[str]) -> list[RenderHandle]:
    """Read the handles of renders, one a line.

    Raises:
        SettingComplaint: A line is something else.
    """
    found: list[RenderHandle] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(RenderHandle.from_json(line))
            except PictoryConfigError as error:
                raise SettingComplaint(f"{name_of(lines)}, line {number}: {error}") from None
    return found
