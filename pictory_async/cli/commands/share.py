"""`pictory share`: the addresses of the pages on which anybody can watch the videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import click
from rich.text import Text

from pictory_async.cli._exit_codes import Complaint
from pictory_async.cli._fetching import print_each
from pictory_async.cli._options import as_json, base_url, given_ids, patience, project_ids, timely
from pictory_async.cli.display.live import showing
from pictory_async.cli.display.text import echo_json, one_line

if TYPE_CHECKING:
    from pictory_async import AsyncPictory

__all__ = ["command"]

_EPILOG: Final = """\
\b
Exit codes: 0 all are printed, 1 a project has no such page or could not be
had; with --wait also 3 one is not rendered, 4 the time is spent.
"""


@attrs.frozen
class _Link:
    project_id: str
    url: str


@click.command("share", epilog=_EPILOG, short_help="Print the addresses where anybody can watch.")
@given_ids
@click.option("--wait", is_flag=True, help="Wait for projects that are not rendered yet.")
@patience
@base_url
@as_json("Print a JSON document for each project.")
def command(
    *, ids: tuple[str, ...], wait: bool, max_wait: float, interval: float, base_url: str | None, as_json: bool
) -> None:
    """Print the addresses of the pages on which anybody can watch the videos.

    For one project that is only the address, for several the id, a tab and the address on each line.
    """
    wanted = project_ids(ids)
    keywords = {"wait": True, **timely(max_wait, interval)} if wait else {}
    done = 0

    async def get(client: AsyncPictory, project_id: str) -> _Link:
        nonlocal done
        url = await client.projects.share_link(project_id, **keywords)
        done += 1
        if url:
            return _Link(project_id, url)
        hint = "" if wait else " Render it, or wait for its render with --wait."
        raise Complaint(f"Project {project_id!r} has no page to share.{hint}")

    def show(link: _Link) -> None:
        url = one_line(link.url)
        if as_json:
            echo_json({"project_id": link.project_id, "share_url": link.url})
        else:
            click.echo(url if len(wanted) == 1 else f"{link.project_id}\t{url}")

    def line() -> str:
        return f"{done} of {len(wanted)} done"

    during = showing(lambda _: Text(f"Waiting for projects: {line()}", style="bold"), line) if wait else None
    print_each(base_url, ids, get, show, during=during)
