"""Comparing versions of a template: what was added, removed, moved and changed."""

from __future__ import annotations

import json
import pickle
import random
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async.insight import SceneChangeKind, TemplateDiff, VariableChangeKind, compare_templates
from pictory_async.insight._align import Pair, moved
from pictory_async.models import Template
from tests.insight._samples import documented_template, read_template, scene, templates

TEXTS = [
    "Welcome to our yearly report",
    "Revenue grew in all regions",
    "Meet the people behind it",
    "What comes next for {{Company}}",
    "Thank you for watching",
]


def version(*texts: str, ids: str = "s", **fields: Any) -> Template:
    return read_template(
        fields.pop("template_id", "t"),
        scenes=[scene(f"{ids}-{TEXTS.index(text) if text in TEXTS else text}", text) for text in texts],
        **fields,
    )


def numbers(diff: TemplateDiff) -> dict[str, Any]:
    return {
        "added": [each.number for each in diff.added],
        "removed": [each.number for each in diff.removed],
        "moved": [(each.old.number, each.new.number) for each in diff.moved],
        "changed": [each.new.number for each in diff.changed],
    }


NOTHING: dict[str, list[Any]] = {"added": [], "removed": [], "moved": [], "changed": []}


class TestScenes:
    """Scenes that were added, removed, moved or changed."""

    def test_same(self):
        """A template does not differ from itself."""
        diff = compare_templates(documented_template(), documented_template())
        assert diff.is_empty
        assert [] == diff.lines()
        assert ["id"] == [each.how for each in diff.matches]

    @pytest.mark.parametrize("ids", ["s", "new"])
    def test_moves(self, ids):
        """Scenes are matched by their ids, and by their content if all ids are new."""
        old = version(*TEXTS)
        a, b, c, d, e = TEXTS
        assert {**NOTHING, "added": []} == numbers(compare_templates(old, version(*TEXTS, ids=ids)))
        assert {**NOTHING, "removed": [2]} == numbers(compare_templates(old, version(a, c, d, e, ids=ids)))
        assert {**NOTHING, "added": [2]} == numbers(compare_templates(version(a, c), version(a, b, c, ids=ids)))
        assert {**NOTHING, "moved": [(5, 1)]} == numbers(compare_templates(old, version(e, a, b, c, d, ids=ids)))
        assert {**NOTHING, "moved": [(1, 5)]} == numbers(compare_templates(old, version(b, c, d, e, a, ids=ids)))
        everything = compare_templates(version(a, b, c, d), version(d, "An entirely new one", a, c, ids=ids))
        assert {**NOTHING, "added": [2], "removed": [2], "moved": [(4, 1)]} == numbers(everything)
        assert [
            f'scene 2 removed: "{b}"',
            'scene 2 added: "An entirely new one"',
            f'scene 4 moved, now scene 1: "{d}"',
        ] == everything.lines()

    def test_changed_text_with_its_id(self):
        """A scene that kept its id has changed, even if its text is entirely different."""
        old, new = (read_template(scenes=[scene("s", text)]) for text in ("Hello", "Completely rewritten 123"))
        (match,) = compare_templates(old, new).changed
        (change,) = match.changes
        assert (SceneChangeKind.TEXT, "subtitle", "Hello", "Completely rewritten 123") == (
            change.kind,
            change.part,
            change.old,
            change.new,
        )
        assert ['scene 1: subtitle 1, text: "Hello" → "Completely rewritten 123"'] == compare_templates(
            old, new
        ).lines()

    def test_changed_text_with_a_new_id(self):
        """A scene with a new id and a similar text has changed; one with a different text was replaced."""
        old = version(TEXTS[0], TEXTS[1])
        new = version("Welcome to our monthly report", "42 cats", ids="new")
        diff = compare_templates(old, new)
        assert {**NOTHING, "added": [2], "removed": [2], "changed": [1]} == numbers(diff)
        assert ["similarity"] == [each.how for each in diff.matches]

    def test_most_similar_wins(self):
        """Of several similar scenes, the most similar one is matched."""
        old = version("Chapter one: the beginning", "Chapter two: the end")
        new = version("Chapter two: the ending", "Chapter one: the beginnings", ids="new")
        assert [(2, 1), (1, 2)] == [(each.old.number, each.new.number) for each in compare_templates(old, new).matches]

    def test_equal_scenes_pair_in_order(self):
        """Scenes with equal content are matched in order, so that none of them seems to have moved."""
        old, new = (read_template(scenes=[scene(None, "Pause")] * count) for count in (3, 4))
        assert {**NOTHING, "added": [4]} == numbers(compare_templates(old, new))

    def test_repeated_id(self):
        """An id that occurs twice is ignored; the scenes are matched by content."""
        old = read_template(scenes=[scene("s", TEXTS[0]), scene("s", TEXTS[1])])
        new = read_template(scenes=[scene("s", TEXTS[1]), scene("s", TEXTS[0])])
        diff = compare_templates(old, new)
        assert 1 == len(diff.moved)
        assert {"content"} == {each.how for each in diff.matches}

    def test_unknown_fields(self):
        """Unknown fields of the scene and of its parts are compared too."""

        def one(color: str, x: int) -> Template:
            layer = {"layerId": "l", "type": "text", "text": "t", "x": x}
            return read_template(scenes=[{**scene("s", "a", layers=[[layer]]), "color": color}])

        assert ['scene 1: scene, color: "red" → "blue"', "scene 1: layer group 1, layer 1, x: 1 → 2"] == (
            compare_templates(one("red", 1), one("blue", 2)).lines()
        )

    def test_subtitles(self):
        """Subtitles that were added, removed or moved are reported."""
        old = read_template(scenes=[scene("s", "One thing", "Second matter", "Third point", "Fourth idea")])
        new = read_template(scenes=[scene("s", "Fourth idea", "One thing", "Third point", "xyz 789", "!!!!")])
        assert [
            'scene 1: subtitle 2 removed: "Second matter"',
            "scene 1: subtitle 4 moved, now subtitle 1",
            'scene 1: subtitle 4 added: "xyz 789"',
            'scene 1: subtitle 5 added: "!!!!"',
        ] == compare_templates(old, new).lines()

    def test_layers(self):
        """Layers are matched by their ids: text, type and group can change."""

        def layer(number: int, text: str, kind: str = "text") -> dict[str, Any]:
            return {"layerId": f"l{number}", "type": kind, "text": text}

        old = read_template(scenes=[scene("s", layers=[[layer(1, "a"), layer(2, "b")], [layer(3, "c")]])])
        new = read_template(scenes=[scene("s", layers=[[layer(1, "zzz", "html")], [layer(2, "b"), layer(3, "c")]])])
        assert [
            'scene 1: layer group 1, layer 1, type: "text" → "html"',
            'scene 1: layer group 1, layer 1, text: "a" → "zzz"',
            "scene 1: layer group 1, layer 2 moved, now layer group 2, layer 1",
        ] == compare_templates(old, new).lines()

    def test_many_rewritten_scenes(self):
        """Two large templates with little in common are compared within the time limit of a test."""
        words = random.Random(7)
        alphabet = "etaoin shrdlu "

        def large(name: str) -> Template:
            return read_template(
                scenes=[scene(f"{name}{number}", "".join(words.choices(alphabet, k=300))) for number in range(120)]
            )

        diff = compare_templates(large("a"), large("b"))
        assert 120 == len(diff.added) + len(diff.matches) == len(diff.removed) + len(diff.matches)


