"""Requests that cost money: each is sent once, and what it leads to is known or called uncertain."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async._codec.answers import decode_render_started
from pictory_async._http.messages import Body
from pictory_async._log import LogEvent, write
from pictory_async._polling import logged
from pictory_async._polling.evidence import baseline_of
from pictory_async._polling.handle import RenderHandle
from pictory_async._settings.paths import project_path
from pictory_async.errors import (
    APIError,
    ConnectionFailedError,
    JobSubmitUncertainError,
    RenderSubmitUncertainError,
    RequestTimeoutError,
    StatusError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pictory_async._http.transport import Transport
    from pictory_async.models import Project, ProjectId


async def request_render(
    transport: Transport, before: Project, project_id: ProjectId, now: datetime | None = None
) -> RenderHandle:
    """Request the render of a project.

    Args:
        transport: What sends the request.
        before: The project just before.
        project_id: Its id as the caller gave it.
        now: The time that the handle has as that of the request; by default, it is taken here.

    Raises:
        RenderSubmitUncertainError: The response was lost.
        APIError: Nothing was started.
    """
    # From before the request: a render can be quick.
    handle = RenderHandle(
        project_id=project_id, generated_before=baseline_of(before), requested_at=now or datetime.now(UTC)
    )
    path, subject = f"{project_path(project_id)}/render", handle.subject
    job = await start_once(transport, path, subject, partial(logged.render_cancelled, handle=handle))
    if not isinstance(job, Lost):
        logged.render_requested(project_id, job)
        return attrs.evolve(handle, job_id=job)
    text = (
        f"It is not known whether {subject} was started: {job.cause} The request was not sent again, because each "
        "render is billed. Wait for error.handle: a render that was started is seen within start_grace."
    )
    raise RenderSubmitUncertainError(text, handle=handle, cause=job.cause)


@attrs.frozen
class Lost:
    """What is known of a request whose response was lost: it may have started something.

    Attributes:
        cause: What happened.
    """

    cause: str


async def start_once(
    transport: Transport,
    path: str,
    subject: str,
    cancelled: Callable[[BaseException], object],
    body: Body | None = None,
    *,
    method: str = "POST",
) -> str | Lost:
    """Send a request that starts a job, once: each is billed.

    Args:
        transport: What sends the request.
        path: Where it goes.
        subject: What errors call the job.
        cancelled: Called with what ends the request without a response, such as a cancellation: the job may run, and
            whoever cancels a call cannot be told.
        body: What is sent.
        method: Of the request.

    Returns:
        The id of the job.

    Raises:
        APIError: Nothing was started.
    """
    try:
        return await transport.submit(path, subject, decode_render_started, body, method=method)
    except APIError as error:
        if proves_nothing_started(error):
            raise
        return Lost(str(error))
    except BaseException as error:
        cancelled(error)
        raise


def proves_nothing_started(error: APIError) -> bool:
    """Whether a failed request started nothing, so that the caller may send another: each one is billed."""
    if isinstance(error, (ConnectionFailedError, RequestTimeoutError)):
        return not error.sent
    # A gateway's response proves nothing, and neither does an error of the server or a 408 (Request Timeout).
    return isinstance(error, StatusError) and error.from_api and error.status in {*range(400, 500)} - {408}


async def start_job(transport: Transport, path: str, subject: str, fields: Mapping[str, Any]) -> str:
    """Start a job that is no render, and return its id. It is billed, so it is requested once.

    Args:
        transport: What sends the request.
        path: Where it goes.
        subject: What errors call the job.
        fields: Its body.

    Raises:
        JobSubmitUncertainError: The response was lost.
        APIError: Nothing was started.
    """
    requested_at = datetime.now(UTC)

    def cancelled(error: BaseException) -> None:
        if not isinstance(error, Exception):
            write(LogEvent.JOB_CANCELLED, "%s may have been started at %s", subject, requested_at.isoformat())

    job = await start_once(transport, path, subject, cancelled, Body(fields))
    if not isinstance(job, Lost):
        write(LogEvent.JOB_REQUESTED, "%s is job %r", subject, job, job_id=job)
        return job
    text = (
        f"It is not known whether {subject} was started: {job.cause} The request was not sent again, because each is "
        "billed. Look for it in the list of jobs, which has the newest first."
    )
    raise JobSubmitUncertainError(text, requested_at=requested_at, cause=job.cause)
