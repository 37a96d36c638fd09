"""Errors of files, of changes, and of requests that are billed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async._values import fact, with_facts
from pictory_async.errors._base import PictoryError

if TYPE_CHECKING:
    from datetime import datetime

    from pictory_async._files.downloads import DownloadReport
    from pictory_async._polling.handle import RenderHandle, VideoHandle
    from pictory_async.models import Project, ProjectId


@with_facts
class DownloadError(PictoryError):
    """A file could not be downloaded completely. The part on disk stays, so that the next download resumes it.

    Attributes:
        done: Bytes on disk.
        total: Size of the file in bytes; ``None`` if the server did not send it.
        report: The results for all files of the project.
        errno: The error number of the operating system if the file could not be written, such as ``errno.ENOSPC`` for a
            full disk: then a retry fails as well. ``None`` if the reason is another one.
    """

    done: int = 0
    total: int | None = None
    report: DownloadReport | None = None
    errno: int | None = None


@with_facts
class UploadError(PictoryError):
    """A file could not be uploaded. Nothing of it can be used; upload it again.

    Attributes:
        status: The HTTP status of the store of files; ``None`` if there was no response.
        code: The store's code for what is wrong, such as ``EntityTooLarge``.
        done: Bytes that were sent in the last attempt.
        total: Size of the file in bytes.
    """

    status: int | None = None
    code: str | None = None
    done: int = 0
    total: int = 0


@with_facts
class OutdatedVideoError(PictoryError):
    """With ``fresh=True``: the video is outdated, or not known to show the project as it was last saved.

    Attributes:
        project_id: The id of the project.
        is_outdated: ``True`` if the project is known to have been saved since; ``None`` if that is not known.
        project: The project as it was fetched, with its video.
    """

    project_id: ProjectId | None = None
    is_outdated: bool | None = None
    project: Project | None = None


@with_facts
class ProjectConflictError(PictoryError):
    """A project was changed since it was fetched, so nothing was written; or it does not show what was written.

    Attributes:
        project_id: The id of the project.
        project: The project as it is now.
        places: Where it differs from what was expected, such as ``$.scenes[0].text``.
    """

    project_id: ProjectId | None = None
    project: Project | None = None
    places: tuple[str, ...] = ()


@with_facts
class SubmitUncertainError(PictoryError):
    """The response to a request that starts something was lost, so it may have started or not.

    What is started is billed, so the request was not sent again.

    Attributes:
        cause: What happened, as text.
    """

    cause: str = ""


@with_facts
class RenderSubmitUncertainError(SubmitUncertainError):
    """The response to a render request was lost, so the render may have started or not.

    To find out, watch ``client.projects.watch([error.handle])``:
    if no render started, the outcome is ``NOT_STARTED``.

    Attributes:
        handle: The render, without a job id.
    """

    # Here it is always given. Facts do not change, so a narrower type is no danger.
    handle: RenderHandle = fact(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride]


@with_facts
class VideoSubmitUncertainError(SubmitUncertainError):
    """The response to a request for a video, or for a preview, was lost, so its job may have started or not.

    ``client.videos.find(error.handle)`` looks for its job.

    Attributes:
        handle: The video, without a job id.
    """

    # Here it is always given. Facts do not change, so a narrower type is no danger.
    handle: VideoHandle = fact(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride]


@with_facts
class JobSubmitUncertainError(SubmitUncertainError):
    """The response to a request for a transcript, a picture or a video of AI Studio was lost.

    To find out, look through
    ``client.jobs.list()``, which has the newest first, and for what AI Studio makes through its list.

    Attributes:
        requested_at: When the job was requested, by this machine's clock.
    """

    requested_at: datetime | None = None


class LedgerError(PictoryError):
    """The ledger cannot be used: what is not remembered must not be paid for."""
