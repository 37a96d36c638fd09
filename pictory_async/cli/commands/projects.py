"""`pictory projects` and `pictory project`: the list of projects, and their details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from pictory_async.cli._fetching import get_project, print_details
from pictory_async.cli._listing import print_list
from pictory_async.cli._options import base_url_option, json_option, limit_option
from pictory_async.cli._selecting import Choice, Chosen, Filter, filter_options, selection_options
from pictory_async.cli._tables import Column, Table, table_options
from pictory_async.cli.display.text import as_text
from pictory_async.insight._text import Gap
from pictory_async.insight._unread import VideoState, assets_unread, count_of, known, video_state

if TYPE_CHECKING:
    from pictory_async import Project
    from pictory_async.cli.display.text import Facts

__all__ = ["list_command", "show_command"]

_TABLE: Final[Table[Chosen]] = Table(
    "projects",
    (
        Column("id", lambda row: str(row.item.id), whole=True),
        Column("name", lambda row: row.item.name),
        Column("source", lambda row: row.item.source, spare=2),
        Column("schema", lambda row: row.item.schema_version, spare=1),
        Column("saved", lambda row: row.item.saved_at, unit="UTC"),
    ),
)
_WITH_STATES: Final[Table[Chosen]] = Table("projects", (*_TABLE.columns, Column("state", lambda row: row.state)))


@click.command("projects")
@filter_options
@limit_option
@table_options
@base_url_option
@json_option("Print each list entry as the API sent it, as a JSON document; with --state also the state.")
def list_command(*, chosen: Filter, limit: int | None, base_url: str | None, as_json: bool) -> None:
    """List the projects.

    The list does not show whether there is a video: --state fetches what this machine does not know. Piped output is
    one line per project, with tabs between id, name, source, schema, the time of the last save, and with --state the
    state.
    """
    table, doing = (_WITH_STATES, lambda: chosen.progress) if chosen.states else (_TABLE, None)
    print_list(base_url, chosen.find, limit, table, as_json=as_json, doing=doing)


_STATES: Final = {
    VideoState.RENDERING: "rendering",
    VideoState.NONE: "no video",
    VideoState.SAVED_SINCE: "rendered, and saved since",
    VideoState.UNDATED: "rendered; whether it was changed since could not be read",
    VideoState.RENDERED: "rendered",
}


def _facts(project: Project) -> Facts:
    duration, scenes = known(project, "duration"), count_of(project, "scenes")
    named: list[tuple[str, object]] = [
        ("id", project.id),
        ("name", known(project, "name")),
        ("state", _STATES[video_state(project)]),
        ("step", known(project, "step")),
        ("source", known(project, "source")),
        ("layout", known(project, "layout")),
        ("language", known(project, "language")),
        ("duration", f"{duration:g} s" if isinstance(duration, int | float) else duration),
        ("scenes", None if scenes == "0" else scenes),
        ("schema", known(project, "schema_version")),
        ("saved", known(project, "saved_at")),
        ("generated", known(project, "generated_at")),
        *project.assets.items(),
        *((kind, Gap.UNREADABLE) for kind in assets_unread(project)),
    ]
    return [(name, text) for name, value in named if (text := as_text(value))]


@click.command("project")
@selection_options()
@base_url_option
@json_option("Print each project as the API sent it, with its id, as a JSON document.")
def show_command(*, choice: Choice, base_url: str | None, as_json: bool) -> None:
    """Show projects as they are now.

    Projects are fetched concurrently. If one cannot be fetched, the error is reported, and the exit code is 1.
    """
    print_details(base_url, choice.find_any(base_url), get_project, None if as_json else _facts, "project")
