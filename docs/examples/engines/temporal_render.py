"""Temporal: an activity requests the render once, another waits for it and reports that it is alive."""

from __future__ import annotations

from datetime import timedelta

import anyio
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from pictory_async import AsyncPictory, RenderHandle, errors


class Renders:
    """The activities. All of a worker use one client, and so one budget."""

    def __init__(self, pictory: AsyncPictory) -> None:
        self.pictory = pictory

    @activity.defn
    async def request(self, project_id: str) -> str:
        """Request a render. What may have been requested is a handle too, and is waited for like any other."""
        try:
            handle = await self.pictory.projects.render(project_id)
        except errors.RenderSubmitUncertainError as error:
            handle = error.handle
        return handle.to_json()

    @activity.defn
    async def wait(self, handle: str) -> str:
        """Wait for a render; a heartbeat every ten seconds shows that this worker lives."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.beat)
            [outcome] = await self.pictory.projects.wait_all([RenderHandle.from_json(handle)], max_wait=3600)
            tasks.cancel_scope.cancel()
        return str(outcome.raise_for_status().video_url)

    async def beat(self) -> None:
        """Tell the server that the activity is alive."""
        while True:
            activity.heartbeat()
            await anyio.sleep(10)


@workflow.defn
class RenderProject:
    """Renders a project. The request is not retried, because each render is billed; the wait is."""

    @workflow.run
    async def run(self, project_id: str) -> str:
        """Return the address of the video."""
        once = RetryPolicy(maximum_attempts=1)
        handle: str = await workflow.execute_activity_method(
            Renders.request, project_id, start_to_close_timeout=timedelta(minutes=2), retry_policy=once
        )
        video: str = await workflow.execute_activity_method(
            Renders.wait,
            handle,
            start_to_close_timeout=timedelta(hours=2),
            heartbeat_timeout=timedelta(seconds=60),
        )
        return video
