"""Two `pictory sync` of one directory at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Drip, World
from tests.cli._command import started

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async.testing.server import ServerThread

pytest.importorskip("click", reason="the extra cli is not installed")
pytest.importorskip("rich", reason="the extra cli is not installed")
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def world() -> World:
    return World(
        media_base="self", render_seconds=(0.1, 0.2), queue_seconds=(0.0, 0.0), media_sizes={"mp4": 1000, "srt": 10}
    )


def test_two_syncs_at_once(world: World, tmp_path: Path, server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both end well: what one of them renders or downloads, the other waits for."""
    monkeypatch.setenv("PICTORY_RATE", "10000/s")
    for number in range(3):
        world.add_project(name=f"Film {number}")
    server.simulator.faults = lambda request, _: Drip(100, 0.1) if request.path.endswith(".mp4") else None
    options = ("--interval", "0.05", "--start-grace", "0.3", "--kind", "video", "--yes")
    with started("sync", str(tmp_path), *options) as one, started("sync", str(tmp_path), *options) as other:
        ends = [process.communicate() for process in (one, other)]
    assert (0, 0) == (one.returncode, other.returncode), ends
    assert 3 == sum(entry.method == "POST" for entry in world.log)
    assert 3 == len([*tmp_path.glob("*.mp4")])
