"""Tables: drawn on a terminal, lines of values between tabs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich import box
from rich.table import Table
from rich.text import Text

from pictory_async.cli._text import echo_lines, one_line, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["Cell", "echo_table"]

Cell = str | Text
"""One field; its text may come from anywhere."""


def echo_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    title: str | None = None,
    header: bool = False,
    whole: Collection[int] = (0,),
) -> None:
    """Print a table.

    Elsewhere than on a terminal each row is a line with tabs between its fields, and there is neither a title nor,
    unless it is asked for, a header: so other programs can read it.

    Args:
        columns: The names of the columns.
        rows: The rows.
        title: What the table shows.
        header: Print the names of the columns wherever it goes.
        whole: The columns whose fields are never broken; else ids could not be copied.
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
    for number, name in enumerate(columns):
        if number in whole:
            widest = max(len(_text(row[number])) for row in rows)
            table.add_column(Text(one_line(name)), no_wrap=True, min_width=widest)
        else:
            table.add_column(Text(one_line(name)), overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    echo_lines([table])


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(one_line(cell))
