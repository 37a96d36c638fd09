"""The downloads of a command: several projects at once, how far their files are, and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import anyio
import attrs
import click

from pictory_async import DownloadProgress, DownloadReport, DownloadStatus, Project, ProjectId
from pictory_async.cli.display.bars import Bar
from pictory_async.cli.display.text import size
from pictory_async.errors import DownloadError

if TYPE_CHECKING:
    from pictory_async import AsyncPictory
    from pictory_async.cli._options import Decorator

__all__ = ["KINDS", "Conflict", "Downloads", "Saved", "directory_option"]

Conflict = Literal["rename", "skip", "overwrite"]
KINDS: Final = ("video", "audio", "srt", "vtt", "txt")

_AT_ONCE: Final = 4  # projects: each has several files open, and the client fetches only a few at once anyway


def directory_option(name: str, text: str, default: str | None = None) -> Decorator:
    """Make an option for a directory that need not be there yet."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option(name, "directory", type=kind, default=default, metavar="DIR", help=text)


@attrs.frozen(kw_only=True)
class Saved:
    """What became of the files of one project.

    Attributes:
        project_id: The project, as it was given.
        name: The project's name.
        report: What became of each file; ``None`` where the project could not be fetched.
        error: Why something is missing.
    """

    project_id: ProjectId
    name: str | None = None
    report: DownloadReport | None = None
    error: Exception | None = None

    @property
    def written(self) -> list[int]:
        """The sizes of the files that were written, in bytes."""
        files = () if self.report is None else self.report.files
        return [file.size for file in files if file.status is DownloadStatus.WRITTEN]

    @property
    def summary(self) -> str:
        """The same for a person: ``5 files, 1.2 MB``."""
        count = len(self.written)
        return f"{count} {'file' if count == 1 else 'files'}, {size(sum(self.written))}"


@attrs.define
class _Moving:
    """A file that is being downloaded."""

    name: str
    began: float
    before: int
    at: float
    done: int
    total: int | None

    def bar(self) -> Bar:
        speed = (self.done - self.before) / max(self.at - self.began, 0.1)
        of = f" of {size(self.total)}" if self.total is not None else ""
        return Bar(self.name, self.done, self.total, f"{size(self.done)}{of}, {size(speed)}/s")


@attrs.define(kw_only=True)
class Downloads:
    """Downloads the files of projects.

    Attributes:
        directory: Where to put them.
        kinds: Which ones.
        on_conflict: What to do about files of the same names.
        note: Called with what became of each project's files.
        saved: What became of all of them so far.
        seconds: How long all of it took.
    """

    directory: Path
    kinds: tuple[str, ...] = KINDS
    on_conflict: Conflict = "rename"
    note: Callable[[Saved], None] = lambda _: None
    saved: list[Saved] = attrs.field(factory=list[Saved], init=False)
    seconds: float = attrs.field(default=0.0, init=False)
    _moving: dict[tuple[ProjectId, str], _Moving] = attrs.field(
        factory=dict[tuple[ProjectId, str], _Moving], init=False
    )
    _bytes: dict[tuple[ProjectId, str], int] = attrs.field(factory=dict[tuple[ProjectId, str], int], init=False)
    _places: anyio.Semaphore = attrs.field(factory=lambda: anyio.Semaphore(_AT_ONCE), init=False)

    async def save(self, client: AsyncPictory, wanted: Project | ProjectId) -> None:
        """Download the files of a project when it is its turn. Never raises: see `Saved`."""
        async with self._places:
            saved = await self._save(client, wanted)
        self._moving = {key: moving for key, moving in self._moving.items() if key[0] != saved.project_id}
        self.saved.append(saved)
        self.note(saved)

    async def _save(self, client: AsyncPictory, wanted: Project | ProjectId) -> Saved:
        project_id = wanted.id if isinstance(wanted, Project) else wanted
        name: str | None = None
        try:
            project = wanted if isinstance(wanted, Project) else await client.projects.get(wanted)
            name = project.name
            report = await client.projects.download(
                project,
                self.directory,
                kinds=self.kinds,
                on_conflict=self.on_conflict,
                on_progress=lambda progress: self._progressed(progress, name),
            )
        except Exception as error:  # noqa: BLE001 - one failure must not end the others
            found = error.report if isinstance(error, DownloadError) else None
            return Saved(project_id=project_id, name=name, report=found, error=error)
        return Saved(project_id=project_id, name=name, report=report)

    def _progressed(self, progress: DownloadProgress, name: str | None) -> None:
        key, now = (progress.project_id, progress.kind), anyio.current_time()
        moving = self._moving.get(key)
        if moving is None:
            title = f"{name or progress.project_id} ({progress.kind})"
            moving = self._moving[key] = _Moving(title, now, progress.done, now, progress.done, progress.total)
        moving.at, moving.done, moving.total = now, progress.done, progress.total
        self._bytes[key] = progress.done
        if progress.done == progress.total:
            del self._moving[key]

    def bars(self) -> list[Bar]:
        """The bars of the files that are on their way."""
        return [moving.bar() for moving in self._moving.values()]

    @property
    def bytes(self) -> int:
        """How much there is by now, in bytes, what earlier attempts left included."""
        return sum(self._bytes.values())

    @property
    def failed(self) -> bool:
        """Whether something could not be had."""
        return any(saved.error is not None for saved in self.saved)

    @property
    def summary(self) -> str:
        """What was written, for a person."""
        count = sum(len(saved.written) for saved in self.saved)
        total = sum(sum(saved.written) for saved in self.saved)
        return f"{count} {'file' if count == 1 else 'files'} ({size(total)}) written to {self.directory}"
