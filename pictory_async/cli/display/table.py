"""Tables: drawn on a terminal, otherwise lines with tabs between the values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pictory_async.cli.display.text import echo_lines, echo_wrapped, one_line, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

__all__ = ["Cell", "draw_table", "echo_table"]

_NARROW: Final = 16
_NARROWEST: Final = 8
_GAP: Final = 2

Cell = str | Text
"""The value of one field. A plain string is made printable; a `Text` must be printable already."""


def echo_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    title: str | None = None,
    header: bool = False,
) -> None:
    """Print a table.

    If the output is not a terminal, each row is a line with tabs between its fields, for other programs to read. It
    has no title, and a header only on request.

    Args:
        columns: The names of the columns.
        rows: The rows.
        title: The title above the table.
        header: Print the names of the columns even if the output is not a terminal.
    """
    if not out_is_terminal():
        for row in [columns, *rows] if header else rows:
            click.echo("\t".join(one_line(str(cell)) for cell in row))
        return
    if title is not None:
        echo_lines([Text(one_line(title), style="bold")])
    draw_table(columns, rows)


def draw_table(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, spare: Iterable[int] = ()) -> None:
    """Draw a table, as wide as the terminal, or 80 characters. If it is too narrow, each field has a line.

    Args:
        columns: The names of the columns. The first one is never wrapped, so that ids can be copied.
        rows: The rows.
        spare: The columns to leave out if there is little room, the first one first; a line below the table names them.
    """
    if not rows:
        echo_lines([Text("  none", style="dim")])
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", collapse_padding=True)
    texts = [[_text(cell) for cell in row] for row in (columns, *rows)]
    kept = _kept(texts, spare)
    if not kept:
        echo_lines(_records(texts))
        return
    for number in kept:
        if number:
            table.add_column(texts[0][number], overflow="fold")
        else:
            table.add_column(texts[0][number], no_wrap=True, min_width=_widest(texts, number))
    for row in texts[1:]:
        table.add_row(*(row[number] for number in kept))
    echo_lines([table])
    hidden = [name.plain for number, name in enumerate(texts[0]) if number not in kept]
    if hidden:
        echo_wrapped([Text(f"Not shown, because the terminal is narrow: {', '.join(hidden)}.", style="dim")])


def _widest(texts: list[list[Text]], number: int) -> int:
    return max(row[number].cell_len for row in texts)


def _kept(texts: list[list[Text]], spare: Iterable[int]) -> list[int]:
    """Return the columns that fit if those that can be wrapped are narrow; none if they cannot fit."""
    kept = list(range(len(texts[0])))
    room = Console().width + _GAP
    for number in spare:
        if _needed(texts, kept, _NARROW) > room:
            kept.remove(number)
    return kept if _needed(texts, kept, _NARROWEST) <= room else []


def _needed(texts: list[list[Text]], kept: list[int], narrow: int) -> int:
    # The first column is never wrapped, so it needs its full width.
    widths = [min(_widest(texts, number), narrow) if number else _widest(texts, number) for number in kept]
    return sum(width + _GAP for width in widths)


def _records(texts: list[list[Text]]) -> Iterator[RenderableType]:
    """Yield the rows of a table that is too wide: each field below its row's first one, which is complete."""
    names, *rows = texts
    for row in rows:
        yield Text(row[0].plain, style="bold")
        grid = Table.grid(padding=(0, 0, 0, _GAP))
        grid.add_column(max_width=_NARROW, overflow="fold", style="dim")
        grid.add_column(overflow="fold")
        for name, value in zip(names[1:], row[1:], strict=True):
            if value.plain:
                grid.add_row(name, value)
        yield Padding(grid, (0, 0, 0, _GAP))


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(one_line(cell))
