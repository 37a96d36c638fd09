"""Which project each file of a directory belongs to: the manifest ``.pictory.json``. Blocking.

File names do not tell: two projects can have one name, a project can be renamed, and files of other programs can have
the same names. The manifest has, for each project, the name that its files begin with, and for each file its kind, the
render that it is of, its size, and the time of its last change. An entry counts only while a file fits it. So a file
that somebody edited or replaced is not ours any more, and is treated like any other file that is in the way.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._files.names import safe_name
from pictory_async._files.publish import there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async._files.publish import Directory

OWNERSHIP: Final = ".pictory.json"
"""The name of the manifest."""

_VERSION: Final = 1
_SHORT: Final = 8
_SEPARATORS: Final = frozenset("/\\:\0")
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
        name: Its name in the directory.
        edition: What it is.
        size: Its length in bytes.
        modified: When it was last changed, in nanoseconds.
        inode: Its number in the file system; it only decides between two entries that fit.
    """

    kind: str
    name: str
    edition: Edition
    size: int
    modified: int
    inode: int

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain JSON values; `attrs.asdict` takes too long for thousands of them."""
        return {
            "kind": self.kind,
            "name": self.name,
            "edition": {"rendered": self.edition.rendered, "address": self.edition.address},
            "size": self.size,
            "modified": self.modified,
            "inode": self.inode,
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


@attrs.define
class _Owner:
    stem: str
    entries: list[Entry]


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
        try:
            raw: Any = json.loads(directory.read(OWNERSHIP))
            newer = isinstance(raw["version"], int) and raw["version"] > _VERSION
            if not newer:
                self._owners = dict(_owners(raw["projects"]))
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return  # damaged: all files count as somebody else's
        if newer:
            raise OSError(errno.EINVAL, f"A later version of pictory-async wrote {OWNERSHIP}")

    def find(self, project: str, kind: str) -> Entry | None:
        """The file of a project that is there."""
        return max(
            (entry for entry in self._of(project).entries if entry.kind == kind and self._is_there(project, entry)),
            key=lambda entry: entry.modified,
            default=None,
        )

    def is_another_s(self, project: str, kind: str, name: str) -> bool:
        """Whether the file of this name belongs to another project, or is another file of this one."""
        return any(
            entry.name.casefold() == name.casefold() and self._is_there(one, entry)
            for one, owner in self._owners.items()
            for entry in owner.entries
            if (one, entry.kind) != (project, kind)
        )

    def stem(self, project: str, name: str | None) -> str:
        """What the names of a project's files begin with: its own name, or that with its id if another one has it."""
        known = self._of(project)
        if any(self._is_there(project, entry) for entry in known.entries):
            return known.stem
        taken = {owner.stem.casefold() for one, owner in self._owners.items() if one != project}
        plain = safe_name(name, f"project {project}")
        digest = hashlib.sha256(project.encode(errors="replace")).hexdigest()[:_SHORT]
        ends = ("", f" ({safe_name(project, digest)[-_SHORT:]})", f" ({digest})")
        return next((plain + end for end in ends if (plain + end).casefold() not in taken), plain + ends[-1])

    def enter(self, project: str, stem: str, entry: Entry) -> None:
        """Add a file that is about to get its name, and write the manifest.

        Entries of this kind that no file fits any more are removed.

        Raises:
            OSError: The manifest cannot be written.
        """
        known = self._of(project).entries
        kept = [one for one in known if one.kind != entry.kind or self._is_there(project, one)]
        self._owners[project] = _Owner(stem, [*kept, entry])
        projects = {
            one: {"stem": owner.stem, "files": [entry.to_dict() for entry in owner.entries]}
            for one, owner in self._owners.items()
        }
        self._directory.sweep()
        text = json.dumps({"version": _VERSION, "projects": projects})  # with an indent, it takes ten times as long
        self._directory.write(OWNERSHIP, text.encode())

    def _of(self, project: str) -> _Owner:
        return self._owners.get(project) or _Owner("", [])

    def _is_there(self, project: str, entry: Entry) -> bool:
        """Whether the file of an entry is there, and is not rather that of another entry with its name."""
        found = there(self._directory.path / entry.name, self._directory.system)
        if found is None or not entry.fits(found):
            return False
        rivals = [one for one in self._of(project).entries if one.name == entry.name and one.fits(found)]
        return min(rivals, key=lambda one: one.distance(found)) == entry


def _owners(raw: dict[str, Any]) -> Iterator[tuple[str, _Owner]]:
    for project, owner in raw.items():
        yield project, _Owner(_name(owner["stem"]), [_entry(one) for one in owner["files"]])


def _entry(raw: dict[str, Any]) -> Entry:
    edition: dict[str, Any] = raw["edition"]
    rendered = edition["rendered"]
    return Entry(
        kind=_text(raw["kind"]),
        name=_name(raw["name"]),
        edition=Edition(None if rendered is None else _text(rendered), _text(edition["address"])),
        size=int(raw["size"]),
        modified=int(raw["modified"]),
        inode=int(raw["inode"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _name(value: object) -> str:
    name = _text(value)
    # Nothing in the manifest leads out of the directory, whoever wrote it.
    if name in {"", ".", ".."} or not _SEPARATORS.isdisjoint(name):
        raise ValueError
    os.fsencode(name)  # a ValueError if no file can have this name
    return name
