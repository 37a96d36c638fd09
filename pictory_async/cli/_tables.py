"""Tables in every format: what a command lists is described once, as columns, and written by one of the writers.

A command describes its table, opens a `Sheet` before its first request, and adds what it finds. The sheet is closed
with the command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

import attrs
import click

from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._failure_at_end import noting_failure
from pictory_async.cli._output_file import OutputFile, ended_well
from pictory_async.cli._places import check_file
from pictory_async.cli._writers import Cells, Csv, Drawn, MarkdownLines, TabLines, Title, Workbook, Writer, as_cell
from pictory_async.cli.display.table import Cell
from pictory_async.cli.display.text import echo_json, out_is_terminal

if TYPE_CHECKING:
    from typing import Self


__all__ = [
    "Column",
    "Format",
    "Sheet",
    "Table",
    "format_option",
    "is_table_file",
    "open_sheet",
    "table_options",
    "tables_given",
]

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

Format = Literal["table", "tsv", "csv", "jsonl", "md", "xlsx"]
_FORMATS: Final[tuple[Format, ...]] = ("table", "tsv", "csv", "jsonl", "md", "xlsx")
_ENDINGS: Final[dict[str, Format]] = {f".{one}": one for one in _FORMATS if one != "table"}
_TEXT: Final = ".txt"
_TYPE: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}")  # an ending that says what is in a file
_KEY: Final = "pictory.table"
_STANDARD_OUTPUT: Final = "-"


@attrs.frozen
class Column(Generic[T_contra]):
    """One column of a table.

    Attributes:
        name: Its name, for `--columns`.
        value: Returns the value in a row: text, a number, a time in UTC, or ``None``.
        shown: Returns what people see instead; by default the value as text.
        unit: The unit or the time zone of the values, for the head.
        spare: When a narrow terminal leaves the column out: 1 is first; 0 is never.
        whole: Whether its values are never wrapped in a drawn table: ids. Times never are.
        short: Whether its values are shortened in a drawn table, instead of wrapped: names beside ids.
        plain: Whether lines with tabs and tables on a terminal have it too if no columns are chosen.
        mark: Returns what a table on a terminal adds to the value.
        note: Returns what stands below a table on a terminal instead of the column, once for all rows that share it,
            and what a row is called there; the text is empty for no note.
    """

    name: str
    value: Callable[[T_contra], object]
    shown: Callable[[T_contra], Cell] | None = None
    unit: str = ""
    spare: int = 0
    whole: bool = False
    short: bool = False
    plain: bool = True
    mark: Callable[[T_contra], str] | None = None
    note: Callable[[T_contra], tuple[str, str]] | None = None


@attrs.frozen
class Table(Generic[T_contra]):
    """What a command lists.

    Attributes:
        noun: What a row stands for, in the plural.
        columns: The columns, in their order.
    """

    noun: str
    columns: tuple[Column[T_contra], ...]

    def named(self, names: Sequence[str]) -> tuple[Column[T_contra], ...]:
        """Return some of the columns, in the order of the names.

        Raises:
            SettingError: There is no such column.
        """
        known = {column.name: column for column in self.columns}
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            text = f"There is no column {unknown[0]!r}." if unknown else "--columns names no column."
            raise SettingError(f"{text} Choose among: {', '.join(known)}.")
        return tuple(known[name] for name in dict.fromkeys(names))


@attrs.frozen
class _Given:
    """What the options say."""

    format: Format | None = None
    columns: tuple[str, ...] | None = None
    output: str | None = None


def tables_given() -> bool:
    """Whether any option about tables was given to the running command."""
    given: _Given = click.get_current_context().meta.get(_KEY, _Given())
    return given != _Given()


def format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--format`` and ``--columns``; only its `Sheet` sees their values."""
    text = "Print in this format; jsonl is --json.  [default: tsv; on a terminal, lists are tables]"
    form = click.option(
        "--format", "form", type=click.Choice(_FORMATS), help=text, callback=_noting("format"), expose_value=False
    )
    text = "Print only these columns, in this order."
    columns = click.option(
        "--columns", metavar="A,B,...", help=text, callback=_noting("columns", _names), expose_value=False
    )
    return form(columns(command))


