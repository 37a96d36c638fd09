"""The formats of tables: lines with tabs, CSV, Markdown, a drawn table, and a workbook."""

from __future__ import annotations

import csv
import importlib
import io
import math
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import click
from rich.text import Text

from pictory_async.cli._exit_codes import CommandError, SettingError
from pictory_async.cli.display.table import Cell, draw_table
from pictory_async.cli.display.text import as_text, counted, echo_wrapped, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pictory_async.cli._streams import Output

__all__ = [
    "Cells",
    "Csv",
    "Drawn",
    "MarkdownLines",
    "TabLines",
    "Title",
    "Workbook",
    "Writer",
    "as_cell",
    "csv_file",
    "guarded",
]

# What spreadsheets run: see "CSV Injection" at OWASP. The last four are wide forms, which some read like the others.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MARK: Final = "\ufeff"
_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>|~&#])")
_ADDRESS: Final = re.compile(r"https?://[^\s<>]+")
_MOST_CHARACTERS: Final = 32_767  # in a cell of a workbook
_OUTSIDE: Final = -1  # of XlsxWriter: there is no such row or column
_TIME: Final = "yyyy-mm-dd hh:mm:ss"
_WIDTH: Final = 24  # characters
_NAMED: Final = 3  # projects below a table


@attrs.frozen
class Title:
    """The head of a column.

    Attributes:
        name: Its name.
        unit: The unit or the time zone of its values.
        shown: Whether people see something else than the values, which says its unit itself.
        spare: When a narrow terminal leaves it out: 1 is first; 0 is never.
        whole: Whether its values are never wrapped.
        short: Whether its values are shortened instead of wrapped.
    """

    name: str
    unit: str = ""
    shown: bool = False
    spare: int = 0
    whole: bool = False
    short: bool = False

    @property
    def of_values(self) -> str:
        """The head above values."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def of_texts(self) -> str:
        """The head above what people see."""
        return self.name if self.shown else self.of_values


@attrs.frozen
class Cells:
    """One row.

    Attributes:
        values: Text, numbers, times in UTC, or ``None``.
        shown: What people see.
        place: Where the row stands, if all are written at the end; equal places in the order of adding.
    """

    values: Sequence[object]
    shown: Sequence[Cell]
    place: int = 0


def as_cell(value: object) -> str:
    """Return a value as the text of a cell, in one line; a time without its zone, which the head names."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return as_text(value)


def guarded(text: str) -> str:
    """Return text that no spreadsheet runs as a formula: one that begins like a formula gets an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


class Writer:
    """Writes a table. This one is the base of the others."""

    streams = True
    """Whether each row is printed as soon as it is added."""

    def __init__(self, titles: Sequence[Title]) -> None:
        self.titles = titles
        self.closed = False
        self._rows = 0
        self._notes: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def held(self) -> int:
        """How many rows are not printed yet."""
        return 0 if self.streams else self._rows

    def row(self, cells: Cells) -> None:
        """Add a row."""
        if not self._rows:
            self.head()
        self._rows += 1
        self.write(cells)

    def note(self, text: str, name: str) -> None:
        """Add what is said about the project of a row below the table; an empty text is nothing."""
        if text:
            self._notes[text].append(name)

    def close(self, *, complete: bool) -> None:
        """Print what is not printed yet; of a table that was cut off, only if it has rows."""
        if complete and not self._rows:
            self.head()

    def head(self) -> None:
        """Write the head."""

    def write(self, cells: Cells) -> None:
        """Write a row."""
        raise NotImplementedError


class TabLines(Writer):
    """Lines with tabs between the cells, for programs: nothing is quoted, or guarded.

    Args:
        titles: The columns.
        headed: Whether their names are the first line.
    """

    def __init__(self, titles: Sequence[Title], *, headed: bool = False) -> None:
        super().__init__(titles)
        self._headed = headed

    def head(self) -> None:
        """Write the line of heads, if there is one."""
        if self._headed:
            click.echo("\t".join(one_line(title.of_texts) for title in self.titles))

    def write(self, cells: Cells) -> None:
        """Write a line."""
        click.echo("\t".join(one_line(str(cell)) for cell in cells.shown))


class MarkdownLines(Writer):
    """A table in Markdown, as GitHub reads it."""

    def head(self) -> None:
        """Write the head and the line below it."""
        self._line([_escaped(title.of_texts) for title in self.titles])
        self._line(["---"] * len(self.titles))

    def write(self, cells: Cells) -> None:
        """Write a line."""
        self._line([_escaped(one_line(str(cell))) for cell in cells.shown])

    @staticmethod
    def _line(cells: Sequence[str]) -> None:
        click.echo(f"| {' | '.join(cells)} |")


def _escaped(text: str) -> str:
    if _ADDRESS.fullmatch(text):  # a link, which ends at a bar in a table
        return f"<{text.replace('|', '%7C')}>"
    return _MARKDOWN.sub(r"\\\1", text)


class Drawn(Writer):
    """A table for people. It is drawn at the end, because its widths depend on all rows.

    Args:
        titles: The columns.
        chosen: Whether somebody asked for these columns. Otherwise those without a value are left out.
    """

    streams = False

    def __init__(self, titles: Sequence[Title], *, chosen: bool) -> None:
        super().__init__(titles)
        self._chosen = chosen
        self._cells: list[Cells] = []

    def write(self, cells: Cells) -> None:
        """Keep a row."""
        self._cells.append(cells)

    def close(self, *, complete: bool) -> None:
        """Draw the table."""
        if not (complete or self._cells):
            return
        ordered = sorted(self._cells, key=lambda row: row.place)
        rows = [[_for_people(*pair) for pair in zip(row.values, row.shown, strict=True)] for row in ordered]
        kept = [at for at in range(len(self.titles)) if self._chosen or any(str(row[at]) for row in rows)]
        titles = [self.titles[at] for at in kept]
        whole = [number for number, title in enumerate(titles) if title.whole]
        spare = sorted((title.spare, number) for number, title in enumerate(titles) if title.spare)
        draw_table(
            [title.of_texts for title in titles],
            [[row[at] for at in kept] for row in rows],
            spare=[number for _, number in spare],
            whole=whole,
            short=[number for number, title in enumerate(titles) if title.short],
            key=next((number for number in whole if titles[number].unit != "UTC"), 0),
        )
        for text, names in self._notes.items():
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            named = one_line(f"{', '.join(names[:_NAMED])}{more}")
            echo_wrapped([Text(f"{counted(len(names), 'project')} ({named}): {one_line(text)}")])


def _for_people(value: object, shown: Cell) -> Cell:
    """Return what is drawn: a time without its seconds, which leaves more room."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else shown


