"""The ids of a batch: a list, which is checked at once, or a source that gives them one by one."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, TypeVar

from pictory_async._settings.paths import path_segment
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Hashable

    from pictory_async.models import ProjectId

T = TypeVar("T")


async def each_once(items: Iterable[T] | AsyncIterable[T], same: Callable[[T], Hashable]) -> AsyncGenerator[T]:
    """Yield each item once, as they come; ``same`` tells what equal ones have in common."""
    seen: set[Hashable] = set()
    async for one in items if isinstance(items, AsyncIterable) else _all_of(items):
        mark = same(one)
        if mark not in seen:
            seen.add(mark)
            yield one


async def _all_of(items: Iterable[T]) -> AsyncGenerator[T]:
    for one in items:
        yield one


def checked_ids(
    ids: Iterable[ProjectId] | AsyncIterable[ProjectId],
) -> Iterable[ProjectId] | AsyncIterable[ProjectId]:
    """Check the projects of a batch.

    Raises:
        PictoryConfigError: They are no list of ids.
    """
    if isinstance(ids, AsyncIterable):
        return ids
    if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
        raise PictoryConfigError(f"ids must be a list of project ids; for one project, pass [{brief(ids)}].")
    found = [*ids]
    for one in found:
        path_segment("project", one)
    return found
