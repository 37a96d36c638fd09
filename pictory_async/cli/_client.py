"""Run a command's async part, and make its client."""

from __future__ import annotations

import contextlib
import signal
import threading
import warnings
from typing import TYPE_CHECKING, TypeVar

import anyio
import click

from pictory_async import AsyncPictory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from pictory_async import RateLimiter

__all__ = ["open_client", "run", "run_until_interrupted"]

T = TypeVar("T")


def run(function: Callable[[], Awaitable[T]]) -> T:
    """Run an async function to its end.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, or an equivalent signal arrived. Everything that was running has been
            cancelled and cleaned up.
    """
    with _signals_as_ctrl_c():
        return anyio.run(function)


def run_until_interrupted(function: Callable[[], Awaitable[None]]) -> bool:
    """Run an async function, and return whether Ctrl-C or an equivalent signal ended it."""
    try:
        run(function)
    except KeyboardInterrupt:
        return True
    return False


def _press_ctrl_c(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _signals_as_ctrl_c() -> Generator[None]:
    """Let SIGTERM (a plain `kill`) and SIGHUP (a lost terminal) end the command as Ctrl-C does: with a report."""
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    handled = [number for name in names if (number := getattr(signal, name, None)) is not None]
    # A signal that is ignored stays ignored: `nohup` relies on it.
    handled = [number for number in handled if signal.getsignal(number) is signal.SIG_DFL]
    for number in handled:
        signal.signal(number, _press_ctrl_c)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


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
