"""A cache of templates, which also fetches a template once for all concurrent calls."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final, Protocol

import anyio
import attrs

from pictory_async._statistics import TemplateCacheStatistics
from pictory_async.errors import NotFoundError, PictoryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async.models import Template  # noqa: TC004 - the annotation is never resolved

MOST: Final = 1000  # templates that a cache keeps


@attrs.frozen(repr=False, eq=False)
class Fetched:
    """A template as it was fetched.

    Attributes:
        template: The template.
        body: The response that it was read from.
        at: When the request was sent, by `anyio.current_time`.
    """

    template: Template
    body: bytes
    at: float


class Store(Protocol):
    """Where templates are stored. None of its calls fails."""

    async def load(self, template_id: str) -> Template | None:
        """The template, if it is stored and young enough."""
        ...

    async def save(self, template_id: str, fetched: Fetched) -> None:
        """Store a template, in place of an older one."""
        ...

    async def forget(self, template_id: str) -> None:
        """Remove a template."""
        ...

    async def aclose(self) -> None:
        """Close the files."""
        ...


class MemoryStore:
    """Stores up to 1,000 templates in memory.

    Args:
        ttl: How long, in seconds from when the request was sent.
    """

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._kept: dict[str, Fetched] = {}

    async def load(self, template_id: str) -> Template | None:
        """The template, if it is stored and young enough."""
        await anyio.sleep(0)  # noqa: ASYNC115 - `anyio.lowlevel` takes longer to import than all of `anyio`
        found = self._kept.get(template_id)
        if found is None:
            return None
        if anyio.current_time() - found.at < self._ttl:
            return copy.deepcopy(found.template)
        del self._kept[template_id]
        return None

    async def save(self, template_id: str, fetched: Fetched) -> None:
        """Store a template; if there are too many, remove the one that was fetched first."""
        self._kept.pop(template_id, None)
        self._kept[template_id] = attrs.evolve(fetched, template=copy.deepcopy(fetched.template), body=b"")
        if len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    async def forget(self, template_id: str) -> None:
        """Remove a template."""
        self._kept.pop(template_id, None)

    async def aclose(self) -> None:
        """Nothing to close."""


class _Flight:
    """One fetch that several calls can wait for.

    Attributes:
        done: Set when it ended.
        outcome: The template or the error; ``None`` if the call that fetched it was cancelled.
    """

    def __init__(self) -> None:
        self.done = anyio.Event()
        self.outcome: Template | PictoryError | None = None


class TemplateCache:
    """Fetches a template once for all calls that ask for it at the same time, and stores it.

    Each call gets a template of its own: what a caller changes in it, such as a nested ``dict``, is changed for nobody
    else.

    Args:
        store: Where templates are stored.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._flights: dict[str, _Flight] = {}
        self._hits = self._misses = self._joined = 0

    async def get(self, template_id: str, fetch: Callable[[], Awaitable[Fetched]], *, refresh: bool) -> Template:
        """Return a template from the store, from a fetch in progress, or from a new one.

        The first call fetches for the others. If it is cancelled, the next one starts anew. If it fails, all of them
        get the error, and nothing is stored.

        Args:
            template_id: The template.
            fetch: Fetches it.
            refresh: Fetch it, whatever is stored or in progress.
        """
        while not refresh:
            flight = self._flights.get(template_id)
            if flight is None:
                break
            await flight.done.wait()
            if flight.outcome is None:
                continue  # the call that fetched was cancelled; one of those that waited takes over
            self._joined += 1
            if isinstance(flight.outcome, PictoryError):
                raise copy.copy(flight.outcome)
            return copy.deepcopy(flight.outcome)
        return await self._fly(template_id, fetch, refresh=refresh)

    async def forget(self, template_id: str) -> None:
        """Drop a template that was changed. A fetch in progress may have the old one, so it is not stored."""
        self._flights.pop(template_id, None)
        await self._store.forget(template_id)

    def statistics(self) -> TemplateCacheStatistics:
        """What the cache did so far."""
        return TemplateCacheStatistics(self._hits, self._misses, self._joined)

    async def aclose(self) -> None:
        """Close the files."""
        await self._store.aclose()

    async def _fly(self, template_id: str, fetch: Callable[[], Awaitable[Fetched]], *, refresh: bool) -> Template:
        # A refresh replaces a fetch that began before it: that one's response may be older, and is not stored.
        flight = self._flights[template_id] = _Flight()
        try:
            found = None if refresh else await self._store.load(template_id)
            if found is not None:
                self._hits += 1
                flight.outcome = found
                return found
            self._misses += 1
            fetched = await fetch()
            flight.outcome = fetched.template
            flight.done.set()  # calls that wait need not wait for the disk
            if self._flights.get(template_id) is flight:
                await self._store.save(template_id, fetched)
        except PictoryError as error:
            flight.outcome = copy.copy(error)
            if isinstance(error, NotFoundError) and self._flights.get(template_id) is flight:
                await self._store.forget(template_id)
            raise
        else:
            return fetched.template
        finally:
            if self._flights.get(template_id) is flight:
                del self._flights[template_id]
            flight.done.set()
