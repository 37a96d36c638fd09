"""`pictory templates` and `pictory template`: the list of templates, and their details."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pictory_async.cli._fetching import get_template, print_snapshots
from pictory_async.cli._listing import print_list
from pictory_async.cli._options import as_json, base_url, given_ids, listed
from pictory_async.cli.display.text import shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pictory_async import AsyncPictory, Template
    from pictory_async.cli.display.table import Cell
    from pictory_async.cli.display.text import Facts
    from pictory_async.models import TemplateItem

__all__ = ["list_command", "show_command"]

_COLUMNS = ("id", "name", "language", "state")


def _all(client: AsyncPictory) -> AsyncIterator[TemplateItem]:
    return aiter(client.templates.list())


def _all_detailed(client: AsyncPictory) -> AsyncIterator[Template]:
    return client.templates.list(details=True)


def _state(item: TemplateItem | Template) -> Text:
    if item.deprecated:
        return Text("deprecated", style="yellow")
    if item.published is None:
        return Text("unknown", style="dim")
    return Text("published", style="green") if item.published else Text("not published", style="red")


def _row(item: TemplateItem | Template) -> list[Cell]:
    return [shown(item.id), shown(item.name), shown(item.language), _state(item)]


def _detailed_row(item: Template) -> Sequence[Cell]:
    return [*_row(item), shown(item.schema_version), str(len(item.scenes)), shown(", ".join(item.variables))]


@click.command("templates")
@click.option("--details", is_flag=True, help="Fetch each template: its schema, scenes and variables too.")
@listed
@base_url
@as_json("Print each template as the API sent it, a JSON document each.")
def list_command(*, details: bool, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the templates.

    Where nobody looks at a terminal, each one is a line with tabs between id, name, language and state, and with
    --details also schema, number of scenes and names of variables.
    """
    if details:
        columns = (*_COLUMNS, "schema", "scenes", "variables")
        print_list(base_url, _all_detailed, limit, columns, None if as_json else _detailed_row, spare=(4, 2))
    else:
        print_list(base_url, _all, limit, _COLUMNS, None if as_json else _row, spare=(2,))


def _voices(template: Template) -> str | None:
    voices = template.voice_over
    if voices is None or voices.enabled is None:
        return None
    return ", ".join(voice.speaker or "?" for voice in voices.ai_voices) if voices.enabled else "none"


def _facts(template: Template) -> Facts:
    music = template.background_music
    named: list[tuple[str, object]] = [
        ("id", template.id),
        ("name", template.name),
        ("language", template.language),
        ("published", template.published),
        ("deprecated", template.deprecated),
        ("schema", template.schema_version),
        ("scenes", len(template.scenes)),
        ("placeholders", ", ".join(template.placeholders)),
        ("variables", ", ".join(f"{name}={value}" for name, value in template.variables.items())),
        ("music", None if music is None else music.enabled),
        ("voices", _voices(template)),
        ("project file", template.project_url),
        ("structure file", template.structure_url),
    ]
    return [(name, text) for name, value in named if (text := shown(value))]


@click.command("template")
@given_ids
@base_url
@as_json("Print the body as the API sent it; several ids give one JSON document each.")
def show_command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show templates as they are now.

    Several are fetched at once. One that cannot be fetched is reported, and the exit code is then 1.
    """
    print_snapshots(base_url, ids, get_template, None if as_json else _facts)
