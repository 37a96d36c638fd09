"""The file of a template cache. The only file that imports hishel."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import anysqlite
import hishel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["Database"]

_MAX_SIZE: Final = 256 * 1024 * 1024  # bytes; beyond it, hishel removes what was not used for the longest time
_PATIENCE: Final = 5000  # milliseconds for a lock that another process has on the file; hishel sets the same
_PAUSE: Final = 0.01  # seconds between two tries to open a file that is locked
_TRIES: Final = round(_PATIENCE / 1000 / _PAUSE)

_opening: Final = threading.Lock()


class _Cursor(sqlite3.Cursor):
    """A cursor that reports errors to its connection."""

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
    """A connection that remembers the last error."""

    error: Exception | None = None

    def cursor(self, *_: Any) -> _Cursor:  # type: ignore[override]  # of its overloads, hishel uses this one
        """Make a cursor."""
        return super().cursor(_Cursor)


class Database:
    """An open file. Made in a thread, because it blocks.

    Args:
        path: The file; it is made, with its directory, if it does not exist.

    Attributes:
        storage: hishel's storage in it.

    Raises:
        OSError: The file cannot be opened.
        sqlite3.Error: It is not an SQLite file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _opening:
            _create(path)
            # Not by hishel: it would write a .gitignore beside the file, and wait in the event loop.
            self._connection = sqlite3.connect(
                path, timeout=0.0, isolation_level=None, check_same_thread=False, factory=_Connection
            )
            try:
                _prepare(self._connection)
            except BaseException:
                self._connection.close()
                raise
        self._connection.error = None
        connection = anysqlite.Connection(self._connection)
        self.storage = hishel.AsyncSqliteStorage(connection=connection, max_size=_MAX_SIZE)

    @property
    def error(self) -> Exception | None:
        """The last error of the file, even if hishel continued."""
        return self._connection.error

    def pair(
        self, url: str, headers: dict[str, str], stream: AsyncIterator[bytes]
    ) -> tuple[hishel.Request, hishel.Response]:
        """The request and the response that the storage takes."""
        kept = hishel.Response(200, headers=hishel.Headers(headers), stream=stream)
        return hishel.Request("GET", url), kept


def _create(path: Path) -> None:
    """Make the file if there is none. Templates are somebody's work, so only the owner may read it."""
    with contextlib.suppress(FileExistsError):
        # Never opens a file that is there: closing it would drop the locks of all other connections that this process
        # has to it (https://sqlite.org/howtocorrupt.html, section 2.2), and other processes would then remove the log
        # that those connections write to.
        os.close(os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare(connection: sqlite3.Connection) -> None:
    """Switch a new file to SQLite's write-ahead log; leave any other file as it is."""
    for left in reversed(range(_TRIES)):
        try:
            if connection.execute("PRAGMA page_count").fetchone() == (0,):
                # SQLite fails at once here if another process has the file. hishel tries this again too, but by then
                # the connection has remembered an error.
                connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not left:
                raise
            time.sleep(_PAUSE)
    connection.execute(f"PRAGMA busy_timeout={_PATIENCE}")
