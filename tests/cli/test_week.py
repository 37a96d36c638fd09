"""A week of nightly syncs, as the page on syncing has it, judged by what really happened in the simulated account.

With 30 projects in the normal run; ``PICTORY_ASYNC_WEEK=500`` makes them 500 (``nox -s slow``).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Simulator, World
from pictory_async.testing._media import MediaContent

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "week" / "week.sh"
PROJECTS = int(os.environ.get("PICTORY_ASYNC_WEEK", "30"))
SIZE = 2000  # bytes of a video
DAY = 86400.0

pytestmark = [
    pytest.mark.timeout(300 + 2 * PROJECTS),
    pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl"),
]


class Week:
    """A simulated account, a directory, and the script."""

    def __init__(self, world: World, server: ServerThread, home: Path) -> None:
        self.world = world
        self.home = home
        self.simulator = server.simulator
        self._shift = 0.0
        self._environment = {
            **os.environ,
            "PATH": f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}",
            "PICTORY_API_BASE_URL": server.base_url,
            "PICTORY_API_KEY": world.api_key,
            "PICTORY_STATE_DIR": str(home / "state"),
            "PICTORY_RATE": "10000/s",
            "CONTROL": f"{server.origin}/_control",
            "SYNC_OPTIONS": "--interval 0.1 --start-grace 1 --kind video",
        }
        self.simulator.keep_time(lambda: time.monotonic() + self._shift)

    def play(self, day: str) -> str:
        """Play one day, and return what the script printed; the next one is 24 hours later."""
        self.world.log.clear()
        found = subprocess.run(
            ["bash", SCRIPT, day],
            cwd=self.home,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        self._shift += DAY
        return found.stdout

    @property
    def paid(self) -> int:
        """How many renders were requested on this day."""
        return sum(entry.method == "POST" and entry.status == 200 for entry in self.world.log)

    @property
    def requests(self) -> int:
        """How many requests of the API there were on this day."""
        return sum(entry.path.startswith("/pictoryapis/") for entry in self.world.log)

    def wrong(self) -> dict[str, str]:
        """The projects whose video on the disk is not their newest, or not of the project as it is, and why."""
        now, found = self.simulator.now(), dict[str, str]()
        with sqlite3.connect(self.home / "state" / "ledger.db") as ledger:
            rows = ledger.execute("SELECT project, path FROM file WHERE kind = 'video'").fetchall()
        paths = dict(rows)
        of_render = {render.job_id: path for path, (_, render) in self.world._files.items() if path.endswith(".mp4")}
        for project in self.world.projects:
            if not project.exists(now):
                continue
            video, path = project.view(now).video, paths.get(str(project.id))
            if video is None or path is None:
                found[str(project.id)] = "there is no video"
            elif Path(path).read_bytes() != b"".join(MediaContent(of_render[video.job_id], 0, SIZE).pieces()):
                found[str(project.id)] = "the file is not the newest video"
            elif not project.is_newest(video):
                found[str(project.id)] = "the video is outdated"
        return found


@pytest.fixture
def week(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Week]:
    world = World(
        media_base="self",
        media_sizes={"mp4": SIZE},
        render_seconds=(0.2, 0.4),
        queue_seconds=(0.0, 0.05),
        render_saves=request.param,
    )
    with ServerThread(Simulator(world), control=True) as server:
        yield Week(world, server, tmp_path)


@pytest.mark.parametrize("week", [False, True], indirect=True, ids=["a render keeps the date", "a render changes it"])
def test_a_week(week: Week) -> None:
    """Each night leaves the newest video of every project, and pays for edits and what was never rendered, once."""
    world, never = week.world, len(range(0, PROJECTS, 3))
    for number in range(PROJECTS):
        world.add_project(name=f"Film {number % 50}", earlier_video=None if number % 3 == 0 else -2 * DAY)
    perhaps = world.add_project(name="Perhaps", earlier_video=-2 * DAY)
    world.edit_project(perhaps, -DAY)
    unknown = {str(perhaps): "the video is outdated"}  # it may be: it is downloaded, and not paid for

    text = week.play("monday")
    assert (never, unknown) == (week.paid, week.wrong()), text
    text = week.play("tuesday")
    assert (
        f"Plan: 0 to render, 0 to download, {PROJECTS + 1} unchanged (1 of them may be outdated).\n"
        "What may be outdated: --dry-run names it, and --render unknown renders it.\nexit code 0"
    ) in text
    assert -(-(PROJECTS + 1) // world.page_size) == week.requests
    text = week.play("wednesday")
    assert (3, unknown) == (week.paid, week.wrong()), text
    files = len([*(week.home / "videos").glob("*.mp4")])
    text = week.play("thursday")
    assert (0, unknown) == (week.paid, week.wrong()), text
    assert "Plan: 0 to render, 1 to download" in text
    assert files == len([*(week.home / "videos").glob("*.mp4")])
    text = week.play("friday")
    assert (1, unknown) == (week.paid, week.wrong()), text
    assert "exit code 77" in text
    text = week.play("saturday")
    assert (2, unknown) == (week.paid, week.wrong()), text
    text = week.play("sunday")
    assert (0, unknown) == (week.paid, week.wrong()), text
    assert "\tsync\t" in text
