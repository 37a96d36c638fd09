"""HTTP requests and answers as plain data, and what is wrong with them."""

from __future__ import annotations

import zlib
from typing import Final

import attrs

from pictory_async.errors import MalformedResponseError, RequestTimeoutError

__all__ = ["MAX_BODY", "Headers", "Reply", "Wire", "decompress", "header", "malformed", "timed_out"]

MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of one API answer, before and after decompression."""

Headers = list[tuple[bytes, bytes]]


@attrs.define(repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Wire:
    """One request, ready to send.

    Attributes:
        method: HTTP method.
        url: Absolute URL, percent-encoded.
        path: What errors call it: the path without the base URL and the query.
        headers: Raw header pairs.
        content: Body, in bytes.
        timeout: Wall-clock limit for the whole exchange, in seconds; ``None`` for no limit.
    """

    method: str
    url: str
    path: str
    headers: Headers
    content: bytes | None = None
    timeout: float | None = None


@attrs.define(repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Reply:
    """One whole answer.

    Attributes:
        status: HTTP status code.
        headers: Raw header pairs.
        body: Decompressed body, in bytes.
        sent_at: When the request was sent, by `anyio.current_time`.
    """

    status: int
    headers: Headers
    body: bytes
    sent_at: float

    def header(self, name: bytes) -> str | None:
        """The value of a header, given in lower case."""
        return header(self.headers, name)


def header(headers: Headers, name: bytes) -> str | None:
    """The value of a header, given in lower case; ``None`` where it is absent."""
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1").strip()
    return None


def timed_out(wire: Wire, *, sent: bool = True) -> RequestTimeoutError:
    limit = "in time" if wire.timeout is None else f"within {wire.timeout:g} s"
    msg = f"{wire.method} {wire.path} had no whole answer {limit}. Try again, or raise the client's timeout."
    return RequestTimeoutError(msg, method=wire.method, path=wire.path, timeout=wire.timeout, sent=sent)


def malformed(wire: Wire, what: str) -> MalformedResponseError:
    msg = f"The answer to {wire.method} {wire.path} {what}. Try again; if it stays so, report it to Pictory."
    return MalformedResponseError(msg, method=wire.method, path=wire.path)


def decompress(body: bytes, encoding: str, wire: Wire) -> bytes:
    if encoding.lower() == "identity":
        return body
    if encoding.lower() not in {"gzip", "x-gzip"}:
        raise malformed(wire, "is encoded in a way that was not asked for")
    inflate = zlib.decompressobj(wbits=31)
    try:
        plain = inflate.decompress(body, MAX_BODY)
    except zlib.error:
        raise malformed(wire, "has broken gzip compression") from None
    if inflate.unconsumed_tail:
        raise malformed(wire, f"is larger than {MAX_BODY} bytes when decompressed")
    if not inflate.eof:
        raise malformed(wire, "was cut off")
    return plain
