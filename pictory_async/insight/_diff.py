"""The changes between two versions of a template."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async.insight._align import align, moved
from pictory_async.insight._diff_scene import SceneChange, content_of, scene_changes, text_of
from pictory_async.insight._text import quoted, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pictory_async.models import Model, Template, TemplateScene

__all__ = [
    "PropertyChange",
    "SceneMatch",
    "SceneRef",
    "TemplateDiff",
    "VariableChange",
    "VariableChangeKind",
    "compare_templates",
]


class VariableChangeKind(StrEnum):
    """How a variable changed."""

    ADDED = "added"
    REMOVED = "removed"
    DEFAULT = "default"


@attrs.frozen(kw_only=True)
class PropertyChange:
    """A property of the template that changed.

    Attributes:
        name: The property, such as ``language``, ``background_music.volume`` or ``voice_over.ai_voices[0].speed``;
            for a property that this package does not know, the API's name.
        old: Its old value, or ``None``.
        new: Its new value, or ``None``.
    """

    name: str
    old: Any = None
    new: Any = None


@attrs.frozen(kw_only=True)
class VariableChange:
    """A variable that was added or removed, or that has another default.

    Attributes:
        kind: How it changed.
        name: Name of the variable.
        old: Its old default; ``None`` if it was not declared.
        new: Its new default; ``None`` if it is no longer declared.
    """

    kind: VariableChangeKind
    name: str
    old: Any = None
    new: Any = None


@attrs.frozen(kw_only=True)
class SceneRef:
    """A scene of one of the two versions.

    Attributes:
        number: Number of the scene in its version; the first is 1.
        id: The scene's id.
        texts: Its texts: subtitles first, then layers.
    """

    number: int
    id: str | None = None
    texts: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class SceneMatch:
    """A scene that both versions have.

    Attributes:
        old: The scene in the earlier version.
        new: The scene in the later version.
        how: How the two were matched: ``id``, ``content`` or ``similarity``.
        moved: Whether its position among the common scenes changed. A scene whose number changed only because others
            were added, removed or moved has not moved.
        changes: What changed in it.
    """

    old: SceneRef
    new: SceneRef
    how: str
    moved: bool = False
    changes: tuple[SceneChange, ...] = ()


@attrs.frozen(kw_only=True)
class TemplateDiff:
    """What changed between two versions of a template.

    New ids are not reported, because a template gets new ids when it is exported again. Neither are the URLs of its
    files.

    Attributes:
        old_id: Id of the earlier version.
        new_id: Id of the later version.
        properties: The properties that changed.
        variables: The variables that changed, in the order of their names.
        added: Scenes that only the later version has.
        removed: Scenes that only the earlier version has.
        matches: Scenes that both versions have, in the order of the later one.
    """

    old_id: str
    new_id: str
    properties: tuple[PropertyChange, ...] = ()
    variables: tuple[VariableChange, ...] = ()
    added: tuple[SceneRef, ...] = ()
    removed: tuple[SceneRef, ...] = ()
    matches: tuple[SceneMatch, ...] = ()

    @property
    def moved(self) -> tuple[SceneMatch, ...]:
        """The scenes that moved: the smallest number of moves that leads to the new order."""
        return tuple(match for match in self.matches if match.moved)

    @property
    def changed(self) -> tuple[SceneMatch, ...]:
        """The scenes that have changes."""
        return tuple(match for match in self.matches if match.changes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.properties or self.variables or self.added or self.removed or self.moved or self.changed)

    def lines(self) -> list[str]:
        """Return the changes as lines for people; empty if nothing changed.

        The lines have no control characters, and long texts are shortened.
        """
        return list(self._lines())

    def _lines(self) -> Iterator[str]:
        for change in self.properties:
            yield f"{change.name}: {quoted(change.old)} → {quoted(change.new)}"
        for variable in self.variables:
            name = quoted(variable.name)
            if variable.kind is VariableChangeKind.ADDED:
                yield f"variable {name} added, default {quoted(variable.new)}"
            elif variable.kind is VariableChangeKind.REMOVED:
                yield f"variable {name} removed, default was {quoted(variable.old)}"
            else:
                yield f"variable {name}: default {quoted(variable.old)} → {quoted(variable.new)}"
        for scene in self.removed:
            yield f"scene {scene.number} removed{_with_text(scene)}"
        for scene in self.added:
            yield f"scene {scene.number} added{_with_text(scene)}"
        for match in self.matches:
            if match.moved:
                yield f"scene {match.old.number} moved, now scene {match.new.number}{_with_text(match.new)}"
            for scene_change in match.changes:
                yield f"scene {match.new.number}: {scene_change}"

    def to_dict(self) -> dict[str, Any]:
        """Return the changes as JSON values."""
        return {
            "old_id": self.old_id,
            "new_id": self.new_id,
            "is_empty": self.is_empty,
            "properties": [{"name": each.name, "old": each.old, "new": each.new} for each in self.properties],
            "variables": [
                {"change": each.kind.value, "name": each.name, "old": each.old, "new": each.new}
                for each in self.variables
            ],
            "scenes_added": [_scene_dict(scene) for scene in self.added],
            "scenes_removed": [_scene_dict(scene) for scene in self.removed],
            "scenes_moved": [
                {"scene": _scene_dict(match.new), "from": match.old.number, "to": match.new.number}
                for match in self.moved
            ],
            "scenes_changed": [
                {
                    "scene": _scene_dict(match.new),
                    "was": match.old.number,
                    "matched_by": match.how,
                    "changes": [change.to_dict() for change in match.changes],
                }
                for match in self.changed
            ],
        }


def compare_templates(old: Template, new: Template) -> TemplateDiff:
    """Compare two versions of a template, including the texts of their scenes.

    Does what "Compare Template Versions" on https://docs.pictory.ai/api-reference/templates/get-template-by-id does,
    and more. Scenes are matched by their id, then by equal content, then by similar text, so you can compare versions
    that were exported again and have new ids. No request is sent.

    Args:
        old: The earlier version.
        new: The later version.
    """
    pairs = align(old.scenes, new.scenes, key=lambda scene: scene.id, content=content_of, text=text_of)
    displaced = moved(pairs)
    kept_old, kept_new = {pair.old for pair in pairs}, {pair.new for pair in pairs}
    before = [_ref(number, scene) for number, scene in enumerate(old.scenes, 1)]
    after = [_ref(number, scene) for number, scene in enumerate(new.scenes, 1)]
    return TemplateDiff(
        old_id=old.id,
        new_id=new.id,
        properties=tuple(_property_changes(old, new)),
        variables=tuple(_variable_changes(old.variables, new.variables)),
        added=tuple(scene for index, scene in enumerate(after) if index not in kept_new),
        removed=tuple(scene for index, scene in enumerate(before) if index not in kept_old),
        matches=tuple(
            SceneMatch(
                old=before[pair.old],
                new=after[pair.new],
                how=pair.how,
                moved=pair in displaced,
                changes=scene_changes(old.scenes[pair.old], new.scenes[pair.new]),
            )
            for pair in sorted(pairs, key=lambda pair: pair.new)
        ),
    )


def _properties(template: Template) -> dict[str, Any]:
    voices = () if template.voice_over is None else template.voice_over.ai_voices
    parts: list[tuple[str, Model | None, tuple[str, ...]]] = [
        ("", template, ("name", "language", "published", "deprecated", "schema_version")),
        ("background_music.", template.background_music, ("enabled", "url", "volume")),
        ("voice_over.", template.voice_over, ("enabled",)),
    ]
    for index, voice in enumerate(voices):
        parts.append((f"voice_over.ai_voices[{index}].", voice, ("speaker", "speed", "amplification_level")))
    values: dict[str, Any] = {}
    for prefix, part, names in parts:
        if part is not None:
            values |= {f"{prefix}{name}": getattr(part, name) for name in names}
            values |= {f"{prefix}{name}": value for name, value in part.extra.items()}
    return values


def _property_changes(old: Template, new: Template) -> Iterator[PropertyChange]:
    before, after = _properties(old), _properties(new)
    for name in dict.fromkeys([*before, *after]):
        if not same(before.get(name), after.get(name)):
            yield PropertyChange(name=name, old=before.get(name), new=after.get(name))


def _variable_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[VariableChange]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield VariableChange(kind=VariableChangeKind.ADDED, name=name, new=new[name])
        elif name not in new:
            yield VariableChange(kind=VariableChangeKind.REMOVED, name=name, old=old[name])
        elif not same(old[name], new[name]):
            yield VariableChange(kind=VariableChangeKind.DEFAULT, name=name, old=old[name], new=new[name])


def _ref(number: int, scene: TemplateScene) -> SceneRef:
    return SceneRef(number=number, id=scene.id, texts=scene.texts)


def _with_text(scene: SceneRef) -> str:
    return f": {quoted(' / '.join(scene.texts))}" if scene.texts else ""


def _scene_dict(scene: SceneRef) -> dict[str, Any]:
    return {"number": scene.number, "id": scene.id, "texts": list(scene.texts)}
