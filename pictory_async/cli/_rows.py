"""Tables that users pass in: CSV, TSV, JSON lines or XLSX, with a title for each column and a number for each row."""

from __future__ import annotations

import csv
import importlib
import io
import json
from collections.abc import Mapping
from datetime import date, time
from typing import IO, TYPE_CHECKING, Any, Final, cast

import attrs

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._input import decoded
from pictory_async.cli.display.text import file_name, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["Row", "Rows", "read_rows"]

_DELIMITERS: Final = (",", ";", "\t")
_ZIP: Final = b"PK\x03\x04"  # a file of XLSX begins so
_LARGEST: Final = 2**53  # up to here, a spreadsheet's numbers are exact


@attrs.frozen
class Row:
    """A row of a table.

    Attributes:
        number: Its line in a text, or its number in a spreadsheet, as the user sees it.
        values: What it has in each column, without blanks around it; an empty text for an empty cell.
    """

    number: int
    values: Mapping[str, str]


@attrs.frozen
class Rows:
    """A table.

    Attributes:
        name: What messages call it.
        unit: What a row's number counts: ``line`` or ``row``.
        columns: The titles of its columns.
        rows: Its rows, without the empty ones.
    """

    name: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def where(self, row: Row) -> str:
        """Name the place of a row."""
        return f"{self.name}, {self.unit} {row.number}"


def read_rows(file: IO[bytes], needed: Collection[str] = (), *, any_case: bool = False) -> Rows:
    """Read a table. Its kind is told by its content, not by its name: standard input has none.

    Args:
        file: The open file: text in UTF-8, UTF-16 or UTF-32, or a workbook, whose first sheet is read.
        needed: Titles, one of which must be there; they tell what separates the columns.
        any_case: Whether titles are read in lower case.

    Raises:
        SettingError: It is no such table, or has no titles, or two columns of one title; or it is a workbook, and the
            extra ``xlsx`` is not installed.
    """
    name, data = file_name(file), file.read()
    if data.startswith(_ZIP):
        return _table(name, "row", _of_workbook(name, data), any_case=any_case)
    text = decoded(name, data).removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        return _of_json(name, text, any_case=any_case)
    return _table(name, "line", _of_text(name, text, needed, any_case=any_case), any_case=any_case)


def _of_workbook(name: str, data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        library: Any = importlib.import_module("python_calamine")
    except ImportError:
        text = (
            f'{name} is a workbook; reading it needs python-calamine. Install with: pip install "pictory-async[xlsx]"'
        )
        raise SettingError(text) from None
    try:
        sheet = library.load_workbook(io.BytesIO(data)).get_sheet_by_index(0)
        rows = cast("list[list[object]]", sheet.to_python(skip_empty_area=False))
    except (library.CalamineError, IndexError) as error:
        raise SettingError(f"{name}: this is not a workbook that can be read: {error}.") from None
    for number, cells in enumerate(rows, 1):
        yield number, [_shown(f"{name}, row {number}", cell) for cell in cells]


def _shown(where: str, cell: object) -> str:
    """What a cell shows; a workbook has numbers as floating-point ones."""
    if isinstance(cell, float) and cell.is_integer():
        if abs(cell) > _LARGEST:
            raise SettingError(
                f"{where}: the number {cell:.0f} is too long for a spreadsheet. Format its column as text."
            )
        return str(int(cell))
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _of_text(name: str, text: str, needed: Collection[str], *, any_case: bool) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=_delimiter(text, needed, any_case=any_case), strict=True
    )
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise SettingError(f"{name}, line {reader.line_num}: this is not a table in CSV: {error}.") from None


def _delimiter(text: str, needed: Collection[str], *, any_case: bool) -> str:
    """Find what separates the titles: it gives one that is needed, and else the most."""

    def titles(delimiter: str) -> list[str]:
        try:
            return _titles(
                next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), list[str]()), any_case=any_case
            )
        except csv.Error:
            return []

    return max(_DELIMITERS, key=lambda one: (not {*needed}.isdisjoint(titles(one)), len(titles(one))))


def _titles(cells: Iterable[str], *, any_case: bool) -> list[str]:
    return [cell.strip().lower() if any_case else cell.strip() for cell in cells]


def _table(name: str, unit: str, lines: Iterator[tuple[int, list[str]]], *, any_case: bool) -> Rows:
    number, head = next(lines, (1, list[str]()))
    columns = _titles(head, any_case=any_case)
    while columns and not columns[-1]:
        columns.pop()
    if not any(columns):
        text = "the first line has no titles of columns, separated by commas, semicolons or tabs"
        raise SettingError(f"{name}, {unit} {number}: {text}.")
    twice = next((one for one in columns if one and columns.count(one) > 1), None)
    if twice is not None:
        raise SettingError(f"{name}, {unit} {number}: two columns are called {printable(twice)!r}. Rename one.")
    rows = [
        Row(number, _row(f"{name}, {unit} {number}", columns, [*map(str.strip, cells)]))
        for number, cells in lines
        if any(map(str.strip, cells))
    ]
    return Rows(name, unit, tuple(filter(None, columns)), tuple(rows))


def _row(where: str, columns: list[str], cells: list[str]) -> dict[str, str]:
    cells += [""] * (len(columns) - len(cells))
    if any(cells[len(columns) :]):
        raise SettingError(f"{where}: there are {len(cells)} cells, but {len(columns)} columns.")
    return {column: cell for column, cell in zip(columns, cells, strict=False) if column}


def _of_json(name: str, text: str, *, any_case: bool) -> Rows:
    rows: list[Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            rows.append(Row(number, _values(f"{name}, line {number}", line, any_case=any_case)))
    columns = tuple(dict.fromkeys(column for row in rows for column in row.values))
    full = (Row(row.number, {**dict.fromkeys(columns, ""), **row.values}) for row in rows)
    return Rows(name, "line", columns, tuple(full))


def _values(where: str, line: str, *, any_case: bool) -> dict[str, str]:
    try:
        raw: Any = json.loads(line, parse_float=str, parse_int=str, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, _Pairs):
        raise SettingError(f"{where}: this is not one JSON object.")
    titles = _titles((title for title, _ in raw), any_case=any_case)
    found: dict[str, str] = {}
    for title, (_, value) in zip(titles, raw, strict=True):
        if title in found or not title:
            raise SettingError(f"{where}: the field {printable(title)!r} is {'there twice' if title else 'no title'}.")
        if not isinstance(value, (str, bool, type(None))):
            raise SettingError(
                f"{where}: the field {printable(title)!r} is a list or an object, not a text or a number."
            )
        found[title] = "" if value is None else value.strip() if isinstance(value, str) else str(value).lower()
    return found


class _Pairs(list[tuple[str, Any]]):
    """A JSON object, with what it has twice."""
