"""One request's life: its headers, its repetitions, and what becomes of each answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

import anyio
import httpx
import pytest

from pictory_async import AsyncPictory, RateLimiter, RetryPolicy, __version__, errors
from pictory_async._http.health import Health
from pictory_async.testing import BASE_URL, DEFAULT_API_KEY, Answer, Render, Reset, Simulator, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}


def simulator(*faults: Fault | None, always: Fault | None = None) -> Simulator:
    """Make a simulator of one rendered project, with faults for the first requests, or for all."""
    world = World()
    world.add_project(Render(-100.0, duration=10.0), project_id="p")
    waiting = iter(faults)
    return Simulator(world, faults=lambda _request, _now: next(waiting, always))


class Recorder(httpx.AsyncBaseTransport):
    """Keeps the requests that were sent, and answers each with the same project."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json={"projectName": "x"})


async def test_a_request_carries_the_raw_key_and_our_name() -> None:
    """The key is sent as it is, and Cloudflare gets a product name it does not block."""
    recorder = Recorder()
    async with AsyncPictory(DEFAULT_API_KEY, base_url=BASE_URL, http=recorder) as client:
        await client.projects.get(1762768083800)
    (request,) = recorder.requests
    assert str(request.url) == f"{BASE_URL}/v2/projects/1762768083800"
    assert request.headers["authorization"] == DEFAULT_API_KEY
    assert request.headers["user-agent"] == f"pictory-async/{__version__}"
    assert request.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 524])
async def test_a_get_is_repeated_after_a_transient_failure(status: int) -> None:
    """The caller gets the answer of a later attempt."""
    simulated = simulator(Answer(status), Reset())
    async with simulated.client() as client:
        assert (await client.projects.get("p")).is_rendered
        statistics = client.statistics().transport
    assert [status, None, 200] == [entry.status for entry in simulated.log]
    assert (3, 2, 2) == (statistics.requests, statistics.retries, statistics.failures)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 409, 410, 422, 501, 505, 526])
async def test_what_will_not_change_is_not_repeated(status: int) -> None:
    """Other answers are errors at once."""
    simulated = simulator(always=Answer(status, JSON, b'{"message": "No."}'))
    async with simulated.client() as client:
        with pytest.raises(errors.StatusError) as caught:
            await client.projects.get("p")
    assert (status, 1) == (caught.value.status, caught.value.attempts)
    assert len(simulated.log) == 1
    assert "project 'p'" in str(caught.value)


async def test_the_last_failure_is_raised_after_all_attempts() -> None:
    """A failure that stays is raised with the number of attempts."""
    simulated = simulator(always=Answer(502))
    async with simulated.client(retry=RetryPolicy(attempts=3)) as client:
        with pytest.raises(errors.ServerError, match="status 502") as caught:
            await client.projects.get("p")
    assert (3, 3) == (caught.value.attempts, len(simulated.log))


async def test_retry_after_is_waited_out_by_the_whole_client() -> None:
    """After a 429 nobody sends until the server's time is over."""
    simulated = simulator(Answer(429, {"retry-after": "20"}))
    async with simulated.client() as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.projects.get, "p")
        await anyio.sleep(1.0)
        tasks.start_soon(client.projects.get, "p")
    assert [0.0, 20.0] == [pytest.approx(entry.at, abs=0.3) for entry in simulated.log[:2]]
    assert simulated.log[2].at >= 20.0


async def test_retry_after_as_a_date_is_read_by_the_servers_clock() -> None:
    """A wrong local clock does not matter where the server says what time it is."""
    dates = {"retry-after": "Fri, 01 May 2026 12:00:30 GMT", "date": "Fri, 01 May 2026 12:00:00 GMT"}
    simulated = simulator(Answer(503, dates))
    async with simulated.client() as client:
        await client.projects.get("p")
    assert simulated.log[1].at == pytest.approx(30.0, abs=0.3)


@pytest.mark.parametrize(
    "date", ["Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 +9999999999"]
)
async def test_a_date_that_cannot_be_is_no_date(date: str) -> None:
    """A server whose clock says nonsense gets the same patience as one that says nothing."""
    simulated = simulator(Answer(429, {"retry-after": "1", "date": date}))
    async with simulated.client() as client:
        await client.projects.get("p")
    assert 2 == len(simulated.log)


