"""What becomes of earlier versions: kept with their dates, removed when there are too many, and never if edited."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from pictory_async import DownloadStatus, errors
from pictory_async._files.ownership import Ownership
from pictory_async._files.publish import Directory
from pictory_async.testing import Render, Simulator, World
from tests._files import MANIFEST, names_in
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import AsyncPictory, DownloadReport
    from pictory_async._files.names import FileKind

pytestmark = [pytest.mark.anyio, virtual_time]

KINDS: tuple[FileKind, ...] = ("video", "srt")


@pytest.fixture
def world() -> World:
    return World(media_base="self", media_sizes={"mp4": 5000, "srt": 500, "vtt": 500})


def film(world: World, name: str = "Film", project_id: str | None = None) -> Any:
    return world.add_project(Render(-1000.0, duration=10.0), name=name, project_id=project_id)


async def renewed(client: AsyncPictory, world: World, project_id: Any, directory: Path, **options: Any) -> str:
    """Render a project once more, download it, and return the date of its new video as names have it."""
    project = world.find_project(project_id, 0.0)
    assert project is not None
    world.start_render(project_id, -900.0 + 100.0 * len(project.renders), duration=1.0, queue=0.0)
    await client.projects.download(project_id, directory, kinds=KINDS, on_conflict="update", **options)
    return await date_of(client, project_id)


async def date_of(client: AsyncPictory, project_id: Any) -> str:
    """The date of a project's video, as names have it."""
    generated = (await client.projects.get(project_id)).generated_at
    assert generated is not None
    return f"{generated:%Y-%m-%dT%H-%M-%S}"


async def updated(client: AsyncPictory, project_id: Any, directory: Path, **options: Any) -> DownloadReport:
    """Download a project with "update"."""
    return await client.projects.download(project_id, directory, kinds=KINDS, on_conflict="update", **options)


async def test_the_same_version_is_kept(world: World, tmp_path: Path) -> None:
    """Nothing is fetched, and no earlier version is made."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await updated(client, project_id, tmp_path, keep_old=3)
        sent = len([entry for entry in world.log if entry.path.startswith("/media")])
        report = await updated(client, project_id, tmp_path, keep_old=3)
    assert [DownloadStatus.SKIPPED] * 2 == [file.status for file in report.files]
    assert sent == len([entry for entry in world.log if entry.path.startswith("/media")])
    assert ["Film.mp4", "Film.srt"] == names_in(tmp_path)


@pytest.mark.parametrize("naming", [None, "{name}/{name}.{ext}"])
@pytest.mark.parametrize("keep_old", [0, 1, 2])
async def test_earlier_versions_are_kept(world: World, tmp_path: Path, keep_old: int, naming: str | None) -> None:
    """At most so many of each kind, by the dates of their own videos; the newest of them stay."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await updated(client, project_id, tmp_path, naming=naming)
        dates = [await date_of(client, project_id)]
        options: Any = {"keep_old": keep_old, "naming": naming}
        dates += [await renewed(client, world, project_id, tmp_path, **options) for _ in range(3)]
    old = [f"Film ({date}).{end}" for date in dates[:-1][3 - keep_old :] for end in ("mp4", "srt")]
    home = tmp_path if naming is None else tmp_path / "Film"
    assert sorted(["Film.mp4", "Film.srt", *old]) == names_in(home)
    videos = [path.read_bytes() for path in home.glob("*.mp4")]
    assert keep_old + 1 == len(videos) == len({*videos})


async def test_earlier_versions_stay_unless_a_call_removes_them(world: World, tmp_path: Path) -> None:
    """A call that says nothing about earlier versions keeps no more of them, and removes none."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await updated(client, project_id, tmp_path)
        first = await date_of(client, project_id)
        await renewed(client, world, project_id, tmp_path, keep_old=1)
        await renewed(client, world, project_id, tmp_path)
        kept = [f"Film ({first}).mp4", f"Film ({first}).srt"]
        assert sorted(["Film.mp4", "Film.srt", *kept]) == names_in(tmp_path)
        await renewed(client, world, project_id, tmp_path, keep_old=0)
    assert ["Film.mp4", "Film.srt"] == names_in(tmp_path)


async def test_an_edited_version_is_left_alone(world: World, tmp_path: Path) -> None:
    """What somebody edited, current or earlier, is a file of theirs: it is not counted, replaced or removed."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await updated(client, project_id, tmp_path)
        first = await date_of(client, project_id)
        second = await renewed(client, world, project_id, tmp_path, keep_old=1)
        (tmp_path / f"Film ({first}).mp4").write_bytes(b"mine")
        await renewed(client, world, project_id, tmp_path, keep_old=1)
        (tmp_path / "Film.mp4").write_bytes(b"mine too")
        third = await date_of(client, project_id)
        await renewed(client, world, project_id, tmp_path, keep_old=1)
    assert b"mine" == (tmp_path / f"Film ({first}).mp4").read_bytes()
    assert b"mine too" == (tmp_path / "Film.mp4").read_bytes()
    expected = [f"Film ({first}).mp4", f"Film ({second}).mp4", "Film (2).mp4", "Film.mp4"]
    assert sorted([*expected, f"Film ({third}).srt", "Film.srt"]) == names_in(tmp_path)


