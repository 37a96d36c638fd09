"""Which project each file of a directory belongs to: the manifest ``.pictory.json``. Blocking.

File names do not tell: two projects can have one name, a project can be renamed, and files of other programs can have
the same names. The manifest has, for each project, the name that its files begin with, and for each file its kind, the
render that it is of, its size, and the time of its last change. An entry counts only while a file fits it. So a file
that somebody edited or replaced is not ours any more, and is treated like any other file that is in the way.

One manifest is for a directory and all below it: a name can have subdirectories before it. Version 1 of the manifest
had neither subdirectories nor earlier versions of files; it is read, and written as version 2.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import stat
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._files.inside import LONGEST, checked_name, find
from pictory_async._files.names import safe_name

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from pictory_async._files.publish import Directory

OWNERSHIP: Final = ".pictory.json"
"""The name of the manifest."""

_VERSION: Final = 2
_SHORT: Final = 8
_ROOM: Final = 50  # bytes for what comes after a stem: a number, a date, an ending
_MANIFESTS: Final = 4  # how many of them are kept in memory
# Nanoseconds: to what file systems and copying programs round times, such as FAT to two seconds.
_GRAINS: Final = (1, 100, 1_000, 1_000_000, 10_000_000, 1_000_000_000, 2_000_000_000)


@attrs.frozen
class Edition:
    """What identifies the content of a project's file.

    Attributes:
        rendered: When its render was completed, as an ISO date; ``None`` if the API does not state it.
        address: A digest of its address without the query, for projects without that date.
    """

    rendered: str | None
    address: str

    def same(self, other: Edition) -> bool:
        """Whether two are of the same render, as far as that is known."""
        if self.rendered is not None and other.rendered is not None:
            return self.rendered == other.rendered
        return self.address == other.address


@attrs.frozen
class Entry:
    """One file of a project.

    Attributes:
        kind: The kind of file.
        name: Its name below the directory, with ``/`` between its parts.
        edition: What it is.
        size: Its length in bytes.
        modified: When it was last changed, in nanoseconds.
        inode: Its number in the file system; it only decides between two entries that fit.
        old: Whether it is an earlier version, which was kept.
    """

    kind: str
    name: str
    edition: Edition
    size: int
    modified: int
    inode: int
    old: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain JSON values; `attrs.asdict` takes too long for thousands of them."""
        return {
            "kind": self.kind,
            "name": self.name,
            "edition": {"rendered": self.edition.rendered, "address": self.edition.address},
            "size": self.size,
            "modified": self.modified,
            "inode": self.inode,
            **({"old": True} if self.old else {}),
        }

    def fits(self, found: os.stat_result) -> bool:
        """Whether a file is the one that was entered."""
        return (
            stat.S_ISREG(found.st_mode)
            and found.st_size == self.size
            and any(
                found.st_mtime_ns % grain == 0 and abs(found.st_mtime_ns - self.modified) < grain for grain in _GRAINS
            )
        )

    def distance(self, found: os.stat_result) -> tuple[bool, int]:
        """Which of two entries that fit a file fits better: the smaller one."""
        return found.st_ino != self.inode, abs(found.st_mtime_ns - self.modified)

    @property
    def age(self) -> tuple[str, int]:
        """What sorts the versions of a file, the oldest first."""
        return self.edition.rendered or "", self.modified


@attrs.frozen
class _Owner:
    stem: str
    entries: tuple[Entry, ...]

    @functools.cached_property
    def text(self) -> str:
        """The owner as JSON: all others stay the same when one gets a file."""
        return json.dumps({"stem": self.stem, "files": [entry.to_dict() for entry in self.entries]})


class _Known:
    """What the last manifests that were read or written say: each download reads one, and adds a file to it.

    They are found by their content, so nothing here can be out of date.
    """

    def __init__(self) -> None:
        self._found: dict[bytes, dict[str, _Owner]] = {}

    def find(self, content: bytes) -> dict[str, _Owner] | None:
        return self._found.get(hashlib.sha256(content).digest())

    def keep(self, content: bytes, owners: dict[str, _Owner]) -> None:
        # A new dictionary, because other threads may be reading the old one.
        latest = dict(list(self._found.items())[1 - _MANIFESTS :])
        self._found = {**latest, hashlib.sha256(content).digest(): owners}


_KNOWN: Final = _Known()


