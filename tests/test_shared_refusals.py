"""A 429 is an answer, whatever becomes of telling others about it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from pictory_async import Priority, RateLimiter, RetryPolicy
from pictory_async.errors import RateLimitedError
from pictory_async.testing import Answer, Render, SimRequest, Simulator, World
from tests._virtual import virtual_time
from tests.lab.budgets._memory import MemoryBudget

pytestmark = pytest.mark.anyio
ONCE = RetryPolicy(attempts=1)


class OwnLimiter:
    """A user's limiter, which knows nothing of shared budgets."""

    async def acquire(self, priority: Priority, *, max_wait: object = None) -> float:
        return anyio.current_time()

    def confirm(self, granted_at: float, /) -> bool:
        return True

    def accepted(self, sent_at: float) -> None:
        pass

    def refused(self, sent_at: float, pause: object = None) -> None:
        pass

    def pause(self, duration: object) -> None:
        pass

    def statistics(self) -> Any:
        return None


@virtual_time
async def test_a_refusal_where_nobody_can_be_told() -> None:
    """The caller gets the 429: of a limiter of its own, and of a budget that is out of reach in that moment."""
    budget = MemoryBudget()

    def refuse(*_: object) -> Answer:
        budget.fails = True
        return Answer(429, {}, b'{"message": "Too many requests"}')

    for limiter in (OwnLimiter(), RateLimiter(shared=budget)):
        budget.fails = False
        async with Simulator(World(), faults=refuse).client(limiter=limiter, retry=ONCE) as client:
            with pytest.raises(RateLimitedError):
                await client.projects.get("p")
    assert budget.fails


def test_a_webhook_in_another_object_is_none() -> None:
    """The simulator calls what the request itself names."""
    world = World()
    body = b'{"more": {"webhook": 5}, "videoName": "x", "scenes": [{"story": "x"}]}'
    assert 200 == world.handle(_post(world, body), 0.0).status
    assert not world.webhooks


def _post(world: World, body: bytes) -> SimRequest:
    headers = {"authorization": world.api_key, "content-type": "application/json"}
    path = "/pictoryapis/v2/video/storyboard/render"
    return SimRequest(method="POST", path=path, query="", headers=headers, body=body)


def test_the_newest_version_of_a_simulated_project() -> None:
    """A render shows it if nobody saved the project after the render was requested."""
    world = World()
    one = world.add_project()
    project = world.find_project(one, 0.0)
    assert project is not None
    assert project.is_newest(Render(10.0, duration=1.0))
    world.edit_project(one, 20.0)
    assert not project.is_newest(Render(10.0, duration=1.0))
