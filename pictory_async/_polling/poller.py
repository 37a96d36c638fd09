"""The render poller: what users hold while they watch many projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import anyio

from pictory_async._polling.broadcast import last_seen
from pictory_async._polling.evidence import UNDATED
from pictory_async._polling.handle import RenderHandle, VideoHandle
from pictory_async._polling.keys import WatchKey
from pictory_async._polling.outcome import OF_JOB
from pictory_async._polling.targets import target_of
from pictory_async._settings.mistakes import AsyncBlock, AsyncItems
from pictory_async._settings.paths import path_segment
from pictory_async._values import brief, resolved
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pictory_async._polling.broadcast import Subscription
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._polling.scheduler import Scheduler
    from pictory_async._polling.targets import After, Wanted
    from pictory_async._polling.watch import Watch
    from pictory_async._statistics import PollerStatistics
    from pictory_async.models import Job, Project, ProjectId

_NOT_ENTERED: Final = "This watch is not running. Use it inside its 'async with' block."
_NO_OUTCOMES: Final = (
    "This watch is not running, so it has no outcomes. Iterate over it inside its block: "
    "'async with client.projects.watch(ids) as watch: async for outcome in watch: ...'."
)


class RenderPoller(AsyncBlock, AsyncItems):
    """Watches projects and yields their outcomes in the order in which they end.

    ``client.projects.watch`` makes one. Use it as an async context manager and iterate over it inside the block.
    Leaving the block ends all watches that are still open, and their requests. Several iterations over it split the
    outcomes; with `subscribe`, everybody gets everything.

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

    def add(self, wanted: Wanted, *, after: After = None) -> WatchKey:
        """Watch one more project, from now on. Sends nothing itself and returns at once.

        A project that this poller already watches is not watched twice; one whose outcome is known is watched anew.

        Args:
            wanted: The project's id, text (schema v3) or an integer (v2 and older); or the handle that
                ``client.projects.render`` or ``client.videos.render`` returned, with which the job shows progress and
                failure.
            after: A snapshot taken before the render, or a time of the server's: only a newer video counts. ``None``
                if any video counts. A `RenderHandle` has its own.

        Returns:
            The key of the watch, for `remove` and `snapshot`.

        Raises:
            PictoryConfigError: ``after`` or the id cannot be used, or the poller is not running, or closed.
        """
        self._check_running()
        return WatchKey(self._scheduler.add(target_of(wanted, after)))

    def remove(self, which: WatchKey | Wanted) -> bool:
        """Stop watching; there will be no outcome. An outcome that was not yielded yet is dropped.

        Args:
            which: A key, the handle that was added, or the id of a project or of a job, or what `pending` calls it, for
                all watches of that.

        Returns:
            Whether there was such a watch.

        Raises:
            PictoryConfigError: It is none of these.
        """
        found = self._find(which)
        for watch in found:
            self._scheduler.remove(watch)
        return bool(found)

    def hint(self, which: WatchKey | Wanted) -> bool:
        """Say that something may have happened to what is watched, such as that a webhook named it.

        It sends nothing itself. That project or job is polled next, once, within the request budget.
        Nothing is believed because of a hint. However many hints come, every second poll is of the one that has waited
        longest. While all polls fail, hints are kept, and used when the API responds again.

        Call it in the thread of the event loop. From another one, use ``loop.call_soon_threadsafe(watch.hint, id)``, or
        ``anyio.from_thread.run_sync(watch.hint, id)`` in a worker thread of anyio.

        Args:
            which: As in `remove`. What is not watched is ignored.

        Returns:
            Whether it is watched.

        Raises:
            PictoryConfigError: It is none of these, or it was called in another thread; nothing has changed.
        """
        self._scheduler.check_thread()
        found = [watch for watch in self._find(which, self._scheduler.watches_of) if watch.open]
        for watch in found:
            self._scheduler.hint(watch)
        return bool(found)

    def snapshot(self, which: WatchKey | Wanted) -> Project | Job | None:
        """What a watch saw last, without a request.

        With ``keep_open``, an ended project is remembered until it is removed, or ``history`` others have ended.

        Args:
            which: As in `remove`; of several watches of one project, the newest one that saw something counts.

        Returns:
            The project; the job while that is polled, or if nothing else was seen; ``None`` if nothing was seen, or
            there is no such watch.

        Raises:
            PictoryConfigError: It is none of these.
        """
        for watch in reversed(self._find(which)):
            seen = None if watch.open and watch.asks_job else resolved(last_seen(watch))
            if seen is not None or watch.job is not None:
                return cast("Project | Job", watch.job if seen is None else seen)
        return None

    def subscribe(self) -> Subscription:
        """Tell all that happens, to each subscriber on its own: for the tabs of a dashboard, or a message queue.

        Example::

            async for event in watch.subscribe():
                await websocket.send_json(event.to_dict())

        Returns:
            An async iterator of `WatchEvent`. It begins with the present state, and ends with the watch. It holds at
            most one event of each project, the newest. Dropping it ends the subscription.

        Raises:
            PictoryConfigError: The poller is not running, or closed.
        """
        self._check_running()
        return self._scheduler.subscribe()

    def close(self) -> None:
        """End all watches without outcomes. Iterations end after what was not yielded yet, and subscriptions too.

        A watch that was made with ``keep_open`` goes on until then. Leaving the block closes it too.
        """
        self._scheduler.close()

    def _check_running(self) -> None:
        if not self._scheduler.running:
            raise PictoryConfigError("This watch is closed." if self._scheduler.entered else _NOT_ENTERED)

    def _find(self, which: WatchKey | Wanted, named: Callable[[str], list[Watch]] | None = None) -> list[Watch]:
        """The watches that are meant, by default those that have ended first."""
        watches_of = named or self._named
        if isinstance(which, WatchKey):
            watch = which.watch()
            return [] if watch is None or not self._scheduler.has(watch) else [watch]
        if isinstance(which, (RenderHandle, VideoHandle)):
            project_id = which.project_id if isinstance(which, RenderHandle) else None
            return [one for one in watches_of(str(which.job_id or project_id)) if one.handle == which]
        if not isinstance(which, (str, int)) or isinstance(which, bool):
            text = f"This takes a key of this watch, a handle, or the id of a project or a job, not {brief(which)}."
            raise PictoryConfigError(text)
        text = str(which)
        found = watches_of(text)
        if text.startswith(OF_JOB):
            found += [one for one in watches_of(text.removeprefix(OF_JOB)) if one.project_id is None]
        return found

    def _named(self, project_or_job: str) -> list[Watch]:
        path_segment("project", project_or_job)
        return [*self._scheduler.ended_of(project_or_job), *self._scheduler.watches_of(project_or_job)]

    def __aiter__(self) -> Self:
        if not self._scheduler.entered or self._scheduler.left:
            raise PictoryConfigError(_NO_OUTCOMES)
        self._scheduler.keep_news()
        return self

    async def __anext__(self) -> RenderOutcome[Project]:
        if not self._scheduler.entered:
            raise PictoryConfigError(_NO_OUTCOMES)
        await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`
        watch = await self._scheduler.next_news()
        if watch is None:
            raise StopAsyncIteration
        return cast("RenderOutcome[Project]", watch.outcome)

    @property
    def progress(self) -> dict[ProjectId, float]:
        """How much is rendered, in percent, of what is pending and whose job is known and shows it; by their keys."""
        return {
            watch.key: watch.job.progress
            for watch in self._scheduler.pending
            if watch.job is not None and watch.job.progress is not None
        }

    @property
    def pending(self) -> tuple[ProjectId, ...]:
        """The projects whose outcome is still to come, and ``job:ID`` for a video without a project."""
        return tuple(watch.key for watch in self._scheduler.pending)

    def handles(self) -> tuple[RenderHandle | VideoHandle, ...]:
        """What is pending, as handles that another wait can use: store them when your program ends early.

        Requested renders that have ended, but whose outcomes were not yielded yet, are among them.

        After `close`, and after the block, this is what was pending then.

        A project that is watched by its id gets a handle without a job. Its ``generated_before`` is the date given as
        ``after``, or else that of the video which the project showed last: the next wait does not return that one.
        """
        scheduler = self._scheduler
        return tuple(_handle(watch) for watch in (*scheduler.pending, *scheduler.unfinished, *scheduler.unread()))

    def statistics(self) -> PollerStatistics:
        """What the poller did so far."""
        return self._scheduler.statistics()


def _handle(watch: Watch) -> RenderHandle | VideoHandle:
    if watch.handle is not None:
        return watch.handle
    project, before = resolved(watch.project()), watch.after
    if before is None and project is not None and project.video_url:
        before = project.generated_at or UNDATED
    return RenderHandle(project_id=cast("ProjectId", watch.project_id), generated_before=before)
