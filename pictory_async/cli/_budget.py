"""The request budget of a command: shared with the other commands of this host that have the same account."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from pictory_async import FileBudget, RateLimiter
from pictory_async.cli._account import find_rate
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._given import given
from pictory_async.cli._store import find_state, name_account

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import BudgetTerms, Lease, SharedBudget, SharedPace

__all__ = ["find_limiter"]

_VARIABLE: Final = "PICTORY_BUDGET"
_LIMITER: Final = f"{__name__}.limiter"
_SHORTEST: Final = 1.0  # seconds, of a shared budget's window


def find_limiter() -> RateLimiter:
    """Return the limiter of the running command: one for all clients that it opens, one after the other.

    Raises:
        SettingError: ``PICTORY_BUDGET`` or the rate is invalid.
    """
    meta = click.get_current_context().meta
    found: RateLimiter | None = meta.get(_LIMITER)
    if found is None:
        rate = find_rate()
        shared = _find_budget() if rate.per >= _SHORTEST else None
        found = meta[_LIMITER] = RateLimiter(rate.requests, rate.per, min(10, rate.requests), shared=shared)
    return found


def _find_budget() -> SharedBudget | None:
    where = given("budget") or os.environ.get(_VARIABLE) or "host"
    if where == "off":
        return None
    if where == "host":
        return _HostBudget(find_state() / "budgets")
    raise SettingError(f"{_VARIABLE} must be 'host' or 'off', not {where!r}.")


class _HostBudget:
    """The file of the command's account. Its name needs the key, which a command may have to be run for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: FileBudget | None = None

    async def lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        return await self._found().lease(terms, slots, within, pace)

    async def give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        await self._found().give_back(terms, lease, slots)

    async def report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        return await self._found().report(terms, pause, pace)

    def _found(self) -> FileBudget:
        if self._file is None:
            _, account = name_account()
            # A command must not fail because of it: alone, it keeps the budget as it did.
            self._file = FileBudget(self._directory / account, on_outage="share", fraction=1.0)
        return self._file
