"""`pictory render`: start renders, each exactly once, and wait for them on request."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click

from pictory_async.cli._again import echo_again
from pictory_async.cli._client import open_client, run_until_interrupted
from pictory_async.cli._exit_codes import INTERRUPTED, SUCCESS, TIMED_OUT, worst_code
from pictory_async.cli._failures import report_failures
from pictory_async.cli._next_wait import NextWait
from pictory_async.cli._options import base_url_option, json_option, retry_options, watch_options
from pictory_async.cli._page_options import WaitPage, wait_page_options
from pictory_async.cli._places import check_file
from pictory_async.cli._render_plan import PLANNED, plan_of, show_plan
from pictory_async.cli._renders import ASKS_ABOVE, Keeper, Renders, confirm
from pictory_async.cli._selecting import Choice, selection_options
from pictory_async.cli._tables import open_sheet, table_options, tables_given
from pictory_async.cli._waiting import Wait, open_results
from pictory_async.cli.display.text import echo_json, echo_note, err_is_terminal
from pictory_async.errors import RenderSubmitUncertainError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pictory_async import RateLimiter
    from pictory_async.cli._render_plan import RenderPlan
    from pictory_async.cli._results import ResultRow
    from pictory_async.cli._store import PendingItem
    from pictory_async.cli._tables import Sheet

__all__ = ["command"]


@click.command("render", short_help="Render projects. Each render is billed.")
@selection_options()
@click.option("--wait", "waits", is_flag=True, help="Wait until all are rendered, and print the result of each.")
@wait_page_options
@click.option(
    "--handles",
    type=click.Path(),
    metavar="FILE",
    help="Append a line per render to FILE immediately. 'pictory wait --handle FILE' waits for them, now or later.",
)
@click.option(
    "--yes",
    is_flag=True,
    help=f"Do not ask. The default is to ask above {ASKS_ABOVE} renders, which without a terminal need this option.",
)
@click.option("--dry-run", is_flag=True, help="Print what would be requested, and request nothing.")
@click.option("--max", "most", type=click.IntRange(0), metavar="N", help="Request at most N renders.")
@click.option("--force", is_flag=True, help="Render also what did not change since its video, or is being rendered.")
@click.option("--batch", metavar="NAME", help="Render each project once for this name, even if it did not change.")
@retry_options
@click.option("--no-overlap", is_flag=True, help="Wait for what another command renders, instead of skipping it.")
@watch_options
@table_options
@base_url_option
@json_option("With --wait, print a JSON document for each project, and one with a summary; with --dry-run, the plan.")
@click.pass_context
def command(  # noqa: PLR0913 - each option is an argument
    ctx: click.Context,
    *,
    choice: Choice,
    waits: bool,
    page: WaitPage | None,
    handles: str | None,
    yes: bool,
    dry_run: bool,
    most: int | None,
    force: bool,
    batch: str | None,
    retry_failed: bool,
    retry_unstarted: bool,
    no_overlap: bool,
    settings: dict[str, Any],
    limiter: RateLimiter,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Render projects. Each render is billed.

    Prints a handle for each render, as a line of JSON. Each request is sent once. This machine remembers it before it
    is sent: the same command continues after a kill, and a project that was not saved since its last render is not
    rendered again. If a render is not finished at the end of --wait, the command that waits for it is printed.
    """
    if page is not None and not waits:
        raise click.UsageError("--report is about a wait: add --wait.")
    options = {
        "batch": batch,
        "force": force,
        "retry_failed": retry_failed,
        "retry_unstarted": retry_unstarted,
        "overlap": "wait" if no_overlap else "skip",
        "max_renders": most,
        "start_grace": settings["start_grace"],
    }
    if dry_run:
        plan = open_sheet(PLANNED, as_json=as_json)
        ctx.exit(show_plan(plan_of(base_url, choice.find_any(base_url), options), plan))
    file = None if handles is None else check_file(handles, replaces=False)
    # Before the first render is paid for: a file that cannot be written is an error now.
    sheet = open_results(as_json=as_json) if waits else None
    if sheet is not None:
        as_json = sheet.is_json
    elif tables_given():
        raise click.UsageError("--format, --columns and --output need --wait or --dry-run: handles are always JSON.")
    wanted = choice.find_any(base_url)
    if not yes and min(len(wanted), len(wanted) if most is None else most) > ASKS_ABOVE:
        options["max_renders"] = _agreed(base_url, wanted, options)
    elif err_is_terminal():
        echo_note(f"Checking {len(wanted)} project{'' if len(wanted) == 1 else 's'}. Each render is billed.")
    with contextlib.ExitStack() as at_end:
        out = at_end.enter_context(file.open("a", encoding="utf-8")) if file is not None else None
        renders = Renders(ids=wanted, keeper=Keeper(out=out, prints=not waits), options=options)

        async def work() -> None:
            async def wait() -> None:
                if waits and renders.handles:
                    renders.wait = Wait.of(renders.handles, limiter, settings, as_json=as_json, sheet=sheet, page=page)
                    renders.wait.names.known |= renders.names
                    await renders.wait.run(client)

            async with open_client(base_url, limiter) as client:
                await renders.start(client, wait)
                await renders.find_out(client)

        end = partial(_end, renders, file, waits=waits, as_json=as_json, sheet=sheet)
        ctx.exit(end(interrupted=_run(work, _Told(renders, file, waits))))


