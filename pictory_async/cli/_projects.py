"""`pictory projects`: the list of projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pictory_async.cli._listed import print_list
from pictory_async.cli._options import as_json, base_url, listed
from pictory_async.cli._text import shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pictory_async import AsyncPictory
    from pictory_async.models import ProjectItem

__all__ = ["command"]

_COLUMNS = ("id", "name", "source", "schema", "saved (UTC)")


def _all(client: AsyncPictory) -> AsyncIterator[ProjectItem]:
    return aiter(client.projects.list())


def _row(item: ProjectItem) -> list[str]:
    saved = "" if item.saved_at is None else f"{item.saved_at:%Y-%m-%d %H:%M:%S}"
    return [*map(shown, (item.id, item.name, item.source, item.schema_version)), saved]


@click.command("projects")
@listed
@base_url
@as_json("Print each project's entry as the API sent it, a JSON document each.")
def command(*, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the projects.

    The list does not tell whether a video is there: 'pictory project ID...' does. Where nobody looks at a terminal,
    each project is a line with tabs between id, name, source, schema and time of the last saving.
    """
    print_list(base_url, _all, limit, _COLUMNS, None if as_json else _row, spare=(3, 2))
