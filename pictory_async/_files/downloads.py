"""Download a project's files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast, get_args

import anyio
import attrs
from anyio import to_thread

from pictory_async._codec.unreadable import unread_fields
from pictory_async._files.names import KINDS, FileKind
from pictory_async._files.naming import Fields, naming_of
from pictory_async._files.partfile import OnConflict, PartFile
from pictory_async._files.place import Filing, Place, check_writable, checked_directory
from pictory_async._files.publish import Directory
from pictory_async._files.source import CallbackFailed, Renewal, Source
from pictory_async._files.turns import take_turn
from pictory_async._gather import each
from pictory_async._values import brief
from pictory_async.errors import DownloadError, PictoryConfigError, PictoryError
from pictory_async.models import Project, ProjectId
from pictory_async.models.project import ASSET_FIELDS

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable

    from pictory_async._files.fetcher import Fetcher

_PAUSE: Final = 0.5  # seconds between two looks at what another process is writing
_STILL: Final = 60.0  # seconds without another byte of it, after which it is not waited for any more


class DownloadStatus(StrEnum):
    """The result for one file."""

    WRITTEN = "written"
    """The file is complete."""

    SKIPPED = "skipped"
    """The file is there already: the same file of the same render, or any file of that name and ``on_conflict`` is
    ``"skip"``."""

    ABSENT = "absent"
    """The project has no such file."""

    FAILED = "failed"
    """The download failed; ``error`` has the reason."""


@attrs.frozen(kw_only=True)
class DownloadedFile:
    """The result for one file.

    Attributes:
        kind: ``video``, ``audio``, ``srt``, ``vtt``, ``txt``, ``thumbnail`` or ``share``.
        status: The result.
        path: Where the file is.
        size: Its length in bytes.
        resumed_from: How many bytes an earlier attempt had downloaded.
        error: Why it failed.
    """

    kind: str
    status: DownloadStatus
    path: Path | None = None
    size: int = 0
    resumed_from: int = 0
    error: PictoryError | None = None


@attrs.frozen(kw_only=True)
class DownloadReport:
    """The results for a project's files.

    Attributes:
        project_id: The project, as it was given.
        files: One entry for each requested kind, in that order.
        share_url: The address of the public page that shows the video; ``None`` if there is none.
    """

    project_id: ProjectId
    files: tuple[DownloadedFile, ...]
    share_url: str | None = None

    @property
    def paths(self) -> dict[str, Path]:
        """The files that exist, by kind."""
        return {file.kind: file.path for file in self.files if file.path is not None}

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "project_id": self.project_id,
            "share_url": self.share_url,
            "files": [
                {
                    "kind": file.kind,
                    "status": file.status.value,
                    "path": None if file.path is None else str(file.path),
                    "size": file.size,
                    "resumed_from": file.resumed_from,
                    "error": None if file.error is None else str(file.error),
                }
                for file in self.files
            ],
        }


@attrs.frozen(kw_only=True)
class DownloadProgress:
    """How much of one file is downloaded.

    Attributes:
        project_id: The project; of a video without one, ``job:`` and its job, or what `BatchProgress` calls it.
        kind: The kind of file.
        done: Bytes on disk.
        total: Bytes in total; ``None`` if the server does not state it.
    """

    project_id: ProjectId
    kind: str
    done: int
    total: int | None


@attrs.frozen(kw_only=True)
class Order:
    """What to download, as the caller asked for it.

    Attributes:
        directory: Where to.
        kinds: The kinds of files.
        filing: What to do with existing files, and what new ones are called.
        on_progress: The caller's callback.
        min_speed: Bytes per second that must arrive.
    """

    directory: Directory
    kinds: list[FileKind]
    filing: Filing
    on_progress: Callable[[DownloadProgress], object] | None
    min_speed: float


async def download_assets(
    fetcher: Fetcher, project: Project, order: Order, refetch: Callable[[], Awaitable[Project]]
) -> DownloadReport:
    """Download a project's files; see ``client.projects.download``."""
    renewal = Renewal(refetch, lambda fresh, kind: fresh.assets.get(kind))

    async def one(kind: str) -> DownloadedFile:
        url = project.assets.get(kind)
        if url is None:
            return _without_url(project, kind)

        def progress(done: int, total: int | None) -> None:
            if order.on_progress is not None:
                order.on_progress(DownloadProgress(project_id=project.id, kind=kind, done=done, total=total))

        what = f"the {kind} of project {project.id!r}"
        source = Source(
            url=url, kind=kind, what=what, renew=renewal.address, progress=progress, min_speed=order.min_speed
        )
        place = Place(order.directory, project, kind, url, order.filing)
        try:
            async with take_turn(place.key) as turn:
                result = turn.shared or await _download(fetcher, source, place, order.directory)
                if result.status is DownloadStatus.WRITTEN:
                    turn.share(result)
                return result
        except PictoryError as error:
            return DownloadedFile(kind=kind, status=DownloadStatus.FAILED, error=error)

    try:
        files = await each(one, order.kinds)
    except CallbackFailed as failed:
        raise failed.error from None
    report = DownloadReport(project_id=project.id, files=tuple(files), share_url=project.share_video_url)
    for file in files:
        if file.error is not None:
            done, total, number = (getattr(file.error, name, None) for name in ("done", "total", "errno"))
            raise DownloadError(str(file.error), report=report, done=done or 0, total=total, errno=number)
    return report


def _without_url(project: Project, kind: str) -> DownloadedFile:
    if ASSET_FIELDS[kind] not in unread_fields(project):
        return DownloadedFile(kind=kind, status=DownloadStatus.ABSENT)
    error = DownloadError(f"The address of the {kind} of project {project.id!r} could not be read: it is not a text.")
    return DownloadedFile(kind=kind, status=DownloadStatus.FAILED, error=error)


