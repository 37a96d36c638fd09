"""The request budget of a command: shared with other commands that have the same account."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from pictory_async import FileBudget, RateLimiter, RedisBudget
from pictory_async.cli._account import find_rate
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._given import given
from pictory_async.cli._store import find_state, name_account
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import BudgetTerms, Lease, SharedBudget, SharedPace

__all__ = ["close_budget", "find_limiter"]

_VARIABLE: Final = "PICTORY_BUDGET"
_LIMITER: Final = f"{__name__}.limiter"
_BUDGET: Final = f"{__name__}.budget"
_SHORTEST: Final = 1.0  # seconds, of a shared budget's window


def find_limiter() -> RateLimiter:
    """Return the limiter of the running command: one for all clients that it opens, one after the other.

    Raises:
        SettingError: ``--budget``, ``PICTORY_BUDGET`` or the rate is invalid.
    """
    meta = click.get_current_context().meta
    found: RateLimiter | None = meta.get(_LIMITER)
    if found is None:
        rate, shared = find_rate(), _find_budget()
        if rate.per < _SHORTEST:
            shared = None
        meta[_BUDGET] = shared
        found = meta[_LIMITER] = RateLimiter(rate.requests, rate.per, min(10, rate.requests), shared=shared)
    return found


async def close_budget() -> None:
    """Close the connections of the command's budget. The next client opens them again."""
    budget: _AccountBudget | None = click.get_current_context().meta.get(_BUDGET)
    if budget is not None:
        await budget.aclose()


def _find_budget() -> _AccountBudget | None:
    where = given("budget") or os.environ.get(_VARIABLE) or "host"
    if where == "off":
        return None
    if where == "host":
        directory = find_state() / "budgets"
        # A command must not fail because of it: alone, it keeps the budget as it did.
        return _AccountBudget(lambda account: FileBudget(directory / account, on_outage="share", fraction=1.0))
    name = "--budget" if given("budget") else _VARIABLE
    if "://" not in where:
        raise SettingError(f"{name} must be 'host', 'off' or the address of a Redis server, not {where!r}.")
    try:
        RedisBudget(where, "any")
    except PictoryConfigError as error:
        raise SettingError(f"{name}: {error.message}") from None
    return _AccountBudget(lambda account: RedisBudget(where, account))


class _AccountBudget:
    """The budget of the command's account. Its name needs the key, which a command may have to be run for."""

    def __init__(self, make: Callable[[str], FileBudget | RedisBudget]) -> None:
        self._make = make
        self._made: FileBudget | RedisBudget | None = None

    async def lease(self, terms: BudgetTerms, slots: int, within: float, pace: SharedPace) -> Lease:
        return await self._found().lease(terms, slots, within, pace)

    async def give_back(self, terms: BudgetTerms, lease: Lease, slots: int) -> None:
        await self._found().give_back(terms, lease, slots)

    async def report(self, terms: BudgetTerms, pause: float, pace: SharedPace) -> SharedPace:
        return await self._found().report(terms, pause, pace)

    async def aclose(self) -> None:
        if isinstance(self._made, RedisBudget):
            await self._made.aclose()

    def _found(self) -> SharedBudget:
        if self._made is None:
            _, account = name_account()
            self._made = self._make(account)
        return self._made
