"""Calls that run concurrently, and cancellations that nobody asked for."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

T = TypeVar("T")
R = TypeVar("R")


async def each(call: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """Call a function for each item, concurrently, and return the results in the order of the items.

    Raises:
        Exception: The first error of any of the calls, unchanged; it cancels the other calls.
    """
    found: dict[int, R] = {}

    async def one(number: int, item: T) -> None:
        found[number] = await call(item)

    try:
        async with anyio.create_task_group() as tasks:
            for number, item in enumerate(items):
                tasks.start_soon(one, number, item)
    except BaseExceptionGroup as group:
        first: Any = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        raise first from None
    return [found[number] for number in sorted(found)]


def is_foreign(error: BaseException) -> bool:
    """Whether a cancellation came out of something that was awaited, though nobody cancels this task.

    On asyncio, whoever awaits a cancelled future gets a ``CancelledError``. A task group takes it for its own: the task
    ends, and nobody learns that it failed.
    """
    if isinstance(error, Exception) or not type(error).__module__.startswith("asyncio"):
        return False
    task = sys.modules["asyncio"].current_task()
    return not task.cancelling() and anyio.current_effective_deadline() > -math.inf
