"""Files from media hosts to disk: streamed, resumable, checked. The API key is never sent there."""

from __future__ import annotations

import re
import zlib
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import anyio

from pictory_async._files.beginnings import LENGTH, is_markup, is_page
from pictory_async._files.names import as_sent
from pictory_async._files.source import Busy, Cut, Meter, Patience, Source
from pictory_async._http.encoding import Gunzip, codings
from pictory_async._http.messages import Request, header
from pictory_async._http.retry import parse_retry_after
from pictory_async._settings.addresses import objection
from pictory_async._settings.config import user_agent
from pictory_async.errors import ConnectionFailedError, DownloadError, RequestTimeoutError

if TYPE_CHECKING:
    from pictory_async._files.partfile import PartFile
    from pictory_async._http.engine import Engine
    from pictory_async._http.messages import Headers
    from pictory_async._http.reporter import Reporter
    from pictory_async._http.retry import RetryPolicy
    from pictory_async._http.stream import Stream

_BUFFER: Final = 1024 * 1024
_REDIRECTS: Final = 3
_RANGE: Final = r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})"
_LENGTH: Final = r"[0-9]{1,18}"
_GONE: Final = frozenset({400, 401, 403, 404, 410})  # S3 reports an expired token with 400
_BUSY: Final = frozenset({429, 503})
_PASSING: Final = frozenset({408, 425, *range(500, 600)})
_JSON: Final = frozenset({"project", "structure"})
_TEXT: Final = frozenset({"srt", "vtt", "txt"})
_PAGE: Final = re.compile(r"text/html|application/xhtml|(?:text|application)/(?:[\w.-]+\+)?xml", re.IGNORECASE)
_DOCUMENT: Final = re.compile(r"(?:text|application)/(?:[\w.-]+\+)?json", re.IGNORECASE)


class _Foreign(Cut):
    """What arrived is not the file: a page of a firewall, or an error of a store with status 200."""


class _Unclear(Cut):
    """A server does not say clearly which part it sent; it is asked for the whole file instead."""


class Fetcher:
    """Downloads files, a bounded number at a time.

    Args:
        engine: Connections of its own: none of them ever carries the API key.
        retry: How often in a row a download may fail without progress, and the waits in between.
        timeout: How long nothing may arrive, in seconds; ``None`` for no limit.
        loopback: Whether addresses on this machine are allowed, over plain HTTP too.
        reporter: Tells a user about requests, if one wants to know.
    """

    def __init__(
        self,
        engine: Engine,
        retry: RetryPolicy,
        timeout: float | None,
        *,
        loopback: bool,
        reporter: Reporter | None = None,
    ) -> None:
        self._engine = engine
        self._retry = retry
        self._timeout = timeout
        self._loopback = loopback
        self._reporter = reporter

    async def fetch(self, source: Source, part: PartFile) -> None:
        """Complete a file, from wherever an earlier attempt ended.

        Raises:
            DownloadError: The file cannot be downloaded; what arrived is kept for a later attempt.
        """
        patience = Patience(self._retry, part.size)
        while True:
            try:
                if await self._attempt(source, part, patience):
                    return
                continue
            except (Cut, ConnectionFailedError, RequestTimeoutError) as error:
                reason = error
            if isinstance(reason, _Unclear) and source.in_parts:
                source.in_parts = False
                if part.size:
                    await anyio.to_thread.run_sync(part.restart)
                continue
            delay = patience.delay(reason, part.size)
            if delay is None:
                text = f"Downloading {source.what} stopped at {part.size} bytes: {reason} "
                text += (
                    "What arrived is kept; download again to resume." if part.size and part.validator is not None
                    else "Download again later."
                )  # fmt: skip
                raise DownloadError(text, done=part.size, total=part.total)
            await anyio.sleep(delay)

    def checked(self, source: Source, url: str) -> str:
        """Percent-encode an address, and reject one that must not be used, wherever it came from.

        Raises:
            DownloadError: The address is not public, or not encrypted.
        """
        url = as_sent(url)
        problem = objection(url, loopback=self._loopback)
        if problem:
            raise DownloadError(f"The address of {source.what} {problem}, so it is not used. Look at it in Pictory.")
        return url

    async def _attempt(self, source: Source, part: PartFile, patience: Patience) -> bool:
        """Try once; return whether the file is complete. ``False`` means: try again at once, something was changed."""
        url = self.checked(source, source.url)
        for _ in range(_REDIRECTS + 1):
            request = self._request(url, source, part)
            seen = None if self._reporter is None else self._reporter.downloading(request)
            with seen or nullcontext():
                async with self._engine.stream(request) as stream:
                    if seen is not None:
                        seen.stream = stream
                    location = _value(stream.headers, b"location")
                    if not (300 <= stream.status < 400 and location):  # noqa: PLR2004 - redirects
                        return await self._answered(stream, source, part, patience)
            with suppress(ValueError):  # an address that cannot be read stays as it is, and is rejected
                # Headers are read as Latin-1, but what is in them is UTF-8.
                location = urljoin(url, location.encode("latin-1").decode(errors="replace"))
            url = self.checked(source, location)
        text = f"The address of {source.what} redirects too often. Download again with a fresh project."
        raise DownloadError(text, done=part.size, total=part.total)

    async def _answered(self, stream: Stream, source: Source, part: PartFile, patience: Patience) -> bool:
        status = stream.status
        if status in _GONE and patience.may_renew(part.size) and await source.renewed():
            return False
        if status in _BUSY:
            after = parse_retry_after(header(stream.headers, b"retry-after"))
            raise Busy(f"the server responded with status {status}.", after)
        if status in _PASSING:
            raise Cut(f"the server responded with status {status}.")
        if status not in {200, 206, 416}:
            text = f"The server rejects {source.what} with status {status}. Look at it in Pictory, then download again."
            raise DownloadError(text, done=part.size, total=part.total)
        try:
            if status == 416:  # noqa: PLR2004 - Range Not Satisfiable
                return await _beyond_the_end(stream, source, part)
            return await _receive(stream, source, part, patience)
        except _Foreign:
            if patience.may_renew(part.size) and await source.renewed():
                return False
            raise

    def _request(self, url: str, source: Source, part: PartFile) -> Request:
        headers: Headers = [
            (b"accept", b"*/*"),
            (b"accept-encoding", b"identity"),
            (b"user-agent", user_agent().encode()),
        ]
        if source.in_parts:  # also for the whole file: the response then states its length twice
            # Of a complete part the last byte: only a response with a version shows that it is still this one.
            headers.append((b"range", f"bytes={part.size - part.is_complete}-".encode()))
        if source.in_parts and part.size and part.validator is not None:
            headers.append((b"if-range", part.validator.encode()))
        return Request("GET", url, source.what, source.what, headers, self._timeout)


