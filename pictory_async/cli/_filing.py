"""How downloaded files are called, and what happens to those that are there: the options, and the map file."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import attrs
import click

from pictory_async import check_naming
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._rows import read_rows
from pictory_async.cli.display.text import echo_note, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async import ProjectId
    from pictory_async.cli._options import Decorator

__all__ = ["Conflict", "Filing", "filing_options"]

Conflict = Literal["rename", "skip", "overwrite", "update"]

_SHOWN: Final = 3
_CONFLICTS: Final = """\
What to do if the file already exists: add a number to the name (rename), download nothing (skip), replace it
(overwrite), or replace it if it is of the same project: --keep-old N keeps N earlier ones (update).
[default: {default}]"""


@attrs.frozen
class MapFile:
    """A table with a row for each project, and a field in each column.

    Attributes:
        name: What messages call it.
        columns: The titles of its columns.
        rows: The fields of each project, by id.
    """

    name: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]


@attrs.frozen(kw_only=True)
class Filing:
    """What a command was told about the names of files.

    Attributes:
        on_conflict: What to do with files that already exist.
        keep_old: How many earlier versions of each file to keep; ``None`` leaves those that are there.
        naming: The template of names; ``None`` for the projects' names.
        map_file: More fields for the template.
        is_given: Whether any of these options was given.
    """

    on_conflict: Conflict = "rename"
    keep_old: int | None = None
    naming: str | None = None
    map_file: MapFile | None = None
    is_given: bool = False

    def settings(self, project_id: ProjectId) -> dict[str, Any]:
        """Return the keyword arguments of ``client.projects.download`` for a project."""
        fields = None
        if self.map_file is not None:
            empty = dict.fromkeys(self.map_file.columns, "")
            fields = {project_id: self.map_file.rows.get(str(project_id), empty)}
        return {"on_conflict": self.on_conflict, "keep_old": self.keep_old, "naming": self.naming, "fields": fields}

    def settings_for_all(self) -> dict[str, Any]:
        """Return the same for calls about many projects."""
        fields = None
        if self.map_file is not None:
            fields = {"": dict.fromkeys(self.map_file.columns, ""), **self.map_file.rows}  # it may have no rows
        return {"on_conflict": self.on_conflict, "keep_old": self.keep_old, "naming": self.naming, "fields": fields}

    def note_missing(self, ids: Iterable[str]) -> None:
        """Say once which projects have no row in the map file."""
        if self.map_file is None:
            return
        missing = [one for one in dict.fromkeys(ids) if one not in self.map_file.rows]
        if missing:
            more = len(missing) - _SHOWN
            shown = ", ".join(missing[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
            count = f"{len(missing)} {'project has' if len(missing) == 1 else 'projects have'}"
            echo_note(f"Warning: {count} no row in {self.map_file.name}, so their fields are empty: {shown}")


def _options(default: Conflict) -> tuple[Decorator, ...]:
    return (
        click.option(
            "--on-conflict",
            type=click.Choice(["rename", "skip", "overwrite", "update"]),
            help=_CONFLICTS.format(default=default).replace("\n", " "),
        ),
        click.option(
            "--keep-old",
            type=click.IntRange(0),
            metavar="N",
            help="With --on-conflict update: keep at most N earlier versions of each file, named by the date of their "
            "video; 0 removes them.  [default: keep no more, remove none]",
        ),
        click.option(
            "-o",
            "--output-name",
            "naming",
            metavar="TEMPLATE",
            help="Name the files so, below the directory: '{customer}/{name} [{id}].{lang}.{ext}'. Fields: name, id, "
            "date, saved, kind, lang, ext, and the columns of --map.",
        ),
        click.option(
            "--map",
            "map_file",
            type=click.File("rb"),
            metavar="FILE",
            help="A table (CSV, TSV, JSON lines or XLSX) with more fields for --output-name: a row for each project, a "
            "column 'id', and others.",
        ),
    )


def filing_options(default: Conflict) -> Decorator:
    """Give a command the options about the names of downloaded files, as one argument ``filing``.

    Args:
        default: What ``--on-conflict`` is if it is not given.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_filing(
            *arguments: Any,
            on_conflict: Conflict | None,
            keep_old: int | None,
            naming: str | None,
            map_file: IO[bytes] | None,
            **others: Any,
        ) -> Any:
            filing = _filing(on_conflict or default, keep_old, naming, map_file)
            given = any(one is not None for one in (on_conflict, keep_old, naming, map_file))
            return command(*arguments, filing=attrs.evolve(filing, is_given=given), **others)

        found: Callable[..., Any] = with_filing
        for option in reversed(_options(default)):
            found = option(found)
        return found

    return decorate


def _filing(on_conflict: Conflict, keep_old: int | None, naming: str | None, lines: IO[bytes] | None) -> Filing:
    """Check the options, and read the map file.

    Raises:
        click.UsageError: They do not fit each other.
        SettingError: The map file cannot be used.
        PictoryConfigError: The template cannot work.
    """
    if keep_old is not None and on_conflict != "update":
        raise click.UsageError("--keep-old needs --on-conflict update.")
    if naming is None and lines is not None:
        raise click.UsageError("--map needs --output-name TEMPLATE, which names its columns.")
    map_file = None if lines is None else read_map(lines)
    if naming is not None:
        check_naming(naming, () if map_file is None else map_file.columns)
    return Filing(on_conflict=on_conflict, keep_old=keep_old, naming=naming, map_file=map_file)


def read_map(lines: IO[bytes]) -> MapFile:
    """Read a map file: a table of any kind that `read_rows` reads.

    Raises:
        SettingError: It has no column of ids, two of one title, two rows of one id, or is no table.
    """
    table = read_rows(lines, ["id"], any_case=True)
    if "id" not in table.columns:
        raise SettingError(f"{table.name}: there is no column 'id'. The first line has the titles of the columns.")
    rows: dict[str, Mapping[str, str]] = {}
    for row in table.rows:
        one = row.values["id"]
        if not one:
            raise SettingError(f"{table.where(row)}: there is no id.")
        if one in rows:
            raise SettingError(f"{table.where(row)}: the id {printable(one)} is there twice.")
        rows[one] = row.values
    return MapFile(table.name, table.columns, rows)
