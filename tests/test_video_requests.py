"""Requests for videos: what they read and write, and what is found in them before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from pictory_async import Project, errors
from pictory_async.models import Template
from pictory_async.video import (
    Avatar,
    Background,
    MediaElement,
    Part,
    ShapeElement,
    StoryCoPilot,
    Sureness,
    TextElement,
    VideoRequest,
    VideoScene,
    Voice,
    VoiceOver,
    lists,
)
from tests._video_findings import ERROR, FINDINGS, LONG, PLACES, WARNING, body

SAMPLES = sorted((Path(__file__).parent / "payloads" / "video").glob("req-storyboard-*.json"))
BODIES = {path.stem.removeprefix("req-storyboard-"): json.loads(path.read_text()) for path in SAMPLES}
BODIES.pop("elements")  # the body of another call
SILENT = "$.voiceOver"


@pytest.mark.parametrize("name", BODIES)
def test_a_sample_is_read_and_written(name: str) -> None:
    """Each sample is valid, reads without anything left over, and is written as it was."""
    request = VideoRequest.from_dict(BODIES[name])
    assert BODIES[name] == request.to_dict()
    assert request == VideoRequest.from_dict(request.to_dict())
    silent = [SILENT] if name in {"minimal", "vimeo"} else []
    assert silent == [found.path for found in request.validate()]


def test_a_request_is_written_in_code_as_in_json() -> None:
    """What is made from classes equals what is read from JSON; lists and tuples are the same."""
    request = VideoRequest(
        video_name="Demo",
        scenes=[
            VideoScene(
                story="Hello there.",
                background=Background(color="#0F172A"),
                elements=[
                    TextElement(text="Hi.", text_variant="heading", position="center"),
                    ShapeElement(name="star-3"),
                    MediaElement(type="image", visual_url="https://m.example.com/a.png"),
                ],
            )
        ],
        voice_over=VoiceOver.of("Martin", 3108),
    )
    written = request.to_dict()
    assert ["text", "shape", "image"] == [one["type"] for one in written["scenes"][0]["elements"]]
    assert [{"speaker": "Martin"}, {"speaker": 3108}] == written["voiceOver"]["aiVoices"]
    assert request == VideoRequest.from_dict(json.loads(json.dumps(written)))
    assert [] == request.validate()
    assert "Demo" in repr(request)


def test_null_is_never_written() -> None:
    """What is null in a body is left out: it is not known whether the API accepts it."""
    raw = {"videoName": "Demo", "language": None, "madeUp": None, "scenes": [{"story": "Hi.", "background": None}]}
    assert {"videoName": "Demo", "scenes": [{"story": "Hi."}]} == VideoRequest.from_dict(raw).to_dict()


def test_extra_fields_are_sent() -> None:
    """Fields that the API has learned since can be sent, at any place, and are warned about."""
    request = VideoRequest.from_dict({"videoName": "Demo", "scenes": [{"story": "Hi.", "mood": {"of": ["day"]}}]})
    assert {"mood": {"of": ["day"]}} == request.scenes[0].extra if request.scenes else None
    changed = attrs.evolve(request, extra={"videoQuality": "4k"})
    assert "4k" == changed.to_dict()["videoQuality"]
    assert {"$.videoQuality", "$.scenes[0].mood", SILENT} == {found.path for found in changed.check()}


def test_what_is_written_can_be_changed() -> None:
    """The JSON is the caller's own: changing it changes no request."""
    request = VideoRequest.from_template("t", name="Demo", webhook_input={"order": ["A-1"]})
    request.to_dict()["webhookInput"]["order"].append("A-2")
    assert {"order": ["A-1"]} == request.to_dict()["webhookInput"]


