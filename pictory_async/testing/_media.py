"""The files of the simulated account. Files of renders can have any size, and are computed while they are sent."""

from __future__ import annotations

import hashlib
import math
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import attrs

from pictory_async.testing._messages import SimResponse
from pictory_async.testing._mp4 import playable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async.testing._messages import SimRequest

MEDIA_PATH = "/media"
MEDIA_SIZES = {
    "mp4": 1_000_000,
    "mp3": 100_000,
    "jpg": 20_000,
    "srt": 2_000,
    "vtt": 2_000,
    "txt": 1_000,
}
_BLOCK = 65536
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TYPES = {
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "jpg": "image/jpeg",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "txt": "text/plain",
    "json": "application/json",
}
_BINARY = ("video/", "audio/", "image/")
_DENIED = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>'


@attrs.frozen
class MediaContent:
    """The bytes of a file between two offsets; always the same for the same path. Videos of 2 KB or more play.

    Args:
        path: The file's path below the media root; its content is derived from it.
        start: Offset of the first byte.
        stop: Offset after the last byte.
    """

    path: str
    start: int
    stop: int

    def __len__(self) -> int:
        """Return the number of bytes."""
        return self.stop - self.start

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes in pieces of at most 64 KB."""
        for block in range(self.start // _BLOCK, -(-self.stop // _BLOCK)):
            content = hashlib.shake_128(f"{self.path}\x1f{block}".encode()).digest(_BLOCK)
            if not block and self.path.endswith(".mp4"):
                video = playable(self.path)
                content = video + content[len(video) :]
            elif not block and _type_of(self.path).startswith(_BINARY):
                content = b"\0\0" + content[2:]  # else one in many begins like a page, which no such file does
            begin = block * _BLOCK
            yield content[max(0, self.start - begin) : self.stop - begin]


def expiry_query(seconds: float | None, now: float) -> str:
    """Return what the URL of a file ends with at ``now``, if URLs are valid for this many seconds."""
    return "" if seconds is None else f"?Expires={math.ceil((now // seconds + 2) * seconds)}"


def expired(request: SimRequest, now: float) -> bool:
    """Return whether the URL of a request is no longer valid."""
    expires = parse_qs(request.query).get("Expires", [None])[0]
    return expires is not None and (not expires.isdecimal() or now >= int(expires))


def denied() -> SimResponse:
    """Return the response of a file store to a URL that is not valid."""
    headers = (("content-type", "application/xml"), ("content-length", str(len(_DENIED))))
    return SimResponse(status=403, headers=headers, body=_DENIED)


def serve_file(request: SimRequest, path: str, content: int | bytes) -> SimResponse:
    """Return a file, or the part of it that the request's ``Range`` and ``If-Range`` select (RFC 9110).

    Args:
        request: The request. For several ranges, the response is the whole file.
        path: The file's path below the media root.
        content: The file's bytes, or its size if they are derived from its path.
    """
    size = content if isinstance(content, int) else len(content)
    etag = f'"{hashlib.sha256(path.encode() if isinstance(content, int) else content).hexdigest()[:32]}"'
    headers: tuple[tuple[str, str], ...] = (
        ("content-type", _type_of(path)),
        ("accept-ranges", "bytes"),
        ("etag", etag),
    )
    start, stop, status = 0, size, 200
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted and wanted[0] != "bytes=-" and request.headers.get("if-range", etag) == etag:
        start, stop = _bounds(wanted[1], wanted[2], size)
        if start >= stop:
            whole = (("content-range", f"bytes */{size}"), ("content-length", "0"))
            return SimResponse(status=416, headers=headers + whole)
        headers += (("content-range", f"bytes {start}-{stop - 1}/{size}"),)
        status = 206
    part = MediaContent(path, start, stop) if isinstance(content, int) else content[start:stop]
    body = b"" if request.method == "HEAD" else part
    return SimResponse(status=status, headers=(*headers, ("content-length", str(stop - start))), body=body)


def _type_of(path: str) -> str:
    return _TYPES.get(path.rpartition(".")[2], "application/octet-stream")


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the offsets of the two numbers of a range."""
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
