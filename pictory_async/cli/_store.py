"""The ledger of this machine, and what commands leave pending in it for the next one: handles, and ids with dates."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
import click

from pictory_async import Ledger, ProjectId, RenderHandle
from pictory_async._ledger.database import Database, explained
from pictory_async._ledger.outcomes import enter_outcome, handle_of, outdated_error, see_outcome, see_project
from pictory_async._ledger.renders import Intent, Renders
from pictory_async._ledger.steps import Steps
from pictory_async._ledger.waits import Waits
from pictory_async.cli._account import find_account
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli.display.text import echo_note
from pictory_async.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from pictory_async import Project, RenderOutcome

__all__ = ["PendingId", "PendingItem", "Store", "find_state", "name_account", "outdated_error"]

_BASE_URL: Final = "https://api.pictory.ai/pictoryapis"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@attrs.frozen
class PendingId:
    """A project that is waited for by its id.

    Attributes:
        project_id: The project.
        after: Only a video that is newer counts; ``None`` if any does.
        account: Where the project is: it is the same for the same key and address of the API. Empty if it is not kept.
    """

    project_id: ProjectId
    after: datetime | None = None
    account: str = attrs.field(default="", eq=False)

    def as_handle(self) -> RenderHandle:
        """Return a handle that waits for the same video."""
        return RenderHandle(project_id=self.project_id, generated_before=self.after)


PendingItem: TypeAlias = "RenderHandle | PendingId"


def find_state() -> Path:
    """Return the directory of what is kept. A command calls it at its start, and `Store` finds the same one later."""
    named = os.environ.get("PICTORY_STATE_DIR")
    home = Path(named) if named else _usual_state(sys.platform)
    with contextlib.suppress(OSError):  # the working directory is gone
        home = home.absolute()
    context = click.get_current_context(silent=True)
    return home if context is None else context.meta.setdefault(f"{__name__}.home", home)


def _usual_state(platform: str) -> Path:
    """The directory that a platform has for what programs remember."""
    if platform in {"darwin", "win32"}:  # there it is that of the settings
        return Path(click.get_app_dir("pictory"))
    # https://specifications.freedesktop.org/basedir-spec: a path that is not absolute is ignored.
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (named if named.is_absolute() else Path("~/.local/state").expanduser()) / "pictory"


class Store:
    """What is pending, in the ledger of this machine, under the short names of the runs that left it.

    What cannot be read is skipped: it must not end a command that has something to say. What was kept for another
    account, that is with another API key or address of the API, is left alone.
    """

    def __init__(self) -> None:
        self._path = find_state() / "ledger.db"
        self._address, self._account = name_account()

    def ledger(self) -> Ledger:
        """The ledger itself, for the library."""
        return Ledger(self._path)

    async def take_up_steps(self, ledger: Ledger, directory: Path) -> set[str]:
        """Return for which projects in a directory a command is to be run again: see `Steps`.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        return await ledger.use(lambda file: Steps(file, self._address, directory).take_up(ledger.is_alive))

    async def enter_steps(self, ledger: Ledger, directory: Path, projects: Iterable[str], run: str) -> None:
        """Enter for which projects in a directory a command is to be run.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        await ledger.use(lambda file: Steps(file, self._address, directory).enter(projects, run))

    async def end_step(self, ledger: Ledger, directory: Path, project: str) -> None:
        """Take in that a command is not to be run any more.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        await ledger.use(lambda file: Steps(file, self._address, directory).done(project))

    @staticmethod
    async def see(
        ledger: Ledger, api: str, project: Project, outcome: RenderOutcome | None, handle: RenderHandle | None
    ) -> bool | None:
        """Enter a project that was fetched, or how a wait ended, and return whether the video is outdated.

        Raises:
            LedgerError: The ledger cannot be used.
        """
        if outcome is None:
            return await ledger.use(lambda file: see_project(file, api, project))
        return await ledger.use(lambda file: see_outcome(file, api, outcome, handle))

    @contextlib.contextmanager
    def running(self) -> Generator[str | None]:
        """Enter a run that lasts as long as the block; its name is ``None`` if the ledger cannot be used."""
        ledger, name = self.ledger(), None
        with contextlib.suppress(LedgerError), self._opened() as database:
            name = ledger.begin_run(database, self._account, _command())
        try:
            yield name
        finally:
            with contextlib.suppress(LedgerError), self._opened() as database:
                ledger.end_run(database, name or "")

    def keep(self, items: Iterable[PendingItem], name: str | None = None) -> str:
        """Keep more items under a name, and return the name; a new one if it is ``None``.

        Raises:
            LedgerError: They could not be written.
        """
        with self._opened() as database:
            if name is None:
                ledger = self.ledger()
                name = ledger.begin_run(database, self._account, _command())
                ledger.end_run(database, name)
            # Also what is a render of this run now: a later one may take it over, and the name must stay good.
            kept = [(self._account_of(item), self._key(item), self._line(item)) for item in items]
            Waits(database).keep(name, kept)
        return name

    def load(self, name: str | None) -> list[PendingItem]:
        """Return what is pending under a name; ``None`` stands for what was left last.

        Raises:
            SettingError: There is nothing, or the ledger cannot be read.
        """
        with self._readable() as database:
            pending = Waits(database)
            name = pending.newest_run(self._account) if name is None else name
            found = [] if name is None else pending.of(name)
            renders = [] if name is None else self._renders(database, run=name)
        if name is None:
            raise SettingError("Nothing is pending: no command of this account left anything.")
        items: dict[tuple[str, str], PendingItem] = {(self._account, self._key(one)): one for one in renders}
        items |= {(row[1], row[2]): item for row in found if (item := _item(row[3], row[1])) is not None}
        mine = [item for (account, _), item in items.items() if account == self._account]
        if items and not mine:
            # Not refused: the key may have been replaced, or the address been wrong.
            echo_note(f"What is pending under the name {name!r} was kept with another API key or base URL.")
            return [*items.values()]
        if not items:
            raise SettingError(
                f"Nothing is pending under the name {name!r}: it is not known, everything has ended, or "
                "a later run took it over: see 'pictory runs'."
            )
        return mine

    def newest_run(self) -> str | None:
        """Return the name of what was left last, as `Waits.newest_run` has it; ``None`` if nothing is pending.

        Raises:
            SettingError: The ledger cannot be read.
        """
        with self._readable() as database:
            return Waits(database).newest_run(self._account)

    def command_of(self, name: str) -> str | None:
        """Return which command made a run; ``None`` if the run is not known.

        Raises:
            SettingError: The ledger cannot be read.
        """
        with self._readable() as database:
            rows = database.rows("SELECT command FROM run WHERE id = ?", (name,))
        return str(rows[0][0]) if rows else None

    @contextlib.contextmanager
    def _readable(self) -> Generator[Database]:
        try:
            with self._opened() as database:
                yield database
        except LedgerError as error:
            raise SettingError(str(error)) from None

    def done(self, items: Iterable[PendingItem], outcomes: Iterable[tuple[RenderHandle, RenderOutcome]] = ()) -> None:
        """Take in that these waits have ended, under whatever name. What cannot be written stays pending.

        The wait for an id ends those of the same account that asked for no newer video.

        Args:
            items: The waits.
            outcomes: The renders that were waited for, and how.
        """
        ended = {self._key(item): item for item in items}
        if not ended or not self._path.exists():
            return
        with contextlib.suppress(LedgerError), self._opened() as database:
            pending = Waits(database)
            kept = [(row[2], _item(row[3])) for row in pending.of() if row[1] == self._account]
            gone = {key for key, item in kept if key in ended and item is not None and _includes(ended[key], item)}
            pending.remove(self._account, gone)
            for handle, outcome in outcomes:
                enter_outcome(database, self._address, handle, outcome)

    def newest(self, project_ids: Iterable[str]) -> dict[str, RenderHandle]:
        """Return the pending render of each project that was requested last, for those that have one."""
        handles: list[RenderHandle] = []
        if self._path.exists():
            with contextlib.suppress(LedgerError), self._opened() as database:
                items = [_item(row[3]) for row in Waits(database).of() if row[1] == self._account]
                handles = [item for item in items if isinstance(item, RenderHandle)]
                handles += self._renders(database)
        wanted, found = {*project_ids}, dict[str, RenderHandle]()
        for handle in sorted(handles, key=lambda handle: handle.requested_at or _LONG_AGO):
            if str(handle.project_id) in wanted:
                found[str(handle.project_id)] = handle
        return found

    def requested(self, run: str) -> list[RenderHandle]:
        """Return the renders that a run requested, and whose end is not known."""
        with self._opened() as database:
            return self._renders(database, run=run)

    def videos(self, run: str) -> dict[str, str]:
        """Return the jobs of the videos that a run started or found started, by what tells their requests apart.

        What cannot be read is left out.
        """
        found: dict[tuple[str, str], Intent] = {}
        with contextlib.suppress(LedgerError), self._opened() as database:
            found = Renders(database, self._address).newest()
        mine = (one for one in found.values() if one.is_video and one.run == run)
        return {one.version: one.job for one in mine if one.job is not None}

    def _renders(self, database: Database, **which: str) -> list[RenderHandle]:
        found = Renders(database, self._address).requested(**which)
        return [handle_of(intent, intent.project) for intent in found if not intent.is_video]

    @contextlib.contextmanager
    def _opened(self) -> Generator[Database]:
        database = Database(self._path)
        try:
            with explained(self._path):  # also what cannot be read in it
                yield database
        finally:
            database.close()

    def _account_of(self, item: PendingItem) -> str:
        return (item.account if isinstance(item, PendingId) else "") or self._account

    def _key(self, item: PendingItem) -> str:
        if isinstance(item, RenderHandle):
            return f"render {item.project_id} {item.job_id} {item.requested_at}"
        return f"id {item.project_id}"

    @staticmethod
    def _line(item: PendingItem) -> str:
        if isinstance(item, RenderHandle):
            return item.to_json()
        return json.dumps({"id": item.project_id, "after": None if item.after is None else item.after.isoformat()})


