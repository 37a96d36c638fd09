"""Following a watch to its end, and showing it meanwhile on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import anyio
import attrs
import click

from pictory_async import RateLimiter, RenderOutcome
from pictory_async.cli._live import LiveScreen
from pictory_async.cli._tally import Meter, Pace, Tally
from pictory_async.cli._text import duration

if TYPE_CHECKING:
    from pictory_async import AsyncPictory, RenderPoller

__all__ = ["Follower", "Lines", "Screen"]

_LINE_EVERY = 5.0


class Screen(Protocol):
    """Where a watch is shown.

    Attributes:
        every: Seconds between two pictures.
    """

    every: float

    def show(self, pace: Pace) -> None:
        """Show what is known; ``pace`` is that of the requests."""
        ...

    def close(self) -> None:
        """End the showing, whatever happened."""
        ...


@attrs.define(kw_only=True)
class Follower:
    """Takes the outcomes of a watch, and shows it while it lasts.

    Attributes:
        title: What is watched, for people.
        tally: Filled as outcomes come; it can be read at any time, also after Ctrl-C.
        limiter: The request budget.
        note: Called with each outcome as it comes.
        live: Whether the view may redraw itself; not where `note` prints.
    """

    title: str
    tally: Tally
    limiter: RateLimiter
    note: Callable[[RenderOutcome], None]
    live: bool = True
    _began: float = attrs.field(default=0.0, init=False)
    _meter: Meter = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._meter = Meter(self.limiter.per)

    async def follow(self, client: AsyncPictory, watch: RenderPoller) -> None:
        """Take outcomes until there are no more to come."""
        self._began = anyio.current_time()
        screen = self._screen()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep_showing, client, screen)
                async for outcome in watch:
                    self.tally.add(outcome)
                    self.note(outcome)
                tasks.cancel_scope.cancel()
        finally:
            self._measure(client)
            screen.close()

    def _screen(self) -> Screen:
        if not self.live or not sys.stderr.isatty():
            return Lines(self.tally)
        return LiveScreen(self.title, self.tally, self.limiter)

    async def _keep_showing(self, client: AsyncPictory, screen: Screen) -> None:
        while True:
            await anyio.sleep(screen.every)
            screen.show(self._measure(client))

    def _measure(self, client: AsyncPictory) -> Pace:
        self.tally.seconds = anyio.current_time() - self._began
        self.tally.requests = client.statistics().transport.requests
        return self._meter.read(self.tally.seconds, self.tally.requests)


@attrs.define
class Lines:
    """A line of progress every few seconds, for logs."""

    tally: Tally
    every: float = attrs.field(default=_LINE_EVERY, init=False)

    def show(self, pace: Pace) -> None:
        """Print a line."""
        tally = self.tally
        click.echo(
            f"{duration(tally.seconds)}: {tally.done} of {tally.total} done ({tally.counts_text}), "
            f"{pace.per_second:.1f} requests/s",
            err=True,
        )

    def close(self) -> None:
        """Nothing is left to do."""
