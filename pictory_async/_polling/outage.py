"""Slows the polls of a client down while all of them fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from pictory_async._http.backoff import doubled, scattered
from pictory_async._log import LogEvent, write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pictory_async._polling.watch import Watch
    from pictory_async.errors import APIError
    from pictory_async.models import ProjectId

_FAILURES: Final = 10
_SHORTEST: Final = 0.5
_LONGEST: Final = 8.0


class _Waiting:
    """One poll that waits for its turn.

    Attributes:
        owner: The scheduler that sends it.
        failures: How many polls of the same project failed in a row.
        interval: Seconds between two polls, as its caller asked.
        turn: Set when it may be sent.
    """

    __slots__ = ("failures", "interval", "owner", "turn")

    def __init__(self, owner: object, failures: int, interval: float) -> None:
        self.owner = owner
        self.failures = failures
        self.interval = interval
        self.turn = anyio.Event()


class Outage:
    """Lets one poll through at a time while all polls of a client fail, after longer and longer waits.

    The waits double from half a second to 8 seconds, or to the poll's interval if that is shorter. The first success
    lets all polls through again. Who failed the least goes first, so polls that fail for reasons of their own do not
    hold up the others for long.

    Args:
        host: Where the API is, for the log.

    Attributes:
        reason: Why all polls fail now; ``None`` if they do not.
    """

    def __init__(self, host: str) -> None:
        self.reason: str | None = None
        self._host = host
        self._failed = 0
        self._failing: set[ProjectId | None] = set()
        self._watching = 0
        self._since = 0.0
        self._let_through = 0
        self._next_at = 0.0
        self._waiting: list[_Waiting] = []

    def has_waiting(self, owner: object) -> bool:
        """Whether a poll of this owner waits for its turn: another one could only wait too."""
        return any(one.owner is owner for one in self._waiting)

    async def turn(self, owner: object, failures: int, interval: float) -> None:
        """Wait for the poll's turn.

        Args:
            owner: The scheduler that sends it.
            failures: How many polls of the same project failed in a row.
            interval: Seconds between two polls, as its caller asked.
        """
        one = _Waiting(owner, failures, interval)
        self._waiting.append(one)
        try:
            while not one.turn.is_set():
                with anyio.move_on_after(max(0.0, self._next_at - anyio.current_time())):
                    await one.turn.wait()
                self._let_one_through(anyio.current_time())
        finally:
            if one in self._waiting:
                self._waiting.remove(one)

    @property
    def is_wide(self) -> bool:
        """Whether polls of half of what is watched failed since the last good one: it is no trouble of some of them."""
        return 0 < self._watching <= 2 * len(self._failing)

    def spreads(self, failed: Iterable[Watch], watching: int) -> None:
        """Take in the watches of a failed poll of a client that watches so many renders and projects."""
        self._watching = watching
        self._failing.update(watch.job_id or watch.project_id for watch in failed if watch.open)

    def forget(self, watch: Watch) -> None:
        """Take in that a watch has ended."""
        self._failing.discard(watch.job_id or watch.project_id)

    def failed(self, error: APIError, watching: int, now: float) -> None:
        """Take in a failed poll of a client with so many watches."""
        self._failed += 1
        if self.reason is not None:
            self.reason = str(error)
        elif self._failed >= min(_FAILURES, max(2, 2 * watching)):
            self.reason = str(error)
            self._since, self._let_through = now, 0
            self._next_at = now + _SHORTEST
            text = "no poll of %s succeeds; polling less often. %s"
            write(LogEvent.API_UNREACHABLE, text, self._host, error, host=self._host, request_id=error.request_id)

    def ended(self, now: float) -> None:
        """Take in that the API responds."""
        self._failed = 0
        self._failing.clear()
        if self.reason is None:
            return
        self.reason = None
        text, lasted = "polls of %s succeed again, after %.0f s", now - self._since
        write(LogEvent.API_REACHABLE, text, self._host, lasted, host=self._host, duration=lasted)
        for one in self._waiting:
            one.turn.set()
        self._waiting.clear()

    def _let_one_through(self, now: float) -> None:
        if self.reason is None or now < self._next_at or not self._waiting:
            return
        first = min(self._waiting, key=lambda one: one.failures)
        self._waiting.remove(first)
        first.turn.set()
        self._let_through += 1
        wait = doubled(_SHORTEST, self._let_through, max(_SHORTEST, min(_LONGEST, first.interval)))
        self._next_at = now + scattered(wait)
