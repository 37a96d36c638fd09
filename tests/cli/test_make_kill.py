"""`pictory make` is killed at random moments, and started again.

A dozen rows and three kills in the normal run; ``PICTORY_ASYNC_MAKE=200`` takes two hundred rows and twenty kills
(``nox -s slow``).
"""

from __future__ import annotations

import csv
import io
import os
import random
import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import World
from tests.cli._command import started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing import SimRequest
    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")

ROWS = max(12, int(os.environ.get("PICTORY_ASYNC_MAKE", "12")))
KILLS = max(3, ROWS // 10)
NAMES = [f"Video {number}" for number in range(ROWS)]

pytestmark = [
    pytest.mark.timeout(300 + 10 * ROWS),
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a POSIX system"),
]


@pytest.fixture
def world() -> World:
    """An account with a template and short renders, whose files can be downloaded."""
    world = World(media_base="self", render_seconds=(0.1, 0.4), queue_seconds=(0.0, 0.1), media_sizes={"mp4": 1000})
    world.add_template("This is {{Name}}.", template_id="template1")
    return world


class Life:
    """The same command, again and again."""

    def __init__(self, server: ServerThread, world: World, directory: Path) -> None:
        self.server, self.world, self.directory = server, world, directory
        self.table = directory / "table.csv"
        self.table.write_text("Name\n" + "".join(f"{name}\n" for name in NAMES))
        self.foreign: list[str] = []

    def run(self, *, kill_at: int | None = None, foreign: bool = False) -> int:
        """Run the command; it is killed when its request of this number arrives, before or after it has an effect."""
        arrived = 0
        options = ("--data", str(self.table), "--name", "{Name}", "--download", str(self.directory / "videos"))
        quick = ("--interval", "0.1", "--start-grace", "1s", "--kind", "video", "--yes", "--retry-unstarted")
        environment = {**os.environ, "PICTORY_RATE": "10000/s"}
        with started("make", "template1", *options, *quick, env=environment) as process:

            def fault(request: SimRequest, now: float) -> None:
                nonlocal arrived
                arrived += 1
                if arrived == kill_at:
                    process.kill()
                    if foreign:
                        project = self.world.add_project()
                        self.world.start_render(project, now)
                        self.foreign.append(str(project))

            self.server.simulator.faults = fault
            out, err = process.communicate()
        assert process.returncode in {0, 5} if kill_at is None else {-signal.SIGKILL, 0, 5}, out + err
        return process.returncode

    @property
    def paid(self) -> Counter[str]:
        """How many videos of each name were requested."""
        return Counter(str(video.name) for video in self.world.videos)

    @property
    def results(self) -> dict[str, dict[str, str]]:
        """The file of results, by name."""
        text = (self.directory / "videos" / "results.csv").read_text(encoding="utf-8-sig")
        return {row["name"]: row for row in csv.DictReader(io.StringIO(text))}


@pytest.mark.parametrize("seed", range(2))
def test_no_row_is_paid_twice(server: ServerThread, world: World, tmp_path: Path, seed: int) -> None:
    """However often it is killed, there is one video for each row in the end, and the results are true."""
    life, chance = Life(server, world, tmp_path), random.Random(seed)
    for _ in range(KILLS):
        life.run(kill_at=chance.randint(1, 3 * ROWS))
        assert not [name for name, times in life.paid.items() if times > 1]
    assert 0 == life.run()
    assert Counter(NAMES) == life.paid
    jobs = {str(video.name): render.job_id for video, render in world.jobs if video in world.videos}
    for name, row in life.results.items():
        assert (jobs[name], "") == (row["id"], row["reason"])
        assert row["status"] in {"rendered", "unchanged"}
        assert (tmp_path / "videos" / f"{name}.mp4").is_file()
    assert ROWS == len(life.results)


def test_beside_foreign_jobs(server: ServerThread, world: World, tmp_path: Path) -> None:
    """What may have been started is never requested again, and each row without a video is uncertain."""
    life, chance = Life(server, world, tmp_path), random.Random(7)
    for _ in range(KILLS):
        life.run(kill_at=chance.randint(1, 2 * ROWS), foreign=True)
    for _ in range(2):
        code = life.run()
        missing = {*NAMES} - {*life.paid}
        assert not [name for name, times in life.paid.items() if times > 1]
        assert missing == {name for name, row in life.results.items() if row["status"] == "uncertain"}
        assert (5 if missing else 0) == code
        jobs = {str(video.name): render.job_id for video, render in world.jobs if video in world.videos}
        assert jobs == {name: row["id"] for name, row in life.results.items() if name not in missing}
