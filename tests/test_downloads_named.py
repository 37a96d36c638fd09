"""Downloads with names from a template: in subdirectories, and never through a link."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import DownloadStatus, errors
from pictory_async.testing import Render, Simulator, World
from tests._files import names_in
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async._files.names import FileKind

pytestmark = [pytest.mark.anyio, virtual_time]

KINDS: tuple[FileKind, ...] = ("video", "srt")
TEMPLATE = "{customer}/{name}.{lang}.{ext}"
SUB = "{name}/{name}.{ext}"


@pytest.fixture
def world() -> World:
    return World(media_base="self", media_sizes={"mp4": 5000, "mp3": 600, "srt": 500, "vtt": 500, "jpg": 500})


def film(world: World, name: str = "Film", project_id: str | None = None, **overrides: Any) -> Any:
    return world.add_project(Render(-100.0, duration=10.0), name=name, project_id=project_id, overrides=overrides)


def tree(directory: Path) -> list[str]:
    """All files below a directory, without the manifest."""
    found = (str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith(".pictory"))


async def test_names_from_a_template(world: World, tmp_path: Path) -> None:
    """Projects go into the directories of their customers, subtitles have their language, and all is known again."""
    one, other = film(world, project_id="one"), film(world, project_id="other")
    options: Any = {"kinds": KINDS, "naming": TEMPLATE, "fields": {"one": {"Customer": "ACME/.."}}}
    async with Simulator(world).client() as client:
        for status in (DownloadStatus.WRITTEN, DownloadStatus.SKIPPED):
            reports = [await client.projects.download(project, tmp_path, **options) for project in (one, other)]
            assert [status] * 4 == [file.status for report in reports for file in report.files]
    assert ["ACME_/Film.en.srt", "ACME_/Film.mp4", "_/Film.en.srt", "_/Film.mp4"] == tree(tmp_path)


async def test_projects_that_get_the_same_name(world: World, tmp_path: Path) -> None:
    """The second one gets a part of its id, for all of its files and in all later calls."""
    one, other = film(world, project_id="project-one"), film(world, project_id="project-other")
    options: Any = {"naming": "all/{lang}/video.{ext}", "on_conflict": "overwrite"}
    async with Simulator(world).client() as client:
        await client.projects.download(one, tmp_path, kinds=["video"], **options)
        for _ in range(2):
            for project in (other, one):
                await client.projects.download(project, tmp_path, kinds=KINDS, **options)
    expected = ["all/_/video (ct-other).mp4", "all/_/video.mp4", "all/en/video (ct-other).srt", "all/en/video.srt"]
    assert expected == tree(tmp_path)


async def test_files_of_a_project_that_get_the_same_name(world: World, tmp_path: Path) -> None:
    """The later kind gets its name, whichever is downloaded first."""
    same = {"audioURL": "https://media.invalid/film.mp4"}
    project_id = film(world, **same)
    async with Simulator(world).client() as client:
        project = await client.projects.get(project_id)
        video, audio = project.assets["video"], project.assets["audio"]
        object.__setattr__(project, "audio_url", video)
        for kind in ("audio", "video"):
            await client.projects.download(project, tmp_path, kinds=[kind], naming="{name}.{ext}")
    assert audio != video
    assert ["Film (audio).mp4", "Film.mp4"] == tree(tmp_path)


async def test_another_template_leaves_files_where_they_are(world: World, tmp_path: Path) -> None:
    """A file keeps the name that it got first; what comes later follows the template."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=["video"])
        await client.projects.download(project_id, tmp_path, kinds=KINDS, naming=SUB)
    assert ["Film.mp4", "Film/Film.srt"] == tree(tmp_path)


@pytest.mark.parametrize("naming", ["{nmae}.{ext}", "../{name}", "/{name}"])
async def test_a_template_is_refused_before_anything_is_sent(world: World, tmp_path: Path, naming: str) -> None:
    """It is an error of the caller's, and the directory is not made."""
    async with Simulator(world).client() as client:
        with pytest.raises(errors.PictoryConfigError, match="naming"):
            await client.projects.download(film(world), tmp_path / "new", naming=naming)
    assert ([], False) == (world.log, (tmp_path / "new").exists())


@pytest.mark.parametrize("obstacle", ["link", "file"])
async def test_a_link_is_no_subdirectory(world: World, tmp_path: Path, obstacle: str) -> None:
    """Nothing goes through it, and nothing is downloaded that cannot get its name."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    elsewhere.mkdir()
    if obstacle == "link":
        (home / "Film").symlink_to(elsewhere)
    else:
        (home / "Film").write_bytes(b"mine")
    why = "It is a link, and files go into real directories only" if obstacle == "link" else "Not a directory"
    async with Simulator(world).client() as client:
        with pytest.raises(errors.DownloadError, match=f"Film: {why}") as caught:
            await client.projects.download(film(world), home, kinds=["video"], naming=SUB)
    assert errno.ENOTDIR == caught.value.errno
    assert not any(entry.path.startswith("/media") for entry in world.log)
    assert [] == names_in(elsewhere)
