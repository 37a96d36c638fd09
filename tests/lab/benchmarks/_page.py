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
_ONE = "**This machine has one core, so the client and the server share it.**"

_PAGE = """# What a poll costs

A poller runs in the event loop of your application.
So it should use little CPU time, scale evenly, and never block the loop. This page shows how well it does.
It is written by a command, `{command}`, not by hand.

## The table

{summary}.
The targets were set before the code was written. A row passes if all its figures do.
Figures with a unit apply to this machine. Figures without a unit are ratios within the run, or counts, and apply to
other machines too.

{table}

Details:

{raw}

## How it was measured

- {date}; {kind}.
- {machine}.
- {versions}.
- {cores}
  Each measurement runs in its own process.
  Every SDK has its turn in each round, so other load on the machine affects all of them equally.
- **A poll** is a GET and the work that an SDK does to interpret the response.
  For this library, it is one poll of the poller, including the limiter and the verdict.
  For a peer, it is its own GET call on the same server, parsed in its own way.
  Requests go over loopback, without TLS, to a server that does almost nothing.
- **Rows 1 to 3**: the given number of tasks poll continuously.
  The cost is the user and system time of the client's process, divided by the number of successful polls.
  One process runs 1, then 50, then 1,000 tasks, each time with a moment to connect.
  A peer that gets no response in that time is left out: "no response".
- **Row 4**: the best of several repetitions. The body has 60 scenes of about 3 KB, in many small parts.
  The targets were set in milliseconds on another machine; the ratio to `json.loads` applies here too.
  The lower target was set with msgspec, which took 0.09 ms there.
- **Rows 5 and 6**: another process sends a tick every millisecond, with the time in it.
  The figure is how late the event loop handles it.
  A timer of the loop itself is not precise enough: its resolution is a millisecond, as long as what is measured.
  In row 6 each project has its own body, and every tenth response differs from the others.
  The plain loop has a task for each project, uses `json`, and structures the response with cattrs. It uses the
  connections of this library, so they make no difference.
- **Rows 7, 8 and 14**: the poller without HTTP, with immediate responses.
  Row 7 keeps snapshots of 0.5 KB and counts what Python allocates. Row 14 has tiny snapshots and shows how much the
  process grew; its CPU time includes the simulated clock.
  The microseconds of row 8 apply to this machine; `json.loads` (row 4) and aiolimiter (row 9) show how fast it is.
- **Row 9**: an acquire of a limiter that has room, compared with aiolimiter, which has no exact window.
  Then 1,000 tasks share a limiter of 50 a second, and half of them are cancelled halfway.
  The exact guarantee costs 0.6 % of the nominal rate by design.
  While 500 tasks are being cancelled, the event loop does nothing else, which costs one or two requests.
- **Row 10**: fresh interpreters with compiled bytecode, the median of twenty-one (five in a quick run).
  The packages below are counted with what they load themselves; anyio loads most of its code when it is first used.
- **Rows 11, 13 and 14** run in simulated time, rows 11 and 13 with simulated renders.
- **Row 12** is also a test of the suite: unlike times, it is the same in every run on a quiet machine.
- **Row 15**: 10 tasks poll over TLS, in turn directly and through a proxy; the median ratio of several rounds.

## What it means

- At the recommended rate (each project every 10 to 30 seconds), tens of projects cost almost nothing, with any SDK.
  The cost matters for hundreds of projects. Then it is most important that CPU time, delay and memory scale evenly.
- The extra `aiohttp` saves CPU time at any size.
  The extra `fast` helps if projects have many scenes: it reads only the fields that show whether there is a video.
- A response with the same bytes as the one before is not decoded at all.
- Microseconds apply to one machine. They vary by a tenth from run to run, and by more if others use the machine.
  Compare them within a table, not across tables.
- `nox -s bench -- --profile` shows where the time of a poll goes.
"""
