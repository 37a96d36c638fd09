"""Assets on disk: whole or not there, from wherever they were left."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from pictory_async import AsyncPictory, DownloadProgress, DownloadStatus, RateLimiter, RetryPolicy, errors
from pictory_async.testing import (
    BASE_URL,
    Answer,
    BrokenGzip,
    MediaContent,
    Render,
    Reset,
    Simulator,
    Stall,
    Truncate,
    World,
    WrongLength,
)
from tests._files import names_in
from tests._raw import field, raw_server
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from pictory_async.testing import Fault, SimRequest

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread

pytestmark = pytest.mark.anyio

SIZE = 3_000_000
KINDS = ("video", "audio", "srt", "vtt", "txt")


@pytest.fixture
def world() -> World:
    return World(
        media_base="self", media_sizes={"mp4": SIZE, "mp3": 100_000, "srt": 500, "vtt": 500, "txt": 500, "jpg": 500}
    )


@pytest.fixture
def server(world: World) -> Iterator[ServerThread]:
    with ServerThread(Simulator(world)) as server:
        yield server


def client_of(server: ServerThread, **options: Any) -> AsyncPictory:
    """Make a client that tries again soon."""
    settings = {
        **server.client_options(),
        "limiter": RateLimiter(10_000, 1.0, 1000),
        "retry": RetryPolicy(backoff=0.001),
    }
    return AsyncPictory(**{**settings, **options})


def on_media(*faults: Fault | None) -> Callable[[SimRequest, float], Fault | None]:
    """Let faults hit the first requests for videos, in order."""
    waiting = iter(faults)
    return lambda request, _now: next(waiting, None) if request.path.endswith(".mp4") else None


async def truth(client: AsyncPictory, project_id: str | int, kind: str) -> bytes:
    """What the file really is."""
    url = (await client.projects.get(project_id)).assets[kind]
    path = url.split("/media/")[1].split("?")[0]
    return b"".join(MediaContent("/" + path, 0, SIZE).pieces())


async def test_all_assets_are_written(world: World, server: ServerThread, tmp_path: Path) -> None:
    """Each file has the project's name and its own ending, the right bytes, and nothing else is left."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="My Film")
    seen: list[DownloadProgress] = []
    async with client_of(server) as client:
        report = await client.projects.download(project_id, tmp_path / "new", on_progress=seen.append)
    assert [DownloadStatus.WRITTEN] * 5 == [file.status for file in report.files]
    assert ["My Film.mp3", "My Film.mp4", "My Film.srt", "My Film.txt", "My Film.vtt"] == names_in(tmp_path / "new")
    assert report.paths["video"].stat().st_size == SIZE
    assert report.share_url is not None
    videos = [progress for progress in seen if progress.kind == "video"]
    assert (SIZE, SIZE) == (videos[-1].done, videos[-1].total)
    assert all(a.done < b.done for a, b in itertools.pairwise(videos))


async def test_the_key_is_never_sent_to_media_hosts(world: World, server: ServerThread, tmp_path: Path) -> None:
    """Requests for files carry no key."""
    project_id = world.add_project(Render(-100.0, duration=10.0))
    async with client_of(server) as client:
        await client.projects.download(project_id, tmp_path)
    media = [entry for entry in server.simulator.log if entry.path.startswith("/media")]
    assert len(media) == 5
    assert {None} == {entry.authorization_ok for entry in media}


async def test_absent_assets_are_reported(world: World, server: ServerThread, tmp_path: Path) -> None:
    """A project without a video has nothing to download, and that is no error."""
    project_id = world.add_project()
    async with client_of(server) as client:
        project = await client.projects.get(project_id)
        report = await client.projects.download(project, tmp_path, kinds=["video", "share", "video"])
    assert [("video", "absent"), ("share", "absent")] == [(file.kind, file.status) for file in report.files]
    assert report.paths == {}


