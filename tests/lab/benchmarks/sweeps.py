"""What the list of jobs and webhooks save: ``python -m tests.lab.benchmarks.sweeps RENDERS PAGE_SIZE [DELIVERED]``.

Renders are requested within ten minutes, take 3 to 10 minutes each, and are watched within the default budget, with
responses that take 0.1 s. Simulated in virtual time, so the numbers are the same on any machine. A request is a GET
after the render was requested, until its outcome; a delay is the time from the end of a render to its outcome.

A PAGE_SIZE of 0 is a list whose entries have no status, so that each job is polled. DELIVERED is the share of the ends
that a webhook delivers within two seconds. The option ``behind`` is by how many seconds the list is behind.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
from typing import Any

import anyio

from pictory_async import RateLimiter, RenderHandle
from pictory_async.testing import JobList, Simulator, SimWebhook, Webhooks, World, virtual_time
from pictory_async.webhooks import WebhookApp

OVER = 600.0
SECRET = "a-secret-of-the-benchmark"


async def simulate(
    count: int, page_size: int, delivered: float | None = None, *, behind: float = 0.0, **options: Any
) -> dict[str, float]:
    """Let so many renders run, and return the mean delay in seconds and the requests for each."""
    random.seed(1)
    shape = JobList(shows="all" if page_size else "no status", behind=behind)
    world = World(page_size=page_size or 50, job_list=shape)
    projects = [world.add_project() for _ in range(count)]
    simulator = Simulator(world, latency=0.1)
    limiter = options.pop("limiter", None)
    delays: list[float] = []
    async with (
        simulator.client(limiter=limiter) as client,
        client.projects.watch(keep_open=True, max_wait=7200, **options) as watch,
        anyio.create_task_group() as tasks,
    ):
        simulator.start()
        if delivered is not None:
            app = WebhookApp(watch.hint, secret=SECRET)
            tasks.start_soon(Webhooks(simulator, app, delivered=delivered).run)

        async def request() -> None:
            for number, project_id in enumerate(projects):
                await anyio.sleep(max(0.0, OVER * number / count - simulator.now()))
                job_id = world.start_render(project_id, simulator.now())
                world.webhooks[job_id] = SimWebhook(f"https://example.org/{SECRET}", {})
                requested_at = world.date(simulator.now())
                watch.add(RenderHandle(project_id=project_id, job_id=job_id, requested_at=requested_at))

        tasks.start_soon(request)
        async for outcome in watch:
            outcome.raise_for_status()
            delays.append(simulator.now() - world.job_ends_at(str(outcome.job_id)))
            if len(delays) == count:
                watch.close()
        tasks.cancel_scope.cancel()
    return {"delay": statistics.mean(delays), "longest": max(delays), "requests": len(world.log) / count}


def main() -> None:
    """Print what one case came to, as JSON."""
    count, page_size, *more = sys.argv[1:]
    options: dict[str, Any] = json.loads(more[1]) if len(more) > 1 else {}
    if options.pop("any_budget", False):
        options["limiter"] = RateLimiter(1_000_000, 1.0, 1000)
    delivered = float(more[0]) if more and more[0] != "none" else None
    with asyncio.Runner(loop_factory=virtual_time) as runner:
        print(json.dumps(runner.run(simulate(int(count), int(page_size), delivered, **options))))


if __name__ == "__main__":
    main()
