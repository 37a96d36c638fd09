"""Tables: drawn on a terminal, lines of values between tabs elsewhere."""

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
"""One field; its text may come from anywhere."""


def echo_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    title: str | None = None,
    header: bool = False,
    spare: Iterable[int] = (),
) -> None:
    """Print a table.

    Elsewhere than on a terminal each row is a line with tabs between its fields, and there is neither a title nor,
    unless it is asked for, a header: so other programs can read it.

    Args:
        columns: The names of the columns. Fields of the first one are never broken, so that ids can be copied.
        rows: The rows.
        title: What the table shows.
        header: Print the names of the columns wherever it goes.
        spare: The columns to leave out where a terminal is narrow, the first one first.
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
    # Room for the lines of a cell matters more than equal heights.
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
    """The columns for which there is room, if those that can be broken are as narrow as may be."""
    kept = list(range(len(texts[0])))
    room = Console().width
    needs = {number: min(_widest(texts, number), _NARROW if number else room) + _GAP for number in kept}
    for number in spare:
        if sum(needs[one] for one in kept) > room + _GAP:
            kept.remove(number)
    return kept


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(one_line(cell))
