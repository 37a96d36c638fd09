"""Following a watch to its end, and showing it meanwhile on standard error."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from pictory_async import AsyncPictory, RateLimiter, RenderOutcome
from pictory_async.cli._tally import Meter, Pace, Tally
from pictory_async.cli.display.bars import Bar
from pictory_async.cli.display.live import showing
from pictory_async.cli.display.text import duration
from pictory_async.cli.display.view import View

if TYPE_CHECKING:
    from pictory_async import RenderPoller

__all__ = ["Follower"]


@attrs.define(kw_only=True)
class Follower:
    """Takes the outcomes of a watch, and shows it while it lasts.

    Attributes:
        title: What is watched, for people.
        tally: Filled as outcomes come; it can be read at any time, also after Ctrl-C.
        limiter: The request budget.
        note: Called with each outcome as it comes.
        afterwards: Called with each outcome in a task of its own, and waited for.
        downloading: Gives the bars of what is being downloaded.
        live: Whether the view may redraw itself; not where `note` prints.
    """

    title: str
    tally: Tally
    limiter: RateLimiter
    note: Callable[[RenderOutcome], None]
    afterwards: Callable[[AsyncPictory, RenderOutcome], Coroutine[Any, Any, None]] | None = None
    downloading: Callable[[], Sequence[Bar]] = list
    live: bool = True
    _began: float = attrs.field(default=0.0, init=False)
    _meter: Meter = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._meter = Meter(self.limiter.per)

    async def follow(self, client: AsyncPictory, watch: RenderPoller) -> None:
        """Take outcomes until there are no more to come."""
        self._began = anyio.current_time()

        def frame(height: int) -> View:
            return View(
                title=self.title,
                tally=self.tally,
                pace=self._measure(client),
                limiter=self.limiter,
                height=height,
                rendering=rendering_bars(watch),
                downloading=self.downloading(),
            )

        def line() -> str:
            return line_of(self.tally, self._measure(client))

        try:
            async with showing(frame, line, live=self.live), anyio.create_task_group() as tasks:
                async for outcome in watch:
                    self.tally.add(outcome)
                    self.note(outcome)
                    if self.afterwards is not None:
                        tasks.start_soon(self.afterwards, client, outcome)
        finally:
            self._measure(client)

    def _measure(self, client: AsyncPictory) -> Pace:
        self.tally.seconds = anyio.current_time() - self._began
        self.tally.statistics = statistics = client.statistics()
        self.tally.requests = statistics.transport.requests
        return self._meter.read(self.tally.seconds, self.tally.requests)


def rendering_bars(watch: RenderPoller) -> list[Bar]:
    """The bars of the renders that tell how far they are, those that are nearest to their end first."""
    found = sorted(watch.progress.items(), key=lambda item: -item[1])
    return [Bar(str(project_id), percent, 100.0, f"{percent:.0f} %") for project_id, percent in found]


def line_of(tally: Tally, pace: Pace) -> str:
    """What is known, in one line for logs."""
    return (
        f"{duration(tally.seconds)}: {tally.done} of {tally.total} done ({tally.counts_text}), "
        f"{pace.per_second:.1f} requests/s"
    )
