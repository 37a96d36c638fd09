"""`pictory diff`: show what changed between two versions of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from pictory_async import TemplateSnapshot, compare_templates
from pictory_async.cli._client import run
from pictory_async.cli._fetching import fetch_or_exit, get_template
from pictory_async.cli._options import backup_option, base_url_option, collect_ids, json_option, to_time
from pictory_async.cli.display.text import echo_json, echo_lines, one_line, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pictory_async import Template, TemplateDiff

__all__ = ["command"]

_STYLES: Final = {"added": ("+", "green"), "removed": ("-", "red"), "moved": ("↕", "cyan")}
_CHANGED: Final = ("~", "yellow")


@click.command("diff", short_help="Show what changed between two versions of a template.")
@click.argument("ids", nargs=-1, required=True, metavar="OLD_ID NEW_ID")
@backup_option("Compare the template ID as it is in the newest snapshot in DIR with what it is now.")
@click.option(
    "--at",
    type=to_time,
    metavar="DATE",
    help="With --backup, take the newest snapshot until then: 2026-01-31T12:00:00Z",
)
@base_url_option
@json_option("Print one JSON object.")
def command(
    *, ids: tuple[str, ...], backup: Path | None, at: datetime | None, base_url: str | None, as_json: bool
) -> None:
    """Show what changed from one version of a template to another, down to the texts of a scene.

    Ids that differ only because a version was exported again are ignored. Prints a line for each change. If nothing
    changed, piped output is empty. With --backup, the older version is that of a snapshot: give one id.
    """
    ids = tuple(collect_ids([one], noun="template")[0] for one in ids)
    if len(ids) != (2 if backup is None else 1):
        raise click.UsageError("Give two ids, or one id and --backup.")
    if at is not None and backup is None:
        raise click.UsageError("--at is for --backup.")
    if backup is None:
        _print(fetch_or_exit(base_url, ids, get_template, "template", as_json=as_json), as_json=as_json)
    else:
        _print_since(run(lambda: _load(backup, at, ids[0])), base_url, ids, as_json=as_json)


async def _load(backup: Path, at: datetime | None, template_id: str) -> Template:
    return await (await TemplateSnapshot.find(backup, at=at)).load(template_id)


def _print_since(old: Template, base_url: str | None, ids: tuple[str, ...], *, as_json: bool) -> None:
    _print([old, *fetch_or_exit(base_url, ids, get_template, "template", as_json=as_json)], as_json=as_json)


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
