"""The ids of a batch: a list, which is checked at once, or a source that gives them one by one."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

from pictory_async._settings.paths import path_segment
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pictory_async.models import ProjectId


async def each_once(ids: Iterable[ProjectId] | AsyncIterable[ProjectId]) -> AsyncGenerator[ProjectId]:
    """Yield each id once, as they come."""
    seen: set[str] = set()
    async for one in ids if isinstance(ids, AsyncIterable) else _all_of(ids):
        if str(one) not in seen:
            seen.add(str(one))
            yield one


async def _all_of(ids: Iterable[ProjectId]) -> AsyncGenerator[ProjectId]:
    for one in ids:
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
