"""Whose response is it, and what does it say? The API's own words are believed and shown; a gateway's are not."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import RenderStatus, RetryPolicy, errors
from pictory_async._codec import answers as codec
from pictory_async._codec.error_body import decode_error
from pictory_async._codec.json_bytes import decode_json
from pictory_async.errors import MalformedResponseError, NotFoundError, StatusError
from pictory_async.testing import Answer, Render, Simulator, World
from tests._bodies import body_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import AsyncPictory

JSON = {"content-type": "application/json"}
NO_SUCH = {"error_code": 890, "error_message": "Project is not found"}
BROKEN = {"error_code": 712, "error_message": "The index is being rebuilt"}

CALLS: dict[str, Callable[[AsyncPictory], Any]] = {
    "project": lambda client: client.projects.get("p"),
    "template": lambda client: client.templates.get("t"),
    "job": lambda client: client.jobs.get("j"),
    "projects": lambda client: anext(aiter(client.projects.list())),
    "templates": lambda client: anext(aiter(client.templates.list())),
    "jobs": lambda client: anext(aiter(client.jobs.list())),
}
PLACES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "error": lambda error: {"success": False, "error": error},
    "data": lambda error: {"success": False, "data": error},
    "root": lambda error: {"success": False, **error},
    "error, without success": lambda error: {"error": error},
    "data, without success": lambda error: {"data": error},
    "root, without success": lambda error: error,
}


def alone(read: Callable[[bytes], object]) -> Callable[[bytes, str], object]:
    """A decoder that needs no id, as one of those that do."""
    return lambda body, _: read(body)


async def failure(call: str, status: int, body: bytes, headers: dict[str, str] | None = None) -> errors.APIError:
    """The error of a call whose response is this."""
    answer = Answer(status, JSON if headers is None else headers, body)
    async with Simulator(faults=lambda _request, _now: answer).client(retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.APIError) as caught:
            await CALLS[call](client)
    return caught.value


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"message": "Not Found"}, True),
        ({"Message": "Forbidden"}, True),
        ({"error": "no"}, True),
        ({"errors": []}, True),
        ({"data": None}, True),
        ({"code": "X"}, True),
        ({"error_code": 5}, True),
        ({"error_message": ""}, True),
        ({"errorMessage": "no"}, True),
        ({"success": False}, True),
        ({"message": "Missing Authentication Token"}, False),
        ({"Message": "missing authentication token "}, False),
        ({}, False),
        ({"status": 404, "detail": "no route"}, False),
        (["message"], False),
        ("message", False),
        (None, False),
    ],
)
def test_the_form_of_a_body_tells_whose_it_is(body: Any, expected: bool) -> None:
    """Only an object with one of the API's names is the API's, and a gateway's message about the address is not."""
    found = decode_error(body_of(body))
    assert found is not None
    assert expected is found.from_api


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize("status", [401, 402, 403, 404, 409, 429, 500, 530])
async def test_an_error_says_whose_it_is(status: int) -> None:
    """Pages, empty bodies and other JSON are not the API's; only its own form is."""
    for body in (b"<html>", b"", b"Not found", b"[]", b"{}", b'{"message": "Missing Authentication Token"}'):
        error = await failure("project", status, body)
        assert isinstance(error, StatusError)
        assert not error.from_api
        assert "There is no project" not in str(error)
    error = await failure("project", status, b'{"message": "Why."}')
    assert isinstance(error, StatusError)
    assert error.from_api
    assert "Why." in str(error)


@virtual_time
@pytest.mark.anyio
async def test_a_redirect_is_never_the_apis_word() -> None:
    """Whatever its body is."""
    error = await failure("project", 302, b'{"message": "Moved"}')
    assert isinstance(error, StatusError)
    assert not error.from_api


