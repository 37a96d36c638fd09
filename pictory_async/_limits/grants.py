"""What a limiter may let go and write: of a budget that it has alone, or that it shares with other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs

from pictory_async._limits.feedback import Feedback
from pictory_async._limits.pace import Pace

if TYPE_CHECKING:
    from typing import Self


class Grants(Protocol):
    """What a limiter asks before it lets a request go, and before that is written.

    There are two kinds: `OwnGrants`, and `Leases` of a shared budget.
    """

    @property
    def rate(self) -> int:
        """Requests per window."""
        ...

    @property
    def per(self) -> float:
        """Length of the window, in seconds."""
        ...

    @property
    def burst(self) -> int:
        """How many requests may go back to back after a quiet time."""
        ...

    @property
    def spacing(self) -> float:
        """Seconds between two requests at the steady pace."""
        ...

    @property
    def feedback(self) -> Feedback:
        """The pace that was found from 429 responses."""
        ...

    def take(self, now: float) -> bool:
        """Let one request go at ``now``, if that is allowed."""
        ...

    def write(self, now: float) -> bool:
        """Let one request be written at ``now``, if that is allowed."""
        ...

    def delay(self, now: float) -> float:
        """Seconds until `take` may succeed; zero or less if `ask` says it."""
        ...

    def pause(self, until: float) -> None:
        """Allow nothing before ``until``."""
        ...

    def use_share(self) -> None:
        """Use the share of the pace that `feedback` has now."""
        ...

    async def ask(self, waiting: int, within: float) -> float | None:
        """Make `take` succeed, if that is possible now.

        Args:
            waiting: How many requests wait.
            within: Nothing is needed that comes later than in so many seconds.

        Returns:
            ``None`` if `take` may succeed; if not, seconds until something is free.

        Raises:
            ConnectionFailedError: A shared budget is out of reach.
        """
        ...

    def early(self, free_in: float) -> float:
        """In how many seconds to ask again for what is free in ``free_in`` seconds."""
        ...

    async def report(self) -> None:
        """Tell other processes about a refusal or a pause that they do not know of."""
        ...

    async def give_back(self) -> None:
        """Return what nobody waits for."""
        ...


@attrs.define(repr=False, eq=False)
class OwnGrants(Pace):
    """A budget that the limiter has alone: one pace of what is granted, and one of what is written."""

    feedback: Feedback = attrs.field(init=False)
    _written: Pace = attrs.field(init=False)

    @classmethod
    def of(cls, rate: int, per: float, burst: int) -> Self:
        """Make one of so many requests in each window."""
        made = cls(rate, per, burst)
        made.feedback = Feedback(made.spacing)
        made._written = Pace(rate, per, burst, writes=True)
        return made

    def write(self, now: float) -> bool:
        """Let one request be written at ``now``, if that is allowed; if not, its grant counts for nothing."""
        if self._written.take(now):
            return True
        self.follow(self._written)
        return False

    def pause(self, until: float) -> None:
        """Allow nothing before ``until``."""
        super().pause(until)
        self._written.pause(until)

    def use_share(self) -> None:
        """Use the share of the pace that `feedback` has now."""
        self.use(self.feedback.share)
        self._written.use(self.feedback.share)

    async def ask(self, waiting: int, within: float) -> float | None:  # noqa: ARG002 - nobody else has a part of it
        """There is nothing to ask: `take` succeeds as soon as `delay` is over."""
        return None

    def early(self, free_in: float) -> float:
        """Nothing is free earlier."""
        return free_in

    async def report(self) -> None:
        """There is no other process to tell."""

    async def give_back(self) -> None:
        """There is nothing to return."""
