"""Where assets may come from, and where they may go, whatever a project is called and its addresses say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pictory_async import errors
from pictory_async.testing import Answer, Render, Simulator, World
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture
def world() -> World:
    return World(media_base="self", media_sizes={"mp4": 500, "txt": 500})


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "CON", "x" * 300, "🎬", "", "."])
async def test_hostile_names_stay_in_the_directory(
    world: World, simulator: Simulator, tmp_path: Path, name: str
) -> None:
    """Whatever a project is called, its file is in the directory that was named."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name=name)
    async with simulator.client() as client:
        report = await client.projects.download(project_id, tmp_path / "here", kinds=["txt"])
    assert report.paths["txt"].parent == tmp_path / "here"
    assert [tmp_path / "here"] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("file:///etc/passwd", "not a web address"),
        ("http://media.invalid/a.mp4", "not encrypted"),
        ("https://user:secret@media.invalid/a.mp4", "contains credentials"),
        ("https://[::1", "not a web address"),
        ("javascript:alert(1)", "not a web address"),
        ("https:///a.mp4", "not a web address"),
        ("https://m\u00fcdia.invalid/a.mp4", "not a web address"),
        ("/relative", "not a web address"),
    ],
)
async def test_addresses_that_must_not_be_fetched_are_refused(
    world: World, simulator: Simulator, tmp_path: Path, url: str, problem: str
) -> None:
    """Only encrypted web addresses without credentials are fetched."""
    project_id = world.add_project(Render(-100.0, duration=10.0), overrides={"videoURL": url})
    async with simulator.client() as client:
        with pytest.raises(errors.DownloadError, match=problem) as caught:
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert "secret" not in str(caught.value)


async def test_this_machine_is_not_fetched_for_a_remote_api(world: World, simulator: Simulator, tmp_path: Path) -> None:
    """An API elsewhere cannot make us read from servers on this machine."""
    project_id = world.add_project(Render(-100.0, duration=10.0), overrides={"videoURL": "https://127.0.0.1/x.mp4"})
    async with simulator.client(base_url="https://api.invalid/pictoryapis") as client:
        with pytest.raises(errors.DownloadError, match="points to this machine"):
            await client.projects.download(project_id, tmp_path, kinds=["video"])


async def test_a_redirect_is_followed_only_where_it_may_lead(
    world: World, simulator: Simulator, tmp_path: Path
) -> None:
    """A redirect to an unencrypted host is refused, one in a circle ends."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    async with simulator.client() as client:
        for location, problem in [("http://media.invalid/x.mp4", "not encrypted"), ("x.mp4", "redirects too often")]:
            answer = Answer(302, {"location": location})
            simulator.faults = lambda request, _, answer=answer: answer if ".mp4" in request.path else None
            with pytest.raises(errors.DownloadError, match=problem):
                await client.projects.download(project_id, tmp_path, kinds=["video"])