@pytest.mark.parametrize(("place", "part", "sureness", "where"), FINDINGS)
def test_what_is_found(place: str, part: dict[str, Any], sureness: Sureness, where: str) -> None:
    """What is documented is an error; what is inferred, or may be new, is a warning. Each has its place in the body."""
    raw, path = body(place, part)
    found = VideoRequest.from_dict(raw).check()
    assert (sureness, f"{path}{where}") in [(one.sureness, one.path) for one in found], found
    if sureness is WARNING:
        assert WARNING == max((one.sureness for one in found), key=lambda one: one is ERROR), found


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.sampled_from(["video", "veo3.1", "8s", "text"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "model", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.data())
def test_any_json_is_checked(data: st.DataObject) -> None:
    """Whatever stands in the place of what is right, a check ends, and what is written is read again."""
    raw: Any = json.loads(json.dumps(BODIES["rich"]))
    inside = raw
    while isinstance(inside, (dict, list)) and inside:
        keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(inside[key], (dict, list)) or data.draw(st.booleans()):
            inside[key] = data.draw(JSON)
            break
        inside = inside[key]
    request = VideoRequest.from_dict(raw)
    request.check()
    request.cost()
    assert request.to_dict() == VideoRequest.from_dict(request.to_dict()).to_dict() or "nan" in repr(request)


@pytest.mark.parametrize("place", PLACES)
def test_a_right_request_has_no_findings(place: str) -> None:
    """The bodies that these tests make are right but for what each puts into them."""
    fine: dict[str, dict[str, Any]] = {
        "body": {"storyboardVersion": "v3"},
        "scene": {"story": "Hi."},
        "background": {"color": "rgba(1, 2, 3, .5)"},
        "settings": {"mute": True, "zoomAndPan": False, "videoKenBurns": {"end": {"zoom": 1.2}}},
        "ai": {"prompt": "A sea.", "model": "pixverse5.5", "videoDuration": "5s"},
        "search": {"query": "sea"},
        "element": {"type": "video", "searchFilter": {"query": "sea"}, "settings": {"mute": False}},
        "animation": {"name": "blur", "type": "exit", "futureWords": "subtle"},
        "voice": {"speaker": 3108},
        "voice over": {"enabled": False},
        "music": {"musicUrl": "https://m.example.com/m", "autoMusic": False, "volume": 0},
        "avatar": {"avatarId": "a", "top": "0%", "left": "100%"},
        "logo": {"url": "HTTPS://m.example.com/logo.png"},
        "copilot": {"prompt": "A video about the sea.", "duration": 60},
    }
    assert [] == VideoRequest.from_dict(body(place, fine.get(place, {}))[0]).check()


def test_all_errors_are_told_at_once() -> None:
    """One error names everything that is wrong, with its place; warnings are not in it."""
    raw, _ = body("scene", {"story": LONG, "maxSubtitleLines": 9, "sceneTransition": "explode"})
    with pytest.raises(errors.PictoryConfigError, match="nothing was sent") as caught:
        VideoRequest.from_dict({**raw, "brandId": "a", "brandName": "b"}).validate()
    for place in ("$.scenes[0].story:", "$.scenes[0].maxSubtitleLines:", "$: brandId and brandName"):
        assert place in str(caught.value)
    assert "explode" not in str(caught.value)
    assert LONG not in str(caught.value)


def test_a_misspelt_field_has_a_hint() -> None:
    """The API removes a misspelt field without saying so; the warning says what was meant."""
    raw, _ = body("scene", {"story": "Hi.", "hideSubtitle": True})
    (found,) = VideoRequest.from_dict(raw).check()
    assert "Did you mean 'hideSubtitles'?" in str(found)
    assert str(found).startswith("warning: $.scenes[0].hideSubtitle: ")


@pytest.mark.parametrize(
    "color", ["#fff", "#FFC828", "#FFC82880", "rgba(0, 0, 0, 1.0)", "rgba(255,0,7,.5)", "rgba(1,2,3,0)"]
)
def test_a_color_is_written_in_many_ways(color: str) -> None:
    """All documented forms are right."""
    assert [] == [*Background(color=color).findings()]


@pytest.mark.parametrize("raw", ["{}", None, [], 5])
def test_a_request_is_read_from_an_object(raw: Any) -> None:
    """Anything but a JSON object is refused."""
    with pytest.raises(errors.PictoryConfigError, match="JSON object"):
        VideoRequest.from_dict(raw)


def test_a_scene_is_an_object_of_its_class() -> None:
    """A plain dict where an object belongs is an error that says so, not one of the API."""
    scenes: Any = [{"story": "Hi."}]
    (found, *_) = VideoRequest(video_name="Demo", scenes=scenes, voice_over=VoiceOver.of(1)).check()
    assert ("$.scenes[0]", ERROR) == (found.path, found.sureness)


WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"scenes": [{"story": "H"}]},
        "$.scenes[0]: It must be a VideoScene, not {'story': 'H'}. VideoRequest.from_dict reads JSON.",
    ),
    ({"scenes": ["H"]}, "$.scenes[0]: It must be a VideoScene (in JSON, an object), not 'H'."),
    ({"scenes": VideoScene(story="H")}, "$.scenes: It must be a list of VideoScene objects: put it in a list."),
    ({"scenes": {"story": "H"}}, "$.scenes: It must be a list of VideoScene objects: put it in a list."),
    ({"scenes": 5}, "$.scenes: It must be a list of VideoScene objects, not 5."),
    ({"scenes": []}, "$.scenes: It has 0 items, and at least 1 is needed."),
    (
        {"scenes": [VideoScene(story="H", elements=[5])]},  # type: ignore[list-item]
        "$.scenes[0].elements[0]: It must be an Element (in JSON, an object), not 5.",
    ),
    (
        {"voice_over": "Martin"},
        "$.voiceOver: It must be a VoiceOver (in JSON, an object), not 'Martin'. Did you mean VoiceOver.of('Martin')?",
    ),
    (
        {"voice_over": VoiceOver(ai_voices=[3108])},  # type: ignore[list-item]
        "$.voiceOver.aiVoices[0]: It must be a Voice (in JSON, an object), not 3108. Did you mean Voice(speaker=3108)?",
    ),
    ({"voice_over": True}, "$.voiceOver: It must be a VoiceOver (in JSON, an object), not True."),
    ({"video_name": ""}, "$.videoName: It has 0 characters, and at least 1 is needed."),
]


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_what_is_wrong_in_code_is_told_in_its_words(fields: dict[str, Any], message: str) -> None:
    """Who writes Python is told the class that is meant."""
    scenes = [VideoScene(story="Hi.")]
    found = VideoRequest(**{"video_name": "Demo", "scenes": scenes, "voice_over": VoiceOver.of(1), **fields}).check()
    assert f"error: {message}" in [*map(str, found)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("O'Neil", "It has a character that clients report to be refused: only letters, digits, spaces, _ and - are "),
        ("x" * 151, "It has more than 150 characters, and clients report that such names are refused."),
    ],
)
def test_a_name_that_may_be_refused(name: str, words: str) -> None:
    """What is reported and not documented is a warning that says what is meant."""
    (found,) = VideoRequest.from_template("t", name=name).check()
    assert ("$.videoName", WARNING) == (found.path, found.sureness)
    assert words in found.message


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"variables": {"Name": "\ud800"}}, "$.variables.Name"),
        ({"variables": {"\udfff": "Ada"}}, r"$.variables['\udfff']"),
        ({"webhook_input": {"a": [{"b": "x\udc00"}]}}, "$.webhookInput.a[0].b"),
        ({"project_metadata": ["\ud83d"]}, "$.projectMetadata[0]"),
        ({"extra": {"mood": "\ud83d"}}, "$.mood"),
        ({"scenes": [VideoScene(story="\ud83d")]}, "$.scenes[0].story"),
    ],
)
def test_a_text_that_cannot_be_sent(fields: dict[str, Any], path: str) -> None:
    """Half of a surrogate pair is in no encoding: that is an error of the request, not of the transport."""
    request = VideoRequest(video_name="Demo", template_id="t", **fields)
    (found,) = [one for one in request.check() if one.sureness is ERROR]
    assert (path, "It has a character that is not one: half of a surrogate pair.") == (found.path, found.message)


