"""What ended, for whoever iterates over a poller."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, cast

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pictory_async._polling.watch import Watch


class News:
    """Watches that ended and were not taken yet, and new states of jobs that are watched alone.

    Args:
        keep: How many of an open poller are kept, which has no news until somebody asks for them; ``None`` for a
            poller that goes on until nothing is pending, and keeps all.
    """

    __slots__ = ("_arrived", "_keep", "_waiting")

    def __init__(self, keep: int | None) -> None:
        self._keep = keep
        self._waiting: deque[Watch] | None = deque() if keep is None else None
        self._arrived = anyio.Event()

    def __len__(self) -> int:
        return len(self._waiting or ())

    def __iter__(self) -> Iterator[Watch]:
        return iter(self._waiting or ())

    def keep(self) -> None:
        """Keep what comes from now on for `next`."""
        if self._waiting is None:
            self._waiting = deque(maxlen=self._keep)

    def add(self, watch: Watch) -> None:
        """Keep a watch, if anything is kept."""
        if self._waiting is not None:
            self._waiting.append(watch)
            self.announce()

    def discard(self, watch: Watch) -> None:
        """Drop a watch, if it is there."""
        if self._waiting is not None and watch in self._waiting:
            self._waiting.remove(watch)

    def announce(self) -> None:
        """Wake whoever waits: there is something, or there may be nothing to wait for any more."""
        # A new event first: whoever wakes may wait again at once.
        arrived, self._arrived = self._arrived, anyio.Event()
        arrived.set()

    async def next(self, may_come: Callable[[], bool]) -> Watch | None:
        """Wait for the next one; ``None`` if none may come."""
        self.keep()
        waiting = cast("deque[Watch]", self._waiting)
        while not waiting:
            if not may_come():
                return None
            await self._arrived.wait()
        return waiting.popleft()
