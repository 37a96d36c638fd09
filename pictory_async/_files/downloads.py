"""A project's assets on disk."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import anyio
import attrs
from anyio import to_thread

from pictory_async._files.fetcher import Source
from pictory_async._files.partfile import OnConflict, PartFile, safe_name
from pictory_async._gather import each
from pictory_async.errors import DownloadError, PictoryConfigError, PictoryError
from pictory_async.models import Project, ProjectId

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable, Iterable

    from pictory_async._files.fetcher import Fetcher

__all__ = ["DownloadProgress", "DownloadReport", "DownloadStatus", "DownloadedFile", "download_assets"]

_ENDINGS: Final = {"video": ".mp4", "audio": ".mp3", "srt": ".srt", "vtt": ".vtt", "txt": ".txt", "thumbnail": ".jpg"}
_KINDS: Final = (*_ENDINGS, "share")
# Not any ending: a system may run what is called "Film.bat".
_MEDIA: Final = "aac|flac|gif|jpeg|jpg|m4a|m4v|mkv|mov|mp3|mp4|ogg|opus|png|srt|txt|vtt|wav|webm|webp"
_ENDING: Final = re.compile(rf"//[^/?#]+/[^?#]*(\.(?:{_MEDIA}))(?=$|[?#])", re.IGNORECASE)


class DownloadStatus(StrEnum):
    """What became of one asset."""

    WRITTEN = "written"
    """The file is there, whole."""

    SKIPPED = "skipped"
    """There was a file of that name, and ``on_conflict`` was ``"skip"``."""

    ABSENT = "absent"
    """The project has no such asset."""

    FAILED = "failed"
    """It could not be had; ``error`` says why."""


@attrs.frozen(kw_only=True)
class DownloadedFile:
    """What became of one asset.

    Attributes:
        kind: ``video``, ``audio``, ``srt``, ``vtt``, ``txt``, ``thumbnail`` or ``share``.
        status: What became of it.
        path: Where the file is.
        size: Its length in bytes.
        resumed_from: How many bytes of it were there already, from an attempt before.
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
    """What became of a project's assets.

    Attributes:
        project_id: The project, as it was given.
        files: One entry for each kind that was asked for, in that order.
        share_url: Address of the page on which anybody can watch the video; ``None`` if there is none.
    """

    project_id: ProjectId
    files: tuple[DownloadedFile, ...]
    share_url: str | None = None

    @property
    def paths(self) -> dict[str, Path]:
        """The files that are there, by kind."""
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
    """How far one file is.

    Attributes:
        project_id: The project.
        kind: The kind of asset.
        done: Bytes on disk.
        total: Bytes in all; ``None`` where the server does not say.
    """

    project_id: ProjectId
    kind: str
    done: int
    total: int | None


async def download_assets(
    fetcher: Fetcher,
    project: Project,
    directory: str | os.PathLike[str],
    *,
    kinds: Iterable[str],
    on_conflict: OnConflict,
    on_progress: Callable[[DownloadProgress], object] | None,
    refetch: Callable[[], Awaitable[Project]],
) -> DownloadReport:
    """Download a project's assets; see ``client.projects.download``."""
    wanted = checked_kinds(kinds, on_conflict)
    fresh: list[Project] = []
    refetching = anyio.Lock()

    async def renewed(kind: str) -> str | None:
        async with refetching:
            if not fresh:
                fresh.append(await refetch())
        return fresh[0].assets.get(kind)

    async def one(kind: str) -> DownloadedFile:
        url = project.assets.get(kind)
        if url is None:
            return DownloadedFile(kind=kind, status=DownloadStatus.ABSENT)
        what = f"the {kind} of project {project.id!r}"

        def progress(done: int, total: int | None) -> None:
            if on_progress is not None:
                on_progress(DownloadProgress(project_id=project.id, kind=kind, done=done, total=total))

        source = Source(url, what, lambda: renewed(kind), progress)
        part = PartFile(Path(directory), _file_name(project, kind, url), f"{project.id}\n{kind}")
        try:
            return await to_disk(fetcher, source, part, kind, on_conflict)
        except PictoryError as error:
            return DownloadedFile(kind=kind, status=DownloadStatus.FAILED, error=error)

    files = await each(one, wanted)
    report = DownloadReport(project_id=project.id, files=tuple(files), share_url=project.share_video_url)
    for file in files:
        if file.error is not None:
            done, total = (getattr(file.error, name, None) for name in ("done", "total"))
            raise DownloadError(str(file.error), report=report, done=done or 0, total=total)
    return report


async def to_disk(
    fetcher: Fetcher, source: Source, part: PartFile, kind: str, on_conflict: OnConflict
) -> DownloadedFile:
    """Bring one file to the disk, whole, under its own name.

    Raises:
        DownloadError: It cannot be had or written; what there is of it stays for a later attempt.
    """
    if kind == "share":
        fetcher.check(source.url, source)
    if on_conflict == "skip" and await to_thread.run_sync(part.target.exists):
        return DownloadedFile(kind=kind, status=DownloadStatus.SKIPPED, path=part.target)
    try:
        await to_thread.run_sync(part.open)
        if kind == "share":
            await to_thread.run_sync(part.restart)
        before = part.size
        if kind == "share":
            await to_thread.run_sync(part.write, f"[InternetShortcut]\r\nURL={source.url}\r\n".encode())
        else:
            await fetcher.fetch(source, part)
        path = await to_thread.run_sync(part.finish, on_conflict)
    except BlockingIOError:
        text = f"Another download is writing {source.what} to {part.path}. Wait for it, or use another directory."
        raise DownloadError(text) from None
    except OSError as error:
        if isinstance(error, PictoryError):
            raise
        text = f"Could not write {source.what} to {part.path}: {error.strerror or error}. Correct that and try again."
        raise DownloadError(text, done=part.size, total=part.total) from None
    finally:
        part.close()
    if path is None:
        return DownloadedFile(kind=kind, status=DownloadStatus.SKIPPED, path=part.target)
    return DownloadedFile(
        kind=kind,
        status=DownloadStatus.WRITTEN,
        path=path,
        size=part.size,
        resumed_from=before if kind != "share" else 0,
    )


def checked_kinds(kinds: Iterable[str], on_conflict: str) -> list[str]:
    """Refuse kinds and policies that there are not.

    Raises:
        PictoryConfigError: One of them is unknown.
    """
    wanted = [kinds] if isinstance(kinds, str) else list(dict.fromkeys(kinds))
    unknown = [kind for kind in wanted if kind not in _KINDS]
    if unknown:
        raise PictoryConfigError(f"There is no asset kind {unknown[0]!r}; there are {', '.join(_KINDS)}.")
    if on_conflict not in get_args(OnConflict):
        raise PictoryConfigError(f'on_conflict must be "rename", "skip" or "overwrite", not {on_conflict!r}.')
    return wanted


def _file_name(project: Project, kind: str, url: str) -> str:
    stem = safe_name(project.name, f"project {project.id}")
    if kind == "share":
        return f"{stem}.url"
    ending = _ENDING.search(url)
    return f"{stem}{ending[1] if ending is not None else _ENDINGS[kind]}"
