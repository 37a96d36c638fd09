"""The live view on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live

from pictory_async.cli._tally import Pace
from pictory_async.cli._view import View

if TYPE_CHECKING:
    from pictory_async import RateLimiter
    from pictory_async.cli._tally import Tally

__all__ = ["LiveScreen"]


class LiveScreen:
    """Redraws one frame several times a second; leaves nothing behind when it ends.

    Args:
        title: What is watched.
        tally: What is known.
        limiter: The request budget.
        console: Where to draw; standard error when not given.
    """

    every = 0.125

    def __init__(self, title: str, tally: Tally, limiter: RateLimiter, console: Console | None = None) -> None:
        self._title = title
        self._tally = tally
        self._limiter = limiter
        self._console = console or Console(stderr=True, highlight=False, markup=False, emoji=False)
        # No thread of its own: the watch's task group decides when to draw.
        self._live = Live(self._view(Pace()), console=self._console, auto_refresh=False, transient=True)
        self._live.start(refresh=True)

    def show(self, pace: Pace) -> None:
        """Draw a frame."""
        self._live.update(self._view(pace), refresh=True)

    def close(self) -> None:
        """Take the view away, and give the cursor back."""
        self._live.stop()

    def _view(self, pace: Pace) -> View:
        return View(
            title=self._title,
            tally=self._tally,
            pace=pace,
            limiter=self._limiter,
            height=self._console.height,
        )
