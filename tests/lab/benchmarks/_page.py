"""The table on the terminal, and the page of the documentation."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.benchmarks._run import CORES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.benchmarks._rows import Row

_LIBRARIES = (
    "pictory-async",
    "httpx",
    "httpcore",
    "httpx-aiohttp",
    "aiohttp",
    "httpx2",
    "anyio",
    "attrs",
    "cattrs",
    "aiolimiter",
    "pysimdjson",
    "msgspec",
    "openai",
    "anthropic",
    "runwayml",
    "replicate",
)


def wanted(row: Row) -> str:
    return "; ".join(figure.wanted for figure in row.figures) or "reported"


def measured(row: Row) -> str:
    return "; ".join(figure.shown for figure in row.figures) or row.raw


def verdict(row: Row) -> str:
    return row.verdict if row.figures or row.problem else ""


def line(row: Row) -> str:
    """One row as it is printed."""
    if row.problem is not None:
        return f"{row.number:>2}  {'NOT MEASURED':<12}  {row.measure}\n{'':18}{row.problem}"
    text = f"{row.number:>2}  {verdict(row):<12}  {row.measure}\n"
    if row.figures:
        text += f"{'':18}measured {measured(row)}   target {wanted(row)}\n"
    return f"{text}{'':18}{row.raw}" if row.raw else text.rstrip("\n")


def machine() -> str:
    """What this was measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [entry.partition(":")[2].strip() for entry in cpuinfo.read_text().splitlines() if "model name" in entry]
        model = names[0] if names else model
    load = f", load average {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    return f"{model}, {CORES} cores, {platform.system()}, Python {platform.python_version()}{load}"


def versions() -> str:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return ", ".join(found)


def summary(rows: Sequence[Row]) -> str:
    graded = [row.verdict for row in rows if row.figures or row.problem]
    return f"{graded.count('PASS')} pass, {graded.count('MISS')} miss, {graded.count('NOT MEASURED')} not measured"


def page(rows: Sequence[Row], where: str, *, quick: bool) -> str:
    """The page, as Markdown."""
    table = [
        "| # | Measure | Target | Measured | |",
        "|---|---|---|---|---|",
        *(
            f"| {row.number} | {row.measure} | {wanted(row)} | {row.problem or measured(row)} | {verdict(row)} |"
            for row in rows
        ),
    ]
    raw = [f"- **{row.number}**: {row.raw}" for row in rows if row.raw and row.figures]
    command = " ".join(["nox -s bench --", *sys.argv[1:]])
    return _PAGE.format(
        command=command,
        date=f"{datetime.now(UTC):%d %B %Y}",
        machine=where,
        versions=versions(),
        kind="a quick run: one round, short measurements" if quick else "a full run: the medians of several rounds",
        cores=_TWO if CORES > 1 else _ONE,
        summary=summary(rows),
        table="\n".join(table),
        raw="\n".join(raw),
    )


_TWO = "The server runs on one core, the client on another."
_ONE = "**This machine has one core, so that client and server had to share it.**"

_PAGE = """# What a poll costs

A poller lives in somebody else's event loop.
So it should cost next to nothing, stay level as work grows, and never hold the loop up. This page says how far it does.
It is written by a command, `{command}`, not by hand.

## The table

{summary}.
The targets were set before the code was written. A row passes when all its figures do, and a miss is called a miss.
Figures with a unit are this machine's. Those without one are ratios within the run, or counts, and hold for other
machines too.

{table}

What the figures were made of:

{raw}

## How it was measured

- {date}; {kind}.
- {machine}.
- {versions}.
- {cores}
  Each measurement has a process of its own.
  Rounds are outermost: every SDK has its turn in each, so that what else the machine does hits all alike.
- **A poll** is a GET and what the SDK needs to judge the answer.
  Ours is one look of the poller, with the limiter and the verdict.
  A peer's is its own GET call on the same server, parsed as it does.
  Requests go over loopback, without TLS, to a server that does next to nothing.
- **Rows 1 to 3**: so many tasks poll without a break.
  The cost is the user and system time of the client's process, over the polls that were answered.
  One process makes 1, then 50, then 1,000 tasks, each time with a moment to connect.
  A peer that answered nothing in that time is left out: "never answered".
- **Row 4**: the best of several repetitions. The body has 60 scenes of about 3 KB, in many small parts.
  The targets were set in milliseconds, on another machine; what carries over is the ratio to `json.loads`.
  The quicker target was set with msgspec, which took 0.09 ms there.
- **Rows 5 and 6**: another process sends a tick every millisecond, with the time in it.
  What counts is how late the event loop serves it.
  A timer of the loop itself would not do: its grain is a millisecond, which is as long as what is measured.
  In row 6 each project has its own body, and every tenth answer differs from the others.
  The plain loop has a task for each project, uses `json`, and structures the answer with cattrs. It uses our
  connections, so that they make no difference.
- **Rows 7, 8 and 14**: the poller without HTTP, with answers that are there at once.
  Row 7 keeps snapshots of 0.5 KB and counts what Python allocates; row 14 has tiny ones, and tells by how much the
  process grew. Its CPU includes the simulated clock's.
  The microseconds of row 8 are this machine's; compare it by how long `json.loads` (row 4) and aiolimiter (row 9) take.
- **Row 9**: asking a limiter that has room, beside aiolimiter, which has no exact window.
  Then 1,000 tasks share a limiter of 50 a second, and half of them are cancelled halfway.
  The exact promise costs 0.6 % of the nominal rate by design.
  While 500 tasks are being cancelled the event loop does nothing else, which costs a slot or two.
- **Row 10**: fresh interpreters with compiled bytecode, the median of twenty-one (five in a quick run).
  The packages below are counted with what they load by themselves; anyio loads most of itself when it is first used.
- **Rows 11, 13 and 14** run in simulated time, rows 11 and 13 with simulated renders.
- **Row 12** is the guard in the test suite: unlike time, it is the same in every run on a quiet machine.

## What it means

- At Pictory's pace (a look at each project every 10 to 30 seconds) tens of projects cost nothing that anybody would
  notice, with any SDK.
  It begins to matter for hundreds. There, what counts most is that cost, lag and memory stay level as work grows.
- The extra `aiohttp` saves CPU time at any size.
  The extra `fast` pays where projects have many scenes: it reads what tells whether a video is there, and skips the
  rest.
- An answer with the same bytes as the one before is not decoded at all.
- Microseconds are one machine's. They vary by a tenth from run to run, and by more where others use the machine.
  Compare within a table, not across.
- `nox -s bench -- --profile` shows where a poll's time goes.
"""
