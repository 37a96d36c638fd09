"""Several calls at once, all of them finished or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

__all__ = ["each"]

T = TypeVar("T")
R = TypeVar("R")


async def each(call: Callable[[T], Awaitable[R]], things: Iterable[T]) -> list[R]:
    """Call a function for each of several things, all at once, and return the results in their order.

    Raises:
        Exception: The first error of any of the calls, as it is; the other calls are cancelled.
    """
    found: dict[int, R] = {}

    async def one(number: int, thing: T) -> None:
        found[number] = await call(thing)

    try:
        async with anyio.create_task_group() as tasks:
            for number, thing in enumerate(things):
                tasks.start_soon(one, number, thing)
    except BaseExceptionGroup as group:
        first: Any = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        raise first from None
    return [found[number] for number in sorted(found)]
