"""`pictory job`: jobs as they are now, or as they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs
import click
from rich.console import Group
from rich.text import Text

from pictory_async import Job
from pictory_async.cli._bars import Bar, grid_of
from pictory_async.cli._exits import SUCCESS
from pictory_async.cli._jobs import job_status
from pictory_async.cli._live import showing
from pictory_async.cli._options import as_json, base_url, given_ids, patience, timely
from pictory_async.cli._snapshots import complain, print_each
from pictory_async.cli._text import echo_facts, echo_json, shown
from pictory_async.errors import JobCleanedError, JobFailedError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pictory_async import AsyncPictory
    from pictory_async.cli._text import Facts

__all__ = ["command"]

EPILOG: Final = """\
\b
Exit codes: 0 all are there, and with --wait completed; 1 one could not be had;
with --wait also 3 one failed or was cleaned up, 4 the time is spent.
"""


def _facts(job: Job) -> Facts:
    named: list[tuple[str, object]] = [
        ("id", job.id),
        ("status", job_status(job)),
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
    return [(name, text) for name, value in named if (text := shown(value))]


@attrs.define
class _Wait:
    """A wait for several jobs, and how far they are.

    Attributes:
        keywords: Those of ``client.jobs.wait``.
        total: How many jobs there are.
    """

    keywords: dict[str, Any]
    total: int
    done: int = attrs.field(default=0, init=False)
    _running: dict[str, Job] = attrs.field(factory=dict[str, Job], init=False)
    _errors: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)

    async def get(self, client: AsyncPictory, job_id: str) -> Job:
        """Wait for one job, and return it however it ended."""
        try:
            return await client.jobs.wait(job_id, **self.keywords, on_progress=self._note)
        except (JobFailedError, JobCleanedError) as error:
            self._errors[job_id] = error
            return await client.jobs.get(job_id)
        finally:
            self._running.pop(job_id, None)
            self.done += 1

    def _note(self, job: Job) -> None:
        self._running[job.id] = job

    def complain(self, job: Job) -> int:
        """Say why a job is not completed, and return the exit code."""
        error = self._errors.get(job.id)
        return SUCCESS if error is None else complain(error)

    def line(self) -> str:
        """How far they are, for logs."""
        return f"{self.done} of {self.total} done"

    def frame(self, height: int) -> RenderableType:
        """How far they are, for a terminal."""
        bars = [
            Bar(
                job.id,
                job.progress or 0.0,
                100.0,
                f"{job.progress_message or job.status or ''} {job.progress or 0:.0f} %",
            )
            for job in self._running.values()
        ]
        return Group(Text(f"Waiting for jobs: {self.line()}", style="bold"), grid_of(bars[: max(1, height - 3)]))


@click.command("job", epilog=EPILOG)
@given_ids
@click.option("--wait", is_flag=True, help="Wait until all are completed.")
@patience
@base_url
@as_json("Print each job as the API sent it, a JSON document each.")
def command(
    *, ids: tuple[str, ...], wait: bool, max_wait: float, interval: float, base_url: str | None, as_json: bool
) -> None:
    """Show jobs as they are now, or wait for them.

    A job is what the API does in the background, such as a render. Several are fetched at once. Without --wait, a job
    that failed is shown like any other.
    """

    def show(job: Job) -> None:
        if as_json:
            echo_json(job.to_dict())
        else:
            echo_facts(_facts(job))

    if not wait:
        print_each(base_url, ids, _get, show, apart=not as_json)
    waiting = _Wait(timely(max_wait, interval), len(ids))

    def show_end(job: Job) -> int:
        show(job)
        return waiting.complain(job)

    during = showing(waiting.frame, waiting.line)
    print_each(base_url, ids, waiting.get, show_end, apart=not as_json, during=during)


async def _get(client: AsyncPictory, job_id: str) -> Job:
    return await client.jobs.get(job_id)
