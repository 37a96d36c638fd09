"""The example pipeline: each step waits for the next one, and memory does not grow with the number of projects.

Memory is measured with 300 projects, and with 5,000 in ``nox -s slow`` (``PICTORY_ASYNC_PIPELINE=5000``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RateLimiter
from pictory_async.testing import Render, Simulator, World
from tests.lab.benchmarks.pipeline_memory import load_example, measure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROJECTS = int(os.environ.get("PICTORY_ASYNC_PIPELINE", "300"))

EXAMPLE: Any = load_example()
VIRTUAL = pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)


@pytest.mark.anyio
@VIRTUAL
async def test_each_step_waits_for_the_next(tmp_path: Path) -> None:
    """While uploads hang, no more is taken from the source than the pipeline can have under way."""
    world = World(seed=1, render_seconds=(20.0, 20.0), media_sizes={"mp4": 1000})
    simulator = Simulator(world, latency=0.01)
    taken, uploaded, opened = 0, list[str](), anyio.Event()

    async def arriving() -> AsyncIterator[str | int]:
        nonlocal taken
        for number in range(200):
            taken += 1
            # The fourth one fails, and has no video to upload.
            yield world.add_project(on_render=[Render(0.0, duration=20.0, fails=True)] if number == 3 else ())

    async def upload(path: Path) -> None:
        await opened.wait()
        uploaded.append(path.name)

    async with (
        simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client,
        Ledger(tmp_path / "ledger.db") as ledger,
        anyio.create_task_group() as tasks,
    ):

        async def run() -> None:
            assert 199 == await EXAMPLE.pipeline(client, arriving(), upload, tmp_path / "videos", ledger)

        tasks.start_soon(run)
        await anyio.sleep(1000.0)
        # Under way, uploading, one that waits for an upload, and one that is looked at when a slot is free.
        assert taken <= EXAMPLE.UNDER_WAY + EXAMPLE.UPLOADS + 2
        assert not uploaded
        opened.set()
    assert 199 == len({*uploaded})


def test_it_runs_as_it_is(tmp_path: Path) -> None:
    """As a program, it uploads the videos of the projects in a file."""
    server = pytest.importorskip("pictory_async.testing.server", reason="needs the extra", exc_type=ImportError)
    world = World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0))
    (tmp_path / "ids.txt").write_text("".join(f"{world.add_project()}\n" for _ in range(2)))
    with server.ServerThread(Simulator(world)) as running:
        environment = {**os.environ, "PICTORY_API_BASE_URL": running.base_url, "PICTORY_API_KEY": world.api_key}
        program = [sys.executable, str(EXAMPLE.__file__)]
        found = subprocess.run(
            program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    assert (0, "") == (found.returncode, found.stderr)
    assert found.stdout.endswith("2 uploaded\n")


@pytest.mark.timeout(600 + PROJECTS)
def test_memory_stays_level() -> None:
    """What the library holds after all projects is hardly more than after a tenth of them."""
    found = measure(PROJECTS, [PROJECTS // 10, PROJECTS])
    # The ids that were seen, so that equal ones count once.
    assert found[PROJECTS] < 1.5 * found[PROJECTS // 10] + 300 * PROJECTS, found
