"""Progress bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs
from rich.cells import cell_len
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pictory_async.cli.display.text import one_line, shortened

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["MOST_BARS", "WIDEST_LABEL", "Bar", "BarGrid"]

MOST_BARS: Final = 6
"""How many renders, or downloads, have bars at the same time."""

WIDEST_LABEL: Final = len("999.9 MB of 999.9 MB, 999.9 MB/s")
"""The width of the label of a download, in characters."""

_GAP: Final = 2
_SHORTEST_BAR: Final = 10


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


@attrs.frozen
class BarGrid:
    """Bars below each other, as wide as the terminal: the names have half of the room at most.

    Without room for bars, there are names and labels.

    Attributes:
        bars: The bars.
        widest: The width of the labels, in characters: as much as they may ever need, so that nothing jumps.
    """

    bars: Sequence[Bar]
    widest: int = WIDEST_LABEL

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Return the grid."""
        del console
        room = options.max_width - self.widest - 2 * _GAP
        drawn = room >= 2 * _SHORTEST_BAR
        longest = max((cell_len(one_line(bar.name)) for bar in self.bars), default=0)
        grid = Table.grid(padding=(0, _GAP), expand=True)
        most = min(longest, room // 2) if drawn else options.max_width
        if drawn:
            grid.add_column(width=most, no_wrap=True)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        grid.add_column(width=self.widest if drawn else None, no_wrap=True, justify="right", overflow="ellipsis")
        for bar in self.bars:
            line = ProgressBar(total=bar.total or 1.0, completed=bar.done if bar.total else 0.0, complete_style="cyan")
            name, label = Text(shortened(one_line(bar.name), most)), Text(one_line(bar.label))
            grid.add_row(*((name, line, label) if drawn else (name, label)))
        yield grid
