"""The SQLite file of a template cache: one row for each template. Blocking: for threads."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from pictory_async._cache.templates import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

_PATIENCE: Final = 5.0  # seconds to wait for the lock of another process
_OURS: Final = 0x50494354  # "PICT": marks the file as a template cache

_TABLE: Final = "CREATE TABLE template (key TEXT PRIMARY KEY, stored REAL, expires REAL, body BLOB)"


class Database:
    """An open file.

    Args:
        path: The file; it is made, with its directory, if it does not exist.

    Raises:
        OSError: The file cannot be opened.
        sqlite3.Error: It is not an SQLite file, or belongs to another program.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Templates are confidential, so only the owner may read the file. An existing file is not opened here: closing
        # it would drop all locks that this process has on it (https://sqlite.org/howtocorrupt.html, section 2.2).
        with contextlib.suppress(FileExistsError):
            os.close(os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

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
        return None if row is None else bytes(row[0])

    def save(self, key: str, body: bytes, stored: float, expires: float) -> None:
        """Store a body, in place of an older one; remove what has expired and what is too much."""
        oldest = "SELECT key FROM template ORDER BY stored DESC LIMIT -1 OFFSET ?"
        with self._locked() as run:
            run("INSERT OR REPLACE INTO template VALUES (?, ?, ?, ?)", (key, stored, expires, body))
            run("DELETE FROM template WHERE expires < ?", (stored,))
            run(f"DELETE FROM template WHERE key IN ({oldest})", (MOST,))  # noqa: S608 - a constant

    def forget(self, key: str) -> None:
        """Remove what is stored under a key."""
        self._connection.execute("DELETE FROM template WHERE key = ?", (key,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