class TestTemplates:
    """Requests from templates, and projects that serve as ones."""

    TEMPLATE = Template(
        id="t", name="Welcome", published=True, schema_version="v3", extra={}, variables={"Name": "", "City": "Bern"}
    )

    @pytest.mark.parametrize("template", [TEMPLATE, "t", Project(id="t")])
    def test_a_request_from_a_template(self, template: Any) -> None:
        """The name can use the variables, and the voice is that of the template."""
        variables = {"Name": "Ada", "City": "Rome"}
        request = VideoRequest.from_template(template, name="Hello {Name} of {{ City }}", variables=variables)
        assert {"videoName": "Hello Ada of Rome", "templateId": "t", "variables": variables} == request.to_dict()
        assert [] == request.check()

    def test_an_old_project_as_a_template(self) -> None:
        """Its id is a number, and is sent as one."""
        request = VideoRequest.from_template(1762768083800, name="Demo", language="en")
        assert {"videoName": "Demo", "templateId": 1762768083800, "language": "en"} == request.to_dict()

    @pytest.mark.parametrize(("variables", "known"), [({"City": "Rome"}, "City"), (None, "none")])
    def test_a_name_needs_values(self, variables: Any, known: str) -> None:
        """A variable without a value in the name is an error, because it would be the name of the video."""
        with pytest.raises(errors.PictoryConfigError, match=f"'Name'.*{known}"):
            VideoRequest.from_template("t", name="Hello {Name}", variables=variables)

    def test_variables_are_compared_with_the_template(self) -> None:
        """What is missing, not declared or blank is a warning: what the API does about it is not documented."""
        request = VideoRequest.from_template("t", name="Demo", variables={"Nmae": "Ada", "the city": " "})
        found = request.validate(self.TEMPLATE)
        assert {"$.variables.Nmae", "$.variables.Name", "$.variables.City", "$.variables['the city']"} == {
            one.path for one in found
        }
        assert {WARNING} == {one.sureness for one in found}


