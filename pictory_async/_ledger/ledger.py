"""`Ledger`: what users pass, and how the rest of the package uses its file."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
from anyio import to_thread

from pictory_async._ledger.database import Database, explained
from pictory_async._ledger.liveness import Liveness
from pictory_async._ledger.once import in_thread
from pictory_async._ledger.outcomes import is_outdated
from pictory_async._ledger.renders import RenderState, as_date, as_state, date_of
from pictory_async._settings.durations import Duration, seconds
from pictory_async._values import ValueObject, brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType
    from typing import Self

    from pictory_async.models import Project

T = TypeVar("T")

_LEFT_KEPT: Final = 30 * 86400.0  # seconds; by then, a render has ended
_OLD: Final = (
    "SELECT id FROM run WHERE coalesce(ended, started) <= ? AND (coalesce(ended, started) <= ? "
    "OR NOT (EXISTS (SELECT 1 FROM pending WHERE run = run.id) OR EXISTS (SELECT 1 FROM render WHERE run = run.id "
    "AND state IN ('asked', 'started', 'uncertain'))))"
)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class LedgerRun(ValueObject):
    """One run, as a ledger remembers it.

    Attributes:
        id: Its short name.
        command: What was run.
        started: When it began, in UTC.
        ended: When it ended, in UTC; ``None`` if it is running, or was killed.
        running: Whether its process is at it now.
        renders: How many renders are in each state, by `RenderState`; those that a later run took over are its.
        pending: How many waits it left, to be resumed.
    """

    id: str
    command: str
    started: datetime
    ended: datetime | None
    running: bool
    renders: Mapping[RenderState, int]
    pending: int


def _ago(age: float) -> str:
    try:
        return (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    except OverflowError:  # before the first date of all, so nothing is that old
        return ""


def _path(value: str | os.PathLike[str]) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not str(value) or "\0" in str(value):
        raise PictoryConfigError(f"The path of a ledger must be the path of a file, not {brief(value)}.")
    if str(value) == ":memory:":
        raise PictoryConfigError("A ledger must be a file: in memory, it would forget what was paid for.")
    return Path(value)


class Ledger:
    """A file that remembers renders, videos and downloads between runs, so that nothing is paid for or fetched twice.

    Pass it to ``client.projects.render_all`` and ``client.projects.sync``. It is an SQLite file: ``sqlite3 FILE`` shows
    what is in it. It contains no API key. Several programs of one machine can use one file at the same time. It can be
    on a file server, but the locks of those are not always right: let only one machine at a time use it there. Calls of
    the library use it in worker threads.

    Args:
        path: The file; it is made, with its directory, when it is first used. A relative path is then looked up once.
            Beside it there is a directory with a lock file for each run that is under way.

    Raises:
        PictoryConfigError: The path cannot be one.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Final = _path(path)
        self._opening = threading.Lock()
        self._database: Database | None = None
        self._uses = Counter[Database]()  # by threads that work with it now
        self._place: Path | None = None
        self._liveness = Liveness(self.path)

    async def __aenter__(self) -> Self:
        await self.use(lambda _: None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await to_thread.run_sync(self.close)

    def close(self) -> None:
        """Close the file, when it is not in use any more. It is opened again if it is used again."""
        with self._opening:
            database, self._database = self._database, None
            if database is not None and not self._uses[database]:
                database.close()

    async def is_outdated(self, project: Project, *, api: str) -> bool | None:
        """Whether a project was saved after its video was made.

        Args:
            project: The project as it is now.
            api: The address of the API.

        Returns:
            ``None`` if that cannot be known: see the page on syncing.
        """
        return await self.use(lambda database: is_outdated(database, api, project))

    async def runs(self) -> list[LedgerRun]:
        """All runs that are remembered, newest first.

        Raises:
            LedgerError: The file cannot be used.
        """
        return await self.use(self._runs)

    async def prune(self, older_than: Duration = 90 * 86400.0) -> int:
        """Forget the runs that ended, or were killed, so many seconds ago, and the waits that they left.

        Runs that are under way are kept. So are, for at least 30 days, runs that left something: a wait, or a render
        whose end is not known. What is known of renders, videos and files stays: it is what keeps them from being paid
        for or fetched twice.

        Args:
            older_than: The age, in seconds or as a ``timedelta``; 0 forgets all that left nothing.

        Returns:
            How many runs were forgotten.

        Raises:
            PictoryConfigError: The age is negative, infinite or not a number; nothing was forgotten.
            LedgerError: The file cannot be used.
        """
        age = seconds("older_than", older_than)
        return await self.use(lambda database: self._prune(database, age))

    async def use(self, call: Callable[[Database], T], *, always: bool = False) -> T:
        """Do something with the file, in a worker thread, to its end even if this is cancelled meanwhile.

        Args:
            call: What to do.
            always: Whether it is done even if this is cancelled before.
        """

        def work() -> T:
            with explained(self.path), self._opened() as database:  # also what cannot be read in it
                return call(database)

        return await in_thread(work, always=always)

    @contextlib.contextmanager
    def _opened(self) -> Generator[Database]:
        """Open the file, and keep it open during a block, whoever closes it meanwhile."""
        database = self._open()
        try:
            yield database
        finally:
            with self._opening:
                self._uses[database] -= 1
                if not self._uses[database]:
                    del self._uses[database]
                    if database is not self._database:  # it was closed meanwhile
                        database.close()

    def _open(self) -> Database:
        with self._opening:
            if self._place is None:
                self._place = self.path.absolute()  # once: the working directory may change later
                self._liveness = Liveness(self._place)
            if self._database is None:
                self._database = Database(self._place)
            self._uses[self._database] += 1
            return self._database

    def begin_run(self, database: Database, account: str, command: str) -> str:
        """Enter a run, which is alive until `end_run` or the end of the process; blocking."""
        run = secrets.token_hex(4)
        try:
            with explained(self.path):
                self._liveness.begin(run)
            with database.changing() as sql:
                values = (run, account, command, datetime.now(UTC).isoformat())
                sql("INSERT INTO run (id, account, command, started) VALUES (?, ?, ?, ?)", values)
        except BaseException:
            self._liveness.end(run)
            raise
        return run

    def end_run(self, database: Database, run: str) -> None:
        """Enter the end of a run; blocking."""
        try:
            with database.changing() as sql:
                sql("UPDATE run SET ended = ? WHERE id = ?", (datetime.now(UTC).isoformat(), run))
        finally:
            self._liveness.end(run)

    def is_alive(self, run: str) -> bool:
        """Whether a run is under way, in this process or in another one of this machine; blocking."""
        return self._liveness.is_alive(run)

    def _runs(self, database: Database) -> list[LedgerRun]:
        renders: dict[str, dict[RenderState, int]] = {}
        for run, state, count in database.rows("SELECT run, state, count(*) FROM render GROUP BY run, state"):
            renders.setdefault(run, {})[as_state(state)] = count
        pending = dict(database.rows("SELECT run, count(*) FROM pending GROUP BY run"))
        rows = database.rows("SELECT id, command, started, ended FROM run ORDER BY started DESC, id")
        return [
            LedgerRun(
                id=run,
                command=command,
                started=date_of(started),
                ended=as_date(ended),
                running=ended is None and self._liveness.is_alive(run),
                renders=renders.get(run, {}),
                pending=pending.get(run, 0),
            )
            for run, command, started, ended in rows
        ]

    def _prune(self, database: Database, age: float) -> int:
        until, left_until = (_ago(seconds) for seconds in (age, max(age, _LEFT_KEPT)))
        with database.changing() as sql:
            old = sql(_OLD, (until, left_until)).fetchall()
            gone = [run for (run,) in old if not self._liveness.is_alive(run)]
            for run in gone:
                sql("DELETE FROM run WHERE id = ?", (run,))
                sql("DELETE FROM pending WHERE run = ?", (run,))
        for run in gone:
            self._liveness.forget(run)  # that of a run that was killed is still there
        return len(gone)

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"
