"""Progress of work that prints its results as they come: a line on standard error, if it lasts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import anyio
import click

from pictory_async.cli.display.text import out_is_terminal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

__all__ = ["telling"]

_EVERY: Final = 5.0  # seconds


@contextlib.asynccontextmanager
async def telling(line: Callable[[], str], printed: Callable[[], int]) -> AsyncGenerator[None]:
    """Print the progress of a block every few seconds.

    Args:
        line: Makes the line.
        printed: Returns how many results are printed. On a terminal, they are the progress.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_tell, line, printed)
        yield
        tasks.cancel_scope.cancel()


async def _tell(line: Callable[[], str], printed: Callable[[], int]) -> None:
    while True:
        before = printed()
        await anyio.sleep(_EVERY)
        if printed() == before or not out_is_terminal():
            click.echo(line(), err=True)
