"""Run a command's async part, and make its client."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeVar

import anyio
import click

from pictory_async import AsyncPictory
from pictory_async.cli._signals import signals_as_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async import RateLimiter

__all__ = ["open_client", "run", "run_until_interrupted"]

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
