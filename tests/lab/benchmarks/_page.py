"""The table on the terminal, and the page of the documentation."""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.benchmarks._chart import chart
from tests.lab.benchmarks._run import CORES
from tests.lab.benchmarks._sections import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.benchmarks._figures import Row
    from tests.lab.benchmarks._sections import Section

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


def line(row: Row) -> str:
    """One row as it is printed, with a line for each figure."""
    lines = [f"{row.number:>2}  {row.verdict:<12}  {row.title}"]
    lines += [f"{'':18}{row.problem}"] if row.problem is not None else []
    lines += [f"{'':4}{one.verdict:<14}{one.shown:>9}  {one.wanted:>9}  {one.name}" for one in row.figures]
    return "\n".join([*lines, f"{'':18}{row.raw}"] if row.raw else lines)


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
    graded = [figure.verdict for row in rows for figure in row.figures]
    missing = sum(row.problem is not None for row in rows)
    return f"{graded.count('PASS')} figures pass, {graded.count('MISS')} miss; {missing} rows not measured"


def _table(rows: Sequence[Row]) -> str:
    lines = ["| # | Measure | Target | Measured | |", "|---|---|---|---|---|"]
    for row in rows:
        lines += [f"| **{row.number}** | **{row.title}** | | {row.problem or ''} | |"]
        lines += [f"| | {one.name} | {one.wanted} | {one.shown} | {one.verdict} |" for one in row.figures]
    return "\n".join(lines)


def _section(section: Section, rows: Sequence[Row], charts: Path) -> str:
    mine = [row for row in rows if row.number in section.rows]
    name = f"benchmarks-{section.slug}.svg"
    (charts / name).write_text(chart(section.title, mine), encoding="utf-8")
    raw = "\n".join(f"- **{row.number}**: {row.raw}." for row in mine if row.raw)
    alt = "Bars: how much of its target each figure of this section uses. All values are in the table below."
    return f"## {section.title}\n\n{section.sentence}\n\n![{alt}]({name})\n\n{_table(mine)}\n\n{raw}\n"


def page(rows: Sequence[Row], where: str, charts: Path, *, quick: bool) -> str:
    """The page, as Markdown; its charts are written into a directory."""
    command = " ".join(["nox -s bench --", *sys.argv[1:]])
    return _PAGE.format(
        command=command,
        date=f"{datetime.now(UTC):%d %B %Y}",
        machine=where,
        versions=versions(),
        kind="a quick run: one round, short measurements" if quick else "a full run: the medians of several rounds",
        cores=_TWO if CORES > 1 else _ONE,
        summary=summary(rows),
        sections="\n".join(_section(section, rows, charts) for section in SECTIONS),
    )


_TWO = "The server runs on one core, the client on another."
_ONE = "**This machine has one core, so the client and the server share it.**"

_PAGE = """# What a poll costs

A poller runs in the event loop of your application.
So it should use little CPU time, scale evenly, and never block the loop. This page shows how well it does.
It is written by a command, `{command}`, not by hand.

{summary}.
Every figure is a ratio within one run, or a count, so the targets hold on any machine.
Milliseconds and microseconds are given below each table, for reading; they vary from machine to machine.
In the charts, the line is the target. A bar that ends before the line passes.

{sections}
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
- **Row 3** counts calls, because its times depend on the machine: the objects of 1,000 tasks fit into the caches of
  one processor and not into those of another, which changed the ratio of the times from 0.96 to 1.56.
  What the library adds with many tasks is the wait for one of its connections.
- **Row 4**: the best of several repetitions. The body has 60 scenes of about 3 KB, in many small parts.
- **Rows 5 and 6**: another process sends a tick every millisecond, with the time in it.
  The figure is how late the event loop handles it.
  A timer of the loop itself is not precise enough: its resolution is a millisecond, as long as what is measured.
  In row 6 each project has its own body, and every tenth response differs from the others.
  The plain loop has a task for each project, uses `json`, and structures the response with cattrs. It uses the
  connections of this library, so they make no difference.
- **Rows 7, 8 and 14**: the poller without HTTP, with immediate responses.
  Row 7 keeps snapshots of 0.5 KB and counts what Python allocates. Row 14 has tiny snapshots and shows how much the
  process grew; its CPU time includes the simulated clock. The calls of row 8 are counted in simulated time.
- **Row 9**: an acquire of a limiter that has room, compared with aiolimiter, which has no exact window.
  Then 1,000 tasks share a limiter of 50 a second, and half of them are cancelled halfway.
  The exact guarantee costs 0.6 % of the nominal rate by design.
  While 500 tasks are being cancelled, the event loop does nothing else, which costs one or two requests.
- **Row 10**: fresh interpreters with compiled bytecode, the median of twenty-one (five in a quick run).
  The packages below are counted with what they load themselves; anyio loads most of its code when it is first used.
- **Rows 11, 13, 14, 16 and 17** run in simulated time, all but row 14 with simulated renders: their counts and
  delays are the same on any machine.
- **Row 12** is also a test of the suite: unlike times, it is the same in every run on a quiet machine.
  Rows 3 and 8 count in the same way: with `cProfile`, the calls of the event loop included.
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
