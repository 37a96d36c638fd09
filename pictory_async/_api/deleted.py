"""Was it deleted meanwhile? What a list shows, and what is not found when it is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from pictory_async.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable

T = TypeVar("T")

_PAUSE: Final = 2.0  # seconds until the second look


class SecondLook:
    """Fetches what was listed, and decides whether it was deleted since.

    A response 404 alone proves nothing: a gateway or a proxy sends it too, and so does the API in a bad moment. So it
    is believed if it is in the API's own form, if a second request a little later gets the same, and if a new list does
    not show the thing any more. Nothing else makes a project or a template disappear from what is made of a list.

    Args:
        listed: Makes a new list of the ids, as text.
    """

    def __init__(self, listed: Callable[[], AsyncIterable[str]]) -> None:
        self._listed = listed
        self._lock = anyio.Lock()
        self._ids: frozenset[str] = frozenset()
        self._began = float("-inf")

    async def fetch(self, item_id: str, get: Callable[[], Awaitable[T]]) -> T | None:
        """Fetch one thing; ``None`` if it was deleted.

        Raises:
            NotFoundError: It is not found, and nothing proves that it was deleted.
            APIError: It could not be fetched, as its subclasses say; the same for the list.
        """
        try:
            return await get()
        except NotFoundError as error:
            if not error.from_api:
                raise
        missed = anyio.current_time()
        await anyio.sleep(_PAUSE)
        try:
            return await get()
        except NotFoundError as error:
            if not error.from_api or item_id in await self._listed_since(missed):
                raise
            return None

    async def _listed_since(self, moment: float) -> frozenset[str]:
        """The ids of a list that was begun after a moment; all that wait for one share it."""
        async with self._lock:
            if self._began <= moment:
                began = anyio.current_time()
                self._ids = frozenset([one async for one in self._listed()])
                self._began = began
            return self._ids
