"""`pictory report`: what there is to know of projects, for people, as JSON, or as a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import click

from pictory_async import Project, project_report, project_report_html, write_html_report, write_report
from pictory_async.cli._client import fetch_all, run
from pictory_async.cli._exit_codes import worst
from pictory_async.cli._fetching import complain, get_project
from pictory_async.cli._options import as_json, base_url, given_ids, project_ids
from pictory_async.cli.display.text import echo_facts, echo_json, shown

if TYPE_CHECKING:
    from pictory_async.cli.display.text import Facts

__all__ = ["command"]

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")
_CAPITAL: Final = re.compile(r"(?<=[a-z])([A-Z])")


@click.command("report")
@given_ids
@click.option("--html", is_flag=True, help="Make one HTML page of all of them, with pictures and a timeline.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to FILE, whole or not at all: as JSON, or where it ends with .html as a page. "
    "The JSON of several projects goes into a directory, one file each.",
)
@base_url
@as_json("Print each report as a JSON document; with --output, one object that names the files.")
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
    """Report on projects.

    Several are fetched at once. One that cannot be fetched is left out and reported, and the exit code is then 1.
    """
    if html and as_json and output is None:
        raise click.UsageError("Choose one of --html and --json, or say with --output where the page shall be.")
    wanted = project_ids(ids)
    form = "html" if html else "json" if as_json else "text"
    ctx.exit(_put(run(lambda: fetch_all(base_url, wanted, get_project)), form, output, as_json=as_json))


def _put(found: list[Project | Exception], form: str, output: Path | None, *, as_json: bool) -> int:
    code = worst(*[complain(one) for one in found if isinstance(one, Exception)])
    projects = [one for one in found if isinstance(one, Project)]
    if projects and output is not None:
        html = form == "html" or output.suffix.lower() in {".html", ".htm"}
        _say(run(lambda: _write(projects, output, html=html, several=len(found) > 1)), as_json=as_json)
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


def _say(paths: list[Path], *, as_json: bool) -> None:
    if as_json:
        echo_json({"files": [str(path) for path in paths]})
        return
    for path in paths:
        click.echo(f"Written: {shown(path)}")


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
            # The page's groups are wide, so that the names alone say enough; only subtitles need theirs.
            facts += _facts(cast("dict[str, Any]", value), "subtitles " if key == "subtitles" else "")
        elif text := shown(value):
            facts.append((f"{inside}{name}", text))
    return facts
