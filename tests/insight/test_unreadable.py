"""What could not be read is said to be unreadable: never absent, never equal, and nothing else is lost with it."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async._codec import answers as codec
from pictory_async._codec.unreadable import gaps, indexed, unread_fields
from pictory_async.errors import MalformedResponseError
from pictory_async.insight import (
    check_template,
    compare_templates,
    template_structure,
    template_variables,
)
from pictory_async.insight._align import explained
from pictory_async.models import Subtitle, Template, TemplateScene
from tests.insight._samples import documented_template, read_project, read_template, scene

LAYER = {"layerId": "l", "type": "text", "text": "{{A}}"}
GOOD: dict[str, Any] = {"published": True, "schemaVersion": "v3", "variables": {"A": "a"}}


def codes(template: Template, values: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(each.code, each.place) for each in check_template(template, values)]


class TestModels:
    """What models keep, and what they say about the rest."""

    def test_one_bad_item_does_not_hide_the_others(self):
        """An item that cannot be read is left out of each list, at any depth; the others keep their places."""
        found = read_template(
            scenes=[
                None,
                {"subtitles": [None, {"text": "a"}, 5], "layers": [None, [None, LAYER], [], "x"]},
                {"subtitles": [{"text": 7}, {"text": "b"}]},
                "scene",
            ],
            voiceOver={"aiVoices": [{"speaker": "1"}, None]},
        )
        assert [1, 2] == [index for index, _ in indexed(found, "scenes")]
        assert ["a"] == [subtitle.text for subtitle in found.scenes[0].subtitles]
        assert ((("{{A}}",), ())) == tuple(tuple(one.text for one in group) for group in found.scenes[0].layers)
        assert [1, 2] == [group for group, _ in indexed(found.scenes[0], "layers")]
        assert [0, 3] == gaps(found, "scenes")
        assert (
            "voiceOver.aiVoices[1]",
            "scenes[0]",
            "scenes[1].subtitles[0]",
            "scenes[1].subtitles[2]",
            "scenes[1].layers[0]",
            "scenes[1].layers[1][0]",
            "scenes[1].layers[3]",
            "scenes[2].subtitles[0].text",
            "scenes[3]",
        ) == found.unreadable
        assert {} == found.extra

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"scenes": [None]}, ("scenes[0]",)),
            ({"scenes": [1, 2]}, ("scenes[0]", "scenes[1]")),
            ({"scenes": "x"}, ("scenes",)),
            ({"scenes": [[]]}, ("scenes[0]",)),
            ({"scenes": []}, ()),
            ({"scenes": None}, ()),
            ({"scenes": [{"layers": [[None]]}]}, ("scenes[0].layers[0]",)),
            ({"variables": []}, ("variables",)),
            ({"published": "yes"}, ("published",)),
            ({"depricated": 1}, ("depricated",)),
            ({"backgroundMusic": "x"}, ("backgroundMusic",)),
            ({"backgroundMusic": {"volume": "0.5"}}, ("backgroundMusic.volume",)),
            ({"name": "", "new": [None]}, ()),
        ],
    )
    def test_places(self, fields, expected):
        """Each place is named as in the API's JSON; unknown fields are none, and neither is what is not there."""
        found = read_template(**fields)
        assert expected == found.unreadable
        assert fields == {key: value for key, value in found.to_dict().items() if key in fields}

    def test_projects(self):
        """Scenes, and the lists in settings, lose only what cannot be read."""
        found = read_project(
            scenes=[None, {"text": "a", "keywords": ["x", 5]}],
            visualFilter={"styles": ["s", None]},
            videoDuration="12",
            scriptTxtSceneSettings=[],
        )
        assert ["a"] == [each.text for each in found.scenes]
        assert (
            "videoDuration",
            "scriptTxtSceneSettings",
            "visualFilter.styles[1]",
            "scenes[0]",
            "scenes[1].keywords[1]",
        ) == found.unreadable
        assert [None, {"text": "a", "keywords": ["x", 5]}] == found.to_dict()["scenes"]
        assert found == read_project(**{key: value for key, value in found.to_dict().items() if key != "project_id"})
        changed = attrs.evolve(found, name="new").to_dict()
        assert [None, {"text": "a", "keywords": ["x", 5]}] == changed["scenes"]

    def test_pages(self):
        """The entries of a page that cannot be read are named too."""
        page = codec.decode_project_page(b'{"items": [{"id": "a"}, {}, null, {"id": "b", "name": 5}]}')
        assert ("items[1]", "items[2]", "items[3].name") == page.unreadable

    def test_copies(self):
        """A copy says the same, and a changed one says it of what was not changed."""
        found = read_template(published="yes", scenes=[None, scene("s", "a")], name=5)
        assert found.unreadable == pickle.loads(pickle.dumps(found)).unreadable == copy.deepcopy(found).unreadable
        assert ("name", "scenes[0]") == attrs.evolve(found, published=True).unreadable
        other = attrs.evolve(found, scenes=(*found.scenes, *found.scenes))
        assert ("name", "published") == other.unreadable
        assert [0, 1] == [index for index, _ in indexed(other, "scenes")]
        assert [] == gaps(other, "scenes")

    def test_made_by_hand(self):
        """What was never read has nothing that cannot be read."""
        made = Template(id="t", scenes=(TemplateScene(subtitles=(Subtitle(text="a"),)),))
        assert ((), [], {}) == (made.unreadable, gaps(made, "scenes"), unread_fields(made))
        assert [(0, made.scenes[0])] == indexed(made, "scenes")
        assert [] == gaps(read_template(), "scenes")

    def test_too_deep(self):
        """A response that is nested too deeply to be copied or compared is not used."""

        def deep(levels: int) -> bytes:
            return b'{"templateId": "t", "x": ' + b'{"x": [' * levels + b"]}" * levels + b"}"

        assert "t" == copy.deepcopy(codec.decode_template(deep(49), "t")).id
        for levels in (50, 60, 200):
            with pytest.raises(MalformedResponseError, match="nested too deeply"):
                codec.decode_template(deep(levels), "t")

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["subtitles", "layers", "text", "type", "x"]), inner)
            ),
            max_leaves=30,
        )
    )
    def test_anything(self, value):
        """Whatever is in place of the scenes, nothing gets lost: it is read, or named, and written back."""
        found = read_template(scenes=value)
        assert value == found.to_dict().get("scenes")
        numbers = [index for index, _ in indexed(found, "scenes")]
        if isinstance(value, list):
            assert sorted([*numbers, *gaps(found, "scenes")]) == list(range(len(value)))
            assert gaps(found, "scenes") == [index for index, one in enumerate(value) if not isinstance(one, dict)]
        check_template(found, {})
        json.dumps([template_structure(found).to_dict(), template_variables(found).to_dict()])
        diff = compare_templates(found, found)
        assert diff.is_empty == (not found.unreadable)
        assert set(diff.lines()) == {
            f"{version} version: {place} could not be read" for version in ("old", "new") for place in found.unreadable
        }
        other = compare_templates(found, read_template(scenes=[scene("s", "b")]))
        assert diff.is_empty == (not diff.lines())
        assert other.is_empty == (not other.lines())


