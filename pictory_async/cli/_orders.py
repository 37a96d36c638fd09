"""Videos from a template and a table: a request for each row, and everything that is wrong with them at once."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import attrs

from pictory_async import Template, VideoOrder
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._rows import Row, all_of
from pictory_async.cli.display.text import printable
from pictory_async.errors import PictoryConfigError
from pictory_async.insight import template_variables
from pictory_async.video import VideoRequest
from pictory_async.video._request import filled, has_stray_brace, holes_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pictory_async import Project
    from pictory_async.cli._rows import Rows

__all__ = ["Order", "Orders", "orders_of"]

_PUNCTUATION: Final = re.compile(r"[\W_]+")
_VARIABLE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_WORDS_PER_SECOND: Final = 2.5


@attrs.frozen
class Order:
    """The video of one row.

    Attributes:
        row: The row.
        order: What to make.
    """

    row: Row
    order: VideoOrder

    @property
    def name(self) -> str:
        """The name of the video."""
        return str(self.order.request.video_name or "")


@attrs.frozen
class Orders:
    """The videos of a table.

    Attributes:
        rows: One for each row.
        warnings: What is surprising, as sentences.
    """

    rows: tuple[Order, ...]
    warnings: tuple[str, ...]


def orders_of(table: Rows, source: Template | Project, name: str, key: str | None, limit: int | None) -> Orders:
    """Make a request for each row.

    Args:
        table: The table.
        source: The template, or a project that serves as one.
        name: What the videos are called: ``{Column}`` stands for a value of the row.
        key: The column that identifies a row; ``None`` if its values do.
        limit: How many rows count, from the first on; ``None`` for all.

    Raises:
        SettingError: Something is wrong. The text has all of it, with the numbers of the rows.
    """
    rows = table.rows[:limit]
    wanted = _variables_of(source)
    wrong = [*_missing_columns(table, wanted, name, key)]
    if not wrong:
        wrong += [*_empty_cells(table, rows, table.columns if wanted is None else wanted, name, key)]
        same = "makes a video of the same name as"
        wrong += [*_twice(table, rows, lambda row: filled(name, row.values), same, like=_letters_of)]
        if key is not None:
            wrong += [*_twice(table, rows, lambda row: row.values[key], f"has the same {key} as")]
    if not rows:
        wrong.append(f"{table.name} has no rows.")
    if wrong:
        raise SettingError(all_of(wrong))
    orders = [_order(row, source, wanted, name, key) for row in rows]
    wrong = [*_objections(table, orders)]
    if wrong:
        raise SettingError(all_of(wrong))
    return Orders(tuple(orders), tuple(_warnings(table, orders, source, wanted, name, key)))


def _variables_of(source: Template | Project) -> tuple[str, ...] | None:
    """The variables that a template needs; ``None`` if that is not known, as of a project."""
    if not isinstance(source, Template):
        return None
    found = template_variables(source)
    return tuple(found.used)


def _missing_columns(table: Rows, wanted: Sequence[str] | None, name: str, key: str | None) -> Iterator[str]:
    columns = {*table.columns}
    there = f"Its columns are: {', '.join(map(printable, table.columns))}.{table.remark}"
    for one in wanted or ():
        if one not in columns:
            yield f"{table.name} has no column {printable(one)!r}, which the template uses. {there}"
    if not name.strip():
        yield "The name of the videos must not be empty: --name 'Hello {Name}'."
    if has_stray_brace(name):
        yield f"--name {printable(name)!r} has a brace that is not closed, not opened or empty. Write {{Column}}."
    for what, one in [*(("--name", hole) for hole in holes_in(name)), *([] if key is None else [("--key", key)])]:
        if one not in columns:
            yield f"{table.name} has no column {printable(one)!r}, which {what} has. {there}"


def _empty_cells(table: Rows, rows: Iterable[Row], wanted: Sequence[str], name: str, key: str | None) -> Iterator[str]:
    needed: list[str] = [*wanted, *holes_in(name), *([] if key is None else [key])]
    for row in rows:
        empty = [one for one in dict.fromkeys(needed) if not row.values[one]]
        if empty:
            yield f"{table.where(row)}: {', '.join(map(printable, empty))} {'is' if len(empty) == 1 else 'are'} empty."


def _twice(
    table: Rows, rows: Iterable[Row], fact: Callable[[Row], str], what: str, *, like: Callable[[str], str] = str
) -> Iterator[str]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[like(fact(row))].append(row)
    for same in found.values():
        first = fact(same[0])
        for row in same[1:]:
            text = fact(row)
            alike = "" if text == first else f" has the same letters and digits as {printable(first)!r}"
            yield f"{table.where(row)}: it {what} {table.unit} {same[0].number}: {printable(text)!r}{alike}."


def _letters_of(name: str) -> str:
    """What tells names apart: a video whose response was lost is found by the letters and digits of its name."""
    return _PUNCTUATION.sub("_", name).strip("_").casefold() or name


def _order(row: Row, source: Template | Project, wanted: Sequence[str] | None, name: str, key: str | None) -> Order:
    names = row.values if wanted is None else wanted
    values = {one: row.values[one] for one in names if one != key or wanted is not None}
    request = VideoRequest(video_name=filled(name, row.values), template_id=source.id, variables=values or None)
    order = VideoOrder(
        request,
        key=None if key is None else row.values[key],
        seconds=_seconds(source, values) if isinstance(source, Template) else None,
        fields=row.values,
    )
    return Order(row, order)


def _seconds(template: Template, values: Mapping[str, str]) -> float | None:
    """How long the texts of a template take to speak, with the values of a row."""
    texts = (subtitle.text or "" for scene in template.scenes for subtitle in scene.subtitles)
    words = sum(len(_VARIABLE.sub(lambda one: values.get(one[1], ""), text).split()) for text in texts)
    return words / _WORDS_PER_SECOND or None


def _objections(table: Rows, orders: Iterable[Order]) -> Iterator[str]:
    for one in orders:
        try:
            one.order.request.validate()
        except PictoryConfigError as error:
            yield f"{table.where(one.row)}: {error}"


def _warnings(
    table: Rows,
    orders: Sequence[Order],
    source: Template | Project,
    wanted: Sequence[str] | None,
    name: str,
    key: str | None,
) -> Iterator[str]:
    if wanted is None:
        yield f"{source.id} is a project: what variables it has is not known, so all columns are sent."
    used = {*(table.columns if wanted is None else wanted), *holes_in(name), key}
    unknown = [one for one in table.columns if one not in used]
    if unknown:
        alone = len(unknown) == 1
        text = (
            "is no variable of the template: it is not sent (file names may use it)"
            if alone
            else "are no variables of the template: they are not sent (file names may use them)"
        )
        yield f"{table.name}: {', '.join(map(printable, unknown))} {text}."
    said: defaultdict[tuple[str, str], list[Order]] = defaultdict(list)
    for one in orders:
        for finding in one.order.request.validate():
            said[finding.path, finding.message].append(one)
    for (path, message), same in said.items():
        what = {"$.videoName": f'the name "{printable(same[0].name)}"'}.get(path, path)
        more = "" if len(same) == 1 else f" and {len(same) - 1} more"
        yield f"{table.where(same[0].row)}{more}: {what} {message.removeprefix('It ')}"
