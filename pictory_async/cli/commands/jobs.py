"""`pictory jobs` and `pictory job`: the list of jobs, and their details, now or when they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import click
from rich.console import Group
from rich.text import Text

from pictory_async import Job
from pictory_async.cli._exit_codes import SUCCESS, report_error
from pictory_async.cli._fetching import print_each
from pictory_async.cli._listing import print_list
from pictory_async.cli._options import (
    base_url_option,
    collect_ids,
    ids_argument,
    json_option,
    limit_option,
    wait_options,
)
from pictory_async.cli._tables import Column, Table, table_options
from pictory_async.cli.display.bars import Bar, BarGrid
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import as_text, echo_facts, echo_json, one_line, out_is_terminal
from pictory_async.errors import JobCleanedError, JobFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import RenderableType

    from pictory_async import AsyncPictory
    from pictory_async.cli.display.text import Facts

__all__ = ["list_command", "show_command"]

_STYLES: Final = {"completed": "green", "failed": "red", "cleaned": "dim", "in-progress": "cyan", "pending": "yellow"}


def _all(client: AsyncPictory) -> AsyncIterator[Job]:
    return aiter(client.jobs.list())


def _status(job: Job) -> Text:
    """Return a job's status, coloured."""
    status = "failed" if job.is_failed else one_line(str(job.status or "unknown"))
    return Text(status, style=_STYLES.get(status.casefold(), ""))


def _what(job: Job) -> str | None:
    return job.error_message or job.video_url or job.progress_message


def _what_shown(job: Job) -> str:
    if out_is_terminal() and job.video_url and not job.error_message:
        # A URL would fill the table; 'pictory job' shows it.
        return "a video" if job.duration is None else f"a video of {job.duration:g} s"
    return as_text(_what(job))


_TABLE: Final[Table[Job]] = Table(
    "jobs",
    (
        Column("id", lambda job: job.id, whole=True),
        Column("status", lambda job: _status(job).plain, _status),
        Column(
            "progress",
            lambda job: job.progress,
            lambda job: "" if job.progress is None else f"{job.progress:g} %",
            unit="%",
        ),
        Column("result", _what, _what_shown),
    ),
)


@click.command("jobs")
@limit_option
@table_options
@base_url_option
@json_option("Print each job as the API sent it, as a JSON document.")
def list_command(*, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the jobs of all kinds, newest first.

    Piped output is one line per job, with tabs between id, status, progress, and the error, the video or the current
    step.
    """
    print_list(base_url, _all, limit, _TABLE, as_json=as_json)


def _facts(job: Job) -> Facts:
    named: list[tuple[str, object]] = [
        ("id", job.id),
        ("status", _status(job)),
        ("progress", None if job.progress is None else f"{job.progress:g} %"),
        ("doing", job.progress_message),
        ("error", job.error_message),
        ("error code", job.error_code),
        ("duration", None if job.duration is None else f"{job.duration:g} s"),
        ("credits", job.ai_credits_used),
        ("video", job.video_url),
        ("audio", job.audio_url),
        ("srt", job.srt_url),
        ("vtt", job.vtt_url),
        ("txt", job.txt_url),
        ("thumbnail", job.thumbnail_url),
        ("share", job.share_url),
    ]
    return [(name, text) for name, value in named if (text := as_text(value))]


@attrs.define
class _Wait:
    """A wait for several jobs, and its progress.

    Attributes:
        settings: Keyword arguments of ``client.jobs.wait``.
        total: The number of jobs.
        done: The number of jobs that have ended.
    """

    settings: dict[str, Any]
    total: int
    done: int = attrs.field(default=0, init=False)
    _running: dict[str, Job] = attrs.field(factory=dict[str, Job], init=False)
    _errors: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)

    async def get(self, client: AsyncPictory, job_id: str) -> Job:
        """Wait for one job, and return it, however it ended."""
        try:
            return await client.jobs.wait(job_id, **self.settings, on_progress=self._on_progress)
        except (JobFailedError, JobCleanedError) as error:  # a result to print, with its reason on standard error
            self._errors[job_id] = error
            return await client.jobs.get(job_id)
        finally:
            self._running.pop(job_id, None)
            self.done += 1

    def _on_progress(self, job: Job) -> None:
        self._running[job.id] = job

    def report(self, job: Job) -> int:
        """Report why a job is not completed, and return the exit code."""
        error = self._errors.get(job.id)
        return SUCCESS if error is None else report_error(error)

    def progress(self) -> object:
        """Return what changes while the jobs make progress."""
        return {job.id: (job.status, job.progress) for job in self._running.values()}

    def line(self) -> str:
        """Return the progress in one line, for logs."""
        return f"{self.done} of {self.total} done"

    def frame(self, height: int) -> RenderableType:
        """Return the progress as a frame, for a terminal."""
        bars = [
            Bar(
                job.id,
                job.progress or 0.0,
                100.0,
                f"{job.progress_message or job.status or ''} {job.progress or 0:.0f} %",
            )
            for job in self._running.values()
        ]
        return Group(Text(f"Waiting for jobs: {self.line()}", style="bold"), BarGrid(bars[: max(1, height - 3)]))


@click.command("job")
@ids_argument
@click.option("--wait", is_flag=True, help="Wait until all are completed.")
@wait_options
@base_url_option
@json_option("Print each job as the API sent it, as a JSON document.")
def show_command(
    *, ids: tuple[str, ...], wait: bool, settings: dict[str, Any], base_url: str | None, as_json: bool
) -> None:
    """Show jobs as they are now, or wait for them.

    A job is background work of the API, such as a render. Jobs are fetched concurrently. Without --wait, a failed job
    is shown like any other.
    """

    def show(job: Job) -> None:
        if as_json:
            echo_json({"job_id": job.id, **job.to_dict()})
        else:
            echo_facts(_facts(job))

    json_id = "job_id" if as_json else None
    if not wait:
        print_each(base_url, ids, _get, show, apart=not as_json, noun="job", json_id=json_id)
    waiting = _Wait(settings, len(collect_ids(ids, noun="job")))

    def show_end(job: Job) -> int:
        show(job)
        return waiting.report(job)

    during = live_display(waiting.frame, waiting.line, share=lambda: waiting.done / waiting.total)
    print_each(
        base_url,
        ids,
        waiting.get,
        show_end,
        apart=not as_json,
        during=during,
        progress=waiting.progress,
        noun="job",
        json_id=json_id,
    )


async def _get(client: AsyncPictory, job_id: str) -> Job:
    return await client.jobs.get(job_id)