class TestCheck:
    """``check_template()``."""

    def test_a_null_scene(self):
        """A template with one scene that cannot be read has scenes; their numbers are those of the template."""
        found = read_template(**GOOD, scenes=[None, {"subtitles": [None, {"text": "{{A}} {{B}}"}]}])
        assert [
            ("undeclared-variable", "scene 2, subtitle 2"),
            ("unreadable", "scene 1"),
            ("unreadable", "scene 2, subtitle 1"),
        ] == codes(found)
        assert "scenes[0] could not be read, so nothing is known about it." == check_template(found)[1].message
        assert [("unused-variable", "variable A"), ("unreadable", "scene 1")] == codes(
            read_template(**GOOD, scenes=[None])
        )[::-1]

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"scenes": "x"}, "template"),
            ({"published": "yes"}, "template"),
            ({"schemaVersion": 3}, "template"),
            ({"scenes": [scene("s", "{{A}}", layers=[[{**LAYER, "text": 5}]])]}, "scene 1, layer group 1, layer 1"),
            ({"scenes": [scene("s", "{{A}}") | {"layers": [[LAYER], None]}]}, "scene 1, layer group 2"),
        ],
    )
    def test_nothing_is_said_about_what_is_unknown(self, changes, expected):
        """There is one finding that it could not be read, and none that it is missing."""
        found = read_template(**{**GOOD, "scenes": [scene("s", "{{A}}")], **changes})
        assert [("unreadable", expected)] == [each for each in codes(found) if each[0] != "unused-variable"]

    def test_unknown_variables(self):
        """Without the declared variables, neither texts nor values are judged by them."""
        found = read_template(**GOOD | {"variables": [1]}, scenes=[scene("s", "{{A}} {{")])
        assert [("unreadable", "template"), ("malformed-placeholder", "scene 1, subtitle 1")] == codes(found, {"B": 1})

    def test_unused(self):
        """A variable may be used in what could not be read."""
        (found,) = (each for each in check_template(read_template(**GOOD, scenes=[None])) if each.place != "scene 1")
        assert "that could be read" in found.message

    def test_many(self):
        """The first hundred places are named, and how many more there are."""
        found = check_template(read_template(**GOOD, scenes=[*[None] * 200, scene("s", "{{A}}")]))
        assert 101 == len(found)
        assert "100 more could not be read, so nothing is known about it." == found[-1].message


