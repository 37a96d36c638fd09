"""No presenter calls a value absent, default, unused or equal that could not be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from pictory_async._codec.unreadable import is_unread
from pictory_async.insight import (
    check_template,
    compare_projects,
    compare_templates,
    project_report_html,
    template_structure,
    template_variables,
)
from pictory_async.insight._text import length
from pictory_async.models import Project, Template
from tests.insight._samples import read_project, read_template, scene

NOW = datetime(2026, 1, 2, tzinfo=UTC)
VIDEO: dict[str, Any] = {
    "videoURL": "https://x.example/v.mp4",
    "saveDate": "2026-01-01T00:00:00Z",
    "generatedDate": "2026-01-01T01:00:00Z",
    "step": "STORYBOARD",
    "inProgress": False,
}


def page(**fields: Any) -> str:
    return project_report_html(read_project(**fields), now=NOW)


def fact(label: str, value: str) -> str:
    return f"<dt>{label}</dt><dd><bdi>{value}</bdi></dd>"


def codes(template: Template, values: dict[str, Any] | None = None) -> list[tuple[str, str, str]]:
    return [(each.severity.value, each.code, each.place) for each in check_template(template, values)]


class TestIsUnread:
    """``is_unread()``, the question that all of them ask."""

    def test_places(self) -> None:
        """A value is unread if it, an item of it or a model around it could not be read; a value inside is another."""
        found = read_project(scriptTxtSceneSettings="x", visualFilter={"styles": [None, "a"]}, scenes=[{"text": 5}])
        assert is_unread(found, "scene_settings", "max_lines")
        assert is_unread(found, "visual_filter", "styles")
        assert not is_unread(found, "visual_filter", "libraries")
        assert not is_unread(found, "scenes")
        assert not is_unread(read_project(), "scene_settings", "max_lines")
        assert not is_unread(Project(id="p"), "scenes")
        assert not is_unread(read_project(visualFilter={}), "visual_filter", "styles")

    def test_changed(self) -> None:
        """A value that was replaced since is known, also if the old one was a list."""
        found = read_project(projectName=[1])
        assert is_unread(found, "name")
        assert not is_unread(attrs.evolve(found, name="new"), "name")


class TestVariables:
    """``template_variables()`` and ``check_template()``."""

    def test_declarations(self) -> None:
        """Without the declarations, nothing is called undeclared."""
        found = template_variables(read_template(variables=[1], scenes=[scene("s", "{{A}}")]))
        assert ((), (), ("variables",)) == (found.undeclared, found.unused, found.unreadable)
        written = found.to_dict()
        assert (None, None, None) == (written["defined"], written["undeclared"], written["unused"])
        assert ["variables"] == written["unreadable"]

    @pytest.mark.parametrize(
        ("scenes", "place"),
        [
            ("x", "scenes"),
            ([None], "scenes[0]"),
            ([{"subtitles": [None]}], "scenes[0].subtitles[0]"),
            ([{"subtitles": [{"text": 5}]}], "scenes[0].subtitles[0].text"),
            ([{"layers": [[{"text": 5}]]}], "scenes[0].layers[0][0].text"),
            ([{"layers": "x"}], "scenes[0].layers"),
        ],
    )
    def test_texts(self, scenes: Any, place: str) -> None:
        """Where a text is unknown, nothing is called unused, nor is a value for something else an error."""
        template = read_template(variables={"A": "a"}, published=True, schemaVersion="v3", scenes=scenes)
        found = template_variables(template)
        assert ((), ("A",), (place,)) == (found.unused, found.not_found, found.unreadable)
        assert (None, {"A": "a"}) == (found.to_dict()["unused"], found.to_dict()["defined"])
        assert ("warning", "unknown-value", "value B") in codes(template, {"A": "x", "B": 1})
        assert ("error", "unknown-value", "value B") not in codes(template, {"A": "x", "B": 1})

    def test_other_places(self) -> None:
        """What could not be read elsewhere hides no use: an id, a voice, a name."""
        template = read_template(
            name=5, variables={"A": "a"}, voiceOver=5, scenes=[{"sceneId": {}, "subtitles": [{"text": "b"}]}]
        )
        found = template_variables(template)
        assert (("A",), ()) == (found.unused, found.unreadable)
        assert "unreadable" not in found.to_dict()
        assert ("error", "unknown-value", "value B") in codes(template, {"A": "x", "B": 1})

    def test_more_than_are_named(self) -> None:
        """What comes after the first hundred places counts too."""
        template = read_template(scenes=[*[None] * 150, scene("s", "{{A}}")], variables=[1], published="yes")
        found = template_variables(template)
        assert ("variables", 101) == (found.unreadable[0], len(found.unreadable))
        assert "undeclared-variable" not in [code for _, code, _ in codes(template)]

    def test_spaces(self) -> None:
        """Spaces at the ends of a name are ignored, also where it is declared."""
        template = read_template(
            variables={" E ": ""}, published=True, schemaVersion="v3", scenes=[scene("s", "{{ E }}")]
        )
        found = template_variables(template)
        assert ((), (), {" E ": ""}) == (found.unused, found.undeclared, dict(found.declared))
        assert [] == codes(template, {"E": "x"})
        assert [("warning", "blank-value", "value  E ")] == codes(template, {"E ": ""})


@pytest.mark.parametrize(
    ("fields", "music", "voices"),
    [
        ({}, False, False),
        ({"backgroundMusic": {"enabled": True}, "voiceOver": {"enabled": True}}, True, True),
        ({"backgroundMusic": {"enabled": "loud"}, "voiceOver": "robot"}, None, None),
        ({"backgroundMusic": 5, "voiceOver": {"enabled": 1}}, None, None),
    ],
)
def test_structure(fields: dict[str, Any], music: bool | None, voices: bool | None) -> None:
    """Whether there are music and voices is unknown if that could not be read."""
    found = template_structure(read_template(**fields))
    assert (music, voices) == (found.has_background_music, found.has_voice_over)
    assert (music, voices) == (found.to_dict()["has_background_music"], found.to_dict()["has_voice_over"])


class TestPage:
    """``project_report_html()``."""

    @pytest.mark.parametrize(
        ("fields", "label", "value"),
        [
            ({"scenes": [None, {}]}, "Scenes", "1, and 1 could not be read"),
            ({"scenes": "x"}, "Scenes", "could not be read"),
            ({"videoDuration": "12"}, "Duration", "could not be read"),
            ({"videoDuration": 1e300}, "Duration", "1e+300 s"),
            ({"videoVolume": "12"}, "Volume", "could not be read"),
            ({"layout": 5}, "Aspect ratio", "could not be read"),
            ({"visualFilter": {"libraries": "x"}}, "Visual libraries", "could not be read"),
            ({"visualFilter": {"styles": [None, "a"]}}, "Visual styles", "could not be read"),
            ({"visualFilter": "x"}, "Visual styles", "could not be read"),
            ({"scriptTxtSceneSettings": {"maxLines": "x"}}, "Max. lines", "could not be read"),
        ],
    )
    def test_settings(self, fields: dict[str, Any], label: str, value: str) -> None:
        """A setting that could not be read, or an item of it, is said to be so."""
        assert fact(label, value) in page(**fields)

    @pytest.mark.parametrize(
        ("fields", "label"),
        [
            ({}, "Rendered"),
            ({"saveDate": "yesterday"}, "Rendered, perhaps outdated"),
            ({"saveDate": 5, "inProgress": True}, "Rendering"),
            ({"videoURL": ""}, "No video"),
            ({"saveDate": "2026-01-01T02:00:00Z"}, "Rendered, saved since"),
        ],
    )
    def test_state(self, fields: dict[str, Any], label: str) -> None:
        """A video is ready to watch only if all that shows this could be read."""
        found = page(**VIDEO | fields)
        assert f">{label}</span>" in found
        assert ("Ready to watch" in found) is (not fields)

    def test_files(self) -> None:
        """A file whose address could not be read is not missing."""
        found = page(audioURL=5)
        assert "<li>Audio: could not be read</li>" in found
        assert "No files yet" not in found
        assert "<span>The picture could not be read</span>" in page(thumbnail=5)
        assert "<span>No picture</span>" in page()

    def test_overview(self) -> None:
        """The same in the table of several projects."""
        one = read_project("a", layout=5, videoDuration="x", saveDate="yesterday", generatedDate=VIDEO["generatedDate"])
        found = project_report_html([one, read_project("b")], now=NOW)
        assert 'aria-label="rendered 2026-01-01 01:00, saved could not be read"' in found
        assert '<td>could not be read</td><td class="number">could not be read</td>' in found
        assert '<td>—</td><td class="number">—</td>' in found

    @pytest.mark.parametrize(
        ("seconds", "text"), [(float("inf"), "inf s"), (float("nan"), "nan s"), (10**400, "0x"), (86400, "1 d")]
    )
    def test_lengths(self, seconds: float, text: str) -> None:
        """A duration beyond all sense is short too, and no error."""
        assert length(seconds).startswith(text)
        assert len(length(seconds)) < 70


class TestComparedProjects:
    """``compare_projects()``."""

    def test_one_row(self) -> None:
        """A known setting that could not be read is one row: the other project does not lack it."""
        found = compare_projects([read_project("a", audioSpeed="100"), read_project("b", audioSpeed=100)])
        assert [("audioSpeeds", ("could not be read", 100))] == [(one.key, one.values) for one in found.differing]
        assert {} == found.to_dict()["other"]

    @pytest.mark.parametrize(("part"), ["scriptTxtSceneSettings", "visualFilter"])
    def test_unknown_settings_in_parts(self, part: str) -> None:
        """Of a part that could not be read, no unknown setting is known either."""
        found = compare_projects([read_project("a", **{part: "broken"}), read_project("b", **{part: {"foo": 1}})])
        assert {f"{part}.foo": ["could not be read", 1]} == found.to_dict()["other"]

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"a.b": 1, "a": {"b": 2}}, {"a.b": 9, "a": {"b": 2}}),
            ({"a": {"b": 2}, "a.b": 1}, {"a": {"b": 3}, "a.b": 1}),
            ({"a[0].b": 1, "a": [{"b": 2}]}, {"a[0].b": 9, "a": [{"b": 2}]}),
            ({"a": [{"b": 1}], 'a"': 1, "a[0]": {"b": 2}}, {"a": [{"b": 3}], 'a"': 1, "a[0]": {"b": 2}}),
            ({"visualFilter.x": 1, "visualFilter": {"x": 2}}, {"visualFilter.x": 9, "visualFilter": {"x": 2}}),
            ({"": {"a": 1}, "…": 2}, {"": {"a": 1}, "…": 3}),
            ({'"a.b"': 1, "a.b": 2}, {'"a.b"': 3, "a.b": 2}),
        ],
    )
    def test_paths(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Different settings have different paths, whatever their names contain."""
        assert 1 == len(compare_projects([read_project("p", **one), read_project("p", **other)]).differing)

    def test_readable_paths(self) -> None:
        """Ordinary names are written as they are; others in quotes."""
        found = compare_projects([read_project(audio={"speed": 1, "a.b": [{"c": 2}]})])
        assert {"audio.speed": [1], 'audio."a.b"[0].c': [2]} == found.to_dict()["other"]


