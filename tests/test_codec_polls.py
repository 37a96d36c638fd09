"""What a poll reads from a response, with either decoder, and what error responses say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from hypothesis import example, given

from pictory_async._codec import answers as codec
from pictory_async._codec.error_body import ErrorBody, decode_error
from pictory_async._codec.json_bytes import decode_json, fast_fields
from pictory_async.errors import FieldProblem, MalformedResponseError
from tests._bodies import body_of, payload
from tests.strategies import damaged_bodies, json_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.models import Evidence


class TestEvidence:
    """A poll decodes a few fields, with the same result as the whole project."""

    def test_same_facts(self):
        """The evidence is that of the whole project."""
        body = payload("get-project-by-id-1")
        assert codec.decode_project(body, "p").evidence == codec.read_evidence(body, "p")

    @staticmethod
    def outcome(read: Callable[[bytes], Evidence], body: bytes) -> Evidence | MalformedResponseError:
        try:
            return read(body)
        except MalformedResponseError as error:
            return error

    @given(damaged_bodies())
    @example(b'{"project_id": null, "inProgress": ""}')
    def test_decoders_agree(self, body):
        """With simdjson, without it, and with the whole project: the same evidence or the same error."""
        fast = self.outcome(lambda body: codec.read_evidence(body, "p-1"), body)
        slow = self.outcome(lambda body: codec.judge_fields(decode_json(body), "p-1"), body)
        whole = self.outcome(lambda body: codec.decode_project(body, "p-1").evidence, body)
        assert slow == fast
        assert slow == whole

    @pytest.mark.parametrize(
        "body",
        [
            b'{"scenes": "\xff"}',
            b'{"\xff": 1}',
            b'{"scenes": ' + b"7" * 4_301 + b"}",
            b'{"scenes": [' + b"7" * 4_301 + b', "' + b"x" * 100_000 + b'"]}',
            b'{"scenes": 1e999, "x": "\\ud800"}',
            b'{"scenes": [NaN]}',
            b'{"st\\u0065p": "RENDER"}',
            b'{"project_id": 123456789012345678901234567890}',
            b'\xef\xbb\xbf{"projectName": "x"}',
            b'{"projectName": "x", "step": "RENDER", "step": "STORYBOARD"}',
            b'{"projectName": "x", "videoURL": {"a": 1}}',
            b'{"projectName": "x", "saveDate": 5}',
            b'{"projectName": "x", "scenes": "\\ud800"}',
            b'[{"projectName": "x"}]',
            b'{"projectName": "x"} {}',
            b'{"projectName": "x"}\x00',
            b'{"projectName": "a\x01b"}',
            b'{"projectName": "x", "a": 01}',
            b'{"projectName": "x", "a": 1.}',
        ],
    )
    def test_decoders_agree_in_hard_cases(self, body):
        """If simdjson decodes a body differently, or not at all, the result is that of json."""
        fast = self.outcome(lambda body: codec.read_evidence(body, "p-1"), body)
        assert fast == self.outcome(lambda body: codec.judge_fields(decode_json(body), "p-1"), body)

    def test_decoders_agree_about_depth(self):
        """Deep nesting is accepted by both decoders, or rejected by both."""
        for depth in (1, 500, 2000, 100_000):
            for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
                body = b'{"projectName":"x","scenes":' + opening * depth + b"1" + closing * depth + b"}"
                fast = self.outcome(lambda body: codec.read_evidence(body, "p"), body)
                assert fast == self.outcome(lambda body: codec.judge_fields(decode_json(body), "p"), body)

    def test_simdjson_is_used(self):
        """If simdjson is installed, it decodes an ordinary body, and leaves out absent fields."""
        pytest.importorskip("simdjson")
        assert {"step": "RENDER"} == fast_fields(b'{"step":"RENDER","a":[1]}', frozenset({"step", "videoURL"}))

    @pytest.mark.parametrize("body", [b"[1]", b"7", b'{"step":', b"", b"<html>"])
    def test_a_body_that_is_no_object_is_decoded_by_json(self, body):
        """Its error is the same with simdjson and without."""
        assert fast_fields(body, frozenset({"step"})) is None

    def test_a_large_body_is_decoded_by_json(self):
        """Above a limit, simdjson would keep too much memory."""
        assert fast_fields(b'{"step":"' + b"x" * 5_000_000 + b'"}', frozenset({"step"})) is None


class TestErrorBodies:
    """The bodies of error responses."""

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"message": "Unauthorized"}, ErrorBody("Unauthorized")),
            (
                {
                    "code": "INVALID_REQUEST_BODY",
                    "message": "No.",
                    "fields": [
                        {"name": "scenes", "errors": "is required"},
                        {"name": "a", "errors": ["b", "c"]},
                    ],
                },
                ErrorBody(
                    "No.",
                    "INVALID_REQUEST_BODY",
                    (FieldProblem("scenes", "is required"), FieldProblem("a", "b; c")),
                ),
            ),
            ({"code": "INVALID_REQUEST"}, ErrorBody(code="INVALID_REQUEST")),
            (
                {"job_id": "j", "success": False, "data": {"error_code": "X", "error_message": "Why."}},
                ErrorBody("Why.", "X"),
            ),
            (
                {"error_code": "5000", "error_message": "JOB_NOT_FOUND"},
                ErrorBody("JOB_NOT_FOUND", "5000"),
            ),
            (
                {"success": False, "error": {"error_message": "M", "error_code": 890}},
                ErrorBody("M", "890"),
            ),
            ({"error": "Forbidden"}, ErrorBody("Forbidden")),
            (
                {"fields": {"scenes": "is required"}},
                ErrorBody(fields=(FieldProblem("scenes", "is required"),)),
            ),
            ({"fields": ["scenes", 5, {}]}, ErrorBody(fields=(FieldProblem("scenes", ""),))),
            ("Forbidden", ErrorBody("Forbidden")),
            ([], ErrorBody()),
            (None, ErrorBody()),
        ],
    )
    def test_shapes(self, value, expected):
        """Each form of the API's errors is understood."""
        found = decode_error(body_of(value))
        assert found is not None
        assert expected == attrs.evolve(found, from_api=False)
        assert found.from_api is (isinstance(value, dict) and ("fields" not in value or "code" in value))

    @pytest.mark.parametrize("body", [b"", b"<html>error code: 1010</html>", b"[" * 100_000, b"7" * 5_000])
    def test_not_json(self, body):
        """A body that is not JSON did not come from the API."""
        assert decode_error(body) is None

    def test_long_text(self):
        """A very long message is shortened."""
        found = decode_error(body_of({"message": "x" * 10_000}))
        assert found is not None
        assert "x" * 500 + "…" == found.message

    @given(json_values)
    def test_never_raises(self, value):
        """Any JSON is decoded without an error."""
        assert isinstance(decode_error(body_of(value)), ErrorBody)
        wrapped = {"message": value, "fields": value, "error": value, "code": value}
        assert isinstance(decode_error(body_of(wrapped)), ErrorBody)
