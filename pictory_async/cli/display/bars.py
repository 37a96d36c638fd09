"""Bars of what is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pictory_async.cli.display.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Bar", "grid_of"]

_WIDEST_NAME = 40
_WIDEST_SAYING = len("999.9 MB of 999.9 MB, 999.9 MB/s")


@attrs.frozen
class Bar:
    """How far one thing is.

    Attributes:
        name: What it is.
        done: How much of it is done.
        total: How much it is in all; ``None`` if that is not known.
        says: The same in words.
    """

    name: str
    done: float
    total: float | None
    says: str


def grid_of(bars: Iterable[Bar], *, widest: int = _WIDEST_SAYING) -> Table:
    """Draw bars below each other.

    Args:
        bars: The bars.
        widest: How many characters their words may have.
    """
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(max_width=_WIDEST_NAME, no_wrap=True, overflow="ellipsis")
    grid.add_column(ratio=1)
    grid.add_column(width=widest, no_wrap=True, justify="right")
    for bar in bars:
        drawn = ProgressBar(total=bar.total or 1.0, completed=bar.done if bar.total else 0.0, complete_style="cyan")
        grid.add_row(Text(one_line(bar.name)), drawn, Text(one_line(bar.says)))
    return grid
