"""`pictory resume`: wait for what an earlier command left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from pictory_async.cli._ages import Ages, fresh_option
from pictory_async.cli._downloads import Downloads, directory_option
from pictory_async.cli._exit_codes import SettingError
from pictory_async.cli._filing import Filing, filing_options
from pictory_async.cli._options import base_url_option, json_option, watch_options
from pictory_async.cli._store import Store
from pictory_async.cli._tables import table_options
from pictory_async.cli._waiting import Wait
from pictory_async.cli.commands.wait import Sources, check_download, wait_to_the_end

if TYPE_CHECKING:
    from pathlib import Path

    from pictory_async import RateLimiter

__all__ = ["command"]

# Runs of the ledger that only the whole command resumes, and its name.
_WHOLE: Final = {"sync": "sync", "make_all": "make"}


@click.command("resume", short_help="Wait for what an earlier command left.")
@click.argument("run", required=False, metavar="[RUN]")
@directory_option("--download", "Download the files of each project to DIR as soon as it is rendered.")
@filing_options("update")
@fresh_option
@watch_options
@table_options
@base_url_option
@json_option("Print a JSON document for each project, in the order of the ids, and one with a summary.")
@click.pass_context
def command(  # noqa: PLR0913 - each option is an argument
    ctx: click.Context,
    *,
    run: str | None,
    directory: Path | None,
    filing: Filing,
    ages: Ages,
    settings: dict[str, Any],
    limiter: RateLimiter,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Wait for what a command left when it was interrupted or killed, and print the result of each project.

    RUN is the name that the command printed, or one that 'pictory runs' lists; by default, the last run that left
    something; a sync or a make, or what may not have been started, only if there is nothing else. It is the same as
    'pictory wait --resume RUN', or '--last'. To resume a sync or a make, run the same command again.
    """
    check_download(directory, filing)
    store = Store()
    name = store.newest_run() if run is None else run
    whole = None if name is None else _WHOLE.get(store.command_of(name) or "")
    if whole is not None:
        raise SettingError(
            f"Run {name!r} was a {whole}. The same 'pictory {whole}' command resumes it: it waits for what was "
            "requested, downloads it, and nothing is paid for twice."
        )
    items = store.load(name)
    downloads = None if directory is None else Downloads(directory=directory, filing=filing, ages=ages)
    filing.note_missing(str(item.project_id) for item in items)
    wait = Wait.of(items, limiter, settings, as_json=as_json, downloads=downloads, ages=ages)
    ctx.exit(wait_to_the_end(wait, Sources(None, name, by_id=False), base_url))