class Csv(Writer):
    """CSV as RFC 4180 describes it, in UTF-8.

    Args:
        titles: The columns.
        mark: Whether it begins with a byte order mark, without which Excel takes a file for another encoding.
    """

    def __init__(self, titles: Sequence[Title], *, mark: bool) -> None:
        super().__init__(titles)
        self._start = _MARK if mark else ""

    def head(self) -> None:
        """Write the line of heads."""
        _write_bytes(self._start.encode())
        self._line([title.of_values for title in self.titles])

    def write(self, cells: Cells) -> None:
        """Write a line."""
        self._line([_csv_cell(value) for value in cells.values])

    @staticmethod
    def _line(cells: Sequence[str]) -> None:
        _write_bytes(_csv_line(cells))


def csv_file(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return the content of a CSV file, as `Csv` prints it to a file."""
    lines = [_csv_line(titles), *(_csv_line([_csv_cell(value) for value in row]) for row in rows)]
    return _MARK.encode() + b"".join(lines)


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "surrogateescape")


def _csv_cell(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # with all its digits; a negative number is no formula
    return guarded(as_cell(value))


class Workbook(Writer):
    """A workbook with one sheet: text as text, numbers as numbers, times as times. It is written at the end.

    Args:
        titles: The columns.
        noun: The name of the sheet.

    Raises:
        SettingError: The extra ``xlsx`` is not installed.
    """

    streams = False

    def __init__(self, titles: Sequence[Title], noun: str) -> None:
        super().__init__(titles)
        try:
            library: Any = importlib.import_module("xlsxwriter")
        except ImportError:
            text = '--format xlsx needs XlsxWriter. Install with: pip install "pictory-async[xlsx]"'
            raise SettingError(text) from None
        self._library = library
        self._noun = noun
        self._cells: list[Cells] = []

    def write(self, cells: Cells) -> None:
        """Keep a row."""
        self._cells.append(cells)

    def close(self, *, complete: bool) -> None:
        """Write the workbook.

        Raises:
            CommandError: It has more rows or columns than a sheet can have.
        """
        if not complete and not self._cells:
            return
        file = io.BytesIO()
        book: Any = self._library.Workbook(file, {"constant_memory": True})
        sheet: Any = book.add_worksheet(self._noun)
        sheet.set_column(0, max(0, len(self.titles) - 1), _WIDTH)
        sheet.freeze_panes(1, 0)
        formats = {"head": book.add_format({"bold": True}), "time": book.add_format({"num_format": _TIME})}
        found = [sheet.write_string(0, at, title.of_values, formats["head"]) for at, title in enumerate(self.titles)]
        for number, row in enumerate(sorted(self._cells, key=lambda row: row.place), 1):
            found += [_put(sheet, number, at, value, formats["time"]) for at, value in enumerate(row.values)]
        book.close()
        if _OUTSIDE in found:
            raise CommandError("A sheet of a workbook has at most 1,048,576 rows and 16,384 columns: use --format csv.")
        _write_bytes(file.getvalue())


def _put(sheet: Any, row: int, at: int, value: object, time: object) -> int:
    """Write one cell, and return what XlsxWriter says about it."""
    if isinstance(value, datetime):
        return cast("int", sheet.write_datetime(row, at, value.astimezone(UTC).replace(tzinfo=None), time))
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return cast("int", sheet.write_number(row, at, value))
    # As text, whatever it begins with: it is never a formula or a link.
    text = as_cell(value).encode("utf-8", "replace").decode()
    return cast("int", sheet.write_string(row, at, text[:_MOST_CHARACTERS])) if text else 0


def _write_bytes(data: bytes) -> None:
    cast("Output", sys.stdout).write_bytes(data)
