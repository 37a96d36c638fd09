"""The changes between two versions of a template."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._codec.unreadable import gaps, unread_fields
from pictory_async._values import Displayed
from pictory_async.insight._align import Effort, align, explained, moved
from pictory_async.insight._diff_scene import SceneChange, content_of, known_extra, scene_changes, text_of
from pictory_async.insight._numbers import numbered, places_unread
from pictory_async.insight._text import Gap, quoted, same, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.insight._align import Pair
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

_STEPS: Final = 1_200_000  # of the search for similar scenes
_NAMED: Final = 20  # numbers of scenes in one line
_INNER_STEPS: Final = 600_000  # of the search for similar texts in all of them


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
class TemplateDiff(Displayed):
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
        unreadable_old: The places of what could not be read in the earlier version, such as ``scenes[0]``; at most 100,
            and then how many more. Nothing else is reported about them.
        unreadable_new: The same for the later version.
        is_complete: Whether all scenes were compared with each other. Else the versions are so large that the search
            was ended, and some of the scenes that are reported as removed and as added may be changed ones.
        maybe_added: More scenes of the later version than could not be read in the earlier one, where one of these is.
            So some of them were added, but nobody knows which.
        maybe_removed: The same for scenes of the earlier version.
    """

    old_id: str
    new_id: str
    properties: tuple[PropertyChange, ...] = ()
    variables: tuple[VariableChange, ...] = ()
    added: tuple[SceneRef, ...] = ()
    removed: tuple[SceneRef, ...] = ()
    matches: tuple[SceneMatch, ...] = ()
    unreadable_old: tuple[str, ...] = ()
    unreadable_new: tuple[str, ...] = ()
    is_complete: bool = True
    maybe_added: tuple[SceneRef, ...] = ()
    maybe_removed: tuple[SceneRef, ...] = ()

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("old_id", self.old_id), ("new_id", self.new_id), ("is_empty", self.is_empty))
        yield from ((f"change {number}", line) for number, line in enumerate(self.lines(), 1))

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
        """Whether nothing changed, and everything could be read."""
        changes = self.properties or self.variables or self.added or self.removed or self.moved or self.changed
        return not (changes or self.unreadable_old or self.unreadable_new)

    def lines(self) -> list[str]:
        """Return the changes as lines for people; empty if nothing changed.

        The lines have no control characters, and long texts are shortened.
        """
        return list(self._lines())

    def _lines(self) -> Iterator[str]:
        for change in self.properties:
            yield f"{short(change.name)}: {quoted(change.old)} → {quoted(change.new)}"
        yield from map(_variable_line, self.variables)
        for scene in self.removed:
            yield f"scene {scene.number} removed{_with_text(scene)}"
        for scene in self.added:
            yield f"scene {scene.number} added{_with_text(scene)}"
        for scenes, what in ((self.maybe_removed, "removed"), (self.maybe_added, "added")):
            if scenes:
                numbers = ", ".join(str(scene.number) for scene in scenes[:_NAMED])
                more = f" and {len(scenes) - _NAMED} more" if len(scenes) > _NAMED else ""
                yield f"some of the scenes {numbers}{more} were {what}; which ones cannot be known"
        for match in self.matches:
            if match.moved:
                yield f"scene {match.old.number} moved, now scene {match.new.number}{_with_text(match.new)}"
            for scene_change in match.changes:
                yield f"scene {match.new.number}: {scene_change}"
        yield from (f"old version: {place} could not be read" for place in self.unreadable_old)
        yield from (f"new version: {place} could not be read" for place in self.unreadable_new)
        if not self.is_complete:
            yield "the versions are too large to compare all their scenes: some may be changed, not removed and added"

    def to_dict(self) -> dict[str, Any]:
        """Return the changes as JSON values.

        ``unreadable`` is there only if something could not be read, ``is_complete`` only if it is false, and
        ``scenes_maybe_added`` and ``scenes_maybe_removed`` only if there are such scenes.
        """
        unread = {"old": list(self.unreadable_old), "new": list(self.unreadable_new)}
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
            **({"unreadable": unread} if any(unread.values()) else {}),
            **({} if self.is_complete else {"is_complete": False}),
            **{
                key: [_scene_dict(scene) for scene in scenes]
                for key, scenes in (
                    ("scenes_maybe_added", self.maybe_added),
                    ("scenes_maybe_removed", self.maybe_removed),
                )
                if scenes
            },
        }


def compare_templates(old: Template, new: Template) -> TemplateDiff:
    """Compare two versions of a template, including the texts of their scenes.

    Does what "Compare Template Versions" on https://docs.pictory.ai/api-reference/templates/get-template-by-id does,
    and more. Scenes are matched by their id, then by equal content, then by similar text, so you can compare versions
    that were exported again and have new ids. No request is sent. The work is bounded, so large versions do not
    block the event loop.

    Args:
        old: The earlier version.
        new: The later version.
    """
    befores, afters = numbered(old, "scenes"), numbered(new, "scenes")
    effort = Effort(_STEPS)
    pairs = align(
        [scene for _, scene in befores],
        [scene for _, scene in afters],
        effort,
        key=lambda scene: scene.id,
        content=content_of,
        text=text_of,
    )
    before = [_ref(number, scene) for number, scene in befores]
    after = [_ref(number, scene) for number, scene in afters]
    known = [(before[pair.old].number - 1, after[pair.new].number - 1) for pair in pairs]
    added, maybe_added = _unmatched(after, known, old)
    removed, maybe_removed = _unmatched(before, [(two, one) for one, two in known], new)
    return TemplateDiff(
        old_id=old.id,
        new_id=new.id,
        properties=tuple(_property_changes(old, new)),
        variables=tuple(_variable_changes(old, new)),
        added=added,
        removed=removed,
        matches=tuple(_matches(pairs, before, after, (dict(befores), dict(afters)))),
        unreadable_old=places_unread(old),
        unreadable_new=places_unread(new),
        is_complete=not (effort.spent and added and removed),
        maybe_added=maybe_added,
        maybe_removed=maybe_removed,
    )


