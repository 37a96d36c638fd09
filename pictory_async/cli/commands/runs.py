"""`pictory runs`: what this machine remembers of the runs of commands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import click

from pictory_async import Ledger, LedgerRun, RenderState
from pictory_async.cli._options import json_option
from pictory_async.cli._quantities import to_age
from pictory_async.cli._store import find_state
from pictory_async.cli._tables import Column, Table, open_sheet, table_options
from pictory_async.cli.display.text import echo_note

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

__all__ = ["command"]

# What the command calls what the library calls otherwise.
_NAMES: Final = {"render_all": "render", "make_all": "make"}
_OPEN: Final = (RenderState.INTENDED, RenderState.ASKED, RenderState.STARTED)


def _ended(run: LedgerRun) -> datetime | str:
    if run.ended is not None:
        return run.ended
    return "running" if run.running else "killed"


def _command(run: LedgerRun) -> str:
    return _NAMES.get(run.command, run.command)


def _count(*states: RenderState) -> Callable[[LedgerRun], int]:
    def count(run: LedgerRun) -> int:
        return sum(run.renders.get(state, 0) for state in states)

    return count


_TABLE: Final[Table[LedgerRun]] = Table(
    "runs",
    (
        Column("run", lambda run: run.id, whole=True),
        Column("command", _command, spare=2),
        Column("started", lambda run: run.started, unit="UTC", spare=3),
        Column("ended", _ended, unit="UTC"),
        Column("open", _count(*_OPEN)),
        Column("rendered", _count(RenderState.RENDERED), spare=1),
        Column("failed", _count(RenderState.FAILED)),
        Column("not_started", _count(RenderState.NOT_STARTED)),
        Column("uncertain", _count(RenderState.UNCERTAIN)),
        Column("pending", lambda run: run.pending),
    ),
)


def _document(run: LedgerRun) -> dict[str, Any]:
    ended = _ended(run)
    return {
        "run": run.id,
        "command": _command(run),
        "started": run.started.isoformat(),
        "ended": None if run.ended is None else run.ended.isoformat(),
        "state": ended if isinstance(ended, str) else "ended",
        "renders": {state.value: count for state, count in run.renders.items()},
        "pending": run.pending,
    }


@click.command("runs", short_help="List the runs that this machine remembers.")
@click.option(
    "--prune",
    type=to_age,
    metavar="AGE",
    help="Forget the runs that ended longer ago: 90d, 4w, 12h; 0 for all. Runs that left something for "
    "'pictory resume' are kept for at least 30 days. What is known of renders, videos and files stays.",
)
@table_options
@json_option("Print a JSON document for each run.")
def command(*, prune: float | None, as_json: bool) -> None:
    """List the runs of render, sync, make and wait that this machine remembers, the newest first.

    Shows when each run began and ended (or that it is running, or was killed), how many of its renders are open,
    rendered, failed, not started and uncertain, and how many waits it left for 'pictory resume'. A render that a later
    run took over counts for that run. Sends no request.
    """
    sheet = open_sheet(_TABLE, as_json=as_json)
    path = find_state() / "ledger.db"
    # Reading makes no file.
    forgotten, runs = asyncio.run(_read(path, prune)) if path.exists() else (0, [])
    for run in runs:
        if sheet.is_json:
            sheet.document(_document(run))
        else:
            sheet.add(run)
    if prune is not None:
        echo_note(f"Forgotten: {forgotten} run{'' if forgotten == 1 else 's'}.")


async def _read(path: Path, prune: float | None) -> tuple[int, list[LedgerRun]]:
    async with Ledger(path) as ledger:
        forgotten = 0 if prune is None else await ledger.prune(prune)
        return forgotten, await ledger.runs()
