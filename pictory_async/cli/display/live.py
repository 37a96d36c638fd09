"""Showing on standard error what goes on: drawn again and again on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio
import click
from rich.console import Console
from rich.live import Live

from pictory_async.cli.display.text import err_is_terminal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from rich.console import RenderableType

    Frame = Callable[[int], RenderableType]

__all__ = ["Canvas", "showing"]

_LINE_EVERY = 5.0
_FRAME_EVERY = 0.125


class Canvas:
    """Where one frame replaces another; leaves nothing behind when it is closed.

    Args:
        frame: Makes a frame for a terminal with so many lines.
        console: Where to draw; standard error when not given.
    """

    def __init__(self, frame: Frame, console: Console | None = None) -> None:
        self._frame = frame
        self._console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)
        # No thread of its own: a task of the command decides when to draw.
        self._live = Live(frame(self._console.height), console=self._console, auto_refresh=False, transient=True)
        self._live.start(refresh=True)

    def draw(self) -> None:
        """Draw a frame."""
        self._live.update(self._frame(self._console.height), refresh=True)

    def close(self) -> None:
        """Take the frame away, and give the cursor back."""
        self._live.stop()


@contextlib.asynccontextmanager
async def showing(frame: Frame, line: Callable[[], str], *, live: bool = True) -> AsyncGenerator[None]:
    """Show what goes on while a block runs.

    Args:
        frame: Makes a frame for a terminal with so many lines.
        line: Makes a line for where nothing can be drawn; one is printed every few seconds.
        live: Whether frames may be drawn at all; not where other lines are printed meanwhile.
    """
    canvas = Canvas(frame) if live and err_is_terminal() else None
    try:
        async with anyio.create_task_group() as tasks:
            if canvas is not None:
                tasks.start_soon(_keep_drawing, canvas)
            else:
                tasks.start_soon(_keep_saying, line)
            yield
            tasks.cancel_scope.cancel()
    finally:
        if canvas is not None:
            canvas.close()


async def _keep_drawing(canvas: Canvas) -> None:
    while True:
        await anyio.sleep(_FRAME_EVERY)
        canvas.draw()


async def _keep_saying(line: Callable[[], str]) -> None:
    while True:
        await anyio.sleep(_LINE_EVERY)
        click.echo(line(), err=True)
