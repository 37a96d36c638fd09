"""`pictory report`: report the details of projects, as text, as JSON, or as a web page."""

from __future__ import annotations

import contextlib
import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import anyio
import attrs
import click

from pictory_async import (
    Project,
    SyncState,
    project_report,
    project_report_html,
    write_html_report,
    write_report,
)
from pictory_async.cli._ages import Ages
from pictory_async.cli._batch import Batch, run_batch
from pictory_async.cli._client import run
from pictory_async.cli._exit_codes import INTERRUPTED, SettingError
from pictory_async.cli._fetching import get_project, print_each
from pictory_async.cli._options import base_url_option, json_option
from pictory_async.cli._page_options import PageLook, open_in_browser, page_options
from pictory_async.cli._places import check_directory, check_file, names_of
from pictory_async.cli._selecting import Choice, selection_options
from pictory_async.cli._streams import surviving
from pictory_async.cli._tables import Column, Table, format_option, is_table_file, open_sheet, tables_given
from pictory_async.cli.display.text import as_text, echo_facts, echo_json

if TYPE_CHECKING:
    from collections.abc import Generator

    from pictory_async import AsyncPictory
    from pictory_async.cli.display.text import Facts

__all__ = ["command"]

_STANDARD_OUTPUT: Final = frozenset({"-", "/dev/stdout"})
_PAGES: Final = frozenset({".html", ".htm"})
_TYPE: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}")
_CAPITAL: Final = re.compile(r"(?<=[a-z])([A-Z])")


_STATES: Final = {True: SyncState.OUTDATED, False: SyncState.RENDERED, None: SyncState.UNKNOWN}


@attrs.frozen
class _Row:
    """A line about one project.

    Attributes:
        project: The project.
        is_outdated: Whether its video is outdated, also by what this machine remembers; ``None`` if it is not known.
    """

    project: Project
    is_outdated: bool | None

    @property
    def state(self) -> SyncState:
        """The state, as `--state` calls it."""
        if self.project.is_rendering:
            return SyncState.RENDERING
        return _STATES[self.is_outdated] if self.project.is_rendered else SyncState.NEVER


_TABLE: Final[Table[_Row]] = Table(
    "reports",
    (
        Column("project", lambda row: str(row.project.id), whole=True),
        Column("name", lambda row: row.project.name),
        Column("state", lambda row: row.state),
        Column("generated", lambda row: row.project.generated_at, unit="UTC"),
        Column("share", lambda row: row.project.share_video_url),
        Column("saved", lambda row: row.project.saved_at, unit="UTC", plain=False),
        Column("duration", lambda row: row.project.duration, unit="s", plain=False),
        Column("layout", lambda row: row.project.layout, plain=False),
        Column("language", lambda row: row.project.language, plain=False),
        Column("source", lambda row: row.project.source, plain=False),
        Column("schema", lambda row: row.project.schema_version, plain=False),
        Column("video", lambda row: row.project.video_url, plain=False),
    ),
)


