"""What the tests of the poller have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from pictory_async import RateLimiter
from pictory_async.testing import Render

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from pictory_async import WatchEvent
    from pictory_async.testing import Fault, SimRequest, Simulator, World


def client_of(simulator: Simulator, **options: Any) -> Any:
    """Make a client whose budget does not matter."""
    return simulator.client(**{"limiter": RateLimiter(10_000, 1.0, 1000), **options})


class Script:
    """Faults for the first requests, in order; ``None`` lets one pass."""

    def __init__(self, *faults: Fault | None) -> None:
        self._faults: Iterator[Fault | None] = iter(faults)

    def __call__(self, request: SimRequest, now: float) -> Fault | None:
        return next(self._faults, None)


def project(world: World, seconds: float = 60.0) -> Any:
    """A project whose render takes so long."""
    return world.add_project(Render(0.0, duration=seconds))


async def some(events: AsyncIterator[WatchEvent], count: int) -> list[WatchEvent]:
    """The next events."""
    return [await anext(events) for _ in range(count)]


async def cancelled() -> None:
    """Await a future that somebody has cancelled."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future