class Ownership:
    """The manifest of a directory, as it is when this object is made.

    Args:
        directory: The directory.

    Raises:
        OSError: The manifest cannot be read, or a later version of this library wrote it.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._owners: dict[str, _Owner] = {}
        self._by_name: defaultdict[str, list[tuple[str, Entry]]] = defaultdict(list)
        try:
            self._set(_read(directory.read(OWNERSHIP)))
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return  # damaged: all files count as somebody else's

    def is_current(self, project: str, kinds: Iterable[str], generated_at: datetime) -> bool:
        """Whether all these files of a project are there, and of the render of that time. Sends no request.

        Args:
            project: The id of the project, as text.
            kinds: Kinds of files, without ``share``, which is of no render. A kind that the project does not have is
                never there.
            generated_at: When the project's video was rendered.
        """
        rendered = generated_at.isoformat()
        found = (self.find(project, kind) for kind in kinds)
        return all(entry is not None and entry.edition.rendered == rendered for entry in found)

    def is_unchanged(self, project: str, kind: str) -> bool:
        """Whether a project's file is there as it was entered, or none was entered."""
        entered = [one for one in self._of(project).entries if one.kind == kind and not one.old]
        return not entered or any(self.is_there(project, one) for one in entered)

    def is_there(self, project: str, entry: Entry) -> bool:
        """Whether the file of an entry is there, and is not rather that of another entry with its name."""
        found = find(self._directory, entry.name)
        if found is None or not entry.fits(found):
            return False
        named = self._by_name.get(entry.name.casefold(), ())
        rivals = [(one, rival) for one, rival in named if rival.name == entry.name and rival.fits(found)]
        return min(rivals, key=lambda one: one[1].distance(found)) == (project, entry)

    def find(self, project: str, kind: str) -> Entry | None:
        """The newest file of a project that is there."""
        return max(
            (one for one in self._there(project, kind) if not one.old), key=lambda entry: entry.modified, default=None
        )

    def old(self, project: str, kind: str) -> list[Entry]:
        """The earlier versions of a file that are there, the newest first."""
        return sorted((one for one in self._there(project, kind) if one.old), key=lambda one: one.age, reverse=True)

    def is_another_s(self, project: str, kind: str, name: str) -> bool:
        """Whether the file of this name is another project's, another file of this one, or an earlier version."""
        return any(
            ((one, entry.kind) != (project, kind) or entry.old) and self.is_there(one, entry)
            for one, entry in self._by_name.get(name.casefold(), ())
        )

    def stem(self, project: str, plain: str, *, renamed: bool = False) -> str:
        """What the names of a project's files begin with: a name, or that with the project's id if another one has it.

        Args:
            project: The id of the project.
            plain: The name.
            renamed: Whether to follow the name if it is not the one that the project's files have.
        """
        digest = hashlib.sha256(project.encode(errors="replace")).hexdigest()[:_SHORT]
        ends = ("", f" ({safe_name(project, digest)[-_SHORT:]})", f" ({digest})")
        stems = [plain + end for end in ends]
        known = self._of(project)
        if (not renamed or known.stem in stems) and any(self.is_there(project, entry) for entry in known.entries):
            return known.stem
        taken = {owner.stem.casefold() for one, owner in self._owners.items() if one != project}
        return next((stem for stem in stems if stem.casefold() not in taken), stems[-1])

    def enter(self, project: str, stem: str, entry: Entry, retired: Entry | None = None) -> None:
        """Add a file that is about to get its name, and write the manifest.

        Entries of this kind or of this name that no file fits any more are removed.

        Args:
            project: The id of the project.
            stem: What the names of its files begin with.
            entry: The file.
            retired: The file that becomes an earlier version, and keeps its name.

        Raises:
            OSError: The manifest cannot be written.
        """
        owners = dict(self._owners)
        # Also those of other projects: a file that gets this name may happen to fit what was once said of another one.
        for one in {project, *(one for one, _ in self._by_name.get(entry.name.casefold(), ()))}:
            owners[one] = _Owner(self._of(one).stem, (*self._still(one, project, entry),))
        entries = [attrs.evolve(one, old=True) if one == retired else one for one in owners[project].entries]
        owners[project] = _Owner(stem, (*entries, entry))
        self._write(owners)

    def withdraw(self, project: str, entry: Entry) -> None:
        """Remove a file that did not get its name, because another program was faster, and write the manifest.

        Raises:
            OSError: The manifest cannot be written.
        """
        known = self._of(project)
        rest = tuple(one for one in known.entries if one != entry)
        self._write({**self._owners, project: _Owner(known.stem, rest)})

    def _write(self, owners: dict[str, _Owner]) -> None:
        self._directory.sweep()
        projects = ", ".join(f"{json.dumps(one)}: {owner.text}" for one, owner in owners.items())
        content = f'{{"version": {_VERSION}, "projects": {{{projects}}}}}'.encode()
        self._directory.write(OWNERSHIP, content)
        _KNOWN.keep(content, owners)
        self._set(owners)

    def _still(self, project: str, entered: str, entry: Entry) -> Iterator[Entry]:
        for one in self._of(project).entries:
            rival = one.name.casefold() == entry.name.casefold() or (project, one.kind) == (entered, entry.kind)
            if not rival or self.is_there(project, one):
                yield one

    def _set(self, owners: dict[str, _Owner]) -> None:
        self._owners = owners
        self._by_name.clear()
        for project, owner in owners.items():
            for entry in owner.entries:
                self._by_name[entry.name.casefold()].append((project, entry))

    def _of(self, project: str) -> _Owner:
        return self._owners.get(project) or _Owner("", ())

    def _there(self, project: str, kind: str) -> Iterator[Entry]:
        return (one for one in self._of(project).entries if one.kind == kind and self.is_there(project, one))


def _read(content: bytes) -> dict[str, _Owner]:
    owners = _KNOWN.find(content)
    if owners is None:
        raw: Any = json.loads(content)
        if isinstance(raw["version"], int) and raw["version"] > _VERSION:
            raise OSError(errno.EINVAL, f"A later version of pictory-async wrote {OWNERSHIP}")
        owners = dict(_owners(raw["projects"]))
        _KNOWN.keep(content, owners)
    return owners


def _owners(raw: dict[str, Any]) -> Iterator[tuple[str, _Owner]]:
    for project, owner in raw.items():
        yield (
            project,
            _Owner(checked_name(_text(owner["stem"]), LONGEST - _ROOM), tuple(_entry(one) for one in owner["files"])),
        )


def _entry(raw: dict[str, Any]) -> Entry:
    edition: dict[str, Any] = raw["edition"]
    rendered = edition["rendered"]
    return Entry(
        kind=_text(raw["kind"]),
        name=checked_name(_text(raw["name"])),  # nothing in the manifest leads out, whoever wrote it
        edition=Edition(None if rendered is None else _text(rendered), _text(edition["address"])),
        size=int(raw["size"]),
        modified=int(raw["modified"]),
        inode=int(raw["inode"]),
        old=bool(raw.get("old")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
