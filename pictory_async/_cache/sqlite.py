"""The SQLite file of a template cache: one row for each template. Blocking: for threads."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE: Final = 5.0  # seconds to wait for the lock of another process
_MOST: Final = 1000
_OURS: Final = 0x50494354  # "PICT": marks the file as a template cache

_TABLE: Final = "CREATE TABLE IF NOT EXISTS template (key TEXT PRIMARY KEY, stored REAL, expires REAL, body BLOB)"


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
        run = self._connection.execute
        # Within one transaction: of several processes that open a new file, one marks it.
        run("BEGIN IMMEDIATE")
        if run("PRAGMA application_id").fetchone() == run("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            run(f"PRAGMA application_id = {_OURS}")
            run(_TABLE)
        mark = run("PRAGMA application_id").fetchone()
        run("COMMIT")
        if mark != (_OURS,):
            raise sqlite3.DatabaseError("the file belongs to another program")

    def load(self, key: str, since: float, until: float) -> bytes | None:
        """The body under a key, if it was stored between two times."""
        query = "SELECT body FROM template WHERE key = ? AND stored > ? AND stored <= ?"
        row = self._connection.execute(query, (key, since, until)).fetchone()
        return None if row is None else bytes(row[0])

    def save(self, key: str, body: bytes, stored: float, expires: float) -> None:
        """Store a body, in place of an older one; remove what has expired and what is too much."""
        run = self._connection.execute
        run("INSERT OR REPLACE INTO template VALUES (?, ?, ?, ?)", (key, stored, expires, body))
        run("DELETE FROM template WHERE expires < ?", (stored,))
        oldest = "SELECT key FROM template ORDER BY stored DESC LIMIT -1 OFFSET ?"
        run(f"DELETE FROM template WHERE key IN ({oldest})", (_MOST,))  # noqa: S608 - a constant

    def forget(self, key: str) -> None:
        """Remove what is stored under a key."""
        self._connection.execute("DELETE FROM template WHERE key = ?", (key,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
