"""What every request that is billed must do under every fault: be sent once, and be reported as what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async import errors
from pictory_async.testing import Answer, Fault, Refuse, Reset, Simulator, Stall, Truncate, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async import AsyncPictory

JSON = {"content-type": "application/json"}

UNCERTAIN: dict[str, Fault] = {
    "reset": Reset(reaches_world=True),
    "reset before": Reset(),
    "stall": Stall(),
    "cut off": Truncate(3),
    "gateway": Answer(504, JSON, b'{"message": "Endpoint request timed out"}', reaches_world=True),
    "server": Answer(500, JSON, b'{"message": "Internal server error"}'),
    "firewall": Answer(403, {"content-type": "text/html"}, b"<html>"),
    "no id": Answer(200, JSON, b'{"success": true, "data": {}}'),
    "no success": Answer(200, JSON, b'{"success": false, "data": {"jobId": "j"}}'),
    "impossible id": Answer(200, JSON, b'{"data": {"jobId": ".."}}'),
}
REFUSED: dict[str, Fault] = {
    "no connection": Refuse(),
    "throttled": Answer(429, JSON, b'{"message": "Too Many Requests"}'),
    "invalid": Answer(400, JSON, b'{"code": "INVALID_REQUEST_BODY", "message": "no"}'),
    "key": Answer(401, JSON, b'{"message": "Unauthorized"}'),
}


async def check_uncertain(fault: Fault, path: str, start: Callable[[AsyncPictory], Awaitable[object]]) -> None:
    """A lost response is an error of its own, and the request is not sent again."""
    world = World()
    async with Simulator(world, faults=lambda *_: fault).client() as client:
        with pytest.raises(errors.JobSubmitUncertainError) as caught:
            await start(client)
    assert [("POST", path)] == [(one.method, one.path.removeprefix("/pictoryapis")) for one in world.log]
    assert caught.value.requested_at is not None
    assert caught.value.cause
    assert caught.value.cause in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def check_refused(fault: Fault, start: Callable[[AsyncPictory], Awaitable[object]]) -> None:
    """What certainly started nothing is the plain error, and the request is not sent again either."""
    world = World()
    async with Simulator(world, faults=lambda *_: fault).client() as client:
        with pytest.raises(errors.APIError):
            await start(client)
    assert 1 == len(world.log)
