"""`pictory open`: watch a video in the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pictory_async.cli._client import open_client, run
from pictory_async.cli._exit_codes import NotRenderedError
from pictory_async.cli._input import collect_ids
from pictory_async.cli._options import base_url_option
from pictory_async.cli._page_options import open_in_browser
from pictory_async.cli.display.text import one_line, out_is_terminal

if TYPE_CHECKING:
    from pictory_async import Project

__all__ = ["command"]


@click.command("open", short_help="Watch the video of a project in the browser.")
@click.argument("project_id", metavar="ID")
@base_url_option
def command(*, project_id: str, base_url: str | None) -> None:
    """Open the public page of a project's video in the browser.

    ID is the project's id, or the address of one of its pages. In a pipe, in CI and where there is no browser, the
    address of the page is printed instead.
    """
    (found,) = collect_ids([project_id])
    _show(run(lambda: _fetch(base_url, found)), found)


def _show(project: Project, project_id: str) -> None:
    page = one_line(project.share_video_url or "")
    if not page.startswith(("https://", "http://")):
        raise NotRenderedError(f"Project {project_id!r} has no video to open: it was not rendered yet.")
    if not (out_is_terminal() and open_in_browser(page)):
        click.echo(page)


async def _fetch(base_url: str | None, project_id: str) -> Project:
    async with open_client(base_url) as client:
        return await client.projects.get(project_id)
