"""The server's own id of a request: in the error, in its text, and never anything else than an id."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING

import pytest

from pictory_async import RenderStatus, RetryPolicy, errors
from pictory_async.testing import DEFAULT_API_KEY, Answer, Simulator, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

ONCE = RetryPolicy(attempts=1)
JSON = "application/json"


async def failure(headers: dict[str, str], status: int = 500, body: bytes = b"{}") -> errors.APIError:
    """The error of a call whose response has these headers."""
    answer = Answer(status, {"content-type": JSON, **headers}, body)

    def always(request: SimRequest, now: float) -> Answer:
        return answer

    async with Simulator(World(), faults=always).client(retry=ONCE) as client:
        with pytest.raises(errors.APIError) as caught:
            await client.projects.get("p")
    return caught.value


@pytest.mark.parametrize("name", ["x-amzn-requestid", "x-amz-request-id", "cf-ray", "X-Request-Id"])
async def test_an_error_has_the_servers_id(name: str) -> None:
    """Each header that servers put it into is understood; the text ends with it, the message does not have it."""
    error = await failure({name: "7f3d-Ab_1:9"})
    assert "7f3d-Ab_1:9" == error.request_id
    assert str(error) == f"{error.message} (request 7f3d-Ab_1:9)"
    assert "7f3d" not in error.message


async def test_the_id_of_the_api_counts_most() -> None:
    """The API's id comes before that of the network in front of it."""
    assert "api" == (await failure({"x-request-id": "any", "cf-ray": "edge", "x-amzn-requestid": "api"})).request_id


async def test_without_an_id() -> None:
    """An error of a response without such a header says nothing about it."""
    error = await failure({})
    assert error.request_id is None
    assert str(error) == error.message


@pytest.mark.parametrize(
    "value",
    ["", "a b", "<b>", "\x1b[31m", "x" * 129, f"id-{DEFAULT_API_KEY}", DEFAULT_API_KEY, "(x)", '"x"', "x;y"],
)
async def test_what_cannot_be_an_id_is_none(value: str) -> None:
    """A header with spaces, signs, the key or too many characters is not shown; the next one is used."""
    error = await failure({"x-amzn-requestid": value, "cf-ray": "edge"})
    assert "edge" == error.request_id
    assert DEFAULT_API_KEY not in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        pytest.param(200, {}, b"not JSON", id="malformed"),
        pytest.param(200, {}, b'{"message": "Project not found"}', id="reported"),
        pytest.param(200, {"content-encoding": "gzip"}, b"broken", id="compression"),
        pytest.param(200, {"content-encoding": "br"}, b"x", id="coding"),
        pytest.param(200, {}, b" " * (32 * 1024 * 1024 + 1), id="too large"),
        pytest.param(401, {}, b'{"message": "no"}', id="status"),
        pytest.param(302, {"location": "https://elsewhere.example"}, b"", id="redirect"),
    ],
)
async def test_every_error_with_a_response_has_it(status: int, headers: dict[str, str], body: bytes) -> None:
    """It does not matter what is wrong with the response."""
    assert "r-1" == (await failure({"x-request-id": "r-1", **headers}, status, body)).request_id


async def test_it_survives_copies() -> None:
    """A pickled error, and a copy, have the id."""
    error = await failure({"x-request-id": "r-1"})
    for same in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (same, "r-1", str(error)) == (error, same.request_id, str(same))


async def test_the_error_of_an_outcome_has_it() -> None:
    """A wait that ends because of a response has that response's id, also if all projects get the same."""
    answer = Answer(403, {"content-type": JSON, "cf-ray": "edge-1"}, b'{"message": "Forbidden"}')
    page = Answer(418, {"content-type": "text/html", "cf-ray": "edge-2"}, b"<html>")
    for fault in (answer, page):
        world = World()
        ids = [world.add_project() for _ in range(3)]
        async with Simulator(world, faults=lambda *_, fault=fault: fault).client() as client:
            found = await client.projects.wait_all(ids, max_wait=600)
        for outcome in found:
            assert outcome.status in {RenderStatus.REFUSED, RenderStatus.ERROR}
            assert isinstance(outcome.error, errors.APIError)
            assert str(outcome.error).endswith(f"(request {fault.headers['cf-ray']})")
