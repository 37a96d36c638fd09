"""Tables: drawn on a terminal, otherwise lines with tabs between the values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pictory_async.cli.display.text import echo_lines, one_line, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Cell", "echo_table"]

_NARROW: Final = 16
_GAP: Final = 2

Cell = str | Text
"""The value of one field. A plain string is made printable; a `Text` must be printable already."""


def echo_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    title: str | None = None,
    header: bool = False,
    spare: Iterable[int] = (),
) -> None:
    """Print a table.

    If the output is not a terminal, each row is a line with tabs between its fields, for other programs to read. It
    has no title, and a header only on request.

    Args:
        columns: The names of the columns. The first one is never wrapped, so that ids can be copied.
        rows: The rows.
        title: The title above the table.
        header: Print the names of the columns even if the output is not a terminal.
        spare: The columns to leave out on a narrow terminal, the first one first.
    """
    if not out_is_terminal():
        for row in [columns, *rows] if header else rows:
            click.echo("\t".join(one_line(str(cell)) for cell in row))
        return
    if title is not None:
        echo_lines([Text(one_line(title), style="bold")])
    if not rows:
        echo_lines([Text("  none", style="dim")])
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", collapse_padding=True)
    texts = [[_text(cell) for cell in row] for row in (columns, *rows)]
    kept = _kept(texts, spare)
    for number in kept:
        if number:
            table.add_column(texts[0][number], overflow="fold")
        else:
            table.add_column(texts[0][number], no_wrap=True, min_width=_widest(texts, number))
    for row in texts[1:]:
        table.add_row(*(row[number] for number in kept))
    echo_lines([table])


def _widest(texts: list[list[Text]], number: int) -> int:
    return max(row[number].cell_len for row in texts)


def _kept(texts: list[list[Text]], spare: Iterable[int]) -> list[int]:
    """Return the columns that fit if those that can be wrapped are at their narrowest."""
    kept = list(range(len(texts[0])))
    room = Console().width
    # The first column is never wrapped, so it needs its full width.
    needs = {number: min(_widest(texts, number), _NARROW if number else room) + _GAP for number in kept}
    for number in spare:
        if sum(needs[one] for one in kept) > room + _GAP:
            kept.remove(number)
    return kept


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(one_line(cell))