async def test_thumbnail_and_share_link_are_included(world: World, server: ServerThread, tmp_path: Path) -> None:
    """The picture is downloaded, and the share page becomes a small file that opens it."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    async with client_of(server) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=("thumbnail", "share"))
    assert names_in(tmp_path) == ["Film.jpg", "Film.url"]
    assert str(report.share_url) in (tmp_path / "Film.url").read_text()
    assert report.to_dict()["files"][0]["status"] == "written"


@pytest.mark.parametrize(
    "faults",
    [
        [Truncate(1_500_000)],
        [Truncate(1_500_000), Truncate(700_000, reset=True)],
        [Reset(), Answer(503), Truncate(0)],
        [WrongLength(1000)],
        [WrongLength(-1000)],
        [BrokenGzip()],
        [Answer(200, {}, b"a page")],
        [Answer(200, {"content-type": "text/html; charset=utf-8"}, b"<html>Sign in")],
        [Truncate(1_200_000), Answer(206, {"content-range": "bytes 0-0/1"}, b"x")],
        [Truncate(1_200_000), Answer(206, {"content-range": "nonsense"}, b"x")],
        [Truncate(1_200_000), Answer(416, {"content-range": "bytes */5"}, b"")],
        [Answer(416, {"content-range": "bytes */5"}, b"")],
        [Truncate(1_200_000), Answer(416, {"content-range": "bytes */1200000"}, b"")],
        [Truncate(1_200_000), Answer(416, {"content-range": "bytes */1200000", "etag": '"other"'}, b"")],
        [Truncate(1_200_000), Answer(206, {"content-range": "bytes 1200000-1999999/*"}, bytes(800_000))],
        [Truncate(1_200_000), Answer(206, {}, bytes(800_000))],
        [Truncate(1_200_000), Answer(206, {"content-range": "bytes 1200000-1249999/2000000"}, bytes(50_000))],
        [Answer(206, {"content-range": "bytes 0-1999999/*"}, bytes(2_000_000))],
    ],
)
async def test_a_cut_download_goes_on(world: World, server: ServerThread, tmp_path: Path, faults: list[Fault]) -> None:
    """Whatever cuts, resets, lies or refuses for a while, the file ends up right."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    async with client_of(server) as client:
        expected = await truth(client, project_id, "video")
        server.simulator.faults = on_media(*faults)
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    if faults == [Answer(200, {}, b"a page")]:
        # A server that says 200 and nothing of a range is taken at its word.
        assert report.paths["video"].read_bytes() == b"a page"
        return
    assert report.paths["video"].read_bytes() == expected
    assert ["Film.mp4"] == names_in(tmp_path)


@pytest.mark.parametrize("stated", ["", "bytes 0-49999/2000000", "bytes 0-1999999/*"])
async def test_a_host_that_never_states_its_parts_is_asked_for_the_whole(
    world: World, server: ServerThread, tmp_path: Path, stated: str
) -> None:
    """Some hosts send less than they were asked for, or do not say what they send: without a range they are clear."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")

    def unclear(request: SimRequest, _now: float) -> Fault | None:
        if not request.path.endswith(".mp4") or "range" not in request.headers:
            return None
        return Answer(206, {"content-range": stated} if stated else {}, bytes(50_000))

    async with client_of(server) as client:
        expected = await truth(client, project_id, "video")
        server.simulator.faults = unclear
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert report.paths["video"].read_bytes() == expected


async def test_a_part_of_another_version_is_not_appended(world: World, server: ServerThread, tmp_path: Path) -> None:
    """If a server sends the rest of another version, although it was asked not to, the file is downloaded anew."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    faults: list[Fault] = [Truncate(1_200_000)]

    def replace(request: SimRequest, _now: float) -> Fault | None:
        if not request.path.endswith(".mp4") or len(faults) > 1:
            return None
        begin = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        if begin:
            headers = {"content-range": f"bytes {begin}-{SIZE - 1}/{SIZE}", "etag": '"other"'}
            faults.append(Answer(206, headers, bytes(SIZE - begin)))
        return faults[-1]

    async with client_of(server) as client:
        expected = await truth(client, project_id, "video")
        server.simulator.faults = replace
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert 2 == len(faults)
    assert expected == report.paths["video"].read_bytes()