async def test_a_pause_of_a_day_is_an_error_now() -> None:
    """A server that asks for more patience than ``max_pause`` is not obeyed in silence."""
    simulated = simulator(always=Answer(429, {"retry-after": "86400"}))
    async with simulated.client() as client:
        with pytest.raises(errors.RateLimitedError, match="too many requests") as caught:
            await client.projects.get("p")
    assert caught.value.retry_after == 86400.0
    assert len(simulated.log) == 1


async def test_field_problems_are_told() -> None:
    """What the API says about single fields is in the error and in its text."""
    body = b'{"code": "INVALID_REQUEST_BODY", "message": "Bad.", "fields": [{"name": "scenes", "errors": "is empty"}]}'
    async with simulator(always=Answer(400, JSON, body)).client() as client:
        with pytest.raises(errors.InvalidRequestError, match="scenes: is empty") as caught:
            await client.templates.get("t")
    assert caught.value.code == "INVALID_REQUEST_BODY"
    assert caught.value.fields == (errors.FieldProblem("scenes", "is empty"),)


async def test_a_firewall_page_is_told_from_a_refusal() -> None:
    """A 403 with JSON is about the key, one with a page is about the network."""
    page = Answer(403, {"content-type": "text/html"}, b"<html>error 1010</html>")
    async with simulator(page, Answer(403, JSON, b'{"message": "Forbidden"}')).client() as client:
        with pytest.raises(errors.BlockedError, match="firewall"):
            await client.projects.get("p")
        with pytest.raises(errors.PermissionDeniedError, match="Forbidden") as caught:
            await client.projects.get("p")
    assert not isinstance(caught.value, errors.BlockedError)


async def test_a_malformed_answer_names_the_project_and_the_place() -> None:
    """The error says which project, and where in its body."""
    async with simulator(always=Answer(200, JSON, b'{"videoURL": 5}')).client() as client:
        with pytest.raises(errors.MalformedResponseError, match=r"^Project 'p': ") as caught:
            await client.projects.get("p")
    assert caught.value.json_path == "$.videoURL"
    assert caught.value.path == "/v2/projects/p"


async def test_failures_are_logged_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    """A failure is one log event, and no log line of any library holds the key."""
    caplog.set_level(logging.DEBUG)
    async with simulator(Answer(502), Answer(404, JSON, b"{}")).client() as client:
        with pytest.raises(errors.NotFoundError):
            await client.projects.get("p")
    ours = [record for record in caplog.records if record.name == "pictory_async"]
    assert [logging.DEBUG, logging.INFO] == [record.levelno for record in ours]
    assert all(record.getMessage().startswith("pictory.request.failed: ") for record in ours)
    assert DEFAULT_API_KEY not in caplog.text


@pytest.mark.parametrize("value", ["../../v1/jobs", "a?b=c", "a#b", "%2e%2e", "a/b"])
async def test_hostile_ids_stay_ids(value: str) -> None:
    """What looks like a path reaches the server as an id that there is not."""
    simulated = simulator()
    async with simulated.client() as client:
        with pytest.raises(errors.NotFoundError):
            await client.projects.get(value)
    assert unquote(simulated.log[0].path) == f"/pictoryapis/v2/projects/{value}"


async def test_a_shared_limiter_is_one_budget() -> None:
    """Two clients with one limiter send no more than it allows."""
    limiter = RateLimiter(5, 10.0, 5)
    simulated = simulator()
    async with (
        simulated.client(limiter=limiter) as one,
        simulated.client(limiter=limiter) as other,
        anyio.create_task_group() as tasks,
    ):
        for client in (one, other) * 5:
            tasks.start_soon(client.projects.get, "p")
    assert len([entry for entry in simulated.log if entry.at <= 10.0]) == 5


async def test_a_page_of_the_list_proves_nothing_later() -> None:
    """What succeeds after it may have been sent long before."""
    health = Health("host")
    health.succeeded(100.0, of_list=True)
    health.succeeded(50.0)
    assert (100.0, 50.0) == (health.succeeded_at, health.proven_at)


async def test_paths_that_are_refused_are_forgotten() -> None:
    """What is kept about them is bounded; so the oldest counts as new again."""
    health = Health("host")
    health.succeeded(0.0)

    def refuse(number: int) -> bool:
        return health.is_limit(errors.RateLimitedError("No.", path=f"/{number}", status=429), 1.0)

    assert all(refuse(number) for number in range(1001))
    judged = []
    for _ in range(4):
        for _ in range(20):
            health.not_limited("/other")  # many others have a good response meanwhile
        judged.append(refuse(1000))
    assert [True, True, False, False] == judged  # the first times may be chance
    assert refuse(0)
