"""The videos of a ledger: of which version of its project each one is. Blocking.

Projects without a video are in it too, with the dates at which they had none.

A project shows when it was saved and when its video was generated. Whether a render touches the first date is not
documented: the documented sample was saved 3.5 hours after its video. So only three things are known. A project that
was saved before its video is not outdated. One whose date is the same as when its video appeared is not either. One
whose date changed since is outdated. Everything else is unknown.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async._ledger.renders import as_date

if TYPE_CHECKING:
    from pictory_async._ledger.database import Database

_SAME: Final = "CASE WHEN generated = excluded.generated THEN"  # of a project without a video, the newest dates count
_SEE: Final = (
    "INSERT INTO video VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "  # noqa: S608 - constants
    f"saved = {_SAME} saved ELSE excluded.saved END, "
    f"certain = {_SAME} certain OR (excluded.certain AND saved IS excluded.saved) ELSE excluded.certain END, "
    f"listed = coalesce(excluded.listed, {_SAME} listed END), "
    "seen = CASE WHEN generated = excluded.generated AND saved IS NOT excluded.saved THEN seen ELSE excluded.seen END, "
    "name = coalesce(excluded.name, name), generated = excluded.generated"
)


@attrs.frozen(kw_only=True)
class SeenVideo:
    """A video, as the ledger knows it.

    Attributes:
        generated: When it was rendered; `None` if there is none.
        saved: The project's own date that it is of.
        listed: The project's date in the list at that time; `None` if it was not listed then.
        certain: Whether the video is known to be of that date: it was seen to appear.
        name: The project's name.
    """

    generated: datetime | None
    saved: datetime | None
    listed: datetime | None = None
    certain: bool = False
    name: str | None = None

    def is_outdated(self, generated: datetime | None, saved: datetime | None) -> bool | None:
        """Whether a project with these dates was saved after its video was made; `None` if that is not known."""
        if generated is None or saved is None:
            return None
        known = generated == self.generated and self.saved is not None
        if known and saved != self.saved:
            return True  # also if that was before the video was made: it was saved while it was rendered
        return False if saved <= generated or (known and self.certain) else None

    def outranks(self, generated: datetime, saved: datetime) -> bool:
        """Whether a project with these dates adds nothing: its video is older, or what it is of is known better."""
        if self.generated is None or self.generated != generated:
            return self.generated is not None and self.generated > generated
        return self.certain or self.saved != saved


class Videos:
    """The videos of one account's API in a ledger."""

    def __init__(self, database: Database, api: str) -> None:
        self._database = database
        self._api = api

    def find(self, project: str | None = None) -> dict[str, SeenVideo]:
        """The video of a project, or of all."""
        sql = "SELECT project, generated, saved, listed, certain, name FROM video WHERE api = ?"
        values = (self._api,) if project is None else (self._api, project)
        sql += "" if project is None else " AND project = ?"
        return {
            found: SeenVideo(
                generated=as_date(generated),
                saved=as_date(saved),
                listed=as_date(listed),
                certain=bool(certain),
                name=name,
            )
            for found, generated, saved, listed, certain, name in self._database.rows(sql, values)
        }

    def see(self, project: str, video: SeenVideo) -> None:
        """Enter a video. Of one that is known, only what is new is taken over: its first date stays.

        It becomes certain if the same date is seen with certainty.
        """
        values = (
            self._api,
            project,
            None if video.generated is None else video.generated.isoformat(),
            None if video.saved is None else video.saved.isoformat(),
            None if video.listed is None else video.listed.isoformat(),
            video.certain,
            video.name,
            datetime.now(UTC).isoformat(),
        )
        with self._database.changing() as run:
            run(_SEE, values)
