"""Models: their properties, that they cannot change, and that copies are equal."""

from __future__ import annotations

import inspect
import json
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from pictory_async import models
from pictory_async._codec import answers as codec
from pictory_async._codec.names import NAMES
from pictory_async.models import (
    Job,
    Layer,
    LazySequence,
    Project,
    ProjectItem,
    Scene,
    Subtitle,
    Template,
    TemplateScene,
)
from tests._bodies import V2_SCENE, V3_SCENE, payload

MODELS: list[Any] = [getattr(models, name) for name in NAMES]
SAVED = datetime(2025, 12, 23, 1, 54, 26, 658_000, tzinfo=UTC)


def read(**fields: Any) -> Project:
    return codec._read(Project, json.loads(json.dumps(fields)), "p-1")


@pytest.fixture
def project() -> Project:
    return codec.decode_project(payload("get-project-by-id-1"), "p-1")


@pytest.fixture
def template() -> Template:
    return codec.decode_template(payload("get-template-by-id-1"), "202512230204424435786014d42904bbc95813430789fe736")


class TestEveryModel:
    """What all models have in common."""

    @pytest.mark.parametrize("cls", MODELS)
    def test_table(self, cls):
        """Every attribute has a spelling in the API and is described in the docstring of its class."""
        names = {field.name for field in attrs.fields(cls)} - {"_extra", "_origin"}
        assert names == set(NAMES[cls.__name__])
        for field in attrs.fields(cls):
            assert field.name in {"_extra", "_origin"} or f"\n    {field.alias}: " in (inspect.getdoc(cls) or "")

    @pytest.mark.parametrize("cls", MODELS)
    def test_page_of_the_documentation(self, cls):
        """Every class names its page in the API's documentation."""
        assert "https://docs.pictory.ai/api-reference/" in cls.__doc__

    def test_frozen(self, project):
        """Models and their mappings cannot be changed."""
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            project.name = "x"
        with pytest.raises(AttributeError):
            project.new = "x"
        mappings: list[Any] = [project.extra, project.assets, Template(id="t").variables]
        for mapping in mappings:
            with pytest.raises(TypeError):
                mapping["x"] = 1

    @pytest.mark.parametrize("copy", [lambda model: pickle.loads(pickle.dumps(model)), attrs.evolve])
    def test_copies(self, copy, project, template):
        """A copy is equal, has the same hash, and is converted to the same JSON."""
        page = codec.decode_job_page(payload("list-jobs-1"))
        hand_built = Project(id=1, extra={"x": {"y": 1}}, scenes=[Scene(text="a")])
        for model in (project, template, page, page.items[0], hand_built, read(scenes=[V3_SCENE])):
            twin = copy(model)
            assert model == twin
            assert hash(model) == hash(twin)
            assert model.to_dict() == twin.to_dict()
            assert model.extra == twin.extra

    def test_equality(self, project):
        """Models are equal if their class, their values and their `extra` are equal."""
        assert project == codec.decode_project(payload("get-project-by-id-1"), "p-1")
        assert project != attrs.evolve(project, name="x")
        assert project != attrs.evolve(project, extra={"x": 1})
        assert Subtitle(text="a") != Layer(text="a")
        assert read(videoURL=None) == read()

    def test_repr(self):
        """A repr is one short line, without absent and large values."""
        found = read(projectName="n" * 5_000, step="RENDER", scenes=[V3_SCENE], unknown="secret " * 100)
        assert repr(found).startswith("Project(id='p-1', name='nnn")
        assert "step='RENDER'" in repr(found)
        assert len(repr(found)) < 150
        assert "secret" not in repr(found)
        assert "ProjectItem(id=5, saved_at=2025-12-23T01:54:26.658000+00:00)" == repr(
            ProjectItem(id=5, saved_at=SAVED, name=None)
        )

    def test_to_dict_can_be_changed(self, project):
        """Changes to the result of `to_dict` do not change the model."""
        project.to_dict()["scriptTxtSceneSettings"]["maxLines"] = 99
        assert 2 == project.to_dict()["scriptTxtSceneSettings"]["maxLines"]


