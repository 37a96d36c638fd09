"""The renders of a ledger: what was to be rendered, and what is known of it. Blocking.

**The order.** A render is entered before anything else (``INTENDED``), marked before its request is sent (``ASKED``,
with the newest job of the account at that time), and its job is entered when the response is there (``STARTED``). Each
step is on the disk before the next begins. So after a kill at any moment, the entry says what can have happened, and
nothing is asked for that may have been asked for.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, cast

import attrs

from pictory_async._values import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pictory_async._ledger.database import Database

_COLUMNS: Final = "id, project, version, attempt, run, state, saved, baseline, asked, marker, job, reason, made"


class RenderState(StrEnum):
    """What a ledger knows of a render."""

    INTENDED = "intended"
    """Not requested yet."""

    ASKED = "asked"
    """The request was sent, or was about to be; no response is known."""

    STARTED = "started"
    """Its job is known."""

    UNCERTAIN = "uncertain"
    """It may have been started, and nothing tells yet: it is never requested again."""

    NOT_STARTED = "not_started"
    """The request had no effect."""

    RENDERED = "rendered"
    """Its video is there."""

    FAILED = "failed"
    """It ended without a video."""


_OPEN: Final = frozenset({RenderState.INTENDED, RenderState.ASKED, RenderState.STARTED, RenderState.UNCERTAIN})

REQUESTED: Final = frozenset({RenderState.ASKED, RenderState.STARTED, RenderState.UNCERTAIN})
"""The states of a render that was requested, and whose end is not known."""

# A render of an earlier version, whose end nobody waited for: the project has a newer video than before it. Dates are
# in UTC, so that their texts compare as they do.
_SUPERSEDE: Final = (
    "UPDATE render SET state = 'rendered', ended = ? WHERE api = ? AND project = ? AND version != ? "
    "AND state IN (?, ?, ?) AND coalesce(baseline, '') < ?"
)

# Since a render was requested that is not known to have made another video.
_MAY_HAVE_MADE: Final = (
    "SELECT 1 FROM render WHERE api = ? AND project = ? AND asked IS NOT NULL AND coalesce(baseline, '') < ? "
    "AND saved IS NOT ? AND (state IN (?, ?, ?) OR NOT EXISTS (SELECT 1 FROM video WHERE video.api = render.api "
    "AND video.project = render.project AND generated > coalesce(baseline, '') AND generated != ?)) LIMIT 1"
)

_ASK: Final = "UPDATE render SET state = ?, asked = ?, marker = ? WHERE id = ? AND run = ? AND state = ?"


# What was requested, and may be there.
_THERE: Final = frozenset(
    {*(RenderState.ASKED, RenderState.STARTED, RenderState.UNCERTAIN, RenderState.RENDERED, RenderState.FAILED)}
)

VIDEO: Final = "video "
"""What the ledger calls a video without a project begins so; no id of a project does."""


class Decision(Enum):
    """What to do about a render."""

    REQUEST = "request it"
    RECOVER = "find out whether an earlier request had an effect"
    RESUME = "wait for it"
    BUSY = "leave it to the run that is at it"
    SETTLED = "nothing: its state says what became of it"
    LEFT = "nothing: it was never asked for, and must not be now"
    OVER = "nothing: it would be requested, but so many renders must not be"


def as_date(value: object) -> datetime | None:
    """Read a date of the ledger.

    Raises:
        sqlite3.DataError: It is none; for `explained`.
    """
    return None if value is None else date_of(value)


def date_of(value: object) -> datetime:
    """Read a date that must be there; raises as `as_date` does."""
    with contextlib.suppress(TypeError, ValueError):
        date = value if isinstance(value, datetime) else datetime.fromisoformat(cast("str", value))
        if date.tzinfo is not None:
            return date
    raise sqlite3.DataError(f"{brief(value)} in it is no date with a time zone")


def as_state(value: object) -> RenderState:
    """Read a state; raises as `as_date` does."""
    with contextlib.suppress(ValueError):
        return RenderState(cast("str", value))
    raise sqlite3.DataError(f"{brief(value)} in it is no state of a render that this version of pictory-async knows")


@attrs.frozen
class Intent:
    """A render in the ledger.

    Attributes:
        id: Its number.
        project: The project's id, as text; of a video without one, its key.
        version: When the project was saved, the name of a batch, or a digest of the values of a video.
        attempt: 1, or more if it was asked for again.
        run: The run that is at it, or was last.
        state: What is known of it.
        saved: The project's own date when it was decided.
        baseline: The date of the project's video before.
        asked: When it was requested.
        marker: The newest job of the account before that.
        job: Its job.
        reason: Why it is not rendered, in words.
        made: The job that made a video without a project, as JSON.
    """

    id: int
    project: str
    version: str
    attempt: int
    run: str
    state: RenderState = attrs.field(converter=as_state)
    saved: datetime | None = attrs.field(converter=as_date)
    baseline: datetime | None = attrs.field(converter=as_date)
    asked: datetime | None = attrs.field(converter=as_date)
    marker: str | None
    job: str | None
    reason: str | None
    made: str | None

    @property
    def is_video(self) -> bool:
        """Whether it is of a video without a project."""
        return self.project.startswith(VIDEO)


@attrs.frozen(kw_only=True)
class Resubmit:
    """Which renders are requested again although they were before.

    Attributes:
        rendered: Those that are rendered.
        failed: Those that failed.
        unstarted: Those that were not started.
    """

    rendered: bool = False
    failed: bool = False
    unstarted: bool = False

    def wants(self, state: RenderState) -> bool:
        """Whether a render in this state is requested again."""
        return {
            RenderState.RENDERED: self.rendered,
            RenderState.FAILED: self.failed,
            RenderState.NOT_STARTED: self.unstarted,
        }.get(state, False)


@attrs.frozen(kw_only=True)
class Wish:
    """What is wanted of one project.

    Attributes:
        project: Its id, as text.
        version: When it was saved, or the name of a batch.
        saved: Its own date.
        baseline: The date of its video.
        wanted: Whether it is to be rendered.
        has_room: Whether one more render may be requested.
        resubmit: Which renders are requested again although they were before.
        plans: Whether nothing is requested in any case. Then what an earlier run left stays its own.
        alone: Whether it is not wanted if another version of it was requested.
    """

    project: str
    version: str
    saved: datetime | None
    baseline: datetime | None
    wanted: bool
    has_room: bool
    resubmit: Resubmit
    plans: bool = False
    alone: bool = False


class TakenOverError(Exception):
    """Another run has a render now: it took this one for dead, because its lock was gone."""


class Renders:
    """The renders of one account's API in a ledger."""

    def __init__(self, database: Database, api: str) -> None:
        self._database = database
        self._api = api

    def decide(self, wish: Wish, run: str, is_alive: Callable[[str], bool]) -> tuple[Decision, Intent | None]:
        """Enter what is to be rendered, or find what became of it before. It is this run's from now on, unless busy.

        Args:
            wish: What is wanted.
            run: The run that asks.
            is_alive: Tells whether a run is under way.
        """
        with self._database.changing() as sql:
            if wish.baseline is not None:
                values = (_text(datetime.now(UTC)), self._api, wish.project, wish.version)
                sql(_SUPERSEDE, (*values, *REQUESTED, _text(wish.baseline)))
            old = self._newest(sql, wish)
            if old is not None and old.state in _OPEN and old.run != run and is_alive(old.run):
                return Decision.BUSY, old
            is_new = old is None or wish.resubmit.wants(old.state)
            if old is not None and not is_new and old.state is not RenderState.INTENDED:
                return _next_step(old.state), old if wish.plans else self._taken(sql, old, run)
            if not wish.wanted or (wish.alone and self._is_there_otherwise(sql, wish)):
                return (Decision.LEFT if old is None or not is_new else Decision.SETTLED), old
            other = self._of_others(sql, wish, run, is_alive)
            if other is not None:
                return Decision.BUSY, other
            if not wish.has_room:
                return Decision.OVER, old
            return Decision.REQUEST, self._entered(sql, wish, old, run) if is_new else self._taken(sql, old, run)

    def _newest(self, sql: Callable[..., sqlite3.Cursor], wish: Wish) -> Intent | None:
        row = sql(
            f"SELECT {_COLUMNS} FROM render WHERE api = ? AND project = ? AND version = ? "  # noqa: S608 - constants
            "ORDER BY attempt DESC LIMIT 1",
            (self._api, wish.project, wish.version),
        ).fetchone()
        return None if row is None else Intent(*row)

    def _is_there_otherwise(self, sql: Callable[..., sqlite3.Cursor], wish: Wish) -> bool:
        """Whether another version was requested, and is not to be replaced."""
        rows = sql(
            "SELECT version, state FROM render WHERE api = ? AND project = ? AND version != ? ORDER BY id",
            (self._api, wish.project, wish.version),
        )
        states = {as_state(state) for state in dict(rows.fetchall()).values()} & _THERE
        return bool(states) and not (wish.resubmit.failed and states == {RenderState.FAILED})

    def _of_others(
        self, sql: Callable[..., sqlite3.Cursor], wish: Wish, run: str, is_alive: Callable[[str], bool]
    ) -> Intent | None:
        """A render of any version that another run is at: the project does not show it while it is queued."""
        rows = sql(
            f"SELECT {_COLUMNS} FROM render WHERE api = ? AND project = ? AND run != ? "  # noqa: S608 - constants
            "AND state IN (?, ?, ?, ?)",
            (self._api, wish.project, run, *_OPEN),
        )
        return next((other for other in (Intent(*row) for row in rows.fetchall()) if is_alive(other.run)), None)

    @staticmethod
    def _taken(sql: Callable[..., sqlite3.Cursor], old: Intent | None, run: str) -> Intent | None:
        if old is None or old.state not in _OPEN:  # of one that has ended, the run that it belongs to stays
            return old
        sql("UPDATE render SET run = ? WHERE id = ?", (run, old.id))
        return attrs.evolve(old, run=run)

    def _entered(self, sql: Callable[..., sqlite3.Cursor], wish: Wish, old: Intent | None, run: str) -> Intent:
        attempt = 1 if old is None else old.attempt + 1
        number = sql(
            "INSERT INTO render (api, project, version, attempt, run, state, saved, baseline) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._api, wish.project, wish.version, attempt, run, RenderState.INTENDED),
                *(_text(wish.saved), _text(wish.baseline)),
            ),
        ).lastrowid
        return Intent(*sql(f"SELECT {_COLUMNS} FROM render WHERE id = ?", (number,)).fetchone())  # noqa: S608

    def ask(self, intent: Intent, marker: str | None, when: datetime) -> Intent:
        """Enter that the request is about to be sent.

        Raises:
            TakenOverError: It must not be sent.
        """
        with self._database.changing() as sql:
            values = (RenderState.ASKED, _text(when), marker, intent.id, intent.run, RenderState.INTENDED)
            if not sql(_ASK, values).rowcount:
                raise TakenOverError
        return attrs.evolve(intent, state=RenderState.ASKED, asked=when, marker=marker)

    def settle(self, intent: Intent, state: RenderState, *, job: str | None = None, reason: str | None = None) -> None:
        """Enter what became of a render."""
        ended = None if state in _OPEN else _text(datetime.now(UTC))
        with self._database.changing() as sql:
            # A run that was taken for dead may have entered the job meanwhile.
            values = (state, job or intent.job, reason, ended, intent.id)
            sql("UPDATE render SET state = ?, job = coalesce(?, job), reason = ?, ended = ? WHERE id = ?", values)

    def keep(self, intent: Intent, made: str) -> None:
        """Enter the job that made a video without a project, so that it need not be fetched again."""
        with self._database.changing() as sql:
            sql("UPDATE render SET made = ? WHERE id = ?", (made, intent.id))

    def forget(self, intent: Intent) -> None:
        """Remove a render whose request had no effect and said so: the same call may ask for it again."""
        with self._database.changing() as run:
            run("DELETE FROM render WHERE id = ?", (intent.id,))

    def find(self, project: str, job: str | None, asked: datetime | None) -> Intent | None:
        """The render with this job; without one, the open one of the project that was requested at this time."""
        which = "job = ?" if job is not None else "project = ? AND asked = ? AND job IS NULL"
        values = (job,) if job is not None else (project, _text(asked))
        sql = f"SELECT {_COLUMNS} FROM render WHERE api = ? AND {which} ORDER BY id DESC LIMIT 1"  # noqa: S608
        rows = self._database.rows(sql, (self._api, *values))
        return Intent(*rows[0]) if rows else None

    def has_job(self, intent: Intent) -> bool:
        """Whether a render has a job by now."""
        return bool(self._database.rows("SELECT 1 FROM render WHERE id = ? AND job IS NOT NULL", (intent.id,)))

    def known_jobs(self, jobs: Collection[str]) -> set[str]:
        """Those jobs that belong to a render of the ledger."""
        sql = "SELECT 1 FROM render WHERE api = ? AND job = ?"
        return {job for job in jobs if self._database.rows(sql, (self._api, job))}

    def jobs(self) -> set[str]:
        """All jobs of the ledger."""
        rows = self._database.rows("SELECT job FROM render WHERE api = ? AND job IS NOT NULL", (self._api,))
        return {job for (job,) in rows}

    def is_busy(self, intent: Intent, is_alive: Callable[[str], bool]) -> bool:
        """Whether the run that a render belongs to is still at it."""
        rows = self._database.rows("SELECT run, state FROM render WHERE id = ?", (intent.id,))
        return bool(rows) and as_state(rows[0][1]) in _OPEN and is_alive(rows[0][0])

    def newest(self) -> dict[tuple[str, str], Intent]:
        """The last render of each version of each project, by project and version."""
        sql = f"SELECT {_COLUMNS} FROM render WHERE api = ? ORDER BY id"  # noqa: S608 - constants
        found = (Intent(*row) for row in self._database.rows(sql, (self._api,)))
        return {(intent.project, intent.version): intent for intent in found}

    def touches_saved_date(self) -> bool | None:
        """Whether a render changes the project's own date; ``None`` if no render has shown that yet.

        One render after which the date was as before shows it, if it still was after a minute: the date may change
        moments after the video is there. The opposite cannot be seen: it may have been an edit.
        """
        sql = (
            "SELECT 1 FROM render JOIN video USING (api, project) WHERE api = ? AND state = ? AND certain "
            "AND render.saved = video.saved AND julianday(seen) > julianday(generated, '+1 minute') LIMIT 1"
        )
        return False if self._database.rows(sql, (self._api, RenderState.RENDERED)) else None

    def may_have_made(self, project: str, generated: datetime, saved: datetime) -> bool:
        """Whether a video can be that of a render that was requested for an earlier version of a project."""
        values = (self._api, project, _text(generated), _text(saved), *REQUESTED, _text(generated))
        return bool(self._database.rows(_MAY_HAVE_MADE, values))

    def requested(self, *, run: str | None = None, project: str | None = None) -> list[Intent]:
        """The renders of a run, or of a project, that were requested and whose end is not known."""
        which = {"run": run, "project": project}
        given = {name: value for name, value in which.items() if value is not None}
        more = "".join(f" AND {name} = ?" for name in given)
        sql = f"SELECT {_COLUMNS} FROM render WHERE api = ? AND state IN (?, ?, ?){more} ORDER BY id"  # noqa: S608
        return [Intent(*row) for row in self._database.rows(sql, (self._api, *REQUESTED, *given.values()))]


def version_of(saved: datetime | None) -> str:
    """What tells versions of a project apart: when it was saved."""
    return "undated" if saved is None else saved.isoformat()


def _next_step(state: RenderState) -> Decision:
    return {
        RenderState.ASKED: Decision.RECOVER,
        RenderState.UNCERTAIN: Decision.RECOVER,
        RenderState.STARTED: Decision.RESUME,
    }.get(state, Decision.SETTLED)


def _text(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat()
