"""What a client reports to the ``on_event`` of `AsyncPictory`, as it happens.

Each event is a frozen attrs class with plain values. None of them has the API key, a body, or the query of an address.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from pictory_async._values import ValueObject

__all__ = ["Event", "PaceChanged", "Paused", "PollEnded", "RequestEnded", "WaitBegan", "WaitEnded"]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RequestEnded(ValueObject):
    """A request ended: with a response, with an error, or because it was cancelled.

    It is called in the context of whoever sent it: for a poll, in that of the block of its watch.

    Attributes:
        purpose: ``"call"`` for a call that was made directly, ``"poll"`` for a poll of a wait, ``"download"`` for a
            request to a host of files, ``"upload"`` for a file that is sent to one.
        method: HTTP method.
        host: The host that it went to.
        port: The port of the host.
        path: The path below the base URL; empty for downloads and uploads, because their addresses are secrets.
        template: The path with the name of what stands there instead of an id, such as ``/v2/projects/{project_id}``:
            one of a small number of texts. Empty for downloads.
        project_id: The id of the project in the path, as text; ``None`` if there is none.
        job_id: The id of the job in the path; ``None`` if there is none.
        status: HTTP status of the response; ``None`` if there was none.
        error: Why there was no usable response; ``None`` if there was one, or if the request was cancelled: then
            ``status`` is ``None`` too. A response with a good status may turn out to be unusable later: of a poll,
            `PollEnded` has that error.
        attempt: 1 for a first attempt, 2 for the first retry.
        queue_wait: How long it waited for a slot, for the budget and for a connection, in seconds.
        duration: From when it was written to its end, in seconds; 0 if it was not written.
        received: Bytes of the response's body, decompressed; of a download, as sent.
        request_id: The server's own id of the request; ``None`` if the response has none.
        date: The server's own time, as the header ``Date`` of the response has it; ``None`` if it has none, and for
            downloads and uploads.
        engine: What sent it: ``"httpx"``, ``"httpx2"``, ``"aiohttp"``, or ``"own"`` for a client of yours.
    """

    purpose: str
    method: str
    host: str
    port: int
    path: str = ""
    template: str = ""
    project_id: str | None = None
    job_id: str | None = None
    status: int | None = None
    error: Exception | None = None
    attempt: int = 1
    queue_wait: float = 0.0
    duration: float = 0.0
    received: int = 0
    request_id: str | None = None
    date: str | None = None
    engine: str = ""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class WaitBegan(ValueObject):
    """A wait began, in the context of whoever asked for it.

    Attributes:
        wait: A number that all events of one wait have. No two waits of a program that are open have the same.
        project_id: The project, as it was given; ``None`` for a job alone.
        job_id: The job of its render, if it is known.
    """

    wait: int
    project_id: str | int | None
    job_id: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class PollEnded(ValueObject):
    """A wait got the response to a poll, or its failure. Waits that share a poll get an event each.

    Attributes:
        wait: As of `WaitBegan`.
        project_id: As of `WaitBegan`.
        job_id: As of `WaitBegan`.
        of_job: Whether the job was polled, and not the project.
        seen: What the response shows: of a job, its status; of a project, ``"rendering"``, ``"rendered"``,
            ``"previous"`` (the old video) or ``"idle"``. ``None`` if the poll failed.
        error: Why the poll failed; ``None`` if it did not.
    """

    wait: int
    project_id: str | int | None
    job_id: str | None = None
    of_job: bool = False
    seen: str | None = None
    error: Exception | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class WaitEnded(ValueObject):
    """A wait ended, with its outcome or without one.

    Attributes:
        wait: As of `WaitBegan`.
        project_id: As of `WaitBegan`.
        job_id: As of `WaitBegan`.
        status: The value of its `RenderStatus`; ``None`` if it was cancelled, removed or closed.
        polls: How many usable responses there were.
        waited: How long it lasted, in seconds.
        detection_delay: As of `RenderOutcome`, in seconds.
        error: The outcome's error; ``None`` if the video is there, or there is no outcome.
    """

    wait: int
    project_id: str | int | None
    job_id: str | None = None
    status: str | None = None
    polls: int = 0
    waited: float = 0.0
    detection_delay: float = 0.0
    error: Exception | None = None


@attrs.frozen(repr=False, eq=False)
class Paused(ValueObject):
    """The limiter was told to pause, because of a response.

    Attributes:
        seconds: How long the server asked to wait; 0 if it did not say, and the limiter decides.
        reason: ``"refused"`` if there were too many requests, ``"asked"`` if another response asked for a pause.
    """

    seconds: float
    reason: str


@attrs.frozen(repr=False, eq=False)
class PaceChanged(ValueObject):
    """The limiter's pace changed by 1 % or more, or is the nominal one again.

    Attributes:
        old: The share of the nominal pace that was reported last; the first is 1.
        new: The share now. The nominal pace is that which the limiter had when the client was made.
    """

    old: float
    new: float


Event: TypeAlias = RequestEnded | WaitBegan | PollEnded | WaitEnded | Paused | PaceChanged
"""Anything that ``on_event`` is called with."""
