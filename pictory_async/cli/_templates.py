"""`pictory templates`: the list of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pictory_async.cli._listed import print_list
from pictory_async.cli._options import as_json, base_url, listed
from pictory_async.cli._text import shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pictory_async import AsyncPictory, Template
    from pictory_async.cli._table import Cell
    from pictory_async.models import TemplateItem

__all__ = ["command"]

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
def command(*, details: bool, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the templates.

    Where nobody looks at a terminal, each one is a line with tabs between id, name, language and state, and with
    --details also schema, number of scenes and names of variables.
    """
    if details:
        columns = (*_COLUMNS, "schema", "scenes", "variables")
        print_list(base_url, _all_detailed, limit, columns, None if as_json else _detailed_row, spare=(4, 2))
    else:
        print_list(base_url, _all, limit, _COLUMNS, None if as_json else _row, spare=(2,))
