"""A file of the user's to the store of files: streamed, never with the API key, and whole or not there."""

from __future__ import annotations

import os
import re
import stat
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, Any, Final

import anyio
import attrs

from pictory_async._files.names import as_sent
from pictory_async._http.messages import Request
from pictory_async._settings.addresses import objection
from pictory_async._settings.config import user_agent
from pictory_async._values import ValueObject, cut, quotable
from pictory_async.errors import ConnectionFailedError, PictoryConfigError, RequestTimeoutError, UploadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from pictory_async._http.engine import Engine
    from pictory_async._http.messages import Headers
    from pictory_async._http.reporter import Reporter
    from pictory_async._http.retry import RetryPolicy
    from pictory_async._http.stream import Stream

_PIECE: Final = 256 * 1024
_LONGEST: Final = 16 * 1024  # bytes of an error
_PASSING: Final = frozenset({408, 425, 429, *range(500, 600)})
_CODE: Final = re.compile(r"<Code>([^<>]{1,100})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<>]{1,1000})</Message>")


@attrs.frozen(kw_only=True, repr=False, eq=False)
class UploadProgress(ValueObject):
    """How far an upload is.

    Attributes:
        done: Bytes that were sent. After a failure, an upload begins again.
        total: Size of the file in bytes.
    """

    done: int
    total: int


@attrs.define
class _Failure(Exception):  # noqa: N818 - what an attempt ended with
    error: UploadError
    passing: bool


class Uploader:
    """Uploads files, a bounded number at a time.

    Args:
        engine: Connections of its own: none of them ever carries the API key.
        retry: How often an upload may fail, and the waits in between.
        timeout: How long nothing may be sent or arrive, in seconds; ``None`` for no limit.
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

    async def send(
        self, path: Path, url: str, content_type: str, on_progress: Callable[[UploadProgress], object] | None
    ) -> None:
        """Upload a file; after transient failures again, from its beginning.

        Args:
            path: The file.
            url: Where it goes.
            content_type: Its type, as it was announced.
            on_progress: Called after each piece.

        Raises:
            PictoryConfigError: The file cannot be read; nothing was sent.
            UploadError: The file is not there.
        """
        url = as_sent(url)
        problem = objection(url, loopback=self._loopback)
        if problem:
            raise UploadError(f"The address to upload {path.name} to {problem}, so it is not used. Try again.")
        attempt = 1
        while True:
            failure = await self._attempt(path, url, content_type, on_progress)
            if failure is None:
                return
            # The store of files is another server than the API: its failures are judged as those of a connection.
            delay = self._retry.delay(ConnectionFailedError(str(failure.error)), attempt) if failure.passing else None
            if delay is None:
                raise failure.error
            attempt += 1
            await anyio.sleep(delay)

    async def _attempt(
        self, path: Path, url: str, content_type: str, on_progress: Callable[[UploadProgress], object] | None
    ) -> _Failure | None:
        file = await anyio.to_thread.run_sync(open_file, path)
        try:
            pieces = _Pieces(file, await anyio.to_thread.run_sync(_size, file), path.name, on_progress)
            headers: Headers = [
                (b"accept", b"*/*"),
                (b"accept-encoding", b"identity"),
                (b"user-agent", user_agent().encode()),
                (b"content-type", content_type.encode()),
                (b"content-length", str(pieces.total).encode()),
            ]
            what = f"the upload of {path.name}"
            request = Request("PUT", url, what, what, headers, self._timeout, body=lambda: pieces)
            try:
                return await self._sent(request, pieces)
            except (ConnectionFailedError, RequestTimeoutError) as error:
                reason = str(error)
            if pieces.failure is not None:  # of this machine, and not of the network
                raise pieces.failure
            return _Failure(pieces.error(f"{reason} Upload it again."), passing=True)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(file.close)

    async def _sent(self, request: Request, pieces: _Pieces) -> _Failure | None:
        seen = None if self._reporter is None else self._reporter.downloading(request, "upload")
        with seen or nullcontext():
            async with self._engine.stream(request) as stream:
                if seen is not None:
                    seen.stream = stream
                body = bytearray()
                while len(body) < _LONGEST and (piece := await stream.read()):
                    body += piece
                return _judged(stream, bytes(body), pieces)


class _Pieces:
    """The pieces of a file, each read when it is to be sent."""

    def __init__(
        self, file: IO[bytes], size: int, name: str, on_progress: Callable[[UploadProgress], object] | None
    ) -> None:
        self.total = size
        self.failure: Exception | None = None
        self._file = file
        self._name = name
        self._done = 0
        self._on_progress = on_progress

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        # Whatever goes wrong here would become an error of the HTTP library: it is kept, and raised afterwards.
        try:
            if self._done and self._on_progress is not None:
                self._on_progress(UploadProgress(done=self._done, total=self.total))
            piece = await anyio.to_thread.run_sync(self._file.read, min(_PIECE, self.total - self._done))
        except Exception as error:
            self.failure = error
            raise
        if not piece and self._done < self.total:
            self.failure = self.error("the file became shorter while it was sent. Upload it when it is complete.")
            raise self.failure
        if not piece:
            raise StopAsyncIteration
        self._done += len(piece)
        return piece

    def error(self, reason: str, **facts: Any) -> UploadError:
        """The error for an upload that failed."""
        text = f"{self._name} could not be uploaded: {reason}"
        return UploadError(text, done=self._done, total=self.total, **facts)


def open_file(path: Path) -> IO[bytes]:
    """Open a file that can be uploaded: it has a length, and something in it. Blocks.

    Raises:
        PictoryConfigError: It cannot be read, or is no regular file, or it is empty.
    """
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)  # before it is opened: a pipe would block until somebody writes
        file = path.open("rb") if is_file else None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no name of a file"
        raise PictoryConfigError(f"{path} cannot be uploaded: {reason}.") from None
    if file is None:
        raise PictoryConfigError(f"{path} cannot be uploaded: it is no regular file.")
    if not _size(file):
        file.close()
        raise PictoryConfigError(f"{path} cannot be uploaded: it is empty.")
    return file


def check_file(path: Path) -> None:
    """Check that a file can be uploaded; raises and blocks as `open_file` does."""
    open_file(path).close()


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _judged(stream: Stream, body: bytes, pieces: _Pieces) -> _Failure | None:
    if 200 <= stream.status < 300:  # noqa: PLR2004 - success
        return None
    text = body.decode("utf-8", "replace")
    code, said = (found and quotable(found[1]) for found in (_CODE.search(text), _MESSAGE.search(text)))
    words = ": ".join(cut(one) for one in (code, said) if one)
    reason = f"the server responded with status {stream.status}{f' ({words})' if words else ''}."
    passing = stream.status in _PASSING
    advice = (
        "Try again later." if passing else "A retry cannot help; if these words do not say why, report it to Pictory."
    )
    return _Failure(pieces.error(f"{reason} {advice}", status=stream.status, code=code), passing)