@click.command("report")
@selection_options()
@click.option("--html", is_flag=True, help="Make one web page for all projects, with pictures and a timeline.")
@click.option(
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="Write to FILE, completely or not at all: JSON, a web page if the name ends with .html, or a table if it ends "
    "like one of --format. '-' is standard output. The JSON of several projects goes to a directory, one file per "
    "project.",
)
@page_options
@format_option
@base_url_option
@json_option("Print a JSON document for each project: its report, or with --output the name of its file.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    choice: Choice,
    html: bool,
    output: str | None,
    look: PageLook,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Report the details of projects.

    As text, as JSON, as a web page (--html), or as a table with a line for each project (--format, --columns). Projects
    are fetched concurrently. If one cannot be fetched, the error is reported, the others are still printed,
    and the exit code is 1.
    """
    if look.is_given and not html and not (output is not None and _is_page(output)):
        raise click.UsageError("--title, --logo, --brief, --no-embed and --open are about a web page: add --html.")
    if look.opens and (output is None or output in _STANDARD_OUTPUT):
        raise click.UsageError("--open needs a file for the page: name it with --output.")
    if tables_given() or (output is not None and is_table_file(output)):
        if html:
            raise click.UsageError("Choose one of --html and a table.")
        if output is not None and Path(output).suffix.lower() in {*_PAGES, ".json"}:
            raise click.UsageError(f"The name {output} promises no table. Choose another name.")
        _print_table(base_url, choice, output, as_json=as_json)
    if output in _STANDARD_OUTPUT:
        output, as_json = None, as_json or not html
    if html and as_json and output is None:
        raise click.UsageError("Choose one of --html and --json, or name a file for the page with --output.")
    wanted = choice.find_any(base_url)
    if output is None and not html:
        _print(base_url, wanted, as_json=as_json)
    if output is None or html or _is_page(output):
        ctx.exit(_make_page(base_url, wanted, output, look, as_json=as_json))
    ctx.exit(_write_files(base_url, wanted, output, as_json=as_json))


def _print_table(base_url: str | None, choice: Choice, output: str | None, *, as_json: bool) -> NoReturn:
    sheet, ages = open_sheet(_TABLE, as_json=as_json, output=output), Ages()
    click.get_current_context().call_on_close(ages.close)

    async def get(client: AsyncPictory, project_id: str) -> _Row:
        project = await get_project(client, project_id)
        if not sheet.is_json:
            await ages.see(client, project)
        return _Row(project, ages.known.get(str(project.id)))

    def show(row: _Row) -> None:
        if sheet.is_json:
            sheet.document(project_report(row.project))
        else:
            sheet.add(row)

    print_each(base_url, choice.find_any(base_url), get, show, json_id="projectId" if sheet.is_json else None)


def _is_page(output: str) -> bool:
    return Path(output).suffix.lower() in _PAGES


def _print(base_url: str | None, ids: list[str], *, as_json: bool) -> NoReturn:
    def show(project: Project) -> None:
        report = project_report(project)
        if as_json:
            echo_json(report)
        else:
            echo_facts(_facts(report))

    print_each(base_url, ids, get_project, show, apart=not as_json, json_id="projectId" if as_json else None)


def _make_page(base_url: str | None, ids: list[str], name: str | None, look: PageLook, *, as_json: bool) -> int:
    """Make one page of all projects that can be fetched, and return the exit code."""
    output = None
    if name is not None:
        _check_type(Path(name), {*_PAGES, ""})
        output = check_file(name, replaces=True)
    found: list[Project] = []
    batch = Batch(ids=ids, get=get_project, show=found.append)
    finish = functools.partial(_finish_page, batch=batch, found=found, output=output, look=look, as_json=as_json)
    return finish(_illustrated(run_batch(base_url, batch), batch, found, look, base_url))


def _illustrated(code: int, batch: Batch[Project], found: list[Project], look: PageLook, base_url: str | None) -> int:
    """Fetch the pictures, unless it is not all: a page that lacks the rest must not replace a complete one."""
    if code == INTERRUPTED or batch.stopped is not None:
        found.clear()
    if found:
        run(lambda: look.take_pictures(base_url, found))
    return code


def _finish_page(
    code: int, batch: Batch[Project], found: list[Project], output: Path | None, look: PageLook, *, as_json: bool
) -> int:
    if output is None:
        if found:
            click.echo(project_report_html(found, **look.settings), nl=False)
        return code
    paths = run(lambda: _write_page(found, output, look))
    _print_page(paths, batch, output, as_json=as_json)
    if look.opens and paths:
        open_in_browser(paths[0].as_uri())
    return code


async def _write_page(projects: list[Project], output: Path, look: PageLook) -> list[Path]:
    if not projects:
        return []
    with _naming(output):
        return [await write_html_report(projects, output, **look.settings)]


def _print_page(paths: list[Path], batch: Batch[Project], output: Path, *, as_json: bool) -> None:
    if as_json:
        _print_files(dict.fromkeys(batch.ids, paths[0]) if paths else {}, batch)
    else:
        click.echo(f"Written: {as_text(paths[0])}" if paths else f"Not written: {as_text(output)}", err=not paths)


def _write_files(base_url: str | None, ids: list[str], name: str, *, as_json: bool) -> int:
    """Write the report of each project to a file, and return the exit code."""
    output = Path(name)
    in_directory = len(ids) > 1 or os.path.isdir(output)  # noqa: PTH112 - of any name: it is checked below
    if len(ids) > 1 and not os.path.isdir(output):  # noqa: PTH112 - the same
        _check_type(output, {""}, "The JSON of several projects goes to a directory, one file per project.")
    if in_directory:
        check_directory(output)
    else:
        _check_type(output, {".json", ""})
        check_file(name, replaces=True)
    written: dict[str, Path] = {}
    names = names_of(ids)

    async def get(client: AsyncPictory, project_id: str) -> tuple[str, Path]:
        project = await get_project(client, project_id)
        path = output / f"{names[project_id]}.json" if in_directory else output
        with _naming(path):
            if in_directory:
                await anyio.Path(output).mkdir(parents=True, exist_ok=True)
            return project_id, await write_report(project, path)

    def show(found: tuple[str, Path]) -> None:
        written.update([found])
        if not as_json:
            with surviving():
                click.echo(f"Written: {as_text(found[1])}")

    batch = Batch(ids=ids, get=get, show=show)
    return _finish_files(run_batch(base_url, batch), batch, written, as_json=as_json)


def _finish_files(code: int, batch: Batch[Any], written: dict[str, Path], *, as_json: bool) -> int:
    if as_json:
        _print_files(written, batch)
    return code


def _check_type(output: Path, types: set[str], why: str = "") -> None:
    """Reject a name that promises another type of file than is written."""
    if output.suffix.lower() not in types and _TYPE.fullmatch(output.suffix):
        what = "a directory" if types == {""} else f"a file that ends with {' or '.join(sorted(types - {''}))}"
        raise SettingError(" ".join(filter(None, [f"Cannot write {output}.", why, f"Name {what}."])))


@contextlib.contextmanager
def _naming(path: Path) -> Generator[None]:
    """Let an error name the file that is written, not the temporary one beside it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"Cannot write {path}") from None


def _print_files(paths: dict[str, Path], batch: Batch[Any]) -> None:
    errors = dict(batch.failures())
    for one in batch.ids:
        if one not in errors and one in paths:
            echo_json({"projectId": one, "file": str(paths[one])})
        else:
            echo_json({"projectId": one, "error": errors.get(one, "The page was not written.")})


def _facts(report: dict[str, Any], inside: str = "") -> Facts:
    facts: Facts = []
    for key, value in report.items():
        name = _CAPITAL.sub(r" \1", key).lower()
        if isinstance(value, dict):
            # The names inside a group are clear without its name, except for subtitles.
            facts += _facts(cast("dict[str, Any]", value), "subtitles " if key == "subtitles" else "")
        elif text := as_text(", ".join(cast("list[str]", value)) if isinstance(value, list) else value):
            facts.append((f"{inside}{name}", text))
    return facts