class TestDiff:
    """``compare_templates()``."""

    def compare(self, one: dict[str, Any], other: dict[str, Any]) -> list[str]:
        found = compare_templates(read_template(**one), read_template(**other))
        assert found.to_dict()["is_empty"] is found.is_empty
        return found.lines()

    def test_scenes(self):
        """A scene that was unreadable is not reported as added, nor one that is now as removed."""
        a, b, c = scene("a", "Welcome to the show"), scene("b", "Thank you all"), scene("c", "Something in between")
        assert ["old version: scenes[0] could not be read"] == self.compare({"scenes": [None, b]}, {"scenes": [a, b]})
        assert ["new version: scenes[1] could not be read"] == self.compare({"scenes": [a, b]}, {"scenes": [a, None]})
        assert [
            "some of the scenes 1, 2 were added; which ones cannot be known",
            "old version: scenes[0] could not be read",
        ] == self.compare({"scenes": [None, a]}, {"scenes": [c, b, a]})
        assert ["old version: scenes could not be read"] == self.compare({"scenes": "x"}, {"scenes": [a]})
        assert ["new version: scenes could not be read"] == self.compare({"scenes": [a]}, {"scenes": "x"})

    @pytest.mark.parametrize(
        ("one", "other", "place"),
        [
            ({"name": 5}, {"name": "a"}, "name"),
            ({"backgroundMusic": {"volume": "0.5"}}, {"backgroundMusic": {"volume": 0.7}}, "backgroundMusic.volume"),
            ({"backgroundMusic": "x"}, {"backgroundMusic": {"volume": 0.7}}, "backgroundMusic"),
            ({"voiceOver": {"aiVoices": [None]}}, {"voiceOver": {"aiVoices": [{"speed": 1}]}}, "voiceOver.aiVoices[0]"),
            (
                {"voiceOver": {"aiVoices": [None, {"speed": 2}]}},
                {"voiceOver": {"aiVoices": [{"speed": 1}, {"speed": 2}]}},
                "voiceOver.aiVoices[0]",
            ),
            ({"voiceOver": 5}, {"voiceOver": {"enabled": True, "aiVoices": [{"speed": 1}]}}, "voiceOver"),
            ({"variables": [1]}, {"variables": {"A": 1}}, "variables"),
        ],
    )
    def test_properties(self, one, other, place):
        """A property that could not be read has neither changed nor stayed."""
        assert [f"old version: {place} could not be read"] == self.compare(one, other)
        assert [f"new version: {place} could not be read"] == self.compare(other, one)
        both = [f"{version} version: {place} could not be read" for version in ("old", "new")]
        assert both == self.compare(one, one)

    @pytest.mark.parametrize(
        ("part", "place"),
        [
            ({"subtitles": [None, {"text": "b"}]}, "subtitles[0]"),
            ({"subtitles": [{"text": 5}, {"text": "b"}]}, "subtitles[0].text"),
            ({"subtitles": 5}, "subtitles"),
            ({"layers": [[None, LAYER]]}, "layers[0][0]"),
            ({"layers": [None, [LAYER]]}, "layers[0]"),
            ({"layers": [[{**LAYER, "type": 7}]]}, "layers[0][0].type"),
            ({"layers": {}}, "layers"),
        ],
    )
    def test_parts(self, part, place):
        """The same for the parts of a scene, and for lists of them."""
        whole = {
            "sceneId": "s",
            "subtitles": [{"text": "a"}, {"text": "b"}],
            "layers": [[{**LAYER, "text": "x", "layerId": "m"}, LAYER], [LAYER]],
        }
        one = {"scenes": [{**whole, **part}]}
        lines = self.compare(one, {"scenes": [whole]})
        assert f"old version: scenes[0].{place} could not be read" == lines[-1]
        first = place.partition(".")[0]
        assert [] == [line for line in lines[:-1] if "text:" in line or "type:" in line or "subtitle" in first in line]

    def test_is_in_the_dict(self):
        """Programs see it too, only if there is something."""
        found = compare_templates(read_template(scenes=[None]), read_template())
        assert {"old": ["scenes[0]"], "new": []} == found.to_dict()["unreadable"]
        assert "unreadable" not in compare_templates(documented_template(), documented_template()).to_dict()
        assert found == pickle.loads(pickle.dumps(found))

    @pytest.mark.parametrize(
        ("pairs", "missing", "unmatched", "expected"),
        [
            ([], [0], [], set()),
            ([], [0], [4], {4}),
            ([], [0, 1], [4], {4}),
            ([(0, 0), (2, 2)], [1], [1, 3], {1}),
            ([(0, 0), (2, 4)], [1], [1, 2, 3, 5], {1, 2, 3}),
            ([(1, 3)], [0], [0, 1, 2], {0, 1, 2}),
            ([(0, 0)], [3], [1, 2], {1, 2}),
            ([(0, 1)], [1], [0, 5], {5}),
            ([(0, 0), (1, 1)], [2], [2, 3], {2, 3}),
            ([(0, 5)], [1], [0, 1], set()),
        ],
    )
    def test_which_may_be_the_unreadable_ones(self, pairs, missing, unmatched, expected):
        """All between the same neighbors as a gap: if they are more, nobody knows which are new."""
        assert expected == explained(pairs, missing, unmatched)[0]
