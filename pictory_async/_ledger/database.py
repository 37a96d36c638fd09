"""The SQLite file of a ledger: opening it, and its form. Blocking: for threads."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final

from pictory_async._ledger.liveness import runs_beside
from pictory_async._ledger.mounts import MOUNTS, is_shared
from pictory_async.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

_OURS: Final = 0x50494C47  # "PILG": marks the file as a ledger
_PATIENCE: Final = 10_000  # milliseconds to wait for the lock of another process

# Each script takes the file to the next version. Those that were released are never changed.
_MIGRATIONS: Final = (
    """
    CREATE TABLE run (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,          -- tells keys apart, without telling the key
        command TEXT NOT NULL,
        started TEXT NOT NULL,          -- all times are UTC
        ended TEXT
    );
    CREATE TABLE render (
        id INTEGER PRIMARY KEY,
        api TEXT NOT NULL,              -- the address of the API
        project TEXT NOT NULL,
        version TEXT NOT NULL,          -- what is rendered: when the project was saved, or the name of a batch
        attempt INTEGER NOT NULL,
        run TEXT NOT NULL,              -- whose it is now
        state TEXT NOT NULL,
        saved TEXT,                     -- the project's own date when it was decided
        baseline TEXT,                  -- the date of its video before
        asked TEXT,                     -- when the request was sent
        marker TEXT,                    -- the newest job before that
        job TEXT,
        reason TEXT,
        ended TEXT,
        UNIQUE (api, project, version, attempt)
    );
    CREATE INDEX render_of_job ON render (api, job);
    CREATE INDEX render_of_run ON render (run);
    CREATE TABLE video (
        api TEXT NOT NULL,
        project TEXT NOT NULL,
        generated TEXT,                 -- when its video was made; NULL if it has none
        saved TEXT,                     -- the project's own date that the video is of
        listed TEXT,                    -- the date in the list at that time
        certain INTEGER NOT NULL,       -- whether the video is known to be of that date
        name TEXT,
        seen TEXT NOT NULL,
        PRIMARY KEY (api, project)
    );
    CREATE TABLE file (
        api TEXT NOT NULL,
        project TEXT NOT NULL,
        directory TEXT NOT NULL,
        kind TEXT NOT NULL,
        generated TEXT NOT NULL,        -- of which video it is
        path TEXT,                      -- NULL if the project does not have this kind
        size INTEGER,
        written TEXT NOT NULL,
        PRIMARY KEY (api, project, directory, kind)
    );
    CREATE TABLE pending (
        run TEXT NOT NULL,
        account TEXT NOT NULL,
        item TEXT NOT NULL,             -- equal for equal waits
        handle TEXT NOT NULL,           -- JSON
        noted TEXT NOT NULL,
        UNIQUE (run, account, item)
    );
    CREATE INDEX pending_item ON pending (account, item);
    """,
    """
    ALTER TABLE render ADD COLUMN made TEXT
    """,
    """
    CREATE TABLE step (
        api TEXT NOT NULL,
        directory TEXT NOT NULL,
        project TEXT NOT NULL,
        run TEXT NOT NULL,              -- which run is at it; if that has ended, it is to be done again
        PRIMARY KEY (api, directory, project)
    );
    """,
)
VERSION: Final = len(_MIGRATIONS)


class Database:
    """An open ledger file. Threads take turns.

    Args:
        path: The file; it is made, with its directory, if it does not exist.
        mounts: Where the system lists its file systems.

    Raises:
        LedgerError: It cannot be used: no permission, another program's file, damaged, of a later version, or lost
            since earlier runs.
    """

    def __init__(self, path: Path, *, mounts: Path = MOUNTS) -> None:
        self.path = path
        self._mounts = mounts
        self._turns = threading.Lock()
        with explained(self.path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_not_lost()
            # The names of projects are confidential. An existing file is not opened here: closing it would drop all
            # locks that this process has on it (https://sqlite.org/howtocorrupt.html, section 2.2).
            with contextlib.suppress(FileExistsError):
                os.close(os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            self._connection = sqlite3.connect(path, timeout=0.0, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
                self._identity = _identity(path)
            except BaseException:
                self._connection.close()
                raise

    def _check_not_lost(self) -> None:
        runs = runs_beside(self.path)
        # In this order: another process makes the directory after the file has its form.
        if runs.is_dir() and not (self.path.exists() and self.path.stat().st_size):
            raise LedgerError(
                f"The ledger {self.path} is missing or empty, although earlier runs were entered in it. Put it back: "
                "a new one does not know what was requested, so it can be paid for again. To begin a new one all the "
                f"same, remove the directory {runs}."
            )

    def _check_in_place(self) -> None:
        try:
            is_in_place = _identity(self.path) == self._identity
        except FileNotFoundError:
            is_in_place = False
        if not is_in_place:
            raise LedgerError(
                f"The ledger {self.path} was deleted, moved or replaced while it was in use. Nothing more is requested "
                "with it. Put it back, and do the same again: another one does not know what was requested."
            )

    def _prepare(self) -> None:
        self._run(f"PRAGMA busy_timeout = {_PATIENCE}")
        if self._number("application_id") != _OURS or self._number("user_version") < VERSION:
            self._run("BEGIN IMMEDIATE")  # of several processes, one changes the form
            with self._connection:
                self._migrate()
        if self._number("application_id") != _OURS:
            raise sqlite3.DatabaseError("it belongs to another program")
        version = self._number("user_version")
        if version > VERSION:
            raise sqlite3.DatabaseError(f"a later pictory-async wrote it (form {version}, known are up to {VERSION})")
        self._choose_journal()
        self._run("PRAGMA synchronous = FULL")  # what is paid for must survive a power cut

    def _choose_journal(self) -> None:
        """Use a write-ahead log where the file system carries it, and else a rollback journal."""
        if is_shared(self.path, self._mounts):
            # The log's index is in memory that other machines do not share: they would damage the file.
            self._run("PRAGMA journal_mode = DELETE").fetchone()
            return
        # SQLite itself keeps the rollback journal where there is no shared memory. While another process reads, it
        # cannot be changed; that one is right too, so there is nothing to wait for.
        self._run("PRAGMA busy_timeout = 0")
        with contextlib.suppress(sqlite3.OperationalError):
            self._run("PRAGMA journal_mode = WAL").fetchone()
        self._run(f"PRAGMA busy_timeout = {_PATIENCE}")

    def _migrate(self) -> None:
        empty = self._run("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        if self._number("application_id") == 0 and empty:
            self._run(f"PRAGMA application_id = {_OURS}")
        if self._number("application_id") != _OURS:
            return
        for number, script in enumerate(_MIGRATIONS[self._number("user_version") :], self._number("user_version") + 1):
            for statement in script.split(";\n"):
                self._run(statement)
            self._run(f"PRAGMA user_version = {number}")

    def _number(self, pragma: str) -> int:
        (number,) = self._run(f"PRAGMA {pragma}").fetchone()
        return int(number)

    def _run(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    @contextlib.contextmanager
    def changing(self) -> Generator[Callable[..., sqlite3.Cursor]]:
        """Read and write in one transaction: all or nothing, and no other process in between.

        Raises:
            LedgerError: The file cannot be read or written, or another one has its place.
        """
        with self._turns, explained(self.path):
            self._check_in_place()  # what is entered in a file that nobody finds again is lost
            self._run("BEGIN IMMEDIATE")
            with self._connection:  # commits, or rolls back
                yield self._run

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read.

        Raises:
            LedgerError: The file cannot be read.
        """
        with self._turns, explained(self.path):
            return self._run(sql, values).fetchall()

    def close(self) -> None:
        """Close the file. Closing twice does nothing."""
        with self._turns:
            self._connection.close()


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn the errors of the file into one that says what to do.

    Raises:
        LedgerError: It cannot be used.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise LedgerError(
            f"The ledger {path} cannot be used: {reason}. Nothing was requested that is not in it. "
            "Mend that, and do the same again with this file: another one does not know what was requested."
        ) from None