async def test_a_part_without_an_end_goes_on(world: World, server: ServerThread, tmp_path: Path) -> None:
    """A response without a length may end early in good order: what is missing is fetched."""
    replies = {"bytes=0-": b"0123", "bytes=4-": b"456789"}

    def reply(head: bytes) -> bytes:
        wanted = field(head, "range")
        begin = wanted.removeprefix("bytes=").removesuffix("-")
        lines = ["HTTP/1.1 206 Raw", f"content-range: bytes {begin}-9/10", 'etag: "x"', "connection: close", "", ""]
        return "\r\n".join(lines).encode() + replies[wanted]

    with raw_server(reply) as media:
        url = f"{media.origin}/film.mp4"
        project_id = world.add_project(Render(-100.0, duration=10.0), overrides={"videoURL": url})
        async with client_of(server) as client:
            report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert b"0123456789" == report.paths["video"].read_bytes()
    assert 2 == len(media.requests)


@virtual_time
@pytest.mark.parametrize("after", [None, 1000])
async def test_a_download_that_stalls_ends(world: World, tmp_path: Path, after: int | None) -> None:
    """If nothing arrives for as long as the client's timeout, the error says so, and what arrived is kept."""
    project_id = world.add_project(Render(-100.0, duration=10.0))
    simulator = Simulator(world, faults=on_media(Stall(after)))
    async with simulator.client(timeout=7, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.DownloadError, match="did not complete within 7 s") as caught:
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert (after or 0) == caught.value.done


async def test_a_download_goes_on_after_a_restart(world: World, server: ServerThread, tmp_path: Path) -> None:
    """What an earlier program wrote is not fetched again."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    async with client_of(server, retry=RetryPolicy(attempts=1)) as client:
        expected = await truth(client, project_id, "video")
        server.simulator.faults = on_media(Truncate(2_000_000))
        with pytest.raises(errors.DownloadError, match="stopped at") as caught:
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert 0 < caught.value.done < SIZE == caught.value.total
    assert not (tmp_path / "Film.mp4").exists()
    async with client_of(server) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert report.files[0].resumed_from == caught.value.done
    assert report.paths["video"].read_bytes() == expected


async def test_a_new_render_is_not_appended_to_the_old(world: World, server: ServerThread, tmp_path: Path) -> None:
    """A part of another version of the file is thrown away."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    async with client_of(server, retry=RetryPolicy(attempts=1)) as client:
        server.simulator.faults = on_media(Truncate(2_000_000))
        with pytest.raises(errors.DownloadError):
            await client.projects.download(project_id, tmp_path, kinds=["video"])
        world.start_render(project_id, -50.0, duration=1.0, queue=0.0)
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
        assert report.paths["video"].read_bytes() == await truth(client, project_id, "video")
    assert report.files[0].status is DownloadStatus.WRITTEN


async def test_one_failure_lets_the_others_finish(world: World, server: ServerThread, tmp_path: Path) -> None:
    """The error names the file, and its report tells what became of all."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    server.simulator.faults = lambda request, _now: Answer(403) if request.path.endswith(".mp4") else None
    async with client_of(server) as client:
        with pytest.raises(errors.DownloadError, match=r"rejects the video of project .* status 403") as caught:
            await client.projects.download(project_id, tmp_path)
    assert caught.value.report is not None
    assert ["failed", *["written"] * 4] == [file.status for file in caught.value.report.files]
    # The address was read again from the project, once.
    paths = [entry.path for entry in server.simulator.log]
    assert [2, 2] == [sum(path.endswith(end) for path in paths) for end in (str(project_id), ".mp4")]


async def test_an_expired_address_is_renewed(world: World, server: ServerThread, tmp_path: Path) -> None:
    """An address that is no longer valid is read from the project again, once."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    server.simulator.faults = on_media(Answer(403))
    async with client_of(server) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert report.paths["video"].stat().st_size == SIZE


async def test_a_file_that_is_gone_has_no_new_address(world: World, server: ServerThread, tmp_path: Path) -> None:
    """If the project has no such file any more, the error is that of the old address."""
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    async with client_of(server) as client:
        project = await client.projects.get(project_id)
        without = Answer(200, {"content-type": "application/json"}, b'{"projectName": "Film"}')
        server.simulator.faults = lambda request, _: Answer(404) if request.path.startswith("/media") else without
        with pytest.raises(errors.DownloadError, match=r"rejects the video of project .* with status 404"):
            await client.projects.download(project, tmp_path, kinds=["video"])
    assert 3 == len(server.simulator.log)


