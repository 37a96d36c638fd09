"""Run a command's async part, and make its client."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from typing import TYPE_CHECKING, TypeVar

import anyio
import click
from anyio import to_thread

from pictory_async import AsyncPictory
from pictory_async.cli._account import find_account
from pictory_async.cli._budget import close_budget, find_limiter
from pictory_async.cli._night import night
from pictory_async.cli._options import given_proxy
from pictory_async.cli._signals import signals_as_ctrl_c
from pictory_async.cli.display.text import echo_note, err_is_terminal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from pictory_async import RateLimiter
    from pictory_async.events import Event

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
        _end_line()
        return True
    return False


def _end_line() -> None:
    """End the line on which a terminal shows the key that was pressed."""
    if err_is_terminal():
        click.echo(err=True)


@contextlib.asynccontextmanager
async def open_client(
    base_url: str | None, limiter: RateLimiter | None = None, *, on_event: Callable[[Event], object] | None = None
) -> AsyncGenerator[AsyncPictory]:
    """Open a client of the command's account, with its proxy. Its warnings are printed in one line each.

    Args:
        base_url: The address of the API. ``None`` uses the one of the profile or the environment, or Pictory's.
        limiter: The request budget. ``None`` uses the command's.
        on_event: Called with what happens.

    Raises:
        PictoryConfigError: The key is missing, or a setting is invalid.
        SettingError: The command that prints the key failed.
    """
    account = find_account()
    await to_thread.run_sync(account.needed_key)  # a command may have to be run for it
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        client = AsyncPictory(
            account.key(),
            base_url=base_url or account.base_url,
            limiter=limiter or find_limiter(),
            proxy=given_proxy(),
            on_event=on_event,
        )
    for warning in caught:
        echo_note(f"Warning: {warning.message}")
    runner = night().runner
    try:
        async with client, contextlib.nullcontext() if runner is None else runner.running():
            yield client
    finally:
        with anyio.CancelScope(shield=True):
            await close_budget()
