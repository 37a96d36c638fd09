"""Files from media hosts to disk: streamed, resumable, checked. The API key is never sent there."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from urllib.parse import urljoin

import anyio

from pictory_async._http.encoding import Gunzip, codings
from pictory_async._http.messages import Request, header
from pictory_async._settings.addresses import objection
from pictory_async._settings.config import user_agent
from pictory_async.errors import ConnectionFailedError, DownloadError, RequestTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async._files.partfile import PartFile
    from pictory_async._http.engine import Engine
    from pictory_async._http.messages import Headers
    from pictory_async._http.retry import RetryPolicy
    from pictory_async._http.stream import Stream

T = TypeVar("T")

_BUFFER: Final = 1024 * 1024
_REDIRECTS: Final = 3
_RANGE: Final = r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})"
_GONE: Final = frozenset({401, 403, 404, 410})
_PASSING: Final = frozenset({408, 425, 429, *range(500, 600)})


class _Cut(Exception):  # noqa: N818 - not an error: the download resumes
    """The response ended early or made no sense; a retry may help."""


class Renewal(Generic[T]):
    """Fetches an object again when the addresses of its files have expired: once for all of them.

    Args:
        fetch: Fetches the object.
        address_of: The address of one of its files; ``None`` if it has no such file.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], address_of: Callable[[T, str], str | None]) -> None:
        self._fetch = fetch
        self._address_of = address_of
        self._fetched: list[T] = []
        self._fetching = anyio.Lock()

    async def address(self, kind: str) -> str | None:
        """The new address of a file."""
        async with self._fetching:
            if not self._fetched:
                self._fetched.append(await self._fetch())
        return self._address_of(self._fetched[0], kind)


class Source:
    """Where to download a file from.

    Args:
        url: Its address.
        what: What errors call it, such as ``the video of project 'x'``.
        renew: Returns a new address, once, when the old one is rejected; ``None`` if there is none.
        progress: Called with bytes done and bytes in total (``None`` if unknown) after each piece.
    """

    def __init__(
        self,
        url: str,
        what: str,
        renew: Callable[[], Awaitable[str | None]] | None,
        progress: Callable[[int, int | None], object] | None,
    ) -> None:
        self.url = url
        self.what = what
        self.renew = renew
        self.progress = progress


