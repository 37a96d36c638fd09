"""Decoding responses: every spelling, every kind of damage, and the errors."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from pictory_async._codec import answers as codec
from pictory_async._codec.json_bytes import decode_json
from pictory_async.errors import MalformedResponseError, StatusError
from pictory_async.models import Evidence, Model, Project, ProjectStep
from tests._bodies import PAYLOADS, body_of, payload
from tests.strategies import any_jobs, any_projects, json_values, project_objects

if TYPE_CHECKING:
    from collections.abc import Callable

GENERATED = datetime(2025, 12, 22, 22, 23, 57, 210_000, tzinfo=UTC)


def project(**fields: Any) -> Project:
    return codec._read(Project, json.loads(body_of(fields)), "p-1")


READERS: dict[str, Callable[[bytes], Model]] = {
    "get-project-by-id-1": lambda body: codec.decode_project(body, "p-1"),
    "get-template-by-id-1": lambda body: codec.decode_template(body, TEMPLATE),
    "get-job-by-id-1": lambda body: codec.decode_job(body, "j-1"),
    "get-video-render-job-by-id-1": codec.decode_job,
    "clean-job-1": lambda body: codec.decode_job(body, "j-1"),
    "render-project-1": codec.decode_job,
    "list-projects-1": codec.decode_project_page,
    "list-templates-1": codec.decode_template_page,
    "list-jobs-1": codec.decode_job_page,
    "update-template-1": lambda body: codec.decode_template(body, TEMPLATE),
}
TEMPLATE = "202512230204424435786014d42904bbc95813430789fe736"
ENVELOPES = ("error-legacy-1", "update-project-1", "update-project-2", "delete-project-1", "delete-template-1")


class TestRoundTrip:
    """A decoded response can be converted back without loss."""

    @pytest.mark.parametrize("name", sorted(READERS))
    def test_payloads(self, name):
        """Every documented body comes back equal, with its order, its numbers and its dates."""
        body = payload(name)
        assert json.dumps(json.loads(body)) == json.dumps(READERS[name](body).to_dict())

    @pytest.mark.parametrize("name", ENVELOPES)
    def test_project_of_an_update(self, name):
        """Every other documented body comes back equal too, even if it is decoded as a project."""
        value = json.loads(payload(name))
        for part in (value, value.get("project", {})):
            assert json.dumps(part) == json.dumps(project(**part).to_dict())

    @pytest.mark.parametrize(
        "body",
        [
            b"{}",
            b'{"message": "ok"}',
            b'{"videoURL": null}',
            b'{"success": false}',
            b'{"success": false, "layout": "1:1"}',
        ],
    )
    @pytest.mark.parametrize("read", [codec.decode_project, codec.read_evidence, codec.decode_template])
    def test_an_empty_object_is_not_a_project(self, body, read):
        """An object without content, or with `success: false`, is an error: it does not mean "not rendered"."""
        with pytest.raises(MalformedResponseError, match=r"not a (project|template)|success: false"):
            read(body, "p-1")

    def test_an_error_is_not_a_job(self):
        """The legacy error, sent with status 200, names no job: it does not mean that a job failed."""
        with pytest.raises(StatusError):
            codec.decode_job(payload("error-legacy-1"), "j-1")

    def test_all_payloads_are_covered(self):
        """No payload is left out."""
        assert {path.stem for path in PAYLOADS.glob("*.json")} <= {*READERS, *ENVELOPES}

    @given(project_objects)
    def test_any_project_comes_back(self, value):
        """A project with usable evidence comes back equal, with any values in its other fields."""
        value = {**value, "layout": "16:9"}
        found = codec.decode_project(body_of(value), "p-1")
        assert json.dumps(value) == json.dumps(found.to_dict())
        again = pickle.loads(pickle.dumps(found))
        assert found == again
        assert hash(found) == hash(again)
        assert json.dumps(value) == json.dumps(again.to_dict())
        assert len(found.scenes) == len(tuple(found.scenes))
        for scene in found.scenes:
            assert scene.to_dict() in value["scenes"]

    @given(any_projects)
    def test_any_object_as_a_project(self, value):
        """Any JSON object is decoded as a project and comes back equal, or is an error with a path."""
        try:
            found = codec.decode_project(body_of(value), "p-1")
        except MalformedResponseError as error:
            path = error.json_path
            assert path.startswith("$")
        except StatusError as error:
            status = error.status
            assert status == 200
        else:
            assert json.dumps(value) == json.dumps(found.to_dict())

    @given(any_jobs)
    def test_any_object_as_a_job(self, value):
        """Any JSON object is decoded as a job and comes back equal, or is an error with a path."""
        try:
            found = codec.decode_job(body_of(value), "j-1")
        except MalformedResponseError as error:
            path = error.json_path
            assert path.startswith("$")
        except StatusError as error:
            status = error.status
            assert status == 200
        else:
            assert json.dumps(value) == json.dumps(found.to_dict())

    @pytest.mark.parametrize("decode", [codec.decode_project_page, codec.decode_template_page, codec.decode_job_page])
    @given(value=json_values)
    def test_any_value_as_a_list(self, decode, value):
        """Any value in place of a list is decoded and comes back equal, or is an error with a path."""
        whole = {"items": value, "nextPageKey": None}
        try:
            found = decode(body_of(whole))
        except MalformedResponseError as error:
            path = error.json_path
            assert path.startswith("$.items")
        else:
            assert json.dumps(whole) == json.dumps(found.to_dict())


class TestBodies:
    """A body that is not a JSON object is always the same kind of error."""

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"<html>",
            b"[]",
            b"null",
            b'"text"',
            b"{",
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b'{"a": "\xff"}',
            b'\xef\xbb\xbf{"a": 1}',
            '{"a": 1}'.encode("utf-16"),
            b'{"a":' + b"[" * 100_000,
            b'{"a":' + b"7" * 5_000 + b"}",
            b'{"step": "\x00"}',
        ],
    )
    def test_unusable(self, body):
        """If the whole body is unusable, the path is the root, and the text says what to do."""
        with pytest.raises(MalformedResponseError, match="try again") as caught:
            decode_json(body)
        assert "$" == caught.value.json_path

    def test_last_of_two(self):
        """If a name occurs twice, both decoders use the last value."""
        body = b'{"videoURL": 5, "step": "RENDER", "videoURL": "https://cdn.example/v.mp4", "step": null}'
        expected = Evidence(video_url="https://cdn.example/v.mp4")
        assert expected == codec.read_evidence(body, 1) == codec.judge_fields(decode_json(body), 1)

    @pytest.mark.parametrize(
        ("field", "value", "path"),
        [
            ("step", 5, "$.step"),
            ("inProgress", "false", "$.inProgress"),
            ("inProgress", 0, "$.inProgress"),
            ("videoURL", {}, "$.videoURL"),
            ("generatedDate", 1766442237210, "$.generatedDate"),
            ("generatedDate", "yesterday", "$.generatedDate"),
            ("generatedDate", "0001-01-01T00:00:00+14:00", "$.generatedDate"),
            ("project_id", True, "$.project_id"),
            ("project_id", 1.0, "$.project_id"),
        ],
    )
    def test_fields_that_matter(self, field, value, path):
        """A wrong type in an important field is an error with its path, and a poll has the same error."""
        body = body_of({field: value})
        errors = []
        for read in (codec.decode_project, codec.read_evidence):
            with pytest.raises(MalformedResponseError, match=r"The response cannot be used: \$\.\w+ is") as caught:
                read(body, 1)
            errors.append(caught.value)
        assert path == errors[0].json_path
        assert errors[0] == errors[1]

    @pytest.mark.parametrize(
        ("decode", "value", "path"),
        [
            (codec.decode_job, {"data": {"jobId": 5}}, "$.data.jobId"),
            (codec.decode_job, {"job_id": "j", "status": []}, "$.status"),
            (codec.decode_job, {"job_id": "j", "data": []}, "$.data"),
            (codec.decode_job, {"success": True}, "$.data.jobId"),
            (codec.decode_render_started, {"success": True, "data": {"jobId": ""}}, "$.data.jobId"),
            (lambda body: codec.decode_template(body, "t"), {"templateId": 5}, "$.templateId"),
            (codec.decode_project_page, {}, "$.items"),
            (codec.decode_project_page, {"items": None}, "$.items"),
            (codec.decode_project_page, {"items": "ab"}, "$.items"),
            (codec.decode_project_page, {"items": [1, "p"]}, "$.items[0]"),
            (codec.decode_project_page, {"items": [], "pageKey": 5}, "$.pageKey"),
        ],
    )
    def test_paths(self, decode, value, path):
        """The path of an error includes wrappers and list indexes."""
        with pytest.raises(MalformedResponseError) as caught:
            decode(body_of(value))
        assert path == caught.value.json_path
        assert path in str(caught.value)

    @pytest.mark.parametrize(("found", "requested"), [("123", 123), (124, "124"), ("a", "a"), (None, 1), ("", 1)])
    def test_same_project(self, found, requested):
        """The id is the requested one, and the response's own id comes back unchanged."""
        value = {"project_id": found, "layout": "16:9"}
        read = codec.decode_project(body_of(value), requested)
        assert requested == read.id
        assert type(requested) is type(read.id)
        assert value == read.to_dict()

    @pytest.mark.parametrize("read", [codec.decode_project, codec.read_evidence])
    def test_another_project(self, read):
        """A response about another project is an error."""
        with pytest.raises(MalformedResponseError, match="another project, 'b' instead of 'a'") as caught:
            read(body_of({"project_id": "b", "videoURL": "https://cdn.example/v.mp4"}), "a")
        assert "$.project_id" == caught.value.json_path


