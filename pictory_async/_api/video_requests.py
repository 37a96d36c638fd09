"""Requests that start a video or a preview: each is sent once, and what it leads to is known or called uncertain."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async._api.requests import Lost, start_once
from pictory_async._log import LogEvent, write
from pictory_async._polling import logged
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError, VideoSubmitUncertainError
from pictory_async.video import VideoRequest

if TYPE_CHECKING:
    from pictory_async._http.messages import Body
    from pictory_async._http.transport import Transport
    from pictory_async._polling.handle import VideoHandle


def checked_request(request: VideoRequest) -> dict[str, Any]:
    """The body of a request that has no errors. Its warnings are written to the log.

    Raises:
        PictoryConfigError: It has errors, or is no request.
    """
    if not isinstance(request, VideoRequest):
        raise PictoryConfigError(
            f"This is not a VideoRequest: {brief(request)}. VideoRequest.from_dict reads one from JSON."
        )
    for found in request.validate():
        write(LogEvent.VIDEO_WARNING, "%s", f"{found.path}: {found.message}")
    return request.to_dict()


async def request_video(
    transport: Transport, path: str, handle: VideoHandle, body: Body | None, *, method: str = "POST"
) -> VideoHandle:
    """Request a video or a preview, once.

    Args:
        transport: What sends the request.
        path: Where it goes.
        handle: What is known of it already; it gets the time of the request, and the job.
        body: What is sent.
        method: Of the request.

    Raises:
        VideoSubmitUncertainError: The response was lost.
        APIError: Nothing was started.
    """
    handle = attrs.evolve(handle, requested_at=datetime.now(UTC))
    cancelled = partial(logged.render_cancelled, handle=handle)
    job = await start_once(transport, path, handle.subject, cancelled, body, method=method)
    if not isinstance(job, Lost) and job == handle.after_job:
        job = Lost(f"The response names job {job!r}, which was there before.")
    if not isinstance(job, Lost):
        logged.video_requested(handle, job)
        return attrs.evolve(handle, job_id=job)
    text = (
        f"It is not known whether {handle.subject} was started: {job.cause} The request was not sent again, because it "
        "may be billed. client.videos.find(error.handle) looks for its job."
    )
    raise VideoSubmitUncertainError(text, handle=handle, cause=job.cause)