async def _download(fetcher: Fetcher, source: Source, place: Place, directory: Directory) -> DownloadedFile:
    """Download one file of a project, unless it is there; if another process is writing it, after that.

    Raises:
        DownloadError: The file cannot be downloaded or written; what arrived is kept for a later attempt.
    """
    arrived, since = -1, 0.0
    while True:
        try:
            path, is_there = await to_thread.run_sync(place.look)
        except OSError as error:
            raise _not_written(source, error.filename or directory.path, error) from None
        part = PartFile(directory, path.name, place.owner)  # not in a subdirectory: it is found again wherever it goes
        try:
            if is_there:
                await _tidy(part)
                return DownloadedFile(kind=source.kind, status=DownloadStatus.SKIPPED, path=path)
            return await _fetch(fetcher, source, place, part)
        except BlockingIOError as error:
            found, now = await to_thread.run_sync(part.arriving), anyio.current_time()
            if found != arrived:
                arrived, since = found, now
            elif now - since >= _STILL:
                raise _not_written(source, part.path, error) from None
        except OSError as error:
            raise _not_written(source, part.path, error, done=part.size, total=part.total) from None
        finally:
            await close(part)
        await anyio.sleep(_PAUSE)  # then the other one's file is there, or what it left is continued


async def _fetch(fetcher: Fetcher, source: Source, place: Place, part: PartFile) -> DownloadedFile:
    before = await receive(fetcher, source, part)
    path, size, written = part.path, part.size, False
    # Publishing that has started is completed, so that its result is known: it takes almost no time.
    with anyio.CancelScope(shield=True):
        path, written = await to_thread.run_sync(place.publish, part)
    status = DownloadStatus.WRITTEN if written else DownloadStatus.SKIPPED
    return DownloadedFile(
        kind=source.kind, status=status, path=path, size=size if written else 0, resumed_from=before if written else 0
    )


async def receive(fetcher: Fetcher, source: Source, part: PartFile) -> int:
    """Fetch everything that is missing of a file.

    Returns:
        How many bytes an earlier call had left.

    Raises:
        DownloadError: The file cannot be downloaded.
        OSError: It cannot be written.
    """
    if source.kind != "share":
        await to_thread.run_sync(part.find)
        before = part.size
        await fetcher.fetch(source, part)
        return before
    url = fetcher.checked(source, source.url)
    await to_thread.run_sync(part.open)
    await to_thread.run_sync(part.write, f"[InternetShortcut]\r\nURL={url}\r\n".encode())
    return 0


async def close(part: PartFile) -> None:
    """Close a part, whatever happened."""
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(part.close)


async def _tidy(part: PartFile) -> None:
    """Remove what a killed download left beside its complete file."""
    try:
        await to_thread.run_sync(part.find)
        await to_thread.run_sync(part.discard)
    except BlockingIOError:
        pass  # another process downloads it again


def _not_written(source: Source, path: object, error: OSError, **progress: Any) -> DownloadError:
    if isinstance(error, BlockingIOError):
        text = f"Another client or process is writing {source.what} to {path}, and makes no progress. Try again."
    else:
        text = f"Cannot write {source.what} to {path}: {error.strerror or error}. Correct that and try again."
    return DownloadError(text, errno=error.errno, **progress)


def filing_of(on_conflict: OnConflict, keep_old: int | None, naming: str | None, fields: Fields | None) -> Filing:
    """Check the arguments of a call that are about names.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    policies = get_args(OnConflict)
    if on_conflict not in policies:
        known = ", ".join(f'"{policy}"' for policy in policies)
        raise PictoryConfigError(f"on_conflict must be one of {known}, not {brief(on_conflict)}.")
    if keep_old is not None and (isinstance(keep_old, bool) or not isinstance(keep_old, int) or keep_old < 0):
        raise PictoryConfigError(
            f"keep_old must be a whole number of earlier versions, zero or more, not {brief(keep_old)}."
        )
    if keep_old is not None and on_conflict != "update":
        raise PictoryConfigError('keep_old needs on_conflict="update".')
    return Filing(on_conflict, keep_old, naming_of(naming, fields))


def kinds_of(kinds: Iterable[FileKind] | FileKind) -> list[FileKind]:
    """Check which kinds of files a caller wants; each is returned once.

    Raises:
        PictoryConfigError: One of them does not exist.
    """
    wanted: list[object] = [kinds] if isinstance(kinds, str) or not isinstance(kinds, Iterable) else list(kinds)
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown:
        raise PictoryConfigError(f"There is no kind of file {brief(unknown[0])}; the kinds are {', '.join(KINDS)}.")
    return list(dict.fromkeys(cast("list[FileKind]", wanted)))


async def order_of(
    directory: str | os.PathLike[str],
    kinds: Iterable[FileKind] | FileKind,
    filing: Filing,
    on_progress: Callable[[DownloadProgress], object] | None,
    min_speed: float,
) -> Order:
    """Check the arguments of a call, and that the directory can be written to.

    Raises:
        PictoryConfigError: An argument cannot work.
        DownloadError: The directory cannot be written to.
    """
    wanted = kinds_of(kinds)
    if (
        isinstance(min_speed, bool)
        or not isinstance(min_speed, (int, float))
        or not 0 <= min_speed <= sys.float_info.max
    ):
        raise PictoryConfigError(
            f"min_speed must be a number of bytes per second, zero or more, not {brief(min_speed)}."
        )
    path = checked_directory(directory)
    real = await to_thread.run_sync(check_writable, path)
    return Order(
        directory=Directory(path, real=real),
        kinds=wanted,
        filing=filing,
        on_progress=on_progress,
        min_speed=min_speed,
    )
