"""`pictory job`: jobs as they are now, or as they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import click
from rich.console import Group
from rich.text import Text

from pictory_async.cli._bars import Bar, grid_of
from pictory_async.cli._jobs import job_status
from pictory_async.cli._live import showing
from pictory_async.cli._options import as_json, base_url, given_ids, patience, timely
from pictory_async.cli._snapshots import complain, print_each
from pictory_async.cli._text import echo_facts, echo_json, shown
from pictory_async.errors import JobCleanedError, JobFailedError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pictory_async import AsyncPictory, Job
    from pictory_async.cli._text import Facts

__all__ = ["command"]


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
    """A wait for several jobs, as `pictory_async.cli._live.showing` shows it.

    Attributes:
        keywords: Those of ``client.jobs.wait``.
        total: How many jobs there are.
        running: Those that are not finished, as they were last seen.
        errors: Why jobs are not completed, by id.
    """

    keywords: dict[str, Any]
    total: int
    running: dict[str, Job] = attrs.field(factory=dict[str, "Job"], init=False)
    errors: dict[str, Exception] = attrs.field(factory=dict[str, Exception], init=False)
    done: int = attrs.field(default=0, init=False)

    async def get(self, client: AsyncPictory, job_id: str) -> Job:
        """Wait for one job, and return it however it ended."""
        try:
            async with showing(self.frame, self.line):
                return await client.jobs.wait(job_id, **self.keywords, on_progress=self.note)
        except (JobFailedError, JobCleanedError) as error:
            self.errors[job_id] = error
            return await client.jobs.get(job_id)
        finally:
            self.running.pop(job_id, None)
            self.done += 1

    def note(self, job: Job) -> None:
        self.running[job.id] = job

    def line(self) -> str:
        return f"{self.done} of {self.total} done"

    def frame(self, height: int) -> RenderableType:
        bars = [
            Bar(job.id, job.progress or 0.0, 100.0, f"{job.progress or 0:.0f} %  {job.progress_message or job.status}")
            for job in self.running.values()
        ]
        return Group(Text(self.line(), style="bold"), grid_of(bars[: max(1, height - 3)]))
