"""Comparing projects: every setting, the differences, and tables that stay intact."""

from __future__ import annotations

import json
import pickle

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async.errors import PictoryConfigError
from pictory_async.insight import compare_projects
from pictory_async.models import Project
from tests.insight._samples import PROJECT_ID, documented_project, read_project
from tests.strategies import any_projects

PAGE_KEYS = ["names", "layouts", "schemas", "durations", "audioSpeeds", "videoVolumes", "maxLines"]


def differing(*projects: Project) -> list[str]:
    return [setting.key for setting in compare_projects(projects).differing]


class TestSettings:
    """Which settings are compared, and which differ."""

    def test_documented_keys(self):
        """The dict has the documentation's keys with one value per project."""
        other = attrs.evolve(documented_project(), id="p-2", name="Other", layout="9:16", audio_speed=110)
        found = compare_projects([documented_project(), other]).to_dict()
        assert {
            "names": ["Hello World Template", "Other"],
            "layouts": ["16:9", "9:16"],
            "schemas": ["v3", "v3"],
            "durations": [1.99, 1.99],
            "audioSpeeds": [100, 110],
            "videoVolumes": [50, 50],
            "maxLines": [2, 2],
        } == {key: found[key] for key in PAGE_KEYS}
        assert [PROJECT_ID, "p-2"] == found["projectIds"]
        assert ["names", "layouts", "audioSpeeds"] == found["differing"]
        assert found == json.loads(json.dumps(found))

    def test_all_known_keys_are_always_there(self):
        """Projects without any values have all known settings, with `None`."""
        found = compare_projects([Project(id=1), Project(id=2)]).to_dict()
        assert [[None, None]] * len(PAGE_KEYS) == [found[key] for key in PAGE_KEYS]
        assert [] == found["differing"]
        assert {} == found["other"]

    @pytest.mark.parametrize(
        ("field", "value", "key"),
        [
            ("projectName", "x", "names"),
            ("source", "x", "sources"),
            ("projectType", "x", "types"),
            ("schemaVersion", "x", "schemas"),
            ("layout", "x", "layouts"),
            ("videoDuration", 7, "durations"),
            ("scriptLanguage", "x", "languages"),
            ("voiceOverId", "x", "voiceOvers"),
            ("audioSpeed", 7, "audioSpeeds"),
            ("videoVolume", 7, "videoVolumes"),
            ("brandId", "x", "brands"),
            ("smartTemplateId", "x", "templates"),
            ("scriptTxtSceneSettings", {"maxLines": 7}, "maxLines"),
            ("scriptTxtSceneSettings", {"autoHighlightKeywords": True}, "autoHighlights"),
            ("scriptTxtSceneSettings", {"autoVisualSelection": True}, "autoVisuals"),
            ("scriptTxtSceneSettings", {"selectedValueSceneBreakChar": "Both"}, "sceneBreaks"),
            ("scriptTxtSceneSettings", {"new": 1}, "scriptTxtSceneSettings.new"),
            ("visualFilter", {"new": 1}, "visualFilter.new"),
            ("bgMusicVolPercent", 10, "bgMusicVolPercent"),
            ("audio", {"voiceOverTextSpeed": 90}, "audio.voiceOverTextSpeed"),
            ("timePerFrame", [1.5], "timePerFrame"),
            ("audioSpeed", "fast", "audioSpeeds"),
        ],
    )
    def test_every_setting(self, field, value, key):
        """Each setting is compared, including unknown ones and values of an unexpected type."""
        found = compare_projects([read_project("a", **{field: value}), read_project("b")])
        assert key in [setting.key for setting in found.differing]

    @pytest.mark.parametrize("name", ["libraries", "styles", "categories"])
    def test_visual_filter(self, name):
        """A visual filter is compared without regard to the order of its names."""

        def allowing(*names: str) -> Project:
            return read_project(visualFilter={name: list(names)})

        assert [f"visual{name.title()}"] == differing(allowing("a", "b"), allowing("a"))
        assert [] == differing(allowing("a", "b"), allowing("b", "a"))

    def test_urls_and_times_are_not_settings(self):
        """URLs, times and ids of the project are not compared."""
        one = read_project(saveDate="2025-01-01T00:00:00Z", videoURL="https://a", new="https://a", pages=["https://a"])
        two = read_project(saveDate="2026-01-01T00:00:00Z", videoURL="https://b", new="https://b", savedDate="x")
        assert [] == differing(one, two)
        assert () == compare_projects([one, two]).settings

    def test_empty_is_none(self):
        """An empty brand is the same as no brand."""
        assert [] == differing(read_project(brandId=""), read_project(brandId=None), read_project())

    def test_true_is_not_one(self):
        """A boolean differs from a number, but 100 does not differ from 100.0."""
        assert ["new"] == differing(read_project(new=True), read_project(new=1))
        assert [] == differing(read_project(audioSpeed=100), read_project(audioSpeed=100.0))

    @pytest.mark.parametrize("depth", [1, 5, 8, 9, 50, 90])
    def test_deep_unknown_objects(self, depth):
        """Unknown objects are compared inside, at any depth: what is nested deeply is one setting, as JSON."""

        def nested(value: object) -> Project:
            for _ in range(depth):
                value = {"x": value}
            return read_project(a=value)

        assert [] == differing(nested(1), nested(1.0))
        (path,) = differing(nested(1), nested(True))
        assert f"a{'.x' * min(depth, 8)}" == path
        (row,) = compare_projects([nested("old"), nested("new")]).rows()
        assert ("old" in row[1], "new" in row[2]) == (True, True)

    @pytest.mark.parametrize(
        ("one", "other", "path"),
        [
            ({"tracks": [{"name": "a"}]}, {"tracks": [{"name": "b"}]}, "a.tracks[0].name"),
            ({"tracks": [{"name": "a"}]}, {"tracks": [{"name": "a"}, {"name": "b"}]}, "a.tracks[1].name"),
            ([[1, 2], [3]], [[1, 2], [4]], "a[1]"),
            ([1, None], [1], "a"),
            (["x", "https://a"], ["y", "https://b"], "a"),
            ({"b": [True]}, {"b": [1]}, "a.b"),
            ({"b": {}}, {"b": {"c": 1}}, "a.b.c"),
        ],
    )
    def test_nested_unknown_settings(self, one, other, path):
        """What differs inside of unknown lists and objects is shown."""
        assert [path] == differing(read_project(a=one), read_project(a=other))
        assert [] == differing(read_project(a=one), read_project(a=one))

    def test_more_settings_than_are_compared(self):
        """Of very many unknown settings, the first ones are compared; that others are left out is said."""

        def many(last: int) -> Project:
            return read_project(a=[{"x": index} for index in range(2500)], z=last)

        found = compare_projects([many(1), many(2)])
        assert ["…"] == [setting.key for setting in found.differing]
        assert [("…", "left out", "left out")] == found.rows(differing_only=True)
        assert 2001 == len(found.settings)
        assert "left out" in found.to_markdown(differing_only=True)

    def test_long_names_do_not_add_up(self):
        """The names around a setting are shortened, and stay different."""
        deep: object = {f"{'k' * 3_000}{end}": end for end in "ab"}
        for _ in range(7):
            deep = {"n" * 3_000: deep}
        keys = [setting.key for setting in compare_projects([read_project(a=deep)]).settings]
        assert 2 == len(set(keys)) == len([key for key in keys if len(key) < 1_000])

    def test_many_projects_of_one_name(self):
        """Their labels are found in linear time."""
        found = compare_projects([Project(id="p", name="n")] * 5_000)
        assert ("n (p)", "n (p) #2", "n (p) #5000") == (found.labels[0], found.labels[1], found.labels[-1])

    def test_one_project(self):
        """A comparison of one project has no differences."""
        assert () == compare_projects(iter([documented_project()])).differing

    def test_no_project(self):
        """A comparison of no projects is an error."""
        with pytest.raises(PictoryConfigError, match="at least one"):
            compare_projects([])

    @given(st.lists(any_projects, min_size=1, max_size=4))
    def test_anything(self, objects):
        """Any projects can be compared; a project does not differ from itself; the dict is JSON."""
        projects = [Project(id=index, extra=fields) for index, fields in enumerate(objects)]
        found = compare_projects(projects)
        assert () == compare_projects([projects[0], projects[0]]).differing
        assert found.to_dict() == json.loads(json.dumps(found.to_dict()))
        assert {len(found.header)} >= {len(row) for row in found.rows()}
        assert found == pickle.loads(pickle.dumps(found))
        assert len(found.labels) == len(set(found.labels))
        assert len(found.to_markdown().splitlines()) == 2 + len(found.settings)


