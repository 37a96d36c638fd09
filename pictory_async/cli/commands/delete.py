"""`pictory delete`: delete a project, for good."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from pictory_async.cli._client import open_client, run
from pictory_async.cli._exit_codes import DeclinedError, SettingError
from pictory_async.cli._fetching import get_project
from pictory_async.cli._options import base_url_option
from pictory_async.cli._signals import signals_as_ctrl_c
from pictory_async.cli.display.text import as_text, can_ask, echo_note

if TYPE_CHECKING:
    from pictory_async import Project

__all__ = ["command"]


@click.command("delete")
@click.argument("project_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Delete it without a question.")
@base_url_option
def command(*, project_id: str, yes: bool, base_url: str | None) -> None:
    """Delete a project and its files, for good.

    It shows the project's name and dates, and wants the name typed.
    """
    if not yes and not can_ask():
        raise SettingError(
            f"Project {project_id!r} would be deleted for good, and there is no terminal to ask on. Add --yes to do it."
        )

    async def fetch() -> Project:
        async with open_client(base_url) as client:
            return await get_project(client, project_id)

    async def delete(project: Project) -> Project:
        async with open_client(base_url) as client:
            await client.projects.delete(project.id)
        return project

    _tell(run(partial(delete, _agreed(run(fetch), yes=yes))))


def _agreed(project: Project, *, yes: bool) -> Project:
    if not yes:
        _ask(project)
    return project


def _tell(project: Project) -> None:
    echo_note(f"Deleted project {project.id}, {_name(project)!r}.")


def _name(project: Project) -> str:
    return project.name or str(project.id)


def _ask(project: Project) -> None:
    """Ask for the name of the project.

    Raises:
        click.exceptions.Exit: It was not typed.
        KeyboardInterrupt: Ctrl-C was pressed instead, or an equivalent signal came.
    """
    dates = [("saved", project.saved_at), ("video of", project.generated_at)]
    shown = ", ".join(f"{what} {as_text(date)}" for what, date in dates if date is not None)
    echo_note(f"Project {project.id}: {_name(project)!r}{f' ({shown})' if shown else ''}. It will be deleted for good.")
    try:
        with signals_as_ctrl_c() as signals:
            typed = signals.ask("Type its name to delete it: ")
    except KeyboardInterrupt:
        click.echo(err=True)
        echo_note("Interrupted. Nothing was deleted.")
        raise
    if typed != _name(project).strip():
        echo_note("That is not its name. Nothing was deleted.")
        raise DeclinedError
