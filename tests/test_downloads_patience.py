"""Media hosts that are busy, slow, out of date or mistaken: how long a download is continued, and what it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import DownloadStatus, RetryPolicy, errors
from pictory_async.testing import Answer, Drip, MediaContent, Render, Simulator, Truncate, World
from tests._files import names_in
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async import AsyncPictory
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

SIZE = 300_000
XML = b'<?xml version="1.0"?><Error><Code>ExpiredToken</Code></Error>'


@pytest.fixture
def world() -> World:
    return World(
        media_base="self", media_sizes={"mp4": SIZE, "mp3": SIZE, "srt": 500, "vtt": 500, "txt": 500, "jpg": 500}
    )


@pytest.fixture
def project_id(world: World) -> Any:
    return world.add_project(Render(-100.0, duration=10.0), name="Film")


def on_media(choose: Callable[[SimRequest, int], Fault | None]) -> Callable[[SimRequest, float], Fault | None]:
    """Let faults hit requests for files, by their number from 0."""
    numbers = iter(range(100_000))
    return lambda request, _now: choose(request, next(numbers)) if request.path.startswith("/media") else None


async def truth(client: AsyncPictory, project_id: Any) -> bytes:
    """What the video really is."""
    url = (await client.projects.get(project_id)).assets["video"]
    return b"".join(MediaContent("/" + url.split("/media/")[1].split("?")[0], 0, SIZE).pieces())


def requests_for(world: World, end: str) -> int:
    return sum(entry.path.endswith(end) for entry in world.log)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("headers", [{"retry-after": "4"}, {}, {"retry-after": "0"}])
async def test_a_busy_host_is_waited_for(
    world: World, project_id: Any, tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    """Minutes of 429 or 503 responses end no download, of several files at once either."""
    end = 20.0 if headers.get("retry-after") == "0" else 120.0

    def busy(request: SimRequest, now: float) -> Fault | None:
        return Answer(status, headers) if request.path.startswith("/media") and now < end else None

    simulator = Simulator(world, faults=busy, latency=1.0)
    async with simulator.client() as client:
        report = await client.projects.download(project_id, tmp_path)
    assert [DownloadStatus.WRITTEN] * 5 == [file.status for file in report.files]
    if headers == {"retry-after": "4"}:
        assert requests_for(world, ".mp4") < 35


@pytest.mark.parametrize(
    ("headers", "attempts", "longest"), [({}, 4, 310.0), ({"retry-after": "3600"}, 4, 1.0), ({}, 1, 1.0)]
)
async def test_a_host_that_stays_busy_ends_a_download(
    world: World, project_id: Any, tmp_path: Path, headers: dict[str, str], attempts: int, longest: float
) -> None:
    """After five minutes, if it asks for more than the policy allows, or if the policy has no retries."""
    simulator = Simulator(world, faults=on_media(lambda *_: Answer(429, headers)))
    async with simulator.client(retry=RetryPolicy(attempts=attempts)) as client:
        began = anyio.current_time()
        with pytest.raises(errors.DownloadError, match="status 429"):
            await client.projects.download(project_id, tmp_path, kinds=["video"])
        assert longest / 2 - 0.5 <= anyio.current_time() - began <= longest
    assert [] == names_in(tmp_path)


@pytest.mark.parametrize("status", [408, 500])
async def test_a_host_that_fails_is_tried_as_often_as_the_policy_says(
    world: World, project_id: Any, tmp_path: Path, status: int
) -> None:
    """A server error is retried, but not for minutes."""
    simulator = Simulator(world, faults=on_media(lambda *_: Answer(status)))
    async with simulator.client() as client:
        with pytest.raises(errors.DownloadError, match=f"status {status}"):
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert 4 == requests_for(world, ".mp4")


@pytest.mark.parametrize("expired", [Answer(403), Answer(400, {"content-type": "application/xml"}, XML)])
async def test_an_address_is_renewed_while_there_is_progress(
    world: World, project_id: Any, tmp_path: Path, expired: Fault
) -> None:
    """An address that expires again and again is renewed each time, because more of the file arrives each time."""

    def expire(request: SimRequest, number: int) -> Fault:
        return expired if number % 2 else Truncate(50_000)

    simulator = Simulator(world, faults=on_media(expire))
    async with simulator.client(retry=RetryPolicy(backoff=0.0)) as client:
        expected = await truth(client, project_id)
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert expected == report.paths["video"].read_bytes()
    assert requests_for(world, str(project_id)) > 5


async def test_an_address_is_renewed_once_without_progress(world: World, project_id: Any, tmp_path: Path) -> None:
    """A host that rejects each new address, too, ends the download."""
    simulator = Simulator(world, faults=on_media(lambda *_: Answer(400, {}, XML)))
    async with simulator.client() as client:
        with pytest.raises(errors.DownloadError, match=r"rejects the video of project .* with status 400"):
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert (2, 2) == (requests_for(world, str(project_id)), requests_for(world, ".mp4"))


TAGS = [{}, {"etag": 'W/"weak"'}, {"last-modified": "Mon, 05 Jan 2026 10:00:00 GMT"}]


@pytest.mark.parametrize("headers", TAGS)
async def test_nothing_is_appended_without_a_strong_validator(
    world: World, project_id: Any, tmp_path: Path, headers: dict[str, str]
) -> None:
    """A file that changes between a cut and the retry, at equal length, is downloaded anew."""
    ranges: list[str] = []

    def change(request: SimRequest, number: int) -> Fault:
        ranges.append(request.headers["range"])
        start = int(ranges[-1].removeprefix("bytes=").removesuffix("-"))
        content = bytes([65 + number]) * 1000
        extent = {"content-range": f"bytes {start}-999/1000", "content-type": "video/mp4", "content-length": "1000"}
        return Answer(206, {**headers, **extent}, content[start : 500 if number == 0 else None])

    simulator = Simulator(world, faults=on_media(change))
    async with simulator.client(retry=RetryPolicy(backoff=0.0)) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert b"B" * 1000 == report.paths["video"].read_bytes()
    assert ["bytes=0-"] * 2 == ranges


async def test_another_version_each_time_ends(world: World, project_id: Any, tmp_path: Path) -> None:
    """A host that calls each response another version is given up, not asked without end."""

    def change(request: SimRequest, number: int) -> Fault:
        start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        headers = {
            "etag": f'"{number}"',
            "content-range": f"bytes {start}-999/1000",
            "content-length": str(1000 - start),
        }
        return Answer(206, headers, b"x" * min(1000 - start, 100 + number))

    simulator = Simulator(world, faults=on_media(change))
    async with simulator.client(retry=RetryPolicy(backoff=0.0)) as client:
        with pytest.raises(errors.DownloadError, match="another version each time"):
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert requests_for(world, ".mp4") < 30
    assert [] == names_in(tmp_path)


async def test_a_drip_is_given_up(world: World, project_id: Any, tmp_path: Path) -> None:
    """A host that sends a byte every half second is given up within minutes, and what arrived is kept."""
    simulator = Simulator(world, faults=on_media(lambda *_: Drip(1, 0.5)))
    async with simulator.client() as client:
        began = anyio.current_time()
        with pytest.raises(errors.DownloadError, match="fewer than 1000 bytes per second arrived for 30 s") as caught:
            await client.projects.download(project_id, tmp_path, kinds=["video"])
        assert 110.0 < anyio.current_time() - began < 180.0
    assert 0 < caught.value.done < 300


@pytest.mark.parametrize(("speed", "every"), [(0, 2.0), (20, 2.0), (1000, 0.02)])
async def test_a_slow_host_is_fast_enough(
    world: World, project_id: Any, tmp_path: Path, speed: float, every: float
) -> None:
    """What arrives faster than the lowest speed is downloaded, however long it takes; 0 means any speed."""
    world.media_sizes = {**world.media_sizes, "mp4": 3000 if every > 1 else SIZE}
    simulator = Simulator(world, faults=on_media(lambda *_: Drip(50, every)))
    async with simulator.client() as client:
        report = await client.projects.download(project_id, tmp_path, kinds=["video"], min_speed=speed)
        assert anyio.current_time() > 90.0
    assert world.media_sizes["mp4"] == report.paths["video"].stat().st_size


NOT_MEDIA = [
    Answer(200, {"content-type": "application/json"}, b'{"message": "no"}'),
    Answer(200, {"content-type": "application/problem+json"}, b"{}"),
    Answer(200, {"content-type": "application/xml; charset=utf-8"}, XML),
    Answer(200, {"content-type": "text/html"}, b"<html>"),
    Answer(200, {"content-type": "video/mp4"}, XML),
    Answer(200, {"content-type": "application/octet-stream"}, b'{"message": "no"}'),
    Answer(200, {"content-type": "video/mp4"}, b""),
    Answer(416, {"content-range": "bytes */0"}, b""),
]


@pytest.mark.parametrize("fault", NOT_MEDIA)
@pytest.mark.parametrize("kind", ["video", "audio", "thumbnail"])
async def test_what_is_no_media_file_renews_the_address(
    world: World, project_id: Any, tmp_path: Path, fault: Fault, kind: Any
) -> None:
    """An error or nothing, with status 200, is no video: the address is renewed at once."""
    simulator = Simulator(world, faults=on_media(lambda _, number: None if number else fault))
    async with simulator.client(retry=RetryPolicy(attempts=1)) as client:
        report = await client.projects.download(project_id, tmp_path, kinds=[kind])
    assert report.files[0].size in {SIZE, 500}
    assert 2 == requests_for(world, str(project_id))


@pytest.mark.parametrize("fault", NOT_MEDIA)
async def test_what_is_no_media_file_is_not_written(
    world: World, project_id: Any, tmp_path: Path, fault: Fault
) -> None:
    """If nothing else arrives, that is an error, and there is no file."""
    simulator = Simulator(world, faults=on_media(lambda *_: fault))
    async with simulator.client() as client:
        with pytest.raises(errors.DownloadError, match="the server"):
            await client.projects.download(project_id, tmp_path, kinds=["video"])
    assert [] == names_in(tmp_path)


@pytest.mark.parametrize(
    "fault", [Answer(200, {"content-type": "text/plain"}), Answer(416, {"content-range": "bytes */0"})]
)
async def test_subtitles_may_be_empty(world: World, project_id: Any, tmp_path: Path, fault: Fault) -> None:
    """A video in which nobody speaks has subtitles without a word."""
    simulator = Simulator(world, faults=on_media(lambda *_: fault))
    async with simulator.client() as client:
        report = await client.projects.download(project_id, tmp_path, kinds=["srt"])
    assert (DownloadStatus.WRITTEN, 0) == (report.files[0].status, report.paths["srt"].stat().st_size)
