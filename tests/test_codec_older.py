"""What v2 projects show in other places, and numbers where text is documented."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from pictory_async._codec import answers as codec
from tests._bodies import body_of

if TYPE_CHECKING:
    from pictory_async.models import Project, Scene


def project(**fields: Any) -> Project:
    """A project with these fields."""
    return codec.decode_project(body_of({"projectName": "Film", **fields}), "p")


def only_scene(value: dict[str, Any]) -> Scene:
    """The scene of a project, and the proof that it comes back as it was."""
    found = project(scenes=[value])
    assert json.dumps({"projectName": "Film", "scenes": [value]}) == json.dumps(found.to_dict())
    return found.scenes[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"sentence": "<p>Fish &amp; <b>chips</b>,<br/>please</p><div>a &lt; b</div>"}, "Fish & chips, please a < b"),
        ({"sentence": "1 < 2 and 3 > 2"}, "1 < 2 and 3 > 2"),
        ({"sentence": "plain"}, "plain"),
        ({"sentence": "<b></b>", "lines": [{"text": "One"}, 5, {}, {"text": 6}, {"text": "Two"}]}, "One\nTwo"),
        ({"lines": [{"text": "One"}]}, "One"),
        ({"text": None, "sentence": "x"}, "x"),
        ({"text": "own", "sentence": "x"}, "own"),
        ({"text": "", "sentence": "x"}, ""),
        ({"text": 5, "sentence": "x"}, None),
        ({"sentence": ["x"], "lines": "y"}, None),
        ({"sentence": "", "lines": []}, None),
    ],
)
def test_the_text_of_a_scene(value: dict[str, Any], expected: str | None) -> None:
    """A scene without a text of its own has that of its sentence, else that of its lines."""
    assert expected == only_scene(value).text


def test_a_changed_text_has_the_place_of_a_new_scene() -> None:
    """What the text was made from stays, and the new one is written where the API documents it."""
    scene = only_scene({"sceneId": 7, "sentence": "<b>Hi</b>"})
    assert {"sceneId": 7, "sentence": "<b>Hi</b>", "text": "Bye"} == attrs.evolve(scene, text="Bye").to_dict()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"aspectRatioClass": "sixteen-nine"}, "16:9"),
        ({"aspectRatioClass": "nine-sixteen"}, "9:16"),
        ({"aspectRatioClass": "two-one"}, "two-one"),
        ({"aspectRatioClass": "sixteen-nine", "layout": "1:1"}, "1:1"),
        ({"aspectRatioClass": "one-one", "layout": None}, "1:1"),
        ({"aspectRatioClass": 5}, None),
        ({"aspectRatioClass": ""}, None),
    ],
)
def test_the_ratio_of_a_project(fields: dict[str, Any], expected: str | None) -> None:
    """Words become numbers, a layout counts more, and the words stay where they were."""
    found = project(**fields)
    assert expected == found.layout
    assert {"projectName": "Film", **fields} == found.to_dict()
    assert fields["aspectRatioClass"] == found.extra["aspectRatioClass"]


@pytest.mark.parametrize(
    ("number", "expected"), [(3108, "3108"), (1.5, "1.5"), ("Ann", "Ann"), (True, None), ([], None), (10**400, None)]
)
def test_numbers_that_are_only_shown_are_text(number: Any, expected: str | None) -> None:
    """A voice, a size or an id that comes as a number is read as text, and comes back as a number."""
    value = {
        "templateId": "t",
        "voiceOver": {"aiVoices": [{"speaker": number}]},
        "scenes": [{"sceneId": number, "layers": [[{"layerId": number}]]}],
    }
    template = codec.decode_template(body_of(value), "t")
    assert template.voice_over is not None
    (scene,) = template.scenes
    assert [expected] * 3 == [template.voice_over.ai_voices[0].speaker, scene.id, scene.layers[0][0].id]
    assert json.dumps(value) == json.dumps(template.to_dict())
    found = project(brandId=number, voiceOverId=number, projectType=number, smartTemplateId=number)
    assert [expected] * 4 == [found.brand_id, found.voice_over_id, found.project_type, found.smart_template_id]
    style = only_scene({"styleData": {"fontSize": number}, "layoutId": number})
    assert expected == style.layout_id
    assert style.style is not None
    assert expected == style.style.font_size
