"""From a command to the API and back."""

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
    from collections.abc import Awaitable, Callable, Generator, Sequence

    from pictory_async import RateLimiter

__all__ = ["fetch_all", "interrupts", "open_client", "run"]

T = TypeVar("T")


def run(function: Callable[[], Awaitable[T]]) -> T:
    """Run an async function to its end.

    Raises:
        KeyboardInterrupt: Ctrl-C; everything that was running has been cancelled and cleaned up.
    """
    return anyio.run(function)


def interrupts(function: Callable[[], Awaitable[None]]) -> bool:
    """Run an async function, and return whether Ctrl-C, or a signal that means the same, ended it."""
    try:
        with _ends_like_ctrl_c():
            run(function)
    except KeyboardInterrupt:
        return True
    return False


def _press_ctrl_c(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


@contextlib.contextmanager
def _ends_like_ctrl_c() -> Generator[None]:
    """Let a lost terminal and a plain `kill` end the command in the way Ctrl-C does, with a report of what is known."""
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    ours = [number for name in names if (number := getattr(signal, name, None)) is not None]
    # What is ignored stays ignored: `nohup` relies on it.
    ours = [number for number in ours if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _press_ctrl_c)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def open_client(base_url: str | None, limiter: RateLimiter | None = None) -> AsyncPictory:
    """Make a client with the key of the environment; what it warns of is printed as one line.

    Args:
        base_url: Where the API is; ``None`` for the environment's or Pictory's address.
        limiter: The request budget; ``None`` for the default one.

    Raises:
        PictoryConfigError: There is no key, or a setting cannot work.
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
    """Fetch several things at once.

    Args:
        base_url: As in `open_client`.
        ids: What to fetch.
        get: Fetches one.
        during: Entered while things are fetched, to show how far that is.

    Returns:
        What was fetched, or why it was not, in the order of ``ids``.
    """
    found: dict[str, T | Exception] = {}

    async with open_client(base_url) as client, during or contextlib.nullcontext(), anyio.create_task_group() as tasks:

        async def fetch(one: str) -> None:
            try:
                found[one] = await get(client, one)
            except Exception as error:  # noqa: BLE001 - one failure must not end the others
                found[one] = error

        for one in ids:
            tasks.start_soon(fetch, one)
    return [found[one] for one in ids]
