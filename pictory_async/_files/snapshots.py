"""Templates over time: a directory with snapshots of all templates, in which equal content is stored once. Blocking.

The directory has two parts. ``objects`` has files that are named by the SHA-256 of their content, so that what did not
change is not stored again. ``snapshots`` has a list of templates for each run, named by its time, with the names of
these files, and a hash of the list itself. A list is written last, when everything that it names is on the disk. What
is not needed any more is removed in the other order: first the list, then the files that no list names. So a kill at
any moment leaves lists of which everything is there, and at most files that no list names; the next run removes them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, cast

import attrs
from anyio import to_thread

from pictory_async._files.manifest import BackupCheck, BackupProblem, check as check_manifest, compare
from pictory_async._files.place import checked_directory
from pictory_async._files.publish import Directory, there
from pictory_async._files.system import SYSTEM, System
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError
from pictory_async.models import Template

VERSION: Final = 1
OBJECTS: Final = "objects"
LISTS: Final = "snapshots"
MARK: Final = ".pictory-snapshots"
"""The file that says that these directories are ours: what is in them can be removed."""

_HASH: Final = "sha256"
"""The name in a list of the hash of all the rest of it."""

_NAME: Final = re.compile(r"\d{8}T\d{12}Z\.json")
_TIME: Final = "%Y%m%dT%H%M%S%fZ.json"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SIGNED: Final = ("project", "structure")


@attrs.frozen(kw_only=True)
class SnapshotTemplate:
    """One template in a snapshot.

    Attributes:
        template_id: The template.
        name: Its name.
        details: The SHA-256 of its details.
        files: The SHA-256 of its files, by ``project`` and ``structure``, without those that it does not have.
    """

    template_id: str
    name: str | None
    details: str
    files: Mapping[str, str]


@attrs.frozen(kw_only=True)
class TemplateSnapshot:
    """All templates of an account at one moment.

    Attributes:
        path: The directory of the snapshots.
        taken_at: When the snapshot was taken, in UTC.
        templates: The templates, by id, in the order of the account's list.
        stored: How many contents were stored for it, because no earlier snapshot has them.
        removed: How many snapshots were removed after it.
    """

    path: Path
    taken_at: datetime
    templates: Mapping[str, SnapshotTemplate]
    stored: int = 0
    removed: int = 0

    @classmethod
    async def find(cls, path: str | Path, *, at: datetime | None = None) -> TemplateSnapshot:
        """Find a snapshot in a directory that ``client.templates.backup_all`` wrote.

        Args:
            path: The directory.
            at: Find the newest one that was taken until then; by default the newest of all. Without a time zone, it is
                taken as UTC.

        Raises:
            PictoryConfigError: There is none, or it cannot be read.
        """
        directory = checked_directory(path)
        return await to_thread.run_sync(find, directory, at)

    def has(self, template: Template) -> bool:
        """Whether the snapshot has this template with the same details. The addresses of its files can differ."""
        one = self.templates.get(template.id)
        return one is not None and one.details == digest_of(details_of(template))

    async def load(self, template_id: str) -> Template:
        """Read a template as it was then.

        Raises:
            PictoryConfigError: The snapshot does not have it, or its content is missing or damaged.
        """
        one = self.templates.get(template_id)
        if one is None:
            raise PictoryConfigError(
                f"The snapshot of {self.taken_at.isoformat()} in {self.path} has no template {brief(template_id)}."
            )
        return await to_thread.run_sync(_load, self.path, one)

    def to_dict(self) -> dict[str, Any]:
        """The snapshot as plain JSON values."""
        return {
            "path": str(self.path),
            **list_of(self),
            "stored": self.stored,
            "removed": self.removed,
        }


def list_of(snapshot: TemplateSnapshot) -> dict[str, Any]:
    """The content of a snapshot's list."""
    return {
        "version": VERSION,
        "takenAt": snapshot.taken_at.isoformat(),
        "templates": [
            {"templateId": one.template_id, "name": one.name, "details": one.details, "files": dict(one.files)}
            for one in snapshot.templates.values()
        ],
    }


