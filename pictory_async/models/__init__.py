"""The objects that the Pictory API returns, as frozen Python classes.

For all of them:

- They are keyword-only, frozen and slotted. Change a copy with :func:`attrs.evolve`.
- ``extra`` contains the fields that have no attribute, and ``to_dict()`` returns the JSON object in the API's
  spelling.
- Times are UTC, durations are seconds, and ``None`` means that the API sent no value.
- Enumerations are open: a value that is not listed stays a string.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from pictory_async.models._base import LazySequence, Model, ProjectId
from pictory_async.models.job import Job, JobStatus
from pictory_async.models.project import Evidence, Project, ProjectStep

if TYPE_CHECKING:
    from pictory_async.models.account import Allowance, CreditTransaction, Quota
    from pictory_async.models.catalog import (
        Avatar,
        AvatarLook,
        Brand,
        MediaItem,
        MusicTrack,
        SmartLayout,
        TextStyle,
        VoiceTrack,
    )
    from pictory_async.models.connection import AwsConnection, VimeoConnection
    from pictory_async.models.media import AiImage, AiVideo, UploadTarget
    from pictory_async.models.page import Page, ProjectItem
    from pictory_async.models.scene import (
        Scene,
        SceneBackground,
        SceneSettings,
        SceneStyle,
        SentencePart,
        VisualFilter,
    )
    from pictory_async.models.template import (
        AiVoice,
        BackgroundMusic,
        Layer,
        Subtitle,
        Template,
        TemplateItem,
        TemplateScene,
        VoiceOver,
    )
    from pictory_async.models.transcript import MediaInfo, Transcript, TranscriptSentence, TranscriptWord
    from pictory_async.models.video import Preview, Video

__all__ = [
    "AiImage",
    "AiVideo",
    "AiVoice",
    "Allowance",
    "Avatar",
    "AvatarLook",
    "AwsConnection",
    "BackgroundMusic",
    "Brand",
    "CreditTransaction",
    "Evidence",
    "Job",
    "JobStatus",
    "Layer",
    "LazySequence",
    "MediaInfo",
    "MediaItem",
    "Model",
    "MusicTrack",
    "Page",
    "Preview",
    "Project",
    "ProjectId",
    "ProjectItem",
    "ProjectStep",
    "Quota",
    "Scene",
    "SceneBackground",
    "SceneSettings",
    "SceneStyle",
    "SentencePart",
    "SmartLayout",
    "Subtitle",
    "Template",
    "TemplateItem",
    "TemplateScene",
    "TextStyle",
    "Transcript",
    "TranscriptSentence",
    "TranscriptWord",
    "UploadTarget",
    "Video",
    "VimeoConnection",
    "VisualFilter",
    "VoiceOver",
    "VoiceTrack",
]


# Imported on first use, because polls need none of them. Names that are not listed here are in `template`.
_LATER: Final = {
    "AiImage": "media",
    "AiVideo": "media",
    "Allowance": "account",
    "Avatar": "catalog",
    "AvatarLook": "catalog",
    "AwsConnection": "connection",
    "Brand": "catalog",
    "CreditTransaction": "account",
    "MediaInfo": "transcript",
    "MediaItem": "catalog",
    "MusicTrack": "catalog",
    "Page": "page",
    "Preview": "video",
    "ProjectItem": "page",
    "Quota": "account",
    "Scene": "scene",
    "SceneBackground": "scene",
    "SceneSettings": "scene",
    "SceneStyle": "scene",
    "SentencePart": "scene",
    "Video": "video",
    "SmartLayout": "catalog",
    "TextStyle": "catalog",
    "Transcript": "transcript",
    "TranscriptSentence": "transcript",
    "TranscriptWord": "transcript",
    "UploadTarget": "media",
    "VimeoConnection": "connection",
    "VisualFilter": "scene",
    "VoiceTrack": "catalog",
}


if not TYPE_CHECKING:  # type checkers would take any name for one of this module's

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(import_module(f"{__name__}.{_LATER.get(name, 'template')}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__]
