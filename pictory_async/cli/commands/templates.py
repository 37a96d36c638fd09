"""`pictory templates` and `pictory template`: the list of templates, and their details."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from pictory_async.cli._fetching import get_template, print_details
from pictory_async.cli._listing import print_list
from pictory_async.cli._options import base_url_option, ids_argument, json_option, limit_option
from pictory_async.cli._selecting import matches, name_option
from pictory_async.cli._tables import Column, Table, table_options
from pictory_async.cli.display.text import as_text
from pictory_async.insight._text import Gap
from pictory_async.insight._unread import count_of, known, texts_unread, voices_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pictory_async import AsyncPictory
    from pictory_async.cli.display.text import Facts
    from pictory_async.models import Template, TemplateItem

__all__ = ["list_command", "show_command"]


async def _all(client: AsyncPictory, pattern: str | None) -> AsyncIterator[TemplateItem]:
    async for item in client.templates.list():
        if matches(pattern, item.name):
            yield item


async def _all_detailed(client: AsyncPictory, pattern: str | None) -> AsyncIterator[Template]:
    async for template in client.templates.list(details=True):
        if matches(pattern, template.name):
            yield template


def _state(item: TemplateItem | Template) -> Text:
    if item.deprecated:
        return Text("deprecated", style="yellow")
    if item.published is None or known(item, "deprecated") is Gap.UNREADABLE:
        return Text("unknown", style="dim")
    return Text("published", style="green") if item.published else Text("not published", style="red")


def _scenes(template: Template) -> int | str:
    count = count_of(template, "scenes")
    return int(count) if count.isdecimal() else count


def _variables(template: Template, text: str) -> str:
    return str(Gap.UNREADABLE) if isinstance(known(template, "_variables"), Gap) else as_text(text)


_ITEMS: Final[Table[TemplateItem | Template]] = Table(
    "templates",
    (
        Column("id", lambda item: item.id, whole=True),
        Column("name", lambda item: known(item, "name")),
        Column("language", lambda item: known(item, "language"), spare=2),
        Column("state", lambda item: _state(item).plain, _state),
    ),
)
_DETAILS: Final[Table[Template]] = Table(
    "templates",
    (
        *_ITEMS.columns,
        Column("schema", lambda item: known(item, "schema_version"), spare=1),
        Column("scenes", _scenes, lambda item: count_of(item, "scenes")),
        Column("variables", lambda item: _variables(item, ", ".join(item.variables))),
    ),
)


@click.command("templates")
@click.option("--details", is_flag=True, help="Fetch each template, and show its schema, scenes and variables too.")
@name_option("templates")
@limit_option
@table_options
@base_url_option
@json_option("Print each template as the API sent it, as a JSON document.")
def list_command(
    *, details: bool, name_pattern: str | None, limit: int | None, base_url: str | None, as_json: bool
) -> None:
    """List the templates.

    Piped output is one line per template, with tabs between id, name, language and state; with --details also schema,
    number of scenes and names of variables.
    """
    if details:
        print_list(base_url, partial(_all_detailed, pattern=name_pattern), limit, _DETAILS, as_json=as_json)
    else:
        print_list(base_url, partial(_all, pattern=name_pattern), limit, _ITEMS, as_json=as_json)


def _facts(template: Template) -> Facts:
    placeholders = ", ".join(template.placeholders)
    if texts_unread(template):
        placeholders = f"{placeholders}; some could not be read" if placeholders else Gap.UNREADABLE
    variables = ", ".join(f"{name}={value}" for name, value in template.variables.items())
    named: list[tuple[str, object]] = [
        ("id", template.id),
        ("name", known(template, "name")),
        ("language", known(template, "language")),
        ("published", known(template, "published")),
        ("deprecated", known(template, "deprecated")),
        ("schema", known(template, "schema_version")),
        ("scenes", count_of(template, "scenes")),
        ("placeholders", placeholders),
        ("variables", _variables(template, variables)),
        ("music", known(template, "background_music", "enabled")),
        ("voices", None if known(template, "voice_over", "enabled") is None else voices_of(template)),
        ("project file", known(template, "project_url")),
        ("structure file", known(template, "structure_url")),
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
