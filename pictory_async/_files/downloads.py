"""Download a project's files."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import attrs
from anyio import to_thread

from pictory_async._files.fetcher import Renewal, Source
from pictory_async._files.partfile import OnConflict, PartFile, safe_name
from pictory_async._gather import each
from pictory_async.errors import DownloadError, PictoryConfigError, PictoryError
from pictory_async.models import Project, ProjectId

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable, Iterable

    from pictory_async._files.fetcher import Fetcher

_ENDINGS: Final = {"video": ".mp4", "audio": ".mp3", "srt": ".srt", "vtt": ".vtt", "txt": ".txt", "thumbnail": ".jpg"}
_KINDS: Final = (*_ENDINGS, "share")
# Not just any ending: a system may run a file called "Film.bat".
_MEDIA: Final = "aac|flac|gif|jpeg|jpg|m4a|m4v|mkv|mov|mp3|mp4|ogg|opus|png|srt|txt|vtt|wav|webm|webp"
_ENDING: Final = re.compile(rf"//[^/?#]+/[^?#]*(\.(?:{_MEDIA}))(?=$|[?#])", re.IGNORECASE)


class DownloadStatus(StrEnum):
    """The result for one file."""

    WRITTEN = "written"
    """The file is complete."""

    SKIPPED = "skipped"
    """A file of that name exists, and ``on_conflict`` is ``"skip"``."""

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
        project_id: The project.
        kind: The kind of file.
        done: Bytes on disk.
        total: Bytes in total; ``None`` if the server does not state it.
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
    """Download a project's files; see ``client.projects.download``."""
    renewal = Renewal(refetch, lambda fresh, kind: fresh.assets.get(kind))

    async def one(kind: str) -> DownloadedFile:
        url = project.assets.get(kind)
        if url is None:
            return DownloadedFile(kind=kind, status=DownloadStatus.ABSENT)
        what = f"the {kind} of project {project.id!r}"

        def progress(done: int, total: int | None) -> None:
            if on_progress is not None:
                on_progress(DownloadProgress(project_id=project.id, kind=kind, done=done, total=total))

        source = Source(url, what, lambda: renewal.address(kind), progress)
        part = PartFile(Path(directory), _file_name(project, kind, url), f"{project.id}\n{kind}")
        try:
            return await to_disk(fetcher, source, part, kind, on_conflict)
        except PictoryError as error:
            return DownloadedFile(kind=kind, status=DownloadStatus.FAILED, error=error)

    files = await each(one, kinds)
    report = DownloadReport(project_id=project.id, files=tuple(files), share_url=project.share_video_url)
    for file in files:
        if file.error is not None:
            done, total = (getattr(file.error, name, None) for name in ("done", "total"))
            raise DownloadError(str(file.error), report=report, done=done or 0, total=total)
    return report


async def to_disk(
    fetcher: Fetcher, source: Source, part: PartFile, kind: str, on_conflict: OnConflict
) -> DownloadedFile:
    """Download one file; it gets its own name when it is complete.

    Raises:
        DownloadError: The file cannot be downloaded or written; what arrived is kept for a later attempt.
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
        text = f"Cannot write {source.what} to {part.path}: {error.strerror or error}. Correct that and try again."
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
    """The kinds to download, each once.

    Raises:
        PictoryConfigError: A kind, or ``on_conflict``, is unknown.
    """
    wanted = [kinds] if isinstance(kinds, str) else list(dict.fromkeys(kinds))
    unknown = [kind for kind in wanted if kind not in _KINDS]
    if unknown:
        raise PictoryConfigError(f"There is no kind of file {unknown[0]!r}; the kinds are {', '.join(_KINDS)}.")
    if on_conflict not in get_args(OnConflict):
        raise PictoryConfigError(f'on_conflict must be "rename", "skip" or "overwrite", not {on_conflict!r}.')
    return wanted


def _file_name(project: Project, kind: str, url: str) -> str:
    stem = safe_name(project.name, f"project {project.id}")
    if kind == "share":
        return f"{stem}.url"
    ending = _ENDING.search(url)
    return f"{stem}{ending[1] if ending is not None else _ENDINGS[kind]}"
