"""Failed looks in a row: which of them are an answer, and how soon to look again. Pure."""

from __future__ import annotations

import random
from typing import Final

import attrs

from pictory_async._http.retry import is_transient
from pictory_async.errors import APIError, MalformedResponseError

__all__ = ["Setbacks"]

_CONFIRM_AFTER: Final = 2.0
_CONFIRMED: Final = 2
_UNUSABLE: Final = 5


@attrs.define(repr=False, eq=False)
class Setbacks:
    """The failed looks since the last good one.

    A failed look is not a failed render: a transient failure never ends a wait. What says the same twice in a row (a
    404, a refused key) is believed, and a body that stays unusable five times in a row is given up on.
    """

    last: APIError | None = None
    _transient: int = 0
    _strikes: int = 0

    def clear(self) -> None:
        """Forget them, after a good look."""
        self.last = None
        self._transient = self._strikes = 0

    def add(self, error: APIError) -> bool:
        """Take one in, and say whether it has to be believed."""
        same = type(error) is type(self.last)
        self.last = error
        if is_transient(error):
            self._transient += 1
            self._strikes = 0
            return False
        self._strikes = self._strikes + 1 if same else 1
        return self._strikes >= (_UNUSABLE if isinstance(error, MalformedResponseError) else _CONFIRMED)

    def next_look(self, now: float, interval: float) -> float | None:
        """When to look again early: to confirm, or because a connection broke once. ``None`` for the usual time."""
        if self._strikes or self._transient == 1:
            return now + random.uniform(0.5, 1.0) * min(interval, _CONFIRM_AFTER)  # noqa: S311 - no secret
        return None
