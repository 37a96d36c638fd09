"""Follow a wait to its end, and show its progress on standard error."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from pictory_async import AsyncPictory, ProjectId, RateLimiter, RenderHandle, RenderOutcome, RenderStatus
from pictory_async.cli._bar_names import BarNames
from pictory_async.cli._forecast import Forecast
from pictory_async.cli._stalled import stalled_error, stopping_when_stalled
from pictory_async.cli._tally import Meter, Pace, Tally, key_of, project_of
from pictory_async.cli.display.bars import Bar
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import as_duration, as_estimate, can_draw
from pictory_async.cli.display.view import View

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from pictory_async import RenderPoller

__all__ = ["Follower", "progress_line"]


@attrs.define(kw_only=True)
class Follower:
    """Collects the outcomes of a watch, and shows its progress.

    Attributes:
        title: The title of the live view.
        tally: The results. They can be read at any time, also after Ctrl-C.
        limiter: The request budget.
        on_outcome: Called with each outcome.
        after_outcome: Called with each outcome, in its own task. The watch is over when all these tasks are done.
        downloading: Returns the bars of the downloads.
        live: Whether to draw the live view. It must not be drawn if ``on_outcome`` prints.
        rendering_since: Takes in when each project was first seen rendering, in seconds since the wait began, by the
            text of the key of its outcome; ``None`` to find it out.
        names: Finds the names of what has bars.
    """

    title: str
    tally: Tally
    limiter: RateLimiter
    on_outcome: Callable[[RenderOutcome], None]
    after_outcome: Callable[[AsyncPictory, RenderOutcome], Coroutine[Any, Any, None]] | None = None
    downloading: Callable[[], Sequence[Bar]] = list
    live: bool = True
    rendering_since: dict[str, float] | None = None
    names: BarNames = attrs.field(factory=BarNames)
    _began: float = attrs.field(default=0.0, init=False)
    _meter: Meter = attrs.field(init=False)
    _forecast: Forecast = attrs.field(factory=Forecast, init=False)

    def __attrs_post_init__(self) -> None:
        self._meter = Meter(self.limiter.per)

    async def follow(self, client: AsyncPictory, watch: RenderPoller) -> None:
        """Collect outcomes until the watch ends."""
        self._began = anyio.current_time()

        def frame(height: int) -> View:
            return View(
                title=self.title,
                tally=self.tally,
                pace=self._measure(client, watch),
                limiter=self.limiter,
                height=height,
                rendering=self.names.bars(self._forecast.progress),
                downloading=self.downloading(),
                forecast=self._forecast,
            )

        def line() -> str:
            return progress_line(self.tally, self._measure(client, watch), self._forecast.seconds_left)

        def share() -> float:
            return self.tally.done / max(1, self.tally.total)

        try:
            async with (
                live_display(frame, line, live=self.live, share=share),
                anyio.create_task_group() as tasks,
                anyio.create_task_group() as names,
            ):
                async with stopping_when_stalled(lambda: self._moved(watch)) as stalled:
                    if self.live and can_draw():
                        names.start_soon(self.names.keep_fetching, client)
                    if self.rendering_since is not None:
                        names.start_soon(self._note_renders, watch, self.rendering_since)
                    async for outcome in watch:
                        self._take(client, outcome, tasks)
                names.cancel_scope.cancel()
                self._give_up(client, watch, tasks, stalled=stalled())
        finally:
            self._measure(client, watch)  # the report after Ctrl-C has the final numbers too

    async def _note_renders(self, watch: RenderPoller, since: dict[str, float]) -> None:
        async for event in watch.subscribe():
            if event.is_rendering and event.project_id is not None:
                since.setdefault(str(event.project_id), anyio.current_time() - self._began)

    def _take(self, client: AsyncPictory, outcome: RenderOutcome, tasks: TaskGroup) -> None:
        self.tally.add(outcome)
        self.on_outcome(outcome)
        if self.after_outcome is not None:
            tasks.start_soon(self.after_outcome, client, outcome)

    @property
    def _pending(self) -> list[ProjectId | RenderHandle]:
        return [one for one in self.tally.wanted if key_of(one) not in self.tally.outcomes]

    def _moved(self, watch: RenderPoller) -> object:
        return self.tally.done, watch.progress, [(bar.name, bar.done) for bar in self.downloading()]

    def _give_up(self, client: AsyncPictory, watch: RenderPoller, tasks: TaskGroup, *, stalled: bool) -> None:
        """End what is pending as timed out, if nothing changes any more."""
        self._measure(client, watch)
        for one in self._pending if stalled else ():
            error = stalled_error(project_of(one), self.tally.seconds)
            outcome: RenderOutcome = RenderOutcome(
                project_id=project_of(one),
                status=RenderStatus.TIMED_OUT,
                job_id=one.job_id if isinstance(one, RenderHandle) else None,
                waited=self.tally.seconds,
                error=error,
            )
            self._take(client, outcome, tasks)

    def _measure(self, client: AsyncPictory, watch: RenderPoller) -> Pace:
        self.tally.seconds = anyio.current_time() - self._began
        self.tally.statistics = statistics = client.statistics()
        self.tally.requests = statistics.transport.requests
        took = (outcome.waited for outcome in self.tally.outcomes.values() if outcome.ok)
        self._forecast.take(self.tally.seconds, watch.progress, self.tally.total - self.tally.done, took)
        return self._meter.read(self.tally.seconds, self.tally.requests)


def progress_line(tally: Tally, pace: Pace, seconds_left: float | None = None) -> str:
    """Return the progress in one line, for logs.

    Args:
        tally: The results so far.
        pace: The current request rate.
        seconds_left: How long it will still take; ``None`` if that is not known.
    """
    return (
        f"{as_duration(tally.seconds)}: {tally.ended_text()}{tally.timed_out_text}"
        f"{'' if seconds_left is None else f', about {as_estimate(seconds_left)} left'}, "
        f"{pace.per_second:.1f} requests/s{'' if tally.outage is None else ', all polls fail'}"
    )
