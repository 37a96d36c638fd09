"""Back up a template: its details and its two files in one directory, with a manifest that proves it complete."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import anyio
from anyio import to_thread

from pictory_async._codec.unreadable import unread_fields
from pictory_async._files.downloads import close, receive
from pictory_async._files.manifest import (
    FILES,
    MANIFEST,
    BackupCheck,
    BackupFile,
    TemplateBackup,
    manifest_of,
    measure,
)
from pictory_async._files.partfile import PartFile
from pictory_async._files.place import checked_directory
from pictory_async._files.snapshots import check
from pictory_async._files.source import Renewal, Source
from pictory_async._files.staging import Staging
from pictory_async._files.system import SYSTEM, System
from pictory_async._files.turns import take_turn
from pictory_async._gather import each
from pictory_async._values import brief
from pictory_async.errors import DownloadError, PictoryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from pictory_async._files.fetcher import Fetcher
    from pictory_async._files.publish import Directory
    from pictory_async.models import Template

URLS: Final = {"project": "project_url", "structure": "structure_url"}
"""The attributes of a template with the addresses of its files, by their kinds."""


async def verify_backup(path: str | os.PathLike[str]) -> BackupCheck:
    """Check that a template's backup, or the snapshots in a directory, are complete and unchanged.

    Reads every file, in a thread; changes nothing and sends nothing.

    Args:
        path: The directory of the backup, or of the snapshots of ``client.templates.backup_all``.

    Raises:
        PictoryConfigError: The path is not valid.
    """
    return await to_thread.run_sync(check, checked_directory(path))


async def back_up(
    fetcher: Fetcher,
    template_id: str,
    path: str | os.PathLike[str],
    fetch: Callable[[], Awaitable[Template]],
    system: System = SYSTEM,
) -> TemplateBackup:
    """Back up a template; see ``client.templates.backup``."""
    target = checked_directory(path)
    staging = Staging(target, template_id, system, real=await to_thread.run_sync(os.path.realpath, target))
    async with take_turn(staging.key):
        return await _back_up(fetcher, template_id, staging, fetch)


async def _back_up(
    fetcher: Fetcher, template_id: str, staging: Staging, fetch: Callable[[], Awaitable[Template]]
) -> TemplateBackup:
    interrupted = await to_thread.run_sync(staging.examine)
    try:
        if interrupted:
            await to_thread.run_sync(staging.open)  # first: the template may have been deleted
        template = await fetch()
        exported_at = datetime.now(UTC)
        if not interrupted:
            await to_thread.run_sync(staging.open)
        await _write(
            staging.directory, FILES[0], {"exportDate": exported_at.isoformat(), "templateData": template.to_dict()}
        )
        fetched = await _fetch_files(fetcher, staging.directory, template, fetch)
        backup = TemplateBackup(
            path=staging.target,
            template_id=template_id,
            name=template.name,
            exported_at=exported_at,
            files=(await to_thread.run_sync(measure, staging.path / FILES[0]), *filter(None, fetched)),
            absent=tuple(name for name, file in zip(FILES[1:], fetched, strict=True) if file is None),
        )
        await _write(staging.directory, MANIFEST, manifest_of(backup))
        # A move that has started is completed: it takes almost no time.
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(staging.commit)
    except BlockingIOError:
        text = f"Another process is writing a backup to {staging.target}. Wait for it, or use another directory."
        raise DownloadError(text) from None
    except OSError as error:
        if isinstance(error, PictoryError):
            raise
        text = f"Cannot write a backup to {staging.target}: {error.strerror or error}. Correct that and try again."
        raise DownloadError(text, errno=error.errno) from None
    finally:
        staging.close()
    return backup


async def _fetch_files(
    fetcher: Fetcher, directory: Directory, template: Template, fetch: Callable[[], Awaitable[Template]]
) -> list[BackupFile | None]:
    renewal = renewal_of(fetch)

    async def one(kind: str) -> BackupFile | None:
        path = await receive_file(fetcher, directory, template, kind, renewal, f"{kind}.json")
        return None if path is None else await to_thread.run_sync(measure, path)

    return await each(one, URLS)


def renewal_of(fetch: Callable[[], Awaitable[Template]]) -> Renewal[Template]:
    """Make what fetches a template again when the addresses of its files have expired."""
    return Renewal(fetch, _url)


async def receive_file(
    fetcher: Fetcher, directory: Directory, template: Template, kind: str, renewal: Renewal[Template], name: str
) -> Path | None:
    """Download one of a template's two files to a directory; ``None`` if the template has no such file.

    Raises:
        DownloadError: The file cannot be downloaded.
        OSError: It cannot be written.
    """
    url = _url(template, kind)
    what = f"the {kind} file of template {brief(template.id)}"
    if URLS[kind] in unread_fields(template):
        raise DownloadError(f"The address of {what} could not be read: it is not a text.")
    if url is None:
        return None
    source = Source(url=url, kind=kind, what=what, renew=renewal.address)
    part = PartFile(directory, name, f"{template.id}\n{kind}")
    try:
        await receive(fetcher, source, part)
        await to_thread.run_sync(_publish, part)
    finally:
        await close(part)
    return part.path


def _publish(part: PartFile) -> None:
    part.sync()
    part.check()
    part.publish(part.path, replace=True)


def _url(template: Template, kind: str) -> str | None:
    return getattr(template, URLS[kind]) or None


async def _write(directory: Directory, name: str, content: Any) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # A lone surrogate has no UTF-8 form; its backslash escape is how JSON writes it.
    await to_thread.run_sync(directory.write, name, text.encode("utf-8", "backslashreplace"))
