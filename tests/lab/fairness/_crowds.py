"""Users and watches that share one client's budget, and who waits how long."""

from __future__ import annotations

import math
import random

import anyio
import attrs
import trio
import trio.testing

from pictory_async import AsyncPictory, RateLimiter, RenderStatus
from pictory_async.testing import Render, Simulator, World

RENDERED = 30.0
"""Seconds after which all renders end."""


@attrs.frozen
class Crowd:
    """Who shares a client.

    Attributes:
        projects: How many renders are watched.
        users: How many tasks call ``projects.get`` meanwhile.
        every: How often each does, in seconds; 0 is without a break.
        calls: How many calls they make in all.
    """

    projects: int
    users: int = 0
    every: float = 1.0
    calls: float = math.inf

    @property
    def name(self) -> str:
        """What this is, for a table."""
        watches = f"{self.projects} renders" if self.projects else "no renders"
        often = "as often as they can" if not self.every else f"every {self.every:g} s"
        return f"{watches}, {self.users} users who call {often}" if self.users else f"{watches}, no users"


@attrs.define
class Found:
    """What came of it; times in seconds.

    Attributes:
        rendered: How many renders were seen to end.
        longest: The longest time between a render's end and its outcome.
        called: Calls that ended.
        slowest: The longest call.
        took: Until all had ended.
        pace: The nominal requests per second.
    """

    rendered: int = 0
    longest: float = 0.0
    called: int = 0
    slowest: float = 0.0
    took: float = 0.0
    pace: float = 0.0


async def live(crowd: Crowd) -> Found:
    """Let them share a client with the default budget, until the renders have ended and the calls are made."""
    world = World()
    ids = [world.add_project(Render(0.0, duration=RENDERED)) for _ in range(crowd.projects)]
    other = world.add_project(Render(-100.0, duration=10.0))
    simulator = Simulator(world, latency=0.1)
    simulator.start()
    limiter = RateLimiter()
    found = Found(pace=limiter.statistics().pace)
    async with simulator.client(limiter=limiter) as client, anyio.create_task_group() as tasks:
        for _ in range(crowd.users):
            tasks.start_soon(_use, client, other, crowd, found)
        if ids:
            for outcome in await client.projects.wait_all(ids):
                found.rendered += outcome.status is RenderStatus.RENDERED
                found.longest = max(found.longest, outcome.waited - RENDERED)
        if crowd.calls is math.inf:
            tasks.cancel_scope.cancel()
    found.took = simulator.now()
    return found


async def _use(client: AsyncPictory, project_id: str | int, crowd: Crowd, found: Found) -> None:
    while found.called < crowd.calls - crowd.users + 1:
        began = anyio.current_time()
        await client.projects.get(project_id)
        found.called += 1
        found.slowest = max(found.slowest, anyio.current_time() - began)
        await anyio.sleep(crowd.every)


def run(crowd: Crowd) -> Found:
    """Run one crowd on virtual time."""
    random.seed(1)
    trio._core._run._r.seed(1)
    return trio.run(live, crowd, clock=trio.testing.MockClock(autojump_threshold=0))
