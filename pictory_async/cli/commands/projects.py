"""`pictory projects` and `pictory project`: the list of projects, and their details."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pictory_async.cli._fetching import get_project, print_details
from pictory_async.cli._listing import print_list
from pictory_async.cli._options import base_url_option, ids_argument, json_option, limit_option
from pictory_async.cli.display.text import as_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pictory_async import AsyncPictory, Project
    from pictory_async.cli.display.text import Facts
    from pictory_async.models import ProjectItem

__all__ = ["list_command", "show_command"]

_COLUMNS = ("id", "name", "source", "schema", "saved (UTC)")


def _all(client: AsyncPictory) -> AsyncIterator[ProjectItem]:
    return aiter(client.projects.list())


def _row(item: ProjectItem) -> list[str]:
    saved = "" if item.saved_at is None else f"{item.saved_at:%Y-%m-%d %H:%M:%S}"
    return [*map(as_text, (item.id, item.name, item.source, item.schema_version)), saved]


@click.command("projects")
@limit_option
@base_url_option
@json_option("Print each list entry as the API sent it, as a JSON document.")
def list_command(*, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the projects.

    The list does not show whether there is a video: use 'pictory project ID...'. Piped output is one line per project,
    with tabs between id, name, source, schema and the time of the last save.
    """
    print_list(base_url, _all, limit, _COLUMNS, None if as_json else _row, spare=(3, 2))


def _state(project: Project) -> str:
    if project.is_rendering:
        return "rendering"
    if not project.is_rendered:
        return "no video"
    return "rendered, and changed since" if project.is_outdated else "rendered"


def _facts(project: Project) -> Facts:
    duration = None if project.duration is None else f"{project.duration:g} s"
    named: list[tuple[str, object]] = [
        ("id", project.id),
        ("name", project.name),
        ("state", _state(project)),
        ("step", project.step),
        ("source", project.source),
        ("layout", project.layout),
        ("language", project.language),
        ("duration", duration),
        ("scenes", len(project.scenes) or None),
        ("schema", project.schema_version),
        ("saved", project.saved_at),
        ("generated", project.generated_at),
        *project.assets.items(),
    ]
    return [(name, text) for name, value in named if (text := as_text(value))]


@click.command("project")
@ids_argument
@base_url_option
@json_option("Print each project as the API sent it, with its id, as a JSON document.")
def show_command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show projects as they are now.

    Projects are fetched concurrently. If one cannot be fetched, the error is reported, and the exit code is 1.
    """
    print_details(base_url, ids, get_project, None if as_json else _facts, "project")
