"""The watches whose polls are due. Pure."""

from __future__ import annotations

import random
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async._polling.watch import Watch


class DueQueue:
    """Watches whose polls wait to be started, in order.

    Those of which something is known, such as that their jobs may have ended, go first. But every second turn belongs
    to the others, so that no flood of such news can hold them up.
    """

    __slots__ = ("_others", "_served_first", "_urgent")

    def __init__(self) -> None:
        self._urgent: OrderedDict[Watch, None] = OrderedDict()
        self._others: OrderedDict[Watch, None] = OrderedDict()
        self._served_first = False

    def __len__(self) -> int:
        return len(self._urgent) + len(self._others)

    def __contains__(self, watch: object) -> bool:
        return watch in self._urgent or watch in self._others

    def __iter__(self) -> Iterator[Watch]:
        """All but those that go first."""
        return iter(self._others)

    def put(self, watch: Watch) -> None:
        """Add a watch."""
        (self._urgent if watch.urgent else self._others)[watch] = None

    def discard(self, watch: Watch) -> None:
        """Remove a watch, if it is there."""
        self._urgent.pop(watch, None)
        self._others.pop(watch, None)

    def clear(self) -> None:
        """Remove all watches."""
        self._urgent.clear()
        self._others.clear()

    def pop(self) -> Watch:
        """Remove and return the watch whose turn it is."""
        self._served_first = bool(self._urgent) and not (self._served_first and self._others)
        return (self._urgent if self._served_first else self._others).popitem(last=False)[0]

    def pop_soundest(self) -> Watch:
        """Remove and return one of those that failed the least, so that few that always fail do not speak for all."""
        everybody = (*self._urgent, *self._others)
        watch = min(everybody, key=lambda one: (one.failed_polls, random.random()))  # noqa: S311 - no secret
        self.discard(watch)
        return watch
