"""Progress bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pictory_async.cli.display.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Bar", "bar_grid"]

_WIDEST_NAME = 40
_WIDEST_LABEL = len("999.9 MB of 999.9 MB, 999.9 MB/s")


@attrs.frozen
class Bar:
    """The progress of one thing.

    Attributes:
        name: The name of the thing.
        done: How much is done.
        total: How much there is in all; ``None`` if unknown.
        label: The progress in words.
    """

    name: str
    done: float
    total: float | None
    label: str


def bar_grid(bars: Iterable[Bar], *, widest: int = _WIDEST_LABEL) -> Table:
    """Arrange bars below each other.

    Args:
        bars: The bars.
        widest: Width of the labels, in characters.
    """
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(max_width=_WIDEST_NAME, no_wrap=True, overflow="ellipsis")
    grid.add_column(ratio=1)
    grid.add_column(width=widest, no_wrap=True, justify="right")
    for bar in bars:
        drawn = ProgressBar(total=bar.total or 1.0, completed=bar.done if bar.total else 0.0, complete_style="cyan")
        grid.add_row(Text(one_line(bar.name)), drawn, Text(one_line(bar.label)))
    return grid
