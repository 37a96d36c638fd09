"""What waits and renders write to the log."""

from __future__ import annotations

from logging import DEBUG
from typing import TYPE_CHECKING, cast

import anyio

from pictory_async._log import LogEvent, write
from pictory_async._values import quotable

if TYPE_CHECKING:
    from pictory_async._polling.handle import RenderHandle, VideoHandle
    from pictory_async._polling.watch import Watch
    from pictory_async.errors import APIError
    from pictory_async.models import Job, ProjectId


def seen_by(watch: Watch, *, of_job: bool) -> str:
    """What the last good response showed to a watch."""
    if of_job:
        return quotable(str(cast("Job", watch.job).status))
    return "rendered" if watch.outcome is not None and watch.outcome.ok else watch.verdict.value


def began(watch: Watch) -> None:
    """Write that a watch began."""
    write(LogEvent.WAIT_BEGAN, "%s", watch.name, project_id=watch.project_id, job_id=watch.job_id)


def polled(watch: Watch, error: APIError | None, *, of_job: bool) -> None:
    """Write what a watch got from a poll."""
    write(
        LogEvent.POLL_ENDED,
        "%s: %s",
        f"job {watch.job_id!r}" if of_job else f"project {watch.project_id!r}",
        seen_by(watch, of_job=of_job) if error is None else error,
        project_id=watch.project_id,
        job_id=watch.job_id,
        status=getattr(error, "status", None),
        request_id=None if error is None else error.request_id,
    )


def unknown_status(watch: Watch, status: str) -> None:
    """Write that a job has a status that is not documented."""
    write(
        LogEvent.JOB_UNKNOWN_STATUS,
        "job %r has status %r; still waiting",
        watch.job_id,
        status,
        project_id=watch.project_id,
        job_id=watch.job_id,
        status=status,
    )


def ended(watch: Watch) -> None:
    """Write how a watch ended, with its outcome or without one."""
    outcome = watch.outcome
    waited = anyio.current_time() - watch.began if outcome is None else outcome.waited
    error = None if outcome is None else outcome.error
    write(
        LogEvent.WAIT_ENDED,
        "%s is %s after %.1f s and %d polls%s",
        watch.name,
        "not waited for any more" if outcome is None else outcome.status.value,
        waited,
        watch.polls,
        "" if error is None else f": {error}",
        level=DEBUG if outcome is None else None,
        project_id=watch.project_id,
        job_id=watch.job_id,
        status=None if outcome is None else outcome.status.value,
        duration=waited,
        request_id=getattr(error, "request_id", None),
    )


def render_requested(project_id: ProjectId, job_id: str | None) -> None:
    """Write that the API accepted a render request."""
    text = "the render of project %r is job %r"
    write(LogEvent.RENDER_REQUESTED, text, project_id, job_id, project_id=project_id, job_id=job_id)


def video_requested(handle: VideoHandle, job_id: str) -> None:
    """Write that the API accepted a request for a video or a preview."""
    write(LogEvent.RENDER_REQUESTED, "%s is job %r", handle.subject, job_id, job_id=job_id)


def render_cancelled(error: BaseException, handle: RenderHandle | VideoHandle) -> None:
    """Write the handle of a render whose call was cancelled, if it was: whoever cancels a call cannot be given it."""
    if isinstance(error, Exception):
        return
    text, project_id = "%s may have been started. %s", getattr(handle, "project_id", None)
    written, job_id = handle.to_json(), handle.job_id
    write(LogEvent.RENDER_CANCELLED, text, handle.subject, written, project_id=project_id, job_id=job_id)
