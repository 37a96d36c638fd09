"""Answers that mean harm: names, ids, keys, validators and sizes that a server or its data chose."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import anyio
import httpx
import pytest
from hypothesis import given, strategies as st

from pictory_async import AsyncPictory, RetryPolicy, errors
from pictory_async._files.names import ending_of, safe_name
from pictory_async.testing import BASE_URL, Answer, Render, Simulator, World
from tests._raw import answer, field, raw_server
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
KEY = "pictai_0123456789abcdef"
QUICK = RetryPolicy(attempts=2, backoff=0.0)
JSON = {"content-type": "application/json"}

pytestmark = pytest.mark.anyio


class Recorder(httpx.AsyncBaseTransport):
    """Keeps the addresses that were asked for, and knows nothing."""

    def __init__(self) -> None:
        self.urls: list[httpx.URL] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.urls.append(request.url)
        return httpx.Response(404, json={"message": "not found"})


HOSTILE = (
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(
            ["..", ".", "/", "\\", "?", "#", "%", "%2f", "%00", "&", ";", "\r\n", "\x00", "a", " ", "\ud800"]
        ),
        max_size=8,
    ).map("".join)
    | st.integers()
)


@given(HOSTILE)
def test_no_id_leaves_its_place_in_any_call(value: str | int) -> None:
    """Every call that takes an id asks for one path below its collection, or refuses the id and asks for nothing."""
    recorder = Recorder()

    async def ask() -> None:
        async with AsyncPictory(KEY, base_url=BASE_URL, http=recorder, retry=QUICK) as client:
            calls: list[Any] = [client.projects.get, client.projects.render, client.templates.get, client.jobs.get]
            for call in calls:
                try:
                    await call(value)
                except errors.PictoryError:
                    continue

    anyio.run(ask)
    base = re.escape(httpx.URL(BASE_URL).path)
    for url in recorder.urls:
        found = re.fullmatch(rf"{base}/v\d/(?:projects|templates|jobs)/([^/?#]+)(/render)?", url.raw_path.decode())
        assert found is not None
        assert (unquote(found[1]), url.host, url.query) == (str(value), httpx.URL(BASE_URL).host, b"")


@given(st.text(max_size=300), st.text(max_size=40), st.sampled_from(["video", "audio", "srt", "vtt", "txt", "share"]))
def test_no_name_and_no_address_choose_another_kind_of_file(name: str, end: str, kind: str) -> None:
    """A file of a project is in the directory, and is one of a player's or a reader's, whatever the API says."""
    file = safe_name(name, "project p") + ending_of(kind, f"https://cdn.example.com/a{end}")
    assert Path("here", file).parent == Path("here")
    assert Path(file).name == file
    assert len(file.encode()) <= 255
    assert file.isprintable() or "\u200d" in file or not name.isprintable()
    endings = "mp4 mov m4v webm mkv mp3 m4a aac wav ogg opus flac srt vtt txt jpg jpeg png gif webp url"
    assert Path(file).suffix[1:].lower() in endings.split()


@pytest.mark.parametrize("ending", [".bat", ".exe", ".lnk", ".url", ".desktop", ".html", ".js", ".mp4.exe", ".MP4.Com"])
def test_an_address_does_not_choose_what_runs(ending: str) -> None:
    """What a system would run gets the ending of its kind instead."""
    assert ending_of("video", f"https://cdn.example.com/a{ending}") == ".mp4"
    assert ending_of("video", "https://cdn.example.com/a.MOV?b=.exe") == ".MOV"


@virtual_time
@pytest.mark.parametrize(
    "url",
    [
        "https://video.pictory.ai/a\r\nIconFile=\\\\evil.example.com\\a.ico",
        "file:///C:/Windows/System32/calc.exe",
        "javascript:alert(1)",
        "https://user:secret@video.pictory.ai/a",
        "http://video.pictory.ai/a",
    ],
)
async def test_a_share_link_is_only_a_link(tmp_path: Path, url: str) -> None:
    """The little file that opens the share page is not written for anything but a web address."""
    world = World()
    project_id = world.add_project(Render(-100.0, duration=10.0), overrides={"shareVideoURL": url})
    async with Simulator(world).client() as client:
        with pytest.raises(errors.DownloadError, match="so it is not used"):
            await client.projects.download(project_id, tmp_path, kinds=["share"])
    assert [] == list(tmp_path.iterdir())


@virtual_time
@pytest.mark.parametrize("key", ["\ud800", "a\r\nb", "\x00", "x" * 100_000])
async def test_a_list_with_an_impossible_next_page_is_malformed(key: str) -> None:
    """What cannot be a part of an address ends the list with an error of ours."""
    body = json.dumps({"items": [], "nextPageKey": key, "next_page_key": key}).encode()
    simulator = Simulator(faults=lambda _request, _now: Answer(200, JSON, body))
    async with simulator.client() as client:
        with pytest.raises(errors.MalformedResponseError, match="impossible key"):
            async for _ in client.projects.list():
                pass


@virtual_time
@pytest.mark.parametrize(
    "moment",
    [
        "Mon, 01 Jan 2024 00:00:00 +99999999999999999",
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2300",
        "9" * 5000,
        "-1",
    ],
)
async def test_absurd_dates_of_a_server_are_no_dates(moment: str) -> None:
    """Headers that hold the time are read, or not heeded; they never break a call."""
    headers = {**JSON, "date": moment, "retry-after": moment}
    simulator = Simulator(faults=lambda _request, _now: Answer(503, headers, b"{}"))
    async with simulator.client(retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(errors.ServerError):
            await client.projects.get("p")


def project_at(origin: str) -> bytes:
    """A project's answer whose video is at a server."""
    body = json.dumps({"projectName": "Film", "videoURL": f"{origin}/film.mp4", "inProgress": False}).encode()
    return answer(200, body, "content-type: application/json")