async def test_a_download_that_is_given_up_leaves_its_place(world: World, tmp_path: Path) -> None:
    """More downloads may be given up while they ask for a new address than run at a time."""
    project_id = world.add_project(Render(-100.0, duration=10.0))
    simulator = Simulator(world)
    async with simulator.client() as client:
        project = await client.projects.get(project_id)
        for _ in range(6):
            with anyio.CancelScope() as scope:

                def give_up(request: SimRequest, _now: float, scope: anyio.CancelScope = scope) -> Fault:
                    if request.path.startswith("/media"):
                        return Answer(404, {}, b"gone")
                    scope.cancel()
                    return Stall()

                simulator.faults = give_up
                await client.projects.download(project, tmp_path, kinds=["txt"])
            assert scope.cancelled_caught
        simulator.faults = None
        report = await client.projects.download(project, tmp_path, kinds=["txt"])
    assert 500 == report.paths["txt"].stat().st_size


@pytest.mark.parametrize(
    ("on_conflict", "names", "status"),
    [
        ("rename", ["Film (2).srt", "Film.srt"], "written"),
        ("skip", ["Film.srt"], "skipped"),
        ("overwrite", ["Film.srt"], "written"),
    ],
)
async def test_existing_files_are_treated_as_asked(
    world: World, server: ServerThread, tmp_path: Path, on_conflict: Any, names: list[str], status: str
) -> None:
    """Two projects of one name don't overwrite each other unless that is wanted."""
    (tmp_path / "Film.srt").write_text("old")
    project_id = world.add_project(Render(-100.0, duration=10.0), name="Film")
    async with client_of(server) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=["srt"], on_conflict=on_conflict)
    assert names == names_in(tmp_path)
    assert status == report.files[0].status
    assert ((tmp_path / "Film.srt").read_bytes() == b"old") is (on_conflict != "overwrite")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs a POSIX system")
async def test_a_disk_that_refuses_is_a_clear_error(world: World, server: ServerThread, tmp_path: Path) -> None:
    """An unusable directory is named in the error."""
    (tmp_path / "file").write_text("in the way")
    project_id = world.add_project(Render(-100.0, duration=10.0))
    async with client_of(server) as client:
        with pytest.raises(errors.DownloadError, match=r"Cannot write files to .*: Not a directory"):
            await client.projects.download(project_id, tmp_path / "file", kinds=["video"])


@pytest.mark.parametrize("arguments", [{"kinds": ["film"]}, {"on_conflict": "ask"}])
async def test_unknown_kinds_and_policies_are_refused(
    server: ServerThread, tmp_path: Path, arguments: dict[str, Any]
) -> None:
    """A slip of the pen is told before anything is sent."""
    async with client_of(server) as client:
        with pytest.raises(errors.PictoryConfigError):
            await client.projects.download("p", tmp_path, **arguments)
    assert server.simulator.log == []


async def test_kinds_may_come_from_a_generator(world: World, server: ServerThread, tmp_path: Path) -> None:
    """An iterable that can be read once is read once."""
    project_id = world.add_project(Render(-50.0, duration=1.0))
    async with client_of(server) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=(kind for kind in ("video", "srt")))
    assert ["video", "srt"] == [file.kind for file in report.files]
    assert 2 == len(report.paths)


async def test_an_empty_piece_is_not_the_end(world: World, tmp_path: Path) -> None:
    """A response may arrive in pieces of which some are empty; the file ends where the response ends."""
    project_id = world.add_project(Render(-50.0, duration=1.0))

    class InPieces(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in (b"abc", b"", b"def", b""):
                yield piece

    class Media(httpx.AsyncBaseTransport):
        def __init__(self) -> None:
            self.api: httpx.AsyncBaseTransport = Simulator(world).transport()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith(".srt"):
                return httpx.Response(200, stream=InPieces())
            return await self.api.handle_async_request(request)

    async with AsyncPictory(world.api_key, base_url=BASE_URL, http=Media()) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=["srt"])
    assert b"abcdef" == report.paths["srt"].read_bytes()
