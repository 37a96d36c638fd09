"""Take a snapshot of all templates; see `pictory_async._files.snapshots` for its form."""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio
import attrs
from anyio import to_thread

from pictory_async._files.backup import URLS, receive_file, renewal_of
from pictory_async._files.manifest import compare, measure
from pictory_async._files.place import checked_directory
from pictory_async._files.publish import Directory, is_replaceable, there
from pictory_async._files.snapshots import (
    LISTS,
    MARK,
    OBJECTS,
    SnapshotTemplate,
    TemplateSnapshot,
    details_of,
    digest_of,
    is_digest,
    last_ids,
    prune,
    write_list,
)
from pictory_async._files.system import SYSTEM, System
from pictory_async._files.turns import take_turn
from pictory_async._gather import each
from pictory_async.errors import DownloadError, PictoryConfigError, PictoryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from pictory_async._files.fetcher import Fetcher
    from pictory_async._files.source import Renewal
    from pictory_async.models import Template

_AT_ONCE: Final = 8


async def snap(
    fetcher: Fetcher,
    path: str | os.PathLike[str],
    ids: AsyncIterator[str],
    fetch: Callable[[str], Awaitable[Template | None]],
    keep: int | None,
    system: System = SYSTEM,
) -> TemplateSnapshot:
    """Take a snapshot of all templates; see ``client.templates.backup_all``."""
    if keep is not None and (type(keep) is not int or keep < 1):
        raise PictoryConfigError(f"keep must be a whole number of at least 1, not {keep!r}.")
    target = checked_directory(path)
    real = await to_thread.run_sync(os.path.realpath, target)
    async with take_turn((system, real, "snapshots")):
        try:
            descriptor = await to_thread.run_sync(_opened, target, system)
            try:
                return await _snap(_Store(fetcher, target, system, fetch), ids, keep)
            finally:
                system.close(descriptor)
        except BlockingIOError:
            text = f"Another process is writing a snapshot to {target}. Wait for it, or use another directory."
            raise DownloadError(text) from None
        except OSError as error:
            if isinstance(error, PictoryError):
                raise
            text = f"Cannot write a snapshot to {target}: {error.strerror or error}. Correct that and try again."
            raise DownloadError(text, errno=error.errno) from None


def _opened(target: Path, system: System) -> int:
    """Make the directories, and lock them against other processes.

    Raises:
        PictoryConfigError: The directory belongs to something else.
        BlockingIOError: Another process is writing a snapshot.
    """
    system.mkdir(target)
    directory = Directory(target, system)
    if not directory.has(MARK):
        if {LISTS, OBJECTS} & {*system.names(target)}:
            text = f"{target} contains {LISTS} or {OBJECTS} of something else. Name another directory."
            raise PictoryConfigError(text)
        directory.write(MARK, b"Snapshots of templates, by pictory-async.\n")
    system.mkdir(target / LISTS)
    system.mkdir(target / OBJECTS)
    descriptor = system.open_directory(target / LISTS)
    try:
        system.lock(descriptor)
        _make_room(target / OBJECTS, system)
    except BaseException:
        system.close(descriptor)
        raise
    return descriptor


def _make_room(objects: Path, system: System) -> None:
    """Rename what has the name of a content and is no file, such as a directory: it could not be replaced."""
    for name in system.names(objects):
        path = objects / name
        found = there(path, system) if is_digest(name) else None
        if found is not None and not is_replaceable(found):
            system.rename(path, path.with_name(f"{name}.{secrets.token_hex(8)}"))


class _Store:
    """The contents of a directory of snapshots."""

    def __init__(
        self, fetcher: Fetcher, path: Path, system: System, fetch: Callable[[str], Awaitable[Template | None]]
    ) -> None:
        self.path = path
        self.system = system
        self.stored = 0
        self._fetcher = fetcher
        self._fetch = fetch
        self._objects = Directory(path / OBJECTS, system)
        self._slots = anyio.Semaphore(_AT_ONCE)

    async def add(self, template_id: str) -> SnapshotTemplate | None:
        """Store a template; ``None`` if it was deleted meanwhile."""
        async with self._slots:
            template = await self._fetch(template_id)
            if template is None:
                return None
            content = details_of(template)
            details = digest_of(content)
            if not await to_thread.run_sync(self._has, details):
                await to_thread.run_sync(self._objects.write, details, content)
                self.stored += 1
            renewal = renewal_of(self._again(template))
            digests = await each(lambda kind: self._file(template, kind, renewal), URLS)
        files = {kind: digest for kind, digest in zip(URLS, digests, strict=True) if digest is not None}
        return SnapshotTemplate(template_id=template_id, name=template.name, details=details, files=files)

    def _again(self, template: Template) -> Callable[[], Awaitable[Template]]:
        async def fetch() -> Template:
            return await self._fetch(template.id) or template

        return fetch

    async def _file(self, template: Template, kind: str, renewal: Renewal[Template]) -> str | None:
        name = f"{digest_of(template.id.encode())[:12]}.{kind}.json"
        path = await receive_file(self._fetcher, self._objects, template, kind, renewal, name)
        if path is None:
            return None
        digest, is_new = await to_thread.run_sync(self._keep, path)
        self.stored += is_new
        return digest

    def _keep(self, path: Path) -> tuple[str, bool]:
        """Name a file by its content, and return that name and whether the content is new."""
        digest = measure(path).sha256
        is_new = not self._has(digest)
        self.system.replace(path, self._objects.path / digest)
        return digest, is_new

    def _has(self, digest: str) -> bool:
        """Whether a content is stored, and undamaged."""
        return compare(self._objects.path, digest, digest) is None


async def _snap(store: _Store, ids: AsyncIterator[str], keep: int | None) -> TemplateSnapshot:
    listed = [one async for one in ids]
    # Also what only the last snapshot has: a list can be cut off, or empty, by mistake. And each once.
    known = await to_thread.run_sync(last_ids, store.path, store.system)
    found = await each(store.add, dict.fromkeys([*listed, *known]))
    templates = {one.template_id: one for one in found if one is not None}
    snapshot = TemplateSnapshot(path=store.path, taken_at=datetime.now(UTC), templates=templates, stored=store.stored)
    removed = 0
    # What has started is completed: it takes almost no time.
    with anyio.CancelScope(shield=True):
        removed = await to_thread.run_sync(_publish, store, snapshot, keep)
    return attrs.evolve(snapshot, removed=removed)


def _publish(store: _Store, snapshot: TemplateSnapshot, keep: int | None) -> int:
    write_list(store.path, snapshot, store.system)
    return prune(store.path, keep, store.system)
