"""Whose file it is: two projects of one name, new renders, files that are in the way, and calls that cannot work."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import DownloadStatus, errors
from pictory_async._files.names import as_sent, ending_of
from pictory_async._files.partfile import PartFile
from pictory_async._files.publish import Directory
from pictory_async.testing import Answer, Render, Simulator, World
from tests._files import MANIFEST, names_in
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async._files.names import FileKind
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

KINDS: tuple[FileKind, ...] = ("video", "srt")


@pytest.fixture
def world() -> World:
    return World(
        media_base="self", media_sizes={"mp4": 5000, "mp3": 600, "srt": 500, "vtt": 500, "txt": 500, "jpg": 500}
    )


def film(world: World, name: str = "Untitled", project_id: str | None = None) -> Any:
    return world.add_project(Render(-100.0, duration=10.0), name=name, project_id=project_id)


def media_requests(world: World) -> int:
    return sum(entry.path.startswith("/media") for entry in world.log)


@pytest.mark.parametrize("policy", ["rename", "skip", "overwrite"])
async def test_two_projects_of_one_name_have_two_names(world: World, tmp_path: Path, policy: Any) -> None:
    """The second one's files get a part of its id, all of them, and stay its own in all later calls."""
    one, other = film(world, project_id="project-one"), film(world, project_id="project-other")
    async with Simulator(world).client() as client:
        await client.projects.download(one, tmp_path, kinds=["video"], on_conflict=policy)
        for _ in range(2):
            second = await client.projects.download(other, tmp_path, kinds=KINDS, on_conflict=policy)
            first = await client.projects.download(one, tmp_path, kinds=KINDS, on_conflict=policy)
            assert ["Untitled.mp4", "Untitled.srt"] == [path.name for path in first.paths.values()]
            assert ["Untitled (ct-other).mp4", "Untitled (ct-other).srt"] == [
                path.name for path in second.paths.values()
            ]
            assert first.paths["video"].read_bytes() != second.paths["video"].read_bytes()
    assert 4 == len(names_in(tmp_path))


async def test_projects_of_one_name_at_once(world: World, tmp_path: Path) -> None:
    """Ten projects of one name that are downloaded at the same time each have their own files."""
    ids = [film(world) for _ in range(10)]
    found: dict[Any, Any] = {}
    async with Simulator(world).client() as client:

        async def download(project_id: Any) -> None:
            found[project_id] = await client.projects.download(project_id, tmp_path, kinds=KINDS)

        async with anyio.create_task_group() as tasks:
            for project_id in ids:
                tasks.start_soon(download, project_id)
    assert 20 == len(names_in(tmp_path)) == len({path for report in found.values() for path in report.paths.values()})
    for report in found.values():
        assert 1 == len({path.stem for path in report.paths.values()})


@pytest.mark.parametrize("policy", ["rename", "skip"])
async def test_the_same_render_is_not_downloaded_again(world: World, tmp_path: Path, policy: Any) -> None:
    """The same call again finds the files, also if the project was renamed meanwhile, and sends nothing for them."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=(*KINDS, "share"), on_conflict=policy)
        world.find_project(project_id, 0.0).name = "Renamed"  # type: ignore[union-attr]
        report = await client.projects.download(project_id, tmp_path, kinds=(*KINDS, "share"), on_conflict=policy)
    assert [DownloadStatus.SKIPPED] * 3 == [file.status for file in report.files]
    assert ["Untitled.mp4", "Untitled.srt", "Untitled.url"] == names_in(tmp_path)
    assert 2 == media_requests(world)


@pytest.mark.parametrize("policy", ["rename", "skip", "overwrite"])
async def test_a_new_render_replaces_the_old_one(world: World, tmp_path: Path, policy: Any) -> None:
    """After a new render, the old files are replaced, whatever is done with files of others."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        old = (await client.projects.download(project_id, tmp_path, kinds=KINDS, on_conflict=policy)).paths["video"]
        content = old.read_bytes()
        world.start_render(project_id, -50.0, duration=1.0, queue=0.0)
        report = await client.projects.download(project_id, tmp_path, kinds=KINDS, on_conflict=policy)
    assert [DownloadStatus.WRITTEN] * 2 == [file.status for file in report.files]
    assert ["Untitled.mp4", "Untitled.srt"] == names_in(tmp_path)
    assert content != old.read_bytes()


