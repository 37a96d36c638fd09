"""The directory of a backup: its manifest, the check, and the step that completes it. Blocking: for threads."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import attrs

from pictory_async._files.partfile import lock
from pictory_async.errors import PictoryConfigError

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
    """

    path: Path
    template_id: str
    name: str | None
    exported_at: datetime
    files: tuple[BackupFile, ...]
    absent: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The backup as plain JSON values."""
        return {"path": str(self.path), **manifest_of(self)}


@attrs.frozen(kw_only=True)
class BackupProblem:
    """One problem of a backup.

    Attributes:
        code: ``manifest_missing``, ``manifest_damaged``, ``manifest_version``, ``file_missing``, ``size_differs`` or
            ``hash_differs``.
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
        backup: What its manifest states; ``None`` if it cannot be read.
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
    found = (_compare(path, file) for file in backup.files)
    return BackupCheck(path=path, backup=backup, problems=tuple(problem for problem in found if problem is not None))


def read_manifest(path: Path, manifest: Path) -> TemplateBackup | BackupProblem:
    """Read a manifest, or return why it cannot be used."""
    try:
        if not _is_file(manifest):
            return _problem("manifest_missing", MANIFEST, "is missing: this is not a backup, or an incomplete one")
        raw: Any = json.loads(manifest.read_bytes())
        if not isinstance(raw, dict):
            raise ValueError  # noqa: TRY301, TRY004 - as for any other text that is not a manifest
        found = cast("dict[str, Any]", raw)
        version = found.get("version")
        if version != VERSION:
            return _problem("manifest_version", MANIFEST, f"has version {version!r}; only {VERSION} can be read")
        return _backup_of(path, found)
    except FileNotFoundError:
        return _problem("manifest_missing", MANIFEST, "is missing: this is not a backup, or an incomplete one")
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
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


def _compare(path: Path, file: BackupFile) -> BackupProblem | None:
    try:
        if not _is_file(path / file.name):
            return _problem("file_missing", file.name, "is missing")
        found = measure(path / file.name)
    except FileNotFoundError:
        return _problem("file_missing", file.name, "is missing")
    except OSError as error:
        return _problem("file_missing", file.name, f"cannot be read: {error.strerror or error}")
    if found.size != file.size:
        return _problem("size_differs", file.name, f"has {found.size} bytes instead of {file.size}")
    if found.sha256 != file.sha256:
        return _problem("hash_differs", file.name, "changed since the backup was made")
    return None


def _problem(code: str, name: str, what: str) -> BackupProblem:
    return BackupProblem(code=code, file=name, message=f"{name} {what}.")


def _is_file(path: Path) -> bool:
    # Not a link, which can lead anywhere, nor a pipe, which may never end.
    return stat.S_ISREG(path.lstat().st_mode)


def measure(path: Path) -> BackupFile:
    """Read a file once, for its size and its hash."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return BackupFile(name=path.name, size=file.tell(), sha256=digest.hexdigest())


class Staging:
    """Where a backup is assembled: a hidden directory inside its own directory.

    Its content can be deleted at any time; then the backup starts anew. Once it has a manifest, the backup is complete
    and only has to be moved: the next backup completes a move that was interrupted.
    """

    def __init__(self, path: Path, template_id: str) -> None:
        self.target = path
        self.path = path / f".partial-{hashlib.sha256(template_id.encode()).hexdigest()[:12]}"
        self._template_id = template_id
        self._lock: Any = None

    def examine(self) -> bool:
        """Reject a directory that is not for this backup; changes nothing.

        Returns:
            Whether a move was interrupted, which `open` will complete.

        Raises:
            PictoryConfigError: It is not a directory, or contains something else.
        """
        try:
            names = {entry.name for entry in self.target.iterdir()}
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            raise PictoryConfigError(f"{self.target} is a file. Name a directory for the backup.") from None
        except (OSError, ValueError) as error:
            raise PictoryConfigError(f"{str(self.target)!r} cannot be used for a backup: {error}.") from None
        waiting = self._is_whole()
        found = read_manifest(self.target, self.target / MANIFEST)
        if isinstance(found, TemplateBackup):
            if found.template_id == self._template_id:
                return waiting
            problem = f"contains a backup of another template, {found.template_id!r}"
        elif waiting or names <= {self.path.name}:
            return waiting
        elif MANIFEST in names:
            problem = f"contains a backup that cannot be read: {found.message.rstrip('.')}"
        else:
            problem = "is not empty, and contains no backup"
        raise PictoryConfigError(f"{self.target} {problem}. Name a new or an empty directory.")

    def open(self) -> None:
        """Make the directories, lock them, and complete a move that was interrupted.

        Raises:
            BlockingIOError: Another process is making the same backup.
            OSError: They cannot be made.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = (self.path / "lock").open("ab")
        try:
            lock(self._lock)
            if self._is_whole():
                self._move()
        except BaseException:
            self.close()
            raise
        (self.path / MANIFEST).unlink(missing_ok=True)

    def commit(self) -> None:
        """Move the backup to its directory; its manifest is in the staging directory already.

        Raises:
            PictoryConfigError: The directory got another backup meanwhile.
            OSError: The backup cannot be moved. The next backup tries that again.
        """
        self.examine()
        self._move()
        with contextlib.suppress(OSError):
            shutil.rmtree(self.path)

    def close(self) -> None:
        """Unlock the directory."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _is_whole(self) -> bool:
        found = read_manifest(self.target, self.path / MANIFEST)
        return isinstance(found, TemplateBackup) and found.template_id == self._template_id

    def _move(self) -> None:
        # The details first: they contain the date, so from here on an old manifest does not match any more.
        backup = read_manifest(self.target, self.path / MANIFEST)
        absent = backup.absent if isinstance(backup, TemplateBackup) else ()
        for name in FILES:
            if name in absent:
                (self.target / name).unlink(missing_ok=True)
            elif (self.path / name).exists():  # else it was moved before the interruption
                (self.path / name).replace(self.target / name)
        (self.path / MANIFEST).replace(self.target / MANIFEST)
