"""`pictory share`: print the links to the public pages of videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.text import Text

from pictory_async.cli._exit_codes import CommandError
from pictory_async.cli._fetching import print_each
from pictory_async.cli._options import (
    base_url_option,
    collect_ids,
    ids_argument,
    json_option,
    wait_options,
    wait_settings,
)
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import echo_json, one_line

if TYPE_CHECKING:
    from pictory_async import AsyncPictory

__all__ = ["command"]

_EPILOG: Final = """\
\b
Exit codes: 0 all are printed, 1 a project has no page or could not be fetched,
2 wrong usage; with --wait also 3 one is not rendered, 4 --max-wait is over.
"""


@attrs.frozen
class _Link:
    project_id: str
    url: str


@click.command("share", epilog=_EPILOG, short_help="Print the links to the public pages of videos.")
@ids_argument
@click.option("--wait", is_flag=True, help="Wait for projects that are not rendered yet.")
@wait_options
@base_url_option
@json_option("Print a JSON document for each project.")
def command(
    *, ids: tuple[str, ...], wait: bool, max_wait: float, interval: float, base_url: str | None, as_json: bool
) -> None:
    """Print the links to the public pages of videos: anybody with the link can watch.

    For one project, only the link is printed. For several, each line is the id, a tab and the link.
    """
    wanted = collect_ids(ids)
    settings = {"wait": True, **wait_settings(max_wait, interval)} if wait else {}
    done = 0

    async def get(client: AsyncPictory, project_id: str) -> _Link:
        nonlocal done
        url = await client.projects.share_link(project_id, **settings)
        done += 1
        if url:
            return _Link(project_id, url)
        hint = "" if wait else " Render it, or wait for its render with --wait."
        raise CommandError(f"Project {project_id!r} has no page to share.{hint}")

    def show(link: _Link) -> None:
        url = one_line(link.url)
        if as_json:
            echo_json({"project_id": link.project_id, "share_url": link.url})
        else:
            click.echo(url if len(wanted) == 1 else f"{link.project_id}\t{url}")

    def line() -> str:
        return f"{done} of {len(wanted)} done"

    during = live_display(lambda _: Text(f"Waiting for projects: {line()}", style="bold"), line) if wait else None
    print_each(base_url, ids, get, show, during=during, json_id="project_id" if as_json else None)