async def _beyond_the_end(stream: Stream, source: Source, part: PartFile) -> bool:
    """Look at a 416 response: the file is empty, or it is another one."""
    found = re.fullmatch(_RANGE, _value(stream.headers, b"content-range") or "")
    total = int(found[3]) if found is not None else None
    if part.size:  # it is not what this part is of: the server has fewer bytes than were here already
        await anyio.to_thread.run_sync(part.restart)
        return False
    if total == 0:
        await anyio.to_thread.run_sync(part.open)
        return _is_complete(source, 0)
    raise Cut("the server has no such range.")


async def _receive(stream: Stream, source: Source, part: PartFile, patience: Patience) -> bool:
    length, start = _extent(stream, source)
    gunzip = Gunzip() if codings(stream.headers) else None
    # On disk is the plain file, whose length and version the headers of a compressed one do not tell.
    validator, total = (_validator(stream.headers), length) if gunzip is None else (None, None)
    await anyio.to_thread.run_sync(part.open)
    same = part.size > 0 and validator is not None and (validator, total) == (part.validator, part.total)
    if same and part.is_complete and start == part.size - 1:
        return True
    if stream.status == 206 and start != part.size:  # noqa: PLR2004 - Partial Content
        await anyio.to_thread.run_sync(part.restart)
        raise Cut("the server sent a different part from the one requested.")
    # Without a strong validator, nothing shows that the rest belongs to what is there.
    if part.size and (start == 0 or not same):
        other = validator != part.validator
        await anyio.to_thread.run_sync(part.restart)
        if other and not patience.may_begin_anew():
            raise DownloadError(f"The server sends {source.what} in another version each time. Download again later.")
        if start != 0:
            return False
    await anyio.to_thread.run_sync(part.describe, validator, total)
    whole = False
    try:
        arrived = start + await _write(stream, source, part, gunzip, None if length is None else length - start)
        whole = length in {None, arrived} and (gunzip is None or gunzip.complete)
    except zlib.error:
        raise Cut("the file's compression is broken.") from None
    finally:
        # A compressed file begins anew, as does one without a validator: the next part might not fit.
        excess = total is not None and part.size > total
        if not whole and (part.validator is None or excess):
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(part.restart)
    if not whole:
        raise Cut(f"{arrived} of {'more' if length is None else length} bytes arrived.")
    return _is_complete(source, part.size)


