"""The scheduler: one task that starts a task for each poll when it is due, and ends watches that are out of time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import anyio

from pictory_async._gather import failure_of
from pictory_async._polling.agenda import Agenda
from pictory_async._polling.broadcast import Broadcast, WatchEventKind
from pictory_async._polling.counters import Counters
from pictory_async._polling.due import DueQueue
from pictory_async._polling.intake import Intake
from pictory_async._polling.news import News
from pictory_async._polling.sweeper import SweepTurns
from pictory_async._polling.targets import Arriving
from pictory_async._polling.task_block import TaskBlock
from pictory_async._polling.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from types import TracebackType
    from typing import Self

    from pictory_async._polling.broadcast import Subscription
    from pictory_async._polling.outcome import RenderOutcome
    from pictory_async._polling.registry import Poll, WatchRegistry
    from pictory_async._polling.targets import Target
    from pictory_async._polling.wait import Terms
    from pictory_async._statistics import PollerStatistics
    from pictory_async.models import Job

_BATCH: Final = 4
_SLEPT: Final = 1.0  # seconds: no event loop that works is so late
_TOGETHER: Final = 0.001  # seconds: polls that are due so close together share a wake-up; uvloop spins below that


class Scheduler:
    """Runs the polls of one poller in a task group of its own.

    Every poll is a task that the scheduler's own task starts. So each of them runs in the context in which the block
    was entered, and a poll that ends can never start another one from its own context.

    The agenda holds one time for each watch: that of its next poll, or its deadline while it waits for a slot or a
    response. A watch's time limit therefore ends its poll as well.

    Args:
        registry: The watches of the client, and their polls in flight.
        terms: What all watches of this scheduler have in common.
        targets: What to wait for from the beginning.
        keep: How many ended watches to keep in an open poller, which goes on until it is closed; ``None`` for a poller
            that goes on until nothing is pending.

    Attributes:
        counters: What its watches did so far.
        first: The watches of ``targets``, in their order; equal targets share one.
        pending: Its open watches, in the order in which they began.
        unfinished: What was open when it was closed.
        entered: Whether its block was entered.
        left: Whether its block was left.
        running: Whether its block was entered, and neither left nor closed.
        ended: Ended watches that an open poller keeps, in the order in which they ended.
        broadcast: Tells subscribers what happens, if there ever were any.
    """

    def __init__(
        self,
        registry: WatchRegistry,
        terms: Terms,
        targets: Iterable[Target] | Arriving = (),
        *,
        keep: int | None = None,
    ) -> None:
        self.counters: Counters = Counters(registry.counters)
        self.first: list[Watch] = []
        self.pending: dict[Watch, None] = {}
        self.unfinished: tuple[Watch, ...] = ()
        self.entered: bool = False
        self.left: bool = False
        self.running: bool = False
        self.ended: dict[Watch, None] = {}
        self.broadcast: Broadcast | None = None
        self._keep = keep
        self._registry = registry
        self._terms = terms
        self._targets = targets
        self._agenda = Agenda["Watch"]()
        self._due = DueQueue()
        # The polls that this scheduler sends. Only it cancels them: for a deadline, or at the end of the block. A watch
        # that shares another scheduler's poll has none here.
        self._in_flight: dict[Watch, Poll] = {}
        self._news = News(keep)
        self._intake: Intake | None = None
        self._wake = anyio.Event()
        self._sleeps_until = -1.0
        self._stepped_at = 0.0
        self._block = TaskBlock()
        self._sweeps = SweepTurns(registry.sweeper, self.counters, terms.gap, self.start, self.fail)

    async def __aenter__(self) -> Self:
        now = self._stepped_at = anyio.current_time()
        # The caller's own schedule may raise. Before the task group is entered, that leaves nothing behind.
        source, self._targets = self._targets, ()
        first = [] if isinstance(source, Arriving) else [self._new_watch(target, now) for target in source]
        self._runs = anyio.CancelScope()
        await self._block.enter()
        self.entered = self.running = True
        self.first = [self._begin(watch, due) for watch, due in first]
        if isinstance(source, Arriving):
            self._intake = Intake(source, self.add, lambda: len(self.pending) + len(self._news))
            self._block.tasks.start_soon(self._take_in, self._intake, name="pictory: ids")
        self._block.tasks.start_soon(self._run, name="pictory: scheduler")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self.left = True
        self.close()
        return await self._block.leave(kind, error, trace)

    def close(self) -> None:
        """End all watches without an outcome, and their polls. What ended before is still news."""
        if not self.running:
            return
        self.running = False
        if self._intake is not None:
            self._intake.stop()
        self.unfinished = tuple(self.pending)
        for watch in self.pending:
            watch.open = False
            self._registry.leave(watch)
        self.pending.clear()
        self._due.clear()
        # A consumer in another task may wait for news: it sees that nothing is pending, and ends.
        self._news.announce()
        if self.broadcast is not None:
            self.broadcast.close()
        self._runs.cancel()
        for poll in self._in_flight.values():
            poll.task.cancel()

    def add(self, target: Target) -> Watch:
        """Wait for one more target, unless that is done already; raises what the caller's own schedule raises."""
        return self._begin(*self._new_watch(target, anyio.current_time()))

    def remove(self, watch: Watch) -> None:
        """End a watch without an outcome, or forget that it has ended."""
        self.ended.pop(watch, None)
        if watch.open:
            watch.open = False
            self._leave(watch)
            self._news.announce()  # nothing may be pending now
        self._news.discard(watch)
        self._make_room()
        if self.broadcast is not None:
            self.broadcast.tell(watch, WatchEventKind.REMOVED)
        if watch in self._in_flight:
            self._in_flight[watch].task.cancel()

    def check_thread(self) -> None:
        """Refuse what comes from another thread; see `WatchRegistry.check_thread`."""
        self._registry.check_thread()

    def has(self, watch: Watch) -> bool:
        """Whether a watch is pending here, or has ended and is kept."""
        return watch in self.pending or watch in self.ended

    def watches_of(self, project_or_job: str) -> list[Watch]:
        """Its open watches of a project or a job."""
        return [watch for watch in self._registry.watches_of(project_or_job) if watch.owner is self]

    def ended_of(self, project_or_job: str) -> list[Watch]:
        """Its watches of a project or a job that have ended and are kept."""
        return [one for one in self.ended if project_or_job in map(str, filter(None, (one.project_id, one.job_id)))]

    def subscribe(self) -> Subscription:
        """Tell a new subscriber of all that happens, beginning with the present state."""
        if self.broadcast is None:
            self.broadcast = Broadcast()
        present = [(watch, WatchEventKind.OUTCOME) for watch in self.ended]
        return self.broadcast.subscribe([*present, *((watch, WatchEventKind.ADDED) for watch in self.pending)])

    def keep_news(self) -> None:
        """Keep what ends from now on for `next_news`."""
        self._news.keep()

    def unread(self) -> list[Watch]:
        """The watches of requested renders whose outcome nobody has got yet, if outcomes are kept."""
        return [watch for watch in self._news if watch.outcome is not None and watch.handle is not None]

    def statistics(self) -> PollerStatistics:
        """What it did so far."""
        return self.counters.statistics(len(self.pending), self._registry.outage.reason)

    async def next_news(self) -> Watch | None:
        """Wait for a watch to end, or for a new state of a job that is watched alone.

        Returns:
            The watch; ``None`` if no watch is open any more.
        """
        watch = await self._news.next(self._more_may_come)
        self._make_room()
        return watch

    def _new_watch(self, target: Target, now: float) -> tuple[Watch, float]:
        watch = Watch(target.project_id, target.after, target.job_id, self._terms, now, self, target.handle, target.age)
        return watch, watch.next_poll(now)

    def _begin(self, watch: Watch, due: float) -> Watch:
        same = self._registry.find(watch)
        if same is not None:
            return same
        self._registry.enter(watch)
        self.pending[watch] = None
        if watch.job_id is not None:
            due = self._sweeps.add(watch, due, anyio.current_time())
            if self._sweeps.next_at < self._sleeps_until:
                self._wake.set()
        self._enter(watch, due)
        if self.broadcast is not None:
            self.broadcast.tell(watch, WatchEventKind.ADDED)
        return watch

    def _more_may_come(self) -> bool:
        arriving = self._intake is not None and self._intake.running
        return bool(self.pending) or arriving or (self._keep is not None and self.running)

    def _make_room(self) -> None:
        if self._intake is not None:
            self._intake.make_room()

    def _leave(self, watch: Watch) -> None:
        self._agenda.remove(watch)
        self._due.discard(watch)
        self._registry.leave(watch)
        del self.pending[watch]

    async def _take_in(self, intake: Intake) -> None:
        self._block.note(await intake.run())
        self._news.announce()

    # The registry calls these, also from other schedulers' polls.

    def settle(self, watch: Watch, outcome: RenderOutcome | None, now: float) -> None:
        """End a watch, or enter it for its next poll."""
        if outcome is not None:
            self._leave(watch)
            self.counters.outcome(outcome)
            self._make_room()
            if self._keep is not None:
                self._keep_ended(watch, self._keep)
            if self.broadcast is not None:
                self.broadcast.tell(watch, WatchEventKind.OUTCOME)
        else:
            if self.broadcast is not None:
                self.broadcast.polled(watch)
            due = self._next_poll(watch, now)
            if due is None:
                return
            self._enter(watch, due)
            if watch.failures is None:
                self._tell_of_job(watch)
            return
        self._news.add(watch)

    def _next_poll(self, watch: Watch, now: float) -> float | None:
        """When to poll a watch next; ``None`` if the caller's own schedule raised an error, which ends its block."""
        try:
            return watch.next_poll(now)
        except Exception as error:  # noqa: BLE001 - the schedule may be the caller's own
            watch.open = False
            self.fail(error)
            return None

    def poll_as_usual(self, watch: Watch, now: float) -> None:
        """Poll a watch no later than its schedule says, because the list of jobs tells nothing about it."""
        due = self._next_poll(watch, now)
        if due is not None:
            self.bring_forward(watch, due)

    def _tell_of_job(self, watch: Watch) -> None:
        if watch.is_of_job:  # whoever waits for a job alone is told about its progress
            self._news.add(watch)

    def _keep_ended(self, watch: Watch, most: int) -> None:
        self.ended[watch] = None
        if len(self.ended) > most:
            oldest = next(iter(self.ended))
            del self.ended[oldest]
            if self.broadcast is not None:
                self.broadcast.forget(oldest)

    def end(self, watch: Watch, outcome: RenderOutcome, now: float) -> None:
        """End a watch, and its poll if one is in flight."""
        self.settle(watch, outcome, now)
        if watch in self._in_flight:
            self._in_flight[watch].task.cancel()

    def fail(self, error: Exception) -> None:
        """End the block because of an error, which is raised when it is left."""
        self._block.fail(error)

    def start(self, call: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Run something beside the polls, until the block is left."""
        self._block.tasks.start_soon(call, name=f"pictory: {name}")

    def poll_soon(self, watch: Watch) -> None:
        """Poll again at once."""
        self._enter(watch, anyio.current_time())

    # The sweeper calls these, also for other schedulers; and who hints.

    def listed(self, watch: Watch, due: float) -> None:
        """Take in that the list of jobs shows a job as unfinished, which need not be polled before ``due``."""
        if self.broadcast is not None:
            self.broadcast.polled(watch)
        if not watch.urgent and not watch.hinted and self._is_free(watch):
            self._enter(watch, due)
        self._tell_of_job(watch)

    def listed_ended(self, watch: Watch, job: Job) -> None:
        """Take in that the list of jobs shows a job as ended, which its next poll confirms."""
        if self._is_free(watch):
            watch.listed_ended(job)
            self.bring_forward(watch, anyio.current_time())

    def poll_first(self, watch: Watch) -> None:
        """Poll a watch now, before others, to compare what it shows with the list of jobs."""
        watch.urgent = True
        self.bring_forward(watch, self._stepped_at)

    def hint(self, watch: Watch) -> None:
        """Poll a watch before others, once: something may have happened. A poll in flight may not show it."""
        watch.hinted = True
        # A callback of the event loop may hint. It is in no task, where anyio cannot tell the time.
        when = self._registry.hints.add(watch, self._stepped_at)
        if when is not None:
            self.bring_forward(watch, when)

    def bring_forward(self, watch: Watch, when: float) -> None:
        """Poll a watch at ``when``, unless it is polled earlier anyway. One whose poll is due keeps its place."""
        if watch in self._due:
            self._due.put(watch)
        elif not watch.due and when <= watch.when:
            self._enter(watch, when)

    def _is_free(self, watch: Watch) -> bool:
        """Whether no poll of a watch is in flight."""
        return not watch.due or watch in self._due

    # The scheduler's own task.

    async def _run(self) -> None:
        with self._runs:
            while True:
                await self._step()

    async def _step(self) -> None:
        """Start what is due, and sleep until there is more to do."""
        now = self._stepped_at = anyio.current_time()
        while (watch := self._agenda.pop(now)) is not None:
            self._take_up(watch, now)
        if now >= self._sweeps.next_at:
            for watch, due in self._sweeps.begin(self._due, now, pauses=self._registry.outage.reason is not None):
                self._enter(watch, due)
        while self._start_polls():  # noqa: ASYNC110 - it does not wait for anything, it lets other tasks run
            await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`
        time = self._agenda.next_time()
        self._sleeps_until = min(math.inf if time is None else time, self._sweeps.next_at)
        # Nothing runs between the look at the agenda and here, so no wake-up is lost.
        if self._wake.is_set():
            self._wake = anyio.Event()
        with anyio.CancelScope(deadline=max(self._sleeps_until, now + _TOGETHER)):
            await self._wake.wait()
        self._sleeps_until = -1.0

    def _enter(self, watch: Watch, when: float) -> None:
        if not watch.open:  # it was removed meanwhile, such as by the caller's own schedule
            return
        watch.due = False
        self._due.discard(watch)
        # The deadline may come first: one entry stands for both, and `_take_up` tells them apart.
        when = min(when, watch.deadline)
        self._agenda.put(watch, when)
        if when < self._sleeps_until:
            self._wake.set()

    def _take_up(self, watch: Watch, now: float) -> None:
        """Take up a watch whose time has come: its poll is due, or it is out of time."""
        # What is so late shows that the program was stopped, or that the machine slept. The renders went on.
        if now >= watch.deadline and not (now - watch.when > _SLEPT and watch.oversleep(now)):
            self.end(watch, watch.timed_out(now), now)
            return
        if not watch.due:  # otherwise it waits for a slot or a response already
            watch.due = True
            self._due.put(watch)
        if self._terms.max_wait is not None:
            self._agenda.put(watch, watch.deadline)

    def _start_polls(self) -> bool:
        """Start a few of the due polls; return whether there are more that can be started."""
        # A few at a time, because opening a connection takes about a millisecond: other tasks run in between.
        for _ in range(_BATCH):
            if not self._due or len(self._in_flight) >= self._registry.most_polls:
                return False
            outage = self._registry.outage
            if outage.reason is not None and outage.has_waiting(self):
                return False  # its end wakes this task
            watch = self._due.pop() if outage.reason is None else self._due.pop_soundest()
            watch.urgent = watch.hinted = False
            poll = self._registry.claim(watch)
            if poll is not None:
                self._in_flight[watch] = poll
                poll.task = self._block.tasks.start_soon(self._poll, watch, poll, name="pictory: poll")
        return True

    async def _poll(self, watch: Watch, poll: Poll) -> None:
        try:
            await self._registry.send(poll)
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            self.fail(failure)  # such as of a client that was closed meanwhile
        finally:
            # While its snapshot was compressed, the next poll of this watch may have begun.
            if self._in_flight.get(watch) is poll:
                del self._in_flight[watch]
            if self._due:
                self._wake.set()
