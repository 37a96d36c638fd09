"""`pictory report`: report the details of projects, as text, as JSON, or as a web page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import click

from pictory_async import Project, project_report, project_report_html, write_html_report, write_report
from pictory_async.cli._client import fetch_all, run
from pictory_async.cli._exit_codes import report_error, worst_code
from pictory_async.cli._fetching import get_project
from pictory_async.cli._options import base_url_option, collect_ids, ids_argument, json_option
from pictory_async.cli.display.text import as_text, echo_facts, echo_json

if TYPE_CHECKING:
    from pictory_async.cli.display.text import Facts

__all__ = ["command"]

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")
_CAPITAL: Final = re.compile(r"(?<=[a-z])([A-Z])")


@click.command("report")
@ids_argument
@click.option("--html", is_flag=True, help="Make one web page for all projects, with pictures and a timeline.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE, completely or not at all: JSON, or a web page if the name ends with .html. "
    "The JSON of several projects goes to a directory, one file per project.",
)
@base_url_option
@json_option("Print each report as a JSON document; with --output, one object with the names of the files.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    ids: tuple[str, ...],
    html: bool,
    output: Path | None,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Report the details of projects.

    Projects are fetched concurrently. If one cannot be fetched, the error is reported, the others are still printed,
    and the exit code is 1.
    """
    if html and as_json and output is None:
        raise click.UsageError("Choose one of --html and --json, or name a file for the page with --output.")
    wanted = collect_ids(ids)
    form = "html" if html else "json" if as_json else "text"
    ctx.exit(_output(run(lambda: fetch_all(base_url, wanted, get_project)), form, output, as_json=as_json))


def _output(found: list[Project | Exception], form: str, output: Path | None, *, as_json: bool) -> int:
    code = worst_code(*[report_error(one) for one in found if isinstance(one, Exception)])
    projects = [one for one in found if isinstance(one, Project)]
    if projects and output is not None:
        html = form == "html" or output.suffix.lower() in {".html", ".htm"}
        _print_paths(run(lambda: _write(projects, output, html=html, several=len(found) > 1)), as_json=as_json)
    elif projects and form == "html":
        click.echo(project_report_html(projects), nl=False)
    else:
        _print(projects, as_json=as_json)
    return code


async def _write(projects: list[Project], output: Path, *, html: bool, several: bool) -> list[Path]:
    directory = anyio.Path(output)
    if html:
        return [await write_html_report(projects, output)]
    if not several and not await directory.is_dir():
        return [await write_report(projects[0], output)]
    await directory.mkdir(parents=True, exist_ok=True)
    names = [f"{_UNSAFE.sub('_', str(project.id))}.json" for project in projects]
    return [await write_report(project, output / name) for project, name in zip(projects, names, strict=True)]


def _print_paths(paths: list[Path], *, as_json: bool) -> None:
    if as_json:
        echo_json({"files": [str(path) for path in paths]})
        return
    for path in paths:
        click.echo(f"Written: {as_text(path)}")


def _print(projects: list[Project], *, as_json: bool) -> None:
    for number, project in enumerate(projects):
        report = project_report(project)
        if as_json:
            echo_json(report)
            continue
        if number:
            click.echo()
        echo_facts(_facts(report))


def _facts(report: dict[str, Any], inside: str = "") -> Facts:
    facts: Facts = []
    for key, value in report.items():
        name = _CAPITAL.sub(r" \1", key).lower()
        if isinstance(value, dict):
            # The names inside a group are clear without its name, except for subtitles.
            facts += _facts(cast("dict[str, Any]", value), "subtitles " if key == "subtitles" else "")
        elif text := as_text(value):
            facts.append((f"{inside}{name}", text))
    return facts
