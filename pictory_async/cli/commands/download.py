"""`pictory download`: download the files of projects."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource
from rich.console import Group
from rich.text import Text

from pictory_async import DownloadStatus
from pictory_async.cli._ages import AGES, Ages, fresh_option
from pictory_async.cli._batch import Batch, run_batch
from pictory_async.cli._downloads import AT_ONCE, Downloads, Kind, ProjectDownload, directory_option, kinds_option
from pictory_async.cli._exit_codes import INTERRUPTED, NotRenderedError
from pictory_async.cli._filing import Filing, filing_options
from pictory_async.cli._options import base_url_option, json_option, night_options
from pictory_async.cli._places import check_directory
from pictory_async.cli._selecting import Choice, selection_options
from pictory_async.cli._streams import surviving
from pictory_async.cli._tables import Column, Sheet, Table, open_sheet, table_options
from pictory_async.cli.display.bars import Bar, BarGrid
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import (
    as_duration,
    as_size,
    as_text,
    echo_json,
    echo_lines,
    echo_warning,
    err_is_terminal,
    one_line,
    out_is_terminal,
)

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from rich.console import RenderableType

    from pictory_async import DownloadedFile

__all__ = ["command"]

_MANY: Final = 10
_TABLE: Final[Table[tuple[ProjectDownload, DownloadedFile]]] = Table(
    "downloads",
    (
        Column("status", lambda row: str(row[1].status)),
        Column("project", lambda row: str(row[0].project_id), whole=True),
        Column("kind", lambda row: row[1].kind),
        Column("bytes", lambda row: row[1].size),
        Column("path", lambda row: row[1].path, lambda row: as_text(row[1].path or row[1].error or "")),
        Column("name", lambda row: row[0].name, plain=False),
        Column("outdated", lambda row: AGES[row[0].is_outdated], plain=False),
        Column("error", lambda row: None if row[1].error is None else str(row[1].error), plain=False),
    ),
)
_STYLES: Final = {
    DownloadStatus.WRITTEN: ("✓", "green"),
    DownloadStatus.SKIPPED: ("○", "yellow"),
    DownloadStatus.ABSENT: ("-", "dim"),
    DownloadStatus.FAILED: ("✗", "red"),
}


@click.command("download")
@selection_options()
@directory_option("--dir", "Target directory; created if it does not exist.  [default: current directory]", default=".")
@kinds_option
@filing_options("rename")
@fresh_option
@night_options
@table_options
@base_url_option
@json_option("Print a JSON document for each project.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    choice: Choice,
    directory: Path,
    kinds: tuple[Kind, ...],
    filing: Filing,
    ages: Ages,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Download the files of projects, several at once.

    A file appears under its name only when it is complete. After an interruption, the same command resumes. Progress is
    shown on standard error. Piped output is one line per file, with tabs between status, project, kind, size in bytes,
    and path or error.
    """
    check_directory(directory)
    wanted = choice.find_any(base_url)
    filing.note_missing(wanted)
    if len(wanted) > _MANY and ctx.get_parameter_source("directory") is ParameterSource.DEFAULT:
        echo_warning(f"The files of {len(wanted)} projects go to the current directory. --dir names another one.")
    sheet = open_sheet(_TABLE, as_json=as_json)
    as_json = sheet.is_json
    lines = not as_json and not (sheet.is_default and out_is_terminal())
    if not lines:
        sheet.leave()
    on_done = partial(_add_rows, sheet) if lines else _ignore
    downloads = Downloads(directory=directory, kinds=kinds, filing=filing, ages=ages, on_done=on_done)
    batch = Batch(
        ids=wanted,
        get=downloads.download,
        show=_print_json if as_json else _ignore if lines else _print_colored,
        error_in=_error,
        json_id="project_id" if as_json else None,
        during=_progress(downloads, wanted, live=not lines),
        at_once=AT_ONCE,
        holds=not lines and err_is_terminal(),
    )
    ctx.exit(_report(run_batch(base_url, batch), downloads, as_json=as_json))


def _report(code: int, downloads: Downloads, *, as_json: bool) -> int:
    """Print the end of the report, and return the exit code."""
    if downloads.summary and (err_is_terminal() or (out_is_terminal() and not as_json)):
        click.echo(one_line(f"{downloads.summary} in {as_duration(downloads.seconds)}."), err=True)
    if code == INTERRUPTED or downloads.stopped is not None:
        click.echo("Run the same command again to resume.", err=True)
    downloads.ages.echo()
    return code


def _progress(downloads: Downloads, ids: list[str], *, live: bool) -> AbstractAsyncContextManager[None]:
    def line() -> str:
        return f"{len(downloads.done)} of {len(ids)} projects done, {as_size(downloads.bytes)}"

    def frame(height: int) -> RenderableType:
        overall = Bar("projects", len(downloads.done), len(ids), line())
        return Group(Text("Downloading", style="bold"), BarGrid([overall, *downloads.bars()[: max(1, height - 4)]]))

    return live_display(frame, line, live=live, share=lambda: len(downloads.done) / len(ids))


def _ignore(_: ProjectDownload) -> None:
    pass


def _error(result: ProjectDownload) -> Exception | None:
    return result.error


def _print_json(result: ProjectDownload) -> None:
    with surviving():
        echo_json(result.to_dict())


def _files(result: ProjectDownload) -> tuple[DownloadedFile, ...]:
    return () if result.report is None else result.report.files


def _add_rows(sheet: Sheet[tuple[ProjectDownload, DownloadedFile]], result: ProjectDownload) -> None:
    with surviving():
        for file in _files(result):
            sheet.add((result, file))


def _print_colored(result: ProjectDownload) -> None:
    if not _files(result):
        return
    lines = [Text(one_line(result.name or str(result.project_id)), style="bold")]
    if isinstance(result.error, NotRenderedError):
        lines.append(Text("  - no video", style="dim"))
    else:
        lines += map(_line, _files(result))
    with surviving():
        echo_lines(lines)


def _line(file: DownloadedFile) -> Text:
    sign, style = _STYLES[file.status]
    return Text.assemble(
        (f"  {sign} {file.kind:<9}  ", style),
        (f"{as_size(file.size) if file.size else file.status.value:>9}", "dim"),
        f"  {as_text(file.error if file.path is None else file.path.name)}",
    )
