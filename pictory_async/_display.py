"""How values look in a notebook: one small table, without scripts, style sheets or anything from elsewhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ROWS: Final = 100
_MOST_ITEMS: Final = 20
_LONGEST: Final = 200
# Notebooks are light or dark, so the text has their colour, and lines are of a grey that both show.
_TABLE: Final = "border-collapse:collapse;margin:.25em 0;color:inherit;background:none;font-size:.95em"
_CELL: Final = (
    "border:1px solid rgba(128,128,128,.4);padding:.2em .6em;text-align:left;vertical-align:top;"
    "background:none;color:inherit;"
)
# Short texts stay in one line, however narrow the page is: then the table scrolls.
_SHORT: Final = "white-space:nowrap"
_LONG: Final = "white-space:normal;overflow-wrap:anywhere;min-width:14em"
_LONGEST_LINE: Final = 30
_LONGEST_LINK: Final = 50


def facts_html(title: str, facts: Iterable[tuple[str, Any]]) -> str:
    """A table with a name and a value in each row."""
    return table_html(title, (), facts)


def table_html(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], note: str = "") -> str:
    """A table with a title, whose first column names the rows. All text is escaped.

    Args:
        title: What it is about.
        header: The names of the columns; empty for none.
        rows: The values; those after the first hundred rows are counted only.
        note: A line below the table.
    """
    rows = list(rows)
    if len(rows) > MOST_ROWS:
        note = f"and {len(rows) - MOST_ROWS} more rows. {note}".strip()
    lines = [_row([_cell("th", name, "col") for name in header])] if header else []
    lines += [
        _row([_cell("th", first, "row"), *(_cell("td", value) for value in rest)]) for first, *rest in rows[:MOST_ROWS]
    ]
    below = f'<div style="opacity:.75">{_text(note)}</div>' if note else ""
    top = f"<div><strong>{_text(title)}</strong></div>"
    table = f'<table style="{_TABLE}">{"".join(lines)}</table>' if lines else ""
    return f'<div style="overflow-x:auto;max-width:100%">{top}{table}{below}</div>'


def _row(cells: list[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def _cell(name: str, value: Any, scope: str = "") -> str:
    text = _plain(value)
    if isinstance(value, str) and text == value and value.lower().startswith(("https://", "http://")):
        label = value if len(value) <= _LONGEST_LINK else f"{value[:24]}…{value[-25:]}"
        content = f'<a href="{escape(value)}" rel="noopener noreferrer" target="_blank">{escape(label)}</a>'
        short = True
    else:
        content, short = _text(text), len(text) <= _LONGEST_LINE
    kind = f' scope="{scope}"' if scope else ""
    return f'<{name}{kind} style="{_CELL}{_SHORT if short else _LONG}">{content}</{name}>'


def _plain(value: Any) -> str:
    """One value as text; of a collection, the first items."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "—"}[value]
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        rest = f", … ({len(items)})" if len(items) > _MOST_ITEMS else ""
        return ", ".join(_one_line(str(item)) for item in items[:_MOST_ITEMS]) + rest or "—"
    return _one_line(str(value))


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text[: _LONGEST * 10])


def _text(text: str) -> str:
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