@pytest.mark.parametrize("tag", ['"caf\xe9"', 'W/"weak"', '"a\tb"', "\xff\xfe"])
async def test_a_validator_goes_back_as_it_came_or_not_at_all(tmp_path: Path, tag: str) -> None:
    """A strange ETag neither breaks a resumed download nor gets into a header of its next request."""

    def reply(head: bytes) -> bytes:
        if b"film.mp4" not in head.split(b"\r\n")[0]:
            return project_at(server.origin)
        start = int(field(head, "range").removeprefix("bytes=").removesuffix("-"))
        rest = answer(206, b"x" * (1000 - start), f"content-range: bytes {start}-999/1000", f"etag: {tag}")
        return rest if len(server.requests) > 2 else rest[:-400]

    with raw_server(reply) as server:
        async with AsyncPictory(KEY, base_url=server.origin, retry=QUICK) as client:
            report = await client.projects.download("p", tmp_path, kinds=["video"])
    assert report.paths["video"].read_bytes() == b"x" * 1000
    assert {""} == {field(head, "if-range") for head in server.requests}
    assert [KEY, "", ""] == [field(head, "authorization") for head in server.requests][:3]


async def test_a_media_host_cannot_fill_the_disk(tmp_path: Path) -> None:
    """What a media host sends beyond what it announced is not written."""
    sent = 0

    def endless(_: bytes) -> Iterator[bytes]:
        nonlocal sent
        yield b"HTTP/1.1 206 OK\r\ncontent-range: bytes 0-999/1000\r\ntransfer-encoding: chunked\r\n\r\n"
        while sent < 200_000_000:
            yield b"10000\r\n" + bytes(65536) + b"\r\n"
            sent += 65536

    def reply(head: bytes) -> Any:
        return endless(head) if b"film.mp4" in head.split(b"\r\n")[0] else project_at(server.origin)

    with raw_server(reply) as server:
        async with AsyncPictory(KEY, base_url=server.origin, retry=QUICK) as client:
            with pytest.raises(errors.DownloadError, match="of 1000 bytes arrived"):
                await client.projects.download("p", tmp_path, kinds=["video"])
    assert sent < 100_000_000
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1000
