"""`pictory wait`: watch projects until all are done."""

from __future__ import annotations

import math
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import RateLimiter
from pictory_async.cli._client import open_client, run
from pictory_async.cli._exits import INTERRUPTED, explain
from pictory_async.cli._follow import Follower
from pictory_async.cli._options import Rate, as_json, base_url, limit, moment, project_ids, rate, seconds
from pictory_async.cli._tally import Tally
from pictory_async.cli._text import duration, echo_json, echo_lines, out_is_terminal, printable
from pictory_async.cli._view import WIDEST_STATUS, status_text

if TYPE_CHECKING:
    from pictory_async import RenderOutcome

__all__ = ["command"]

_EPILOG: Final = """\
\b
Exit codes: 0 all are rendered, 3 some are not, 4 the time is spent and nothing
worse, 2 wrong usage, 130 stopped with Ctrl-C.
"""


@attrs.frozen(kw_only=True)
class _Terms:
    max_wait: float
    interval: float
    start_grace: float
    after: datetime | None

    def keywords(self) -> dict[str, Any]:
        limit = None if math.isinf(self.max_wait) else self.max_wait
        return {**attrs.asdict(self), "max_wait": limit}


@click.command("wait", epilog=_EPILOG, short_help="Wait until projects are rendered.")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "--ids-from",
    type=click.File(encoding="utf-8-sig"),
    metavar="FILE",
    help="Read more ids from a file, one a line; '-' is standard input. Lines that begin with # are skipped.",
)
@click.option(
    "--max-wait",
    type=limit,
    default="30m",
    show_default=True,
    metavar="TIME",
    help="Give up after so long: 90, 90s, 30m, 2h, or none.",
)
@click.option(
    "--interval", type=seconds, default="10s", show_default=True, metavar="TIME", help="Between two looks at a project."
)
@click.option(
    "--start-grace",
    type=seconds,
    default="2m",
    show_default=True,
    metavar="TIME",
    help="How long a project may show no render before it counts as not started.",
)
@click.option(
    "--after",
    type=moment,
    metavar="DATE",
    help="Only a newer video counts: for projects that are rendered again. 2026-01-31T12:00:00Z",
)
@click.option(
    "--rate",
    type=rate,
    default="300/min",
    show_default=True,
    metavar="N/PER",
    help="At most N requests in any window of PER: 300/60, 300/min, 5/s.",
)
@base_url
@as_json("Print one JSON object at the end.")
@click.pass_context
def command(  # noqa: PLR0913 - each option is one
    ctx: click.Context,
    *,
    ids: tuple[str, ...],
    ids_from: IO[str] | None,
    max_wait: float,
    interval: float,
    start_grace: float,
    after: datetime | None,
    rate: Rate,
    base_url: str | None,
    as_json: bool,
) -> None:
    """Wait until projects are rendered, and print what became of each.

    Ctrl-C prints what is known so far. What goes on meanwhile is shown on standard error.
    """
    tally = Tally(project_ids(ids, ids_from))
    limiter = RateLimiter(rate.requests, rate.per, min(10, rate.requests))
    terms = _Terms(max_wait=max_wait, interval=interval, start_grace=start_grace, after=after)
    lines = not as_json and not out_is_terminal()
    follower = Follower(
        title=f"Waiting for {tally.total} {'project' if tally.total == 1 else 'projects'}",
        tally=tally,
        limiter=limiter,
        note=_print_line if lines else lambda _: None,
        live=not lines,
    )
    interrupted = False
    try:
        run(lambda: _wait(base_url, follower, terms))
    except KeyboardInterrupt:
        interrupted = True
    _report(tally, as_json=as_json, interrupted=interrupted)
    ctx.exit(INTERRUPTED if interrupted else explain(tally.ordered()))


async def _wait(base_url: str | None, follower: Follower, terms: _Terms) -> None:
    async with (
        open_client(base_url, follower.limiter) as client,
        client.projects.watch(follower.tally.wanted, **terms.keywords()) as watch,
    ):
        await follower.follow(client, watch)


def _detail(outcome: RenderOutcome) -> str:
    found = outcome.to_dict()
    return printable(found["video_url"] or found["error"] or "")


def _print_line(outcome: RenderOutcome) -> None:
    status = outcome.status.value
    click.echo(f"{status:<11}  {outcome.project_id}  {duration(outcome.waited)}  {_detail(outcome)}")


def _report(tally: Tally, *, as_json: bool, interrupted: bool) -> None:
    if as_json:
        echo_json({**tally.to_dict(), "interrupted": interrupted})
        return
    if out_is_terminal():
        _print_colored(tally.ordered())
    if tally.pending:
        click.echo(f"Still pending: {' '.join(map(str, tally.pending))}")
    how = "Interrupted: " if interrupted else ""
    click.echo(
        f"{how}{tally.done} of {tally.total} done ({tally.counts_text}) in {duration(tally.seconds)}, "
        f"{tally.requests} requests."
    )


def _print_colored(outcomes: list[RenderOutcome]) -> None:
    lines = [status_text(outcome.status.value) for outcome in outcomes]
    for line, outcome in zip(lines, outcomes, strict=True):
        line.pad_right(WIDEST_STATUS - len(line))
        line.append(f"  {outcome.project_id}  {duration(outcome.waited)}  {_detail(outcome)}", style="none")
    echo_lines(lines)
