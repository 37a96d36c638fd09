"""Projects: the whole object, and the few fields that show whether a video is ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from pictory_async import models  # annotations name classes that it imports on first use
from pictory_async._values import ValueObject
from pictory_async.models._base import LazySequence, Model, ProjectId, as_utc

if TYPE_CHECKING:
    from pictory_async.models.metadata import ProjectMetadata

__all__ = ["Evidence", "Project", "ProjectStep"]


ASSET_FIELDS: Final = MappingProxyType(
    {
        "video": "video_url",
        "audio": "audio_url",
        "srt": "srt_url",
        "vtt": "vtt_url",
        "txt": "txt_url",
        "thumbnail": "thumbnail_url",
        "share": "share_video_url",
    }
)
"""The attribute with the URL of each kind of file."""


class ProjectStep(StrEnum):
    """The documented steps of a project's workflow. They do not show whether a video is ready.

    The step of a finished project is usually ``STORYBOARD``. See
    https://docs.pictory.ai/api-reference/projects/get-project-by-id (``step``).
    """

    STORYBOARD = "STORYBOARD"
    EDIT = "EDIT"
    RENDER = "RENDER"
    COMPLETE = "COMPLETE"


def _scene_sequence(scenes: Iterable[models.Scene]) -> Sequence[models.Scene]:
    return scenes if isinstance(scenes, LazySequence) else tuple(scenes)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Evidence(ValueObject):
    """The fields of one response that show whether a project's video is ready.

    Attributes:
        step: Step of the workflow.
        in_progress: Whether the project is being processed.
        video_url: The rendered video; ``None`` if there is none.
        generated_at: When that video was rendered, in UTC.
        saved_at: When the project was last saved, in UTC.
    """

    step: ProjectStep | str | None = None
    in_progress: bool | None = None
    video_url: str | None = None
    generated_at: datetime | None = attrs.field(default=None, converter=as_utc)
    saved_at: datetime | None = attrs.field(default=None, converter=as_utc)

    @property
    def is_rendering(self) -> bool:
        """Whether a render is running: ``in_progress`` is true, or ``step`` is ``RENDER``, ignoring case."""
        return self.in_progress is True or (self.step is not None and self.step.casefold() == "render")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Project(Model):
    """A project as one response of the API shows it.

    From https://docs.pictory.ai/api-reference/projects/get-project-by-id. The API guarantees none of the
    fields, so every attribute except ``id`` can be ``None``.

    Attributes:
        id: The project's id as it was requested: a string for v3 projects, an integer for older ones.
        name: Name of the project.
        project_type: For example ``"1"``; the meaning is not documented.
        source: What it was made from, such as ``script``, ``transcribe`` or ``url``.
        step: Step of the workflow. It does not show whether the video is ready; see :attr:`is_rendered`.
        in_progress: Whether the project is being processed.
        schema_version: ``v3`` or ``v2``; ``None`` for the oldest.
        layout: Aspect ratio, such as ``16:9``; for v2 projects made from ``aspectRatioClass``.
        thumbnail_url: A picture of the video.
        video_url: The rendered video; it can be that of an earlier render, and it can be empty.
        share_video_url: A page where anyone can watch the video.
        audio_url: The audio track of the video.
        srt_url: Subtitles in the SRT format.
        vtt_url: Subtitles in the WebVTT format.
        txt_url: The spoken text.
        duration: Duration of the video in seconds.
        saved_at: When the project was last saved, in UTC.
        generated_at: When the video was rendered, in UTC, by the server's clock.
        language: Language code of the script, such as ``en``.
        voice_over_id: The voice-over in use.
        audio_speed: Speed of the voice in percent; 100 is normal.
        video_volume: Volume of the background video in percent, 0 to 100.
        brand_id: The brand in use; it can be empty.
        smart_template_id: The smart layout in use.
        scene_settings: How the scenes were made from the script.
        visual_filter: Where visuals may come from.
        scenes: The scenes in order, decoded on first use; empty if the response has none.
    """

    _MEANT: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "url": "Its video is video_url, and the page of the video share_video_url.",
            "title": "It is called 'name' here.",
            "status": "is_rendered, is_rendering and is_outdated tell its state.",
        }
    )

    id: ProjectId
    name: str | None = None
    project_type: str | None = attrs.field(default=None, repr=False)
    source: str | None = attrs.field(default=None, repr=False)
    step: ProjectStep | str | None = None
    in_progress: bool | None = None
    schema_version: str | None = attrs.field(default=None, repr=False)
    layout: str | None = attrs.field(default=None, repr=False)
    thumbnail_url: str | None = attrs.field(default=None, repr=False)
    video_url: str | None = None
    share_video_url: str | None = attrs.field(default=None, repr=False)
    audio_url: str | None = attrs.field(default=None, repr=False)
    srt_url: str | None = attrs.field(default=None, repr=False)
    vtt_url: str | None = attrs.field(default=None, repr=False)
    txt_url: str | None = attrs.field(default=None, repr=False)
    duration: float | None = attrs.field(default=None, repr=False)
    saved_at: datetime | None = attrs.field(default=None, converter=as_utc, repr=False)
    generated_at: datetime | None = attrs.field(default=None, converter=as_utc)
    language: str | None = attrs.field(default=None, repr=False)
    voice_over_id: str | None = attrs.field(default=None, repr=False)
    audio_speed: float | None = attrs.field(default=None, repr=False)
    video_volume: float | None = attrs.field(default=None, repr=False)
    brand_id: str | None = attrs.field(default=None, repr=False)
    smart_template_id: str | None = attrs.field(default=None, repr=False)
    scene_settings: models.SceneSettings | None = attrs.field(default=None, repr=False)
    visual_filter: models.VisualFilter | None = attrs.field(default=None, repr=False)
    scenes: Sequence[models.Scene] = attrs.field(default=(), converter=_scene_sequence, hash=False, repr=False)

    def _facts(self) -> Iterator[tuple[str, Any]]:
        names = ("id", "name", "is_rendered", "is_rendering", "is_outdated", "duration", "saved_at", "generated_at")
        for name in (*names, "video_url", "share_video_url"):
            yield name, getattr(self, name)

    @property
    def is_rendering(self) -> bool:
        """Whether a render is running; see :attr:`Evidence.is_rendering`."""
        return self.evidence.is_rendering

    @property
    def is_rendered(self) -> bool:
        """Whether there is a video and no render is running.

        The video can be older than the last change; see :attr:`is_outdated`.
        """
        return bool(self.video_url) and not self.is_rendering

    @property
    def is_outdated(self) -> bool | None:
        """Whether the project was changed after its video was rendered: ``False``, or ``None`` if that is not known.

        ``False`` if it was saved before its video was made. The opposite proves nothing: it is not documented whether
        a render changes the date of the last save, and the documented sample was saved 3.5 hours after its video. With
        a `Ledger`, results say ``True`` if the date changed after the video appeared.
        """
        if not self.video_url or self.saved_at is None or self.generated_at is None:
            return None
        return False if self.saved_at <= self.generated_at else None

    @property
    def assets(self) -> Mapping[str, str]:
        """The URLs of the project's files, by kind; without those that it does not have.

        The kinds, in this order: ``video``, ``audio``, ``srt``, ``vtt``, ``txt``, ``thumbnail``, ``share``.
        """
        urls: dict[str, str | None] = {kind: getattr(self, attr) for kind, attr in ASSET_FIELDS.items()}
        return MappingProxyType({kind: url for kind, url in urls.items() if url})

    def metadata(self) -> ProjectMetadata:
        """Return the project's metadata, grouped as in "Extract Project Metadata" on the API's page.

        See https://docs.pictory.ai/api-reference/projects/get-project-by-id. No request is sent. Empty ids and URLs
        become ``None``.
        """
        from pictory_async.models import metadata  # noqa: PLC0415 - seldom used, and the classes take time to make

        settings = metadata.MetadataSceneSettings()
        if self.scene_settings is not None:
            settings = metadata.MetadataSceneSettings(
                max_lines=self.scene_settings.max_lines,
                auto_highlight=self.scene_settings.auto_highlight_keywords,
                auto_visuals=self.scene_settings.auto_visual_selection,
            )
        subtitles = metadata.MetadataSubtitles(
            srt=self.srt_url or None, vtt=self.vtt_url or None, txt=self.txt_url or None
        )
        return metadata.ProjectMetadata(
            name=self.name,
            source=self.source,
            schema=self.schema_version,
            aspect_ratio=self.layout,
            duration=self.duration,
            language=self.language,
            created=self.generated_at,
            last_saved=self.saved_at,
            voice_over=self.voice_over_id or None,
            brand=self.brand_id or None,
            template=self.smart_template_id or None,
            scene_settings=settings,
            assets=metadata.MetadataAssets(
                video=self.video_url or None,
                audio=self.audio_url or None,
                share_link=self.share_video_url or None,
                subtitles=subtitles,
            ),
        )

    @property
    def evidence(self) -> Evidence:
        """The fields of this project that show whether its video is ready."""
        return Evidence(
            step=self.step,
            in_progress=self.in_progress,
            video_url=self.video_url or None,
            generated_at=self.generated_at,
            saved_at=self.saved_at,
        )
