"""The SQLite file of a template cache: one row for each template. Blocking: for threads."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async._cache.templates import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

_PATIENCE: Final = 5000  # milliseconds to wait for the lock of another process, when nobody waits for a template
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_OURS: Final = 0x50494354  # "PICT": marks the file as a template cache

_TABLE: Final = "CREATE TABLE template (key TEXT PRIMARY KEY, stored REAL, expires REAL, body BLOB)"


@attrs.frozen
class Row:
    """One template.

    Attributes:
        body: As the API sent it.
        stored: When, in seconds since 1970.
        expires: Until when it is kept.
    """

    body: bytes
    stored: float
    expires: float


def is_busy(error: Exception) -> bool:
    """Whether another process has locked the file, so that the same call can succeed later."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


class Database:
    """An open file.

    Args:
        path: The file; it is made, with its directory, if it does not exist.
        patient: As after `be_patient`.

    Raises:
        OSError: The file cannot be opened.
        sqlite3.Error: It is not an SQLite file, or belongs to another program.
    """

    def __init__(self, path: Path, *, patient: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Templates are confidential, so only the owner may read the file. An existing file is not opened here: closing
        # it would drop all locks that this process has on it (https://sqlite.org/howtocorrupt.html, section 2.2).
        with contextlib.suppress(FileExistsError):
            os.close(os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
        try:
            # A template that is replaced or forgotten is overwritten, not only marked as free.
            self._connection.execute("PRAGMA secure_delete = ON")
            if patient:
                self.be_patient()
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def be_patient(self) -> None:
        """Wait up to 5 seconds for the lock of another process, from now on. Before, nothing is waited for."""
        self._connection.execute(f"PRAGMA busy_timeout = {_PATIENCE}")

    def _prepare(self) -> None:
        if self._mark() == _OURS:  # only the first user of a file needs the lock
            return
        with self._locked() as run:  # of several processes that open a new file, one marks it
            if self._mark() == 0 and run("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                run(f"PRAGMA application_id = {_OURS}")
                run(_TABLE)
        if self._mark() != _OURS:
            raise sqlite3.DatabaseError("the file belongs to another program")

    def _mark(self) -> int:
        (mark,) = self._connection.execute("PRAGMA application_id").fetchone()
        return int(mark)

    @contextlib.contextmanager
    def _locked(self) -> Generator[Callable[..., sqlite3.Cursor]]:
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:  # commits, or rolls back
            yield self._connection.execute

    def load(self, key: str, since: float, until: float) -> bytes | None:
        """The body under a key, if it was stored between two times."""
        query = "SELECT body FROM template WHERE key = ? AND stored > ? AND stored <= ?"
        row = self._connection.execute(query, (key, since, until)).fetchone()
        return None if row is None or not isinstance(row[0], bytes) else row[0]  # others may have written to it

    def save(self, rows: Mapping[str, Row | None], now: float) -> None:
        """Store rows in place of older ones; remove those that are ``None``, have expired, or are too much."""
        oldest = "SELECT key FROM template ORDER BY stored DESC LIMIT -1 OFFSET ?"
        with self._locked() as run:
            for key, row in rows.items():
                if row is None:
                    run("DELETE FROM template WHERE key = ?", (key,))
                else:
                    run("INSERT OR REPLACE INTO template VALUES (?, ?, ?, ?)", (key, row.stored, row.expires, row.body))
            run("DELETE FROM template WHERE expires < ?", (now,))
            run(f"DELETE FROM template WHERE key IN ({oldest})", (MOST,))  # noqa: S608 - a constant

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
