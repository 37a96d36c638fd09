"""What happens to the watches of a poller, told to everybody who subscribed."""

from __future__ import annotations

import weakref
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from pictory_async._polling.keys import WatchKey
from pictory_async._polling.outcome import RenderOutcome
from pictory_async._values import Deferred, ValueObject, resolved
from pictory_async.models import Job, Project

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from pictory_async._polling.watch import Watch
    from pictory_async.models import ProjectId


class WatchEventKind(StrEnum):
    """What happened to a watch."""

    ADDED = "added"
    """It began, or it was there already when the subscription began."""

    CHANGED = "changed"
    """The project shows something else than before."""

    PROGRESS = "progress"
    """The job of the render shows another state or progress."""

    OUTCOME = "outcome"
    """It ended."""

    REMOVED = "removed"
    """It was removed, and has no outcome."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class WatchEvent(ValueObject):
    """What happened to one watch, with the newest that is known of it when the event is received.

    Attributes:
        kind: What happened. A subscriber that is slow gets the last thing that happened to each watch, so an
            ``OUTCOME`` can be the first event of one.
        key: The watch.
        project: The project as it was last seen; ``None`` if it was not. It is decoded when it is first read.
        job: The render's job as it was last seen, if a handle is watched.
        outcome: How the watch ended, if ``kind`` is ``OUTCOME``.
    """

    kind: WatchEventKind
    key: WatchKey
    _project: Project | Deferred[Project | None] | None = attrs.field(default=None, alias="project")
    job: Job | None = None
    outcome: RenderOutcome | None = None

    @property
    def project(self) -> Project | None:
        project: Project | None = resolved(self._project)
        return project

    @property
    def project_id(self) -> ProjectId | None:
        """The project that is watched; ``None`` for a video without one."""
        return self.key.project_id

    @property
    def job_id(self) -> str | None:
        """The job of its render, if a handle is watched."""
        return self.key.job_id

    @property
    def is_rendering(self) -> bool:
        """Whether a render is known to be under way."""
        if self.outcome is not None:
            return False
        return self.progress is not None or (self.project is not None and self.project.is_rendering)

    @property
    def progress(self) -> float | None:
        """How much is rendered, in percent, if the job shows it."""
        return None if self.job is None else self.job.progress

    def to_dict(self) -> dict[str, Any]:
        """The event as plain JSON values, without the project: for server-sent events or a message queue."""
        return {
            "kind": self.kind.value,
            "project_id": self.project_id,
            "job_id": self.job_id,
            "progress": self.progress,
            "outcome": None if self.outcome is None else self.outcome.to_dict(),
        }


class Subscription:
    """The events of a poller, as an async iterator that ends when the poller is closed or left.

    ``RenderPoller.subscribe`` makes one. It begins with the present state of every watch. A reader that is slow misses
    steps, but never the newest state of a watch. Whoever stops reading just drops it.
    """

    def __init__(self, present: Iterable[tuple[Watch, WatchEventKind]]) -> None:
        # At most one event for each watch, in the order in which the oldest of them came.
        self._waiting: dict[Watch, WatchEventKind] = dict(present)
        self._known: set[Watch] = set()
        self._has_news = anyio.Event()
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WatchEvent:
        await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            await self._has_news.wait()
        watch = next(iter(self._waiting))
        kind = self._waiting.pop(watch)
        if kind is WatchEventKind.REMOVED:
            self._known.discard(watch)
        else:
            self._known.add(watch)
        outcome = watch.outcome if kind is WatchEventKind.OUTCOME else None
        return WatchEvent(kind=kind, key=WatchKey(watch), project=last_seen(watch), job=watch.job, outcome=outcome)

    def tell(self, watch: Watch, kind: WatchEventKind) -> None:
        """Take in what happened to a watch."""
        if kind is WatchEventKind.REMOVED and watch not in self._known:
            self._waiting.pop(watch, None)
            return
        before = self._waiting.get(watch)
        kept = kind is WatchEventKind.PROGRESS and before is WatchEventKind.CHANGED
        if before is not WatchEventKind.ADDED or kind is WatchEventKind.OUTCOME:
            self._waiting[watch] = before if kept and before is not None else kind
        self._wake()

    def forget(self, watch: Watch) -> None:
        """Drop what is known of a watch that ended long ago."""
        self._waiting.pop(watch, None)
        self._known.discard(watch)

    def close(self) -> None:
        """End the iteration, after what is waiting."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        has_news, self._has_news = self._has_news, anyio.Event()
        has_news.set()


def last_seen(watch: Watch) -> Project | Deferred[Project | None] | None:
    """The project as a watch saw it last, or as its outcome has it."""
    outcome = watch.outcome
    return watch.project() if outcome is None else Deferred(lambda: outcome.project)


class Broadcast:
    """Tells all subscribers of a poller what happens to its watches."""

    def __init__(self) -> None:
        # Who is not read any more is not referred to any more.
        self._subscribers: weakref.WeakSet[Subscription] = weakref.WeakSet()
        # What was told last: the snapshot of the project, and the state of the job.
        self._told: dict[Watch, tuple[object, object]] = {}

    def subscribe(self, present: Iterable[tuple[Watch, WatchEventKind]]) -> Subscription:
        """Begin another subscription, with these events."""
        subscription = Subscription(present)
        self._subscribers.add(subscription)
        return subscription

    def polled(self, watch: Watch) -> None:
        """Take in that a poll of a watch ended, and tell what it changed."""
        told = (None, None) if not self._told else self._told.get(watch, (None, None))
        now = watch.snapshot, None if watch.job is None else (watch.job.status, watch.job.progress)
        if now == told:
            return
        self._told[watch] = now
        self.tell(watch, WatchEventKind.PROGRESS if now[0] is told[0] else WatchEventKind.CHANGED)

    def tell(self, watch: Watch, kind: WatchEventKind) -> None:
        """Tell all subscribers."""
        if kind in {WatchEventKind.OUTCOME, WatchEventKind.REMOVED}:
            self._told.pop(watch, None)
        for subscriber in self._subscribers:
            subscriber.tell(watch, kind)

    def forget(self, watch: Watch) -> None:
        """Drop what is known of a watch that ended long ago."""
        for subscriber in self._subscribers:
            subscriber.forget(watch)

    def close(self) -> None:
        """End all subscriptions."""
        for subscriber in self._subscribers:
            subscriber.close()