def hash_of(content: Mapping[str, Any]) -> str:
    """The hash of a list's content, in whatever form it is written."""
    return digest_of(json.dumps(content, sort_keys=True).encode())


def details_of(template: Template) -> bytes:
    """The content of a template's details: equal for equal templates, whenever they were fetched."""
    raw = template.to_dict()
    for name in _SIGNED:
        if isinstance(raw.get(name), str):  # its query is a signature, which is new each time
            raw[name] = raw[name].partition("?")[0]
    return json.dumps(raw, indent=1, sort_keys=True).encode()


def digest_of(content: bytes) -> str:
    """The name of a content."""
    return hashlib.sha256(content).hexdigest()


def is_digest(name: str) -> bool:
    """Whether a name can be that of a content."""
    return _DIGEST.fullmatch(name) is not None


def names(path: Path, system: System = SYSTEM) -> list[str]:
    """The names of the lists in a directory, the oldest one first."""
    try:
        return [name for name in system.names(path / LISTS) if _NAME.fullmatch(name)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def find(path: Path, at: datetime | None) -> TemplateSnapshot:
    """Find a snapshot; see `TemplateSnapshot.find`."""
    found = names(path)
    if not found:
        raise PictoryConfigError(f"There is no snapshot in {path}. Name the directory of 'backup_all'.")
    if at is not None:
        moment = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        until = moment.strftime(_TIME)
        oldest = found[0].removesuffix(".json")
        found = [name for name in found if name <= until]
        if not found:
            raise PictoryConfigError(f"The oldest snapshot in {path} is newer than that: {oldest}.")
    return read(path, found[-1])


def last_ids(path: Path, system: System = SYSTEM) -> list[str]:
    """The templates of the newest snapshot that can be read and has any."""
    for name in reversed(names(path, system)):
        with contextlib.suppress(PictoryConfigError):
            if found := read(path, name, system).templates:
                return [*found]
    return []


def read(path: Path, name: str, system: System = SYSTEM) -> TemplateSnapshot:
    """Read a list.

    Raises:
        PictoryConfigError: It cannot be read, or is damaged.
    """
    try:
        raw: Any = json.loads(Directory(path / LISTS, system).read(name))
        if raw["version"] != VERSION:
            text = f"{path / LISTS / name} has version {brief(raw['version'])}; only {VERSION} can be read."
            raise PictoryConfigError(text)
        content = {name: raw[name] for name in raw if name != _HASH}
        # The first lists had none. It finds damage: whoever wants to, can write another one.
        if raw.get(_HASH, hash_of(content)) != hash_of(content):
            raise _damaged(path / LISTS / name)
        moment = datetime.fromisoformat(raw["takenAt"]).astimezone(UTC)
        found = {one.template_id: one for one in map(_template, raw["templates"])}
    except OSError as error:
        raise PictoryConfigError(f"{path / LISTS / name} cannot be read: {error.strerror or error}.") from None
    except (TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise _damaged(path / LISTS / name) from None
    except ValueError as error:
        raise error if isinstance(error, PictoryConfigError) else _damaged(path / LISTS / name) from None
    return TemplateSnapshot(path=path, taken_at=moment, templates=found)


def _damaged(path: Path) -> PictoryConfigError:
    return PictoryConfigError(f"{path} is damaged.")


def _template(raw: dict[str, Any]) -> SnapshotTemplate:
    template_id, name, files = raw["templateId"], raw["name"], dict(raw["files"])
    digests = [raw["details"], *files.values()]
    # No name can lead out of the directory.
    if not all(is_digest(one) for one in digests) or not isinstance(template_id, str):
        raise ValueError(template_id)
    return SnapshotTemplate(template_id=template_id, name=cast("str | None", name), details=raw["details"], files=files)


def _load(path: Path, one: SnapshotTemplate) -> Template:
    file = path / OBJECTS / one.details
    try:
        content = Directory(file.parent).read(file.name)
    except OSError as error:
        raise PictoryConfigError(f"{file} cannot be read: {error.strerror or error}.") from None
    if digest_of(content) != one.details:
        raise _damaged(file)
    return Template.from_dict(json.loads(content), template_id=one.template_id)


def write_list(path: Path, snapshot: TemplateSnapshot, system: System) -> None:
    """Write the list of a snapshot, after everything that it names."""
    lists = Directory(path / LISTS, system)
    content = list_of(snapshot)
    text = json.dumps({**content, _HASH: hash_of(content)}, indent=1) + "\n"
    lists.write(snapshot.taken_at.strftime(_TIME), text.encode())


def prune(path: Path, keep: int | None, system: System) -> int:
    """Remove the oldest lists, and then all content that no list names.

    Args:
        path: The directory.
        keep: How many lists that have templates stay; ``None`` for all. If the newest has none, all stay.
        system: The operating system.

    Returns:
        How many lists were removed.

    Raises:
        PictoryConfigError: A list cannot be read, so nothing is known about what it names. Nothing is removed.
    """
    old = names(path, system)
    lists, objects = Directory(path / LISTS, system), Directory(path / OBJECTS, system)
    named: set[str] = set()
    # Before anything is removed: the older lists may be the only ones that can be read.
    while old and keep != 0:
        digests = _digests(read(path, old.pop()))
        named |= digests
        if not named:
            keep = None  # the newest snapshot is empty: by no means a reason to remove one that is not
        elif digests and keep is not None:
            keep -= 1
    for name in old:
        lists.remove(name)
    for name in system.names(objects.path):
        # Also what was cut off, for a template that is deleted by now. But no directory: that is not ours.
        if name not in named and not _is_directory(objects, name):
            objects.remove(name)
    lists.sweep()
    return len(old)


def _is_directory(above: Directory, name: str) -> bool:
    found = there(above.path / name, above.system)
    return found is not None and stat.S_ISDIR(found.st_mode)


def _digests(snapshot: TemplateSnapshot) -> set[str]:
    return {digest for one in snapshot.templates.values() for digest in (one.details, *one.files.values())}


def check(path: Path, system: System = SYSTEM) -> BackupCheck:
    """Check the backup of a template, or snapshots: everything that a list names must be there and fit its hash."""
    if not os.path.lexists(path / MARK):  # also if it must not be read
        return check_manifest(path)
    try:
        return BackupCheck(path=path, problems=tuple(_problems(path, system)))
    except OSError as error:
        text = f"{LISTS} cannot be read: {error.strerror or error}."
        return BackupCheck(path=path, problems=(BackupProblem(code="snapshot_damaged", file=LISTS, message=text),))


def _problems(path: Path, system: System) -> Iterator[BackupProblem]:
    listed = {name: _contents(path, name, system) for name in names(path, system)}
    compared = {one: compare(path, f"{OBJECTS}/{one}", one) for one in _all(listed.values())}
    # Another process may be removing the oldest snapshots meanwhile: their lists first, then what only they name.
    left = [listed[name] for name in names(path, system) if name in listed]
    if not left:
        yield BackupProblem(code="snapshot_missing", file=LISTS, message=f"{LISTS} has no snapshot.")
    yield from (one for one in left if isinstance(one, BackupProblem))
    yield from (problem for one in _all(left) if (problem := compared[one]) is not None)


def _contents(path: Path, name: str, system: System) -> list[str] | BackupProblem:
    try:
        return sorted(_digests(read(path, name, system)))
    except PictoryConfigError as error:
        text = str(error).removeprefix(f"{path}{os.sep}")
        return BackupProblem(code="snapshot_damaged", file=f"{LISTS}/{name}", message=text)


def _all(lists: Iterable[list[str] | BackupProblem]) -> Iterable[str]:
    return dict.fromkeys(chain.from_iterable(one for one in lists if not isinstance(one, BackupProblem)))
