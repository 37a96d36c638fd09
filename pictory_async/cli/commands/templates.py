"""`pictory templates` and `pictory template`: the list of templates, and their details."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pictory_async.cli._fetching import get_template, print_details
from pictory_async.cli._listing import print_list
from pictory_async.cli._options import base_url_option, ids_argument, json_option, limit_option
from pictory_async.cli.display.text import as_text

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
    return [as_text(item.id), as_text(item.name), as_text(item.language), _state(item)]


def _detailed_row(item: Template) -> Sequence[Cell]:
    return [*_row(item), as_text(item.schema_version), str(len(item.scenes)), as_text(", ".join(item.variables))]


@click.command("templates")
@click.option("--details", is_flag=True, help="Fetch each template, and show its schema, scenes and variables too.")
@limit_option
@base_url_option
@json_option("Print each template as the API sent it, as a JSON document.")
def list_command(*, details: bool, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the templates.

    Piped output is one line per template, with tabs between id, name, language and state; with --details also schema,
    number of scenes and names of variables.
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
    return [(name, text) for name, value in named if (text := as_text(value))]


@click.command("template")
@ids_argument
@base_url_option
@json_option("Print each template as the API sent it, with its id, as a JSON document.")
def show_command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show templates as they are now.

    Templates are fetched concurrently. If one cannot be fetched, the error is reported, and the exit code is 1.
    """
    print_details(base_url, ids, get_template, None if as_json else _facts, "template")
