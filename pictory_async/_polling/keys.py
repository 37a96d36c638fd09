"""How users name one watch of a poller."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pictory_async._polling.watch import Watch
    from pictory_async.models import ProjectId


class WatchKey:
    """One watch of one `RenderPoller`, as `RenderPoller.add` returned it. It can be compared, and used in sets.

    Attributes:
        project_id: The project that is watched; ``None`` for a video without one.
        job_id: The job of its render, if a handle is watched.
    """

    __slots__ = ("_watch", "job_id", "project_id")

    def __init__(self, watch: Watch) -> None:
        self.project_id: ProjectId | None = watch.project_id
        self.job_id: str | None = watch.job_id
        # Keys may be kept for ever; the last response about the project is not.
        self._watch = weakref.ref(watch)

    def watch(self) -> Watch | None:
        """The watch, if it still exists."""
        return self._watch()

    def __eq__(self, other: object) -> bool:
        # There is one reference to an object, and it lasts as long as this key.
        return isinstance(other, WatchKey) and other._watch is self._watch

    def __hash__(self) -> int:
        return id(self._watch)

    def __repr__(self) -> str:
        return f"WatchKey(project_id={self.project_id!r}, job_id={self.job_id!r})"
