"""Many renders on many machines: one program requests them, Taskiq's workers wait for them within one budget.

A request is billed, so one program makes them all, and a ledger remembers each. A wait costs nothing and can be
repeated, so it is a task: what has no result in time is put into the queue again, because its worker was killed.

Start some workers, on one machine or several, and then the program::

    taskiq worker renders:broker --workers 4 --max-async-tasks 500
    python renders.py ID...
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from taskiq import Context, TaskiqDepends, TaskiqEvents, TaskiqResultTimeoutError, TaskiqState
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from pictory_async import AsyncPictory, Ledger, RateLimiter, RedisBudget, RenderHandle
from pictory_async.errors import WaitError

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
RATE = int(os.environ.get("REQUESTS_PER_MINUTE", "300"))  # of the key, by all processes together
INTERVAL = float(os.environ.get("POLL_INTERVAL", "10"))  # seconds
LOST_AFTER = float(os.environ.get("LOST_AFTER", "900"))  # seconds without a result, longer than most renders take

# One message at a time, so that they are spread over the workers.
broker = RedisStreamBroker(REDIS, xread_count=1).with_result_backend(
    RedisAsyncResultBackend(REDIS, result_ex_time=86_400)
)


def open_budget() -> RedisBudget:
    """Every process with the same key shares it; Redis gets a hash of the key only."""
    return RedisBudget(REDIS, name=os.environ["PICTORY_API_KEY"])


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def open_client(state: TaskiqState) -> None:
    """Each worker process has one client for all its tasks."""
    state.budget = open_budget()
    state.pictory = AsyncPictory(limiter=RateLimiter(RATE, 60.0, shared=state.budget))


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def close_client(state: TaskiqState) -> None:
    """Leave no connection behind."""
    await state.pictory.aclose()
    await state.budget.aclose()


@broker.task("wait")  # its own name would depend on how this file is started
async def wait(handle: str, context: Context = TaskiqDepends()) -> dict[str, Any]:  # noqa: B008 - Taskiq's way
    """Wait for one render. It may run twice, and costs nothing but requests."""
    pictory: AsyncPictory = context.state.pictory
    render = RenderHandle.from_json(handle)
    try:
        project = await pictory.projects.wait(render, interval=INTERVAL, max_wait=3600)
    except WaitError as error:
        return {"id": render.project_id, "status": "not rendered", "why": str(error)}
    return {"id": render.project_id, "status": "rendered", "video": project.video_url}


async def main(ids: list[str]) -> None:
    """Request the renders, and print what became of each."""
    await broker.startup()
    try:
        async with (
            open_budget() as budget,
            AsyncPictory(limiter=RateLimiter(RATE, 60.0, shared=budget)) as pictory,
            # Killed and started again with the same ids, this pays for nothing twice.
            pictory.projects.render_all(ids, ledger=Ledger("renders.db"), wait=False) as batch,
            asyncio.TaskGroup() as tasks,
        ):
            async for result in batch:
                if result.handle is None:
                    print(result.project_id, result.status, result.error or "")
                else:
                    tasks.create_task(show(result.handle.to_json()))
    finally:
        await broker.shutdown()


async def show(handle: str) -> None:
    """Have one render waited for, and print what became of it."""
    while True:
        task = await wait.kiq(handle)
        try:
            found = await task.wait_result(check_interval=1.0, timeout=LOST_AFTER)
        except TaskiqResultTimeoutError:
            continue  # its worker was killed, or takes long: then two wait, which does no harm
        print(*found.return_value.values(), flush=True)
        return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
