"""The bars of a batch on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pictory_async.cli.display.bars import Bar
from pictory_async.cli.display.text import as_size, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import BatchProgress, ProjectId

__all__ = ["bars_of"]


def bars_of(progress: BatchProgress, name: Callable[[ProjectId], str | None]) -> list[Bar]:
    """Return the bars of the downloads, and of the renders whose progress is known, the most advanced ones first.

    Args:
        progress: What the batch is doing.
        name: The name of a project or a video, if it is known.
    """

    def named(one: ProjectId) -> str:
        return one_line(name(one) or str(one))

    found = [
        Bar(f"{file.kind} {named(file.project_id)}", file.done, file.total, as_size(file.done))
        for file in progress.downloading
    ]
    known = [(one, percent) for one, percent in progress.rendering.items() if percent is not None]
    known.sort(key=lambda item: -item[1])
    return found + [Bar(named(one), percent, 100.0, f"{percent:.0f} %") for one, percent in known]
