"""Finding a request limit that the server does not tell, from its answers 429. Pure."""

from __future__ import annotations

import math
from typing import Final

import attrs

__all__ = ["Feedback"]

_DECREASE: Final = 0.8
_ENOUGH: Final = 10
_GRANTS: Final = 150.0
_SECONDS: Final = 60.0
_MEMORY: Final = 60.0
_GUESS: Final = 8.0
_LONGEST: Final = 30.0
_SLOWEST: Final = 60.0


@attrs.define(repr=False, eq=False)
class Feedback:
    """Says what share of the nominal pace is used, from which requests were refused.

    A refusal lowers the share once: to 0.8 of what it was, but to no more than the pace that the server has let through
    in the last minute or two, and to no less than 0.8 of that. Refusals of requests that were sent before are the same
    flight and tell nothing new; later ones only double the pause, until an answer shows that requests are let through
    again.

    From there the share follows a cubic curve (as TCP CUBIC does, RFC 9438): quickly back towards where the refusal
    came, flat around it, and then faster and faster above it, until the nominal pace is reached. The way back takes at
    least 150 requests and a minute, so that about one answer in a hundred is a refusal, and so that a server which
    counts by the minute is not flooded within one. Only requests that had to wait move it: a pace that is not used
    proves nothing.

    Attributes:
        spacing: Seconds between two requests at the nominal pace.
        share: The share of that pace to use now, at most 1. While it is 1 there is nothing to take in but refusals.
    """

    spacing: float
    share: float = 1.0
    _start: float = 1.0
    _peak: float = 1.0
    _progress: float = 0.0
    _refusals: int = 0
    _stepped_at: float = float("-inf")
    _accepted: float = 0.0
    _busy: float = 0.0
    _last: float = 0.0
    _pause: float = 0.0
    _refused_at: float = 0.0
    _blocked: float = 0.0

    def granted(self, now: float, *, waited: bool) -> None:
        """Take in that a request is sent, and whether it had to wait for that."""
        gap, self._last = now - self._last, now
        busy = gap if waited else min(gap, self.spacing / self.share)
        fading = math.exp(-busy / _MEMORY)
        self._accepted *= fading
        self._busy = self._busy * fading + busy
        if waited:
            self._progress += min(1.0 / _GRANTS, gap / _SECONDS)
            self.share = min(1.0, self._peak + (self._peak - self._start) * (self._progress - 1.0) ** 3)

    def accepted(self, sent_at: float) -> None:
        """Take in that the request sent at ``sent_at`` was not refused."""
        if sent_at <= self._stepped_at:
            return
        self._accepted += 1.0
        if self._refusals:
            self._blocked = sent_at - self._refused_at
            self._refusals = 0

    def refused(self, sent_at: float, now: float) -> float:
        """Take in that the request sent at ``sent_at`` was refused.

        Returns:
            Seconds to send nothing, where the server does not say how many.
        """
        if sent_at <= self._stepped_at:
            return 0.0
        self._stepped_at = now
        if self._refusals == 0 or self.share >= 1.0:
            self._lower(now)
            self._refused_at, self._refusals = now, 0
            # A server that counts in fixed windows refuses until the end of one, each time for about as long.
            self._pause = max(self.spacing / self.share, min(_GUESS, self._blocked / 2.0))
        else:
            self._pause = min(_LONGEST, self._pause * 2.0)
        self._refusals += 1
        return self._pause

    def _lower(self, now: float) -> None:
        if self.share >= 1.0:
            self._accepted = self._busy = 0.0
            self._last = now
        if self._accepted >= _ENOUGH:
            let_through = self._accepted * self.spacing
            measured = let_through / max(self._busy, let_through)
            self._start = min(measured, max(_DECREASE * self.share, _DECREASE * measured))
            self._peak = max(measured, min(self.share, measured / _DECREASE))
        else:  # too few answers to measure by
            self._peak = self.share
            step = _DECREASE if self.share >= 1.0 else 0.5
            self._start = max(self.share * step, min(self.share, self.spacing / _SLOWEST))
        self.share = self._start
        self._progress = 0.0