class TestProject:
    """The properties of a project."""

    def test_documented_project(self, project):
        """The documented project is rendered, perhaps outdated, and not rendering."""
        assert (True, None, False) == (project.is_rendered, project.is_outdated, project.is_rendering)
        assert ("p-1", "Hello World Template", 1.99, 100, "16:9") == (
            project.id,
            project.name,
            project.duration,
            project.audio_speed,
            project.layout,
        )
        assert SAVED == project.saved_at
        assert {} == project.extra

    @pytest.mark.parametrize(
        ("fields", "rendering", "rendered"),
        [
            ({}, False, False),
            ({"videoURL": "u"}, False, True),
            ({"videoURL": ""}, False, False),
            ({"videoURL": "u", "inProgress": True}, True, False),
            ({"videoURL": "u", "step": "RENDER", "inProgress": False}, True, False),
            ({"videoURL": "u", "step": "render"}, True, False),
            ({"videoURL": "u", "step": "COMPLETE"}, False, True),
            ({"step": "COMPLETE"}, False, False),
        ],
    )
    def test_rendered(self, fields, rendering, rendered):
        """A project is rendered if it has a video and no render is running."""
        found = read(**fields)
        assert (rendering, rendered) == (found.is_rendering, found.is_rendered)

    @pytest.mark.parametrize(("hours", "expected"), [(1, None), (0, False), (-1, False), (None, None)])
    def test_outdated(self, hours, expected):
        """A project that was saved before its video is not outdated; of others, it is not known."""
        saved = None if hours is None else SAVED + timedelta(hours=hours)
        assert expected is Project(id=1, video_url="u", saved_at=saved, generated_at=SAVED).is_outdated
        assert Project(id=1, saved_at=saved, generated_at=SAVED).is_outdated is None

    def test_assets(self, project):
        """Assets have a fixed order, without absent and empty URLs."""
        assert ["video", "audio", "srt", "vtt", "txt", "thumbnail", "share"] == list(project.assets)
        assert {"txt": "t", "share": "s"} == read(shareVideoURL="s", txtFile="t", audioURL="", videoURL=None).assets

    def test_v3_scene(self):
        """All parts of a v3 project's scene are decoded."""
        (scene,) = read(scenes=[V3_SCENE]).scenes
        assert scene.style is not None
        assert scene.background is not None
        assert ("s-1", "Hello", 5, False) == (scene.id, scene.text, scene.duration, scene.hide_text)
        assert ("decor-bold",) == scene.sentence[0].decoration
        assert {"settings": {"voiceOver": True}} == scene.extra
        assert ("32", 0.8) == (scene.style.font_size, scene.style.width)
        assert ("u", "p", "t", "unsplash") == (
            scene.background.url,
            scene.background.preview_url,
            scene.background.thumbnail_url,
            scene.background.library,
        )
        assert V3_SCENE == scene.to_dict()

    def test_v2_scene(self):
        """A scene of a v2 project has the fields that v3 scenes lack in `extra`."""
        (scene,) = read(scenes=[V2_SCENE]).scenes
        assert 7 == scene.id
        assert () == scene.sentence
        assert "Hi" == scene.text
        assert {"sentence", "image", "lines", "settings"} == set(scene.extra)
        assert V2_SCENE == scene.to_dict()

    def test_scenes_are_decoded_on_first_use(self):
        """Scenes are decoded when one is used, but not for their number or for `to_dict`."""
        calls: list[int] = []

        def read_one(raw: dict[str, int]) -> int:
            calls.append(raw["a"])
            return raw["a"]

        scenes = LazySequence([{"a": 1}, {"a": 2}], read_one)
        assert 2 == len(scenes)
        assert "<2 items>" == repr(scenes)
        assert [] == calls
        assert (1, 2) == tuple(scenes)
        assert 2 == len(calls)
        assert (2, 2) == (scenes[-1], len(calls))
        assert isinstance(read(scenes=[V3_SCENE]).scenes, LazySequence)

    def test_scenes_are_like_a_tuple(self):
        """Lazy scenes compare, hash and slice like a tuple."""
        scenes = read(scenes=[V3_SCENE, V2_SCENE]).scenes
        items = tuple(scenes)
        assert scenes == items
        assert items == scenes
        assert scenes == read(scenes=[V3_SCENE, V2_SCENE]).scenes
        assert items[:1] == scenes[:1]
        assert hash(items) == hash(scenes)
        assert items[1] in scenes
        assert scenes == pickle.loads(pickle.dumps(scenes))
        assert () == read().scenes == read(scenes=None).scenes


class TestTemplate:
    """The properties of a template."""

    def test_documented_template(self, template):
        """All parts of the documented template are decoded."""
        assert ("3108",) == tuple(voice.speaker for voice in template.voice_over.ai_voices)
        assert 0.1 == template.background_music.volume
        assert "Hello" == template.scenes[0].layers[0][0].text
        assert {"Name": "NAME"} == template.variables
        assert ("Name",) == template.placeholders
        assert (True, False) == (template.published, template.deprecated)
        assert template.project_url.endswith(".json")
        assert template.structure_url.endswith(".json")

    def test_placeholders(self):
        """Placeholders are found in subtitles and text layers, each once, in order, in any script."""
        first = TemplateScene(
            subtitles=(Subtitle(text="{{ b }} and {{a}}, {{}} {{ }} {one} {{unclosed"), Subtitle()),
            layers=(
                (Layer(type="text", text="{{First name}}"), Layer(type="image", text="{{no}}")),
                (Layer(text="{{Füße-2}}"), Layer(type="TEXT", text="{{{c}}}")),
            ),
        )
        second = TemplateScene(subtitles=(Subtitle(text="{{a}} {{d}}"),))
        template = Template(id="t", scenes=(first, second))
        assert ("b", "a", "First name", "Füße-2", "c", "d") == template.placeholders


class TestJob:
    """The properties of a job."""

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, set()),
            ({"status": "in-progress"}, set()),
            ({"status": "pending", "success": False}, set()),
            ({"status": "queued-somehow"}, set()),
            ({"status": "completed"}, {"completed", "finished"}),
            ({"status": "Completed"}, {"completed", "finished"}),
            ({"status": "Failed"}, {"failed", "finished"}),
            ({"status": "error", "success": False}, {"failed", "finished"}),
            ({"success": False, "error_code": "890"}, {"failed", "finished"}),
            ({"status": "CLEANED"}, {"cleaned", "finished"}),
            ({"success": False, "error_code": "5000"}, {"missing", "finished"}),
            ({"success": False, "error_message": "JOB_NOT_FOUND"}, {"missing", "finished"}),
        ],
    )
    def test_states(self, fields, expected):
        """A job is finished if its status says so, ignoring case; an unknown status is not finished."""
        job = Job(id="j", **fields)
        states = ("completed", "failed", "cleaned", "missing", "finished")
        assert expected == {state for state in states if getattr(job, f"is_{state}")}
