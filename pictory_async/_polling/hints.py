"""Hints while polls fail: which of them bring a poll forward, and when. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pictory_async._http.backoff import doubled, scattered

if TYPE_CHECKING:
    from collections.abc import Collection

    from pictory_async._polling.watch import Watch

_SHORTEST: Final = 2.0  # seconds
_LONGEST: Final = 60.0  # seconds
_TRIES: Final = 4


class Hints:
    """The hints of one client.

    As long as polls succeed, a hint brings its poll forward at once. While they fail, hints are kept until the next
    good response, which uses all of them; so is a hint whose own poll fails, unless that happens again and again
    although others succeed. Meanwhile, one of the hinted watches at a time is polled early, after waits that double up
    to a minute. So the end of an outage is noticed soon, and a flood of hints sends hardly a request more.

    Attributes:
        next_at: When the watch that `failed` or `forget` returned is polled.
    """

    __slots__ = ("_failures", "_first", "_kept", "_used", "next_at")

    def __init__(self) -> None:
        self.next_at: float = 0.0
        # Both say how many polls of the hint failed that began after a good response.
        self._used: dict[Watch, int] = {}  # its poll is queued or in flight
        self._kept: dict[Watch, int] = {}  # it waits for a good response
        self._first: Watch | None = None  # the one of these that is polled early
        self._failures = 0

    def add(self, watch: Watch, now: float) -> float | None:
        """Take in a hint.

        Returns:
            When to poll the watch, if that is earlier than its usual time; ``None`` if the hint is only kept.
        """
        if not self._failures:
            self._used[watch] = 0
            return now
        self._kept[watch] = 0
        if self._first not in {None, watch}:
            return None
        self._first = watch
        return self.next_at

    def failed(self, watches: Collection[Watch], now: float, *, alone: bool) -> Watch | None:
        """Take in that a poll failed for these watches; return one that is polled early, if it is another one now.

        Args:
            watches: The watches.
            now: The time.
            alone: Whether the API responds to others, so that a hint need not wait long.
        """
        self._failures = 1 if alone else self._failures + 1
        for watch in watches:
            failed = self._used.pop(watch, _TRIES) + 1
            if failed < _TRIES:
                self._kept.setdefault(watch, failed)
        if self._first is not None and self._first not in watches:
            return None
        self.next_at = now + scattered(doubled(_SHORTEST, self._failures - 1, _LONGEST))
        if self._first is not None:  # others come before it is polled early again
            self._kept[self._first] = self._kept.pop(self._first)
        return self._choose()

    def succeeded(self, watches: Collection[Watch]) -> list[Watch]:
        """Take in that a poll succeeded for these watches; return the others whose hints were kept."""
        self._failures = 0
        kept, self._kept, self._first = self._kept, {}, None
        self._used |= kept
        for watch in watches:
            if not watch.hinted:  # otherwise it was hinted while this poll was in flight
                self._used.pop(watch, None)
        return [watch for watch in kept if watch not in watches]

    def forget(self, watch: Watch) -> Watch | None:
        """Drop the hint at a watch that has ended; return one that is polled early in its place, if it was that."""
        self._used.pop(watch, None)
        self._kept.pop(watch, None)
        return self._choose() if watch is self._first else None

    def _choose(self) -> Watch | None:
        # What failed although others succeeded comes last.
        self._first = min(self._kept, key=self._kept.__getitem__, default=None)
        return self._first
