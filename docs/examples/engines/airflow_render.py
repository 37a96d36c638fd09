"""Airflow: a task renders a project once, and waits for it in the triggerer, where a wait occupies no worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent

from pictory_async import AsyncPictory, FileBudget, Ledger, RateLimiter, RenderHandle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from airflow.sdk import Context

STATE = "/var/lib/pictory"


def client() -> AsyncPictory:
    """A client for one task. All of a host share one budget; ``RedisBudget`` does so for several hosts."""
    return AsyncPictory(limiter=RateLimiter(300, 60.0, shared=FileBudget(f"{STATE}/budget")))


class RenderTrigger(BaseTrigger):
    """Waits for a render in the triggerer. If that is restarted, the wait begins again, and nothing is lost."""

    def __init__(self, handle: str, max_wait: float) -> None:
        super().__init__()
        self.handle = handle
        self.max_wait = max_wait

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """What Airflow keeps: where this class is, and its arguments."""
        return "airflow_render.RenderTrigger", {"handle": self.handle, "max_wait": self.max_wait}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and report the outcome."""
        async with client() as pictory:
            handle = RenderHandle.from_json(self.handle)
            [outcome] = await pictory.projects.wait_all([handle], max_wait=self.max_wait)
        yield TriggerEvent(outcome.to_dict())


class RenderProject(BaseOperator):
    """Renders a project. A ledger remembers the request, so that a retry of the task pays for no second render."""

    def __init__(self, *, project_id: str, max_wait: float = 3600.0, **options: Any) -> None:
        super().__init__(**options)
        self.project_id = project_id
        self.max_wait = max_wait

    def execute(self, context: Context) -> Any:
        """Request the render, and leave the worker."""
        handle = asyncio.run(self.request())
        if handle is not None:
            trigger = RenderTrigger(handle.to_json(), self.max_wait)
            self.defer(trigger=trigger, method_name=self.finished.__name__)
        return None

    async def request(self) -> RenderHandle | None:
        """Request the render once; ``None`` if the newest version has its video already."""
        async with client() as pictory:
            ledger = Ledger(f"{STATE}/ledger.db")
            async with pictory.projects.render_all([self.project_id], ledger=ledger, wait=False) as batch:
                result = await anext(batch)
        if result.error is not None:
            raise result.error
        return result.handle

    def finished(self, context: Context, event: dict[str, Any]) -> str:
        """Take the outcome: what this returns is the task's result."""
        if event["status"] != "rendered":
            raise RuntimeError(f"{event['status']}: {event['error']}")
        return str(event["video_url"])
