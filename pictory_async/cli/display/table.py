"""Tables: drawn on a terminal, otherwise lines with tabs between the values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs
import click
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pictory_async.cli.display.text import echo_lines, echo_wrapped, one_line, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

__all__ = ["Cell", "draw_table", "echo_table"]

_NARROW: Final = 16
_NARROWEST: Final = 8
_GAP: Final = 2
# Addresses and paths are no ids: they are wrapped.
_ID: Final = re.compile(r"(?<!\S)(?=[^\s/]{16})(?=\D*\d)[^\s/]+(?!\S)")

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


def draw_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    spare: Iterable[int] = (),
    whole: Collection[int] = (0,),
) -> None:
    """Draw a table, as wide as the terminal, or 80 characters. If it is too narrow, each field has a line.

    Args:
        columns: The names of the columns.
        rows: The rows.
        spare: The columns to leave out if there is little room, the first one first; a line below the table names them.
        whole: The columns that are never wrapped, so that ids can be copied and dates be read.
    """
    if not rows:
        echo_lines([Text("  none", style="dim")])
        return
    texts = [[_text(cell) for cell in row] for row in (columns, *rows)]
    sizes = [_Size.of([row[number] for row in texts], whole=number in whole) for number in range(len(columns))]
    kept = _kept(sizes, spare)
    if not kept:
        echo_lines(_records(texts, whole))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", collapse_padding=True)
    for number, width in _widths({number: sizes[number] for number in kept}).items():
        table.add_column(texts[0][number], overflow="fold", width=width)
    for row in texts[1:]:
        table.add_row(*(row[number] for number in kept))
    echo_lines([table])
    hidden = [name.plain for number, name in enumerate(texts[0]) if number not in kept]
    if hidden:
        echo_wrapped([Text(f"Not shown, because the terminal is narrow: {', '.join(hidden)}.", style="dim")])


@attrs.frozen
class _Size:
    """How many characters a column needs.

    Attributes:
        least: With which no name of a column, id, number or state is broken.
        narrow: Below which it is no pleasure to read.
        full: With which nothing is wrapped.
    """

    least: int
    narrow: int
    full: int

    @classmethod
    def of(cls, cells: Sequence[Text], *, whole: bool) -> _Size:
        """Measure a column."""
        full = max(cell.cell_len for cell in cells)
        if whole:
            return cls(full, full, full)
        head, *words = (max(map(cell_len, cell.plain.split()), default=0) for cell in cells)
        short = full <= _NARROW and not any(" " in cell.plain for cell in cells[1:])  # numbers, and words for a state
        least = full if short else max(head, min(max(words), _NARROWEST), *map(_longest_id, cells))
        return cls(least, max(least, min(full, _NARROW)), full)


def _longest_id(cell: Text) -> int:
    """The length of the longest word that looks like an id, with what stands around it."""
    return max((cell_len(word) for word in _ID.findall(cell.plain)), default=0)


def _room() -> int:
    return Console().width + _GAP


def _kept(sizes: Sequence[_Size], spare: Iterable[int]) -> list[int]:
    """Return the columns that fit if those that can be wrapped are narrow; none if they cannot fit."""
    kept = list(range(len(sizes)))
    for number in spare:
        if sum(sizes[one].narrow + _GAP for one in kept) > _room():
            kept.remove(number)
    return kept if sum(sizes[one].least + _GAP for one in kept) <= _room() else []


def _widths(sizes: Mapping[int, _Size]) -> dict[int, int]:
    """Share the room: each column has what it needs at least, and the narrowest one that needs more gets more."""
    widths = {number: size.least for number, size in sizes.items()}
    for _ in range(_room() - sum(width + _GAP for width in widths.values())):
        wanting = [number for number, size in sizes.items() if widths[number] < size.full]
        if wanting:
            widths[min(wanting, key=widths.__getitem__)] += 1
    return widths


def _records(texts: list[list[Text]], whole: Collection[int]) -> Iterator[RenderableType]:
    """Yield the rows of a table that is too wide: each field below its row's first one, which is complete."""
    names, *rows = texts
    width = Console().width
    longest = min(width // 2 - _GAP, max((name.cell_len for name in names[1:]), default=0))
    room = width - longest - 2 * _GAP
    for row in rows:
        yield Text(row[0].plain, style="bold")
        for number, (name, value) in enumerate(zip(names[1:], row[1:], strict=True), 1):
            if not value.plain:
                continue
            if number in whole or _longest_id(value) > room:
                # Whatever its length: the terminal wraps it, and it can be copied.
                yield Text.assemble(" " * _GAP, (name.plain.ljust(longest), "dim"), " " * _GAP, value)
                continue
            grid = Table.grid(padding=(0, 0, 0, _GAP))
            grid.add_column(width=longest, overflow="fold", style="dim")
            grid.add_column(overflow="fold")
            grid.add_row(name, value)
            yield Padding(grid, (0, 0, 0, _GAP))


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(one_line(cell))
