"""What presenters say about what could not be read: it is neither absent, nor a default, nor equal to anything."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from pictory_async._codec.unreadable import gaps, is_unread, unread_fields, unreadable
from pictory_async.insight._text import Gap
from pictory_async.models.project import ASSET_FIELDS

if TYPE_CHECKING:
    from pictory_async.models import AiVoice, Model, Project, Template

__all__ = ["VideoState", "assets_unread", "count_of", "known", "texts_unread", "video_state", "voices_of"]

_TEXT: Final = re.compile(r"scenes(\[\d+\](\.(subtitles|layers)(\[\d+\])*(\.text)?)?)?")


def known(model: Model, *attributes: str) -> Any:
    """Return a value of a model, or of a model in it; `Gap.UNREADABLE` if it, or an item of it, could not be read."""
    if is_unread(model, *attributes):
        return Gap.UNREADABLE
    value: Any = model
    for attr in attributes:
        value = None if value is None else getattr(value, attr)
    return value


def count_of(model: Model, attr: str) -> str:
    """Return the number of items of a list, and how many more could not be read: ``2, and 1 could not be read``."""
    missing, found = len(gaps(model, attr)), len(getattr(model, attr))
    if missing:
        return f"{found}, and {missing} could not be read"
    return str(Gap.UNREADABLE) if attr in unread_fields(model) else str(found)


def voices_of(template: Template, *, speeds: bool = False) -> str:
    """Return the speakers of a template, with their speeds in percent if wanted; ``none`` if the text is not spoken."""
    voices = template.voice_over
    if is_unread(template, "voice_over", "enabled"):
        return str(Gap.UNREADABLE)
    if voices is None or not voices.enabled:
        return "none"
    names = [_voice(voice, speeds=speeds) for voice in voices.ai_voices]
    missing = len(gaps(voices, "ai_voices"))
    if missing:
        return ", ".join([*names, f"{missing} could not be read"])
    return str(Gap.UNREADABLE) if "ai_voices" in unread_fields(voices) else ", ".join(names) or "yes"


def _voice(voice: AiVoice, *, speeds: bool) -> str:
    speaker, speed = known(voice, "speaker") or "?", known(voice, "speed") if speeds else None
    if isinstance(speed, Gap):
        return f"{speaker} (speed {speed})"
    return f"{speaker}" if speed is None else f"{speaker} ({speed:g} %)"


def assets_unread(project: Project) -> list[str]:
    """Return the kinds of a project's files whose URL could not be read."""
    unread = unread_fields(project)
    return [kind for kind, attr in ASSET_FIELDS.items() if attr in unread]


def texts_unread(template: Template) -> list[str]:
    """Return the places of what could not be read and may contain the texts of scenes."""
    return [place for place in unreadable(template) if _TEXT.fullmatch(place)]


class VideoState(Enum):
    """What is known about a project's video."""

    RENDERING = auto()
    NONE = auto()
    SAVED_SINCE = auto()
    """There is a video, and the project was saved later, so it may be outdated."""
    UNDATED = auto()
    """There is a video, but whether it is outdated could not be read."""
    RENDERED = auto()


def video_state(project: Project) -> VideoState:
    """Return what is known about a project's video; of all that shows it, only the time of the save can be unread."""
    if project.is_rendering:
        return VideoState.RENDERING
    if not project.is_rendered:
        return VideoState.NONE
    if "saved_at" in unread_fields(project):
        return VideoState.UNDATED
    dated = project.saved_at is not None and project.generated_at is not None
    return VideoState.SAVED_SINCE if dated and project.is_outdated is None else VideoState.RENDERED
