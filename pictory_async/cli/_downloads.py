"""The downloads of a command: several projects at once, their progress and their results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio
import attrs
import click

from pictory_async import DownloadProgress, DownloadReport, DownloadStatus, Project, ProjectId
from pictory_async.cli._ages import Ages
from pictory_async.cli._exit_codes import NotRenderedError, ends_all
from pictory_async.cli._filing import Filing
from pictory_async.cli._night import night
from pictory_async.cli._places import Directory
from pictory_async.cli._wording import in_command_words
from pictory_async.cli._work_bars import DownloadBars
from pictory_async.cli.display.text import as_size, counted
from pictory_async.errors import DownloadError

if TYPE_CHECKING:
    from pictory_async import AsyncPictory
    from pictory_async.cli._options import Decorator
    from pictory_async.cli.display.bars import Bar

__all__ = ["AT_ONCE", "KINDS", "Downloads", "Kind", "ProjectDownload", "directory_option", "kinds_option"]

Kind = Literal["video", "audio", "srt", "vtt", "txt", "thumbnail", "share"]
KINDS: Final[tuple[Kind, ...]] = ("video", "audio", "srt", "vtt", "txt")

AT_ONCE: Final = 4
"""Projects: each has several files open, and the client downloads only a few files at once anyway."""


def directory_option(name: str, text: str, default: str | None = None) -> Decorator:
    """Make an option for a directory, which need not exist yet."""
    return click.option(name, "directory", type=Directory(), default=default, metavar="DIR", help=text)


def kinds_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--kind``, as the argument ``kinds``."""

    def of(_ctx: click.Context, _param: click.Parameter, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
        return kinds or KINDS

    text = "Download only this kind; can be repeated.  [default: all but thumbnail and share]"
    choice = click.Choice([*KINDS, "thumbnail", "share"])
    return click.option("--kind", "kinds", type=choice, multiple=True, callback=of, help=text)(command)


@attrs.frozen(kw_only=True)
class ProjectDownload:
    """The result of downloading one project.

    Attributes:
        project_id: The project, as it was given.
        name: The project's name.
        report: The result for each file; ``None`` if the project could not be fetched.
        error: Why something is missing.
        is_outdated: Whether the video is outdated; ``None`` if that is not known.
    """

    project_id: ProjectId
    name: str | None = None
    report: DownloadReport | None = None
    error: Exception | None = None
    is_outdated: bool | None = None

    @property
    def written(self) -> list[int]:
        """The sizes of the files that were written, in bytes."""
        files = () if self.report is None else self.report.files
        return [file.size for file in files if file.status is DownloadStatus.WRITTEN]

    @property
    def summary(self) -> str:
        """What was written: ``5 files, 1.2 MB``."""
        count = len(self.written)
        return f"{counted(count, 'file')}, {as_size(sum(self.written))}"

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain JSON values."""
        report: dict[str, Any] = {"project_id": self.project_id, "share_url": None, "files": []}
        return {
            **(report if self.report is None else self.report.to_dict()),
            "is_outdated": self.is_outdated,
            "error": None if self.error is None else in_command_words(str(self.error)),
        }


@attrs.define(kw_only=True)
class Downloads:
    """Downloads the files of projects.

    Attributes:
        directory: The target directory.
        kinds: The kinds of files to download.
        filing: How files are called, and what to do with those that already exist.
        ages: Remembers what is downloaded, and refuses old videos on request.
        on_done: Called with the result of each project.
        done: The results so far.
        seconds: The time from the start of the first download to the end of the latest one.
        stopped: The error that awaits all other downloads too, such as a full disk; they are not tried any more.
    """

    directory: Path
    kinds: tuple[Kind, ...] = KINDS
    filing: Filing = attrs.field(factory=Filing)
    ages: Ages = attrs.field(factory=Ages)
    on_done: Callable[[ProjectDownload], None] = lambda _: None
    done: list[ProjectDownload] = attrs.field(factory=list[ProjectDownload], init=False)
    seconds: float = attrs.field(default=0.0, init=False)
    stopped: Exception | None = attrs.field(default=None, init=False)
    _began: float | None = attrs.field(default=None, init=False)
    _bars: DownloadBars = attrs.field(factory=DownloadBars, init=False)
    _bytes: dict[tuple[ProjectId, str], int] = attrs.field(factory=dict[tuple[ProjectId, str], int], init=False)
    _slots: anyio.Semaphore = attrs.field(factory=lambda: anyio.Semaphore(AT_ONCE), init=False)

    async def download(self, client: AsyncPictory, wanted: Project | ProjectId) -> ProjectDownload:
        """Download the files of a project as soon as a slot is free. Never raises: see `ProjectDownload.error`."""
        began = self._began = anyio.current_time() if self._began is None else self._began
        async with self._slots:
            result = await self._download(client, wanted)
        self.seconds = anyio.current_time() - began
        if self.stopped is None and result.error is not None and ends_all(result.error):
            self.stopped = result.error
        self._bars.drop(result.project_id)
        self.done.append(result)
        self.on_done(result)
        night().download(result.project_id, result.name, result.report, result.error)
        return result

    async def _download(self, client: AsyncPictory, wanted: Project | ProjectId) -> ProjectDownload:
        project_id = wanted.id if isinstance(wanted, Project) else wanted
        if self.stopped is not None:
            return ProjectDownload(project_id=project_id, error=self.stopped)
        name: str | None = None
        try:
            project = wanted if isinstance(wanted, Project) else await client.projects.get(wanted)
            name = project.name
            refusal = None if project is wanted else await self.ages.see(client, project)
            if refusal is not None:
                return ProjectDownload(project_id=project_id, name=name, error=refusal, is_outdated=refusal.is_outdated)
            report = await client.projects.download(
                project,
                self.directory,
                kinds=self.kinds,
                ledger=await self.ages.ledger(),
                on_progress=lambda progress: self._on_progress(progress, name),
                **self.filing.settings(project_id),
            )
        except Exception as error:  # noqa: BLE001 - one failure must not end the others
            found = error.report if isinstance(error, DownloadError) else None
            return ProjectDownload(
                project_id=project_id,
                name=name,
                report=found,
                error=error,
                is_outdated=self.ages.known.get(str(project_id)),
            )
        absent = all(file.status is DownloadStatus.ABSENT for file in report.files)
        missing = _no_video(project) if absent and not project.video_url else None
        return ProjectDownload(
            project_id=project_id,
            name=name,
            report=report,
            error=missing,
            is_outdated=self.ages.known.get(str(project_id)),
        )

    def _on_progress(self, progress: DownloadProgress, name: str | None) -> None:
        self._bars.take(progress, name)
        self._bytes[progress.project_id, progress.kind] = progress.done

    def bars(self) -> list[Bar]:
        """Return the bars of the projects that are being downloaded."""
        return self._bars.bars()

    @property
    def bytes(self) -> int:
        """The number of bytes on disk, including those of earlier attempts."""
        return sum(self._bytes.values())

    @property
    def failed(self) -> bool:
        """Whether something could not be downloaded."""
        return any(one.error is not None for one in self.done)

    @property
    def summary(self) -> str:
        """What was written in all; empty for nothing."""
        count = sum(len(one.written) for one in self.done)
        total = sum(sum(one.written) for one in self.done)
        return f"{counted(count, 'file')} ({as_size(total)}) written to {self.directory}" if count else ""


def _no_video(project: Project) -> NotRenderedError:
    if project.is_rendering:
        advice = "It is being rendered: 'pictory wait ID --download DIR' waits for it."
    else:
        advice = "Render it first: 'pictory render ID'."
    return NotRenderedError(f"Project {str(project.id)!r} has no video. {advice}")
