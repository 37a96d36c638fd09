"""Downloads from hosts that contradict themselves, send pages, or cut connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import AsyncPictory, RateLimiter, RetryPolicy, errors
from pictory_async._files.beginnings import is_markup, is_page
from pictory_async.testing import Render, Simulator, World
from tests._files import names_in
from tests._raw import field, raw_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytest.importorskip("uvicorn", reason="the extra simulator is not installed")

from pictory_async.testing.server import ServerThread

pytestmark = pytest.mark.anyio

FILM = bytes(range(256)) * 4


@pytest.fixture
def server(world: World) -> Iterator[ServerThread]:
    with ServerThread(Simulator(world)) as server:
        yield server


async def downloaded(
    server: ServerThread,
    world: World,
    place: Path,
    reply: Callable[[bytes], bytes | Iterator[bytes]],
    kind: str = "video",
    **options: Any,
) -> tuple[bytes, list[bytes]]:
    """Download one file from a server that answers as it likes; return the file, and the heads of the requests."""
    settings: dict[str, Any] = {
        **server.client_options(),
        "limiter": RateLimiter(10_000, 1.0, 1000),
        "retry": RetryPolicy(attempts=3, backoff=0.0),
        **options,
    }
    with raw_server(reply) as media:
        url = {"video": "videoURL", "srt": "srtFile"}[kind]
        project_id = world.add_project(
            Render(-100.0, duration=10.0), name="Film", overrides={url: f"{media.origin}/film"}
        )
        async with AsyncPictory(**settings) as client:
            report = await client.projects.download(project_id, place, kinds=[kind])  # type: ignore[list-item]
        (path,) = report.paths.values()
        return path.read_bytes(), media.requests


def response(status: int, body: bytes, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Raw", *headers, "connection: close", "", ""]).encode("latin-1") + body


WHOLE = response(200, FILM, f"content-length: {len(FILM)}")


@pytest.mark.parametrize(
    "headers",
    [
        [f"content-range: bytes 0-{len(FILM) - 1}/{len(FILM)}", "content-range: bytes 0-511/512"],
        ["content-range: bytes 0-511/512", f"content-range: bytes 0-{len(FILM) - 1}/{len(FILM)}"],
    ],
)
async def test_contradicting_parts_are_unclear(
    server: ServerThread, world: World, tmp_path: Path, headers: list[str]
) -> None:
    """Neither of two ranges is believed: the whole file is asked for."""
    found, requests = await downloaded(
        server,
        world,
        tmp_path,
        lambda head: response(206, FILM[:512], "content-length: 512", *headers) if field(head, "range") else WHOLE,
    )
    assert FILM == found
    assert ["bytes=0-", ""] == [field(head, "range") for head in requests]


async def test_contradicting_addresses_are_unclear(server: ServerThread, world: World, tmp_path: Path) -> None:
    """Neither of two redirects is followed."""
    twice = response(302, b"", "content-length: 0", "location: /one", "location: /two")
    found, requests = await downloaded(server, world, tmp_path, lambda head: twice if field(head, "range") else WHOLE)
    assert FILM == found
    assert [b"/film", b"/film"] == [head.split()[1] for head in requests]


async def test_contradicting_versions_identify_nothing(server: ServerThread, world: World, tmp_path: Path) -> None:
    """With two entity tags, a part is not continued: it could be of either version."""

    def reply(head: bytes) -> bytes:
        first = int(field(head, "range").removeprefix("bytes=").removesuffix("-"))
        stated = f"content-range: bytes {first}-{len(FILM) - 1}/{len(FILM)}"
        tags = ['etag: "a"', 'etag: "b"']
        cut = FILM[:100] if len(heads) == 0 else FILM[first:]
        heads.append(head)
        return response(206, cut, f"content-length: {len(FILM) - first}", stated, *tags)

    heads: list[bytes] = []
    found, _ = await downloaded(server, world, tmp_path, reply)
    assert FILM == found
    assert ["bytes=0-", "bytes=0-"] == [field(head, "range") for head in heads]


async def test_equal_headers_are_no_contradiction(server: ServerThread, world: World, tmp_path: Path) -> None:
    """A header that is sent twice with one value has that value."""
    headers = [f"content-range: bytes 0-{len(FILM) - 1}/{len(FILM)}", 'etag: "a"', "content-type: video/mp4"] * 2
    found, requests = await downloaded(
        server, world, tmp_path, lambda _: response(206, FILM, f"content-length: {len(FILM)}", *headers)
    )
    assert FILM == found
    assert 1 == len(requests)


async def test_one_of_two_types_is_a_page(server: ServerThread, world: World, tmp_path: Path) -> None:
    """A response that is a page by one of its types is not taken for a video."""
    with pytest.raises(errors.DownloadError, match="web page"):
        await downloaded(
            server,
            world,
            tmp_path,
            lambda _: response(
                200, FILM, f"content-length: {len(FILM)}", "content-type: video/mp4", "content-type: text/html"
            ),
        )
    assert [] == names_in(tmp_path)


PAGE = '<!DOCTYPE html>\r\n<html lang="en"><title>Sign in</title>'
PAGES = [
    PAGE.encode("utf-8-sig"),
    b"\xef\xbb\xbf \r\n\t" + PAGE.upper().encode(),
    b"\n" * 500 + PAGE.encode(),
    b"<!-- a firewall -->\n" + PAGE.encode(),
    b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x --> <html xmlns="x">',
    b"\xff\xfe" + PAGE.encode("utf-16-le"),
    b"\xfe\xff" + PAGE.encode("utf-16-be"),
    PAGE.encode("utf-16-le"),
    f" \n{PAGE}".encode("utf-16-be"),
]


@pytest.mark.parametrize("page", PAGES, ids=range(len(PAGES)))
@pytest.mark.parametrize("kind", ["video", "srt"])
async def test_no_page_is_taken_for_a_file(
    server: ServerThread, world: World, tmp_path: Path, page: bytes, kind: str
) -> None:
    """However a page begins and whatever its type says, it is no video and no subtitles."""
    body = response(200, page, f"content-length: {len(page)}", "content-type: application/octet-stream")
    with pytest.raises(errors.DownloadError, match="a text instead"):
        await downloaded(server, world, tmp_path, lambda _: body, kind)
    assert [] == names_in(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x20ftypisom",
        b"\0\0\0<ftypisom",
        b"\0<\0hmdat",
        b"\xff\xfb\x90d\0\0",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"ID3\x04\0<\0\0",
        b"\x1aE\xdf\xa3",
        b"<\0\0\0\0\0\0\0",
        b"",
    ],
)
def test_media_is_no_page(data: bytes) -> None:
    """Nothing that begins like media is taken for a page."""
    assert not is_markup(data)
    assert not is_page(data)


@pytest.mark.parametrize("text", ["<b>Hello</b>", "1\n00:00:00,000 --> 00:00:01,000\n<html", "{ah} hello", "<htmlish>"])
def test_a_text_is_no_page(text: str) -> None:
    """Subtitles and transcripts may contain elements, and begin with most of them."""
    assert not is_page(text.encode())


@pytest.mark.parametrize("text", ['{"error"', '[{"a"', '\ufeff{ \n"a"', "<Error>", "<?xml"])
def test_errors_of_stores_are_no_media(text: str) -> None:
    """XML and JSON are found in any encoding."""
    assert all(is_markup(text.encode(encoding)) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


async def test_what_arrived_before_a_cut_is_kept(
    server: ServerThread, world: World, tmp_path: Path, engine: str
) -> None:
    """With every HTTP library, a download resumes after the last byte that arrived."""
    film = FILM * 1000

    def reply(head: bytes) -> bytes:
        first = int(field(head, "range").removeprefix("bytes=").removesuffix("-"))
        stated = f"content-range: bytes {first}-{len(film) - 1}/{len(film)}"
        last = first + 50_000 if first < 100_000 else None
        return response(206, film[first:last], f"content-length: {len(film) - first}", stated, 'etag: "a"')

    found, requests = await downloaded(server, world, tmp_path, reply, http=engine)
    assert film == found
    assert ["bytes=0-", "bytes=50000-", "bytes=100000-"] == [field(head, "range") for head in requests]


@pytest.mark.parametrize("lengths", [("5", "1024"), ("1024", "5"), ("5, 1024",)])
async def test_contradicting_lengths_are_an_error(
    server: ServerThread, world: World, tmp_path: Path, engine: str, lengths: tuple[str, ...]
) -> None:
    """With every HTTP library, a file of unclear length is not taken for a whole one."""
    body = response(200, FILM, *(f"content-length: {length}" for length in lengths))
    with pytest.raises(errors.DownloadError):
        await downloaded(server, world, tmp_path, lambda _: body, http=engine)
    assert [] == names_in(tmp_path)
