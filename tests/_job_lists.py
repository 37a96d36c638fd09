"""Accounts whose renders are watched while the list of jobs is read, and lists that fail."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio

from pictory_async import RenderHandle
from pictory_async.testing import Answer, Render, Simulator, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import RenderOutcome
    from pictory_async.testing import Fault, SimRequest

LIST = "/pictoryapis/v1/jobs"


def agency(count: int, over: float = 0.0, **options: Any) -> World:
    """An account where so many renders are requested within ``over`` seconds, and take 180 to 600 seconds."""
    world = World(**options)
    for number in range(count):
        world.add_project(Render(over * number / count, duration=180.0 + 420.0 * (number * 0.618 % 1.0)))
    return world


def handles(world: World) -> list[RenderHandle]:
    """The renders of an account, as their requests returned them."""
    return [
        RenderHandle(project_id=project.id, job_id=render.job_id, requested_at=world.date(render.at))
        for project, render in world.jobs
    ]


def on_list(fault: Fault | None, after: int = 0) -> Callable[[SimRequest, float], Fault | None]:
    """Let a fault hit all requests for the list but the first ones."""
    seen = Counter[str]()

    def faults(request: SimRequest, _now: float) -> Fault | None:
        seen[request.path] += 1
        return fault if request.path == LIST and seen[LIST] > after else None

    return faults


def counts(simulator: Simulator) -> Counter[str]:
    """How many requests were sent for the list, for jobs and for projects."""
    return Counter("list" if one.path == LIST else one.path.split("/")[-2] for one in simulator.log)


class Live:
    """Watches renders as they are requested, and notes how late each outcome came."""

    def __init__(self, world: World, faults: Any = None) -> None:
        self.simulator = Simulator(world, latency=0.1, faults=faults)
        self.outcomes: dict[str, RenderOutcome] = {}
        self.delays: list[float] = []

    async def run(self, **options: Any) -> Live:
        world = self.simulator.world
        began = anyio.current_time()
        ends = {render.job_id: render.ends_at for _, render in world.jobs}
        async with self.simulator.client() as client, client.projects.watch(keep_open=True, **options) as watch:

            async def add() -> None:
                self.simulator.start()
                for handle, (_, render) in zip(handles(world), world.jobs, strict=True):
                    await anyio.sleep_until(began + render.at)
                    watch.add(handle)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(add)
                async for outcome in watch:
                    self.delays.append(anyio.current_time() - began - ends[str(outcome.job_id)])
                    assert self.delays[-1] <= outcome.detection_delay
                    self.outcomes[str(outcome.job_id)] = outcome
                    if len(self.outcomes) == len(ends):
                        watch.close()
        return self

    @property
    def requests(self) -> float:
        return len(self.simulator.log) / len(self.outcomes)

    @property
    def delay(self) -> float:
        return statistics.mean(self.delays)


def bytes_of(body: Any) -> bytes:
    """A body that the simulator has made."""
    assert isinstance(body, bytes)
    return body


def cached(world: World, lasts: float) -> Callable[[SimRequest, float], Fault | None]:
    """A list whose pages come from a cache, each kept for so many seconds."""
    pages: dict[str, tuple[float, Answer]] = {}

    def faults(request: SimRequest, now: float) -> Fault | None:
        if request.path != LIST:
            return None
        if request.query not in pages or now - pages[request.query][0] >= lasts:
            page = world.peek(request, now)
            pages[request.query] = now, Answer(200, {"content-type": "application/json"}, bytes_of(page.body))
        return pages[request.query][1]

    return faults
