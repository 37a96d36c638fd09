"""Run a command's async part, and make its client."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, TypeVar

import anyio
import click

from pictory_async import AsyncPictory
from pictory_async.cli._signals import signals_as_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pictory_async import RateLimiter

__all__ = ["fetch_all", "open_client", "run", "run_until_interrupted"]

T = TypeVar("T")


def run(function: Callable[[], Awaitable[T]]) -> T:
    """Run an async function to its end.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, or an equivalent signal came. Everything that was running has been
            cancelled and cleaned up.
    """
    with signals_as_ctrl_c():
        return anyio.run(function)


def run_until_interrupted(function: Callable[[], Awaitable[None]]) -> bool:
    """Run an async function, and return whether Ctrl-C or an equivalent signal ended it."""
    try:
        run(function)
    except KeyboardInterrupt:
        return True
    return False


def open_client(base_url: str | None, limiter: RateLimiter | None = None) -> AsyncPictory:
    """Make a client with the key from the environment. Its warnings are printed in one line each.

    Args:
        base_url: The address of the API. ``None`` uses the one from the environment, or Pictory's.
        limiter: The request budget. ``None`` uses the default.

    Raises:
        PictoryConfigError: The key is missing, or a setting is invalid.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = AsyncPictory(base_url=base_url, limiter=limiter)
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    return client


async def fetch_all(
    base_url: str | None,
    ids: Sequence[str],
    get: Callable[[AsyncPictory, str], Awaitable[T]],
    during: contextlib.AbstractAsyncContextManager[None] | None = None,
) -> list[T | Exception]:
    """Fetch several things concurrently.

    Args:
        base_url: As in `open_client`.
        ids: What to fetch.
        get: Fetches one.
        during: Entered during the fetching, to show its progress.

    Returns:
        For each of ``ids``, in their order: the result, or the error.
    """
    found: dict[str, T | Exception] = {}

    async with open_client(base_url) as client, during or contextlib.nullcontext(), anyio.create_task_group() as tasks:

        async def fetch(one: str) -> None:
            # An error is a result here: raised in the task group, it would cancel the other fetches.
            try:
                found[one] = await get(client, one)
            except Exception as error:  # noqa: BLE001 - one failure must not end the others
                found[one] = error

        for one in ids:
            tasks.start_soon(fetch, one)
    return [found[one] for one in ids]
