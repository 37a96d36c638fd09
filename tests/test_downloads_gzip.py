"""Files that a store keeps as gzip, and sends so whatever it was asked for."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from pictory_async import AsyncPictory, RetryPolicy, errors
from tests._files import names_in
from tests._raw import answer, field, raw_server

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

PLAIN = b"".join(b"%d: a line of the subtitles\n" % number for number in range(100_000))
ZIPPED = gzip.compress(PLAIN[:50], mtime=0) + gzip.compress(PLAIN[50:], mtime=0)


def film_of(origin: str) -> bytes:
    """The response to a request for a project with subtitles."""
    body = b'{"projectName": "Film", "srtFile": "%s/film.srt"}' % origin.encode()
    return answer(200, body, "content-type: application/json")


def rest_of(head: bytes, data: bytes, coding: str) -> bytes:
    """The response to a request for a part of a file."""
    start = int(field(head, "range").removeprefix("bytes=").removesuffix("-"))
    extent = f"content-range: bytes {start}-{len(data) - 1}/{len(data)}"
    return answer(206, data[start:], extent, 'etag: "v"', f"content-encoding: {coding}")


@pytest.mark.parametrize("cut", [None, 20_000])
async def test_a_file_that_is_stored_as_gzip_is_written_plain(tmp_path: Path, cut: int | None) -> None:
    """A store that cannot decompress sends gzip although it was not asked for; a cut one begins anew."""
    requests: list[bytes] = []
    cuts = iter([cut])

    def reply(head: bytes) -> bytes:
        if b".srt" not in head.split(b"\r\n")[0]:
            return film_of(server.origin)
        requests.append(head)
        return rest_of(head, ZIPPED, "gzip")[: next(cuts, None)]

    done: list[int] = []
    with raw_server(reply) as server:
        async with AsyncPictory("pictai_x", base_url=server.origin, retry=RetryPolicy(backoff=0.0)) as client:
            report = await client.projects.download(
                "p", tmp_path, kinds=["srt"], on_progress=lambda progress: done.append(progress.done)
            )
    assert PLAIN == report.paths["srt"].read_bytes()
    assert len(PLAIN) == done[-1]
    assert ["bytes=0-"] * (1 if cut is None else 2) == [field(head, "range") for head in requests]
    assert ["Film.srt"] == names_in(tmp_path)


async def test_a_part_of_a_plain_file_is_not_continued_with_gzip(tmp_path: Path) -> None:
    """A file that comes as gzip after a part of it came plain begins anew."""

    def reply(head: bytes) -> bytes:
        if b".srt" not in head.split(b"\r\n")[0]:
            return film_of(server.origin)
        return rest_of(head, PLAIN, "identity")[:5000] if len(server.requests) == 2 else rest_of(head, ZIPPED, "gzip")

    with raw_server(reply) as server:
        async with AsyncPictory("pictai_x", base_url=server.origin, retry=RetryPolicy(backoff=0.0)) as client:
            report = await client.projects.download("p", tmp_path, kinds=["srt"])
    assert PLAIN == report.paths["srt"].read_bytes()


@pytest.mark.parametrize(
    ("coding", "body", "problem"),
    [
        ("gzip", b"no gzip", "compression is broken"),
        ("gzip", ZIPPED[:-5], "bytes arrived"),
        ("br", b"x", "compressed the file"),
        ("gzip, gzip", b"x", "compressed the file"),
    ],
)
async def test_a_compressed_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, coding: str, body: bytes, problem: str
) -> None:
    """Broken compression, a cut stream and other codings end the download, and leave no bytes to continue from."""

    def reply(head: bytes) -> bytes:
        if b".srt" not in head.split(b"\r\n")[0]:
            return film_of(server.origin)
        return answer(200, body, f"content-encoding: {coding}")

    with raw_server(reply) as server:
        retry = RetryPolicy(attempts=2, backoff=0.0)
        async with AsyncPictory("pictai_x", base_url=server.origin, retry=retry) as client:
            with pytest.raises(errors.DownloadError, match=problem):
                await client.projects.download("p", tmp_path, kinds=["srt"])
    assert 0 == sum(path.stat().st_size for path in tmp_path.iterdir())
