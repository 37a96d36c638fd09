"""Back up a template: its details and its two files in one directory, with a manifest that proves it complete."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
from anyio import to_thread

from pictory_async._files.atomic import write_atomically
from pictory_async._files.downloads import to_disk
from pictory_async._files.fetcher import Renewal, Source
from pictory_async._files.manifest import (
    FILES,
    MANIFEST,
    BackupCheck,
    BackupFile,
    Staging,
    TemplateBackup,
    check,
    manifest_of,
    measure,
)
from pictory_async._files.partfile import PartFile
from pictory_async._gather import each
from pictory_async.errors import DownloadError, PictoryConfigError, PictoryError

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable

    from pictory_async._files.fetcher import Fetcher
    from pictory_async.models import Template

_URLS: Final = {"project": "project_url", "structure": "structure_url"}


async def verify_backup(path: str | os.PathLike[str]) -> BackupCheck:
    """Check that a template's backup is complete and unchanged.

    Reads every file, in a thread; changes nothing and sends nothing.

    Args:
        path: The directory of the backup.

    Raises:
        PictoryConfigError: The path is not valid.
    """
    return await to_thread.run_sync(check, _checked(path))


async def back_up(
    fetcher: Fetcher,
    template_id: str,
    path: str | os.PathLike[str],
    fetch: Callable[[], Awaitable[Template]],
) -> TemplateBackup:
    """Back up a template; see ``client.templates.backup``."""
    staging = Staging(_checked(path), template_id)
    interrupted = await to_thread.run_sync(staging.examine)
    try:
        if interrupted:
            await to_thread.run_sync(staging.open)  # first: the template may have been deleted
        template = await fetch()
        exported_at = datetime.now(UTC)
        if not interrupted:
            await to_thread.run_sync(staging.open)
        await _write(
            staging.path / FILES[0], {"exportDate": exported_at.isoformat(), "templateData": template.to_dict()}
        )
        fetched = await _fetch_files(fetcher, staging.path, template, fetch)
        backup = TemplateBackup(
            path=staging.target,
            template_id=template_id,
            name=template.name,
            exported_at=exported_at,
            files=(await to_thread.run_sync(measure, staging.path / FILES[0]), *filter(None, fetched)),
            absent=tuple(name for name, file in zip(FILES[1:], fetched, strict=True) if file is None),
        )
        await _write(staging.path / MANIFEST, manifest_of(backup))
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
        raise DownloadError(text) from None
    finally:
        staging.close()
    return backup


async def _fetch_files(
    fetcher: Fetcher, directory: Path, template: Template, fetch: Callable[[], Awaitable[Template]]
) -> list[BackupFile | None]:
    renewal = Renewal(fetch, _url)

    async def one(kind: str) -> BackupFile | None:
        url = _url(template, kind)
        if url is None:
            return None
        source = Source(url, f"the {kind} file of template {template.id!r}", lambda: renewal.address(kind), None)
        part = PartFile(directory, f"{kind}.json", f"{template.id}\n{kind}")
        await to_disk(fetcher, source, part, kind, "overwrite")
        return await to_thread.run_sync(measure, part.target)

    return await each(one, _URLS)


def _url(template: Template, kind: str) -> str | None:
    return getattr(template, _URLS[kind]) or None


async def _write(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    # A lone surrogate has no UTF-8 form; its backslash escape is how JSON writes it.
    await write_atomically(path, text.encode("utf-8", "backslashreplace"))


def _checked(path: str | os.PathLike[str]) -> Path:
    try:
        found = Path(path)
    except TypeError:
        raise PictoryConfigError(f"The path of a backup is text or a path, not {type(path).__name__}.") from None
    if not str(path) or "\0" in str(path):
        raise PictoryConfigError(f"{str(path)!r} cannot be the path of a backup.")
    return found