class Fetcher:
    """Downloads files, a bounded number at a time.

    Args:
        engine: Connections of its own: none of them ever carries the API key.
        retry: How often in a row a download may fail without progress, and the waits in between.
        timeout: How long nothing may arrive, in seconds; ``None`` for no limit.
        loopback: Whether addresses on this machine are allowed, over plain HTTP too.
    """

    def __init__(self, engine: Engine, retry: RetryPolicy, timeout: float | None, *, loopback: bool) -> None:
        self._engine = engine
        self._retry = retry
        self._timeout = timeout
        self._loopback = loopback

    async def fetch(self, source: Source, part: PartFile) -> None:
        """Complete a file, from wherever an earlier attempt ended.

        Raises:
            DownloadError: The file cannot be downloaded; what arrived is kept for a later attempt.
        """
        attempt = 0
        while True:
            before = part.size
            try:
                if await self._attempt(source, part):
                    return
                continue
            except (_Cut, ConnectionFailedError, RequestTimeoutError) as error:
                reason = str(error)
            # Progress starts the count anew: a long download may be interrupted any number of times.
            attempt = 1 if part.size > before else attempt + 1
            delay = self._retry.delay(ConnectionFailedError(reason), attempt)
            if delay is None:
                text = (
                    f"Downloading {source.what} stopped at {part.size} bytes: {reason} "
                    "What arrived is kept; download again to resume."
                )
                raise DownloadError(text, done=part.size, total=part.total)
            await anyio.sleep(delay)

    def check(self, url: str, source: Source) -> None:
        """Reject an address that must not be used, wherever it came from.

        Raises:
            DownloadError: The address is not public, or not encrypted.
        """
        problem = objection(url, loopback=self._loopback)
        if problem:
            raise DownloadError(f"The address of {source.what} {problem}, so it is not used. Look at it in Pictory.")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._engine.aclose()

    async def _attempt(self, source: Source, part: PartFile) -> bool:
        """Try once; return whether the file is complete. ``False`` means: try again at once, something was changed."""
        url = source.url
        for _ in range(_REDIRECTS + 1):
            self.check(url, source)
            async with self._engine.stream(self._request(url, source, part)) as stream:
                location = header(stream.headers, b"location")
                if not (300 <= stream.status < 400 and location):  # noqa: PLR2004 - redirects
                    return await self._answered(stream, source, part)
            with suppress(ValueError):  # an address that cannot be read stays as it is, and is rejected
                location = urljoin(url, location)
            url = location
        text = f"The address of {source.what} redirects too often. Download again with a fresh project."
        raise DownloadError(text, done=part.size, total=part.total)

    async def _answered(self, stream: Stream, source: Source, part: PartFile) -> bool:
        status = stream.status
        if status in _GONE and source.renew is not None:
            renew, source.renew = source.renew, None
            fresh = await renew()
            if fresh is not None:
                source.url = fresh
                return False
        if status in _PASSING:
            raise _Cut(f"the server responded with status {status}.")
        if status == 416:  # noqa: PLR2004 - Range Not Satisfiable
            whole = _total(stream.headers) == part.size
            if not whole:
                if part.size == 0:
                    raise _Cut("the server has no such range.")
                await anyio.to_thread.run_sync(part.restart)
            return whole
        if status not in {200, 206}:
            text = f"The server rejects {source.what} with status {status}. Look at it in Pictory, then download again."
            raise DownloadError(text, done=part.size, total=part.total)
        return await self._receive(stream, source, part)

    async def _receive(self, stream: Stream, source: Source, part: PartFile) -> bool:
        length, start = _extent(stream)
        gunzip = Gunzip() if codings(stream.headers) else None
        # On disk is the plain file, whose length and version the headers of a compressed one do not tell.
        validator, total = (_validator(stream.headers), length) if gunzip is None else (None, None)
        if stream.status == 206 and start != part.size:  # noqa: PLR2004 - Partial Content
            await anyio.to_thread.run_sync(part.restart)
            raise _Cut("the server sent a different part from the one requested.")
        if part.size and (start == 0 or gunzip or (validator, total) != (part.validator, part.total)):
            # This is a part of another version, or the server does not send parts.
            await anyio.to_thread.run_sync(part.restart)
            if start != 0:
                return False
        await anyio.to_thread.run_sync(part.describe, validator, total)
        whole = False
        try:
            arrived = start + await _write(stream, source, part, gunzip, None if length is None else length - start)
            whole = length in {None, arrived} and (gunzip is None or gunzip.complete)
        except zlib.error:
            raise _Cut("the file's compression is broken.") from None
        finally:
            # A compressed file begins anew: where its next part would start is not known.
            if not whole and (gunzip is not None or (total is not None and part.size > total)):
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(part.restart)
        if not whole:
            raise _Cut(f"{arrived} of {'more' if length is None else length} bytes arrived.")
        return True

    def _request(self, url: str, source: Source, part: PartFile) -> Request:
        headers: Headers = [
            (b"accept", b"*/*"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", user_agent().encode()),
            # Also for the whole file: the response then states its length twice.
            (b"range", f"bytes={part.size}-".encode()),
        ]
        if part.size and part.validator is not None:
            headers.append((b"if-range", part.validator.encode()))
        return Request("GET", url, source.what, source.what, headers, self._timeout)


async def _write(stream: Stream, source: Source, part: PartFile, gunzip: Gunzip | None, expected: int | None) -> int:
    """Write what arrives, decompressed; return how many bytes arrived."""
    arrived = 0
    buffer = bytearray()
    try:
        while chunk := await stream.read():
            arrived += len(chunk)
            for piece in (chunk,) if gunzip is None else gunzip.feed(chunk):
                buffer += piece
                if len(buffer) >= _BUFFER:
                    await _flush(buffer, source, part)
            if expected is not None and arrived > expected:
                break  # a server must not be able to fill the disk
    finally:
        if buffer:
            with anyio.CancelScope(shield=True):
                await _flush(buffer, source, part)
    return arrived


async def _flush(buffer: bytearray, source: Source, part: PartFile) -> None:
    data = bytes(buffer)
    buffer.clear()
    await anyio.to_thread.run_sync(part.write, data)
    if source.progress is not None:
        source.progress(part.size, part.total)


def _extent(stream: Stream) -> tuple[int | None, int]:
    """The length of the whole file in bytes, and where in it the response begins."""
    stated = header(stream.headers, b"content-length")
    length = int(stated) if stated is not None and stated.isascii() and stated.isdigit() else None
    if (header(stream.headers, b"content-type") or "").startswith("text/html"):
        raise _Cut("the server sent a web page instead.")  # of a firewall, or of a hotel's network
    if codings(stream.headers) not in ([], ["gzip"]):  # stores send gzip if the file was stored so
        raise _Cut("the server compressed the file, although it was asked not to.")
    if stream.status == 200:  # noqa: PLR2004 - the whole file
        return length, 0
    found = re.fullmatch(_RANGE, header(stream.headers, b"content-range") or "")
    if found is None or found[1] is None:
        raise _Cut("the server did not state which part it sent.")
    first, last, total = int(found[1]), int(found[2]), int(found[3])
    if last + 1 != total or (length is not None and length != total - first):
        raise _Cut("the server contradicts itself about the file's length.")
    return total, first


def _total(headers: Headers) -> int | None:
    found = re.fullmatch(_RANGE, header(headers, b"content-range") or "")
    return int(found[3]) if found is not None else None


def _validator(headers: Headers) -> str | None:
    """What identifies this version of the file (RFC 9110, section 13.1.5: no weak tags)."""
    tag = header(headers, b"etag")
    found = tag if tag is not None and not tag.startswith("W/") else header(headers, b"last-modified")
    # It is sent back in a header, so it must not be able to become two headers.
    return found if found is not None and found.isascii() and found.isprintable() else None
