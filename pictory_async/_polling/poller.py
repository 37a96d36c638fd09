"""The render poller: one task group that watches many projects until their videos are rendered."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

import anyio

from pictory_async._http.transport import name_subject, segment
from pictory_async._polling.agenda import Agenda
from pictory_async._polling.counters import Counts
from pictory_async._polling.evidence import baseline
from pictory_async._polling.handle import RenderHandle
from pictory_async._polling.watch import Terms, Watch
from pictory_async.errors import APIError, MalformedResponseError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime
    from types import TracebackType
    from typing import Self, TypeAlias

    from anyio.abc import TaskGroup

    from pictory_async._http.messages import Reply
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._statistics import PollerStatistics
    from pictory_async.models import Project, ProjectId

    After: TypeAlias = Project | datetime | None
    AfterEach: TypeAlias = Mapping[str, After] | Mapping[int, After] | Mapping[ProjectId, After]

__all__ = ["Board", "RenderPoller"]

_WORKERS: Final = 24
_TOGETHER: Final = 0.004  # looks due so close to each other share a wake-up; and uvloop spins on sleeps under 1 ms
_NOT_ENTERED: Final = (
    "This watch is not running, so it has no outcomes. Iterate over it inside its block: "
    "'async with client.projects.watch(ids) as watch: async for outcome in watch: ...'."
)


class Board:
    """Who watches what in one client, so that several watches of one project share each look at it."""

    __slots__ = ("counts", "looking", "watches")

    def __init__(self) -> None:
        self.counts: Counts = Counts()
        self.watches: dict[str, tuple[Watch, ...]] = {}
        self.looking: dict[str, list[Watch]] = {}

    def enter(self, watch: Watch) -> None:
        """Note a watch."""
        key = str(watch.project_id)
        self.watches[key] = (*self.watches.get(key, ()), watch)

    def leave(self, watch: Watch) -> None:
        """Forget a watch."""
        key = str(watch.project_id)
        others = self.watches[key]
        if len(others) == 1:
            del self.watches[key]
        else:
            self.watches[key] = tuple(other for other in others if other is not watch)

    def statistics(self) -> PollerStatistics:
        """What all watches of the client came to so far."""
        return self.counts.statistics(sum(map(len, self.watches.values())))


class RenderPoller:
    """Watches projects and hands out their outcomes in the order in which they end.

    Made by ``client.projects.watch``; use it as an async context manager and iterate over it. Leaving the block ends
    all watches that are still open, their requests included.

    One project's trouble never ends the others: whatever happens to it becomes its `RenderOutcome`.
    """

    def __init__(
        self,
        look: Callable[[Watch], Awaitable[Reply]],
        board: Board,
        terms: Terms,
        wanted: Iterable[ProjectId | RenderHandle],
        after: After | AfterEach,
    ) -> None:
        self._look_at = look
        self._board = board
        self._terms = terms
        self._first = _paired([*wanted], after)
        self._agenda = Agenda[Watch]()
        self._pending: dict[Watch, None] = {}
        self._flying: dict[Watch, anyio.CancelScope] = {}
        self._outcomes: deque[RenderOutcome] = deque()
        self._news = anyio.Event()
        self._task_group: TaskGroup | None = None
        self._timekeeper: anyio.Event | None = None
        self._timekeeper_until = 0.0
        self._resting: list[anyio.Event] = []
        self._workers = 0
        self._fault: Exception | None = None
        self._counts = Counts(board.counts)

    async def __aenter__(self) -> Self:
        if self._task_group is not None:
            msg = "This watch was used before. Make a new one with client.projects.watch()."
            raise PictoryConfigError(msg)
        now = anyio.current_time()
        # Whatever can fail comes before the task group: a block that is not entered leaves nothing behind.
        first = [self._watch(one, newer_than, now) for one, newer_than in self._first]
        dues = [watch.next_look(now) for watch in first]
        self._task_group = anyio.create_task_group()
        await self._task_group.__aenter__()
        for watch, due in zip(first, dues, strict=True):
            self._begin(watch, due)
        self._first.clear()
        if self._terms.max_wait is not None:
            self._task_group.start_soon(self._end_overdue, name="pictory: deadlines")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        tasks = cast("TaskGroup", self._task_group)
        for watch in self._pending:
            watch.open = False
            watch.entry = 0
            self._board.leave(watch)
        self._pending.clear()
        self._news.set()
        tasks.cancel_scope.cancel()
        # The body's own error passes through as it is; only a cancellation is the task group's business.
        cancelled = isinstance(error, anyio.get_cancelled_exc_class())
        try:
            own = await (tasks.__aexit__(kind, error, trace) if cancelled else tasks.__aexit__(None, None, None))
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from None
            raise
        if self._fault is not None and (error is None or (cancelled and own)):
            raise self._fault from None
        return own if cancelled else None

    def add(self, wanted: ProjectId | RenderHandle, *, after: After = None) -> None:
        """Watch one more project, from now on. Sends nothing itself and returns at once.

        A project that this poller is already watching is not watched twice; one whose outcome was given is watched
        anew.

        Args:
            wanted: The project's id, text (schema v3) or an integer (v2 and older); or what
                ``client.projects.render`` returned, which lets the job show progress and failure.
            after: A snapshot taken before the render, or a time of the server's: only a newer video counts. ``None``
                if any video will do. A `RenderHandle` has its own.

        Raises:
            PictoryConfigError: ``after`` or the id cannot be used, or the poller is not running.
        """
        if self._task_group is None or self._task_group.cancel_scope.cancel_called:
            msg = "This watch is not running. Add projects inside its 'async with' block."
            raise PictoryConfigError(msg)
        handle, newer_than = _target(wanted, after)
        now = anyio.current_time()
        watch = self._watch(handle, newer_than, now)
        self._begin(watch, watch.next_look(now))

    def _watch(self, handle: RenderHandle, newer_than: datetime | None, now: float) -> Watch:
        return Watch(handle.project_id, newer_than, handle.job_id, self._terms, now, self)

    def _begin(self, watch: Watch, due: float) -> None:
        others = self._board.watches.get(str(watch.project_id), ())
        if any(other.owner is self and other.job_id == watch.job_id for other in others):
            return
        self._board.enter(watch)
        self._pending[watch] = None
        self._schedule(watch, due)

    def __aiter__(self) -> Self:
        if self._task_group is None or self._task_group.cancel_scope.cancel_called:
            raise PictoryConfigError(_NOT_ENTERED)
        return self

    async def __anext__(self) -> RenderOutcome:
        if self._task_group is None:
            raise PictoryConfigError(_NOT_ENTERED)
        await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`
        while not self._outcomes:
            if not self._pending:
                raise StopAsyncIteration
            await self._news.wait()
        return self._outcomes.popleft()

    @property
    def progress(self) -> dict[ProjectId, float]:
        """How much is rendered, in percent, of the pending projects whose job is known and says so."""
        return {
            watch.project_id: watch.job.progress
            for watch in self._pending
            if watch.job is not None and watch.job.progress is not None
        }

    @property
    def pending(self) -> tuple[ProjectId, ...]:
        """The projects whose outcome is still to come."""
        return tuple(watch.project_id for watch in self._pending)

    def statistics(self) -> PollerStatistics:
        """What the poller did so far."""
        return self._counts.statistics(len(self._pending))

    # The workers. One of those without work keeps the time for all; the others rest until it is called away.

    async def _work(self) -> None:
        while True:
            with anyio.CancelScope() as scope:
                await self._serve(scope)
            # Here after a look was cut off because its watch was overdue.

    async def _serve(self, scope: anyio.CancelScope) -> None:
        now = anyio.current_time()
        while True:
            watch = self._agenda.pop(now)
            if watch is not None:
                now = await self._look(watch, scope)
                continue
            if self._timekeeper is None:
                await self._keep_time()
            else:
                await self._rest()
            now = anyio.current_time()

    async def _rest(self) -> None:
        called = anyio.Event()
        self._resting.append(called)
        try:
            await called.wait()
        finally:
            if not called.is_set():  # cut off, by a cancellation that was meant for the look before
                self._resting.remove(called)

    async def _keep_time(self) -> None:
        self._timekeeper = anyio.Event()
        due = self._agenda.next_time()
        self._timekeeper_until = float("inf") if due is None else due
        sleep = None if due is None else max(due - anyio.current_time(), _TOGETHER)
        try:
            with anyio.move_on_after(sleep):
                await self._timekeeper.wait()
        finally:
            self._timekeeper = None

    def _call_next(self) -> None:
        if self._resting:
            self._resting.pop().set()
        elif self._workers < min(_WORKERS, len(self._pending)) and self._task_group is not None:
            self._workers += 1
            self._task_group.start_soon(self._work, name="pictory: worker")

    def _schedule(self, watch: Watch, when: float) -> None:
        self._agenda.put(watch, when)
        if self._timekeeper is None:
            self._call_next()
        elif when < self._timekeeper_until:
            self._timekeeper.set()

    # One look.

    async def _look(self, watch: Watch, scope: anyio.CancelScope) -> float:
        """Look at a project or its job, unless somebody is doing so already and will see to this watch too.

        Returns:
            The time when that is done.
        """
        key = f"job {watch.job_id}" if watch.asks_job else str(watch.project_id)
        looking = self._board.looking
        if key in looking:
            looking[key].append(watch)
            return anyio.current_time()
        looking[key] = [watch]
        self._flying[watch] = scope
        if self._timekeeper is None:
            self._call_next()
        self._counts.looks += 1
        self._board.counts.looks += 1
        try:
            reply = await self._look_at(watch)
        except APIError as error:
            now = anyio.current_time()
            self._counts.failed_look()
            if watch.open:
                self._settle(watch, watch.failed(error, now), now)
        else:
            now = anyio.current_time()
            for other in self._share(watch, reply, now):
                if not other.packed:
                    await _pack(other)
        finally:
            del self._flying[watch]
            for other in looking.pop(key):
                # Not answered: it came up while this look was under way, or the look was cut off.
                if other.open and not other.entry:
                    other.owner._schedule(other, anyio.current_time())  # noqa: SLF001 - a RenderPoller too
        return now

    def _share(self, watch: Watch, reply: Reply, now: float) -> tuple[Watch, ...]:
        """Judge an answer for all whom it concerns."""
        if watch.asks_job:
            if watch.open:
                self._judge(watch, reply, now)
            return ()
        watches = self._board.watches.get(str(watch.project_id), ())
        for other in watches:
            if other.began <= reply.sent_at and not other.asks_job:
                other.owner._judge(other, reply, now)  # noqa: SLF001 - a RenderPoller too
        return watches

    def _judge(self, watch: Watch, reply: Reply, now: float) -> None:
        try:
            saw = watch.saw_job if watch.asks_job else watch.saw
            outcome = saw(reply.body, reply.sent_at, now)
        except MalformedResponseError as error:
            self._counts.failed_look()
            name_subject(error, watch.subject, "")
            outcome = watch.failed(error, now)
        self._settle(watch, outcome, now)

    def _settle(self, watch: Watch, outcome: RenderOutcome | None, now: float) -> None:
        if outcome is None:
            try:
                self._schedule(watch, watch.next_look(now))
            except Exception as error:  # noqa: BLE001 - the schedule may be the caller's own
                # Raised when its block is left: whoever made this look may be another caller.
                watch.open = False
                self._fault = self._fault or error
                cast("TaskGroup", self._task_group).cancel_scope.cancel()
            return
        self._agenda.remove(watch)
        self._board.leave(watch)
        del self._pending[watch]
        self._counts.outcome(outcome)
        self._outcomes.append(outcome)
        news, self._news = self._news, anyio.Event()
        news.set()

    async def _end_overdue(self) -> None:
        while True:
            now = anyio.current_time()
            # All watches of a poller have the same limit, so they become overdue in the order in which they began.
            watch = next(iter(self._pending), None)
            if watch is None:
                await anyio.sleep(self._terms.max_wait or 0.0)
            elif watch.deadline > now:
                await anyio.sleep(max(watch.deadline - now, _TOGETHER))
            else:
                self._settle(watch, watch.timed_out(now), now)
                if watch in self._flying:
                    self._flying[watch].cancel()


async def _pack(watch: Watch) -> None:
    for _ in watch.pack():
        await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`


def _paired(
    wanted: list[ProjectId | RenderHandle], after: After | AfterEach
) -> list[tuple[RenderHandle, datetime | None]]:
    """Pair each project with what its video must be newer than; ids compare as text."""
    if not isinstance(after, Mapping):
        return [_target(one, after) for one in wanted]
    by_id: dict[str, After] = {}
    for key, value in after.items():
        segment("project", key)
        if by_id.setdefault(str(key), value) is not value:
            raise PictoryConfigError(f"after has project {str(key)!r} twice, as text and as a number, with two values.")
    unused = by_id.keys() - {str(one) for one in wanted if not isinstance(one, RenderHandle)}
    if unused:
        raise PictoryConfigError(
            f"after has a value for project {min(unused)!r}, which is not waited for by its id. "
            "Correct the id; a RenderHandle has a date of its own and needs none."
        )
    return [_target(one, None if isinstance(one, RenderHandle) else by_id.get(str(one))) for one in wanted]


def _target(wanted: ProjectId | RenderHandle, after: After) -> tuple[RenderHandle, datetime | None]:
    handle = wanted if isinstance(wanted, RenderHandle) else RenderHandle(project_id=wanted)
    segment("project", handle.project_id)
    return handle, baseline(after) if handle is not wanted else handle.generated_before