def _is_complete(source: Source, size: int) -> bool:
    if not size and source.kind not in _TEXT:  # a silent video has empty subtitles
        raise _Foreign("the server sent an empty file.")
    return True


async def _write(stream: Stream, source: Source, part: PartFile, gunzip: Gunzip | None, expected: int | None) -> int:
    """Write what arrives, decompressed; return how many bytes arrived."""
    arrived = 0
    buffer = bytearray()
    meter = Meter(source.min_speed)
    try:
        while chunk := await stream.read():
            arrived += len(chunk)
            for piece in (chunk,) if gunzip is None else gunzip.feed(chunk):
                buffer += piece
                if not part.size and len(buffer) - len(piece) < LENGTH:
                    _check_beginning(buffer, source)
                if len(buffer) >= _BUFFER:
                    await _flush(buffer, part)
                    source.tell(part.size, part.total)
            if expected is not None and arrived > expected:
                break  # a server must not be able to fill the disk
            meter.add(len(chunk))
    finally:
        rest = len(buffer)
        if rest:
            with anyio.CancelScope(shield=True):
                await _flush(buffer, part)
    if rest:
        source.tell(part.size, part.total)
    return arrived


async def _flush(buffer: bytearray, part: PartFile) -> None:
    data = bytes(buffer)
    buffer.clear()
    await anyio.to_thread.run_sync(part.write, data)


def _check_beginning(buffer: bytearray, source: Source) -> None:
    # Some stores and proxies send their errors with status 200 and as any type.
    is_foreign = is_page if source.kind in _TEXT | _JSON else is_markup
    if is_foreign(bytes(buffer[:LENGTH])):
        buffer.clear()  # nothing of it is kept
        raise _Foreign("the server sent a text instead.")


def _extent(stream: Stream, source: Source) -> tuple[int | None, int]:
    """The length of the whole file in bytes, and where in it the response begins."""
    kinds = _values(stream.headers, b"content-type")
    if any(map(_PAGE.match, kinds)):
        raise _Foreign("the server sent a web page instead.")  # of a firewall, or of a hotel's network
    if any(map(_DOCUMENT.match, kinds)) and source.kind not in _JSON:
        raise _Foreign("the server sent JSON instead.")
    if codings(stream.headers) not in ([], ["gzip"]):  # stores send gzip if the file was stored so
        raise Cut("the server compressed the file, although it was asked not to.")
    stated = _value(stream.headers, b"content-length")
    length = int(stated) if stated is not None and re.fullmatch(_LENGTH, stated) else None
    if stream.status == 200:  # noqa: PLR2004 - the whole file
        return length, 0
    found = re.fullmatch(_RANGE, _value(stream.headers, b"content-range") or "")
    if found is None or found[1] is None:
        raise _Unclear("the server did not state which part it sent.")
    first, last, total = int(found[1]), int(found[2]), int(found[3])
    if last + 1 != total or (length is not None and length != total - first):
        raise _Unclear("the server contradicts itself about the file's length.")
    return total, first


def _values(headers: Headers, name: bytes) -> list[str]:
    """The different values of a header, which may have been sent several times."""
    found = (value.decode("latin-1").strip() for key, value in headers if key.lower() == name)
    return list(dict.fromkeys(found))


def _value(headers: Headers, name: bytes) -> str | None:
    """The value of a header; ``None`` if it is absent.

    Raises:
        _Unclear: It has several values: whichever is right, the other one may be believed on the way.
    """
    found = _values(headers, name)
    if len(found) > 1:
        raise _Unclear(f"the server contradicts itself: it sent several values of {name.decode()}.")
    return next(iter(found), None)


def _validator(headers: Headers) -> str | None:
    """What identifies this version of the file: a strong entity tag (RFC 9110, section 8.8.3).

    Not the date of its last change, which is the same for two versions within a second.
    """
    tags = _values(headers, b"etag")
    tag = tags[0] if len(tags) == 1 else None  # several identify nothing
    # It is sent back in a header, so it must not be able to become two headers.
    return tag if tag is not None and not tag.startswith("W/") and tag.isascii() and tag.isprintable() else None
