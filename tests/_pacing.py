"""A server that refuses requests at a pace or by chance, and a client that always has one to send: without a clock."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from pictory_async._limits.feedback import Feedback
from pictory_async._limits.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

LATENCY = 0.5


class Saturated:
    """Sends a request whenever it is allowed, at the default settings, and takes in each response half a second later.

    Attributes:
        now: The time, in seconds.
        accepted: How many requests were accepted so far.
        refused_at: When the last response was a refusal.
    """

    def __init__(self) -> None:
        self.pace = Pace(300, 60.0, 10)
        self.feedback = Feedback(self.pace.spacing)
        self.now = 0.0
        self.accepted = 0
        self.refused_at = -math.inf
        self._in_flight: deque[tuple[float, bool]] = deque()

    @property
    def nominal(self) -> float:
        """Requests a second at the nominal pace."""
        return 1.0 / self.pace.spacing

    def send(self, seconds: float, refuses: Callable[[], bool], stop: Callable[[], bool] = lambda: False) -> None:
        """Send for so many seconds, or until ``stop`` says so."""
        end = self.now + seconds
        while self.now < end and not stop():
            allowed = self.now + max(0.0, self.pace.delay(self.now))
            if self._in_flight and self._in_flight[0][0] + LATENCY <= allowed:
                sent_at, refused = self._in_flight.popleft()
                self.now = max(self.now, sent_at + LATENCY)
                self._respond(sent_at, refused=refused)
                continue
            self.now = min(allowed, end)
            if self.pace.take(self.now):
                if self.feedback.share < 1.0:
                    self.feedback.granted(self.now, waited=True)
                    self.pace.use(self.feedback.share)
                self._in_flight.append((self.now, refuses()))

    def _respond(self, sent_at: float, *, refused: bool) -> None:
        if refused:
            self.refused_at = self.now
            pause = self.feedback.refused(sent_at, self.now)
            self.pace.use(self.feedback.share)
            self.pace.pause(self.now + pause)
            return
        self.accepted += 1
        if self.feedback.share < 1.0:
            self.feedback.accepted(sent_at)