def _agreed(base_url: str | None, wanted: Sequence[str], options: dict[str, Any]) -> int:
    """Return how many renders may be requested: no more than the answer was about, if more turn out to be needed."""
    return _confirmed(plan_of(base_url, wanted, options))


def _confirmed(plan: RenderPlan) -> int:
    confirm(plan.billed, str(plan))
    return max(plan.billed, ASKS_ABOVE)


@attrs.frozen
class _Told:
    """Tells what is left if a block fails: whatever goes wrong, these renders are billed."""

    renders: Renders
    file: Path | None
    waits: bool

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            _keep_rest(self.renders, self.file, waits=self.waits).echo()


def _run(work: Callable[[], Awaitable[None]], told: _Told) -> bool:
    with told:
        return run_until_interrupted(work)


def _end(
    renders: Renders,
    file: Path | None,
    *,
    interrupted: bool,
    waits: bool,
    as_json: bool,
    sheet: Sheet[ResultRow] | None,
) -> int:
    next_wait = _keep_rest(renders, file, waits=waits)
    if sheet is not None and sheet.format != "tsv":  # lines with tabs have the outcomes of the wait only
        for row in renders.rows():
            sheet.add(row)
    try:
        return _report(renders, file, next_wait, interrupted=interrupted, waits=waits, as_json=as_json)
    finally:
        next_wait.echo()


def _keep_rest(renders: Renders, file: Path | None, *, waits: bool) -> NextWait:
    keeper = renders.keeper
    renders.complete()
    # By identity: two renders of one project can have equal handles.
    lost = [one for one in renders.handles if not any(one is written for written in keeper.written)]
    unfinished: Sequence[PendingItem] = lost
    if waits:
        unfinished = renders.handles if renders.wait is None else renders.wait.unfinished
    complete_file = str(file) if file is not None and file.is_file() and not lost else None
    return NextWait.keep(unfinished, len(renders.handles), file=complete_file, name=keeper.name)


def _report(
    renders: Renders, file: Path | None, next_wait: NextWait, *, interrupted: bool, waits: bool, as_json: bool
) -> int:
    """Print the results, and return the exit code."""
    # A wait tells whether an uncertain render was started.
    told = (RenderSubmitUncertainError,) if waits else ()
    code = report_failures({one: renders.failed[one] for one in renders.ids if one in renders.failed}, told)
    code = worst_code(code, report_failures(renders.doubtful))
    errors = renders.errors() if as_json else []
    rest = {
        "handles": [json.loads(handle.to_json()) for handle in renders.handles],
        **next_wait.to_dict(),
    }
    for error in errors:
        echo_json(error)
    if waits and as_json and renders.wait is None:
        echo_json({"summary": {"projects": len(renders.ids), **rest, "interrupted": interrupted}})
    if renders.wait is not None:
        code = worst_code(code, renders.wait.report(interrupted=interrupted, **rest))
        if renders.unstarted and not as_json:  # the wait counts what was started
            echo_note(f"Not started: {renders.unstarted} of {len(renders.ids)} renders.")
    elif renders.handles and err_is_terminal() and (file is not None or not next_wait.unfinished):
        _print_first_wait(len(renders.handles), renders.keeper.name, file)
    renders.echo_rest(interrupted=interrupted)
    return INTERRUPTED if interrupted else worst_code(code, TIMED_OUT if renders.left_out else SUCCESS)


def _print_first_wait(count: int, name: str | None, file: Path | None) -> None:
    source = ["--handle", str(file)] if file is not None else ["--resume", str(name)]
    echo_note(f"Wait for {'the render' if count == 1 else f'the {count} renders'} with:")
    echo_again("wait", *source)
