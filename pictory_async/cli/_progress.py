"""Progress of commands that print each result as it comes: a line now and then, on standard error."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio

from pictory_async.cli.display.pace import LINE_EVERY, Lines
from pictory_async.cli.display.text import echo_progress, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ["telling"]


@contextlib.asynccontextmanager
async def telling(
    line: Callable[[], str], printed: Callable[[], int], share: Callable[[], float] | None = None
) -> AsyncGenerator[None]:
    """Print the progress of a block now and then.

    Args:
        line: Makes the line.
        printed: Returns how many results are printed. On a terminal, they are the progress.
        share: Returns how much of the work is done, from 0 to 1; ``None`` if that is not known.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tell, line, printed, Lines(share))
        yield
        tasks.cancel_scope.cancel()


async def _tell(line: Callable[[], str], printed: Callable[[], int], lines: Lines) -> None:
    while True:
        before = printed()
        await anyio.sleep(LINE_EVERY)
        if (printed() == before or not out_is_terminal()) and lines.due(anyio.current_time()):
            echo_progress(line())
