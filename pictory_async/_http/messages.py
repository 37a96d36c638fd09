"""HTTP requests and responses as plain data, and the errors about them."""

from __future__ import annotations

import zlib
from typing import Final

import attrs

from pictory_async.errors import MalformedResponseError, RequestTimeoutError

MAX_BODY: Final = 32 * 1024 * 1024
"""Bytes of one API response, before and after decompression."""

Headers = list[tuple[bytes, bytes]]


@attrs.define(repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Request:
    """One request, ready to send.

    Attributes:
        method: HTTP method.
        url: Absolute URL, percent-encoded.
        path: What errors show: the path without the base URL and the query.
        subject: What errors call the thing that is asked for, such as ``project 'x'``.
        headers: Raw header pairs.
        timeout: Wall-clock limit for the whole exchange, in seconds; ``None`` for no limit.
    """

    method: str
    url: str
    path: str
    subject: str
    headers: Headers
    timeout: float | None = None

    @property
    def secure(self) -> bool:
        """Whether it goes over TLS."""
        return self.url.startswith("https:")

    def timed_out(self, *, sent: bool = True) -> RequestTimeoutError:
        """The error for a request that took too long."""
        limit = "in time" if self.timeout is None else f"within {self.timeout:g} s"
        text = f"{self.method} {self.path} did not complete {limit}. Try again, or raise the client's timeout."
        return RequestTimeoutError(text, method=self.method, path=self.path, timeout=self.timeout, sent=sent)

    def malformed(self, problem: str) -> MalformedResponseError:
        """The error for a response that cannot be used."""
        text = f"The response to {self.method} {self.path} {problem}. Try again; if it persists, report it to Pictory."
        return MalformedResponseError(text, method=self.method, path=self.path)


@attrs.define(repr=False, eq=False)  # not frozen: that would double what it costs to make one
class Response:
    """One complete response.

    Attributes:
        request: What it is the response to.
        status: HTTP status code.
        headers: Raw header pairs.
        body: The decompressed body, in bytes.
        sent_at: When the request was sent, by `anyio.current_time`.
    """

    request: Request
    status: int
    headers: Headers
    body: bytes
    sent_at: float

    def blame(self, error: MalformedResponseError) -> MalformedResponseError:
        """The decoder's error, with the subject, method and path of the request."""
        request = self.request
        subject = f"{request.subject[:1].upper()}{request.subject[1:]}"
        text = f"{subject}: {error.message}"
        return MalformedResponseError(text, method=request.method, path=request.path, json_path=error.json_path)

    def decompressed(self) -> Response:
        """The response with a decompressed body.

        Raises:
            MalformedResponseError: The compression is broken or was not asked for, or the body is too large.
        """
        encoding = header(self.headers, b"content-encoding")
        if encoding is None or not self.body or encoding.lower() == "identity":
            return self
        request = self.request
        if encoding.lower() not in {"gzip", "x-gzip"}:
            raise request.malformed("is encoded in a way that was not asked for")
        inflate = zlib.decompressobj(wbits=31)
        try:
            plain = inflate.decompress(self.body, MAX_BODY)
        except zlib.error:
            raise request.malformed("has broken gzip compression") from None
        if inflate.unconsumed_tail:
            raise request.malformed(f"is larger than {MAX_BODY} bytes when decompressed")
        if not inflate.eof:
            raise request.malformed("was cut off")
        return attrs.evolve(self, body=plain)


def header(headers: Headers, name: bytes) -> str | None:
    """The value of a header, whose name is given in lower case; ``None`` if it is absent."""
    for key, value in headers:
        if key.lower() == name:
            return value.decode("latin-1").strip()
    return None
