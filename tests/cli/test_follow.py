"""The progress of a wait without a terminal."""

from __future__ import annotations

import pytest

from pictory_async import RateLimiter
from pictory_async.testing import Render, Simulator, World
from tests._virtual import virtual_time

pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("click", reason="the extra cli is not installed")

from pictory_async.cli._follow import Follower
from pictory_async.cli._tally import Tally

pytestmark = [pytest.mark.anyio, virtual_time]


async def test_progress_in_lines(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal, the progress is a line after five seconds, and one each ten minutes."""
    project_id = world.add_project(Render(0.0, duration=1300.0))
    limiter, tally = RateLimiter(100, 1.0), Tally([project_id])
    follower = Follower(title="", tally=tally, limiter=limiter, on_outcome=lambda _: None)
    async with (
        Simulator(world).client(limiter=limiter) as client,
        client.projects.watch([project_id], interval=2.5) as watch,
    ):
        await follower.follow(client, watch)
    lines = [line.partition("Z ")[2].rpartition(", ")[0] for line in capsys.readouterr().err.splitlines()]
    assert ["5.0 s", "10 min 05 s", "20 min 05 s"] == [line.partition(":")[0] for line in lines]
    assert lines[0].endswith("0 of 1 ended (none yet)")
    assert {"rendered": 1} == tally.counts
    assert 1300.0 <= tally.seconds < 1310.0
