"""The manifest of a backup, and the check of its files. Blocking."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import attrs
from anyio import to_thread

from pictory_async._files.place import checked_directory
from pictory_async._files.publish import Directory
from pictory_async._files.system import NO_FOLLOW
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Template

VERSION: Final = 1
MANIFEST: Final = "manifest.json"
FILES: Final = ("template.json", "project.json", "structure.json")

_NAMES: Final = frozenset(FILES)


@attrs.frozen(kw_only=True)
class BackupFile:
    """One file of a backup.

    Attributes:
        name: Its name in the backup's directory.
        size: Its length in bytes.
        sha256: The SHA-256 of its bytes, in hexadecimal.
    """

    name: str
    size: int
    sha256: str


@attrs.frozen(kw_only=True)
class TemplateBackup:
    """A template's backup, as its manifest describes it.

    Attributes:
        path: The directory.
        template_id: The template.
        name: The template's name.
        exported_at: When the backup was made, in UTC.
        files: Its files.
        absent: Names of the files that the template does not have.
        template: The template, after `load`; ``None`` if only the manifest was read.
    """

    path: Path
    template_id: str
    name: str | None
    exported_at: datetime
    files: tuple[BackupFile, ...]
    absent: tuple[str, ...] = ()
    template: Template | None = attrs.field(default=None, repr=False)

    @classmethod
    async def load(cls, path: str | os.PathLike[str]) -> TemplateBackup:
        """Load a backup that ``client.templates.backup`` wrote, and check it.

        Reads every file, in a thread; changes nothing and sends nothing.

        Args:
            path: The directory of the backup.

        Raises:
            PictoryConfigError: There is no backup, or it is incomplete or damaged.
        """
        return await to_thread.run_sync(_load, checked_directory(path))

    def to_dict(self) -> dict[str, Any]:
        """The backup as plain JSON values."""
        return {"path": str(self.path), **manifest_of(self)}


@attrs.frozen(kw_only=True)
class BackupProblem:
    """One problem of a backup.

    Attributes:
        code: ``manifest_missing``, ``manifest_unreadable``, ``manifest_damaged``, ``manifest_version``,
            ``file_missing``, ``file_unreadable``, ``size_differs`` or ``hash_differs``; of snapshots also
            ``snapshot_missing`` (there is none) or ``snapshot_damaged``.
        file: The file's name.
        message: The problem, as a sentence.
    """

    code: str
    file: str
    message: str


@attrs.frozen(kw_only=True)
class BackupCheck:
    """The result of checking a backup.

    Attributes:
        path: The directory.
        backup: What its manifest states; ``None`` if it cannot be read, and for a directory of snapshots.
        problems: What is wrong; empty if nothing is.
    """

    path: Path
    backup: TemplateBackup | None = None
    problems: tuple[BackupProblem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the backup is complete and unchanged."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """The check as plain JSON values."""
        return {
            "path": str(self.path),
            "ok": self.ok,
            "backup": None if self.backup is None else self.backup.to_dict(),
            "problems": [attrs.asdict(problem) for problem in self.problems],
        }


def manifest_of(backup: TemplateBackup) -> dict[str, Any]:
    """The content of a backup's manifest."""
    return {
        "version": VERSION,
        "templateId": backup.template_id,
        "name": backup.name,
        "exportDate": backup.exported_at.isoformat(),
        "files": [attrs.asdict(file) for file in backup.files],
        "absent": list(backup.absent),
    }


def check(path: Path) -> BackupCheck:
    """Compare the files of a backup with its manifest."""
    backup = read_manifest(path, path / MANIFEST)
    if isinstance(backup, BackupProblem):
        return BackupCheck(path=path, problems=(backup,))
    found = (compare(path, file.name, file.sha256, file.size) for file in backup.files)
    return BackupCheck(path=path, backup=backup, problems=tuple(problem for problem in found if problem is not None))


