"""``on_event`` sees the requests of each HTTP library, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from pictory_async import AsyncPictory
from pictory_async.events import RequestEnded
from pictory_async.testing import DEFAULT_API_KEY, Simulator, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pictory_async.events import Event

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

import pictory_async._files.downloads
import pictory_async._polling.reporter  # noqa: F401 - here, because importing blocks
from pictory_async.testing.server import ServerThread

pytestmark = pytest.mark.anyio


@pytest.fixture
def base_url() -> Iterator[str]:
    """A server whose account has one rendered project."""
    world = World(render_seconds=(0.0, 0.0), media_base="self")
    world.add_project(project_id="p-1", earlier_video=-5.0)
    with ServerThread(Simulator(world)) as running:
        yield running.base_url


async def test_requests_of_each_library(engine: str, base_url: str, tmp_path: Path) -> None:
    """A call and a download are reported with the library's name, their times and their bytes."""
    events: list[Event] = []
    async with AsyncPictory(
        DEFAULT_API_KEY, base_url=base_url, http=cast("Any", engine), on_event=events.append
    ) as client:
        await client.projects.download("p-1", tmp_path, kinds="video")
    found = [event for event in events if isinstance(event, RequestEnded)]
    assert ["call", "download"] == [one.purpose for one in found]
    assert {(engine, "127.0.0.1", None)} == {(one.engine, one.host, one.error) for one in found}
    assert all(one.received > 0 and one.duration > 0.0 and one.queue_wait >= 0.0 for one in found)
    assert {200, 206} >= {one.status for one in found}
