"""What users pass in: ids from the command line, and text from files in any of the usual encodings."""

from __future__ import annotations

import codecs
import csv
import io
import re
import shlex
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import click

from pictory_async.cli._addresses import find_id, is_address
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli.display.text import file_name, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["collect_ids", "decoded", "read_lines", "read_text"]

# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_IN_IDS: Final = {
    ",": "a comma",
    ";": "a semicolon",
    "\t": "a tab",
    '"': "a quotation mark",
    "'": "a quotation mark",
}
# A number in scientific notation, with decimals, with separated thousands, or rounded to 15 digits; the error of a
# formula, in any language; or a number that its column is too narrow for.
_OF_A_SPREADSHEET: Final = re.compile(
    r"\d+(?:[.,]\d+)?E[+-]\d+|\d+[.,]\d+E\d+|\d+[.,]0+|\d{1,3}(?:[.,]\d{3}){2,}|[1-9]\d{14}0{3,}"
    r"|#[^\W\d]+(?:/\w+)?[?!]|#N/A|#{3,}",
    re.IGNORECASE,
)
# In the order in which they are looked for. The last one is that of the command's own tables.
_TITLES: Final = ("id", "ids", "project_id", "projectid", "project id", "template_id", "templateid", "project")
_DELIMITERS: Final = (",", ";", "\t")
_LONGEST_SHOWN: Final = 60
_HEX: Final = re.compile(r"[0-9A-Fa-f-]+")  # what ids are made of, also if a file is called like one


def read_text(file: IO[bytes]) -> str:
    """Read a file in UTF-8, or in UTF-16 or UTF-32, which Windows programs write.

    Raises:
        SettingError: It is in another encoding, or no text.
    """
    return decoded(file_name(file), file.read())


def decoded(name: str, data: bytes) -> str:
    """Decode the content of a file; see `read_text`."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        # The ids and the syntax of JSON are ASCII, of which UTF-16 makes every other byte a zero.
        encoding = {0: "utf-16-be", 1: "utf-16-le"}.get(data[:2].find(b"\0"), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        advice = 'Save the file in that encoding; in Excel, save as "CSV UTF-8".'
        raise SettingError(f"{name}, line {line}: this is not text in UTF-8. {advice}") from None


def read_lines(file: IO[bytes]) -> list[str]:
    """Read the lines of a file; see `read_text`."""
    return read_text(file).splitlines()


def collect_ids(given: Iterable[str], file: IO[bytes] | None = None, noun: str = "project") -> list[str]:
    """Collect ids, each once. The address of a page of Pictory's stands for the id in it.

    Args:
        given: Ids from the command line.
        file: An open file with one id per line, or a table in CSV with a column of ids. Empty lines and lines that
            begin with ``#`` are skipped.
        noun: What the ids stand for: a project, a template or a job.

    Returns:
        The ids; none only if there is a file.

    Raises:
        click.UsageError: There are no ids and no file, or something on the command line is a file or not an id.
        SettingError: A line of the file is not an id.
    """
    texts = [text for text in map(str.strip, given) if text]
    ids: list[str] = []
    for text in texts:
        _refuse_file(text, noun)
        found, problem = _read_id(text, noun)
        if problem is not None:
            again = "Leave out the quotation marks around several ids." if " " in text else "Separate ids by spaces."
            raise click.UsageError(problem if is_address(text) else f"{problem} {again}")
        ids.append(found)
    if file is not None:
        ids += _ids_in(file, noun)
    elif not ids:
        raise click.UsageError("There are no ids.")
    return list(dict.fromkeys(ids))


def _refuse_file(text: str, noun: str) -> None:
    """Say how the ids in a file are passed, if a file is named instead of an id.

    Raises:
        click.UsageError: It is.
    """
    if _HEX.fullmatch(text) or not Path(text).is_file():
        return
    ctx = click.get_current_context(silent=True)
    takes_file = ctx is not None and any(option.name == "ids_from" for option in ctx.command.params)
    cure = f": --ids-from {shlex.quote(text)}" if takes_file else f", not the id of a {noun}."
    raise click.UsageError(f"{text!r} is a file{cure}")


def _ids_in(file: IO[bytes], noun: str) -> list[str]:
    """Read the ids in a file.

    Raises:
        SettingError: Something in it is not an id.
    """
    name, text = file_name(file), read_text(file).removeprefix("\ufeff")
    ids: list[str] = []
    for number, cell in _cells_in(name, text):
        where = f"{name}, line {number}"
        if not cell:
            raise SettingError(f"{where}: there is no id.")
        found, problem = _read_id(cell, noun)
        if problem is not None:
            advice = "" if is_address(cell) else " Give one id per line, and nothing else, or a table with a column id."
            raise SettingError(f"{where}: {problem}{advice}")
        ids.append(found)
    return ids


def _cells_in(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of each line that is to have an id, and what it has: the whole line, or a cell of a table."""
    lines = text.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if line.strip() and not _is_comment(line)), len(lines))
    table = _column_of_ids("".join(lines[first : first + 1]))
    if table is None:
        yield from ((number, line.strip()) for number, line in enumerate(lines, 1) if not _is_comment(line))
        return
    column, delimiter = table
    rows = csv.reader(io.StringIO("".join(lines[first:]), newline=""), delimiter=delimiter, strict=True)
    try:
        next(rows)
        for row in rows:
            if any(map(str.strip, row)) and not row[0].startswith("#"):
                yield first + rows.line_num, row[column].strip() if column < len(row) else ""
    except csv.Error as error:
        raise SettingError(f"{name}, line {first + rows.line_num}: this is not a table in CSV: {error}.") from None


def _is_comment(line: str) -> bool:
    text = line.strip()
    return not text or (text.startswith("#") and not _OF_A_SPREADSHEET.fullmatch(text))


def _column_of_ids(head: str) -> tuple[int, str] | None:
    """Find the column of ids by the titles of a table, and what separates them; ``None`` if no title is one of ids."""
    for delimiter in _DELIMITERS:
        titles = [cell.strip().strip('"').casefold() for cell in head.split(delimiter)]
        number = next((titles.index(title) for title in _TITLES if title in titles), None)
        if number is not None:
            return number, delimiter
    return None


def _read_id(text: str, noun: str) -> tuple[str, str | None]:
    """Return an id, and why it is none."""
    if not is_address(text):
        return text, _objection(text)
    found = find_id(text, noun)
    if found is not None:
        return found, None
    shown = printable(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
    return "", f"{shown!r} is not the address of one {noun}: it has no id of a {noun}, or several. Copy the id alone."


def _objection(text: str) -> str | None:
    """Say why a text cannot be an id; ``None`` if it can be."""
    if text.startswith("{"):
        return "These are handles of renders, not ids: use --handle FILE."
    if _OF_A_SPREADSHEET.fullmatch(text):
        return f"{text!r} is not an id: a spreadsheet changed it. Format its column as text, and copy the id again."
    if text.casefold() in _TITLES:
        return f"{text!r} is the title of a column, not an id."
    found = next((name for sign, name in _NOT_IN_IDS.items() if sign in text), None)
    if found is None and not text.isprintable():
        found = "a control character"
    if found is None and " " in text:
        found = "a space"
    if found is None:
        return None
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"{printable(shown)!r} is not an id: it contains {found}."
