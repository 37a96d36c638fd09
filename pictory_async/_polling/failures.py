"""Failed polls in a row: when to believe what they say, and how soon to poll again. Pure."""

from __future__ import annotations

import random
from typing import Final

import attrs

from pictory_async._http.retry import is_transient
from pictory_async.errors import APIError, MalformedResponseError, StatusError

_CONFIRM_AFTER: Final = 2.0
_CONFIRMED: Final = 2
_UNUSABLE: Final = 5


@attrs.define(repr=False, eq=False)
class FailureStreak:
    """The failed polls since the last good one.

    A failed poll is not a failed render. A transient failure never ends a wait. A permanent one (a 404, a rejected
    key) is believed when a second poll confirms it, and a response that stays unusable when it comes five times.
    """

    last: APIError | None = None
    _transient: int = 0
    _strikes: int = 0

    def add(self, error: APIError) -> bool:
        """Add a failure, and return whether to believe it."""
        same = type(error) is type(self.last)
        self.last = error
        if is_transient(error):
            self._transient += 1
            # A server that cannot respond at all does not confirm what it said before.
            self._strikes = 0
            return False
        self._strikes = self._strikes + 1 if same else 1
        # An error that the API reports with status 200 may pass, as a malformed response may.
        reported = type(error) is StatusError and error.status < 300  # noqa: PLR2004 - success
        passing = reported or isinstance(error, MalformedResponseError)
        return self._strikes >= (_UNUSABLE if passing else _CONFIRMED)

    def next_poll(self, now: float, interval: float) -> float | None:
        """When to poll early: to confirm, or after a single broken connection. ``None`` means: at the usual time."""
        if self._strikes or self._transient == 1:
            return now + random.uniform(0.5, 1.0) * min(interval, _CONFIRM_AFTER)  # noqa: S311 - no secret
        return None
