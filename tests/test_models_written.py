"""Converting models to JSON that were created by hand, or changed after they were decoded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from pictory_async._codec import answers as codec
from pictory_async.models import (
    Job,
    JobStatus,
    Page,
    Project,
    ProjectItem,
    ProjectStep,
    Scene,
    SceneBackground,
    SceneSettings,
    Template,
)
from tests._bodies import V2_SCENE, V3_SCENE, payload

SAVED = datetime(2025, 12, 23, 1, 54, 26, 658_000, tzinfo=UTC)


def read(**fields: Any) -> Project:
    return codec.decode_project(json.dumps(fields).encode(), "p-1")


@pytest.fixture
def project() -> Project:
    return codec.decode_project(payload("get-project-by-id-1"), "p-1")


@pytest.fixture
def template() -> Template:
    return codec.decode_template(payload("get-template-by-id-1"), "202512230204424435786014d42904bbc95813430789fe736")


class TestChanges:
    """A changed or hand-made model has the right JSON."""

    def test_hand_built(self):
        """A hand-made model is converted to the API's spelling, without attributes that are not set."""
        built = Project(
            id=5,
            name="n",
            step=ProjectStep.RENDER,
            generated_at=SAVED,
            scene_settings=SceneSettings(max_lines=2),
            scenes=[Scene(hide_text=True, background=SceneBackground(url="u"))],
            extra={"new": {"a": [1]}},
        )
        assert {
            "project_id": 5,
            "projectName": "n",
            "step": "RENDER",
            "generatedDate": "2025-12-23T01:54:26.658Z",
            "scriptTxtSceneSettings": {"maxLines": 2},
            "scenes": [{"settings": {"hideText": True}, "background": {"elementData": {"url": "u"}}}],
            "new": {"a": [1]},
        } == built.to_dict()
        assert "RENDER" == json.loads(json.dumps(built.to_dict()))["step"]
        assert built == codec.decode_project(json.dumps(built.to_dict()).encode(), 5)

    def test_hand_built_job(self):
        """A job has its fields in the wrapper, together with those of `extra`."""
        job = Job(id="j", success=True, status=JobStatus.COMPLETED, extra={"data": {"transcript": []}})
        assert {
            "success": True,
            "data": {"transcript": [], "jobId": "j", "status": "completed"},
        } == job.to_dict()

    def test_hand_built_template_and_page(self):
        """Templates and pages can be created by hand too."""
        assert {"templateId": "t"} == Template(id="t").to_dict()
        assert {"templateId": "t", "variables": {"a": "b"}} == Template(id="t", variables={"a": "b"}).to_dict()
        page = Page(items=(ProjectItem(id=1), ProjectItem(id="a", name="n")), next_key="k")
        assert {"items": [{"id": 1}, {"id": "a", "name": "n"}], "pageKey": "k"} == page.to_dict()

    def test_changed_fields(self, project):
        """Changed fields have the new value, and the others are as they were received."""
        expected = json.loads(payload("get-project-by-id-1"))
        changed = attrs.evolve(
            project,
            name="New",
            saved_at=SAVED + timedelta(microseconds=1),
            video_url=None,
            scene_settings=attrs.evolve(project.scene_settings, max_lines=3),
        )
        del expected["videoURL"]
        expected |= {"projectName": "New", "saveDate": "2025-12-23T01:54:26.658001Z"}
        expected["scriptTxtSceneSettings"]["maxLines"] = 3
        assert json.dumps(expected) == json.dumps(changed.to_dict())

    def test_changed_id(self, project):
        """A changed id is written, even if the response had none."""
        assert "project_id" not in project.to_dict()
        assert "other" == attrs.evolve(project, id="other").to_dict()["project_id"]

    def test_changed_back(self, project):
        """A field that was changed back is as it was received."""
        there = attrs.evolve(project, audio_speed=120)
        assert 120 == there.to_dict()["audioSpeed"]
        assert project.to_dict() == attrs.evolve(there, audio_speed=100).to_dict()

    def test_corrected_type(self):
        """A value that replaces one of a wrong type is written in its place."""
        assert {"audioSpeed": 90.0} == attrs.evolve(read(audioSpeed="fast"), audio_speed=90.0).to_dict()

    def test_changed_extra(self):
        """Fields of `extra` can be changed, added and removed."""
        found = read(a=1, b=True, projectName="n")
        assert {"a": True, "projectName": "n", "c": None} == attrs.evolve(found, extra={"a": True, "c": None}).to_dict()

    def test_changed_extra_in_a_wrapper(self):
        """Removing the fields of `extra` from a wrapper keeps its known fields."""
        job = codec.decode_job(b'{"status": "pending", "x": [1]}', "j")
        job = attrs.evolve(job, extra={})
        assert {"status": "pending"} == job.to_dict()
        job = attrs.evolve(codec.decode_job_page(payload("list-jobs-1")).items[0], extra={"data": {"new": 1}})
        assert {"jobId", "status", "new"} == set(job.to_dict()["data"])
        assert {"jobId", "status"} == set(attrs.evolve(job, extra={}).to_dict()["data"])

    def test_extra_in_place_of_a_wrapper(self):
        """A value of `extra` that replaces a whole wrapper stays, although an attribute was removed from it."""
        job = codec.decode_job(b'{"job_id": "j", "data": {"status": "pending"}}')
        assert {"job_id": "j", "data": 5} == attrs.evolve(job, status=None, extra={"data": 5}).to_dict()

    def test_blank_field(self):
        """A changed field has its new value in the place where it was received blank."""
        job = codec.decode_job(b'{"job_id": "j", "data": {"shareVideoURL": ""}}')
        assert "" == job.share_url
        assert {"shareVideoURL": "u"} == attrs.evolve(job, share_url="u").to_dict()["data"]

    def test_changed_spelling(self):
        """A changed field keeps the spelling in which it was received."""
        item = codec.decode_template(b'{"templateId": "t", "deprecated": false}', "t")
        assert {"templateId": "t", "deprecated": True} == attrs.evolve(item, deprecated=True).to_dict()
        job = codec.decode_job(b'{"job_id": "j", "status": "pending"}')
        assert {"job_id": "j", "status": "failed"} == attrs.evolve(job, status=JobStatus.FAILED).to_dict()

    def test_changed_variables(self, template):
        """`True` and 1 are different values, although they are equal in Python."""
        one = attrs.evolve(template, variables={"Name": 1})
        other = codec.decode_template(json.dumps(one.to_dict()).encode(), template.id)
        assert '{"Name": true}' == json.dumps(attrs.evolve(other, variables={"Name": True}).to_dict()["variables"])

    def test_changed_scenes(self):
        """Changed scenes are written, each with its other fields."""
        found = read(scenes=[V3_SCENE, V2_SCENE])
        first = attrs.evolve(found.scenes[0], text="New", hide_text=True)
        expected = V3_SCENE | {"text": "New", "settings": {"hideText": True, "voiceOver": True}}
        assert [expected, V2_SCENE] == attrs.evolve(found, scenes=[first, found.scenes[1]]).to_dict()["scenes"]
        assert [] == attrs.evolve(found, scenes=()).to_dict()["scenes"]

    def test_given_times(self):
        """Times that are set by hand are converted to UTC."""
        berlin = timezone(timedelta(hours=1))
        noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
        built = Project(id=1, saved_at=noon.replace(tzinfo=None), generated_at=noon.replace(tzinfo=berlin))
        assert noon == built.saved_at
        assert noon - timedelta(hours=1) == built.generated_at
        assert {
            "project_id": 1,
            "saveDate": "2025-01-01T12:00:00.000Z",
            "generatedDate": "2025-01-01T11:00:00.000Z",
        } == (built.to_dict())
