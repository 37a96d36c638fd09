"""Where a template's texts are, and what stands in their braces."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.models import Template, TemplateScene

__all__ = ["Place", "PlaceKind", "names_in", "places_of", "places_of_scene", "scraps_in"]

_PLACEHOLDER = re.compile(r"\{\{([^{}]+)\}\}")
_SCRAP = re.compile(r"\{\{[^{}\n]*\}{0,2}|[^{}\s]{0,30}\}\}")
_SINGLE = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")
_NEAR = 30  # characters of the text that show where a scrap is


class PlaceKind(StrEnum):
    """What holds a text in a scene."""

    SUBTITLE = "subtitle"
    LAYER = "layer"


@attrs.frozen(kw_only=True)
class Place:
    """Where a text stands in a template. ``str()`` gives it in words: ``scene 2, subtitle 1``.

    Attributes:
        scene: Number of the scene; the first is 1.
        kind: Whether the text is a subtitle or lies in a layer.
        index: Number of the subtitle in its scene, or of the layer in its group; the first is 1.
        group: Number of the layer's group in its scene; ``None`` for a subtitle.
    """

    scene: int
    kind: PlaceKind
    index: int
    group: int | None = None

    def __str__(self) -> str:
        group = "" if self.group is None else f"layer group {self.group}, "
        return f"scene {self.scene}, {group}{self.kind} {self.index}"


def places_of(template: Template) -> Iterator[tuple[Place, str]]:
    """Give every text of a template with its place: scene by scene, subtitles before layers."""
    for number, scene in enumerate(template.scenes, 1):
        yield from places_of_scene(number, scene)


def places_of_scene(number: int, scene: TemplateScene) -> Iterator[tuple[Place, str]]:
    """Give every text of one scene with its place."""
    for index, subtitle in enumerate(scene.subtitles, 1):
        if subtitle.text:
            yield Place(scene=number, kind=PlaceKind.SUBTITLE, index=index), subtitle.text
    for group, layers in enumerate(scene.layers, 1):
        for index, layer in enumerate(layers, 1):
            if layer.text and (layer.type is None or layer.type.casefold() == "text"):
                yield Place(scene=number, kind=PlaceKind.LAYER, index=index, group=group), layer.text


def names_in(text: str) -> Iterator[str]:
    """Give the names in ``{{...}}``, without the spaces around them; a name may come more than once."""
    for match in _PLACEHOLDER.finditer(text):
        name = match.group(1).strip()
        if name:
            yield name


def scraps_in(text: str, declared: frozenset[str]) -> Iterator[str]:
    """Give what looks like a placeholder and is none: braces that do not pair, no name, or single braces.

    Args:
        text: The text.
        declared: Names of the variables: ``{Name}`` is taken for a mistake only where there is such a variable.
    """
    for match in _PLACEHOLDER.finditer(text):
        if not match.group(1).strip():
            yield match.group()
    rest = _PLACEHOLDER.sub("\n", text)  # no scrap goes across a placeholder
    for match in _SCRAP.finditer(rest):
        yield match.group().strip()[:_NEAR]
    for match in _SINGLE.finditer(rest):
        if match.group(1).strip() in declared:
            yield match.group()
