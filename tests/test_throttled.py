"""Refusals of a rate that do not have status 429, as the services behind an API send them."""

from __future__ import annotations

from typing import Any

import pytest

from pictory_async import RetryPolicy, errors
from pictory_async.testing import Answer, Simulator, World
from tests._refusals import JSON
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]

XML = {"content-type": "application/xml"}
THROTTLED: list[tuple[dict[str, str], bytes]] = [
    (JSON, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'),
    (JSON, b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'),
    (JSON, b'{"message": "Rate exceeded"}'),
    (JSON, b'{"Message": "Too Many Requests."}'),
    (JSON, b'{"error": {"code": "TooManyRequestsException", "message": "slow down"}}'),
    (JSON, b'{"message": "An error occurred (ThrottlingException) when calling Invoke: Rate exceeded"}'),
    ({**JSON, "x-amzn-errortype": "ThrottlingException:http://internal/"}, b'{"message": null}'),
    (XML, b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"),
    ({"content-type": "text/plain"}, b"Rate exceeded"),
]
REFUSED: list[tuple[dict[str, str], bytes]] = [
    (JSON, b'{"message": "Forbidden"}'),
    (JSON, b'{"message": "The signing key expired", "code": "AccessDeniedException"}'),
    (JSON, b'{"message": "Too many requests in this batch: at most 10 are allowed"}'),
    (JSON, b'{"message": "No such rate", "code": "RateNotFound"}'),
    (JSON, b'{"__type": "ValidationException", "message": "throttling must be a number"}'),
    (XML, b"<Error><Code>AccessDenied</Code></Error>"),
    ({"content-type": "text/html"}, b"<html><title>Rate exceeded</title>"),
    (JSON, b""),
]


def answers(status: int, headers: dict[str, str], body: bytes, *, number: int = 1) -> Any:
    left = [Answer(status, {**headers, "retry-after": "40"}, body)] * number
    return lambda _request, _now: left.pop() if left else None


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize(("headers", "body"), THROTTLED, ids=range(len(THROTTLED)))
async def test_a_throttled_request_is_refused_for_its_rate(
    world: World, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Whatever its status is, it is sent again after the time that the server asks for, and the rate is lowered."""
    project_id = world.add_project()
    simulator = Simulator(world, faults=answers(status, headers, body))
    async with simulator.client() as client:
        assert project_id == (await client.projects.get(project_id)).id
        assert 1 == client.statistics().transport.limited
    first, second = world.log
    assert 40.0 <= second.at - first.at < 45.0
    async with Simulator(world, faults=answers(status, headers, body)).client(retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.RateLimitedError) as caught:
            await client.projects.get(project_id)
    assert (status, 40.0) == (caught.value.status, caught.value.retry_after)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, errors.InvalidRequestError), (403, errors.PermissionDeniedError), (401, errors.AuthenticationError)],
)
@pytest.mark.parametrize(("headers", "body"), REFUSED, ids=range(len(REFUSED)))
async def test_a_refusal_does_not_wait(
    world: World, status: int, kind: type[errors.StatusError], headers: dict[str, str], body: bytes
) -> None:
    """What is refused for other reasons is an error at once, whatever ``Retry-After`` says; nothing is sent again."""
    project_id = world.add_project()
    simulator = Simulator(world, faults=answers(status, headers, body))
    async with simulator.client() as client:
        with pytest.raises(kind):
            await client.projects.get(project_id)
        assert 0 == client.statistics().transport.limited
        assert project_id == (await client.projects.get(project_id)).id
    first, second = world.log
    assert second.at - first.at < 5.0


async def test_a_rejected_key_is_rejected_whatever_it_says(world: World) -> None:
    """A 401 is about the key."""
    simulator = Simulator(world, faults=answers(401, *THROTTLED[0]))
    async with simulator.client() as client:
        with pytest.raises(errors.AuthenticationError):
            await client.projects.get("x")


async def test_a_throttled_poll_ends_no_wait(world: World) -> None:
    """A watch goes on after it."""
    project_id = world.add_project(earlier_video=-60.0)
    simulator = Simulator(world, faults=answers(400, *THROTTLED[0], number=3))
    async with simulator.client() as client:
        assert project_id == (await client.projects.wait(project_id)).id


@pytest.mark.parametrize(("number", "kind"), [(0, errors.RateLimitedError), (7, errors.RenderSubmitUncertainError)])
async def test_a_throttled_render(world: World, number: int, kind: type[Exception]) -> None:
    """A render is not started if the API says so; what a gateway says with another status proves nothing."""
    headers, body = THROTTLED[number]
    project_id = world.add_project()
    answer = Answer(400, headers, body)
    simulator = Simulator(world, faults=lambda request, _: answer if request.method == "POST" else None)
    async with simulator.client() as client:
        with pytest.raises(kind):
            await client.projects.render(project_id)
    assert 1 == sum(request.method == "POST" for request in world.log)