class TestTemplate:
    """Changes of the template itself."""

    def test_properties(self):
        """Every property that changed is reported with both values; ids and file URLs are not."""
        old = documented_template()
        assert old.background_music is not None
        assert old.voice_over is not None
        new = attrs.evolve(
            old,
            id="other",
            name="New",
            language="de",
            published=False,
            deprecated=True,
            schema_version="v2",
            project_url="https://elsewhere",
            structure_url="https://elsewhere",
            background_music=attrs.evolve(old.background_music, enabled=False, volume=0.5, url=None),
            voice_over=attrs.evolve(
                old.voice_over,
                enabled=False,
                ai_voices=(attrs.evolve(old.voice_over.ai_voices[0], speaker="7", speed=90), *old.voice_over.ai_voices),
            ),
        )
        assert [
            "name",
            "language",
            "published",
            "deprecated",
            "schema_version",
            "background_music.enabled",
            "background_music.url",
            "background_music.volume",
            "voice_over.enabled",
            "voice_over.ai_voices[0].speaker",
            "voice_over.ai_voices[0].speed",
            "voice_over.ai_voices[1].speaker",
            "voice_over.ai_voices[1].speed",
            "voice_over.ai_voices[1].amplification_level",
        ] == [each.name for each in compare_templates(old, new).properties]
        assert 'name: "Hello World Template" → "New"' == compare_templates(old, new).lines()[0]

    def test_unknown_property(self):
        """Unknown properties are compared too."""
        assert ["extra: none → 1"] == compare_templates(read_template(), read_template(extra=1)).lines()

    def test_appearing_parts(self):
        """New music and voices are reported as changed properties."""
        diff = compare_templates(Template(id="t"), documented_template())
        assert "background_music.enabled: none → true" in diff.lines()
        assert compare_templates(documented_template(), Template(id="t")).removed

    def test_variables(self):
        """Variables that were added, removed or have another default are reported in the order of their names."""
        old = read_template(variables={"Same": 1, "Gone": "g", "Changed": True})
        new = read_template(variables={"New": "n", "Changed": 1, "Same": 1.0})
        diff = compare_templates(old, new)
        assert [
            (VariableChangeKind.DEFAULT, "Changed", True, 1),
            (VariableChangeKind.REMOVED, "Gone", "g", None),
            (VariableChangeKind.ADDED, "New", None, "n"),
        ] == [(each.kind, each.name, each.old, each.new) for each in diff.variables]
        assert [
            'variable "Changed": default true → 1',
            'variable "Gone" removed, default was "g"',
            'variable "New" added, default "n"',
        ] == diff.lines()

    def test_to_dict(self):
        """The dict is JSON and has every change."""
        old, new = (
            version(*TEXTS[:4], name="a"),
            version(TEXTS[3], TEXTS[0], TEXTS[2], "x", ids="new", variables={"V": 1}),
        )
        found = compare_templates(old, new).to_dict()
        assert found == json.loads(json.dumps(found))
        assert not found["is_empty"]
        assert [{"name": "name", "old": "a", "new": None}] == found["properties"]
        assert [{"change": "added", "name": "V", "old": None, "new": 1}] == found["variables"]
        assert [4] == [each["number"] for each in found["scenes_added"]]
        assert [2] == [each["number"] for each in found["scenes_removed"]]
        assert [(4, 1)] == [(each["from"], each["to"]) for each in found["scenes_moved"]]
        changed = compare_templates(*(read_template(scenes=[scene("s", text)]) for text in "ab")).to_dict()
        assert "text" == changed["scenes_changed"][0]["changes"][0]["change"]

    def test_lines_are_lines(self):
        """Long texts are shortened, and control characters are removed."""
        old = version("a", name="x\n\x1b[2J" + "y" * 500)
        for line in compare_templates(old, version("b\n" * 100, ids="z", variables={"\n": "\r"})).lines():
            assert line.isprintable()
            assert len(line) < 200


