"""What gateways and the API itself may send instead of a project, and when."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pictory_async.testing import Answer, Render, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import RenderStatus
    from pictory_async.testing import Fault, SimRequest

JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html"}
PAGE = b"<html><body><h1>Not here</h1></body></html>"
LIST = "/pictoryapis/v2/projects"

GATEWAY: dict[str, Fault] = {
    "404 page": Answer(404, HTML, PAGE),
    "403 page": Answer(403, HTML, PAGE),
    "401 page": Answer(401, HTML, PAGE),
    "404 empty": Answer(404),
    "redirect": Answer(302, {"location": "https://login.invalid/"}),
    "530": Answer(530, HTML, PAGE),
    "501": Answer(501, HTML, PAGE),
    "200 page": Answer(200, HTML, PAGE),
    "200 empty": Answer(200),
    "200 {}": Answer(200, JSON, b"{}"),
    "200 list": Answer(200, JSON, b"[]"),
    "no token": Answer(403, JSON, b'{"message": "Missing Authentication Token"}'),
    "400 page": Answer(400, HTML, PAGE),
}
API: dict[str, Fault] = {
    "404": Answer(404, JSON, b'{"message": "Not Found"}'),
    "403": Answer(403, JSON, b'{"Message": "Forbidden"}'),
    "401": Answer(401, JSON, b'{"message": "Unauthorized"}'),
    "409": Answer(409, JSON, b'{"message": "Conflict", "code": "BUSY"}'),
}


def between(begin: float, end: float, fault: Fault, path: str = "") -> Callable[[SimRequest, float], Fault | None]:
    """A fault for every request to a path within a time."""
    return lambda request, now: fault if begin <= now < end and path in request.path else None


def renders(world: World, number: int, duration: float = 60.0) -> list[Any]:
    """Projects that render until ``duration``."""
    return [world.add_project(Render(0.0, duration=duration)) for _ in range(number)]


def statuses(outcomes: list[Any]) -> Counter[RenderStatus]:
    """How many outcomes there are of each kind."""
    return Counter(outcome.status for outcome in outcomes)
