"""The numbers of scenes, subtitles and layers, and what of them could not be read."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pictory_async._codec.unreadable import indexed, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.models import Layer, Model, TemplateScene

__all__ = ["layers_of", "limited", "numbered", "place_of", "places_unread"]

_MOST: Final = 100
_PARTS: Final = (
    (re.compile(r"scenes\[(\d+)\]"), ", scene {}"),
    (re.compile(r"\.?subtitles\[(\d+)\]"), ", subtitle {}"),
    (re.compile(r"\.?layers\[(\d+)\]"), ", layer group {}"),
    (re.compile(r"\[(\d+)\]"), ", layer {}"),
)


def numbered(model: Model, attr: str) -> list[tuple[int, Any]]:
    """Return the items of a list of a model with their numbers; the first is 1. What could not be read is counted."""
    return [(index + 1, item) for index, item in indexed(model, attr)]


def layers_of(scene: TemplateScene) -> Iterator[tuple[int, int, Layer]]:
    """Yield the layers of a scene, each after the number of its group and its own; the first is 1."""
    for group, layers in indexed(scene, "layers"):
        for index, layer in layers:
            yield group + 1, index + 1, layer


def places_unread(model: Model) -> tuple[str, ...]:
    """Return the places of what could not be read: the first 100, and then how many more there are."""
    return limited(unreadable(model))


def limited(places: Iterator[str]) -> tuple[str, ...]:
    """Return the first 100 places, and then how many more there are."""
    found = [*islice(places, _MOST)]
    more = sum(1 for _ in places)
    return (*found, *([f"{more} more"] if more else []))


def place_of(path: str) -> str:
    """Return a place for people: ``scene 2, subtitle 1`` for ``scenes[1].subtitles[0].text``."""
    place = ""
    for pattern, words in _PARTS:
        found = pattern.match(path)
        if found is None:
            continue
        place += words.format(int(found[1]) + 1)
        path = path[found.end() :]
    return place.removeprefix(", ") or "template"
