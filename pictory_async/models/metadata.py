"""A project's metadata, grouped as in the API's documentation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

__all__ = ["MetadataAssets", "MetadataSceneSettings", "MetadataSubtitles", "ProjectMetadata"]


@attrs.frozen(kw_only=True)
class MetadataSceneSettings:
    """How a project's scenes were made.

    Attributes:
        max_lines: Maximum number of text lines in a scene.
        auto_highlight: Whether keywords are highlighted automatically.
        auto_visuals: Whether visuals are chosen automatically.
    """

    max_lines: int | None = None
    auto_highlight: bool | None = None
    auto_visuals: bool | None = None


@attrs.frozen(kw_only=True)
class MetadataSubtitles:
    """A project's subtitle files; ``None`` for a file that it does not have.

    Attributes:
        srt: URL of the subtitles in the SRT format.
        vtt: URL of the subtitles in the WebVTT format.
        txt: URL of the spoken text.
    """

    srt: str | None = None
    vtt: str | None = None
    txt: str | None = None


@attrs.frozen(kw_only=True)
class MetadataAssets:
    """A project's files; ``None`` for a file that it does not have.

    Attributes:
        video: URL of the rendered video.
        audio: URL of its audio track.
        share_link: URL of a page where anyone can watch the video.
        subtitles: The subtitle files.
    """

    video: str | None = None
    audio: str | None = None
    share_link: str | None = None
    subtitles: MetadataSubtitles = attrs.field(factory=MetadataSubtitles)


@attrs.frozen(kw_only=True)
class ProjectMetadata:
    """The metadata of a project, without its scenes.

    It is grouped as in "Extract Project Metadata" on
    https://docs.pictory.ai/api-reference/projects/get-project-by-id. ``None`` means that the API sent no value.

    Attributes:
        name: Name of the project.
        source: What it was made from, such as ``script``.
        schema: ``v3`` or ``v2``.
        aspect_ratio: For example ``16:9``.
        duration: Duration of the video in seconds.
        language: Language code of the script, such as ``en``.
        created: When the video was rendered, in UTC. The name is that of the API's page; it is not the date on which
            the project was created.
        last_saved: When the project was last saved, in UTC.
        voice_over: Id of the voice-over.
        brand: Id of the brand.
        template: Id of the smart layout.
        scene_settings: How the scenes were made.
        assets: The files.
    """

    name: str | None = None
    source: str | None = None
    schema: str | None = None
    aspect_ratio: str | None = None
    duration: float | None = None
    language: str | None = None
    created: datetime | None = None
    last_saved: datetime | None = None
    voice_over: str | None = None
    brand: str | None = None
    template: str | None = None
    scene_settings: MetadataSceneSettings = attrs.field(factory=MetadataSceneSettings)
    assets: MetadataAssets = attrs.field(factory=MetadataAssets)

    def to_dict(self) -> dict[str, Any]:
        """Return the metadata as JSON values, with the keys of the API's page; all keys are always present."""
        return {
            "name": self.name,
            "source": self.source,
            "schema": self.schema,
            "aspectRatio": self.aspect_ratio,
            "duration": self.duration,
            "language": self.language,
            "created": None if self.created is None else self.created.isoformat(),
            "lastSaved": None if self.last_saved is None else self.last_saved.isoformat(),
            "voiceOver": self.voice_over,
            "brand": self.brand,
            "template": self.template,
            "sceneSettings": {
                "maxLines": self.scene_settings.max_lines,
                "autoHighlight": self.scene_settings.auto_highlight,
                "autoVisuals": self.scene_settings.auto_visuals,
            },
            "assets": {
                "video": self.assets.video,
                "audio": self.assets.audio,
                "shareLink": self.assets.share_link,
                "subtitles": {
                    "srt": self.assets.subtitles.srt,
                    "vtt": self.assets.subtitles.vtt,
                    "txt": self.assets.subtitles.txt,
                },
            },
        }
