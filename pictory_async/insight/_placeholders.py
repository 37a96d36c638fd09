"""The texts of a template, and the placeholders in them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from pictory_async.insight._numbers import layers_of, numbered
from pictory_async.models.template import PLACEHOLDER, layer_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.models import Template

__all__ = ["Place", "PlaceKind", "malformed_in", "places_of"]

_UNBALANCED = re.compile(r"\{\{[^{}\n]*\}{0,2}|[^{}\s]{0,30}\}\}")
_SINGLE = re.compile(r"(?<!\{)\{([^{}]+)\}(?!\})")
_EXCERPT = 30  # characters that are enough to find unbalanced braces in the text


class PlaceKind(StrEnum):
    """The part of a scene that has a text."""

    SUBTITLE = "subtitle"
    LAYER = "layer"


@attrs.frozen(kw_only=True)
class Place:
    """The place of a text in a template. ``str()`` describes it: ``scene 2, subtitle 1``.

    Attributes:
        scene: Number of the scene; the first is 1.
        kind: Whether the text is in a subtitle or in a layer.
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
    """Yield every text of a template with its place: scene by scene, subtitles before layers."""
    for number, scene in numbered(template, "scenes"):
        for index, subtitle in numbered(scene, "subtitles"):
            if subtitle.text:
                yield Place(scene=number, kind=PlaceKind.SUBTITLE, index=index), subtitle.text
        for group, index, layer in layers_of(scene):
            if text := layer_text(layer):
                yield Place(scene=number, kind=PlaceKind.LAYER, index=index, group=group), text


def malformed_in(text: str, declared: frozenset[str]) -> Iterator[str]:
    """Yield the parts of a text that look like placeholders but are not: unbalanced or single braces, or no name.

    Args:
        text: The text.
        declared: Names of the variables: ``{Name}`` is reported only if there is such a variable.
    """
    for match in PLACEHOLDER.finditer(text):
        if not match.group(1).strip():
            yield match.group()
    rest = PLACEHOLDER.sub("\n", text)  # a line break, so that no match spans a placeholder
    for match in _UNBALANCED.finditer(rest):
        yield match.group().strip()[:_EXCERPT]
    for match in _SINGLE.finditer(rest):
        if match.group(1).strip() in declared:
            yield match.group()
