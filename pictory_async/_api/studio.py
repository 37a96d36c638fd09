"""The calls of AI Studio, which makes pictures and videos from words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pictory_async import models
from pictory_async._api.listing import list_of
from pictory_async._api.requests import start_job
from pictory_async._codec.answers import view_of
from pictory_async._codec.json_bytes import is_list
from pictory_async._settings.given import address, body_of, text, whole
from pictory_async._settings.mistakes import hinted
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pictory_async._api.jobs import Jobs
    from pictory_async._api.listing import Listing
    from pictory_async._http.transport import Transport
    from pictory_async._settings.durations import Duration

M = TypeVar("M", bound=models.Model)


class _Studio(Generic[M]):
    """What pictures and videos have in common."""

    def __init__(self, transport: Transport, jobs: Jobs, what: str, item: type[M]) -> None:
        self._transport = transport
        self._jobs = jobs
        self._path = f"/v1/aistudio/{what}s"
        self._what = what
        self._item = item

    def list(self) -> Listing[M]:
        """List what the account made so far, across all pages, as an async iterator."""
        return list_of(self._transport, self._path, f"the list of AI {self._what}s", self._item)

    @hinted
    async def wait(
        self,
        job_id: str,
        *,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        on_progress: Callable[[models.Job], object] | None = None,
    ) -> M:
        """Wait until it is made. Several waits for one job share its polls.

        Args:
            job_id: The job, as ``start`` returned it.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two polls; Pictory recommends 10 to 30.
            on_progress: Called with the job after each poll that shows it unfinished.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobFailedError: The job failed, such as with the code ``INSUFFICIENT_CREDITS``.
            JobCleanedError: The job's results were deleted.
            WaitTimeoutError: ``max_wait`` is over. The job continues: wait again.
            NotFoundError: There is no such job for this key, confirmed by a second poll.
            MalformedResponseError: The job is completed, but shows no result.
            APIError: The responses stayed unusable.
        """
        job = await self._jobs.wait(job_id, max_wait=max_wait, interval=interval, on_progress=on_progress)
        return view_of(self._item, job, "url")

    async def _start(self, prompt: str, fields: Mapping[str, Any], extra: Mapping[str, Any] | None) -> str:
        # Limits and names as documented; which models and ratios there are, the API decides.
        named = {"prompt": text("prompt", prompt, least=5, most=5000), **fields}
        for name in ("webhook", *_SOURCES):
            value = named.get(name)
            for one in value if is_list(value) else [value]:
                if value is not None:
                    address(name, one, most=500 if name == "webhook" else None)
        return await start_job(self._transport, self._path, f"the AI {self._what}", body_of(named, extra))


_SOURCES = ("referenceImageUrl", "referenceImageUrls", "firstFrameImageUrl", "extendVideoUrl")


class AiImages(_Studio[models.AiImage]):
    """The calls about pictures of AI Studio: ``client.ai_images``."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        super().__init__(transport, jobs, "image", models.AiImage)

    async def start(
        self,
        prompt: str,
        *,
        model: str | None = None,
        aspect_ratio: str | None = None,
        style: str | None = None,
        reference_image_url: str | None = None,
        webhook: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Start to make a picture, and return the id of the job. Each costs AI credits, so it is requested once.

        See https://docs.pictory.ai/api-reference/ai-studio/generate-image.

        Args:
            prompt: What it is to show, in 5 to 5,000 characters.
            model: ``seedream3.0`` (which is the default), ``flux-schnell``, ``nanobanana`` or ``nanobanana-pro``.
            aspect_ratio: Such as ``16:9``.
            style: Such as ``photorealistic``.
            reference_image_url: A picture to start from.
            webhook: An address that Pictory calls when the job is completed.
            extra: Other fields in the API's spelling.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobSubmitUncertainError: The response was lost: the picture may be being made. `list` shows it then.
            APIError: Nothing was started.
        """
        fields = {
            "model": model,
            "aspectRatio": aspect_ratio,
            "style": style,
            "referenceImageUrl": reference_image_url,
            "webhook": webhook,
        }
        return await self._start(prompt, fields, extra)


class AiVideos(_Studio[models.AiVideo]):
    """The calls about videos of AI Studio: ``client.ai_videos``."""

    def __init__(self, transport: Transport, jobs: Jobs) -> None:
        super().__init__(transport, jobs, "video", models.AiVideo)

    async def start(  # noqa: PLR0913 - each is a field of the request
        self,
        prompt: str,
        *,
        model: str | None = None,
        aspect_ratio: str | None = None,
        seconds: int | None = None,
        first_frame_image_url: str | None = None,
        extend_video_url: str | None = None,
        reference_image_urls: Sequence[str] | None = None,
        webhook: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """Start to make a video, and return the id of the job. Each costs AI credits, so it is requested once.

        See https://docs.pictory.ai/api-reference/ai-studio/generate-video.

        Args:
            prompt: What it is to show, in 5 to 5,000 characters.
            model: ``pixverse5.5`` (which is the default), ``veo3.1`` or ``veo3.1_fast``.
            aspect_ratio: Such as ``16:9``.
            seconds: How long it is: 5, 8 or 10 for ``pixverse5.5``, 4, 6 or 8 for the others.
            first_frame_image_url: The picture that it begins with.
            extend_video_url: The video that it continues.
            reference_image_urls: Pictures of what it shows. At most one of these three can be given.
            webhook: An address that Pictory calls when the job is completed.
            extra: Other fields in the API's spelling.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            JobSubmitUncertainError: The response was lost: the video may be being made. `list` shows it then.
            APIError: Nothing was started.
        """
        length = None if seconds is None else f"{whole('seconds', seconds, least=1)}s"
        sources = {
            "firstFrameImageUrl": first_frame_image_url,
            "extendVideoUrl": extend_video_url,
            "referenceImageUrls": None if reference_image_urls is None else [*reference_image_urls],
        }
        if sum(source is not None for source in sources.values()) > 1:
            names = "first_frame_image_url, extend_video_url and reference_image_urls"
            raise PictoryConfigError(f"{names} exclude each other. Keep one of them.")
        fields = {
            "model": model,
            "aspectRatio": aspect_ratio,
            "duration": length,
            **sources,
            "webhook": webhook,
        }
        return await self._start(prompt, fields, extra)
