"""`pictory jobs`: the list of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from pictory_async.cli._listed import print_list
from pictory_async.cli._options import as_json, base_url, listed
from pictory_async.cli._text import one_line, out_is_terminal, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pictory_async import AsyncPictory, Job
    from pictory_async.cli._table import Cell

__all__ = ["command", "job_status"]

_COLUMNS: Final = ("id", "status", "progress", "what")
_STYLES: Final = {"completed": "green", "failed": "red", "cleaned": "dim", "in-progress": "cyan", "pending": "yellow"}


def _all(client: AsyncPictory) -> AsyncIterator[Job]:
    return aiter(client.jobs.list())


def job_status(job: Job) -> Text:
    """A job's status, coloured."""
    status = "failed" if job.is_failed else one_line(str(job.status or "unknown"))
    return Text(status, style=_STYLES.get(status.casefold(), ""))


def _row(job: Job) -> Sequence[Cell]:
    progress = "" if job.progress is None else f"{job.progress:g} %"
    video = job.video_url
    if video and out_is_terminal():
        # An address would fill the table; 'pictory job' shows it.
        video = "a video" if job.duration is None else f"a video of {job.duration:g} s"
    what = job.error_message or video or job.progress_message
    return [shown(job.id), job_status(job), progress, shown(what)]


@click.command("jobs")
@listed
@base_url
@as_json("Print each job as the API sent it, a JSON document each.")
def command(*, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the jobs of all kinds, newest first.

    Where nobody looks at a terminal, each one is a line with tabs between id, status, progress, and what it says: why
    it failed, its video, or what it is doing.
    """
    print_list(base_url, _all, limit, _COLUMNS, None if as_json else _row)
