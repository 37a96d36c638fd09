"""What changed in one scene of a template."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from pictory_async._codec.unreadable import unread_fields, unreadable
from pictory_async.insight._align import align, moved
from pictory_async.insight._numbers import layers_of, numbered, place_of
from pictory_async.insight._text import canonical, quoted, same, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pictory_async.insight._align import Effort
    from pictory_async.models import TemplateScene

__all__ = ["SceneChange", "SceneChangeKind", "content_of", "known_extra", "scene_changes", "text_of"]


class SceneChangeKind(StrEnum):
    """How a part of a scene changed."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    TEXT = "text"
    TYPE = "type"
    OTHER = "other"


@attrs.frozen(kw_only=True)
class SceneChange:
    """One change in a scene. ``str()`` describes it in one line.

    Attributes:
        kind: How the part changed.
        part: What changed: ``subtitle``, ``layer`` or ``scene``.
        old_place: Its old place, such as ``subtitle 2`` or ``layer group 1, layer 3``; ``None`` for an added part.
        new_place: Its new place; ``None`` for a removed part.
        name: For ``OTHER``, the field that changed, in the API's spelling; otherwise ``None``.
        old: The old text, type or value.
        new: The new text, type or value.
    """

    kind: SceneChangeKind
    part: str
    old_place: str | None = None
    new_place: str | None = None
    name: str | None = None
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        match self.kind:
            case SceneChangeKind.ADDED:
                return f"{self.new_place} added{_with_text(self.new)}"
            case SceneChangeKind.REMOVED:
                return f"{self.old_place} removed{_with_text(self.old)}"
            case SceneChangeKind.MOVED:
                return f"{self.old_place} moved, now {self.new_place}"
            case SceneChangeKind.OTHER:
                return f"{self.new_place}, {short(self.name or '')}: {quoted(self.old)} → {quoted(self.new)}"
            case _:
                return f"{self.new_place}, {self.kind.value}: {quoted(self.old)} → {quoted(self.new)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {
            "change": self.kind.value,
            "part": self.part,
            "old_place": self.old_place,
            "new_place": self.new_place,
            "name": self.name,
            "old": self.old,
            "new": self.new,
        }


class _Part(NamedTuple):
    """The fields of a subtitle or layer that are compared.

    Attributes:
        unread: The attributes whose value could not be read.
    """

    place: str
    group: int
    id: str | None
    type: str | None
    text: str | None
    extra: Mapping[str, Any]
    unread: Mapping[str, str]


def scene_changes(old: TemplateScene, new: TemplateScene, effort: Effort) -> tuple[SceneChange, ...]:
    """Return what changed between two versions of a scene; nothing about what could not be read in either of them."""
    if content_of(old) == content_of(new):
        return ()
    unread = {**unread_fields(old), **unread_fields(new)}
    unknown = ({place_of(path) for path in unreadable(old)}, {place_of(path) for path in unreadable(new)})
    changes = [*_others("scene", "scene", known_extra(old.extra, unread), known_extra(new.extra, unread))]
    for attr, kind, read in (("subtitles", "subtitle", _subtitles), ("layers", "layer", _layers)):
        if attr not in unread:
            changes += _part_changes(kind, read(old), read(new), unknown, effort)
    return tuple(changes)


def known_extra(extra: Mapping[str, Any], unread: Mapping[str, str]) -> dict[str, Any]:
    """Return the unknown fields of a model, without known ones that could not be read in one of two versions."""
    return {name: value for name, value in extra.items() if name not in unread.values()}


def content_of(scene: TemplateScene) -> str:
    """Return everything that is compared in a scene, as one text without ids: equal scenes have equal texts."""
    layers = [[(layer.type, layer.text, dict(layer.extra)) for layer in group] for group in scene.layers]
    subtitles = [(subtitle.text, dict(subtitle.extra)) for subtitle in scene.subtitles]
    return _content(subtitles, layers, dict(scene.extra))


def _content(*parts: Any) -> str:
    try:
        return json.dumps(parts, sort_keys=True)
    except (RecursionError, TypeError, ValueError):  # a template that was made by hand
        return canonical(parts)


def text_of(scene: TemplateScene) -> str:
    """Return the text by which similar scenes are found."""
    return "\n".join(scene.texts)


def _subtitles(scene: TemplateScene) -> list[_Part]:
    return [
        _Part(f"subtitle {index}", 0, None, None, subtitle.text, subtitle.extra, unread_fields(subtitle))
        for index, subtitle in numbered(scene, "subtitles")
    ]


def _layers(scene: TemplateScene) -> list[_Part]:
    return [
        _Part(
            f"layer group {group}, layer {index}",
            group,
            layer.id,
            layer.type,
            layer.text,
            layer.extra,
            unread_fields(layer),
        )
        for group, index, layer in layers_of(scene)
    ]


def _part_changes(
    kind: str, old: Sequence[_Part], new: Sequence[_Part], unknown: tuple[set[str], set[str]], effort: Effort
) -> Iterator[SceneChange]:
    pairs = align(
        old,
        new,
        effort,
        key=lambda part: part.id,
        content=lambda part: _content(part.type, part.text, dict(part.extra)),
        text=lambda part: part.text or "",
        place=lambda part: part.place,
    )
    displaced = moved(pairs)
    kept, met = {pair.old: pair for pair in pairs}, {pair.new for pair in pairs}
    for index, before in enumerate(old):
        pair = kept.get(index)
        if pair is None:
            if not _is_at(before, unknown[1]):
                yield SceneChange(kind=SceneChangeKind.REMOVED, part=kind, old_place=before.place, old=before.text)
            continue
        after = new[pair.new]
        if pair in displaced or before.group != after.group:
            yield SceneChange(kind=SceneChangeKind.MOVED, part=kind, old_place=before.place, new_place=after.place)
        yield from _inner_changes(kind, before, after)
    for index, after in enumerate(new):
        if index not in met and not _is_at(after, unknown[0]):
            yield SceneChange(kind=SceneChangeKind.ADDED, part=kind, new_place=after.place, new=after.text)


def _is_at(part: _Part, unknown: set[str]) -> bool:
    """Whether a part may be what could not be read in the other version: it is at its place, or in its group."""
    return part.place in unknown or part.place.partition(", ")[0] in unknown


def _inner_changes(kind: str, before: _Part, after: _Part) -> Iterator[SceneChange]:
    unread = {**before.unread, **after.unread}
    for what, one, other in (
        (SceneChangeKind.TYPE, before.type, after.type),
        (SceneChangeKind.TEXT, before.text, after.text),
    ):
        if one != other and what.value not in unread:
            yield SceneChange(kind=what, part=kind, old_place=before.place, new_place=after.place, old=one, new=other)
    old, new = (known_extra(part.extra, unread) for part in (before, after))
    for change in _others(kind, after.place, old, new):
        yield attrs.evolve(change, old_place=before.place)


def _others(kind: str, place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[SceneChange]:
    for name in dict.fromkeys([*old, *new]):
        if not same(old.get(name), new.get(name)):
            yield SceneChange(
                kind=SceneChangeKind.OTHER,
                part=kind,
                old_place=place,
                new_place=place,
                name=name,
                old=old.get(name),
                new=new.get(name),
            )


def _with_text(text: Any) -> str:
    return f": {quoted(text)}" if text else ""
