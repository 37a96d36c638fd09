"""The summary of a command as Markdown, for the page that a CI shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pictory_async.cli.display.text import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pictory_async.cli._hooks import Ended

__all__ = ["as_markdown"]

_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]<>()#+!|~&-]")
_MOST: Final = 500  # rows: the page of a CI has a limit
_LONGEST: Final = 300  # characters of a cell


def as_markdown(summary: Mapping[str, Any], ended: Collection[Ended]) -> str:
    """Return a heading, a sentence, and a table of the projects: those that did not end well first."""
    lines = [f"### pictory {summary['command']}", "", _cell(summary["summary"]), ""]
    if summary["error"]:
        lines += [_cell(summary["error"]), ""]
    if ended:
        ordered = sorted(ended, key=lambda one: one.error is None)
        lines += ["| Project | Name | Status | File | Page | Reason |", "|---|---|---|---|---|---|"]
        lines += map(_row, ordered[:_MOST])
        if len(ordered) > _MOST:
            lines += ["", f"And {len(ordered) - _MOST} more."]
        lines += [""]
    return "\n".join([*lines, ""])


def _row(ended: Ended) -> str:
    cells = (ended.id, ended.name, ended.status, ended.path, ended.share_url, ended.error or "")
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Write a text so that it is shown as it is, whatever signs it has: a name comes from outside."""
    shown = one_line(text)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", shown)
