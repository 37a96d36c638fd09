"""The structure of a template: music, voices, variables, scenes, subtitles and layers."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from pictory_async._codec.unreadable import unread_fields
from pictory_async._values import Displayed
from pictory_async.insight._numbers import numbered, places_unread
from pictory_async.insight._text import Gap
from pictory_async.insight._unread import known
from pictory_async.models import AiVoice, BackgroundMusic
from pictory_async.models._base import plain_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pictory_async.models import Template, TemplateScene

T = TypeVar("T")

__all__ = ["SceneStructure", "TemplateStructure", "template_structure"]


@attrs.frozen(kw_only=True)
class SceneStructure:
    """The structure of one scene of a template.

    Attributes:
        number: Number of the scene; the first is 1.
        id: The scene's id.
        subtitles: The texts of its subtitles, in order; a subtitle without text is an empty string.
        layer_texts: The texts of its layers, in order; layers without text are left out.
        layers_by_type: Number of layers of each type, such as ``{"text": 2}``; ``unknown`` for layers without a
            type. Read-only.
        unreadable: The names of its fields that could not be read, such as ``subtitles``, in the API's spelling.
    """

    number: int
    id: str | None = None
    subtitles: tuple[str, ...] = ()
    layer_texts: tuple[str, ...] = ()
    _layers_by_type: dict[str, int] = attrs.field(converter=plain_dict, alias="layers_by_type", hash=False)
    unreadable: tuple[str, ...] = ()

    @property
    def layers_by_type(self) -> Mapping[str, int]:
        """Number of layers of each type."""
        return MappingProxyType(self._layers_by_type)

    @property
    def subtitle_count(self) -> int | None:
        """Number of subtitles; ``None`` if they could not be read."""
        return self._if_read("subtitles", len(self.subtitles))

    @property
    def layer_count(self) -> int | None:
        """Number of layers in all groups; ``None`` if they could not be read."""
        return self._if_read("layers", sum(self._layers_by_type.values()))

    def _if_read(self, name: str, value: T) -> T | None:
        return None if name in self.unreadable else value

    def to_dict(self) -> dict[str, Any]:
        """Return the scene as JSON values, with the keys of the API's page and more.

        What depends on a list that could not be read is ``None``; ``unreadable`` is there only then.
        """
        return {
            "scene_number": self.number,
            "scene_id": self.id,
            "subtitle_count": self.subtitle_count,
            "layer_count": self.layer_count,
            "subtitles": self._if_read("subtitles", list(self.subtitles)),
            "layer_texts": self._if_read("layers", list(self.layer_texts)),
            "layers_by_type": self._if_read("layers", dict(self._layers_by_type)),
            **({"unreadable": list(self.unreadable)} if self.unreadable else {}),
        }


@attrs.frozen(kw_only=True)
class TemplateStructure(Displayed):
    """The structure of a template.

    Attributes:
        name: Name of the template.
        language: Language code, such as ``en``.
        schema_version: ``v3`` or ``v2``.
        music: The background music, with its volume from 0 to 1; ``None`` if the API sent none.
        has_background_music: Whether the background music is enabled; ``None`` if that could not be read.
        voices: The AI voices, with their speed in percent.
        has_voice_over: Whether the voice-over is enabled; ``None`` if that could not be read.
        variables: Names of the declared variables.
        scenes: The scenes in order, without those that could not be read.
        unreadable: The places of what could not be read, such as ``scenes[0]``; at most 100, and then how many more.
    """

    name: str | None = None
    language: str | None = None
    schema_version: str | None = None
    music: BackgroundMusic | None = None
    has_background_music: bool | None = False
    voices: tuple[AiVoice, ...] = ()
    has_voice_over: bool | None = False
    variables: tuple[str, ...] = ()
    scenes: tuple[SceneStructure, ...] = ()
    unreadable: tuple[str, ...] = ()

    def _facts(self) -> Iterator[tuple[str, Any]]:
        for name in ("name", "language", "total_scenes", "has_background_music", "has_voice_over", "variables"):
            yield name, getattr(self, name)
        for scene in self.scenes:
            yield f"scene {scene.number}", (*scene.subtitles, *scene.layer_texts)
        yield "unreadable", self.unreadable

    @property
    def total_scenes(self) -> int | None:
        """Number of scenes, without those that could not be read; ``None`` if that is all of them."""
        return self._if_read("scenes", len(self.scenes))

    def _if_read(self, name: str, value: T) -> T | None:
        return None if name in self.unreadable else value

    def to_dict(self) -> dict[str, Any]:
        """Return the structure as JSON values, with the keys of the API's page and more.

        A list that could not be read is ``None``, and so is its number; ``unreadable`` is there only if something could
        not be read.
        """
        music = self.music
        voices = [
            {"speaker": voice.speaker, "speed": voice.speed, "amplification_level": voice.amplification_level}
            for voice in self.voices
        ]
        return {
            "name": self.name,
            "language": self.language,
            "schema_version": self.schema_version,
            "total_scenes": self.total_scenes,
            "has_background_music": self.has_background_music,
            "has_voice_over": self.has_voice_over,
            "variables": self._if_read("variables", list(self.variables)),
            "scene_details": self._if_read("scenes", [scene.to_dict() for scene in self.scenes]),
            "background_music": None if music is None else {"url": music.url, "volume": music.volume},
            "voices": self._if_read("voiceOver", self._if_read("voiceOver.aiVoices", voices)),
            **({"unreadable": list(self.unreadable)} if self.unreadable else {}),
        }


def template_structure(template: Template) -> TemplateStructure:
    """Return the structure of a template: music, voices, variables, and the subtitles and layers of each scene.

    Does what "Analyze Template Structure" on https://docs.pictory.ai/api-reference/templates/get-template-by-id does.
    No request is sent.
    """
    voice_over = template.voice_over
    return TemplateStructure(
        name=template.name,
        language=template.language,
        schema_version=template.schema_version,
        music=template.background_music,
        has_background_music=_is_enabled(template, "background_music"),
        voices=() if voice_over is None else voice_over.ai_voices,
        has_voice_over=_is_enabled(template, "voice_over"),
        variables=tuple(template.variables),
        scenes=tuple(_scene(number, scene) for number, scene in numbered(template, "scenes")),
        unreadable=places_unread(template),
    )


def _is_enabled(template: Template, part: str) -> bool | None:
    enabled = known(template, part, "enabled")
    return None if isinstance(enabled, Gap) else enabled is True


def _scene(number: int, scene: TemplateScene) -> SceneStructure:
    layers = [layer for group in scene.layers for layer in group]
    return SceneStructure(
        number=number,
        id=scene.id,
        subtitles=tuple(subtitle.text or "" for subtitle in scene.subtitles),
        layer_texts=tuple(layer.text for layer in layers if layer.text),
        layers_by_type=Counter(layer.type or "unknown" for layer in layers),
        unreadable=tuple(unread_fields(scene).values()),
    )
