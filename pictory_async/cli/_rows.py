"""Tables that users pass in: CSV, TSV, JSON lines or XLSX, with a title for each column and a number for each row."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import IO, TYPE_CHECKING, Any, Final, cast

import attrs

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._input import decoded
from pictory_async.cli.display.text import file_name, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["Row", "Rows", "all_of", "read_rows"]

_DELIMITERS: Final = (",", ";", "\t")
_ZIP: Final = b"PK\x03\x04"  # a file of XLSX begins so
_LARGEST: Final = 2**53  # up to here, a spreadsheet's numbers are exact
_SEPARATOR: Final = re.compile(r'"?sep=([^"\w\r\n ])"?[ \t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)  # Excel's first line
_LIST: Final = re.compile(r"\s*\[\s*[{\]]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SHOWN: Final = 10


@attrs.frozen
class Row:
    """A row of a table.

    Attributes:
        number: Its first line in a text, or its number in a spreadsheet, as the user sees it.
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
        remark: A sentence about what of the file was not read, with a blank before it; empty if all of it was.
    """

    name: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    remark: str = ""

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
        return _of_workbook(name, data, any_case=any_case)
    text = decoded(name, data).removeprefix("\ufeff")
    if _LIST.match(text):
        raise SettingError(f"{name}: this is a JSON list. Write one object per line, without the brackets around them.")
    if text.lstrip().startswith("{"):
        return _of_json(name, text, any_case=any_case)
    head = _Head("line", ", separated by commas, semicolons or tabs")
    return _table(name, head, _of_text(name, text, needed, any_case=any_case), any_case=any_case)


def all_of(wrong: Sequence[str]) -> str:
    """Put sentences about what is wrong into one message, a line for each; of very many, the first ones."""
    more = f"\n... and {len(wrong) - _SHOWN} more." if len(wrong) > _SHOWN else ""
    return "\n".join(wrong[:_SHOWN]) + more


@attrs.frozen
class _Head:
    """How messages speak of a kind of table.

    Attributes:
        unit: What a row's number counts.
        separated: How titles are told apart.
        remark: What of the file is not read.
    """

    unit: str
    separated: str = ""
    remark: str = ""


def _of_workbook(name: str, data: bytes, *, any_case: bool) -> Rows:
    try:
        library: Any = importlib.import_module("python_calamine")
    except ImportError:
        text = (
            f'{name} is a workbook; reading it needs python-calamine. Install with: pip install "pictory-async[xlsx]"'
        )
        raise SettingError(text) from None
    try:
        book = library.load_workbook(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
        rows = cast("list[list[object]]", sheet.to_python(skip_empty_area=False))
    except (library.CalamineError, IndexError) as error:
        raise SettingError(f"{name}: this is not a workbook that can be read: {error}.") from None
    others = len(book.sheet_names) > 1
    remark = f" Only the first sheet, {printable(sheet.name)!r}, is read." if others else ""
    return _table(name, _Head("row", remark=remark), enumerate(rows, 1), any_case=any_case)


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
    return str(cell).lower() if isinstance(cell, bool) else str(cell).strip()


def _of_text(name: str, text: str, needed: Collection[str], *, any_case: bool) -> Iterator[tuple[int, list[str]]]:
    named = _SEPARATOR.match(text)
    first, rest = (0, text) if named is None else (1, text[named.end() :])
    delimiter = _delimiter(rest, needed, any_case=any_case) if named is None else named[1]
    reader = csv.reader(io.StringIO(rest, newline=""), delimiter=delimiter, strict=True)
    number = first + 1
    try:
        for cells in reader:
            yield number, cells
            number = first + reader.line_num + 1
    except csv.Error as error:
        last = first + reader.line_num
        if "unexpected end" in str(error):
            opened = last + 1 - _lines_of_last_cell(rest, delimiter)
            raise SettingError(f"{name}, line {opened}: a quotation mark is opened here, and not closed.") from None
        far = f" Its row continues to line {last}: is a quotation mark not closed?" if last > number else ""
        raise SettingError(f"{name}, line {number}: this is not a table in CSV: {error}.{far}") from None


def _lines_of_last_cell(text: str, delimiter: str) -> int:
    *_, cells = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return max(1, len(io.StringIO(cells[-1], newline="").readlines()))


def _delimiter(text: str, needed: Collection[str], *, any_case: bool) -> str:
    """Find what separates the titles: it gives one that is needed, and else the most."""

    def titles(delimiter: str) -> list[str]:
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            filled = (cells for cells in rows if "".join(cells).strip(f" {''.join(_DELIMITERS)}"))
            return _titles(next(filled, list[str]()), any_case=any_case)
        except csv.Error:
            return []

    return max(_DELIMITERS, key=lambda one: (not {*needed}.isdisjoint(titles(one)), len(titles(one))))


def _has_content(cells: Iterable[object]) -> bool:
    return any(str(cell).strip() for cell in cells)


def _titles(cells: Iterable[str], *, any_case: bool) -> list[str]:
    return [cell.strip().lower() if any_case else cell.strip() for cell in cells]


def _table(name: str, head: _Head, lines: Iterable[tuple[int, Sequence[object]]], *, any_case: bool) -> Rows:
    filled = iter((number, cells) for number, cells in lines if _has_content(cells))
    number, cells = next(filled, (1, list[object]()))
    columns = _titles((_shown(f"{name}, {head.unit} {number}", cell) for cell in cells), any_case=any_case)
    while columns and not columns[-1]:
        columns.pop()
    if not columns:
        text = f"there are no titles of columns{head.separated}"
        raise SettingError(f"{name}, {head.unit} {number}: {text}.{head.remark}")
    twice = next((one for one in columns if one and columns.count(one) > 1), None)
    if twice is not None:
        raise SettingError(f"{name}, {head.unit} {number}: two columns are called {printable(twice)!r}. Rename one.")
    rows: list[Row] = []
    wrong: list[str] = []
    for number, cells in filled:
        try:
            rows.append(Row(number, _row(f"{name}, {head.unit} {number}", columns, cells)))
        except SettingError as error:
            wrong.append(str(error))
    if wrong:
        raise SettingError(all_of(wrong))
    return Rows(name, head.unit, tuple(filter(None, columns)), tuple(rows), head.remark)


def _row(where: str, columns: list[str], found: Sequence[object]) -> dict[str, str]:
    cells = [_shown(where, cell) for cell in found]
    cells += [""] * (len(columns) - len(cells))
    if any(cells[len(columns) :]):
        raise SettingError(f"{where}: there are {len(cells)} cells, but {len(columns)} columns.")
    return {column: cell for column, cell in zip(columns, cells, strict=False) if column}


def _of_json(name: str, text: str, *, any_case: bool) -> Rows:
    rows: list[Row] = []
    wrong: list[str] = []
    # Not `splitlines`: what else separates lines, such as U+2028, can be in a JSON text as it is.
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                rows.append(Row(number, _values(f"{name}, line {number}", line, any_case=any_case)))
        except SettingError as error:
            wrong.append(str(error))
    if wrong:
        raise SettingError(all_of(wrong))
    columns = tuple(dict.fromkeys(column for row in rows for column in row.values))
    full = (Row(row.number, {**dict.fromkeys(columns, ""), **row.values}) for row in rows)
    return Rows(name, "line", columns, tuple(full))


def _values(where: str, line: str, *, any_case: bool) -> dict[str, str]:
    try:
        raw: Any = json.loads(line, parse_float=str, parse_int=str, parse_constant=_NoNumber, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, _Pairs):
        raise SettingError(f"{where}: this is not one JSON object.")
    titles = _titles((title for title, _ in raw), any_case=any_case)
    found: dict[str, str] = {}
    for title, (_, value) in zip(titles, raw, strict=True):
        problem = "is there twice" if title in found else _problem(title, value)
        if problem is not None:
            raise SettingError(f"{where}: the field {printable(title)!r} {problem}.")
        found[title] = "" if value is None else value.strip() if isinstance(value, str) else str(value).lower()
    return found


def _problem(title: str, value: object) -> str | None:
    """Why a field of a JSON object cannot be a cell; ``None`` if it can."""
    if not title:
        return "is no title"
    if isinstance(value, _NoNumber):
        return f"is {value}, not a text or a number"
    if not isinstance(value, (str, bool, type(None))):
        return "is a list or an object, not a text or a number"
    if _SURROGATE.search(f"{title}{value}"):
        return "has a character that is not one: half of a surrogate pair"
    return None


class _NoNumber(str):
    """``NaN`` or an infinity, which Python reads in JSON, and JSON does not have."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """A JSON object, with what it has twice."""
