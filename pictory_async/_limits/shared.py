"""A request budget that several processes share: what a limiter asks of it, and what it gets."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from pictory_async._values import ValueObject

if TYPE_CHECKING:
    from typing import Self

_TERM: Final = 0.02  # of `per`
_LONGEST_TERM: Final = 1.0  # seconds
_MARGIN: Final = 0.003  # of `per`; what the network may squeeze two requests together
_LONGEST_MARGIN: Final = 0.25  # seconds
_ROUNDED: Final = 1.0 + 1e-9  # a burst is whole also where sums are rounded; the margin is much larger
_AHEAD: Final = 0.05  # of `per`
# Not a whole number: when a lease begins and its process asks for the next one, another one is not given out just then.
_LEASES_AHEAD: Final = 16.5
_TOGETHER: Final = 0.05  # seconds

LATE: Final = 3
"""So many answers in a row that come too late for their leases mean that a budget is out of reach."""


def too_slow(took: float, lasts: float) -> str:
    """Why a budget is out of reach whose answers come too late, as a part of a sentence."""
    return f"it answers too slowly. An answer took {took:.3g} s, and a lease lasts {lasts:.3g} s"


@attrs.frozen(repr=False, eq=False)
class BudgetTerms(ValueObject):
    """What a limiter promises about its requests; it comes with each call of a `SharedBudget`.

    Attributes:
        rate: Requests allowed in any window, by all processes together.
        per: Length of the window, in seconds; at least 1.
        burst: How many of them may go back to back after a quiet time.
    """

    rate: int
    per: float
    burst: int

    @cached_property
    def lasts(self) -> float:
        """Seconds in which the requests of a lease may be sent: 2 % of ``per``, and at most one second."""
        return min(_TERM * self.per, _LONGEST_TERM)

    @cached_property
    def spacing(self) -> float:
        """Seconds between two requests at the steady pace. A request counts until its lease has ended plus ``per``."""
        margin = min(_MARGIN * self.per, _LONGEST_MARGIN)
        return (self.per + self.lasts + margin) / (self.rate - self.burst + 1)

    @cached_property
    def tolerance(self) -> float:
        """How many seconds early a request may come after a quiet time."""
        return (self.burst - 1) * self.spacing * _ROUNDED

    @cached_property
    def together(self) -> int:
        """How many requests a lease has at most while others wait for theirs: those of a twentieth of a second."""
        return max(1, min(self.burst, int(_TOGETHER / self.spacing)))

    @cached_property
    def ahead(self) -> float:
        """How many seconds before its beginning a lease is given out, at most."""
        return min(self.per, max(_AHEAD * self.per, _LEASES_AHEAD * self.together * self.spacing))

    def part(self, fraction: float) -> Self:
        """The terms of a process that uses a fraction of the budget alone: nothing goes back to back, unless it is 1.

        Args:
            fraction: More than 0, at most 1.
        """
        if fraction >= 1.0:
            return self
        # As many requests in a longer window, because a rate is a whole number.
        return attrs.evolve(self, per=self.per * self.rate / (self.rate - self.burst + 1) / fraction, burst=1)


@attrs.frozen(repr=False, eq=False)
class SharedPace(ValueObject):
    """The pace that was found from 429 responses, as processes tell each other.

    The later one of two has more ``steps``; or as many, and more ``progress``.

    Attributes:
        steps: How often the pace was lowered.
        progress: How far it has come back since then: 0 at first, 1 where the refusal came.
        share: The share of the nominal pace to use; at most 1.
        start: The share after it was lowered.
        peak: The share at which the refusal came.
        age: Seconds since it was lowered.
    """

    steps: int = 0
    progress: float = 0.0
    share: float = 1.0
    start: float = 1.0
    peak: float = 1.0
    age: float = 0.0

    def is_later(self, other: SharedPace) -> bool:
        """Whether it is known later than another one."""
        return (self.steps, self.progress) > (other.steps, other.progress)


@attrs.frozen(repr=False, eq=False)
class Lease(ValueObject):
    """Requests that one process may send within a short time.

    Attributes:
        slots: How many; 0 if there is nothing in time.
        starts_in: Seconds until the first of them may be sent, or until the budget has something again.
        lasts: Seconds from then on in which they may be sent.
        mark: How many requests the budget had given out with this lease, in ``epoch``.
        epoch: Changes when the budget has forgotten what was before.
        pace: The pace that was found.
    """

    slots: int
    starts_in: float
    lasts: float
    mark: int = 0
    epoch: str = ""
    pace: SharedPace = attrs.field(factory=SharedPace)


class SharedBudget(Protocol):
    """A request budget of several processes, for ``RateLimiter(shared=...)``.

    `FileBudget` is one for the processes of a host, and `RedisBudget` for those of several. One object serves one
    limiter, or several of one event loop. No method is called before the first request.
    """

    async def lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        """Take requests out of the budget, for a time that has come or will come soon.

        Args:
            terms: What the limiter promises.
            slots: How many requests it would send now; at least 1. It may get fewer.
            within: Nothing is taken if it would begin later than in so many seconds; can be infinite.
            pace: What the limiter knows about the pace.

        An answer that takes as long as a lease lasts is too late: it is given back, and after three in a row the
        limiter raises `ConnectionFailedError`, as after 5 seconds without an answer.

        Raises:
            ConnectionFailedError: The budget is out of reach.
        """
        ...

    async def give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        """Return requests of a lease that were not sent. They are lost if it is not called, and nothing else.

        Args:
            terms: What the limiter promises.
            lease: The lease.
            slots: How many of its requests were not sent, and will not be.
        """
        ...

    async def report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        """Report that the server refused a request with 429, or asked for a pause.

        Args:
            terms: What the limiter promises.
            pause: Seconds in which nobody sends anything.
            pace: The pace that the limiter has found.

        Returns:
            The pace of all: another process may have reported the same event before.

        Raises:
            ConnectionFailedError: The budget is out of reach.
        """
        ...
