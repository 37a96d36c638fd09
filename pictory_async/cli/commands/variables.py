"""`pictory variables`: show the variables of templates, or make a sheet to fill in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
import click
from rich.text import Text

from pictory_async import Template, TemplateVariables, template_variables
from pictory_async.cli._batch import Batch, run_batch
from pictory_async.cli._fetching import get_template
from pictory_async.cli._listing import all_templates
from pictory_async.cli._options import base_url_option, collect_ids, json_option
from pictory_async.cli._selecting import name_option
from pictory_async.cli._tables import Column, Sheet, Table, open_sheet, table_options
from pictory_async.cli.display.table import Cell, echo_table
from pictory_async.cli.display.text import as_text, echo_note, out_is_terminal, template_title
from pictory_async.insight._text import Gap

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["command"]


@attrs.frozen
class _Row:
    """One variable of a template.

    Attributes:
        template: The template's id.
        name: The name of the variable.
        default: Its default value; ``None`` if the template declares none.
        state: Whether it is used.
        places: Where it is used.
    """

    template: str
    name: str
    default: object
    state: Text
    places: str


_TABLE: Final[Table[_Row]] = Table(
    "variables",
    (
        Column("template", lambda row: row.template, whole=True),
        Column("variable", lambda row: row.name),
        Column("default", lambda row: row.default),
        Column("state", lambda row: row.state.plain, lambda row: row.state),
        Column("places", lambda row: row.places),
    ),
)


@attrs.frozen
class _Filled:
    """A template to be filled in.

    Attributes:
        template: The template.
        defaults: The default of each variable that it declares or uses.
    """

    template: Template
    defaults: dict[str, object]


_FILLED: Final[Table[_Filled]] = Table(
    "variables",
    (Column("template", lambda row: row.template.id, whole=True), Column("name", lambda row: row.template.name)),
)


def _rows(template: Template, variables: TemplateVariables) -> list[_Row]:
    defaults: dict[str, object] = {**variables.declared}
    if variables.has_unread_declarations:
        defaults = dict.fromkeys(variables.used, Gap.UNREADABLE)
    undeclared, not_found = frozenset(variables.undeclared), frozenset(variables.not_found)
    missing = Text("unknown", style="dim") if variables.has_unread_texts else Text("unused", style="yellow")

    def state(name: str) -> Text:
        if name in undeclared:
            return Text("undeclared", style="red")
        return missing if name in not_found else Text("used", style="green")

    return [
        _Row(
            template.id,
            name,
            defaults.get(name),
            state(name),
            "; ".join(map(str, variables.used.get(name.strip(), ()))),
        )
        for name in dict.fromkeys([*defaults, *variables.undeclared])
    ]


@click.command("variables", short_help="Show the variables of templates, and where they are used.")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All templates of the account.")
@name_option("templates")
@click.option(
    "--sheet",
    "fills",
    is_flag=True,
    help="Make a sheet to fill in: a row for each template, a column for each variable, and in it the default values.",
)
@table_options
@base_url_option
@json_option("Print a JSON document for each template.")
def command(
    *,
    ids: tuple[str, ...],
    everything: bool,
    name_pattern: str | None,
    fills: bool,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Show the variables of templates: those that are declared, and those that are used.

    A variable is unknown if no text uses it that could be read. What could not be read is named on standard error.

    Piped output is one line per variable, with tabs between the template's id, the variable's name, its default, its
    state and the places that use it. With --sheet, it is one line per template, below a line with the names.
    """
    if (everything or name_pattern is not None) == bool(ids):
        raise click.UsageError("Give either ids, or --all or --name.")
    table: Table[Any] = _FILLED if fills else _TABLE
    sheet = open_sheet(table, as_json=as_json, grows=fills)
    wanted = collect_ids(ids, noun="template") if ids else all_templates(base_url, name_pattern)
    filled: list[Template] = []
    show = filled.append
    if sheet.is_json:
        show = partial(_print_filled if fills else _print_json, sheet)
    elif not fills:
        show = _printer(sheet)
    json_id = "template_id" if sheet.is_json else None
    batch = Batch(ids=wanted, get=get_template, show=show, noun="template", json_id=json_id)
    click.get_current_context().exit(_end(run_batch(base_url, batch), sheet, filled if fills else None))


def _end(code: int, sheet: Sheet[Any], filled: list[Template] | None) -> int:
    if filled is not None:
        _fill(sheet, filled)
    return code


def _print_json(sheet: Sheet[_Row], template: Template) -> None:
    sheet.document({"template_id": template.id, **template_variables(template).to_dict()})


def _printer(sheet: Sheet[_Row]) -> Callable[[Template], None]:
    printed = 0
    by_template = sheet.is_default and out_is_terminal()
    if by_template:
        sheet.leave()

    def show(template: Template) -> None:
        nonlocal printed
        variables = template_variables(template)
        rows = _rows(template, variables)
        if by_template:
            if printed:
                click.echo()
            texts: list[list[Cell]] = [[as_text(row.name), as_text(row.default), row.state, row.places] for row in rows]
            echo_table([column.name for column in _TABLE.columns[1:]], texts, title=template_title(template))
        else:
            for row in rows:
                sheet.add(row)
        printed += 1
        if variables.unreadable:
            echo_note(f"Template {template.id!r}: {', '.join(variables.unreadable)} could not be read.")

    return show


def _defaults(template: Template) -> dict[str, object]:
    """Return the default of each variable that a template declares or uses."""
    variables = template_variables(template)
    return {**dict.fromkeys(variables.undeclared), **variables.declared}


def _print_filled(sheet: Sheet[_Filled], template: Template) -> None:
    sheet.document({"template_id": template.id, "name": template.name, "variables": _defaults(template)})


def _fill(sheet: Sheet[_Filled], templates: list[Template]) -> None:
    rows = [_Filled(template, _defaults(template)) for template in templates]
    names = dict.fromkeys(name for row in rows for name in row.defaults)
    sheet.grow([Column(name, partial(_default, name)) for name in names])
    for row in rows:
        sheet.add(row)


def _default(name: str, row: _Filled) -> object:
    return row.defaults.get(name)
