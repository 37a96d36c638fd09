"""The watches whose polls are due. Pure."""

from __future__ import annotations

import random
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async._polling.watch import Watch


class DueQueue:
    """Watches whose polls wait to be started.

    Those of which something is known, such as that their jobs have ended, go first, and then those of which somebody
    said that something may have happened. But every second turn belongs to the one that has waited longest, whichever
    it is. So no flood of hints makes a watch wait more than twice as long, and none of them loses its place.
    """

    __slots__ = ("_hinted", "_known", "_served_first", "_waiting")

    def __init__(self) -> None:
        self._waiting: OrderedDict[Watch, None] = OrderedDict()  # all of them, also those that go first
        self._known: OrderedDict[Watch, None] = OrderedDict()
        self._hinted: OrderedDict[Watch, None] = OrderedDict()
        self._served_first = False

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, watch: object) -> bool:
        return watch in self._waiting

    def __iter__(self) -> Iterator[Watch]:
        """All but those that go first."""
        return (watch for watch in self._waiting if watch not in self._known and watch not in self._hinted)

    def put(self, watch: Watch) -> None:
        """Add a watch, or take in that it goes first now. One that is there keeps its place."""
        self._waiting[watch] = None
        if watch.urgent:
            self._known[watch] = None
        elif watch.hinted:
            self._hinted[watch] = None

    def discard(self, watch: Watch) -> None:
        """Remove a watch, if it is there."""
        if watch in self._waiting:
            del self._waiting[watch]
            self._known.pop(watch, None)
            self._hinted.pop(watch, None)

    def clear(self) -> None:
        """Remove all watches."""
        for watches in (self._waiting, self._known, self._hinted):
            watches.clear()

    def pop(self) -> Watch:
        """Remove and return the watch whose turn it is."""
        first = self._known or self._hinted
        self._served_first = bool(first) and not self._served_first
        watch = next(iter(first if self._served_first else self._waiting))
        self.discard(watch)
        return watch

    def pop_soundest(self) -> Watch:
        """Remove and return one of those that failed the least, so that few that always fail do not speak for all."""
        watch = min(self._waiting, key=lambda one: (one.failed_polls, random.random()))  # noqa: S311 - no secret
        self.discard(watch)
        return watch
