"""Show progress on standard error: redrawn in place on a terminal, otherwise a line now and then."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import anyio
import attrs
from rich.console import Console, RenderableType
from rich.live import Live

from pictory_async.cli._given import given
from pictory_async.cli.display.pace import LINE_EVERY, Lines
from pictory_async.cli.display.text import can_draw, echo_progress, quiet_if_gone

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from rich.console import ConsoleOptions, RenderResult

    Frame = Callable[[int], RenderableType]

__all__ = ["Canvas", "live_display"]

_FRAME_EVERY = 0.125
_TYPED = len("^C^C")


@attrs.frozen
class _Narrower:
    """A frame with room at its right for what the terminal shows of Ctrl-C: in a full line, it would begin a new one.

    Then the frame is a line higher than what is removed, and its title would stay above what is printed next.
    """

    frame: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self.frame, options.update_width(max(1, options.max_width - _TYPED)))


class Canvas:
    """An area of the terminal in which each frame replaces the previous one. Closing it leaves nothing behind.

    Args:
        frame: Makes a frame for the given height of the terminal, in lines.
        console: Where to draw. The default is standard error.
    """

    def __init__(self, frame: Frame, console: Console | None = None) -> None:
        self._frame = frame
        self._console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)
        # No refresh thread: a task of the command decides when to draw.
        self._live = Live(self._next(), console=self._console, auto_refresh=False, transient=True)
        self._live.start(refresh=True)

    def draw(self) -> None:
        """Draw a frame."""
        with quiet_if_gone("stderr"):
            self._live.update(self._next(), refresh=True)

    def _next(self) -> _Narrower:
        return _Narrower(self._frame(self._console.height))

    def close(self) -> None:
        """Remove the frame, and show the cursor again."""
        with quiet_if_gone("stderr"):
            self._live.stop()


@contextlib.asynccontextmanager
async def live_display(
    frame: Frame, line: Callable[[], str], *, live: bool = True, share: Callable[[], float] | None = None
) -> AsyncGenerator[None]:
    """Show progress while a block runs.

    Args:
        frame: Makes a frame for the given height of the terminal, in lines.
        line: Makes a line, which is printed now and then if frames cannot be drawn.
        live: Whether frames may be drawn. They must not be if the block prints lines itself.
        share: Returns how much of the work is done, from 0 to 1; ``None`` if that is not known.
    """
    canvas = Canvas(frame) if live and can_draw() and not given("quiet") else None
    try:
        async with anyio.create_task_group() as tasks:
            if canvas is not None:
                tasks.start_soon(_keep_drawing, canvas)
            else:
                tasks.start_soon(_keep_printing, line, Lines(share))
            yield
            tasks.cancel_scope.cancel()  # ends the drawing, not the block: that is done
    finally:
        if canvas is not None:
            canvas.close()


async def _keep_drawing(canvas: Canvas) -> None:
    while True:
        await anyio.sleep(_FRAME_EVERY)
        canvas.draw()


async def _keep_printing(line: Callable[[], str], lines: Lines) -> None:
    while True:
        await anyio.sleep(LINE_EVERY)
        if lines.due(anyio.current_time()):
            echo_progress(line())
