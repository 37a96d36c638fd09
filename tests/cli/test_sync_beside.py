"""A `pictory sync` beside another one, and behind a proxy that knows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Drip, World
from tests.cli._command import run, started

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


def test_a_proxy_that_finds_nothing(world: World, tmp_path: Path, server: ServerThread) -> None:
    """A sync for which no project of the list can be fetched is not a night without changes: the exit code is 1."""
    ids = {str(world.add_project()), str(world.add_project(earlier_video=-100.0))}
    server.simulator.faults = lambda request, _: Answer(404) if "/v2/projects/" in request.path else None
    found = run("sync", str(tmp_path), "--yes")
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    assert (1, ids, {"error"}) == (found.exit_code, {row[0] for row in rows}, {row[1] for row in rows})
    assert "not in the API's form" in found.stderr
    assert "Left: 2 of 2 projects." in found.stderr
