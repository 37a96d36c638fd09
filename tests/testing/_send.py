"""Short ways to ask a simulated world, for its tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pictory_async.testing import SimRequest, SimResponse

if TYPE_CHECKING:
    from pictory_async.testing import World


def ask(
    world: World, path: str, now: float = 0.0, *, method: str = "GET", key: str | None = None, query: str = ""
) -> SimResponse:
    """Send a request below the base path, with the right key unless another is given."""
    headers = {"authorization": world.api_key if key is None else key}
    request = SimRequest(method=method, path=f"/pictoryapis{path}", query=query, headers=headers)
    return world.handle(request, now)


def read(world: World, path: str, now: float = 0.0, *, query: str = "") -> Any:
    """Send a request that has to succeed and return the JSON of its answer."""
    response = ask(world, path, now, query=query)
    assert 200 == response.status
    return response.json()
