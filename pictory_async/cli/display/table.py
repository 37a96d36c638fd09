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

from pictory_async.cli.display.text import echo_lines, echo_wrapped, one_line, out_is_terminal, shortened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType

__all__ = ["Cell", "draw_table", "echo_table"]

_NARROW: Final = 16
_LONGEST_WORD: Final = 11  # beside an id and a date, on 80 columns
_START_OF_LINK: Final = 40
_GAP: Final = 2
# Ids, and links: a terminal opens and copies them only in one piece. Paths are wrapped.
_LINK: Final = re.compile(r"(?<!\S)https?://\S+")
_WHOLE: Final = re.compile(r"(?<!\S)(?:https?://\S+|(?=[^\s/]{16})(?=\D*\d)[^\s/]+(?!\S))")

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
    short: Collection[int] = (),
    key: int = 0,
) -> None:
    """Draw a table, as wide as the terminal, or 80 characters. If it is too narrow, each field has a line.

    Links and what looks like an id are never wrapped. In the last column, a link may go on beyond the right edge: the
    terminal wraps it, so that it can be opened and copied.

    Args:
        columns: The names of the columns.
        rows: The rows.
        spare: The columns to leave out if there is little room, the first one first, after those that are empty; a
            line below the table names them, unless they are empty.
        whole: The columns that are never wrapped, so that ids can be copied and dates be read.
        short: The columns that are shortened in the middle instead of wrapped: names.
        key: The column that says what a row is about: if each field has a line, it is the first one.
    """
    if not rows:
        echo_lines([Text("  none", style="dim")])
        return
    texts = [[_text(cell) for cell in row] for row in (columns, *rows)]
    last = len(columns) - 1
    sizes = [
        _Size.of([row[number] for row in texts], whole=number in whole, last=number == last)
        for number in range(len(columns))
    ]
    empty = [number for number in range(len(columns)) if not any(row[number].plain for row in texts[1:])]
    kept = _kept(sizes, dict.fromkeys([*empty, *spare]))
    if not kept:
        order = [key, *(number for number in range(len(columns)) if number != key)]
        firm = {at for at, number in enumerate(order) if number in whole}
        echo_lines(_records([[row[number] for number in order] for row in texts], firm))
        return
    widths = _widths({number: sizes[number] for number in kept})
    beyond = max(0, sizes[last].link - widths[last]) if last in widths else 0
    if beyond:
        for row in texts:
            row[last] = _wrapped(row[last], widths[last])
        widths[last] += beyond
    # With padding on both sides, which then collapses, rich before 14.3 makes columns narrower than it is told to.
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    for number, width in widths.items():
        table.add_column(texts[0][number], overflow="fold", width=width)
    for row in texts[1:]:
        table.add_row(*(Text(shortened(row[at].plain, widths[at])) if at in short else row[at] for at in kept))
    echo_lines(_lines(table, beyond) if beyond else [table])
    hidden = [name.plain for number, name in enumerate(texts[0]) if number not in {*kept, *empty}]
    if hidden:
        echo_wrapped([Text(f"Not shown, because the terminal is narrow: {', '.join(hidden)}.", style="dim")])


@attrs.frozen
class _Size:
    """How many characters a column needs.

    Attributes:
        least: With which no name of a column, id, link, number or word is broken.
        narrow: Below which it is no pleasure to read.
        full: With which nothing is wrapped.
        link: The length of the longest link.
    """

    least: int
    narrow: int
    full: int
    link: int = 0

    @classmethod
    def of(cls, cells: Sequence[Text], *, whole: bool, last: bool) -> _Size:
        """Measure a column. In the last one, there must be room for the beginning of a link only."""
        full = max(cell.cell_len for cell in cells)
        if whole:
            return cls(full, full, full)
        head, *words = (max(map(cell_len, cell.plain.split()), default=0) for cell in cells)
        short = full <= _NARROW and not any(" " in cell.plain for cell in cells[1:])  # numbers, and words for a state
        least = full if short else max(head, min(max(words), _LONGEST_WORD), *map(_longest_whole, cells))
        link = max(map(_longest_link, cells))
        if last and link > _START_OF_LINK:
            least = min(least, max(head, _START_OF_LINK))
        return cls(least, max(least, min(full, _NARROW)), full, link)


def _longest_whole(cell: Text) -> int:
    """The length of the longest link, or word that looks like an id, with what stands around it."""
    return max((cell_len(word) for word in _WHOLE.findall(cell.plain)), default=0)


def _longest_link(cell: Text) -> int:
    return max((cell_len(word) for word in _LINK.findall(cell.plain)), default=0)


def _wrapped(cell: Text, width: int) -> Text:
    """Return a cell that is wrapped already, unless it is a link."""
    if _LINK.fullmatch(cell.plain):
        return cell
    return Text("\n").join(cell.wrap(Console(), width, overflow="fold"))


def _lines(table: Table, beyond: int) -> Iterator[Text]:
    """Yield the lines of a table that is wider than the terminal: only links go on beyond its edge."""
    width = Console().width
    for segments in Console(width=width + beyond).render_lines(table, pad=False):
        line = Text.assemble(*((one.text, one.style or "") for one in segments))
        if _LINK.search(line.plain) is None:
            line.truncate(width)
        line.rstrip()
        yield line


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
            if number in whole or _longest_whole(value) > room:
                # Whatever its length: the terminal wraps it, and it can be copied.
                yield Text.assemble(" " * _GAP, (name.plain.ljust(longest), "dim"), " " * _GAP, value)
                continue
            grid = Table.grid(padding=(0, _GAP, 0, 0))
            grid.add_column(width=longest, overflow="fold", style="dim")
            grid.add_column(overflow="fold")
            grid.add_row(name, value)
            yield Padding(grid, (0, 0, 0, _GAP))


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(one_line(cell))
