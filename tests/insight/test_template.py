"""The variables, the structure and the findings of a template."""

from __future__ import annotations

import inspect
import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async.insight import (
    Finding,
    Place,
    PlaceKind,
    Severity,
    check_template,
    template_structure,
    template_variables,
)
from pictory_async.models import Template
from tests.insight._samples import documented_template, read_template, scene, templates


def text_layer(text: str, kind: str | None = "text") -> dict[str, Any]:
    return {"layerId": "l", "type": kind, "text": text}


class TestVariables:
    """``template_variables()``."""

    def test_documented(self):
        """The documented template declares one variable and uses it in its subtitle."""
        assert {
            "defined": {"Name": "NAME"},
            "usedInSubtitles": ["Name"],
            "usedInLayers": [],
            "used": {"Name": ["scene 1, subtitle 1"]},
            "unused": [],
            "undeclared": [],
        } == template_variables(documented_template()).to_dict()

    def test_everywhere(self):
        """Names are found in subtitles and layers, each with its places, and compared with the declared variables."""
        template = read_template(
            variables={"A": "a", "Ä ö": "x", "Never": "n"},
            scenes=[
                scene("s1", "{{A}} and {{A}}", "{{ Ä ö }}", layers=[[text_layer("no")], [text_layer("{{B}} {{A}}")]]),
                scene("s2", "plain", layers=[[text_layer("{{C}}", "image"), text_layer("{{A}}", None)]]),
            ],
        )
        found = template_variables(template)
        assert {"A": "a", "Ä ö": "x", "Never": "n"} == dict(found.declared)
        assert ("A", "Ä ö") == found.used_in_subtitles
        assert ("A", "B") == found.used_in_layers
        assert ("Never",) == found.unused
        assert ("B",) == found.undeclared
        assert (
            Place(scene=1, kind=PlaceKind.SUBTITLE, index=1),
            Place(scene=1, kind=PlaceKind.LAYER, index=1, group=2),
            Place(scene=2, kind=PlaceKind.LAYER, index=2, group=1),
        ) == found.used["A"]
        assert "scene 1, layer group 2, layer 1" == str(found.used["A"][1])

    def test_read_only(self):
        """The mappings cannot be changed, and do not change with the template."""
        found = template_variables(documented_template())
        for mapping in (found.declared, found.used):
            with pytest.raises(TypeError):
                mapping["x"] = 1  # type: ignore[index]
        assert found == pickle.loads(pickle.dumps(found))
        assert hash(found) == hash(template_variables(documented_template()))

    @given(templates)
    def test_agrees_with_the_model(self, template):
        """The used names are the model's placeholders."""
        assert template.placeholders == tuple(template_variables(template).used)


class TestStructure:
    """``template_structure()``."""

    def test_documented(self):
        """The documented template has the documentation's keys, and more."""
        found = template_structure(documented_template()).to_dict()
        assert {
            "name": "Hello World Template",
            "language": "en",
            "schema_version": "v3",
            "total_scenes": 1,
            "has_background_music": True,
            "has_voice_over": True,
            "variables": ["Name"],
        } == {key: value for key, value in found.items() if key not in {"scene_details", "background_music", "voices"}}
        assert [
            {
                "scene_number": 1,
                "scene_id": "20251222191719950af11290d66804b7f97cad70cde355bcc",
                "subtitle_count": 1,
                "layer_count": 1,
                "subtitles": ["Hi {{Name}}, how are you doing today?"],
                "layer_texts": ["Hello"],
                "layers_by_type": {"text": 1},
            }
        ] == found["scene_details"]
        assert 0.1 == found["background_music"]["volume"]
        assert [{"speaker": "3108", "speed": 100, "amplification_level": 0}] == found["voices"]
        assert found == json.loads(json.dumps(found))

    def test_layers(self):
        """Layers in all groups are counted by type."""
        layers = [[text_layer("a"), text_layer("", "image")], [text_layer("b")], [], [{"layerId": "x"}]]
        (found,) = template_structure(read_template(scenes=[scene("s", "x", "", layers=layers)])).scenes
        assert {"text": 2, "image": 1, "unknown": 1} == dict(found.layers_by_type)
        assert (4, 2) == (found.layer_count, found.subtitle_count)
        assert (("x", ""), ("a", "b")) == (found.subtitles, found.layer_texts)
        assert found == pickle.loads(pickle.dumps(found))

    def test_empty(self):
        """A template without any values has no music, no voice and no scenes."""
        found = template_structure(Template(id="t"))
        assert (False, False, None, (), 0) == (
            found.has_background_music,
            found.has_voice_over,
            found.music,
            found.voices,
            found.total_scenes,
        )
        assert found.to_dict()["background_music"] is None


