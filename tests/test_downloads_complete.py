"""Files that arrived completely, but did not get their name: the program ended in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async.testing import Answer, Render, Simulator, World
from tests._files import names_in
from tests._polling import client_of

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import DownloadProgress
    from pictory_async.testing import Fault, SimRequest

pytestmark = pytest.mark.anyio

SIZE = 300_000


class Stopped(Exception):  # noqa: N818 - not an error
    """Ends a download after its last byte."""


def stop_at_the_end(progress: DownloadProgress) -> None:
    if progress.done == progress.total:
        raise Stopped


@pytest.fixture
def world() -> World:
    world = World(media_sizes={"mp4": SIZE})
    world.add_project(Render(-100.0, duration=10.0), project_id="p", name="Film")
    return world


async def leave_complete(simulator: Simulator, folder: Path) -> bytes:
    """Leave a complete part; return what it holds."""
    async with client_of(simulator) as client:
        with pytest.raises(Stopped):
            await client.projects.download("p", folder, kinds="video", on_progress=stop_at_the_end)
    (part,) = folder.glob("*.part")
    assert SIZE == part.stat().st_size
    simulator.world.log.clear()
    return part.read_bytes()


async def test_it_is_not_fetched_again(world: World, tmp_path: Path) -> None:
    """Its last byte shows that the host still has the same version."""
    simulator = Simulator(world)
    content = await leave_complete(simulator, tmp_path)
    async with client_of(simulator) as client:
        report = await client.projects.download("p", tmp_path, kinds="video")
        assert client._media_engine.statistics().received < 10
    assert content == report.paths["video"].read_bytes()
    assert ["Film.mp4"] == names_in(tmp_path)
    assert [206] == [entry.status for entry in world.log if entry.path.endswith(".mp4")]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(416, {"content-range": f"bytes */{SIZE}"}, b""),
        Answer(416, {"content-range": f"bytes */{SIZE}", "etag": '"other"'}, b""),
        Answer(206, {"content-range": f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}", "etag": '"other"'}, b"x"),
        Answer(206, {"content-range": f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}"}, b"x"),
        Answer(206, {"content-range": f"bytes 0-{SIZE - 1}/{SIZE}", "etag": '"other"'}, bytes(SIZE)),
    ],
)
async def test_another_version_of_the_same_length_is_not_taken_for_it(
    world: World, tmp_path: Path, answer: Fault
) -> None:
    """A host that does not heed ``If-Range`` has the whole file sent again, unless it proves the version."""
    simulator = Simulator(world)
    content = await leave_complete(simulator, tmp_path)
    faults = iter([answer])

    def once(request: SimRequest, _now: float) -> Fault | None:
        return next(faults, None) if request.path.endswith(".mp4") else None

    simulator.faults = once
    async with client_of(simulator) as client:
        report = await client.projects.download("p", tmp_path, kinds="video")
    assert content == report.paths["video"].read_bytes()
    asked = [entry.status for entry in world.log if entry.path.endswith(".mp4")]
    assert [answer.status] == asked[:1]  # type: ignore[attr-defined]
    assert len(asked) == 2
