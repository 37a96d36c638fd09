"""Adapt the request rate to 429 responses.

The law, for the share of the nominal pace that is used:

- **Down.** A refusal (429) lowers the share once: to 0.8 of what it was, but to no less than 0.8 of the pace that the
  server accepted in the last minute or two. Before ten responses show what that is, the share is halved instead, if at
  least a third of the requests was refused. Refusals of requests that were sent earlier belong to the same event.
  Further refusals in a row only double the pause.
- **Up.** The share follows a cubic curve (as TCP CUBIC does, RFC 9438): quickly back towards the pace at which the
  refusal came, flat around it, then faster above it. Reaching that pace again takes at least 150 requests and a minute.
- **Back.** From the 300th second after the last refusal on, the share also grows geometrically, so that it is 1 at the
  540th, wherever it started. The share is at most a minute old when it is used, because a request is never further than
  a minute away. So **the pace is nominal again within 10 minutes of the last refusal, from any state**. A pace that is
  not used is not raised: it is raised by the first request that has to wait for it. A time without any request counts
  as well: the first request after nine idle minutes finds the nominal pace.
- **Unrelated refusals.** A limit does not refuse requests at a pace below what it accepted a moment ago. The refusals
  that come there all the same are counted. Twice as many may then be refused at any pace without lowering it, because
  they come in clusters. No more than 8 % are expected, and more than 12 % count as a lower limit. So a steady 1 % of
  refusals that have nothing to do with the pace leaves 75 % of it in every hour, and 5 % leave half on average. More
  tolerance would let a limit that has fallen refuse more than 2 % for good.

Everything here is arithmetic: it takes ``now`` and never waits.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from pictory_async._limits.shared import SharedPace


_DECREASE: Final = 0.8
_HALVE: Final = 0.5
_ENOUGH: Final = 10
_MOSTLY: Final = 2.0  # accepted requests for one that was refused: above that, the limit cannot be far below
_GRANTS: Final = 150.0
_SECONDS: Final = 60.0
_MEMORY: Final = 60.0
_GUESS: Final = 8.0
_LONGEST: Final = 30.0
_SLOWEST: Final = 60.0

# The way back to the nominal pace, in seconds after the last refusal: where it begins and where it ends. The slowest
# pace is one request in `_SLOWEST` seconds, so the first request after its end is sent within ten minutes.
_RETURN_BEGINS: Final = 300.0
_RETURN_ENDS: Final = 540.0

# A pace counts as accepted where it is below 0.97 of what the server let through, and a new limit starts to be tried at
# 0.85 of that at most, so that each trial has some requests at an accepted pace.
_ACCEPTED: Final = 0.97
_TRIAL: Final = 0.85
_STREAK: Final = 6  # responses without a refusal that show an accepted pace to be accepted still
_SAMPLE: Final = 70.0
_FEWEST: Final = 25.0
_RECALL: Final = 1000.0
_MOST_UNRELATED: Final = 0.08
_FLOOD: Final = 0.12
_FLOOD_AT_LEAST: Final = 3.5
_EXCUSES: Final = 2.0  # for each refusal that is expected: they come in clusters
_MOST_EXCUSES: Final = 2.0


@attrs.define(repr=False, eq=False)
class _Unrelated:
    """Estimates which fraction of the requests is refused whatever the pace is, and excuses as many refusals.

    Attributes:
        accepted: The share below which the server is known to accept everything; 0 if it is not known.
    """

    accepted: float = 0.0
    _sent: float = 0.0
    _refused: float = 0.0
    _excuses: float = 0.0
    _streak: int = 0

    def count(self, share: float, *, refused: bool) -> None:
        """Take in a response to a request that was sent at a share of the pace."""
        # Old evidence fades: requests that come later may be refused for other reasons.
        self._sent *= 1.0 - 1.0 / _RECALL
        self._refused *= 1.0 - 1.0 / _RECALL
        if share < self.accepted:
            self._sent += 1.0 - self._sent / _SAMPLE
            self._refused += refused - self._refused / _SAMPLE
            if self._refused > max(_FLOOD_AT_LEAST, _FLOOD * self._sent):
                # Too many to be unrelated: the server accepts less than it did.
                self._sent = self._refused = self._excuses = 0.0
        fraction = min(_MOST_UNRELATED, self._refused / max(self._sent, _FEWEST))
        self._excuses = min(_MOST_EXCUSES, self._excuses + _EXCUSES * fraction)
        if not refused:
            self._streak += 1

    def excuses(self, share: float) -> bool:
        """Whether a refusal that was just counted says nothing about the pace."""
        streak, self._streak = self._streak, 0
        if share < self.accepted and streak >= _STREAK:
            return True
        if self._excuses < 1.0:
            return False
        self._excuses -= 1.0
        return True


@attrs.define(repr=False, eq=False)
class Feedback:
    """Decides which share of the nominal pace is used, from which requests were refused.

    Attributes:
        spacing: Seconds between two requests at the nominal pace.
        share: The share of that pace to use now, at most 1. While it is 1, only refusals are taken in.
    """

    spacing: float
    share: float = 1.0
    _start: float = 1.0
    _peak: float = 1.0
    _progress: float = 0.0
    _refusals: int = 0
    _steps: int = 0
    _shared_steps: int = 0
    _stepped_at: float = float("-inf")
    _accepted: float = 0.0
    _busy: float = 0.0
    _last: float = 0.0
    _pause: float = 0.0
    _refused_at: float = 0.0
    _blocked: float = 0.0
    _unrelated: _Unrelated = attrs.field(init=False, factory=_Unrelated)

    def granted(self, now: float, *, waited: bool) -> None:
        """Take in that a request is sent, and whether it had to wait for that."""
        gap, self._last = now - self._last, now
        busy = gap if waited else min(gap, self.spacing / self.share)
        fading = math.exp(-busy / _MEMORY)
        self._accepted *= fading
        self._busy = self._busy * fading + busy
        if waited:
            self._progress += min(1.0 / _GRANTS, gap / _SECONDS)
            cubic = self._peak + (self._peak - self._start) * (self._progress - 1.0) ** 3
            # The cubic curve alone is flat where its peak is low: at the slowest pace it would take hours.
            self.share = min(1.0, max(cubic, self._returned(now - self._stepped_at)))

    def rested(self, now: float) -> bool:
        """Raise the share if nothing was sent for minutes before ``now``, when the next request comes.

        Returns:
            Whether the share is higher than before.
        """
        share, self.share = self.share, max(self.share, self._returned(now - max(self._last, self._stepped_at)))
        return self.share > share

    def _returned(self, since: float) -> float:
        passed = (since - _RETURN_BEGINS) / (_RETURN_ENDS - _RETURN_BEGINS)
        return math.pow(self._start, 1.0 - min(1.0, max(0.0, passed)))

    def granted_elsewhere(self, requests: int, now: float) -> None:
        """Take in that other processes sent requests since the last grant, of which none is known to be refused."""
        since, step = self._last, (now - self._last) / (requests + 1)
        for number in range(1, requests + 1):
            self.granted(since + number * step, waited=True)
            self._accepted += 1.0

    def pace(self, now: float) -> SharedPace:
        """What another process needs to know of the pace."""
        from pictory_async._limits.shared import SharedPace  # noqa: PLC0415 - most programs have their budget alone

        if not self._shared_steps:
            return SharedPace()
        age = now - self._stepped_at
        return SharedPace(self._shared_steps, self._progress, self.share, self._start, self._peak, age)

    def adopt(self, pace: SharedPace, now: float) -> None:
        """Take over the pace that another process knows, if it is later than the own."""
        if not pace.is_later(self.pace(now)):
            return
        if pace.steps > self._shared_steps:
            self._shared_steps, self._stepped_at = pace.steps, now - pace.age
            self._start, self._peak = pace.start, pace.peak
            self._accepted = self._busy = 0.0
            # The refusals of this process that follow are further ones of that event, until a request is accepted.
            self._last, self._refusals = now, 1
            self._refused_at, self._pause = self._stepped_at, self.spacing / pace.share
        self._progress, self.share = pace.progress, pace.share

    def accepted(self, sent_at: float) -> None:
        """Take in that the request sent at ``sent_at`` was not refused."""
        if sent_at <= self._stepped_at:
            return
        self._accepted += 1.0
        self._unrelated.count(self.share, refused=False)
        if self._refusals:
            self._blocked = sent_at - self._refused_at
            self._refusals = 0

    def refused(self, sent_at: float, now: float) -> float:
        """Take in that the request sent at ``sent_at`` was refused.

        Returns:
            Seconds to send nothing, if the server does not say how many.
        """
        if sent_at <= self._stepped_at:
            return 0.0
        first = self._refusals == 0 or self.share >= 1.0
        if first and self.share < 1.0:
            self._unrelated.count(self.share, refused=True)
            if self._unrelated.excuses(self.share):
                return self.spacing / self.share
        self._stepped_at = now
        if first:
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
            self._steps = 0
            self._last = now
        if self._accepted >= _ENOUGH:
            let_through = self._accepted * self.spacing
            measured = let_through / max(self._busy, let_through)
            # What was measured is up to two minutes old. A refusal at a lower share shows that it holds no longer.
            self._unrelated.accepted = _ACCEPTED * min(measured, self.share)
            self._start = max(_DECREASE * measured, min(_DECREASE * self.share, _TRIAL * measured))
            self._peak = max(measured, min(self.share, measured / _DECREASE))
        else:  # too few responses to measure by
            self._unrelated.accepted = 0.0
            self._peak = self.share
            # The first refusal had no request before it that was counted.
            step = _DECREASE if not self._steps or self._accepted > _MOSTLY * self._steps else _HALVE
            self._start = max(self.share * step, min(self.share, self.spacing / _SLOWEST))
        self._steps += 1
        self._shared_steps += 1
        self.share = self._start
        self._progress = 0.0
