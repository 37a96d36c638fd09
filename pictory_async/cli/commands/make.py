"""`pictory make`: a video for each row of a table."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from pictory_async.cli._client import open_client, run, run_until_interrupted
from pictory_async.cli._downloads import KINDS, Kind
from pictory_async.cli._exit_codes import SUCCESS, SettingError
from pictory_async.cli._made import MADE
from pictory_async.cli._making import Making, Plan
from pictory_async.cli._options import base_url_option, json_option, retry_options, watch_options
from pictory_async.cli._orders import Order, Orders, orders_of
from pictory_async.cli._places import check_directory, check_file
from pictory_async.cli._renders import agree
from pictory_async.cli._rows import read_rows
from pictory_async.cli._tables import open_sheet, table_options
from pictory_async.cli.display.text import can_ask, echo_note, echo_summary, echo_warning
from pictory_async.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async import AsyncPictory, Preview, Project, RateLimiter, Template
    from pictory_async.cli._rows import Rows

__all__ = ["command"]

_RESULTS = "results.csv"


@click.command("make", short_help="Make a video for each row of a table.")
@click.argument("template_id", metavar="TEMPLATE")
@click.option(
    "--data",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="The table: CSV, TSV, JSON lines or XLSX, with a column for each variable of the template; - for standard "
    "input.",
)
@click.option("--name", required=True, metavar="TEXT", help="The names of the videos, such as 'Hello {Name}'.")
@click.option(
    "--key",
    metavar="COLUMN",
    help="The column that identifies a row from run to run.  [default: the video's name and the variables]",
)
@click.option(
    "--download",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Download each video to this directory as soon as it is made.",
)
@click.option(
    "--results",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what became of each row to this CSV file.  [default: results.csv in the directory of --download]",
)
@click.option("--preview", type=click.IntRange(1), metavar="N", help="Make previews of the first N rows instead.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Take the first N rows only.")
@click.option("--max-renders", type=click.IntRange(0), metavar="N", help="Request at most N videos.")
@click.option("--max-minutes", type=click.FloatRange(0.0), metavar="N", help="Request no video beyond N minutes.")
@click.option("--max-credits", type=click.FloatRange(0.0), metavar="N", help="Request no video beyond N AI credits.")
@click.option("--changed", is_flag=True, help="Make videos again whose rows have other values than before.")
@retry_options
@click.option("--batch", metavar="NAME", help="The same rows are other videos in another batch.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before videos are paid for.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([*KINDS, "thumbnail", "share"]),
    multiple=True,
    help="Download only this kind; can be repeated.  [default: all but thumbnail and share]",
)
@click.option(
    "-o",
    "--output-name",
    "naming",
    metavar="TEMPLATE",
    help="Name the files so, below the directory: '{Company}/{name}.{lang}.{ext}', with the columns of the table.",
)
@watch_options
@table_options
@base_url_option
@json_option("Print a JSON document for each row, as they end, and one with a summary.")
@click.pass_context
def command(  # noqa: PLR0913 - each option is an argument
    ctx: click.Context,
    *,
    template_id: str,
    data: IO[bytes],
    name: str,
    key: str | None,
    directory: Path | None,
    results: Path | None,
    preview: int | None,
    limit: int | None,
    max_renders: int | None,
    max_minutes: float | None,
    max_credits: float | None,
    changed: bool,
    retry_failed: bool,
    retry_unstarted: bool,
    batch: str | None,
    dry_run: bool,
    yes: bool,
    kinds: tuple[Kind, ...],
    naming: str | None,
    settings: dict[str, Any],
    limiter: RateLimiter,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Make a video for each row of a table, from a template or from a project that serves as one.

    The table and the template are checked first, and everything that is wrong is told at once. Each video is billed,
    and requested once: this machine remembers which rows were requested, so the same command continues after a kill.
    Without --yes it asks first: "no" ends it with exit code 1, Ctrl-C with 130, and nothing is requested.
    Piped output is one line per row, with tabs between row, name, status, id of the job, seconds, share link, path and
    reason.
    """
    if directory is None and (kinds or naming is not None):
        raise click.UsageError("--kind and --output-name need --download DIR.")
    if directory is not None:
        check_directory(directory)
        results = results or directory / _RESULTS
    if results is not None and results.parent.is_dir():
        check_file(str(results), replaces=True)
    table = read_rows(data)
    options = {
        "download_to": directory,
        "kinds": kinds or KINDS,
        "naming": naming,
        "batch": batch,
        "changed": changed,
        "retry_failed": retry_failed,
        "retry_unstarted": retry_unstarted,
        "max_renders": max_renders,
        "max_minutes": max_minutes,
        "max_credits": max_credits,
        **settings,
    }
    if preview is not None:
        orders = run(lambda: _orders(base_url, limiter, table, template_id, name, key, min(preview, limit or preview)))
        ctx.exit(run(lambda: _preview(base_url, limiter, orders)))
    sheet = open_sheet(MADE, as_json=as_json)
    begin = partial(Making, options=options, sheet=sheet, results=results)
    checked = partial(_orders, base_url, limiter, table, template_id, name, key, limit)
    ctx.exit(_carried_out(base_url, limiter, begin(orders=run(checked).rows), dry_run=dry_run, yes=yes))


