"""One line for each project: its status, its name, how long it took, and its id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs
from rich.text import Text

from pictory_async.cli.display.text import as_duration, one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pictory_async import RenderOutcome

__all__ = ["Layout", "Row", "status_text"]

_STYLES: Final = {
    "rendered": ("✓", "green"),
    "failed": ("✗", "red"),
    "not_started": ("○", "yellow"),
    "missing": ("?", "magenta"),
    "refused": ("⊘", "magenta"),
    "timed_out": ("…", "yellow"),
    "error": ("!", "red"),
    "incomplete": ("!", "red"),
    "outdated": ("○", "yellow"),
    "perhaps_outdated": ("○", "yellow"),
    "pending": ("●", "cyan"),
}
_SHORTEST_NAME: Final = 8
_PAGE: Final = re.compile(r"https?://[!-~]+")  # nothing that could control the terminal
_GAP: Final = "  "


def status_text(status: str, *, words: bool = True) -> Text:
    """Return the sign of a status in its colour, with the status itself unless ``words`` is false."""
    sign, style = _STYLES[status]
    return Text(f"{sign} {status.replace('_', ' ')}" if words else sign, style=style)


@attrs.frozen
class Row:
    """One project.

    Attributes:
        status: Its status.
        name: Its name; empty if it is not known.
        seconds: How long it was waited for; ``None`` if that is on another line.
        project_id: Its id.
        link: The page where its video can be watched; ``None`` if there is none.
    """

    status: str
    name: str
    seconds: float | None
    project_id: str
    link: str | None = None

    @classmethod
    def of(cls, outcome: RenderOutcome) -> Row:
        """Make the row of an outcome."""
        name = one_line((outcome.project and outcome.project.name) or "")
        link = outcome.project.share_video_url if outcome.ok and outcome.project is not None else None
        link = link if link and _PAGE.fullmatch(link) else None
        return cls(outcome.status.value, name, outcome.waited, one_line(str(outcome.project_id)), link)

    @property
    def duration(self) -> str:
        """How long it was waited for, as text."""
        return "" if self.seconds is None else as_duration(self.seconds)


@attrs.frozen
class Layout:
    """The widths of the columns. Names are shortened; ids never are.

    Attributes:
        name: The width of the names; 0 if there are none.
        duration: The width of the durations.
        beside: Whether there is room for the ids on the same lines.
        linked: Whether the terminal can open a link that is behind a name; else each link has a line of its own.
    """

    name: int
    duration: int
    beside: bool
    linked: bool = True

    @classmethod
    def of(cls, rows: Sequence[Row], width: int, *, linked: bool = True, one: bool = False) -> Layout:
        """Make the layout of some rows on a terminal of this width; ``one`` is as of `line`."""
        duration = max((len(row.duration) for row in rows), default=0)
        longest = max((Text(row.name).cell_len for row in rows), default=0)
        ids = max((Text(row.project_id).cell_len for row in rows), default=0)
        room = width - len("✓ ") - len(_GAP) - duration
        beside = room - len(_GAP) - ids
        if beside >= min(longest, _SHORTEST_NAME):
            return cls(min(longest, beside), duration, beside=True, linked=linked)
        longest = max(longest, ids if one and not all(row.name for row in rows) else 0)
        return cls(max(min(longest, room), 1), duration, beside=False, linked=linked)

    def line(self, row: Row, *, one: bool = False) -> Text:
        """Return the line of a row.

        Args:
            row: The row.
            one: Whether it must be one line: an id for which there is no room is left out, or replaces a name that is
                not known.
        """
        line = status_text(row.status, words=False).append(" ")
        if not (row.name or self.beside or one):
            return line.append(f"{row.project_id:<{self.name}}{_GAP}{row.duration:>{self.duration}}", style="none")
        if self.name:
            shown = row.name or ("" if self.beside or not one else row.project_id)
            name = Text(shortened(shown, self.name), style="none")
            if row.link is not None and self.linked:
                name.stylize(f"link {row.link}")
            line.append_text(name).append(" " * (self.name - name.cell_len) + _GAP)
        line.append(f"{row.duration:>{self.duration}}", style="none")
        if self.beside or not one:
            line.append(_GAP if self.beside else "\n  ").append(row.project_id, style="dim")
        if row.link is not None and not (self.linked or one):
            line.append(f"\n  {row.link}")
        return line
