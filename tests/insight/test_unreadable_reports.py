"""Reports, comparisons and structures say what could not be read."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from pictory_async.errors import PictoryConfigError
from pictory_async.insight import (
    compare_projects,
    compare_templates,
    project_report,
    project_report_html,
    template_structure,
    write_report,
)
from pictory_async.models import Project, Subtitle, Template, TemplateScene
from tests.insight._samples import documented_project, documented_template, read_project, read_template, scene

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class TestReports:
    """Reports, comparisons and structures."""

    def test_report(self):
        """The report lists the places, if there are any."""
        report = project_report(read_project(videoDuration="12", scenes=[None]), now=NOW)
        assert ["videoDuration", "scenes[0]"] == report["unreadable"]
        assert "unreadable" not in project_report(documented_project(), now=NOW)

    def test_html(self):
        """So does the page."""
        page = project_report_html(read_project(videoDuration="12"), now=NOW)
        assert "<h3>Could not be read</h3><ul><li>videoDuration</li></ul>" in page
        assert "Could not be read" not in project_report_html(documented_project(), now=NOW)

    def test_structure(self):
        """The structure lists them too; numbers are those of the template."""
        found = template_structure(read_template(scenes=[None, scene("s", "a")]))
        assert ([2], 1, ("scenes[0]",)) == (
            [each.number for each in found.scenes],
            found.total_scenes,
            found.unreadable,
        )
        assert ["scenes[0]"] == found.to_dict()["unreadable"]
        assert "unreadable" not in template_structure(documented_template()).to_dict()

    @pytest.mark.parametrize(
        ("fields", "key"),
        [
            ({"videoDuration": "12"}, "durations"),
            ({"projectName": 5}, "names"),
            ({"scriptTxtSceneSettings": {"maxLines": "two"}}, "maxLines"),
            ({"scriptTxtSceneSettings": "x"}, "sceneBreaks"),
            ({"visualFilter": {"styles": ["a", None]}}, "visualStyles"),
            ({"visualFilter": []}, "visualLibraries"),
        ],
    )
    def test_comparison(self, fields, key):
        """A setting that could not be read differs from all others, also from another one that could not be."""
        for other in (read_project(), read_project(**fields)):
            found = compare_projects([read_project(**fields), other])
            (setting,) = (each for each in found.settings if each.key == key)
            assert "could not be read" == found.to_dict()[key][0] == str(setting.values[0])
            assert key in found.to_dict()["differing"]
            assert 1 == len(found.unreadable[0]) == len(found.to_dict()["unreadable"][0])
            assert found == pickle.loads(pickle.dumps(found))
        assert () == compare_projects([read_project(**fields)]).differing
        assert "unreadable" not in compare_projects([documented_project()]).to_dict()

    @pytest.mark.anyio
    async def test_values_that_json_cannot_express(self, tmp_path):
        """A report of such a project is an error of ours, and no file."""
        deep: Any = []
        for _ in range(5_000):
            deep = [deep]
        values: list[Any] = [float("inf"), 1j, deep]
        for value in values:
            with pytest.raises(PictoryConfigError, match="JSON cannot express"):
                await write_report(Project(id="p", duration=value), tmp_path / "r.json")
        assert [] == list(tmp_path.iterdir())

    def test_depth(self):
        """Projects and templates that were made by hand can be of any depth."""
        deep: Any = 1
        for _ in range(20_000):
            deep = {"x": [deep, "y"]}
        one, other = (Project(id="p", extra={"a": deep, "b": value}) for value in (1, 2))
        assert ["b"] == [each.key for each in compare_projects([one, other]).differing]
        old, new = (Template(id="t", extra={"a": deep, "b": value}) for value in (deep, [deep]))
        (line,) = compare_templates(old, new).lines()
        assert line.startswith('b: {"x": [{"x": [{')
        assert len(line) < 140
        parts = [Subtitle(text="a", extra={"x": value, "same": 1}) for value in (deep, [deep], 1j)]
        for before, after in ((parts[0], parts[1]), (parts[0], parts[2])):
            scenes = [(TemplateScene(id="s", subtitles=(part,)),) for part in (before, after)]
            (line,) = compare_templates(*(Template(id="t", scenes=each) for each in scenes)).lines()
            assert line.startswith("scene 1: subtitle 1, x: ")

    def test_parts_that_may_be_the_unreadable_ones(self):
        """Neither a removed nor an added part is reported where the other version has what could not be read."""
        whole = scene("s", "Something to say", "Nothing else", "12345")
        partly = {**whole, "subtitles": [{"text": "Nothing else"}, None, {"text": "Something to say"}]}
        one, other = read_template(scenes=[whole]), read_template(scenes=[partly])
        for diff in (compare_templates(one, other), compare_templates(other, one)):
            kinds = [change.kind.value for match in diff.matches for change in match.changes]
            assert set(kinds) <= {"moved", "added", "removed"}
            assert 1 == kinds.count("moved")
        three = read_template(scenes=[{**whole, "subtitles": [{"text": "x" * 9}, None]}])
        two = read_template(scenes=[{**whole, "subtitles": [{"text": "x" * 9}, {"text": "y" * 9}]}])
        assert ["new version: scenes[0].subtitles[1] could not be read"] == compare_templates(two, three).lines()
        assert ["old version: scenes[0].subtitles[1] could not be read"] == compare_templates(three, two).lines()
