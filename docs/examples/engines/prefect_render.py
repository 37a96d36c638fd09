"""Prefect: a flow that renders many projects, each once, with one client and one budget for the whole flow."""

from __future__ import annotations

from prefect import flow, get_run_logger, task

from pictory_async import AsyncPictory, Ledger


@task(retries=3, retry_delay_seconds=60)
async def render(ids: list[str]) -> dict[str, str]:
    """Render, wait and download; a retry of the task goes on where it was, and pays for nothing twice."""
    found: dict[str, str] = {}
    async with AsyncPictory() as pictory:
        ledger = Ledger("state/ledger.db")
        async with pictory.projects.render_all(ids, ledger=ledger, download_to="videos") as batch:
            async for result in batch:
                found[str(result.project_id)] = result.status.value
                get_run_logger().info("%s: %s", result.project_id, result.status.value)
    return found


@flow
async def videos(ids: list[str]) -> dict[str, str]:
    """One task for all projects, not one for each: they share connections, polls and the budget."""
    return await render(ids)