async def test_a_foreign_file_is_never_touched(world: World, tmp_path: Path) -> None:
    """Neither where the new version goes nor where the earlier one would go; another project gets its id."""
    one, other = film(world, project_id="project-one"), film(world, project_id="project-other")
    (tmp_path / "Film.srt").write_bytes(b"mine")
    async with Simulator(world).client() as client:
        await updated(client, one, tmp_path)
        await updated(client, other, tmp_path)
        taken = f"Film ({await date_of(client, one)})"
        (tmp_path / f"{taken}.mp4").write_bytes(b"mine")
        await renewed(client, world, one, tmp_path, keep_old=1)
    assert [b"mine", b"mine"] == [(tmp_path / name).read_bytes() for name in ("Film.srt", f"{taken}.mp4")]
    more = ["Film (2).srt", f"Film (2) ({taken[6:-1]}).srt", f"{taken} (2).mp4", "Film.mp4"]
    others = ["Film (ct-other).mp4", "Film (ct-other).srt"]
    assert sorted(["Film.srt", f"{taken}.mp4", *more, *others]) == names_in(tmp_path)


@pytest.mark.parametrize(
    ("policy", "keep_old", "left"), [("update", 0, 1), ("update", 1, 2), ("update", None, 3), ("rename", None, 3)]
)
async def test_a_name_with_the_date_is_new_for_each_version(
    world: World, tmp_path: Path, policy: Any, keep_old: int | None, left: int
) -> None:
    """The earlier version keeps its own name; "update" removes it if it is one too many."""
    project_id = film(world)
    options: Any = {"kinds": ["video"], "on_conflict": policy, "keep_old": keep_old, "naming": "{date} {name}"}
    names: list[str] = []
    async with Simulator(world).client() as client:
        for day in range(3):
            project = await client.projects.get(project_id)
            assert project.generated_at is not None
            moment = project.generated_at + timedelta(days=day)
            object.__setattr__(project, "generated_at", moment)
            report = await client.projects.download(project, tmp_path, **options)
            again = await client.projects.download(project, tmp_path, **options)
            assert DownloadStatus.SKIPPED is again.files[0].status
            names.append(report.paths["video"].name)
            assert f"{moment:%Y-%m-%d} Film.mp4" == names[-1]
    assert names[-left:] == names_in(tmp_path)


@pytest.mark.parametrize("policy", ["rename", "skip", "overwrite", "update"])
async def test_files_have_the_date_of_the_video(world: World, tmp_path: Path, policy: Any) -> None:
    """Every file of a render, and not the link to the share page."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        kinds: Any = [*KINDS, "share"]
        report = await client.projects.download(project_id, tmp_path, kinds=kinds, on_conflict=policy)
        again = await client.projects.download(project_id, tmp_path, kinds=["video"], on_conflict=policy)
        date = (await client.projects.get(project_id)).generated_at
    assert date is not None
    times = {kind: datetime.fromtimestamp(path.stat().st_mtime, UTC) for kind, path in report.paths.items()}
    assert date == times["video"] == times["srt"] != times["share"]
    assert (DownloadStatus.WRITTEN if policy == "overwrite" else DownloadStatus.SKIPPED) is again.files[0].status


@pytest.mark.parametrize(
    "date", [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
)
async def test_dates_that_a_file_system_may_not_have(world: World, tmp_path: Path, date: datetime) -> None:
    """A time that cannot be set is no error, and the file is known again."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        project = await client.projects.get(project_id)
        object.__setattr__(project, "generated_at", date)
        await updated(client, project, tmp_path)
        report = await updated(client, project, tmp_path)
    assert [DownloadStatus.SKIPPED] * 2 == [file.status for file in report.files]


@pytest.mark.parametrize("options", [{"keep_old": -1}, {"keep_old": True}, {"keep_old": "1"}, {"naming": 5}])
async def test_arguments_that_cannot_work(world: World, tmp_path: Path, options: Any) -> None:
    """They are refused before anything is sent."""
    async with Simulator(world).client() as client:
        with pytest.raises(errors.PictoryConfigError):
            await client.projects.download("p", tmp_path, on_conflict="update", **options)
        with pytest.raises(errors.PictoryConfigError, match="keep_old needs"):
            await client.projects.download("p", tmp_path, keep_old=0)
    assert [] == world.log


async def test_what_is_current_without_a_request(world: World, tmp_path: Path) -> None:
    """The manifest answers which projects have their files of a render, with one read for all of them."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        project = await client.projects.get(project_id)
        await updated(client, project, tmp_path)
    date = project.generated_at
    assert date is not None
    owners = await anyio.to_thread.run_sync(Ownership, Directory(tmp_path))

    async def is_current(one: Any, kinds: tuple[FileKind, ...], moment: datetime) -> bool:
        return await anyio.to_thread.run_sync(owners.is_current, str(one), kinds, moment)

    assert await is_current(project_id, KINDS, date)
    assert not await is_current(project_id, (*KINDS, "vtt"), date)
    assert not await is_current(project_id, KINDS, date + timedelta(seconds=1))
    assert not await is_current("another", KINDS, date)
    (tmp_path / "Film.srt").unlink()
    assert not await is_current(project_id, KINDS, date)


async def test_a_manifest_of_the_first_version_is_read(world: World, tmp_path: Path) -> None:
    """Its files are known, and it becomes one of the present version with the next file."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=["video"])
        manifest = json.loads((tmp_path / MANIFEST).read_bytes())
        (tmp_path / MANIFEST).write_text(json.dumps({**manifest, "version": 1}))
        report = await updated(client, project_id, tmp_path)
    assert [DownloadStatus.SKIPPED, DownloadStatus.WRITTEN] == [file.status for file in report.files]
    assert 2 == json.loads((tmp_path / MANIFEST).read_bytes())["version"]
