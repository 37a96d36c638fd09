"""`pictory variables`: show the variables of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pictory_async import template_variables
from pictory_async.cli._fetching import get_template, print_each
from pictory_async.cli._options import base_url_option, ids_argument, json_option
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import as_text, echo_json, echo_note, out_is_terminal, template_title
from pictory_async.insight._text import Gap

if TYPE_CHECKING:
    from pictory_async import Template, TemplateVariables
    from pictory_async.cli.display.table import Cell

__all__ = ["command"]

_COLUMNS = ("variable", "default", "state", "used in")


def _rows(variables: TemplateVariables) -> list[list[Cell]]:
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
        [
            as_text(name),
            as_text(defaults.get(name)),
            state(name),
            "; ".join(map(str, variables.used.get(name.strip(), ()))),
        ]
        for name in dict.fromkeys([*defaults, *variables.undeclared])
    ]


@click.command("variables", short_help="Show the variables of templates, and where they are used.")
@ids_argument
@base_url_option
@json_option("Print a JSON document for each template.")
def command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show the variables of templates: those that are declared, and those that are used.

    A variable is unknown if no text uses it that could be read. What could not be read is named on standard error.

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
        if variables.unreadable and not as_json:
            echo_note(f"Template {template.id!r}: {', '.join(variables.unreadable)} could not be read.")

    print_each(
        base_url,
        ids,
        get_template,
        show,
        apart=not as_json and out_is_terminal(),
        noun="template",
        json_id="template_id" if as_json else None,
    )