class TestComparedTemplates:
    """``compare_templates()``."""

    ALL = (scene("a", "Alpha one"), scene("b", "Beta two"), scene("c", "Gamma three"))

    def test_which_is_removed(self) -> None:
        """Where a scene could not be read, it is not claimed which of two others is gone."""
        found = compare_templates(read_template(scenes=[*self.ALL]), read_template(scenes=[self.ALL[0], None]))
        assert [
            "some of the scenes 2, 3 were removed; which ones cannot be known",
            "new version: scenes[1] could not be read",
        ] == found.lines()
        assert ((), [2, 3]) == (found.removed, [one.number for one in found.maybe_removed])
        assert [2, 3] == [one["number"] for one in found.to_dict()["scenes_maybe_removed"]]
        assert [] == found.to_dict()["scenes_removed"]
        assert "scenes_maybe_added" not in found.to_dict()

    def test_which_is_added(self) -> None:
        """The same for scenes that are new."""
        found = compare_templates(read_template(scenes=[self.ALL[0], None]), read_template(scenes=[*self.ALL]))
        assert ((), [2, 3]) == (found.added, [one.number for one in found.maybe_added])

    def test_many(self) -> None:
        """The line stays short."""
        many = [scene(f"s{number}", f"{number}" * 9) for number in range(2, 40)]
        found = compare_templates(read_template(scenes=[self.ALL[0], None]), read_template(scenes=[self.ALL[0], *many]))
        assert "20, 21 and 18 more were added; which ones cannot be known" in found.lines()[0]
