"""What became of one video of a batch: a value, never an exception that ends the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from pictory_async._api.results import SUCCESSES, ResultStatus
from pictory_async._files.downloads import DownloadReport
from pictory_async._polling.handle import VideoHandle
from pictory_async._polling.outcome import RenderOutcome
from pictory_async._values import Displayed, ValueObject
from pictory_async.errors import PictoryError
from pictory_async.models.video import Video
from pictory_async.video import VideoRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VideoResult(Displayed, ValueObject):
    """What became of one video of a batch.

    Attributes:
        key: The key of its order, or what was made of its request instead; ``None`` if it was no request either.
        request: What was to be made.
        status: What became of it.
        paid: Whether this batch requested it, and it was started. If the status is ``UNCERTAIN``, it may have been.
        video: The video; ``None`` if there is none.
        handle: The video as it was requested, if it was.
        outcome: How the wait for it ended, if there was one.
        report: What was downloaded, if ``download_to`` was given and there is a video.
        error: Why there is no video, or why something is not downloaded; ``None`` if all is well.
    """

    key: str | None
    request: VideoRequest
    status: ResultStatus
    paid: bool = False
    video: Video | None = None
    handle: VideoHandle | None = None
    outcome: RenderOutcome | None = None
    report: DownloadReport | None = None
    error: PictoryError | None = None

    @property
    def ok(self) -> bool:
        """Whether the video is there or was requested, and nothing failed."""
        return self.error is None and self.status in SUCCESSES

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield "key", self.key
        yield "name", getattr(self.request, "video_name", None)
        yield "status", self.status
        yield "paid", self.paid
        yield "error", self.error

    def to_dict(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        video, report = self.video, self.report
        return {
            "key": self.key,
            "name": getattr(self.request, "video_name", None),
            "status": self.status.value,
            "paid": self.paid,
            "job_id": None if self.handle is None else self.handle.job_id,
            "video_url": None if video is None else video.url,
            "share_url": None if video is None else video.share_url,
            "duration": None if video is None else video.duration,
            "ai_credits_used": None if video is None else video.ai_credits_used,
            "files": [] if report is None else report.to_dict()["files"],
            "error": None if self.error is None else str(self.error),
        }
