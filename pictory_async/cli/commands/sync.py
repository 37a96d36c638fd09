"""`pictory sync`: keep a directory up to date with the account."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import SyncState
from pictory_async.cli._client import open_client, run_until_interrupted
from pictory_async.cli._downloads import Kind, kinds_option
from pictory_async.cli._exit_codes import SUCCESS
from pictory_async.cli._filing import Filing, filing_options
from pictory_async.cli._options import base_url_option, json_option, retry_options, watch_options
from pictory_async.cli._places import Directory, check_directory
from pictory_async.cli._quantities import to_since
from pictory_async.cli._renders import ASKS_ABOVE, confirm
from pictory_async.cli._synced import SYNCED
from pictory_async.cli._syncing import Syncing
from pictory_async.cli._tables import open_sheet, table_options

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pictory_async import RateLimiter

__all__ = ["command"]

_ID: Final = re.compile(r"\d{13}|\d{17}[0-9a-f]{32}")  # as Pictory makes them
_STATES: Final = (SyncState.NEVER, SyncState.OUTDATED, SyncState.UNKNOWN)


def _to_states(text: str) -> tuple[SyncState, ...]:
    """Read which projects are rendered: ``never,outdated``, or ``none``."""
    names = [name.strip().lower() for name in text.split(",")]
    if names == ["none"]:
        return ()
    unknown = [name for name in names if name not in {*_STATES}]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is no state to render. Choose {', '.join(_STATES)}, or none.")
    return tuple(map(SyncState, names))


@click.command("sync", short_help="Keep a directory up to date with the account.")
@click.argument("directory", type=Directory(), metavar="DIR")
@click.option(
    "--render",
    type=_to_states,
    default="never,outdated",
    show_default=True,
    metavar="STATES",
    help="Render projects in these states: never (no video yet), outdated, unknown (may be outdated); or none.",
)
@click.option(
    "--select", "--name", "name", metavar="PATTERN", help="Only projects whose name matches, such as 'ACME*'."
)
@click.option(
    "--saved-since",
    type=to_since,
    metavar="WHEN",
    help="Only projects that were saved since then: 12h, 7d, 4w, 2026-01-31, or a time.",
)
@click.option("--max", "most", type=click.IntRange(0), metavar="N", help="Request at most N renders.")
@click.option("--dry-run", is_flag=True, help="Print the plan, and do nothing.")
@click.option("--verify", is_flag=True, help="Fetch every project, to find renders that the list does not show.")
@click.option(
    "--yes",
    is_flag=True,
    help=f"Do not ask. The default is to ask above {ASKS_ABOVE} renders, which without a terminal need this option.",
)
@retry_options
@kinds_option
@filing_options("update")
@watch_options
@table_options
@base_url_option
@json_option("Print a JSON document for each project, as they end, and one with a summary.")
@click.pass_context
def command(  # noqa: PLR0913 - each option is an argument
    ctx: click.Context,
    *,
    directory: Path,
    render: tuple[SyncState, ...],
    name: str | None,
    saved_since: datetime | None,
    most: int | None,
    dry_run: bool,
    verify: bool,
    yes: bool,
    retry_failed: bool,
    retry_unstarted: bool,
    kinds: tuple[Kind, ...],
    filing: Filing,
    settings: dict[str, Any],
    limiter: RateLimiter,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Keep a directory up to date with the account: render, wait and download what is missing or has changed.

    This machine remembers earlier runs, so only projects that are new or were saved since are fetched. Each render is
    billed, and requested once; after a kill, the same command resumes. Nothing is deleted. --max-wait counts for each
    render, from its request; it does not bound the plan, which --stalled ends if it makes no progress. Piped output is
    one line for each project that was rendered, waited for or downloaded, with tabs between id, status, name, share
    link, date of the video, path and reason.
    """
    if _ID.fullmatch(str(directory)) and not directory.exists():
        raise click.UsageError(
            f"{str(directory)!r} is an id, and sync takes a directory. Use 'pictory render' or 'pictory download'."
        )
    check_directory(directory)
    options = {
        "render": render,
        "name": name,
        "saved_since": saved_since,
        "max_renders": most,
        "verify": verify,
        "retry_failed": retry_failed,
        "retry_unstarted": retry_unstarted,
        "kinds": kinds,
        **filing.settings_for_all(),
        **settings,
    }
    sheet = open_sheet(SYNCED, as_json=as_json)
    never_asks = yes or dry_run or not render or (most is not None and most <= ASKS_ABOVE)
    asks_above = None if never_asks else ASKS_ABOVE
    syncing = Syncing(
        directory=directory, options=options, limiter=limiter, sheet=sheet, most=asks_above, filing=filing
    )
    interrupted = partial(_run, syncing, base_url, dry_run=dry_run)
    ctx.exit(_end(syncing, base_url, interrupted=interrupted(), dry_run=dry_run))


def _end(syncing: Syncing, base_url: str | None, *, interrupted: bool, dry_run: bool) -> int:
    """Ask, and go on, if somebody has to be asked; print what is not printed yet, and return the exit code."""
    if syncing.asks and not interrupted:
        # Not in the event loop, where Ctrl-C could not end the question. The plan is made again after it, and not more
        # is paid for than what the answer was about.
        confirm(syncing.billed, str(syncing.plan))
        agreed = attrs.evolve(syncing, options={**syncing.options, "max_renders": syncing.billed}, most=None)
        return agreed.report(interrupted=_run(agreed, base_url))
    if dry_run and not interrupted:
        syncing.show_plan()
        return SUCCESS
    return syncing.report(interrupted=interrupted)


def _run(syncing: Syncing, base_url: str | None, **options: Any) -> bool:
    """Sync, and return whether a signal ended it. If an error does, what was done before is printed all the same."""

    async def work() -> None:
        async with open_client(base_url, syncing.limiter) as client:
            await syncing.run(client, **options)

    with syncing.reporting_stop():
        return run_until_interrupted(work)