@pytest.mark.parametrize(
    ("read", "body", "expected"),
    [
        (codec.decode_project, b"<html>", False),
        (codec.decode_project, b"[]", False),
        (codec.decode_project, b"{}", False),
        (codec.decode_project, b'{"status": "ok"}', False),
        (codec.decode_project, b'{"message": "ok"}', True),
        (codec.decode_project, b'{"success": false}', True),
        (codec.decode_project, b'{"videoURL": 5}', True),
        (codec.decode_project, b'{"project_id": "other", "layout": "x"}', True),
        (codec.decode_template, b"{}", False),
        (codec.decode_template, b'{"templateId": 5}', True),
        (codec.decode_job, b"{}", False),
        (codec.decode_job, b'{"status": []}', True),
        (codec.decode_job, b'{"job_id": "other"}', True),
        (alone(codec.decode_project_page), b"{}", False),
        (alone(codec.decode_project_page), b'{"items": 5}', True),
        (alone(codec.decode_job_page), b'{"message": "ok"}', True),
        (alone(codec.decode_job_page), b'{"items": [], "success": false}', True),
        (alone(codec.decode_render_started), b'{"jobs": 1}', False),
        (alone(codec.decode_render_started), b'{"success": true}', True),
    ],
)
def test_a_malformed_response_says_whose_it_is(read: Any, body: bytes, expected: bool) -> None:
    """An object with the marks of a project, a template, a job or a page is the API's even if it cannot be read."""
    with pytest.raises(MalformedResponseError) as caught:
        read(body, "p")
    assert expected is caught.value.from_api


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"<html>", b"{}"])
async def test_the_mark_reaches_the_caller(body: bytes) -> None:
    """The error of a call keeps what the decoder found."""
    error = await failure("project", 200, body)
    assert isinstance(error, MalformedResponseError)
    assert not error.from_api


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("call", CALLS)
async def test_an_error_with_status_200_keeps_its_words(call: str, place: str) -> None:
    """Code and words are in the error, wherever they stand; what is not found is not found."""
    error = await failure(call, 200, body_of(PLACES[place](NO_SUCH)))
    assert isinstance(error, NotFoundError)
    assert (200, "890", True, 1) == (error.status, error.code, error.from_api, error.attempts)
    assert "There is no" in str(error)
    assert "(Project is not found)" in str(error)
    error = await failure(call, 200, body_of(PLACES[place](BROKEN)))
    assert type(error) is StatusError
    assert (200, "712") == (error.status, error.code)
    assert "(The index is being rebuilt)" in str(error)
    assert "ry again" not in str(error)
    assert error.path.startswith("/v")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("extra", [{}, {"step": "RENDER", "success": False}])
def test_both_readers_report_the_same(place: str, extra: dict[str, Any]) -> None:
    """A poll, with simdjson or without, raises what a call raises."""
    value = {**PLACES[place](NO_SUCH), **extra}
    found = []
    for read in (codec.decode_project, codec.read_evidence, lambda body, p: codec.judge_fields(decode_json(body), p)):
        with pytest.raises(NotFoundError) as caught:
            read(body_of(value), "p")
        found.append(caught.value)
    assert found[0] == found[1] == found[2]


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize("place", PLACES)
async def test_a_watch_ends_with_what_the_api_says(place: str) -> None:
    """A project that is not found in a response with status 200 is missing, and the outcome has the API's words."""
    answer = Answer(200, JSON, body_of(PLACES[place](NO_SUCH)))
    async with Simulator(faults=lambda _request, _now: answer).client() as client:
        (outcome,) = await client.projects.wait_all(["p"], max_wait=300)
    assert outcome.status is RenderStatus.MISSING
    assert isinstance(outcome.error, NotFoundError)
    assert "(Project is not found)" in str(outcome.error)


@virtual_time
@pytest.mark.anyio
async def test_an_error_that_passes_does_not_end_a_watch() -> None:
    """What the API reports with status 200 ends a wait only when it comes five times in a row."""
    world = World()
    project_id = world.add_project(Render(0.0, duration=60.0))
    answers = iter([Answer(200, JSON, body_of(PLACES["error"](BROKEN)))] * 4)
    async with Simulator(world, faults=lambda _request, _now: next(answers, None)).client() as client:
        (outcome,) = await client.projects.wait_all([project_id])
    assert outcome.ok


@virtual_time
@pytest.mark.anyio
async def test_a_project_with_an_error_beside_it_is_a_project() -> None:
    """Only a response that shows nothing, or has success: false, is an error."""
    value = {"projectName": "Film", "error": {"error_message": "old news"}}
    assert codec.decode_project(body_of(value), "p").name == "Film"
    assert "message" in codec.decode_job(body_of({"job_id": "j", "message": "not found"}), "j").extra


