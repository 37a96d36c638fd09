"""The bars of renders and of downloads: one for each project or video."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
import attrs

from pictory_async import DownloadProgress, ProjectId
from pictory_async.cli.display.bars import MOST_BARS, Bar
from pictory_async.cli.display.text import as_size

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from pictory_async import BatchProgress

__all__ = ["BatchBars", "DownloadBars", "render_bars"]


def render_bars(rendering: Mapping[ProjectId, float | None], name: Callable[[ProjectId], str | None]) -> list[Bar]:
    """Return the bars of the renders whose progress is known, the most advanced ones first.

    Args:
        rendering: What is rendered, and how much of it is done, in percent.
        name: Returns what a project or a video is called, if that is known. It is called for each bar.
    """
    known = [(one, percent) for one, percent in rendering.items() if percent is not None]
    known.sort(key=lambda item: -item[1])
    return [Bar(name(one) or str(one), percent, 100.0, f"{percent:.0f} %") for one, percent in known[:MOST_BARS]]


@attrs.define
class _Transfer:
    """What is downloaded of one project or video.

    Attributes:
        name: What it is called.
        began: When the first bytes arrived.
        now: When the last bytes arrived.
        first: How many bytes were there when a file was seen first, by the kind of file.
        files: The files, by kind.
    """

    name: str
    began: float
    now: float
    first: dict[str, int] = attrs.field(factory=dict[str, int], init=False)
    files: dict[str, DownloadProgress] = attrs.field(factory=dict[str, DownloadProgress], init=False)

    def bar(self) -> Bar:
        done = sum(file.done for file in self.files.values())
        totals = [file.total for file in self.files.values() if file.total is not None]
        total = sum(totals) if len(totals) == len(self.files) else None
        of = "" if total is None else f" of {as_size(total)}"
        # What was there when the file was seen first does not count for the speed.
        came = done - sum(self.first.values())
        speed = f", {as_size(came / max(self.now - self.began, 0.1))}/s" if came else ""
        return Bar(self.name, done, total, f"{as_size(done)}{of}{speed}")


@attrs.define
class DownloadBars:
    """The bars of what is being downloaded. All files of a project or video have one bar together."""

    _transfers: dict[str, _Transfer] = attrs.field(factory=dict[str, _Transfer], init=False)

    def take(self, file: DownloadProgress, name: str | None) -> None:
        """Take in how much of a file is there.

        Args:
            file: The file.
            name: What its project or video is called, if that is known.
        """
        one, now = str(file.project_id), anyio.current_time()
        transfer = self._transfers.setdefault(one, _Transfer(name or one, now, now))
        transfer.now = now
        transfer.first.setdefault(file.kind, file.done)
        transfer.files[file.kind] = file

    def drop(self, one: ProjectId) -> None:
        """Take in that a project or video is not being downloaded any more."""
        self._transfers.pop(str(one), None)

    def keep(self, under_way: Container[str]) -> None:
        """Drop all others than these."""
        self._transfers = {one: transfer for one, transfer in self._transfers.items() if one in under_way}

    def bars(self) -> list[Bar]:
        """Return the bars, those first that began first."""
        return [transfer.bar() for transfer in self._transfers.values()]


@attrs.define
class BatchBars:
    """The bars of a batch.

    Attributes:
        name: Returns what a project or a video is called, if that is known.
    """

    name: Callable[[ProjectId], str | None]
    _downloads: DownloadBars = attrs.field(factory=DownloadBars, init=False)

    def bars(self, progress: BatchProgress) -> list[Bar]:
        """Return the bars of what is downloaded now, and then of the renders."""
        for file in progress.downloading:
            self._downloads.take(file, self.name(file.project_id))
        self._downloads.keep({str(file.project_id) for file in progress.downloading})
        return self._downloads.bars()[:MOST_BARS] + render_bars(progress.rendering, self.name)
