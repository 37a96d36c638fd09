"""Templates: the whole object, and the line in a list."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async.models._base import Model, empty_dict, plain_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "AiVoice",
    "BackgroundMusic",
    "Layer",
    "Subtitle",
    "Template",
    "TemplateItem",
    "TemplateScene",
    "VoiceOver",
]

_PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class BackgroundMusic(Model):
    """The music of a template.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``backgroundMusic``).

    Attributes:
        enabled: Whether there is music.
        url: The music file.
        volume: Volume, 0 to 1.
    """

    enabled: bool | None = None
    url: str | None = attrs.field(default=None, repr=False)
    volume: float | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class AiVoice(Model):
    """A synthetic voice.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``voiceOver.aiVoices``).

    Attributes:
        speaker: The voice: its number as text, or its name.
        speed: Speed in percent; 100 is normal.
        amplification_level: How much louder or softer than normal; 0 is normal. The unit is not documented.
    """

    speaker: str | None = None
    speed: float | None = None
    amplification_level: float | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VoiceOver(Model):
    """The voices of a template.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``voiceOver``).

    Attributes:
        enabled: Whether the text is spoken.
        ai_voices: The voices that speak it.
    """

    enabled: bool | None = None
    ai_voices: tuple[AiVoice, ...] = ()


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Subtitle(Model):
    """A subtitle of a template's scene.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``scenes[].subtitles``).

    Attributes:
        text: The words; may hold placeholders such as ``{{Name}}``.
    """

    text: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Layer(Model):
    """Something that lies over a template's scene.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``scenes[].layers``).

    Attributes:
        id: The layer's id.
        type: Such as ``text``.
        text: The words of a text layer; may hold placeholders such as ``{{Name}}``.
    """

    id: str | None = None
    type: str | None = None
    text: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TemplateScene(Model):
    """One scene of a template.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``scenes``).

    Attributes:
        id: The scene's id.
        subtitles: Its subtitles in order.
        layers: Its groups of layers in order.
    """

    id: str | None = None
    subtitles: tuple[Subtitle, ...] = ()
    layers: tuple[tuple[Layer, ...], ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """All words of the scene: subtitles first, then text layers."""
        return tuple(self._texts())

    def _texts(self) -> Iterator[str]:
        for subtitle in self.subtitles:
            if subtitle.text:
                yield subtitle.text
        for group in self.layers:
            for layer in group:
                if layer.text and (layer.type is None or layer.type.casefold() == "text"):
                    yield layer.text


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Template(Model):
    """A template from which videos can be made.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id. The API promises none of the
    fields, so every attribute but ``id`` may be ``None`` or empty.

    Attributes:
        id: The template's id.
        name: Name of the template.
        language: Language code, such as ``en``.
        published: Whether it can be used.
        deprecated: Whether it should not be used any more.
        background_music: Its music.
        voice_over: Its voices.
        scenes: Its scenes in order.
        variables: Default values of its placeholders, by name. Read-only.
        schema_version: ``v3`` or ``v2``.
        project_url: The complete template as a JSON file.
        structure_url: The structure of the template as a JSON file.
    """

    id: str
    name: str | None = None
    language: str | None = attrs.field(default=None, repr=False)
    published: bool | None = None
    deprecated: bool | None = None
    background_music: BackgroundMusic | None = attrs.field(default=None, repr=False)
    voice_over: VoiceOver | None = attrs.field(default=None, repr=False)
    scenes: tuple[TemplateScene, ...] = ()
    _variables: dict[str, Any] = attrs.field(
        factory=empty_dict, converter=plain_dict, alias="variables", hash=False, repr=False
    )
    schema_version: str | None = attrs.field(default=None, repr=False)
    project_url: str | None = attrs.field(default=None, repr=False)
    structure_url: str | None = attrs.field(default=None, repr=False)

    @property
    def variables(self) -> Mapping[str, Any]:
        """Default values of the template's placeholders, by name."""
        return MappingProxyType(self._variables)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names in ``{{...}}`` in all subtitles and text layers, each once, in the order of their first use.

        Spaces inside the braces do not count. A name is anything without braces, in any script.
        """
        names = (
            match.group(1).strip()
            for scene in self.scenes
            for text in scene.texts
            for match in _PLACEHOLDER.finditer(text)
        )
        return tuple(dict.fromkeys(name for name in names if name))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TemplateItem(Model):
    """One line of the list of templates.

    From https://docs.pictory.ai/api-reference/templates/get-templates.

    Attributes:
        id: The template's id.
        name: Name of the template.
        language: Language code, such as ``en``.
        published: Whether it can be used.
        deprecated: Whether it should not be used any more.
    """

    id: str
    name: str | None = None
    language: str | None = None
    published: bool | None = None
    deprecated: bool | None = None
