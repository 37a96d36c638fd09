"""The files of a ledger: which video of a project each one is of, and where it is. Blocking."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from pictory_async._files.ownership import Ownership
from pictory_async._files.publish import Directory
from pictory_async._ledger.renders import date_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pictory_async._ledger.database import Database


@attrs.frozen
class LedgerFile:
    """One kind of file of a project.

    Attributes:
        kind: The kind.
        path: Where it is, perhaps relative to the working directory; ``None`` if the project does not have it.
        size: Its length in bytes; ``None`` if it was there before, and is as long as it is now.
    """

    kind: str
    path: str | None
    size: int | None


class Files:
    """The files of one account's API in one directory.

    Args:
        database: The ledger.
        api: The address of the API.
        directory: The directory.
    """

    def __init__(self, database: Database, api: str, directory: str | os.PathLike[str]) -> None:
        self._database = database
        self._api = api
        self._directory = str(Path(directory).resolve())

    def enter(self, project: str, generated: datetime, files: Iterable[LedgerFile]) -> None:
        """Enter what a download left."""
        now = datetime.now(UTC).isoformat()
        rows = [
            (
                self._api,
                project,
                self._directory,
                file.kind,
                generated.isoformat(),
                _absolute(file.path),
                _size(file),
                now,
            )
            for file in files
        ]
        with self._database.changing() as run:
            for row in rows:
                run("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def complete(self, kinds: Iterable[str]) -> dict[str, datetime]:
        """The projects of which all these kinds are there, or do not exist, each with the date of the video.

        A file is there if it has the length that was entered here, and what the manifest of the directory says of it.
        """
        wanted, owners = {*kinds}, _owners(Path(self._directory))
        found: dict[str, dict[str, str]] = {}
        sql = "SELECT project, kind, generated, path, size FROM file WHERE api = ? AND directory = ?"
        for project, kind, generated, path, size in self._database.rows(sql, (self._api, self._directory)):
            if kind in wanted and (path is None or (_is_there(path, size) and owners(project, kind))):
                found.setdefault(project, {})[kind] = generated
        return {
            project: date_of(next(iter(dates.values())))
            for project, dates in found.items()
            if dates.keys() == wanted and len({*dates.values()}) == 1
        }


def _owners(directory: Path) -> Callable[[str, str], bool]:
    """Make what tells whether the manifest of a directory agrees with a file that is there."""
    try:
        return Ownership(Directory(directory)).is_unchanged
    except OSError:  # it cannot be read
        return lambda _, __: True


def _absolute(path: str | None) -> str | None:
    return None if path is None else os.path.abspath(path)  # noqa: PTH100 - without resolving links


def _size(file: LedgerFile) -> int | None:
    return file.size if file.size is not None or file.path is None else _size_now(file.path)


def _is_there(path: str, size: int | None) -> bool:
    return size is not None and _size_now(path) == size


def _size_now(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:
        return None
