"""What is uploaded, and what AI Studio made."""

from __future__ import annotations

from datetime import datetime

import attrs

from pictory_async.models._base import Model, as_utc

__all__ = ["AiImage", "AiVideo", "UploadTarget"]


@attrs.frozen(kw_only=True, repr=False, eq=False)
class UploadTarget(Model):
    """Where a file can be uploaded to, and where it will be.

    From https://docs.pictory.ai/api-reference/media-management/generate-signed-url.

    Attributes:
        signed_url: Where it is sent, with PUT and without the API key. It works for 24 hours, and for whoever has it.
        url: Where it is then, for good: for a video's ``visualUrl`` and ``audioUrl``, or to transcribe it.
        key: Its name in the store.
    """

    signed_url: str = attrs.field(repr=False)
    url: str
    key: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AiImage(Model):
    """A picture that AI Studio made.

    From https://docs.pictory.ai/api-reference/ai-studio/get-images and
    https://docs.pictory.ai/api-reference/ai-studio/get-image-job. The list and the job show different parts of it.

    Attributes:
        id: The picture's id: that of the job that made it.
        url: The picture.
        prompt: What it was to show.
        model: Such as ``seedream3.0``.
        style: Such as ``photorealistic``.
        aspect_ratio: Such as ``16:9``. Some models make a square picture all the same.
        width: In pixels.
        height: In pixels.
        created_at: When it was made, in UTC.
        reference_image_url: The picture that it was made from.
        ai_credits_used: AI credits that it cost.
    """

    id: str
    url: str | None = None
    prompt: str | None = None
    model: str | None = None
    style: str | None = attrs.field(default=None, repr=False)
    aspect_ratio: str | None = attrs.field(default=None, repr=False)
    width: int | None = attrs.field(default=None, repr=False)
    height: int | None = attrs.field(default=None, repr=False)
    created_at: datetime | None = attrs.field(default=None, converter=as_utc)
    reference_image_url: str | None = attrs.field(default=None, repr=False)
    ai_credits_used: float | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AiVideo(Model):
    """A video that AI Studio made.

    From https://docs.pictory.ai/api-reference/ai-studio/get-videos and
    https://docs.pictory.ai/api-reference/ai-studio/get-video-job. The list and the job show different parts of it.

    Attributes:
        id: The video's id: that of the job that made it.
        url: The video.
        prompt: What it was to show.
        model: Such as ``pixverse5.5``.
        aspect_ratio: Such as ``16:9``.
        duration: In seconds.
        width: In pixels.
        height: In pixels.
        created_at: When it was made, in UTC.
        thumbnail_url: A small picture of it.
        preview_url: A picture of it.
        last_frame_url: A picture of its end, to continue it with.
        ai_credits_used: AI credits that it cost.
    """

    id: str
    url: str | None = None
    prompt: str | None = None
    model: str | None = None
    aspect_ratio: str | None = attrs.field(default=None, repr=False)
    duration: float | None = None
    width: int | None = attrs.field(default=None, repr=False)
    height: int | None = attrs.field(default=None, repr=False)
    created_at: datetime | None = attrs.field(default=None, converter=as_utc)
    thumbnail_url: str | None = attrs.field(default=None, repr=False)
    preview_url: str | None = attrs.field(default=None, repr=False)
    last_frame_url: str | None = attrs.field(default=None, repr=False)
    ai_credits_used: float | None = None