class TestQuirks:
    """Unimportant fields, and different spellings."""

    @pytest.mark.parametrize(
        ("field", "attribute", "value"),
        [
            ("audioSpeed", "audio_speed", "fast"),
            ("audioSpeed", "audio_speed", True),
            ("audioSpeed", "audio_speed", 10**400),
            ("videoDuration", "duration", "8s"),
            ("projectName", "name", 5),
            ("saveDate", "saved_at", 1766442237210),
            ("scriptTxtSceneSettings", "scene_settings", "none"),
        ],
    )
    def test_wrong_type(self, field, attribute, value):
        """A wrong type in any other field stays in `extra`, and the rest of the project is decoded."""
        found = project(**{field: value, "videoURL": "https://cdn.example/v.mp4"})
        assert getattr(found, attribute) is None
        assert {field: value} == found.extra
        assert found.is_rendered
        assert {field: value, "videoURL": "https://cdn.example/v.mp4"} == found.to_dict()

    def test_wrong_type_inside(self):
        """A wrong type in a part of the project affects only that value."""
        settings = project(scriptTxtSceneSettings={"maxLines": "two", "autoVisualSelection": True}).scene_settings
        assert settings is not None
        assert (None, True, {"maxLines": "two"}) == (
            settings.max_lines,
            settings.auto_visual_selection,
            settings.extra,
        )

    def test_infinite_number(self):
        """A number that is too large for a float stays in `extra`."""
        found = codec.decode_project(b'{"videoDuration": 1e999}', 1)
        assert found.duration is None
        assert {"videoDuration": float("inf")} == found.extra

    @pytest.mark.parametrize("value", [{}, "text", [1], [None]])
    def test_scenes_of_another_kind(self, value):
        """A value that is not a list of objects is not decoded as scenes."""
        found = project(scenes=value)
        assert () == found.scenes
        assert {"scenes": value} == found.extra

    def test_number_for_float(self):
        """An integer is accepted for a float, and is written back as an integer."""
        found = project(audioSpeed=100)
        assert isinstance(found.audio_speed, float)
        assert '{"audioSpeed": 100}' == json.dumps(found.to_dict())

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2025-12-22T22:23:57.210Z", GENERATED),
            ("2025-12-22T22:23:57.210", GENERATED),
            ("2025-12-23T00:23:57.210+02:00", GENERATED),
            ("", None),
        ],
    )
    def test_dates(self, text, expected):
        """Dates are UTC, also those without a zone, and their text is kept."""
        found = project(generatedDate=text)
        assert expected == found.generated_at
        assert expected is None or found.generated_at.tzinfo is UTC
        assert {"generatedDate": text} == found.to_dict()

    @pytest.mark.parametrize("step", ["STORYBOARD", "render", "NEW_STEP"])
    def test_open_enumeration(self, step):
        """A step is a documented member, or the same string."""
        found = project(step=step)
        assert step == found.step
        assert isinstance(found.step, ProjectStep) is (step in ProjectStep.__members__)

    @pytest.mark.parametrize("spelling", ["depricated", "deprecated"])
    def test_deprecated(self, spelling):
        """Both spellings of `deprecated` are decoded, and each comes back."""
        value = {"templateId": "t", spelling: True}
        template = codec.decode_template(body_of(value), "t")
        item = codec.decode_template_page(body_of({"items": [value]})).items[0]
        assert template.deprecated is item.deprecated is True
        assert value == template.to_dict() == item.to_dict()

    @pytest.mark.parametrize("spelling", ["savedDate", "saveDate"])
    def test_saved(self, spelling):
        """Both spellings of the date of saving are decoded in lists."""
        page = codec.decode_project_page(body_of({"items": [{"id": 1, spelling: "2025-12-22T22:23:57.210Z"}]}))
        assert GENERATED == page.items[0].saved_at

    @pytest.mark.parametrize("spelling", ["pageKey", "nextPageKey"])
    @pytest.mark.parametrize(("value", "expected"), [("k", "k"), ("", None), (None, None)])
    def test_page_key(self, spelling, value, expected):
        """Both spellings of the page key are decoded; an empty key ends the list, because it would start again."""
        whole = {"items": [], spelling: value}
        page = codec.decode_job_page(body_of(whole))
        assert expected == page.next_key
        assert {} == page.extra
        assert whole == page.to_dict()