def _carried_out(base_url: str | None, limiter: RateLimiter, making: Making, *, dry_run: bool, yes: bool) -> int:
    """Make a plan, show it or carry it out, and return the exit code."""
    return _done(
        making,
        run(partial(_plan, base_url, limiter, making)),
        partial(_make, base_url, limiter, making),
        dry_run=dry_run,
        yes=yes,
    )


def _done(making: Making, plan: Plan, work: Callable[[], Awaitable[None]], *, dry_run: bool, yes: bool) -> int:
    if dry_run:
        echo_summary(f"Plan: {plan}.", good=True)
        making.show_plan(plan)
        return SUCCESS
    try:
        _ask(plan, yes=yes)
    except BaseException:
        making.sheet.leave()  # an empty table would say "none"
        raise
    return making.report(interrupted=run_until_interrupted(work))


async def _source(client: AsyncPictory, template_id: str) -> Template | Project:
    """Fetch the template, or else the project that serves as one.

    Raises:
        PictoryError: Neither could be fetched.
    """
    try:
        return await client.templates.get(template_id)
    except NotFoundError as error:
        try:
            return await client.projects.get(template_id)
        except NotFoundError:
            raise error from None


async def _orders(
    base_url: str | None,
    limiter: RateLimiter,
    table: Rows,
    template_id: str,
    name: str,
    key: str | None,
    limit: int | None,
) -> Orders:
    async with open_client(base_url, limiter) as client:
        orders = orders_of(table, await _source(client, template_id), name, key, limit)
    for text in orders.warnings:
        echo_warning(text)
    return orders


async def _plan(base_url: str | None, limiter: RateLimiter, making: Making) -> Plan:
    async with open_client(base_url, limiter) as client:
        return await making.plan(client)


def _ask(plan: Plan, *, yes: bool) -> None:
    """Show the plan, and ask whether it is to be paid for.

    Raises:
        SettingError: There is no terminal to ask on.
        click.exceptions.Exit: The answer is no.
    """
    if plan.billed and not yes:
        if not can_ask():
            count = "1 video" if plan.billed == 1 else f"{plan.billed} videos"
            raise SettingError(
                f"{count} would be made, each of which is billed, and there is no terminal to ask on. Add "
                "--yes to make them, --max-renders N to limit how many, or --dry-run to see the plan."
            )
        agree(plan.billed, str(plan))
    else:
        echo_summary(f"Plan: {plan}.", good=True)


async def _make(base_url: str | None, limiter: RateLimiter, making: Making) -> None:
    async with open_client(base_url, limiter) as client:
        await making.run(client)


async def _preview(base_url: str | None, limiter: RateLimiter, orders: Orders) -> int:
    """Make previews, one after the other, print their links, and return the exit code."""
    async with open_client(base_url, limiter) as client:
        for one in orders.rows:  # pragma: no branch - Python 3.11 does not trace a loop after it waited
            _show_preview(one, await _previewed(client, one))
    return SUCCESS


async def _previewed(client: AsyncPictory, one: Order) -> Preview:
    echo_note(f"Making the preview of {one.name} ...")
    return await client.videos.preview(one.order.request)


def _show_preview(one: Order, preview: Preview) -> None:
    click.echo(f"{one.row.number}\t{one.name}\t{preview.url or ''}\t{preview.job_id}")
