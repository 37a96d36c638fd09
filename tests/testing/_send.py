"""Short ways to send requests to a simulated world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictory_async.testing import SimRequest, SimResponse

if TYPE_CHECKING:
    from pictory_async.testing import World


def send(
    world: World, path: str, now: float = 0.0, *, method: str = "GET", key: str | None = None, query: str = ""
) -> SimResponse:
    """Send a request below the base path, with the right key unless another is given."""
    headers = {"authorization": world.api_key if key is None else key}
    request = SimRequest(method=method, path=f"/pictoryapis{path}", query=query, headers=headers)
    return world.handle(request, now)


def get_json(world: World, path: str, now: float = 0.0, *, query: str = "") -> Any:
    """Send a GET request that must succeed, and return the JSON of its response."""
    response = send(world, path, now, query=query)
    assert 200 == response.status
    return response.json()
