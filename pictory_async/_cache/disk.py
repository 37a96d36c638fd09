"""A cache of templates on disk, which is kept between runs."""

from __future__ import annotations

import hmac
import importlib.util
import json
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs
from anyio import to_thread

from pictory_async._cache.templates import MemoryStore, TemplateCache
from pictory_async._codec.answers import decode_template
from pictory_async._settings.durations import Duration, seconds
from pictory_async.errors import MalformedResponseError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pictory_async._cache.sqlite import Database
    from pictory_async._cache.templates import Fetched
    from pictory_async._settings.config import Config
    from pictory_async.models import Template

__all__ = ["DiskTemplateCache", "open_cache"]

_log: Final = logging.getLogger("pictory_async")
_STORED: Final = "x-pictory-stored"


def _path(value: str | os.PathLike[str]) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not str(value) or "\0" in str(value):
        raise PictoryConfigError(f"The path of a template cache must be the path of a file, not {value!r}.")
    return Path(value)


def _ttl(value: Duration) -> float:
    return seconds("ttl", value, above=0.0)


@attrs.frozen(kw_only=True)
class DiskTemplateCache:
    """A cache of templates in a file, kept between runs: ``AsyncPictory(template_cache=...)``.

    An SQLite file, managed by hishel (the extra ``cache``). Several clients and processes can use one file, on asyncio
    and on trio. It contains templates as the API sent them. A new file can be read by its owner only. A file that
    cannot be used is left alone: the client logs that once, and fetches from the API.

    The file contains neither the API key nor anything that reveals it. Accounts do not find each other's templates:
    without a ``namespace``, the key of an entry is an HMAC of the API's address and the template's id under the API
    key. So a change of the API key means that everything is fetched anew.

    Attributes:
        path: The file; it is made, with its directory, when it is needed.
        ttl: How long templates are kept, in seconds of wall-clock time.
        namespace: A name for the account, which then takes the place of the API key and is visible in the file. Use a
            different one for each account.

    Raises:
        PictoryConfigError: The extra is not installed, or a setting is not valid.
    """

    path: Path = attrs.field(kw_only=False, converter=_path)
    ttl: float = attrs.field(converter=_ttl)
    namespace: str | None = None

    def __attrs_post_init__(self) -> None:
        """Reject settings that are not valid."""
        if not all(importlib.util.find_spec(name) for name in ("hishel", "anysqlite")):
            raise PictoryConfigError('DiskTemplateCache needs an extra: pip install "pictory-async[cache]"')
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
        self._opening = anyio.Lock()
        self._saving = anyio.Lock()
        self._off = False

    async def load(self, template_id: str) -> Template | None:
        """The template, if it is stored and young enough."""
        found: bytes | None = None
        try:
            database = await self._open()
            if database is not None:
                found = await self._newest(database, template_id)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the file, the API has the template
            self._give_up(error)
        self._check()
        try:
            return None if found is None else decode_template(found, template_id)
        except MalformedResponseError:
            return None

    async def save(self, template_id: str, fetched: Fetched) -> None:
        """Store a template, in place of an older one."""
        await self._replace(template_id, fetched.body)

    async def forget(self, template_id: str) -> None:
        """Remove a template."""
        await self._replace(template_id, None)

    async def aclose(self) -> None:
        """Close the file, after the save that is in progress."""
        self._off = True
        with anyio.CancelScope(shield=True):
            async with self._saving, self._opening:
                database, self._database = self._database, None
                if database is not None:
                    await database.storage.close()

    async def _open(self) -> Database | None:
        async with self._opening:
            if self._database is None and not self._off:
                self._database = await to_thread.run_sync(_open_database, self._settings.path)
            return None if self._off else self._database

    async def _newest(self, database: Database, template_id: str) -> bytes | None:
        now = time.time()  # the clock of the event loop means nothing to another process
        newest: tuple[float, Any] | None = None
        for entry in await database.storage.get_entries(self._key(template_id)):
            stored = float(entry.response.headers.get(_STORED) or 0.0)
            if 0.0 <= now - stored < self._settings.ttl and (newest is None or stored >= newest[0]):
                newest = stored, entry
        if newest is None:
            return None
        return b"".join([chunk async for chunk in newest[1].response.stream])

    async def _replace(self, template_id: str, body: bytes | None) -> None:
        # One at a time: when one fails because the file is locked, the others do not wait for the lock as well.
        # SQLite bounds that wait. A time limit of ours would also hit a save that is merely slow.
        async with self._saving:
            with anyio.CancelScope(shield=True):  # a part of an entry is of no use
                try:
                    database = await self._open()
                    if database is not None:
                        await self._write(database, template_id, body)
                except Exception as error:  # noqa: BLE001 - whatever is wrong with the file, the caller has the template
                    self._give_up(error)
                self._check()

    async def _write(self, database: Database, template_id: str, body: bytes | None) -> None:
        key = self._key(template_id)
        old = await database.storage.get_entries(key)
        if body is not None:
            url = f"{self._base_url}/v1/templates/{template_id}"
            request, response = database.pair(url, {_STORED: repr(time.time())}, _pieces(body))
            entry: Any = await database.storage.create_entry(request, response, key, ttl=self._settings.ttl)
            async for _ in entry.response.stream:
                pass  # reading it is what writes it
        for one in old:
            if database.error is None:  # hishel hides errors; after one, the next statement would only wait again
                await database.storage.remove_entry(one.id)

    def _key(self, template_id: str) -> str:
        # As JSON, so that no two triples look alike.
        what = json.dumps([self._settings.namespace, self._base_url, template_id])
        if self._settings.namespace is not None:
            return what
        return hmac.new(self._secret, what.encode(), "sha256").hexdigest()

    def _check(self) -> None:
        # hishel hides errors of the file, and would run into them again, and log them, at every call.
        if self._database is not None and self._database.error is not None:
            self._give_up(self._database.error)

    def _give_up(self, error: Exception) -> None:
        if not self._off:
            self._off = True
            path = self._settings.path
            text = "pictory.cache.unusable: template cache %s is not used any more, templates are fetched instead: %s"
            _log.warning(text, path, error, extra={"pictory_path": str(path)})


def _open_database(path: Path) -> Database:
    from pictory_async._cache.sqlite import Database  # noqa: PLC0415 - an extra, and in a thread

    return Database(path)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body
