"""Templates: the whole object, and the entry in a list."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async.models._base import Model, empty_dict, plain_dict, read_mapping

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

PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")


def names_in(text: str) -> Iterator[str]:
    """Yield the names in ``{{...}}``, without the spaces at their ends; a name can occur more than once."""
    for match in PLACEHOLDER.finditer(text):
        name = match.group(1).strip()
        if name:
            yield name


def layer_text(layer: Layer) -> str:
    """Return the text of a text layer; empty for other layers."""
    return (layer.text or "") if layer.type is None or layer.type.casefold() == "text" else ""


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
    """An AI voice.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``voiceOver.aiVoices``).

    Attributes:
        speaker: The voice: its number as a string, even if the API sends a number, or its name.
        speed: Speed in percent; 100 is normal.
        amplification_level: Added volume; 0 is normal. The unit is not documented.
    """

    speaker: str | None = None
    speed: float | None = None
    amplification_level: float | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class VoiceOver(Model):
    """The voice-over of a template.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``voiceOver``).

    Attributes:
        enabled: Whether the text is spoken.
        ai_voices: The voices.
    """

    enabled: bool | None = None
    ai_voices: tuple[AiVoice, ...] = ()


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Subtitle(Model):
    """A subtitle of a template's scene.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``scenes[].subtitles``).

    Attributes:
        text: The text; it can contain placeholders such as ``{{Name}}``.
    """

    text: str | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Layer(Model):
    """An element on top of a template's scene.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id (``scenes[].layers``).

    Attributes:
        id: The layer's id.
        type: For example ``text``.
        text: The text of a text layer; it can contain placeholders such as ``{{Name}}``.
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
        """All texts of the scene: subtitles first, then text layers."""
        subtitles = [subtitle.text or "" for subtitle in self.subtitles]
        return tuple(filter(None, [*subtitles, *(layer_text(layer) for group in self.layers for layer in group)]))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Template(Model):
    """A template for videos.

    From https://docs.pictory.ai/api-reference/templates/get-template-by-id. The API guarantees none of the
    fields, so every attribute except ``id`` can be ``None`` or empty.

    Attributes:
        id: The template's id.
        name: Name of the template.
        language: Language code, such as ``en``.
        published: Whether it can be used.
        deprecated: Whether it should no longer be used.
        background_music: Its music.
        voice_over: Its voices.
        scenes: Its scenes in order.
        variables: The default values of its variables, by name. Read-only.
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

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], *, template_id: str | None = None) -> Template:
        """Make a template from the mapping that ``to_dict`` returned, for example after it was kept as JSON in a file.

        It is read as a response of the API is: unknown fields and values of another type are kept in ``extra``. The
        result equals the original, and its ``to_dict`` returns an equal mapping.

        Args:
            value: The mapping, of JSON values. It is copied.
            template_id: The id of the template, if the mapping has none.

        Raises:
            PictoryConfigError: It is not a mapping of JSON values, shows nothing of a template, is nested more than
                100 levels deep, or has no id.
        """
        return read_mapping(cls, value, template_id)

    @property
    def variables(self) -> Mapping[str, Any]:
        """The default values of the template's variables, by name."""
        return MappingProxyType(self._variables)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names in ``{{...}}`` in all subtitles and text layers, each once, in the order of first use.

        A name can be any text without braces; spaces at its ends are ignored.
        """
        texts = (text for scene in self.scenes for text in scene.texts)
        return tuple(dict.fromkeys(name for text in texts for name in names_in(text)))


@attrs.frozen(kw_only=True, repr=False, eq=False)
class TemplateItem(Model):
    """One entry of the list of templates.

    From https://docs.pictory.ai/api-reference/templates/get-templates.

    Attributes:
        id: The template's id.
        name: Name of the template.
        language: Language code, such as ``en``.
        published: Whether it can be used.
        deprecated: Whether it should no longer be used.
    """

    id: str
    name: str | None = None
    language: str | None = None
    published: bool | None = None
    deprecated: bool | None = None