class TestLaws:
    """Properties that hold for any two templates."""

    @given(templates)
    def test_identity(self, template):
        """A template does not differ from itself, or from a copy."""
        assert compare_templates(template, template).is_empty
        assert compare_templates(template, pickle.loads(pickle.dumps(template))).is_empty

    @given(templates)
    def test_new_ids(self, template):
        """A template that was exported again, with new ids for everything, has not changed."""
        raw = template.to_dict()
        for number, each in enumerate(raw["scenes"]):
            each["sceneId"] = f"new-{number}"
            for group in each["layers"]:
                for layer in group:
                    layer["layerId"] = f"new-{id(layer)}"
        assert compare_templates(template, read_template("new", **raw)).is_empty

    @given(templates, templates)
    def test_the_changes_lead_to_the_new_order(self, old, new):
        """Removing, moving and adding the reported scenes turns the old order into the new one."""
        diff = compare_templates(old, new)
        removed = {each.number for each in diff.removed}
        matched = {each.old.number: each.new.number for each in diff.matches}
        assert set(range(1, len(old.scenes) + 1)) == removed | matched.keys()
        assert len(old.scenes) == len(removed) + len(matched)
        order = [matched[number] for number in range(1, len(old.scenes) + 1) if number not in removed]
        targets = [each.new.number for each in diff.moved]
        order = [number for number in order if number not in targets]
        assert sorted(order) == order
        for number in sorted([*targets, *(each.number for each in diff.added)]):
            order.insert(number - 1, number)
        assert list(range(1, len(new.scenes) + 1)) == order

    @given(templates, templates)
    def test_emptiness_is_consistent(self, old, new):
        """A comparison is empty in both directions or in neither, and its dict, lines and pickle agree."""
        diff = compare_templates(old, new)
        assert diff.is_empty == (diff.lines() == []) == diff.to_dict()["is_empty"]
        assert diff.is_empty == compare_templates(new, old).is_empty
        assert diff == pickle.loads(pickle.dumps(diff))
        json.dumps(diff.to_dict())

    @given(templates, templates)
    def test_empty_means_equal_texts(self, old, new):
        """If there are no changes, the scenes have the same texts in the same order."""
        if compare_templates(old, new).is_empty:
            assert [each.texts for each in old.scenes] == [each.texts for each in new.scenes]

    @given(st.permutations(range(6)), st.integers(0, 5), st.integers(0, 5))
    def test_one_move_is_one_move(self, order, start, end):
        """Moving one item is reported as one move."""
        items = list(order)
        item = items.pop(start)
        items.insert(end, item)
        pairs = [Pair(index, items.index(name), "id") for index, name in enumerate(order)]
        assert len(moved(pairs)) <= 1
        assert (start != end) == bool(moved(pairs))
