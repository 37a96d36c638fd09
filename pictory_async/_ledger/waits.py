"""Waits that a command left, kept for the next one. Blocking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pictory_async._ledger.database import Database


class Waits:
    """What runs left, as texts under keys.

    Args:
        database: The ledger.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, run: str, items: Iterable[tuple[str, str, str]]) -> None:
        """Keep items for a run, each with its account, key and text; one replaces another with the same key."""
        now = datetime.now(UTC).isoformat()
        with self._database.changing() as sql:
            for account, key, text in items:
                sql("INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?)", (run, account, key, text, now))

    def of(self, run: str | None = None) -> list[tuple[str, str, str, str]]:
        """The items of a run, or of all: run, account, key and text, oldest first."""
        sql = "SELECT run, account, item, handle FROM pending WHERE ? IS NULL OR run = ? ORDER BY rowid"
        return [(str(a), str(b), str(c), str(d)) for a, b, c, d in self._database.rows(sql, (run, run))]

    def remove(self, account: str, keys: Iterable[str]) -> None:
        """Remove items of an account, whatever run left them."""
        with self._database.changing() as sql:
            for key in keys:
                sql("DELETE FROM pending WHERE account = ? AND item = ?", (account, key))

    def newest_run(self, account: str) -> str | None:
        """The last run that left a wait, or a render whose end is not known.

        A sync or a make is the last choice, because the same command continues it; before them are the runs that left
        nothing but renders that may not have been started.
        """
        certain = (
            "EXISTS (SELECT 1 FROM pending WHERE run = run.id) "
            "OR EXISTS (SELECT 1 FROM render WHERE run = run.id AND state IN ('asked', 'started'))"
        )
        doubtful = "EXISTS (SELECT 1 FROM render WHERE run = run.id AND state = 'uncertain')"
        sql = (
            f"SELECT id FROM run WHERE account = ? AND ({certain} OR {doubtful}) "  # noqa: S608 - constants
            f"ORDER BY command IN ('sync', 'make_all'), ({certain}) DESC, started DESC LIMIT 1"
        )
        rows = self._database.rows(sql, (account,))
        return str(rows[0][0]) if rows else None
