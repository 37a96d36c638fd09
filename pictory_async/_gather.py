"""Calls that run concurrently, and cancellations that nobody asked for."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

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
        try:
            found[number] = await call(item)
        except BaseException as error:
            failure = failure_of(error)
            if failure is None or failure is error:
                raise
            raise failure from None

    try:
        async with anyio.create_task_group() as tasks:
            for number, item in enumerate(items):
                tasks.start_soon(one, number, item)
    except BaseExceptionGroup as group:
        raise first_of(group) from None
    return [found[number] for number in sorted(found)]


def first_of(error: BaseException) -> BaseException:
    """The error itself, or the first of a group: a task group wraps even a single one."""
    first: Any = error
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return cast("BaseException", first)


def failure_of(error: BaseException) -> Exception | None:
    """What failed in something that was awaited; ``None`` for what must pass through, such as a cancellation.

    On asyncio, whoever awaits a cancelled future gets a ``CancelledError``, though nobody cancels this task. A task
    group would take it for its own: the task would end, and nobody would learn that it failed. So it is a failure.
    """
    if isinstance(error, Exception):
        return error
    if not type(error).__module__.startswith("asyncio"):
        return None
    task = sys.modules["asyncio"].current_task()
    if task.cancelling() or anyio.current_effective_deadline() == -math.inf:
        return None
    return RuntimeError(f"it awaited something that had been cancelled ({type(error).__name__})")