async def test_without_a_date_the_address_tells_the_render(world: World, tmp_path: Path) -> None:
    """Of a project without a date, a file is the same if its address is, apart from the signature."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film", overrides={"generatedDate": None})
    world.media_seconds = 5.0
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=KINDS)
        await anyio.sleep(20.0)
        assert {DownloadStatus.SKIPPED} == {
            file.status for file in (await client.projects.download(project_id, tmp_path, kinds=KINDS)).files
        }


@pytest.mark.parametrize(
    "change", ["edited", "deleted", "manifest gone", "manifest damaged", "manifest foreign", "manifest odd"]
)
async def test_files_that_are_not_ours_any_more_are_left_alone(world: World, tmp_path: Path, change: str) -> None:
    """A file that somebody edited is not replaced, and without the manifest no file is known."""
    project_id = film(world)
    damaged = {
        "manifest damaged": "{",
        "manifest foreign": '{"version": 1, "projects": {"x": {"stem": "..", "files": []}}}',
        "manifest odd": '{"version": 1, "projects": {"x": {"stem": 5, "files": []}}}',
    }
    async with Simulator(world).client() as client:
        path = (await client.projects.download(project_id, tmp_path, kinds=["srt"])).paths["srt"]
        if change == "edited":
            path.write_bytes(b"mine")
        elif change == "deleted":
            path.unlink()
        elif change == "manifest gone":
            (tmp_path / MANIFEST).unlink()
        else:
            (tmp_path / MANIFEST).write_text(damaged[change])
        content = path.read_bytes() if path.exists() else None
        again = (await client.projects.download(project_id, tmp_path, kinds=["srt"])).files[0]
    assert (DownloadStatus.WRITTEN, 500) == (again.status, again.size)
    assert ["Untitled.srt"] if change == "deleted" else ["Untitled (2).srt", "Untitled.srt"] == names_in(tmp_path)
    assert content in {None, path.read_bytes()}


async def test_a_manifest_of_a_later_version_is_not_overwritten(world: World, tmp_path: Path) -> None:
    """What a later version of the library wrote is left to it."""
    (tmp_path / MANIFEST).write_text('{"version": 3}')
    async with Simulator(world).client() as client:
        with pytest.raises(errors.DownloadError, match="A later version of pictory-async"):
            await client.projects.download(film(world), tmp_path, kinds=["srt"])
    assert '{"version": 3}' == (tmp_path / MANIFEST).read_text()
    assert 0 == media_requests(world)


async def test_files_of_one_project_have_distinct_names(world: World, tmp_path: Path) -> None:
    """An audio file that ends like the video does not replace it."""
    url = "https://media.invalid/a.mp4?x=1"
    project_id = world.add_project(
        Render(-100.0, duration=10.0), name="Film", overrides={"videoURL": url, "audioURL": url}
    )
    answer = Answer(200, {"content-type": "video/mp4"}, b"film")

    def serve(request: SimRequest, _now: float) -> Fault | None:
        return answer if request.path == "/a.mp4" else None

    async with Simulator(world, faults=serve).client() as client:
        project = await client.projects.get(project_id)
        kinds: Any = [kind for kind in ("video", "audio") if kind in project.assets]
        await client.projects.download(project, tmp_path, kinds=kinds, on_conflict="overwrite")
    assert {"video": "Film.mp4", "audio": "Film.audio.mp4"} == {
        kind: f"Film{ending_of(kind, url)}" for kind in ("video", "audio")
    }
    assert len(kinds) == len(names_in(tmp_path))


@pytest.mark.parametrize("policy", ["skip", "overwrite"])
@pytest.mark.parametrize("obstacle", ["directory", "dangling link"])
async def test_an_obstacle_is_named_before_anything_is_sent(
    world: World, tmp_path: Path, policy: Any, obstacle: str
) -> None:
    """A directory or a link to nothing is not "there", and nothing is downloaded that cannot get its name."""
    if obstacle == "directory":
        (tmp_path / "Untitled.srt").mkdir()
    else:
        (tmp_path / "Untitled.srt").symlink_to(tmp_path / "nothing")
    async with Simulator(world).client() as client:
        if (obstacle, policy) == ("dangling link", "overwrite"):  # the link itself is replaced
            report = await client.projects.download(film(world), tmp_path, kinds=["srt"], on_conflict=policy)
            assert (500, False) == (report.paths["srt"].stat().st_size, (tmp_path / "nothing").exists())
            return
        with pytest.raises(errors.DownloadError, match=r"Untitled\.srt: (Is a directory|No such file)") as caught:
            await client.projects.download(film(world), tmp_path, kinds=["srt"], on_conflict=policy)
    assert (errno.EISDIR if obstacle == "directory" else errno.ENOENT) == caught.value.errno
    assert 0 == media_requests(world)


async def test_a_link_to_a_file_is_there(world: World, tmp_path: Path) -> None:
    """With "skip", a link that leads to a file counts as that file."""
    (tmp_path / "elsewhere").write_bytes(b"x")
    (tmp_path / "Untitled.srt").symlink_to(tmp_path / "elsewhere")
    async with Simulator(world).client() as client:
        report = await client.projects.download(film(world), tmp_path, kinds=["srt"], on_conflict="skip")
    assert DownloadStatus.SKIPPED is report.files[0].status


@pytest.mark.parametrize("directory", ["", "a\0b", None, 5, "a\ud800", b"x"])
@pytest.mark.parametrize("kinds", [["srt"]])
async def test_a_directory_that_cannot_be_is_refused(world: World, directory: Any, kinds: Any) -> None:
    """An argument that is no path is told before anything is sent."""
    async with Simulator(world).client() as client:
        with pytest.raises(errors.PictoryConfigError, match="cannot be the path of a directory"):
            await client.projects.download("p", directory, kinds=kinds)
    assert [] == world.log


@pytest.mark.parametrize(
    "options",
    [{"kinds": None}, {"kinds": [["video"]]}, {"kinds": 5}, {"kinds": "film"}, {"min_speed": -1}, {"min_speed": "1"},
     {"min_speed": float("nan")}, {"min_speed": True}, {"on_conflict": None}],
)  # fmt: skip
async def test_arguments_that_cannot_work_are_refused(world: World, tmp_path: Path, options: Any) -> None:
    """A slip of the pen is told before anything is sent."""
    async with Simulator(world).client() as client:
        with pytest.raises(errors.PictoryConfigError):
            await client.projects.download("p", tmp_path, **options)
    assert [] == world.log


# Root may write to every directory, so this runs as another user. It downloads once before, to load what it needs.
PROGRAM = """
import asyncio, os, sys
from pictory_async import errors
from pictory_async.testing import Render, Simulator, World

