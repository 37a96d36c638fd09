"""What users pass in: ids from the command line, and text from files in any of the usual encodings."""

from __future__ import annotations

import codecs
import re
from typing import IO, TYPE_CHECKING, Final

import click

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli.display.text import file_name, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["collect_ids", "read_lines", "read_text"]

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
_TITLES: Final = frozenset({"id", "ids", "project_id", "projectid", "project id"})
_LONGEST_SHOWN: Final = 60


def read_text(file: IO[bytes]) -> str:
    """Read a file in UTF-8, or in UTF-16 or UTF-32, which Windows programs write.

    Raises:
        SettingError: It is in another encoding, or no text.
    """
    data = file.read()
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        # The ids and the syntax of JSON are ASCII, of which UTF-16 makes every other byte a zero.
        encoding = {0: "utf-16-be", 1: "utf-16-le"}.get(data[:2].find(b"\0"), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingError(
            f"{file_name(file)}, line {line}: this is not text in UTF-8. Save the file in that encoding."
        ) from None


def read_lines(file: IO[bytes]) -> list[str]:
    """Read the lines of a file; see `read_text`."""
    return read_text(file).splitlines()


def collect_ids(given: Iterable[str], file: IO[bytes] | None = None) -> list[str]:
    """Collect ids, each once.

    Args:
        given: Ids from the command line.
        file: An open file with one id per line. Empty lines and lines that begin with ``#`` are skipped.

    Returns:
        The ids; none only if there is a file.

    Raises:
        click.UsageError: There are no ids and no file, or something on the command line is not an id.
        SettingError: A line of the file is not an id.
    """
    ids = [text for text in map(str.strip, given) if text]
    for text in ids:
        problem = _objection(text)
        if problem is not None:
            again = "Leave out the quotation marks around several ids." if " " in text else "Separate ids by spaces."
            raise click.UsageError(f"{problem} {again}")
    if file is not None:
        ids += _ids_in(file)
    elif not ids:
        raise click.UsageError("There are no ids.")
    return list(dict.fromkeys(ids))


def _ids_in(file: IO[bytes]) -> list[str]:
    ids: list[str] = []
    for number, line in enumerate(read_lines(file), 1):
        text = line.strip()
        if text and (not text.startswith("#") or _OF_A_SPREADSHEET.fullmatch(text)):
            problem = _objection(text)
            if problem is not None:
                where = f"{file_name(file)}, line {number}"
                raise SettingError(f"{where}: {problem} Give one id per line, and nothing else.")
            ids.append(text)
    return ids


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
