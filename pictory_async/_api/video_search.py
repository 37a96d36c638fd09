"""Looks for the job of a request whose response was lost."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote, urlsplit

import attrs

from pictory_async._api.job_search import jobs_since
from pictory_async._api.listing import Listing
from pictory_async._codec.answers import decode_project_page
from pictory_async._polling.handle import VideoHandle
from pictory_async._values import ValueObject
from pictory_async.models import Job, ProjectItem

if TYPE_CHECKING:
    from collections.abc import Collection

    from pictory_async._http.transport import Transport

_PUNCTUATION: Final = re.compile(r"[\W_]+")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VideoSearch(ValueObject):
    """What is known of a request whose response was lost.

    The list of jobs has no names. So a job that is newer than the request may be its job, or one that somebody else
    started at the same time; the name of a finished video tells them apart.

    Attributes:
        handle: The request.
        jobs: The jobs that can be its job, newest first.
        matches: Those of them whose video has the name that was asked for.
        projects: Projects of that name, if one was to be saved.
        is_complete: Whether all jobs since the request were seen. It is ``False`` if the newest job before the request
            is not known, or is not in the list any more.
        is_late: Whether the request was sent so long ago that its job must be in the list.
    """

    handle: VideoHandle
    jobs: tuple[Job, ...] = ()
    matches: tuple[Job, ...] = ()
    projects: tuple[ProjectItem, ...] = ()
    is_complete: bool = False
    is_late: bool = False

    @property
    def started(self) -> bool | None:
        """Whether the request started a job; ``None`` if that is not known, or not known yet.

        It did not if there is no job that can be its own some time after the request. It did if there is a video of its
        name.
        """
        if self.matches:
            return True
        return False if self.is_late and self.is_complete and not self.jobs else None

    @property
    def found(self) -> VideoHandle | None:
        """The handle with its job, to wait for; ``None`` unless exactly one video has its name."""
        return attrs.evolve(self.handle, job_id=self.matches[0].id) if len(self.matches) == 1 else None


async def find_video(
    transport: Transport, handle: VideoHandle, known: Collection[str], start_grace: float
) -> VideoSearch:
    """Look for the job of a request in the list of jobs, and for the project that it saves.

    Args:
        transport: What sends the requests.
        handle: The request.
        known: Jobs of other requests.
        start_grace: Seconds after the request in which its job may be missing in the list.

    Raises:
        APIError: A list could not be read.
    """
    # From before the list is read: what happens after it, the list cannot show.
    age = None if handle.requested_at is None else (datetime.now(UTC) - handle.requested_at).total_seconds()
    jobs, is_complete = await jobs_since(transport, handle.after_job)
    # An account that had no job and has some by now: a list without any does not show them.
    is_complete = is_complete and not (known and not jobs and handle.after_job == "")
    name = plain_name(handle.name)
    likely = [job for job in jobs.values() if job.id not in known and _can_be(job, handle)]
    projects: list[ProjectItem] = []
    if handle.saves_project:
        listing = Listing(transport, "/v2/projects", "the list of projects", "pagekey", decode_project_page)
        projects = [item async for item in listing if item.name == handle.name]
    return VideoSearch(
        handle=handle,
        jobs=tuple(likely),
        matches=tuple(job for job in likely if name and name_of(job) == name),
        projects=tuple(projects),
        is_complete=is_complete,
        is_late=age is not None and age >= start_grace,
    )


def _can_be(job: Job, handle: VideoHandle) -> bool:
    if not job.is_completed:
        return True
    made: Any = job.output.get("previewUrl") if handle.is_preview else job.video_url
    return bool(made) or not (job.output or job.video_url)  # without results it may be of any kind


def name_of(job: Job) -> str | None:
    """The letters and digits of the name of what is finished: of a video, that of its file; ``None`` if it has none."""
    storyboard = job.output.get("storyboard")
    if isinstance(storyboard, dict):
        found = cast("dict[str, Any]", storyboard).get("videoName")
        return plain_name(found) if isinstance(found, str) else None
    if not job.video_url:
        return None
    return plain_name(unquote(urlsplit(job.video_url).path.rpartition("/")[2]).rpartition(".")[0])


def plain_name(name: str) -> str:
    """The letters and digits of a name: the service may write it in another way as that of a file."""
    return _PUNCTUATION.sub("_", name).strip("_").casefold()