@virtual_time
@pytest.mark.anyio
async def test_what_the_api_says_is_one_bounded_line() -> None:
    """Line ends and terminal codes are removed, and long texts are cut."""
    error = await failure("project", 200, body_of({"success": False, "message": "a\r\n\x1b[31m" + "b" * 10_000}))
    assert str(error).isprintable()
    assert len(str(error)) < 1000


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (402, "plan or credits"),
        (405, "Check the base URL"),
        (407, "proxy"),
        (409, "conflicts"),
        (410, "was deleted"),
        (418, "A retry cannot help"),
        (501, "A retry cannot help"),
    ],
)
async def test_advice_fits_the_status(status: int, advice: str) -> None:
    """The server's words are kept, and nobody is told to retry what a retry cannot change."""
    for name in ("message", "Message", "error", "errorMessage"):
        error = await failure("project", status, body_of({name: "Because."}))
        assert advice in str(error)
        assert "(Because.)" in str(error)
        assert "ry again" not in str(error)


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize("status", [401, 403, 404, 405])
@pytest.mark.parametrize("name", ["message", "Message"])
async def test_a_wrong_base_url_is_called_so(status: int, name: str) -> None:
    """What AWS's gateway says about an unknown address is neither about the key nor about the project."""
    error = await failure("project", status, body_of({name: "Missing Authentication Token"}))
    assert "Check the base URL, which ends with /pictoryapis" in str(error)
    assert "Missing Authentication Token" in str(error)
    assert "key" not in str(error)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"errors": ["One.", "Two."]}, "One.; Two."),
        ({"errors": [{"message": "One."}, {"detail": "Two."}, 5, [], {}]}, "One.; Two.; 5"),
        ({"errors": "One."}, "One."),
        ({"errors": {"scenes": ["is empty", "is bad"]}}, "scenes: is empty; is bad."),
        ({"errors": [{"field": "scenes", "message": "is empty"}]}, "scenes: is empty."),
        ({"error": ["One."]}, "One."),
        ({"error": {"error": {"message": "Deep."}}}, "Deep."),
        ({"error": {"status": 404}}, ""),
        ({"error": {"errors": ["One."]}}, "One."),
        ({"data": "One."}, "One."),
        ({"code": "ONE"}, "ONE"),
    ],
)
def test_words_are_found_wherever_they_are(value: dict[str, Any], said: str) -> None:
    """Lists, objects by field, nested objects and plain text are read."""
    found = decode_error(body_of(value))
    assert found is not None
    assert (f" ({said})" if said else "") == found.said


@virtual_time
@pytest.mark.anyio
@pytest.mark.parametrize(
    "fields",
    [{"fields": [{"name": "n" * 400, "errors": "e" * 600}]}, {"errors": ["e" * 900]}],
    ids=["fields", "errors"],
)
@pytest.mark.parametrize("number", [900, 30_000], ids=["many", "too many to read"])
async def test_the_sum_of_an_errors_text_is_bounded(
    fields: dict[str, list[Any]], number: int, caplog: pytest.LogCaptureFixture
) -> None:
    """However many problems a response lists, the error is a line that a person can read, and is there at once."""
    fields = {name: problems * number for name, problems in fields.items()}
    caplog.set_level(logging.DEBUG)
    error = await failure("project", 400, body_of(fields))
    assert isinstance(error, errors.InvalidRequestError)
    assert len(str(error)) < 2000
    assert len(caplog.text) < 5000
    assert len(error.fields) <= 100
    assert ("There are more." in str(error)) is ("fields" in fields and number == 900)


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (codec.decode_project_page, {"id": 1}, {"name": "A folder", "type": "folder"}),
        (codec.decode_project_page, {"id": 1}, None),
        (codec.decode_project_page, {"id": 1}, {"id": True}),
        (codec.decode_template_page, {"templateId": "t"}, {"templateId": 5}),
        (codec.decode_template_page, {"templateId": "t"}, "t"),
        (codec.decode_job_page, {"data": {"jobId": "j"}}, {"data": {"status": "completed"}}),
        (codec.decode_job_page, {"data": {"jobId": "j"}}, {"job_id": "j", "data": {"status": 5}}),
    ],
)
def test_an_entry_that_cannot_be_read_is_left_out(
    read: Any, good: Any, bad: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """One bad entry does not hide the others; a warning says how many and why, once."""
    value = {"items": [bad, good, bad], "nextPageKey": "k"}
    page = read(body_of(value))
    assert [1, "k"] == [len(page.items), page.next_key]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "entries_left_out: 2 of a page" in record.getMessage()
    assert "$.items[0]" in record.getMessage()
    assert json.dumps(value) == json.dumps(page.to_dict())
    assert len(caplog.records) == 1


@pytest.mark.parametrize("entry", [{"name": "A folder"}, {}])
def test_a_page_of_unreadable_objects_is_an_empty_page(entry: dict[str, Any]) -> None:
    """A page may hold nothing but what is no project."""
    assert () == codec.decode_project_page(body_of({"items": [entry]})).items