async def main():
    world = World(media_base="self")
    project_id = world.add_project(Render(-100.0, duration=10.0))
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, "before", kinds=["srt"])
        sent = len(world.log)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        for name in sys.argv[2:]:
            try:
                await client.projects.download(project_id, name, kinds=["srt"])
            except errors.DownloadError as error:
                print(error)
        print(len(world.log) - sent)
        os.seteuid(user)

os.chdir(sys.argv[1])
asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a POSIX system")
async def test_a_directory_that_cannot_be_written_to_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """A directory without permission to search it, to read it, or to write to it."""
    modes = {"no-search": 0o666, "no-write": 0o555, "no-read": 0o333, "file": 0o644}
    tmp_path.parent.chmod(0o755)
    tmp_path.chmod(0o755)
    for name in modes:
        (tmp_path / name).write_bytes(b"") if name == "file" else (tmp_path / name).mkdir()
    for name, mode in modes.items():
        (tmp_path / name).chmod(mode)
    asked = [*modes, "no-search/new", "no-write/new/deep"]
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), *asked]
    async with await anyio.open_process(command, stderr=None) as process:
        assert process.stdout is not None
        lines = b"".join([piece async for piece in process.stdout]).decode().splitlines()
    assert "0" == lines.pop()
    assert [f"Cannot write files to {name}: " for name in asked] == [line.partition(": ")[0] + ": " for line in lines]


