"""Cancellations that nobody asked for: a cancelled future that the caller's own parts await."""

from __future__ import annotations

import httpx
import pytest

from pictory_async import errors
from pictory_async.testing import Simulator, World
from tests._polling import cancelled, client_of
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture
def world() -> World:
    """An account whose renders take 60 seconds, and start at once."""
    return World(render_seconds=(60.0, 60.0), queue_seconds=(0.0, 0.0))


class CancelledTransport(httpx.AsyncBaseTransport):
    """A transport whose helper was cancelled."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await cancelled()
        raise AssertionError


@pytest.mark.parametrize("call", ["wait", "wait_all", "get", "render"])
async def test_a_transport_that_awaits_what_was_cancelled_has_failed(
    world: World, call: str, anyio_backend_name: str
) -> None:
    """No call ends as if somebody had cancelled it, and no wait without an outcome."""
    if anyio_backend_name == "trio":
        pytest.skip("only asyncio has cancelled futures")
    async with client_of(Simulator(world), http=CancelledTransport(), unreachable_after=20.0) as client:
        if call == "wait_all":
            (outcome,) = await client.projects.wait_all(["p"])
            assert isinstance(outcome.error, errors.ConnectionFailedError)
        else:
            with pytest.raises(errors.ConnectionFailedError):
                await getattr(client.projects, call)("p")