def _matches(
    pairs: list[Pair],
    before: list[SceneRef],
    after: list[SceneRef],
    scenes: tuple[dict[int, TemplateScene], dict[int, TemplateScene]],
) -> Iterator[SceneMatch]:
    displaced = moved(pairs)
    effort = Effort(_INNER_STEPS)
    for done, pair in enumerate(sorted(pairs, key=lambda pair: pair.new)):
        old, new = before[pair.old], after[pair.new]
        share = effort.share(len(pairs) - done)
        changes = scene_changes(scenes[0][old.number], scenes[1][new.number], share)
        effort.give_back(share)
        yield SceneMatch(old=old, new=new, how=pair.how, moved=pair in displaced, changes=changes)


def _unmatched(
    scenes: list[SceneRef], known: list[tuple[int, int]], other: Template
) -> tuple[tuple[SceneRef, ...], tuple[SceneRef, ...]]:
    """The scenes of one version that the other does not have, and those of which it does not have some."""
    missing = gaps(other, "scenes")
    if not missing and "scenes" in unread_fields(other):
        return (), ()  # nothing is known about the other version
    matched = {number for _, number in known}
    alone = [scene for scene in scenes if scene.number - 1 not in matched]
    unclear, some = explained(known, missing, [scene.number - 1 for scene in alone])
    return (
        tuple(scene for scene in alone if scene.number - 1 not in unclear),
        tuple(scene for scene in alone if scene.number - 1 in some),
    )


def _properties(template: Template) -> dict[str, Any]:
    parts: list[tuple[str, Model | None, tuple[str, ...]]] = [
        ("", template, ("name", "language", "published", "deprecated", "schema_version")),
        ("background_music.", template.background_music, ("enabled", "url", "volume")),
        ("voice_over.", template.voice_over, ("enabled",)),
    ]
    for number, voice in [] if template.voice_over is None else numbered(template.voice_over, "ai_voices"):
        parts.append((f"voice_over.ai_voices[{number - 1}].", voice, ("speaker", "speed", "amplification_level")))
    values: dict[str, Any] = {}
    for prefix, part, names in parts:
        if part is not None:
            unread = unread_fields(part)
            values |= {f"{prefix}{name}": Gap.UNREADABLE if name in unread else getattr(part, name) for name in names}
            values |= {f"{prefix}{name}": value for name, value in known_extra(part.extra, unread).items()}
    return values


def _property_changes(old: Template, new: Template) -> Iterator[PropertyChange]:
    before, after = _properties(old), _properties(new)
    unread = _unread_parts(old) | _unread_parts(new)
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        wholes = {name.partition(".")[0], name.partition("[")[0], name.rpartition(".")[0]}
        unknown = Gap.UNREADABLE is one or Gap.UNREADABLE is other or not unread.isdisjoint(wholes)
        if not unknown and not same(one, other):
            yield PropertyChange(name=name, old=one, new=other)


def _unread_parts(template: Template) -> set[str]:
    """The names of parts that could not be read, so that nothing is known about the properties in them."""
    voices = template.voice_over
    unread = set(unread_fields(template))
    if voices is not None:
        unread |= {f"voice_over.{attr}" for attr in unread_fields(voices)}
        unread |= {f"voice_over.ai_voices[{index}]" for index in gaps(voices, "ai_voices")}
    return unread


def _variable_changes(old_template: Template, new_template: Template) -> Iterator[VariableChange]:
    if any("_variables" in unread_fields(template) for template in (old_template, new_template)):
        return
    old, new = old_template.variables, new_template.variables
    for name in sorted({*old, *new}):
        if name not in old:
            yield VariableChange(kind=VariableChangeKind.ADDED, name=name, new=new[name])
        elif name not in new:
            yield VariableChange(kind=VariableChangeKind.REMOVED, name=name, old=old[name])
        elif not same(old[name], new[name]):
            yield VariableChange(kind=VariableChangeKind.DEFAULT, name=name, old=old[name], new=new[name])


def _ref(number: int, scene: TemplateScene) -> SceneRef:
    return SceneRef(number=number, id=scene.id, texts=scene.texts)


def _variable_line(variable: VariableChange) -> str:
    name = quoted(variable.name)
    if variable.kind is VariableChangeKind.ADDED:
        return f"variable {name} added, default {quoted(variable.new)}"
    if variable.kind is VariableChangeKind.REMOVED:
        return f"variable {name} removed, default was {quoted(variable.old)}"
    return f"variable {name}: default {quoted(variable.old)} → {quoted(variable.new)}"


def _with_text(scene: SceneRef) -> str:
    return f": {quoted(' / '.join(scene.texts))}" if scene.texts else ""


def _scene_dict(scene: SceneRef) -> dict[str, Any]:
    return {"number": scene.number, "id": scene.id, "texts": list(scene.texts)}
