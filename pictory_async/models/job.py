"""Jobs: what the API does in the background, such as rendering a video."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import attrs

from pictory_async.models._base import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Job", "JobStatus"]


class JobStatus(StrEnum):
    """The states of a job that are documented at https://docs.pictory.ai/api-reference/jobs/get-job-by-id.

    Other values and spellings stay strings. The properties of :class:`Job` ignore case.
    """

    PENDING = "pending"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CLEANED = "cleaned"


_NOT_FOUND = frozenset({"5000", "job_not_found"})


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Job(Model):
    """A job as one response of the API shows it.

    From https://docs.pictory.ai/api-reference/jobs/get-video-render-job-by-id and
    https://docs.pictory.ai/api-reference/jobs/get-job-by-id. The attributes are those of render jobs; the
    results of other kinds of jobs are in :attr:`output`.

    Attributes:
        id: The job's id.
        success: ``False`` if the job failed.
        status: Its state; see :attr:`is_finished` and the other properties.
        progress: The progress of rendering in percent; ``None`` before rendering starts.
        progress_message: The current step, such as ``Generating video``.
        render_state: State of the renderer, such as ``RUNNING``; the values are not documented.
        video_url: The rendered video.
        share_url: A page where anyone can watch the video.
        thumbnail_url: A picture of the video.
        audio_url: The audio track of the video.
        srt_url: Subtitles in the SRT format.
        vtt_url: Subtitles in the WebVTT format.
        txt_url: The spoken text.
        duration: Duration of the video in seconds.
        ai_credits_used: AI credits that the job cost.
        error_code: Why it failed, such as ``TEXT_TO_VIDEO_FAILED``; a string even if the API sends a number.
        error_message: Why it failed, in a sentence.
    """

    id: str
    success: bool | None = attrs.field(default=None, repr=False)
    status: JobStatus | str | None = None
    progress: float | None = None
    progress_message: str | None = attrs.field(default=None, repr=False)
    render_state: str | None = attrs.field(default=None, repr=False)
    video_url: str | None = attrs.field(default=None, repr=False)
    share_url: str | None = attrs.field(default=None, repr=False)
    thumbnail_url: str | None = attrs.field(default=None, repr=False)
    audio_url: str | None = attrs.field(default=None, repr=False)
    srt_url: str | None = attrs.field(default=None, repr=False)
    vtt_url: str | None = attrs.field(default=None, repr=False)
    txt_url: str | None = attrs.field(default=None, repr=False)
    duration: float | None = attrs.field(default=None, repr=False)
    ai_credits_used: float | None = attrs.field(default=None, repr=False)
    error_code: str | None = None
    error_message: str | None = None

    @property
    def output(self) -> Mapping[str, Any]:
        """The results that no attribute shows, such as a ``transcript`` or a ``previewUrl``. Read-only."""
        data = self._extra.get("data")
        return MappingProxyType(cast("dict[str, Any]", data) if isinstance(data, dict) else {})

    def _has(self, status: JobStatus) -> bool:
        return self.status is not None and self.status.casefold() == status.value

    @property
    def is_completed(self) -> bool:
        """Whether the job finished successfully."""
        return self._has(JobStatus.COMPLETED)

    @property
    def is_cleaned(self) -> bool:
        """Whether the job's results were deleted; whether it succeeded is then unknown."""
        return self._has(JobStatus.CLEANED)

    @property
    def is_missing(self) -> bool:
        """Whether the API has no such job (``JOB_NOT_FOUND``, code ``5000``)."""
        texts = (self.error_code, self.error_message)
        return any(text is not None and text.strip().casefold() in _NOT_FOUND for text in texts)

    @property
    def is_failed(self) -> bool:
        """Whether the job failed: its status says so, or ``success`` is ``False`` and the status is not a known one."""
        if self.is_missing:
            return False
        if self._has(JobStatus.FAILED):
            return True
        return self.success is False and not any(self._has(status) for status in JobStatus)

    @property
    def is_finished(self) -> bool:
        """Whether the job has ended: it is completed, failed, cleaned or missing. An unknown state is not an end."""
        return self.is_completed or self.is_failed or self.is_cleaned or self.is_missing
