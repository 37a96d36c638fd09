"""Videos that were made without a project of their own, and their previews."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeGuard

import attrs

from pictory_async._values import Displayed, ValueObject
from pictory_async.models.job import Job
from pictory_async.models.project import Project

if TYPE_CHECKING:
    from pictory_async.models._base import ProjectId

__all__ = ["Preview", "Video", "project_of"]

# The page that names them is cut off, so the likely spellings are tried.
_PROJECT_ID = ("projectId", "project_id")
_PROJECT_URL = ("projectUrl", "projectURL", "project_url")


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class _Made(Displayed, ValueObject):
    """What a job made.

    Attributes:
        job: The job, with everything that the API says about it.
        name: The name that was asked for; empty if that is not known.
    """

    job: Job
    name: str = ""

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self.job.id

    @property
    def project_id(self) -> ProjectId | None:
        """The project that was saved with it, if one was asked for and the job names it."""
        found = self._first(_PROJECT_ID)
        return found if isinstance(found, (str, int)) and not isinstance(found, bool) else None

    @property
    def project_url(self) -> str | None:
        """The address of that project in the web app."""
        return self._text(_PROJECT_URL)

    @property
    def ai_credits_used(self) -> float | None:
        """The AI credits that it cost."""
        return self.job.ai_credits_used

    def _first(self, names: tuple[str, ...]) -> Any:
        return next((self.job.output[name] for name in names if self.job.output.get(name)), None)

    def _text(self, names: tuple[str, ...]) -> str | None:
        found = self._first(names)
        return found if isinstance(found, str) else None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Video(_Made):
    """A video that is finished.

    From https://docs.pictory.ai/api-reference/jobs/get-video-render-job-by-id.

    Attributes:
        job: The job that made it, with everything that the API says about it: ``job.output`` has what no attribute
            shows, such as the address at another host that it was delivered to.
        name: The name that was asked for; empty if that is not known.
    """

    @property
    def url(self) -> str:
        """The address of the video."""
        return self.job.video_url or ""

    @property
    def share_url(self) -> str | None:
        """A page where anyone can watch it."""
        return self.job.share_url

    @property
    def thumbnail_url(self) -> str | None:
        """A picture of it."""
        return self.job.thumbnail_url

    @property
    def audio_url(self) -> str | None:
        """Its audio track."""
        return self.job.audio_url

    @property
    def srt_url(self) -> str | None:
        """Its subtitles in the SRT format."""
        return self.job.srt_url

    @property
    def vtt_url(self) -> str | None:
        """Its subtitles in the WebVTT format."""
        return self.job.vtt_url

    @property
    def txt_url(self) -> str | None:
        """The spoken text."""
        return self.job.txt_url

    @property
    def duration(self) -> float | None:
        """How long it is, in seconds."""
        return self.job.duration

    def to_dict(self) -> dict[str, Any]:
        """The video as plain JSON values."""
        return {"job_id": self.job_id, **dict(self._facts())}

    def _facts(self) -> Iterator[tuple[str, Any]]:
        for name in ("name", "url", "share_url", "thumbnail_url", "audio_url", "srt_url", "vtt_url", "txt_url"):
            yield name, getattr(self, name)
        for name in ("duration", "ai_credits_used", "project_id"):
            yield name, getattr(self, name)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Preview(_Made):
    """A preview of a video: what it will be like, before its render is paid for.

    From https://docs.pictory.ai/api-reference/videos/create-storyboard-preview.

    Attributes:
        job: The job that made it, with everything that the API says about it.
        name: The name that was asked for; empty if that is not known.
    """

    @property
    def url(self) -> str | None:
        """The page that shows it."""
        return self._text(("previewUrl", "preview"))

    @property
    def render_params(self) -> Mapping[str, Any]:
        """What ``client.videos.render_params`` renders, as the API sent it; empty if there is none. Read-only."""
        found = self._first(("renderParams",))
        return MappingProxyType(dict(found) if _is_object(found) else {})

    @property
    def elements(self) -> tuple[Mapping[str, Any], ...]:
        """The elements of the video, as the API sent them: each with its ``id``, ``startTime`` and ``duration``."""
        found = self.render_params.get("elements")
        return tuple(one for one in found if _is_object(one)) if _is_list(found) else ()

    @property
    def storyboard(self) -> Mapping[str, Any]:
        """The request as the API understood it; empty if the API does not show it. Read-only."""
        found = self._first(("storyboard",))
        return MappingProxyType(dict(found) if _is_object(found) else {})

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("name", self.name), ("job_id", self.job_id), ("url", self.url))
        yield from (("elements", len(self.elements)), ("project_id", self.project_id))


def project_of(video: Video) -> Project:
    """A video as a project of which nothing is known but its name and files, for what works on projects."""
    job = video.job
    return Project(
        id=f"job:{job.id}",
        name=video.name,
        video_url=job.video_url,
        share_video_url=job.share_url,
        thumbnail_url=job.thumbnail_url,
        audio_url=job.audio_url,
        srt_url=job.srt_url,
        vtt_url=job.vtt_url,
        txt_url=job.txt_url,
        duration=job.duration,
    )
