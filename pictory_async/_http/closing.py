"""Closing connections: all at once, within a time, and whatever is cancelled meanwhile."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

CLOSING: Final = 5.0
"""Seconds that closing may take, of one connection or of all."""


async def close_all(closers: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Call these concurrently, and give up after 5 seconds.

    A cancellation does not end them, neither anyio's nor ``task.cancel()``: it takes effect when all have ended.

    Raises:
        Exception: The first error of any of them, unchanged, when all have ended.
    """
    errors: list[Exception] = []

    async def one(close: Callable[[], Awaitable[object]]) -> None:
        with anyio.move_on_after(CLOSING, shield=True):
            try:
                await close()
            except Exception as error:  # noqa: BLE001 - it must not end the others
                errors.append(error)

    # Tasks of their own: a native cancellation hits the one that calls this, in the middle of anything.
    async with anyio.create_task_group() as tasks:
        for close in closers:
            tasks.start_soon(one, close)
    if errors:
        raise errors[0]


async def discard(connection: Any) -> None:
    """Close a connection without waiting for its peer: in the middle of a call that does not need it."""
    with suppress(Exception), anyio.CancelScope(shield=True) as scope:
        scope.cancel()
        await connection.aclose()
