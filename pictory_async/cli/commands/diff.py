"""`pictory diff`: show what changed between two versions of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from pictory_async import compare_templates
from pictory_async.cli._fetching import fetch_or_exit, get_template
from pictory_async.cli._options import base_url_option, collect_ids, json_option
from pictory_async.cli.display.text import echo_json, echo_lines, one_line, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pictory_async import Template, TemplateDiff

__all__ = ["command"]

_STYLES: Final = {"added": ("+", "green"), "removed": ("-", "red"), "moved": ("↕", "cyan")}
_CHANGED: Final = ("~", "yellow")


@click.command("diff", short_help="Show what changed between two versions of a template.")
@click.argument("old", metavar="OLD_ID")
@click.argument("new", metavar="NEW_ID")
@base_url_option
@json_option("Print one JSON object.")
def command(*, old: str, new: str, base_url: str | None, as_json: bool) -> None:
    """Show what changed from one version of a template to another, down to the texts of a scene.

    Ids that differ only because a version was exported again are ignored. Prints a line for each change. If nothing
    changed, piped output is empty.
    """
    collect_ids((old, new))  # refuses what cannot be one
    _print(fetch_or_exit(base_url, [old, new], get_template, "template", as_json=as_json), as_json=as_json)


def _print(both: list[Template], *, as_json: bool) -> None:
    found = compare_templates(*both)
    if as_json:
        echo_json(found.to_dict())
    elif out_is_terminal():
        echo_lines(_colored(found))
    else:
        for line in found.lines():
            click.echo(one_line(line))


def _colored(found: TemplateDiff) -> list[Text]:
    if found.is_empty:
        return [Text("Nothing changed.")]
    lines = zip(_kinds(found), found.lines(), strict=True)
    return [Text(f"{sign} {one_line(line)}", style=style) for (sign, style), line in lines]


def _kinds(found: TemplateDiff) -> Iterator[tuple[str, str]]:
    """Return the sign and the colour for each line of a comparison."""
    # In the order of `TemplateDiff.lines`.
    kinds = ["" for _ in found.properties]
    kinds += [variable.kind.value for variable in found.variables]
    kinds += ["removed" for _ in found.removed] + ["added" for _ in found.added]
    for match in found.matches:
        kinds += ["moved"] if match.moved else []
        kinds += [change.kind.value for change in match.changes]
    kinds += ["" for _ in found.lines()[len(kinds) :]]  # what could not be read, or not be compared
    return (_STYLES.get(kind, _CHANGED) for kind in kinds)