def codes(template: Template, values: dict[str, Any] | None = None) -> list[tuple[str, str, str]]:
    return [(each.severity.value, each.code, each.place) for each in check_template(template, values)]


GOOD: dict[str, Any] = {
    "published": True,
    "schemaVersion": "v3",
    "scenes": [scene("s", "Hi {{Name}}")],
    "variables": {"Name": "NAME"},
}


class TestCheck:
    """``check_template()``."""

    def test_documented(self):
        """The documented template has no findings, with a value and without."""
        assert [] == check_template(documented_template())
        assert [] == check_template(documented_template(), {"Name": "Ann"})

    def test_every_finding(self):
        """A template with every problem has every finding, errors first."""
        template = read_template(
            deprecated=True,
            published=False,
            schemaVersion="v9",
            variables={"Empty": " ", "Default": "d", "Blank": "b", "Never": "n", "Given": ""},
            scenes=[
                scene("s1", "{{Empty}} {{Default}} {{Blank}} {{Given}}", "{{Open", "{{Defalt}}"),
                scene("s2", layers=[[text_layer("{{Defalt}} and {{ }} and {Default} and Close}}")]]),
            ],
        )
        values = {"Blank": " ", "Given": "g", "Blnk": "typo"}
        layer = "scene 2, layer group 1, layer 1"
        assert [
            ("error", "unpublished", "template"),
            ("error", "undeclared-variable", "scene 1, subtitle 3"),
            ("error", "missing-value", "value Empty"),
            ("error", "missing-value", "value Defalt"),
            ("error", "unknown-value", "value Blnk"),
            ("warning", "deprecated", "template"),
            ("warning", "unknown-schema", "template"),
            ("warning", "empty-default", "variable Empty"),
            ("warning", "malformed-placeholder", "scene 1, subtitle 2"),
            ("warning", "malformed-placeholder", layer),
            ("warning", "malformed-placeholder", layer),
            ("warning", "malformed-placeholder", layer),
            ("warning", "default-value", "value Default"),
            ("warning", "blank-value", "value Blank"),
            ("warning", "default-value", "value Never"),
            ("info", "unused-variable", "variable Never"),
        ] == codes(template, values)
        assert [
            ("error", "no-scenes", "template"),
            ("warning", "publication-unknown", "template"),
            ("warning", "unknown-schema", "template"),
        ] == codes(Template(id="t"))

    def test_every_code_is_documented(self):
        """The docstring lists exactly the codes that occur, with their severity."""
        listed = [
            line.split()[:2]
            for line in (inspect.getdoc(check_template) or "").splitlines()
            if line.lstrip().startswith("``")
        ]
        bad = read_template(
            published=False,
            deprecated=True,
            variables={"A": "", "B": "b"},
            scenes=[scene("s", "{{C}} {{", "{{B}}")],
        )
        found = [
            *check_template(bad, {"B": "", "X": 1}),
            *check_template(bad, {}),
            *check_template(bad),
            *check_template(Template(id="t")),
            *check_template(read_template(name=5)),
            *check_template(read_template(scenes=[scene("s", "{{ }} " * 2_000)])),
        ]
        assert {(code.strip("`"), severity) for code, severity in listed} == {
            (each.code, each.severity.value) for each in found
        }

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{{Name}}", []),
            ("{{ Name }} {{Name}}", []),
            ("{{{Name}}}", []),
            ("{x} { } }{ {", []),
            ("{{Name", ["{{Name"]),
            ("{{Name}", ["{{Name}"]),
            ("Name}} later", ["Name}}"]),
            ("{Name}}", ["Name}}"]),
            ("{Name}", ["{Name}"]),
            ("{{}}", ["{{}}"]),
            ("{{  }}", ["{{ }}"]),
            ("{{a {{Name}} b}}", ["{{a", "b}}"]),
        ],
    )
    def test_malformed(self, text, expected):
        """Malformed placeholders are found; other braces are text."""
        template = read_template(**{**GOOD, "scenes": [scene("s", text, "{{Name}}")]})
        found = [each.message for each in check_template(template) if each.code == "malformed-placeholder"]
        assert len(expected) == len(found)
        for part, message in zip(expected, found, strict=True):
            assert part.replace("{{ }}", "{{  }}") in message

    def test_hints(self):
        """A probable typing mistake is named, in the template and in the values."""
        template = read_template(**{**GOOD, "scenes": [scene("s", "{{name}}")]})
        found = {each.code: each.message for each in check_template(template, {"Nmae": "x", "Zebra": "y", "name": "z"})}
        assert 'did you mean "Name"?' in found["undeclared-variable"]
        messages = [each.message for each in check_template(template, {"Nmae": "x", "Zebra": "y", "name": "z"})]
        assert any('"Nmae" (did you mean' in message for message in messages)
        assert 'The template has no variable "Zebra".' in messages

    def test_undeclared_counts_all_places(self):
        """A variable that is used several times but never declared is one finding with the number of places."""
        template = read_template(**{**GOOD, "scenes": [scene("s", "{{X}} {{Name}}", "{{X}}", "{{X}}")]})
        (found,) = check_template(template)
        assert "scene 1, subtitle 1" == found.place
        assert "also in 2 more places" in found.message

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (None, []),
            ({"Name": "x"}, []),
            ({"Name": 0}, []),
            ({}, ["default-value"]),
            ({"Name": ""}, ["blank-value"]),
            ({"Name": None}, ["blank-value"]),
            ({"Name": "x", "Other": "y"}, ["unknown-value"]),
        ],
    )
    def test_values(self, values, expected):
        """Values are checked only if they are passed."""
        assert expected == [each.code for each in check_template(read_template(**GOOD), values)]

    @pytest.mark.parametrize("schema", ["v2", "v3"])
    def test_known_schemas(self, schema):
        """Both documented schema versions are known."""
        assert [] == check_template(read_template(**{**GOOD, "schemaVersion": schema}))

    def test_finding(self):
        """A finding can be printed as a line, converted to JSON, and compared."""
        (found,) = check_template(attrs.evolve(read_template(**GOOD), published=False))
        assert Finding(severity=Severity.ERROR, code="unpublished", message=found.message) == found
        assert f"error: template: {found.message} [unpublished]" == str(found)
        assert {"severity", "code", "message", "place"} == found.to_dict().keys()
        assert "error" == found.to_dict()["severity"]

    def test_work_and_text_are_bounded(self):
        """Thousands of unknown names, long ones among them, make neither long texts nor endless searches."""
        names = [f"Name{number}{'x' * (number % 100)}" for number in range(3_000)]
        long = "y" * 500_000
        variables = dict.fromkeys([*(name.swapcase() for name in names), long], "v")
        text = " ".join(f"{{{{{name}}}}}" for name in [*names, f"{long}z"])
        found = check_template(
            read_template(**GOOD | {"variables": variables, "scenes": [scene("s", text)]}), {long: 1}
        )
        assert 1_001 == len(found)
        assert "more-findings" == found[-1].code
        assert max(len(str(each)) for each in found) < 400
        assert any("did you mean" in each.message for each in found[:10])

    def test_hostile_names(self):
        """Names cannot break a line or move the cursor."""
        template = read_template(**{**GOOD, "variables": {"a\n\x1b[2J": ""}, "scenes": [scene("s", "{{b\nc}}")]})
        for found in check_template(template, {"d\n": ""}):
            assert str(found).isprintable()

    def test_long_text(self):
        """Long texts with many braces are checked in linear time."""
        for text in ("x" * 200_000, "{" * 200_000, "}}" * 20_000, "{{a" * 20_000, "{a" * 50_000):
            check_template(read_template(**{**GOOD, "scenes": [scene("s", text)]}))

    @given(templates, st.none() | st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3), max_size=3))
    def test_anything(self, template, values):
        """Any template can be checked; findings are in the order of severity, one line each, and JSON."""
        found = check_template(template, values)
        order = [list(Severity).index(each.severity) for each in found]
        assert sorted(order) == order
        for each in found:
            assert "\n" not in str(each)
            json.dumps(each.to_dict())
