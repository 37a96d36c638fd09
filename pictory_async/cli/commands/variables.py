"""`pictory variables`: show the variables of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pictory_async import template_variables
from pictory_async.cli._fetching import get_template, print_each
from pictory_async.cli._options import base_url_option, ids_argument, json_option
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import as_text, echo_json, out_is_terminal, template_title

if TYPE_CHECKING:
    from pictory_async import Template, TemplateVariables
    from pictory_async.cli.display.table import Cell

__all__ = ["command"]

_COLUMNS = ("variable", "default", "state", "used in")


def _rows(variables: TemplateVariables) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for name in dict.fromkeys([*variables.declared, *variables.used]):
        if name not in variables.declared:
            state = Text("undeclared", style="red")
        elif name not in variables.used:
            state = Text("unused", style="yellow")
        else:
            state = Text("used", style="green")
        places = "; ".join(map(str, variables.used.get(name, ())))
        rows.append([as_text(name), as_text(variables.declared.get(name)), state, places])
    return rows


@click.command("variables", short_help="Show the variables of templates, and where they are used.")
@ids_argument
@base_url_option
@json_option("Print a JSON document for each template.")
def command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show the variables of templates: those that are declared, and those that are used.

    Piped output is one line per variable, with tabs between the template's id, the variable's name, its default, its
    state and the places that use it.
    """

    def show(template: Template) -> None:
        variables = template_variables(template)
        if as_json:
            echo_json({"template_id": template.id, **variables.to_dict()})
        elif out_is_terminal():
            echo_table(_COLUMNS, _rows(variables), title=template_title(template))
        else:
            echo_table(("template", *_COLUMNS), [[template.id, *row] for row in _rows(variables)])

    print_each(
        base_url,
        ids,
        get_template,
        show,
        apart=not as_json and out_is_terminal(),
        noun="template",
        json_id="template_id" if as_json else None,
    )
