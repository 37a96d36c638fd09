"""`pictory compare`: compare the settings of projects, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pictory_async import compare_projects
from pictory_async.cli._fetching import fetch_or_exit, get_project
from pictory_async.cli._options import base_url_option, json_option
from pictory_async.cli._selecting import Choice, selection_options
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import echo_json, out_is_terminal

if TYPE_CHECKING:
    from pictory_async import Project, ProjectComparison

__all__ = ["command"]

_FEWEST = 2


@click.command("compare")
@selection_options(takes_all=False)
@click.option("--all", "everything", is_flag=True, help="Show all settings, not only those that differ.")
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@base_url_option
@json_option("Print one JSON object with all settings.")
def command(*, choice: Choice, everything: bool, markdown: bool, base_url: str | None, as_json: bool) -> None:
    """Compare the settings of projects.

    Shows the settings that differ. --all shows every setting and marks those that differ. Piped output is one line per
    setting, with tabs between its name and its values; the first line names the projects.
    """
    if markdown and as_json:
        raise click.UsageError("Choose one of --markdown and --json.")
    wanted = choice.find_any(base_url)
    if len(wanted) < _FEWEST:
        raise click.UsageError("A comparison needs at least two projects.")
    form = "json" if as_json else "markdown" if markdown else "table"
    _print(fetch_or_exit(base_url, wanted, get_project, "project", as_json=as_json), form, everything=everything)


def _print(projects: list[Project], form: str, *, everything: bool) -> None:
    comparison = compare_projects(projects)
    if form == "json":
        echo_json(comparison.to_dict())
    elif form == "markdown":
        click.echo(comparison.to_markdown(differing_only=not everything), nl=False)
    else:
        _print_table(comparison, everything=everything)


def _print_table(comparison: ProjectComparison, *, everything: bool) -> None:
    settings = comparison.settings if everything else comparison.differing
    rows = [
        [_marked(label) if everything and setting.differs else label, *values]
        for setting, (label, *values) in zip(settings, comparison.rows(differing_only=not everything), strict=True)
    ]
    if rows or not out_is_terminal():
        echo_table(comparison.header, rows, header=True)
    if out_is_terminal():
        differing, count = len(comparison.differing), len(comparison.settings)
        click.echo(f"{differing} of {count} settings differ." if differing else f"All {count} settings are the same.")


def _marked(label: str) -> Text:
    return Text(f"≠ {label}", style="bold yellow")
