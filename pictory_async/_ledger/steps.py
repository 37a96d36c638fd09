"""The last step of a sync, a command for each project: for which projects it is still to be run. Blocking.

A step is entered before anything is done about its project, and removed when its command has ended well. So after a
kill at any moment it is still there, and its command runs at least once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from pictory_async._ledger.database import Database


class Steps:
    """The steps of one account's API in one directory.

    Args:
        database: The ledger.
        api: The address of the API.
        directory: The directory.
    """

    def __init__(self, database: Database, api: str, directory: str | os.PathLike[str]) -> None:
        self._database = database
        self._place = (api, str(Path(directory).resolve()))

    def enter(self, projects: Iterable[str], run: str = "") -> None:
        """Enter the steps of projects, which are a run's while it is alive; without one, they are due."""
        with self._database.changing() as sql:
            for project in projects:
                sql("INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?)", (*self._place, project, run))

    def done(self, project: str) -> None:
        """Remove the step of a project."""
        with self._database.changing() as sql:
            sql("DELETE FROM step WHERE api = ? AND directory = ? AND project = ?", (*self._place, project))

    def take_up(self, is_alive: Callable[[str], bool]) -> set[str]:
        """Return the projects whose steps no run is at, and let the next plan look at their files again.

        Args:
            is_alive: Tells whether a run is under way.
        """
        with self._database.changing() as sql:
            rows = sql("SELECT project, run FROM step WHERE api = ? AND directory = ?", self._place).fetchall()
            due = {str(project) for project, run in rows if not is_alive(run)}
            for project in due:
                sql("DELETE FROM file WHERE api = ? AND directory = ? AND project = ?", (*self._place, project))
        return due
