"""Run a command's async part, and make its client."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from typing import TYPE_CHECKING, TypeVar

import anyio
import click

from pictory_async import AsyncPictory
from pictory_async.cli._options import given_proxy
from pictory_async.cli._signals import signals_as_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from pictory_async import RateLimiter

__all__ = ["Stop", "open_client", "run", "run_until_interrupted"]

T = TypeVar("T")


def run(function: Callable[[], Awaitable[T]]) -> T:
    """Run an async function to its end. From then on, signals do not end the command: it reports.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, or an equivalent signal came. Everything that was running has been
            cancelled and cleaned up.
    """
    found: list[T] = []
    stop = Stop()

    async def work() -> None:
        with stop.scope():
            found.append(await function())

    with signals_as_ctrl_c() as signals:
        signals.settled = False
        try:
            with signals.calling(stop.press):
                anyio.run(work)
        finally:
            signals.settled = True
    if not found:
        raise KeyboardInterrupt
    return found[0]


class Stop:
    """Cancels the work when a signal comes, also before the work has begun or while nothing happens."""

    def __init__(self) -> None:
        self._pressed = False
        self._cancel: Callable[[], object] | None = None

    def press(self) -> None:
        """Cancel the work. Can be called from a handler of a signal, at any time."""
        self._pressed = True
        if self._cancel is not None:
            self._cancel()

    @contextlib.contextmanager
    def scope(self) -> Generator[None]:
        """Enter a cancel scope for the work."""
        loop = asyncio.get_running_loop()
        with anyio.CancelScope() as scope:
            # Not at once: a handler runs in the middle of anything. And a loop that waits must be woken.
            self._cancel = lambda: loop.call_soon_threadsafe(scope.cancel)
            if self._pressed:
                scope.cancel()
            try:
                yield
            finally:
                self._cancel = None


def run_until_interrupted(function: Callable[[], Awaitable[None]]) -> bool:
    """Run an async function, and return whether Ctrl-C or an equivalent signal ended it."""
    try:
        run(function)
    except KeyboardInterrupt:
        return True
    return False


def open_client(base_url: str | None, limiter: RateLimiter | None = None) -> AsyncPictory:
    """Make a client with the environment's key and the command's proxy. Its warnings are printed in one line each.

    Args:
        base_url: The address of the API. ``None`` uses the one from the environment, or Pictory's.
        limiter: The request budget. ``None`` uses the default.

    Raises:
        PictoryConfigError: The key is missing, or a setting is invalid.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = AsyncPictory(base_url=base_url, limiter=limiter, proxy=given_proxy())
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    return client