def _load(path: Path) -> TemplateBackup:
    found = check(path)
    if found.backup is None or found.problems:
        raise PictoryConfigError(f"The backup in {path} cannot be loaded: {found.problems[0].message}")
    try:
        raw: Any = json.loads(Directory(path).read(FILES[0]))
        template = Template.from_dict(raw["templateData"], template_id=found.backup.template_id)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise PictoryConfigError(f"The backup in {path} cannot be loaded: {FILES[0]}: {error}") from None
    return attrs.evolve(found.backup, template=template)


def read_manifest(path: Path, manifest: Path) -> TemplateBackup | BackupProblem:
    """Read a manifest, or return why it cannot be used."""
    try:
        if not _is_file(manifest):
            return _problem("manifest_missing", MANIFEST, "is missing: this is not a backup, or an incomplete one")
        raw: Any = json.loads(Directory(manifest.parent).read(manifest.name))
        if not isinstance(raw, dict):
            raise ValueError  # noqa: TRY301, TRY004 - as for any other text that is not a manifest
        found = cast("dict[str, Any]", raw)
        version = found.get("version")
        if version != VERSION:
            return _problem("manifest_version", MANIFEST, f"has version {brief(version)}; only {VERSION} can be read")
        return _backup_of(path, found)
    except (FileNotFoundError, NotADirectoryError):
        return _problem("manifest_missing", MANIFEST, "is missing: this is not a backup, or an incomplete one")
    except OSError as error:
        return _problem("manifest_unreadable", MANIFEST, f"cannot be read: {error.strerror or error}")
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return _problem("manifest_damaged", MANIFEST, "is damaged")


def _backup_of(path: Path, raw: dict[str, Any]) -> TemplateBackup:
    files = tuple(BackupFile(name=one["name"], size=one["size"], sha256=one["sha256"]) for one in raw["files"])
    absent = tuple(cast("list[str]", raw["absent"]))
    moment = datetime.fromisoformat(raw["exportDate"])
    # Only these names, each once: no name can lead out of the directory, and none can be missing.
    named = [*(file.name for file in files), *absent]
    right = all(type(file.size) is int and isinstance(file.sha256, str) for file in files)
    if not right or sorted(named) != sorted(_NAMES) or FILES[0] in absent or moment.tzinfo is None:
        raise ValueError
    if not isinstance(raw["templateId"], str) or not isinstance(raw["name"], str | None):
        raise TypeError
    return TemplateBackup(
        path=path,
        template_id=raw["templateId"],
        name=raw["name"],
        exported_at=moment.astimezone(UTC),
        files=files,
        absent=absent,
    )


def compare(path: Path, name: str, sha256: str, size: int | None = None) -> BackupProblem | None:
    """Compare a file with its hash, and with its size if that is known.

    Args:
        path: The directory of the backup.
        name: The file's path below it.
        sha256: The SHA-256 of its bytes, in hexadecimal.
        size: Its length in bytes.
    """
    try:
        if not _is_file(path / name):
            return _problem("file_missing", name, "is missing")
        found = measure(path / name)
    except FileNotFoundError:
        return _problem("file_missing", name, "is missing")
    except OSError as error:
        return _problem("file_unreadable", name, f"cannot be read: {error.strerror or error}")
    if size is not None and found.size != size:
        return _problem("size_differs", name, f"has {found.size} bytes instead of {size}")
    if found.sha256 != sha256:
        return _problem("hash_differs", name, "changed since the backup was made")
    return None


def _problem(code: str, name: str, what: str) -> BackupProblem:
    return BackupProblem(code=code, file=name, message=f"{name} {what}.")


def _is_file(path: Path) -> bool:
    # Not a link, which can lead anywhere, nor a pipe, which may never end.
    return stat.S_ISREG(path.lstat().st_mode)


def measure(path: Path) -> BackupFile:
    """Read a file once, for its size and its hash."""
    with os.fdopen(os.open(path, os.O_RDONLY | NO_FOLLOW), "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return BackupFile(name=path.name, size=file.tell(), sha256=digest.hexdigest())
