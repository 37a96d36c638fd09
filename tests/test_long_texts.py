"""What a server or a file can make long does not make errors and log lines long: the sum is bounded, not the piece."""

from __future__ import annotations

import json
import logging
import pickle
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from pictory_async import AsyncPictory, RenderHandle, RetryPolicy, errors
from pictory_async._codec.error_body import decode_error
from pictory_async._values import brief, quotable
from pictory_async.testing import Answer, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

LONG = "x" * 1_000_000
LONGER = "x" * 10_000  # than allowed, and quickly polled
MOST = 4_000  # characters of one error and of one log line


def fields(count: int, length: int) -> list[dict[str, Any]]:
    return [{"name": f"{number}{'n' * length}", "errors": ["e" * length] * 3} for number in range(count)]


BODIES: list[Any] = [
    {"message": "bad", "fields": fields(30_000, 3)},
    {"message": LONG, "fields": fields(300, 1_000), "code": LONG},
    {"fields": {f"{number}{'n' * 500}": LONG[:900] for number in range(900)}},
    {"errors": [LONG[:2_000]] * 400},
    {"errors": fields(900, 400)},
    {"error": {"message": [{"message": LONG[:1_000]}] * 500}},
    [LONG] * 3,
    LONG,
]


def texts_of(error: errors.PictoryError) -> list[str]:
    """All that an error tells, each fact as one text."""
    return [str(error), repr(error), *(repr(value) for value in vars(error).values())]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [200, 400, 401, 404, 409, 422, 429, 503])
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_an_error_is_short(body: Any, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Its text, its facts together, its pickle and the log line about it are, whatever the server sends."""
    caplog.set_level(logging.DEBUG, "pictory_async")
    answer = Answer(status, {"content-type": "application/json"}, json.dumps(body).encode())
    async with Simulator(faults=lambda *_: answer).client(retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.APIError) as caught:
            await client.projects.get("p")
    assert [] == [text for text in (str(caught.value), repr(caught.value)) if len(text) > MOST]
    assert sum(map(len, texts_of(caught.value))) < 5 * MOST
    assert len(pickle.dumps(caught.value)) < 5 * MOST
    assert [] == [record for record in caplog.records if len(record.getMessage()) > MOST]


@settings(max_examples=30)
@given(st.integers(0, 300), st.integers(0, 2_000), st.integers(0, 2_000))
def test_field_problems_are_bounded_in_total(count: int, name: int, problem: int) -> None:
    """At most a hundred, and at most 10,000 characters of all of them; short ones are all kept."""
    body = json.dumps({"fields": [{"name": "n" * name, "errors": ["p" * problem]}] * count}).encode()
    found = decode_error(body)
    if len(body) > 2**20:
        assert found is None  # it is not from the API
        return
    assert found is not None
    lengths = [len(field.name) + len(field.problem) for field in found.fields]
    assert sum(lengths) <= 10_000
    assert len(lengths) <= 100
    if 0 < name + problem <= 100:
        assert min(count, 100) == len(lengths)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "data",
    [
        {"status": "failed", "error_code": LONGER, "error_message": LONGER},
        {"status": LONGER},
        {"error_code": f"not found {LONGER}", "error_message": LONGER},
        {"error_code": "5000", "error_message": LONGER},
    ],
    ids=range(4),
)
@virtual_time
async def test_the_end_of_a_wait_is_told_shortly(data: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """What a job says about its failure, or as its state, is shortened in errors and in the log."""
    caplog.set_level(logging.DEBUG, "pictory_async")
    world = World()
    project_id = world.add_project()
    body = json.dumps({"success": "status" in data, "job_id": "j", "data": data}).encode()
    answer = Answer(200, {"content-type": "application/json"}, body)
    simulator = Simulator(world, faults=lambda request, _: answer if "/v1/jobs" in request.path else None)
    handle = RenderHandle(project_id=project_id, job_id="j")
    async with client_of(simulator) as client:
        (outcome,) = await client.projects.wait_all([handle], max_wait=30.0)
    assert outcome.error is not None
    facts = {name: value for name, value in vars(outcome.error).items() if name != "_project"}
    assert [] == [name for name, value in facts.items() if len(repr(value)) > MOST]
    assert len(str(outcome.error)) < MOST
    assert [] == [record for record in caplog.records if len(record.getMessage()) > MOST]


@pytest.mark.anyio
@pytest.mark.parametrize("job_id", [LONGER, "a\nb", " ", ".."], ids=range(4))
async def test_a_render_whose_job_has_no_usable_id_is_uncertain(job_id: str) -> None:
    """The render is paid for: it is waited for by its project, and not by an id that cannot be asked for."""
    world = World()
    project_id = world.add_project()
    body = json.dumps({"success": True, "data": {"jobId": job_id}}).encode()
    simulator = Simulator(world, faults=lambda request, _: Answer(200, {}, body) if request.method == "POST" else None)
    async with simulator.client() as client:
        with pytest.raises(errors.RenderSubmitUncertainError) as caught:
            await client.projects.render(project_id)
    assert (project_id, None) == (caught.value.handle.project_id, caught.value.handle.job_id)
    assert len(str(caught.value)) < MOST


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "5"),
        ("a", "'a'"),
        (float("nan"), "nan"),
        ("a" * 1_000, None),
        (["a"] * 1_000_000, None),
        (10**5_000, "this int"),
        ("\x1b[2J", "'\\x1b[2J'"),
    ],
    ids=range(7),
)
def test_values_in_messages(value: object, expected: str | None) -> None:
    """A value is shown as in Python, in one short line."""
    text = brief(value)
    assert expected in {None, text}
    assert len(text) <= 501
    assert text.isprintable()


def test_joiners_in_messages() -> None:
    """A text of the API keeps the joiners of its script, and nothing else that is invisible."""
    assert "می\u200cشوی" == quotable("می\u200cشوی")
    assert "a b\u200dc" == quotable("a\u202eb\u200dc")


def test_a_value_that_cannot_be_printed() -> None:
    """The type is shown of what fails to print itself, or is too deep."""

    class Unprintable:
        def __repr__(self) -> str:
            raise LookupError

    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert "Unprintable" in brief(Unprintable())
    assert len(brief(deep)) < 100
    with pytest.raises(errors.PictoryConfigError, match=r"timeout must be .*not \[\["):
        AsyncPictory("pictai_a", timeout=deep)
