"""`pictory project`: snapshots of projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pictory_async.cli._options import as_json, base_url
from pictory_async.cli._snapshots import print_snapshots
from pictory_async.cli._text import shown

if TYPE_CHECKING:
    from pictory_async import AsyncPictory, Project
    from pictory_async.cli._text import Facts

__all__ = ["command", "get_project"]


async def get_project(client: AsyncPictory, project_id: str) -> Project:
    """Fetch one project."""
    return await client.projects.get(project_id)


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
    return [(name, text) for name, value in named if (text := shown(value))]


@click.command("project")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@base_url
@as_json("Print the body as the API sent it; several ids give one JSON document each.")
def command(*, ids: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Show projects as they are now.

    Several are fetched at once. One that cannot be fetched is reported, and the exit code is then 1.
    """
    print_snapshots(base_url, ids, get_project, None if as_json else _facts)
