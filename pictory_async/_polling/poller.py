"""The render poller: what users hold while they watch many projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import anyio

from pictory_async._polling.evidence import UNDATED
from pictory_async._polling.handle import RenderHandle
from pictory_async._polling.targets import target_of
from pictory_async._values import resolved
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._polling.scheduler import Scheduler
    from pictory_async._polling.targets import After
    from pictory_async._polling.watch import Watch
    from pictory_async._statistics import PollerStatistics
    from pictory_async.models import ProjectId

_NO_OUTCOMES: Final = (
    "This watch is not running, so it has no outcomes. Iterate over it inside its block: "
    "'async with client.projects.watch(ids) as watch: async for outcome in watch: ...'."
)


class RenderPoller:
    """Watches projects and yields their outcomes in the order in which they end.

    ``client.projects.watch`` makes one. Use it as an async context manager and iterate over it inside the block.
    Leaving the block ends all watches that are still open, and their requests.

    One failing project never stops the others: whatever happens to it becomes its `RenderOutcome`.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    async def __aenter__(self) -> Self:
        if self._scheduler.entered:
            raise PictoryConfigError("This watch was used before. Make a new one with client.projects.watch().")
        await self._scheduler.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._scheduler.__aexit__(kind, error, trace)

    def add(self, wanted: ProjectId | RenderHandle, *, after: After = None) -> None:
        """Watch one more project, from now on. Sends nothing itself and returns at once.

        A project that this poller already watches is not watched twice; one whose outcome was yielded is watched anew.

        Args:
            wanted: The project's id, text (schema v3) or an integer (v2 and older); or the handle that
                ``client.projects.render`` returned, with which the job shows progress and failure.
            after: A snapshot taken before the render, or a time of the server's: only a newer video counts. ``None``
                if any video counts. A `RenderHandle` has its own.

        Raises:
            PictoryConfigError: ``after`` or the id cannot be used, or the poller is not running.
        """
        if not self._scheduler.running:
            raise PictoryConfigError("This watch is not running. Add projects inside its 'async with' block.")
        self._scheduler.add(target_of(wanted, after))

    def __aiter__(self) -> Self:
        if not self._scheduler.running:
            raise PictoryConfigError(_NO_OUTCOMES)
        return self

    async def __anext__(self) -> RenderOutcome:
        if not self._scheduler.entered:
            raise PictoryConfigError(_NO_OUTCOMES)
        await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`
        watch = await self._scheduler.next_news()
        if watch is None:
            raise StopAsyncIteration
        return cast("RenderOutcome", watch.outcome)

    @property
    def progress(self) -> dict[ProjectId, float]:
        """How much is rendered, in percent, of the pending projects whose job is known and shows it."""
        return {
            cast("ProjectId", watch.project_id): watch.job.progress
            for watch in self._scheduler.pending
            if watch.job is not None and watch.job.progress is not None
        }

    @property
    def pending(self) -> tuple[ProjectId, ...]:
        """The projects whose outcome is still to come."""
        return tuple(cast("ProjectId", watch.project_id) for watch in self._scheduler.pending)

    def handles(self) -> tuple[RenderHandle, ...]:
        """What is pending, as handles that another wait can use: store them when your program ends early.

        A project that is watched by its id gets a handle without a job. Its ``generated_before`` is the date given as
        ``after``, or else that of the video which the project showed last: the next wait does not return that one.
        """
        return tuple(_handle(watch) for watch in self._scheduler.pending)

    def statistics(self) -> PollerStatistics:
        """What the poller did so far."""
        return self._scheduler.statistics()


def _handle(watch: Watch) -> RenderHandle:
    if watch.handle is not None:
        return watch.handle
    project, before = resolved(watch.project()), watch.after
    if before is None and project is not None and project.video_url:
        before = project.generated_at or UNDATED
    return RenderHandle(project_id=cast("ProjectId", watch.project_id), generated_before=before)
