"""What budgets that are kept outside of a process have in common: what happens while they are out of reach."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio
import attrs

from pictory_async._limits.shared import LATE, too_slow
from pictory_async._limits.window import SharedWindow
from pictory_async._log import LogEvent, write
from pictory_async._values import brief
from pictory_async.errors import ConnectionFailedError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Generator

    from pictory_async._limits.shared import BudgetTerms, Lease, SharedPace

_PATIENCE: Final = 4.0  # seconds for an answer; shorter than that of a limiter, so that `share` takes over


class OutOfReachError(Exception):
    """A budget cannot be used now; its text says why, as a part of a sentence."""


class StoredBudget:
    """The base of the shared budgets.

    Args:
        place: Where the budget is, for people.
        on_outage: What happens while it is out of reach, as its classes say.
        fraction: The fraction of the budget that this process uses alone meanwhile.

    Raises:
        PictoryConfigError: An argument is out of range.
    """

    def __init__(self, place: str, on_outage: Literal["fail", "share"], fraction: float | None) -> None:
        if on_outage not in ("fail", "share"):
            raise PictoryConfigError(f"on_outage must be 'fail' or 'share', not {brief(on_outage)}.")
        if (fraction is None) is (on_outage == "share"):
            raise PictoryConfigError("fraction belongs to on_outage='share', which needs it: 0.25 for one of four.")
        if fraction is not None and (isinstance(fraction, bool) or not isinstance(fraction, (int, float))):
            raise PictoryConfigError(f"fraction must be a number, not {brief(fraction)}.")
        if fraction is not None and not 0.0 < fraction <= 1.0:
            raise PictoryConfigError(f"fraction must be more than 0 and at most 1, not {brief(fraction)}.")
        self._place = place
        self._fraction = fraction
        self._alone: SharedWindow | None = None
        self._reached = False
        self._late = 0  # answers in a row that came too late for their leases

    async def lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        """As `SharedBudget.lease`."""
        asked_at = anyio.current_time()
        try:
            with _answered():
                lease = await self._lease(terms, slots, within, pace)
                await self._judge(terms, lease, anyio.current_time() - asked_at)
        except OutOfReachError as error:
            reason = str(error)
        else:
            self._back()
            return lease
        part, window = self._use_alone(reason, terms)
        now = anyio.current_time()
        alone = window.lease(now, part, slots, within, pace)
        # It is of this moment. The limiter, which does not know that, counts from its question on.
        return attrs.evolve(alone, lasts=alone.lasts + now - asked_at)

    async def _judge(self, terms: BudgetTerms, lease: Lease, took: float) -> None:
        """Count the answers in a row that come too late for their leases; the limiter asks again after the first ones.

        Raises:
            OutOfReachError: These are too many. The lease is given back.
        """
        self._late = self._late + 1 if took >= terms.lasts else 0
        if self._late >= LATE:
            with contextlib.suppress(OutOfReachError):
                await self._give_back(terms, lease, lease.slots)
            raise OutOfReachError(too_slow(took, terms.lasts))

    async def give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        """As `SharedBudget.give_back`."""
        if self._alone is None:
            await self._give_back(terms, lease, slots)

    async def report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        """As `SharedBudget.report`."""
        try:
            with _answered():
                found = await self._report(terms, pause, pace)
        except OutOfReachError as error:
            reason = str(error)
        else:
            self._back()
            return found
        part, window = self._use_alone(reason, terms)
        return window.report(anyio.current_time(), part, pause, pace)

    def _use_alone(self, reason: str, terms: BudgetTerms) -> tuple[BudgetTerms, SharedWindow]:
        if self._fraction is None:
            text = f"The shared request budget in {self._place} is out of reach: {reason}. Nothing was sent."
            raise ConnectionFailedError(text, sent=False)
        part = terms.part(self._fraction)
        if self._alone is None:
            self._alone = SharedWindow()
            if self._reached:  # what the others were given lately counts in the same window
                self._alone.forget(anyio.current_time(), part)
            write(
                LogEvent.BUDGET_UNREACHABLE,
                "the shared request budget in %s is out of reach: %s. This process uses %g %% of it alone",
                self._place,
                reason,
                100.0 * self._fraction,
            )
        return part, self._alone

    def _back(self) -> None:
        self._reached = True
        if self._alone is not None:
            self._alone = None
            write(LogEvent.BUDGET_REACHABLE, "the shared request budget in %s is used again", self._place)

    async def _lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        raise NotImplementedError

    async def _give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        raise NotImplementedError

    async def _report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._place!r})"

    def __reduce__(self) -> Any:
        raise TypeError(f"A {type(self).__name__} cannot be pickled or copied; make a new one where it is needed.")


@contextlib.contextmanager
def _answered() -> Generator[None]:
    try:
        with anyio.fail_after(_PATIENCE):
            yield
    except TimeoutError:
        raise OutOfReachError(f"no answer within {_PATIENCE:g} s") from None
