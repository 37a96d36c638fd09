"""The calls that wait for projects."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, cast

from pictory_async._polling.handle import RenderHandle
from pictory_async._polling.outcome import RenderOutcomes
from pictory_async._polling.poller import RenderPoller
from pictory_async._polling.scheduler import Scheduler
from pictory_async._polling.schedules import ProgressSchedule
from pictory_async._polling.targets import arriving_targets, target_of, targets_of
from pictory_async._polling.wait import Terms
from pictory_async._settings.durations import optional_seconds, seconds
from pictory_async._settings.mistakes import hinted
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pictory_async._api.freshness import Freshness
    from pictory_async._http.transport import Transport
    from pictory_async._ledger.ledger import Ledger
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._polling.registry import WatchRegistry
    from pictory_async._polling.schedules import PollSchedule
    from pictory_async._polling.targets import After, AfterEach, Target, Wanted
    from pictory_async._polling.watch import Watch
    from pictory_async._settings.durations import Duration
    from pictory_async._statistics import PollerStatistics
    from pictory_async.models import Project, ProjectId


class ProjectWaits:
    """The calls that wait for projects; a part of ``client.projects``."""

    def __init__(self, transport: Transport, registry: WatchRegistry) -> None:
        self._transport = transport
        self._registry = registry

    @hinted
    async def wait(
        self,
        project_id: ProjectId | RenderHandle,
        *,
        after: After = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        fresh: bool = False,
        ledger: Ledger | None = None,
    ) -> Project:
        """Wait until a project's video is rendered, and return the project.

        Cancelling the wait leaves nothing behind; the render itself continues.

        Args:
            project_id: Text (schema v3) or an integer (v2 and older); or the handle of a render, with which only
                its own video counts, and its job shows progress and failure.
            after: For a project that already has a video: a snapshot (`Project`) taken before the new render, or a
                time of the server's. Only a newer video counts.
            max_wait: Give up after so many seconds; ``None`` never gives up.
            interval: Seconds between two polls; Pictory recommends 10 to 30.
            start_grace: How long to wait for a render to start, in seconds, before reporting that it did not start:
                a render may be queued.
            fresh: Refuse a video that is outdated, and also one that is not known not to be. Without a ledger, only a
                project that was saved before its video was made is known to have the newest one.
            ledger: Remembers what is seen, and knows what earlier calls saw: of which version a video is.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
            RenderFailedError: A render was seen, and ended without a new video.
            RenderNotStartedError: No render was seen for ``start_grace`` seconds.
            WaitTimeoutError: ``max_wait`` is over.
            NotFoundError: There is no such project for this key.
            AuthenticationError: The key is rejected.
            PermissionDeniedError: The key may not read the project.
            APIError: The responses stayed unusable.
            OutdatedVideoError: With ``fresh``: the video is outdated, or not known not to be.
            LedgerError: The ledger cannot be used.
        """
        freshness = self._freshness(ledger, fresh=fresh)
        target = target_of(project_id, after)
        outcome = await self._outcome(target, checked_terms(max_wait, interval, start_grace))
        await _show(freshness, outcome, project_id)
        return outcome.raise_for_status()

    @hinted
    async def wait_all(
        self,
        ids: Iterable[Wanted],
        *,
        after: After | AfterEach = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        schedule: PollSchedule | None = None,
        sweep_interval: Duration | None = None,
    ) -> RenderOutcomes:
        """Wait for many projects, and get a definite result for each one.

        No project raises an error: whatever happens to it is its outcome.

        Args:
            ids: The projects, or the handles of renders and videos; equal ones are watched once.
            after: As in `wait`; or a mapping from id to snapshot or time, with one for each project. Ids compare as
                text, and a key that is not among ``ids`` is an error.
            max_wait: As in `wait`, for all of them together.
            interval: As in `wait`; with a small request budget, all intervals stretch alike.
            start_grace: As in `wait`.
            schedule: When to poll which project; ``None`` means a `ProgressSchedule`. Several waits can share one.
            sweep_interval: Seconds between two readings of the list of jobs, which tells about many handles at once;
                ``None`` means ``interval``. A shorter one notices the ends of renders sooner, with more requests.

        Returns:
            The outcomes, in the order of ``ids``: a list whose ``str()`` is a summary.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
        """
        terms = checked_terms(max_wait, interval, start_grace, schedule, sweep_interval)
        async with Scheduler(self._registry, terms, targets_of(ids, after)) as scheduler:
            while await scheduler.next_news() is not None:
                pass
        return RenderOutcomes(cast("RenderOutcome", watch.outcome) for watch in scheduler.first)

    @hinted
    def watch(  # noqa: PLR0913 - each is one choice of the caller
        self,
        ids: Iterable[Wanted] | AsyncIterable[Wanted] = (),
        *,
        after: After | AfterEach = None,
        max_wait: Duration | None = 1800.0,
        interval: Duration = 10.0,
        start_grace: Duration = 120.0,
        schedule: PollSchedule | None = None,
        sweep_interval: Duration | None = None,
        keep_open: bool = False,
        history: int = 1000,
    ) -> RenderPoller:
        """Watch many projects, and get each outcome as soon as it is known.

        Example::

            async with client.projects.watch(ids) as watch:
                async for outcome in watch:
                    print(outcome.project_id, outcome.status)

        Args:
            ids: The first projects, or handles of renders and videos; `RenderPoller.add` adds more while it runs. Or an
                async iterable, such as a queue's: its next id is taken while fewer than 1,000 are pending or unread. If
                it fails, what it gave before is waited for, and its error is raised when the block ends.
            after: As in `wait_all`.
            max_wait: As in `wait`, for each project from the moment it is added.
            interval: As in `wait_all`.
            start_grace: As in `wait`.
            schedule: As in `wait_all`.
            sweep_interval: As in `wait_all`.
            keep_open: Go on when nothing is pending, until `RenderPoller.close`: for an app that adds projects all day.
                Outcomes are then kept for iteration from the first iteration on only.
            history: With ``keep_open``, how many outcomes are kept unread, and how many ended projects are remembered
                for `RenderPoller.snapshot` and new subscribers; the newest ones.

        Raises:
            PictoryConfigError: An argument cannot work; nothing was sent.
        """
        terms = checked_terms(max_wait, interval, start_grace, schedule, sweep_interval)
        if isinstance(history, bool) or not isinstance(history, int) or history < 1:
            raise PictoryConfigError(f"history must be a whole number of outcomes, at least 1, not {brief(history)}.")
        targets = arriving_targets(ids, after) if isinstance(ids, AsyncIterable) else targets_of(ids, after)
        return RenderPoller(Scheduler(self._registry, terms, targets, keep=history if keep_open else None))

    def statistics(self) -> PollerStatistics:
        """What all waits of this client did so far; a part of ``client.statistics()``."""
        return self._registry.statistics()

    async def _wait(self, target: Target, terms: Terms) -> Project:
        return (await self._outcome(target, terms)).raise_for_status()

    async def _outcome(self, target: Target, terms: Terms) -> RenderOutcome:
        async with Scheduler(self._registry, terms, [target]) as scheduler:
            return cast("RenderOutcome", cast("Watch", await scheduler.next_news()).outcome)

    def _freshness(self, ledger: Ledger | None, *, fresh: bool) -> Freshness | None:
        """What a call is told about the age of videos; ``None`` if nothing, which most calls are."""
        if ledger is None and not fresh:
            return None
        from pictory_async._api.freshness import Freshness  # noqa: PLC0415 - it needs SQLite

        return Freshness(ledger, self._transport.base_url, fresh)


async def _show(freshness: Freshness | None, outcome: RenderOutcome, wanted: ProjectId | RenderHandle) -> None:
    if freshness is not None:
        await freshness.see_outcome(outcome, wanted if isinstance(wanted, RenderHandle) else None)


def checked_terms(
    max_wait: Duration | None,
    interval: Duration,
    start_grace: Duration,
    schedule: PollSchedule | None = None,
    sweep_interval: Duration | None = None,
) -> Terms:
    """Check how a wait is to be done.

    Raises:
        PictoryConfigError: An argument cannot work.
    """
    schedule = ProgressSchedule() if schedule is None else schedule
    if isinstance(schedule, type) or not callable(getattr(schedule, "next_poll", None)):
        raise PictoryConfigError(
            f"schedule must be an object with a method next_poll, such as FairSchedule(), not {brief(schedule)}."
        )
    return Terms(
        schedule=schedule,
        max_wait=optional_seconds("max_wait", max_wait, above=0.0),
        interval=seconds("interval", interval, above=0.0),
        start_grace=seconds("start_grace", start_grace),
        sweep_interval=optional_seconds("sweep_interval", sweep_interval, above=0.0),
    )