def table_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--output`` too, for a file that is replaced as a whole."""
    text = "Write to FILE instead of printing: completely, or not at all. Its ending chooses the format."
    output = click.option(
        "--output", metavar="FILE", help=text, callback=_noting("output"), expose_value=False, type=click.Path()
    )
    return format_option(output(command))


def _noting(field: str, read: Callable[[str], Any] | None = None) -> Callable[..., None]:
    def note(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
        found = value if value is None or read is None else read(value)
        ctx.meta[_KEY] = attrs.evolve(ctx.meta.get(_KEY, _Given()), **{field: found})

    return note


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


class Sheet(Generic[T]):
    """The table that a command prints.

    Attributes:
        format: Its format.
        columns: Its columns.
        is_default: Whether neither a format nor columns were chosen.
        to_file: Whether it goes to a file that `--output` names.
    """

    def __init__(self, table: Table[T], given: _Given, form: Format, *, grows: bool) -> None:
        self.format = form
        self.is_default: bool = given.format is None and given.columns is None and given.output is None
        self.to_file: bool = given.output is not None
        self._names = given.columns
        self._noted: list[Callable[[T], tuple[str, str]]] = []
        self.columns: tuple[Column[T], ...] = self._chosen(table, grows=grows)
        chosen = self._names is not None
        self._writer = _writer(form, table.noun, self._titles, to_file=self.to_file, headed=grows, chosen=chosen)

    def _chosen(self, table: Table[T], *, grows: bool) -> tuple[Column[T], ...]:
        if self._names is not None and not grows:
            return table.named(self._names)
        texts = self.format in {"tsv", "table"}
        found = [column for column in table.columns if column.plain or not texts]
        self._noted = [column.note for column in found if column.note is not None and self.format == "table"]
        return tuple(column for column in found if column.note not in self._noted)

    @property
    def _titles(self) -> list[Title]:
        return [
            Title(
                one.name,
                one.unit,
                shown=one.shown is not None,
                spare=one.spare,
                whole=one.whole or one.unit == "UTC",
                short=one.short,
            )
            for one in self.columns
        ]

    def grow(self, columns: Sequence[Column[T]]) -> None:
        """Add columns, before the first row: those that were chosen, also if they are not among these, or else all."""
        known = {column.name: column for column in columns}
        names = known if self._names is None else self._names
        self.columns += tuple(known.get(name) or Column(name, lambda _: None) for name in names)
        if self._writer is not None:
            self._writer.titles = self._titles

    @property
    def is_json(self) -> bool:
        """Whether JSON documents are printed, and no rows."""
        return self._writer is None

    @property
    def streams(self) -> bool:
        """Whether each row is printed as soon as it is added."""
        return self._writer is None or self._writer.streams

    @property
    def held(self) -> int:
        """How many rows are not printed yet."""
        return 0 if self._writer is None else self._writer.held

    def add(self, item: T, place: int = 0) -> None:
        """Add a row; a table that is written at the end has its rows in the order of their places."""
        if self._writer is not None:
            values = [column.value(item) for column in self.columns]
            self._writer.row(Cells(values, [self._shown(column, item) for column in self.columns], place))
            for note in self._noted:
                self._writer.note(*note(item))

    def _shown(self, column: Column[T], item: T) -> Cell:
        shown = _shown(column, item)
        return shown if column.mark is None or self.format != "table" else f"{shown}{column.mark(item)}"

    def document(self, value: Mapping[str, Any]) -> None:
        """Print a JSON document, as one line."""
        echo_json(value)

    def leave(self) -> None:
        """Print no table: without a chosen format, the command prints in its own way."""
        if self._writer is not None:
            self._writer.closed = True

    def show(self) -> None:
        """Print a table for people now, so that what is to be done next stands below it. Without a row, print none."""
        if self.format == "table" and not self.to_file:
            self.close(complete=False)

    def close(self, *, complete: bool = True) -> None:
        """Print what is not printed yet. Closing twice does nothing."""
        writer = self._writer
        if writer is not None and not writer.closed:
            writer.closed = True
            writer.close(complete=complete)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with noting_failure():
            self.close(complete=ended_well())


def is_table_file(name: str) -> bool:
    """Whether the ending of a file's name is that of a table."""
    return Path(name).suffix.lower() in _ENDINGS


def open_sheet(table: Table[T], *, as_json: bool, grows: bool = False, output: str | None = None) -> Sheet[T]:
    """Open the sheet of the running command. It is closed with the command.

    Args:
        table: What the command lists.
        as_json: Whether ``--json`` was given.
        grows: Whether `Sheet.grow` adds columns. Then lines with tabs have a head too.
        output: What a command says that has an ``--output`` of its own.

    Raises:
        click.UsageError: The options contradict each other.
        SettingError: A column does not exist, the extra ``xlsx`` is missing, or the file cannot be written.
    """
    ctx = click.get_current_context()
    given: _Given = ctx.meta.get(_KEY, _Given())
    given = attrs.evolve(given, output=output or given.output)
    form = _format(given, as_json=as_json)
    given = attrs.evolve(given, output=None if given.output == _STANDARD_OUTPUT else given.output)
    if form == "xlsx" and given.output is None and out_is_terminal():
        raise SettingError("A terminal cannot show a workbook: name a file with --output, or redirect the output.")
    sheet: Sheet[T] = Sheet(table, given, form, grows=grows)
    if given.output is not None:
        ctx.with_resource(OutputFile(check_file(given.output, replaces=True)))
    return ctx.with_resource(sheet)


def _format(given: _Given, *, as_json: bool) -> Format:
    """Choose the format.

    Raises:
        click.UsageError: The options contradict each other.
    """
    if as_json and given.format not in {None, "jsonl"}:
        raise click.UsageError("Choose one of --json and --format.")
    suffix = "" if given.output is None else Path(given.output).suffix.lower()
    ending = _ENDINGS.get(suffix)
    default: Format = "table" if out_is_terminal() and given.output is None else "tsv"
    form = "jsonl" if as_json else given.format or ending or default
    if ending is not None and ending != form:
        raise click.UsageError(f"The name {given.output} promises another format than {form}. Choose another name.")
    if ending is None and given.format is None and not as_json and suffix != _TEXT and _TYPE.fullmatch(suffix):
        raise click.UsageError(
            f"The name {given.output} promises no table. End it with {', '.join(_ENDINGS)} or {_TEXT}, or add --format."
        )
    if form == "jsonl" and given.columns is not None:
        raise click.UsageError("JSON documents have no columns: leave out --columns.")
    return form


def _writer(
    form: Format, noun: str, titles: Sequence[Title], *, to_file: bool, headed: bool, chosen: bool
) -> Writer | None:
    match form:
        case "jsonl":
            return None
        case "csv":
            return Csv(titles, mark=to_file)
        case "xlsx":
            return Workbook(titles, noun)
        case "table":
            return Drawn(titles, chosen=chosen)
        case _:
            return MarkdownLines(titles) if form == "md" else TabLines(titles, headed=headed)


def _shown(column: Column[T], item: T) -> Cell:
    return as_cell(column.value(item)) if column.shown is None else column.shown(item)
