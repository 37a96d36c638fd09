"""Renders projects as they arrive, and uploads each video: nothing is held in memory but what is under way.

Each step waits for the next one. A slow upload holds up the downloads, these hold up the renders, and then no more
projects are taken from the source. After a kill, the same program goes on: the ledger knows what was paid for.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Awaitable, Callable  # noqa: TC003 - a program that is read
from pathlib import Path

import anyio

from pictory_async import AsyncPictory, Ledger

log = logging.getLogger(__name__)

UPLOADS = 4  # at the same time
UNDER_WAY = 50  # projects that are rendered, downloaded or waiting for their upload


async def pipeline(
    client: AsyncPictory,
    source: AsyncIterable[str | int],
    upload: Callable[[Path], Awaitable[None]],
    directory: Path,
    ledger: Ledger,
) -> int:
    """Render, download and upload what the source yields, and return how many videos were uploaded."""
    uploaded = 0
    slots = anyio.Semaphore(UPLOADS)

    async def last_step(path: Path) -> None:
        nonlocal uploaded
        try:
            await upload(path)
            uploaded += 1
        finally:
            slots.release()

    batch = client.projects.render_all(
        source, ledger=ledger, download_to=directory, kinds="video", naming="{id}.{ext}", at_once=UNDER_WAY
    )
    async with batch, anyio.create_task_group() as uploads:
        async for result in batch:
            if result.error is not None or result.report is None:
                log.warning("%s is %s: %s", result.project_id, result.status, result.error)
                continue
            await slots.acquire()  # while all uploads are busy, no result is taken, and the batch waits
            uploads.start_soon(last_step, result.report.paths["video"])
    return uploaded


async def main() -> None:
    """Upload the videos of the projects in a file."""

    async def arriving() -> AsyncIterable[str | int]:
        async for line in await anyio.open_file("ids.txt"):  # or a queue, or rows of a database
            yield line.strip()

    async def upload(path: Path) -> None:
        print("uploading", path)  # your storage

    async with AsyncPictory() as client, Ledger("pipeline.db") as ledger:
        print(await pipeline(client, arriving(), upload, Path("videos"), ledger), "uploaded")


if __name__ == "__main__":
    anyio.run(main)
