"""`pictory download`: the files of projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import click
from rich.console import Group
from rich.text import Text

from pictory_async import DownloadStatus
from pictory_async.cli._client import interrupts, open_client
from pictory_async.cli._downloads import KINDS, Conflict, Downloads, Saved, directory_option
from pictory_async.cli._exit_codes import INTERRUPTED, worst
from pictory_async.cli._fetching import complain
from pictory_async.cli._options import as_json, base_url, given_ids, project_ids
from pictory_async.cli.display.bars import Bar, grid_of
from pictory_async.cli.display.live import showing
from pictory_async.cli.display.text import duration, echo_json, echo_lines, one_line, out_is_terminal, shown, size

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from pictory_async import DownloadedFile

__all__ = ["command"]

_STYLES: Final = {
    DownloadStatus.WRITTEN: ("✓", "green"),
    DownloadStatus.SKIPPED: ("○", "yellow"),
    DownloadStatus.ABSENT: ("-", "dim"),
    DownloadStatus.FAILED: ("✗", "red"),
}
_EPILOG: Final = """\
\b
Exit codes: 0 all that there is was written, 1 a file or a project could not
be had, 2 wrong usage, 130 stopped with Ctrl-C.
"""


@click.command("download", epilog=_EPILOG)
@given_ids
@directory_option("--dir", "Where to put the files; made if it is not there.  [default: here]", default=".")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([*KINDS, "thumbnail", "share"]),
    multiple=True,
    help="Only this kind; may be given several times.  [default: all but thumbnail and share]",
)
@click.option(
    "--on-conflict",
    type=click.Choice(["rename", "skip", "overwrite"]),
    default="rename",
    show_default=True,
    help="What to do where there is a file of that name: add a number, download nothing, or replace it.",
)
@base_url
@as_json("Print a JSON document for each project.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    ids: tuple[str, ...],
    directory: Path,
    kinds: tuple[str, ...],
    on_conflict: Conflict,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Download the files of projects, several at once.

    A file appears under its name only when it is whole. After a break, the same command goes on where it was. What
    goes on meanwhile is shown on standard error. Where nobody looks at a terminal, each file is a line with tabs
    between its status, project, kind, size in bytes, and path or why there is none.
    """
    wanted = project_ids(ids)
    lines = not as_json and not out_is_terminal()
    downloads = Downloads(
        directory=directory, kinds=kinds or KINDS, on_conflict=on_conflict, note=_print_lines if lines else _ignore
    )
    interrupted = interrupts(lambda: _download(base_url, wanted, downloads, live=not lines))
    ctx.exit(_report(downloads, wanted, as_json=as_json, lines=lines, interrupted=interrupted))


def _report(downloads: Downloads, wanted: list[str], *, as_json: bool, lines: bool, interrupted: bool) -> int:
    saved = sorted(downloads.saved, key=lambda one: wanted.index(str(one.project_id)))
    if as_json:
        for one in saved:
            if one.report is not None:
                echo_json(one.report.to_dict())
    elif not lines:
        for one in saved:
            _print_colored(one)
        click.echo(one_line(f"{downloads.summary} in {duration(downloads.seconds)}."))
    code = worst(*[complain(one.error) for one in saved if one.error is not None])
    if interrupted:
        click.echo("Interrupted: what there is was kept; the same command goes on from there.", err=True)
    return INTERRUPTED if interrupted else code


async def _download(base_url: str | None, ids: list[str], downloads: Downloads, *, live: bool) -> None:
    def line() -> str:
        return f"{len(downloads.saved)} of {len(ids)} projects done, {size(downloads.bytes)}"

    def frame(height: int) -> RenderableType:
        whole = Bar("projects", len(downloads.saved), len(ids), line())
        return Group(Text("Downloading", style="bold"), grid_of([whole, *downloads.bars()[: max(1, height - 4)]]))

    began = anyio.current_time()
    try:
        async with (
            open_client(base_url) as client,
            showing(frame, line, live=live),
            anyio.create_task_group() as tasks,
        ):
            for project_id in ids:
                tasks.start_soon(downloads.save, client, project_id)
    finally:
        downloads.seconds = anyio.current_time() - began


def _ignore(_: Saved) -> None:
    pass


def _files(saved: Saved) -> tuple[DownloadedFile, ...]:
    return () if saved.report is None else saved.report.files


def _print_lines(saved: Saved) -> None:
    for file in _files(saved):
        fields = (file.status, saved.project_id, file.kind, file.size, file.path or file.error or "")
        click.echo("\t".join(map(shown, fields)))


def _print_colored(saved: Saved) -> None:
    if not _files(saved):
        return
    lines = [Text(one_line(saved.name or str(saved.project_id)), style="bold")]
    for file in _files(saved):
        sign, style = _STYLES[file.status]
        lines.append(
            Text.assemble(
                (f"  {sign} {file.kind:<9}  ", style),
                (f"{size(file.size) if file.size else file.status.value:>9}", "dim"),
                f"  {shown(file.path or file.error)}",
            )
        )
    echo_lines(lines)