def name_account() -> tuple[str, str]:
    """Return the address of the API, and what tells accounts apart: a digest, which does not tell the key."""
    address, key = (part.strip() for part in find_account().identity())
    address = address.rstrip("/") or _BASE_URL
    # As the library has it, so that both find each other's runs.
    digest = hmac.digest(key.encode(errors="surrogateescape"), f"pictory-async {address}".encode(), "sha256")
    return address, digest.hex()[:16]


def _includes(ended: PendingItem, pending: PendingItem) -> bool:
    """Whether the end of one wait is that of another one with the same key, too."""
    if isinstance(ended, RenderHandle) or isinstance(pending, RenderHandle) or pending.after is None:
        return True
    return ended.after is not None and ended.after >= pending.after


def _item(text: str, account: str = "") -> PendingItem | None:
    """Read an item; ``None`` if it is damaged, in whatever way."""
    try:
        raw: dict[str, Any] = json.loads(text)
        if "id" not in raw:
            return RenderHandle.from_json(text)
        project_id, after = raw["id"], raw["after"]
        date = None if after is None else datetime.fromisoformat(after)
    except Exception:  # noqa: BLE001 - too deep for the parser, of another type, no text
        return None
    usable = type(project_id) in (str, int) and (date is None or date.tzinfo is not None)
    return PendingId(project_id, date, account) if usable else None


def _command() -> str:
    context = click.get_current_context(silent=True)
    return "" if context is None or context.info_name is None else context.info_name
