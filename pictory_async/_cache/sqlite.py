"""The file of a template cache. The only file that imports hishel."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any, Final

import anysqlite
import hishel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["Database"]

_MAX_SIZE: Final = 256 * 1024 * 1024  # bytes; beyond it, hishel drops what was not used for the longest time


class _Cursor(sqlite3.Cursor):
    """Tells its connection what went wrong."""

    def execute(self, *arguments: Any) -> _Cursor:
        """Run one statement."""
        try:
            super().execute(*arguments)
        except sqlite3.Error as error:
            connection = self.connection
            if isinstance(connection, _Connection):
                connection.error = error.with_traceback(None)
            raise
        return self


class _Connection(sqlite3.Connection):
    """Remembers the last error."""

    error: Exception | None = None

    def cursor(self, *_: Any) -> _Cursor:  # type: ignore[override]  # of its overloads, hishel uses this one
        """Make a cursor."""
        return super().cursor(_Cursor)


class Database:
    """An open file. Made in a thread, because it blocks.

    Args:
        path: The file; made with its directory if it is not there.

    Attributes:
        storage: hishel's storage in it.

    Raises:
        OSError: The file cannot be opened.
        sqlite3.Error: It is no file of SQLite.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Templates are somebody's work, and their files' addresses may be secret ones.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        # Not by hishel: it would write a .gitignore beside the file, and wait in the event loop.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=_Connection)
        try:
            self._connection.execute("PRAGMA schema_version")
        except BaseException:
            self._connection.close()
            raise
        connection = anysqlite.Connection(self._connection)
        self.storage = hishel.AsyncSqliteStorage(connection=connection, max_size=_MAX_SIZE)

    @property
    def error(self) -> Exception | None:
        """What went wrong with the file, even where hishel carried on."""
        return self._connection.error

    def pair(
        self, url: str, headers: dict[str, str], stream: AsyncIterator[bytes]
    ) -> tuple[hishel.Request, hishel.Response]:
        """Make what the storage keeps."""
        kept = hishel.Response(200, headers=hishel.Headers(headers), stream=stream)
        return hishel.Request("GET", url), kept