class TestCost:
    """What a video is estimated to cost."""

    def test_the_prices_of_a_sample(self) -> None:
        """A picture costs 2 credits, and five seconds of clip 8."""
        cost = VideoRequest.from_dict(BODIES["rich"]).cost()
        assert (10.0, 0) == (cost.credits, cost.unknown)
        assert 19.3 == pytest.approx(cost.seconds)

    @pytest.mark.parametrize(
        ("visual", "price", "unknown"),
        [
            ({"model": "veo3.1", "videoDuration": "8s"}, 160.0, 0),
            ({"model": "flux-schnell"}, 0.6, 0),
            ({"model": "veo3.1"}, 0.0, 1),
            ({"model": "veo3.1", "videoDuration": 8}, 0.0, 1),
            ({"model": "sora", "videoDuration": "8s"}, 0.0, 1),
            ({}, 0.0, 1),
        ],
    )
    def test_the_price_of_a_visual(self, visual: dict[str, Any], price: float, unknown: int) -> None:
        """A price that is not known is counted, not guessed."""
        places = {"background": {"aiVisual": visual}, "backgroundBrolls": [{"color": "#000"}]}
        cost = VideoRequest.from_dict({"scenes": [{"story": "Hi.", **places}]}).cost()
        assert (price, unknown) == (pytest.approx(cost.credits), cost.unknown)

    @pytest.mark.parametrize(
        ("scene", "seconds"),
        [
            ({"story": "One two three four five."}, 2.0),
            ({"story": "<p>One two <b>three</b> four</p> five.", "isSSMLStory": True}, 2.0),
            ({"story": "Hi.", "minimumDuration": 6, "endPauseDuration": 0.5}, 6.5),
            ({"story": "Hi.", "minimumDuration": "6"}, 0.4),
            ({"background": {"color": "#000"}, "minimumDuration": 6}, 6.0),
            ({"background": {"color": "#000"}}, None),
            ({"storyCoPilot": {"prompt": "The sea.", "duration": 60}}, 60.0),
            ({"storyCoPilot": {"prompt": "The sea."}}, None),
            ({"blogUrl": "https://b.example.com", "minimumDuration": 6}, None),
        ],
    )
    def test_the_length_of_a_scene(self, scene: dict[str, Any], seconds: float | None) -> None:
        """About 2.5 words are spoken in a second; what the request does not show is not guessed."""
        assert seconds == VideoRequest.from_dict({"scenes": [scene]}).cost().seconds
        longer = VideoRequest.from_dict({"scenes": [scene, {"blogUrl": "https://b.example.com"}]})
        assert longer.cost().seconds is None

    def test_an_avatar_costs_for_each_half_minute(self) -> None:
        """15 credits for each 30 seconds that have begun; unknown if the length is."""
        scene = VideoScene(background=Background(color="#000"), minimum_duration=31)
        request = VideoRequest(video_name="Demo", scenes=[scene], avatar=Avatar(avatar_id="a"))
        assert 30.0 == request.cost().credits
        scene = VideoScene(story_co_pilot=StoryCoPilot(prompt="The sea."))
        assert (0.0, 1) == (attrs.evolve(request, scenes=[scene]).cost().credits, 1)

    def test_a_template_does_not_show_it(self) -> None:
        """Without scenes, neither length nor credits are known."""
        assert VideoRequest.from_template("t", name="Demo").cost().seconds is None


def test_the_lists_of_values_have_no_gaps() -> None:
    """Every value of a list is one word, or has a meaning with its spaces."""
    spaced = {"text reveal", "Internal Communication"}
    values = [value for name, value in vars(lists).items() if name.isupper() and isinstance(value, tuple)]
    assert 25 < len(values)
    assert all(" " not in one or one in spaced for value in values for one in value)
    assert {"ja-JP", "bottom-left"} <= {*lists.AUDIO_LANGUAGES, *lists.POSITIONS}
    assert 140 == len(lists.SHAPES)


def test_parts_can_be_checked_alone() -> None:
    """A part has the same checks by itself, with places from itself on."""
    assert ["$.speed"] == [one.path for one in Voice(speaker=1, speed=5).findings()]
    assert isinstance(Voice(speaker=1), Part)
