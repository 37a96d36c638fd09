"""`pictory check`: check whether videos can be made from templates."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, Final, cast

import click
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pictory_async import Severity, check_template
from pictory_async.cli._exit_codes import NOT_RENDERED, SUCCESS
from pictory_async.cli._fetching import get_template, print_each
from pictory_async.cli._input import read_text
from pictory_async.cli._options import base_url_option, ids_argument, json_option
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import echo_json, echo_lines, file_name, one_line, out_is_terminal, template_title

if TYPE_CHECKING:
    from pictory_async import Finding, Template

__all__ = ["command"]

_STYLES: Final = {
    Severity.ERROR: ("✗", "red"),
    Severity.WARNING: ("!", "yellow"),
    Severity.INFO: ("·", "dim"),
}


@click.command("check", short_help="Check whether videos can be made from templates.")
@ids_argument
@click.option("--value", "pairs", metavar="NAME=VALUE", multiple=True, help="Also check this value; can be repeated.")
@click.option(
    "--values",
    "file",
    type=click.File("rb"),
    metavar="FILE",
    help="Also check the values in a file with one JSON object; '-' is standard input. --value takes precedence.",
)
@base_url_option
@json_option("Print a JSON document for each template.")
def command(
    *, ids: tuple[str, ...], pairs: tuple[str, ...], file: IO[bytes] | None, base_url: str | None, as_json: bool
) -> None:
    """Check whether videos can be made from templates, with the given values if there are any.

    Piped output is one line per finding, with tabs between the template's id, the severity, the code, the place and the
    message.
    """
    values = None if not pairs and file is None else {**_read(file), **dict(map(_pair, pairs))}

    def show(template: Template) -> int:
        findings = check_template(template, values)
        if as_json:
            echo_json({"template_id": template.id, "findings": [finding.to_dict() for finding in findings]})
        elif out_is_terminal():
            _print(template, findings)
        else:
            echo_table(
                ("template", "severity", "code", "place", "message"),
                [[template.id, found.severity, found.code, found.place, found.message] for found in findings],
            )
        return NOT_RENDERED if any(found.severity is Severity.ERROR for found in findings) else SUCCESS

    print_each(
        base_url,
        ids,
        get_template,
        show,
        apart=not as_json and out_is_terminal(),
        noun="template",
        json_id="template_id" if as_json else None,
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter(f"{text!r} is not of the form NAME=VALUE.", param_hint="--value")
    return name.strip(), value


def _read(file: IO[bytes] | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        found: Any = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        where = f"{file_name(file)}, line {error.lineno}"
        raise click.BadParameter(f"{where}: this is not JSON ({error.msg}).", param_hint="--values") from None
    except (ValueError, RecursionError):  # numbers that are too long, and objects that are too deep
        found = None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{file_name(file)} does not contain a JSON object.", param_hint="--values")
    return cast("dict[str, Any]", found)


def _print(template: Template, findings: list[Finding]) -> None:
    grid = Table.grid(padding=(0, 0, 0, 2))
    for found in findings:
        sign, style = _STYLES[found.severity]
        text = Text.assemble(one_line(f"{found.place}: {found.message} "), (found.code, "dim"))
        grid.add_row(Text(f"{sign} {found.severity.value}", style=style), text)
    if not findings:
        grid.add_row(Text("✓ no problems", style="green"))
    echo_lines([Text(template_title(template), style="bold"), Padding(grid, (0, 0, 0, 2))])
