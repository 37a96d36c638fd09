"""A cache of templates on disk, which is kept between runs."""

from __future__ import annotations

import hmac
import json
import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import attrs
from anyio import to_thread

from pictory_async._cache.sqlite import Database
from pictory_async._cache.templates import MemoryStore, TemplateCache
from pictory_async._codec.answers import decode_template
from pictory_async._settings.durations import Duration, seconds
from pictory_async.errors import APIError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._cache.templates import Fetched
    from pictory_async._settings.config import Config
    from pictory_async.models import Template

T = TypeVar("T")

_UNUSABLE: Final = (OSError, ValueError, TypeError, sqlite3.Error)
_log: Final = logging.getLogger("pictory_async")


def _path(value: str | os.PathLike[str]) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not str(value) or "\0" in str(value):
        raise PictoryConfigError(f"The path of a template cache must be the path of a file, not {value!r}.")
    return Path(value)


def _wall_clock() -> float:
    # The clock of the event loop, which everything else uses, means nothing to another process.
    return time.time()


def _ttl(value: Duration) -> float:
    return seconds("ttl", value, above=0.0)


@attrs.frozen(kw_only=True)
class DiskTemplateCache:
    """A cache of templates in a file, kept between runs: ``AsyncPictory(template_cache=...)``.

    An SQLite file with at most 1,000 templates as the API sent them. Several clients and processes can use one file, on
    asyncio and on trio. A new file can be read by its owner only. A file that cannot be used, or that belongs to
    another program, is left alone: the client logs that once, and fetches from the API.

    The file contains neither the API key nor anything that reveals it. Accounts do not find each other's templates:
    without a ``namespace``, the key of an entry is an HMAC of the API's address and the template's id under the API
    key. So a change of the API key means that everything is fetched anew.

    Attributes:
        path: The file; it is made, with its directory, when it is needed.
        ttl: How long templates are kept, in seconds of wall-clock time.
        namespace: A name for the account, which then takes the place of the API key and is visible in the file. Use a
            different one for each account.

    Raises:
        PictoryConfigError: A setting is not valid.
    """

    path: Path = attrs.field(kw_only=False, converter=_path)
    ttl: float = attrs.field(converter=_ttl)
    namespace: str | None = None

    def __attrs_post_init__(self) -> None:
        """Reject settings that are not valid."""
        if self.namespace is not None and (not isinstance(self.namespace, str) or not self.namespace):
            raise PictoryConfigError(f"namespace must be text that is not empty, not {self.namespace!r}.")


def open_cache(setting: Duration | DiskTemplateCache, config: Config) -> TemplateCache:
    """Make the cache for what a user passed as ``template_cache``.

    Raises:
        PictoryConfigError: It is neither a duration nor a `DiskTemplateCache`.
    """
    if isinstance(setting, DiskTemplateCache):
        return TemplateCache(DiskStore(setting, config))
    return TemplateCache(MemoryStore(seconds("template_cache", setting, above=0.0)))


class DiskStore:
    """Stores templates in a file.

    Args:
        settings: Where and how long.
        config: The client's settings: entries are for its address and its key only.
    """

    def __init__(self, settings: DiskTemplateCache, config: Config) -> None:
        self._settings = settings
        self._base_url = config.base_url
        # Not the key itself, and different from every other digest of it.
        self._secret = hmac.digest(config.key.reveal().encode(), b"pictory-async template cache", "sha256")
        self._database: Database | None = None
        self._using = anyio.Lock()
        self._off = False

    async def load(self, template_id: str) -> Template | None:
        """The template, if it is stored and young enough."""
        now = _wall_clock()
        since = now - self._settings.ttl
        found = await self._use(lambda database: database.load(self._key(template_id), since, now))
        try:
            return None if found is None else decode_template(found, template_id)
        except APIError:
            return None

    async def save(self, template_id: str, fetched: Fetched) -> None:
        """Store a template, in place of an older one."""
        now = _wall_clock()
        expires = now + self._settings.ttl
        await self._use(lambda database: database.save(self._key(template_id), fetched.body, now, expires))

    async def forget(self, template_id: str) -> None:
        """Remove a template."""
        await self._use(lambda database: database.forget(self._key(template_id)))

    async def aclose(self) -> None:
        """Close the file, after the save that is in progress."""
        with anyio.CancelScope(shield=True):
            async with self._using:
                self._off = True
                database, self._database = self._database, None
                if database is not None:
                    await to_thread.run_sync(database.close)

    async def _use(self, work: Callable[[Database], T]) -> T | None:
        # One at a time, because there is one connection. A thread cannot be cancelled, so calls wait for it.
        result = None
        async with self._using:
            with anyio.CancelScope(shield=True):
                if not self._off:
                    result = await to_thread.run_sync(self._work, work)
        return result

    def _work(self, work: Callable[[Database], T]) -> T | None:
        try:
            if self._database is None:
                self._database = Database(self._settings.path)
            return work(self._database)
        except _UNUSABLE as error:  # whatever is wrong with the file, the API has the template
            self._off = True
            path = self._settings.path
            text = "pictory.cache.unusable: template cache %s is not used any more, templates are fetched instead: %s"
            _log.warning(text, path, error, extra={"pictory_path": str(path)})
            return None

    def _key(self, template_id: str) -> str:
        # As JSON, so that no two triples look alike.
        what = json.dumps([self._settings.namespace, self._base_url, template_id])
        if self._settings.namespace is not None:
            return what
        return hmac.new(self._secret, what.encode(), "sha256").hexdigest()