CALLBACK_ERRORS = [
    OSError(errno.EAGAIN, "mine"),
    BlockingIOError("mine"),
    errors.DownloadError("mine"),
    errors.ConnectionFailedError("mine", method="GET", path="/"),
    ValueError("mine"),
    asyncio.CancelledError("mine"),
    SystemExit(5),
]


@pytest.mark.parametrize("error", CALLBACK_ERRORS)
async def test_an_error_of_the_callback_goes_out_unchanged(world: World, tmp_path: Path, error: BaseException) -> None:
    """It is neither reported as something else nor swallowed, and the file is not fetched again."""

    def complain(_progress: object) -> None:
        raise error

    async with Simulator(world).client() as client:
        with pytest.raises(type(error)) as caught:
            await client.projects.download(film(world), tmp_path, kinds=["video"], on_progress=complain)
        assert error is caught.value
        assert 1 == media_requests(world)
        report = await client.projects.download(film(world), tmp_path, kinds=["video"])
    assert DownloadStatus.WRITTEN is report.files[0].status


async def test_a_file_that_is_there_is_returned_while_another_process_downloads_it_again(
    world: World, tmp_path: Path
) -> None:
    """What is complete does not have to wait for what is not."""
    project_id = film(world)
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=["srt"])
        part = PartFile(Directory(tmp_path), "Untitled.srt", f"{project_id}\nsrt")
        await anyio.to_thread.run_sync(part.open)
        report = await client.projects.download(project_id, tmp_path, kinds=["srt"])
        await anyio.to_thread.run_sync(part.discard)
    assert DownloadStatus.SKIPPED is report.files[0].status


async def test_a_refused_address_leaves_nothing(world: World, tmp_path: Path) -> None:
    """No directory is made, and no empty file."""
    url = "http://media.invalid/a.mp4"
    project_id = world.add_project(Render(-100.0, duration=10.0), overrides={"videoURL": url})
    async with Simulator(world).client() as client:
        with pytest.raises(errors.DownloadError, match="not encrypted"):
            await client.projects.download(project_id, tmp_path / "new", kinds=["video"])
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("end", "path", "query"),
    [
        ("My Film.mp4", "/My%20Film.mp4", ""),
        ("Frühling.mp4", "/Fr%C3%BChling.mp4", ""),
        ("a%20b.mp4", "/a%20b.mp4", ""),
        ("a.mp4?x=ü&y=%2B+1", "/a.mp4", "x=%C3%BC&y=%2B+1"),
        ('a"<b>`{c}^.mp4', "/a%22%3Cb%3E%60%7Bc%7D%5E.mp4", ""),
        ("a|[b]'(c).mp4", "/a|[b]'(c).mp4", ""),
    ],
)
async def test_addresses_are_encoded_as_browsers_do(
    world: World, tmp_path: Path, end: str, path: str, query: str
) -> None:
    """Spaces, quotes and letters that are not ASCII are percent-encoded; what is encoded stays."""
    assert f"https://media.invalid{path}{'?' if query else ''}{query}" == as_sent(f"https://media.invalid/{end}")
    world = World()
    project_id = world.add_project(
        Render(-100.0, duration=10.0), name="Film", overrides={"videoURL": f"https://media.invalid/{end} "}
    )
    asked: list[SimRequest] = []

    def serve(request: SimRequest, _now: float) -> Fault | None:
        if "pictoryapis" in request.path:
            return None
        asked.append(request)
        return Answer(200, {"content-type": "video/mp4"}, b"film")

    async with Simulator(world, faults=serve).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert ["Film.mp4"] == names_in(tmp_path)
    assert 1 == len(asked)


async def test_the_manifest_names_projects_and_kinds(world: World, tmp_path: Path) -> None:
    """It is JSON that other programs can read."""
    project_id = film(world, project_id="p")
    async with Simulator(world).client() as client:
        await client.projects.download(project_id, tmp_path, kinds=["srt"])
    manifest = json.loads((tmp_path / MANIFEST).read_bytes())
    (entry,) = manifest["projects"]["p"]["files"]
    assert (2, "Untitled", "srt", "Untitled.srt", 500) == (
        manifest["version"], manifest["projects"]["p"]["stem"], entry["kind"], entry["name"], entry["size"]
    )  # fmt: skip
