"""The bars of a sync on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async.cli.display.bars import Bar
from pictory_async.cli.display.text import as_size

if TYPE_CHECKING:
    from pictory_async import ProjectSync

__all__ = ["bars_of"]


def bars_of(sync: ProjectSync) -> list[Bar]:
    """Return the bars of the downloads, and of the renders whose progress is known, the most advanced ones first."""
    progress = sync.progress
    found = [
        Bar(f"{file.kind} {file.project_id}", file.done, file.total, as_size(file.done))
        for file in progress.downloading
    ]
    known = [(one, percent) for one, percent in progress.rendering.items() if percent is not None]
    known.sort(key=lambda item: -item[1])
    return found + [Bar(str(one), percent, 100.0, f"{percent:.0f} %") for one, percent in known]