class TestTables:
    """A comparison as a table."""

    def test_rows(self):
        """The table has one row per setting and one column per project, all of it text."""
        found = compare_projects(
            [documented_project(), attrs.evolve(documented_project(), id=7, name="B", layout=None)]
        )
        assert ("Setting", "Hello World Template", "B") == found.header
        rows = found.rows()
        assert ("Aspect ratio", "16:9", "—") in rows
        assert ("Auto-highlight keywords", "yes", "yes") in rows
        assert ("Visual styles", "any", "any") in rows
        assert len(found.settings) == len(rows)
        assert ["Name", "Aspect ratio"] == [row[0] for row in found.rows(differing_only=True)]

    def test_control_characters(self):
        """A name cannot move the cursor or break a line."""
        found = compare_projects([read_project("a", projectName="A\n\x1b[2JB\u202eC", new="x\ty")])
        assert ("Setting", "A  [2JBC") == found.header
        assert [("Name", "A  [2JBC"), ("new", "x y")] == found.rows()

    def test_markdown(self):
        """In the Markdown table, the labels of differing settings are bold."""
        found = compare_projects([read_project("a", projectName="A", layout="1:1"), read_project("b", projectName="B")])
        assert "| Setting | A | B |\n| --- | --- | --- |\n| **Name** | A | B |\n| **Aspect ratio** | 1:1 | — |\n" == (
            found.to_markdown()
        )
        same = [read_project("a", projectName="A", layout="1:1"), read_project("b", projectName="B", layout="1:1")]
        assert "Aspect ratio" not in compare_projects(same).to_markdown(differing_only=True)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("a|b", r"a\|b"),
            ("a\\|b", r"a\\\|b"),
            ("a\nb\r\nc", "a b  c"),
            ("<script>", r"\<script\>"),
            ("[x](javascript:y)", r"\[x\](javascript:y)"),
            ("*b* _i_ `c` ~s~", r"\*b\* \_i\_ \`c\` \~s\~"),
            ("&lt;", r"\&lt;"),
        ],
    )
    def test_markdown_is_escaped(self, name, expected):
        """A name stays in one cell and is plain text."""
        lines = compare_projects([read_project(projectName=name)]).to_markdown().splitlines()
        assert [f"| Setting | {expected} |", "| --- | --- |", f"| Name | {expected} |"] == lines

    @pytest.mark.parametrize(
        ("projects", "expected"),
        [
            ([("a", "X"), ("b", "Y")], ("X", "Y")),
            ([("a", "X"), (2, "X"), ("c", "Y")], ("X (a)", "X (2)", "Y")),
            ([("a", "X"), ("a", "X")], ("X (a)", "X (a) #2")),
            ([("a", None), (2, " ")], ("a", "2")),
            ([("a", "b"), ("b", None)], ("b (a)", "b (b)")),
            ([("a", "X"), ("a", "X"), ("z", "X (a) #2")], ("X (a)", "X (a) #2", "X (a) #2 #2")),
        ],
    )
    def test_labels(self, projects, expected):
        """Each project has a unique label: its name, with the id if names repeat, and with a number if ids repeat."""
        found = compare_projects([Project(id=number, name=name) for number, name in projects])
        assert expected == found.labels
