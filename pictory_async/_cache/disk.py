"""A cache of templates on disk, which is kept between runs."""

from __future__ import annotations

import hmac
import json
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import attrs
from anyio import to_thread

from pictory_async._cache.sqlite import Database, Row, is_busy
from pictory_async._cache.templates import MOST, MemoryStore, TemplateCache
from pictory_async._codec.answers import decode_template
from pictory_async._log import LogEvent, write
from pictory_async._settings.durations import Duration, seconds
from pictory_async._values import brief
from pictory_async.errors import APIError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._cache.templates import Fetched
    from pictory_async._settings.config import Config
    from pictory_async.models import Template

T = TypeVar("T")

_UNUSABLE: Final = (OSError, ValueError, TypeError, sqlite3.Error)


def _path(value: str | os.PathLike[str]) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not str(value) or "\0" in str(value):
        raise PictoryConfigError(f"The path of a template cache must be the path of a file, not {brief(value)}.")
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
    another program, is left alone: the client logs that once, and fetches from the API. While another process has
    locked the file, no call waits for it: templates are fetched, and stored when the file is free again.

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
            raise PictoryConfigError(f"namespace must be text that is not empty, not {brief(self.namespace)}.")


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

    Nobody waits for the file: while another process has locked it, templates are fetched, and what is to be stored is
    kept in memory until the next call, or until the store is closed.

    Args:
        settings: Where and how long.
        config: The client's settings: entries are for its address and its key only.
    """

    def __init__(self, settings: DiskTemplateCache, config: Config) -> None:
        self._settings = settings
        self._base_url = config.base_url
        self._secret = config.key.digest(b"pictory-async template cache")
        self._database: Database | None = None
        self._pending: dict[str, Row | None] = {}
        self._using = anyio.Lock()
        self._off = False

    async def load(self, template_id: str) -> Template | None:
        """The template, if it is stored and young enough."""
        now, key = _wall_clock(), self._key(template_id)
        since = now - self._settings.ttl
        if key in self._pending:
            row = self._pending[key]
            found = row.body if row is not None and since < row.stored <= now else None
        else:
            found = await self._use(lambda: self._opened().load(key, since, now))
        try:
            return None if found is None else decode_template(found, template_id)
        except APIError:
            return None

    async def save(self, template_id: str, fetched: Fetched) -> None:
        """Store a template, in place of an older one."""
        now = _wall_clock()
        await self._write(template_id, Row(fetched.body, now, now + self._settings.ttl))

    async def forget(self, template_id: str) -> None:
        """Remove a template."""
        await self._write(template_id, None)

    async def aclose(self) -> None:
        """Store what is still to be stored, and close the file."""
        with anyio.CancelScope(shield=True):
            if self._pending:
                await self._flush(patient=True)
            async with self._using:
                self._off = True
                database, self._database = self._database, None
                if database is not None:
                    await to_thread.run_sync(database.close)

    async def _write(self, template_id: str, row: Row | None) -> None:
        if self._off:
            return
        key = self._key(template_id)
        self._pending.pop(key, None)
        self._pending[key] = row
        if len(self._pending) > MOST:
            del self._pending[next(iter(self._pending))]
        await self._flush()

    async def _use(self, work: Callable[[], T]) -> T | None:
        # One at a time, because there is one connection. A thread cannot be cancelled, so calls wait for it.
        result = None
        async with self._using:
            with anyio.CancelScope(shield=True):
                if not self._off:
                    result = await to_thread.run_sync(self._work, work)
        return result

    async def _flush(self, *, patient: bool = False) -> None:
        rows = dict(self._pending)

        def save() -> bool:
            database = self._opened(patient=patient)
            if patient:
                database.be_patient()
            database.save(rows, _wall_clock())
            return True

        if await self._use(save):
            for key, row in rows.items():
                if self._pending.get(key, self) is row:  # else another call changed it meanwhile
                    del self._pending[key]

    def _opened(self, *, patient: bool = False) -> Database:
        if self._database is None:
            self._database = Database(self._settings.path, patient=patient)
        return self._database

    def _work(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except _UNUSABLE as error:  # whatever is wrong with the file, the API has the template
            if is_busy(error):
                return None
            self._off = True
            path = self._settings.path
            text = "template cache %s is not used any more, templates are fetched instead: %s"
            write(LogEvent.CACHE_UNUSABLE, text, path, error, path=str(path))
            return None

    def _key(self, template_id: str) -> str:
        # As JSON, so that no two triples look alike.
        what = json.dumps([self._settings.namespace, self._base_url, template_id])
        if self._settings.namespace is not None:
            return what
        return hmac.new(self._secret, what.encode(), "sha256").hexdigest()
