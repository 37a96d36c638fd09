"""The rows of the table: what is measured, what it should be, and what it is."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

from tests.lab.benchmarks._costs import NUMBERS, cost_rows, measure_costs
from tests.lab.benchmarks._figures import Effort, Figure, Row
from tests.lab.benchmarks._run import CORES, NotMeasuredError, Samples, cell, installed, local, output, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def decode_row(_: Effort) -> Row:
    installed(["simdjson", "msgspec"])
    fast, plain = local("decode"), local("decode", "--without-fast")
    if not fast["fast"] or plain["fast"]:
        raise NotMeasuredError("simdjson was to be used once, and once not")
    return Row(
        "4",
        "Reading a response: the CPU time to decide about a project of 60 scenes",
        (
            Figure(
                "with the extra `fast`, over that of msgspec for a struct of a few fields",
                fast["verdict_ms"] / fast["msgspec_ms"],
                1.11,
            ),
            Figure("without it, over that of `json.loads`", plain["verdict_ms"] / plain["json_ms"], 1.13),
        ),
        f"{fast['verdict_ms']:.3f} and {plain['verdict_ms']:.2f} ms for {fast['bytes'] / 1e3:,.0f} KB; json.loads "
        f"{fast['json_ms']:.2f} ms, msgspec {fast['msgspec_ms']:.3f} ms. Unchanged bytes: "
        f"{fast['unchanged_ms']:.3f} ms; the complete project with its scenes: {fast['project_ms']:.1f} ms",
    )


def burst_row(effort: Effort) -> Row:
    samples = Samples()
    with server(delay=0.03) as base_url:
        for _ in range(effort.rounds):
            samples.add("burst", cell("burst", base_url, tasks=1000))
    with server(delay=0.15) as base_url:
        steady = cell("steady", base_url, rate=200.0, seconds=2.0 if effort.quick else 10.0)
    if samples.get("burst", "failed"):
        raise NotMeasuredError("polls of the burst failed")
    lag = samples.get("burst", "lag_ms")
    return Row(
        "5",
        "Not blocking the event loop",
        (
            Figure(
                "1,000 polls that start at once: the longest time without a turn for others, over the CPU time of a "
                "poll",
                lag * 1e3 / steady["us"],
                51.0,
            ),
            Figure("200 polls a second, 30 in flight: new connections", steady["new_connections"], 0.0),
        ),
        f"{lag:.1f} ms; {steady['polls']:,.0f} polls at {steady['us']:,.0f} µs of CPU time",
    )


def stall_row(effort: Effort) -> Row:
    samples = Samples()
    with server(scenes=60, rendered=False, changing=True) as base_url:
        for _ in range(1 if effort.quick else 3):
            for plain in (False, True):
                values = cell(
                    "stall",
                    base_url,
                    projects=500,
                    interval=5.0,
                    seconds=2.0 if effort.quick else 10.0,
                    plain=plain,
                )
                samples.add(plain, values)
    ours, plain_loop = samples.get(False, "p99_ms"), samples.get(True, "p99_ms")
    return Row(
        "6",
        "What else the event loop does, while 500 projects of 60 scenes are watched",
        (
            Figure(
                "99th percentile of the delay of a tick each millisecond, over that beside a plain loop",
                ours / plain_loop,
                0.4,
            ),
        ),
        f"{ours:.2f} ms, plain {plain_loop:.2f} ms; CPU {samples.get(False, 'cpu'):.0%}, plain "
        f"{samples.get(True, 'cpu'):.0%}; polls {samples.get(False, 'polls'):,.0f}, plain "
        f"{samples.get(True, 'polls'):,.0f}",
    )


def memory_row(_: Effort) -> Row:
    found = local("memory")
    return Row(
        "7",
        "10,000 watches with their last snapshots",
        (
            Figure("memory per watch", found["bytes"], 1280.0, " B"),
            Figure(
                "time to end them all, over that to cancel 10,000 tasks of asyncio",
                found["cancel_ms"] / found["tasks_ms"],
                0.5,
            ),
        ),
        f"{found['cancel_ms']:.1f} and {found['tasks_ms']:.1f} ms",
    )


def scheduler_row(effort: Effort) -> Row:
    found = local("scheduler", *effort.options)
    tasks = local("sleepers", *effort.options)
    calls = float(output("scheduler_calls"))
    costs, late = ", ".join(f"{cost:.1f}" for cost in found["us"]), max(found["late_p99_ms"])
    return Row(
        "8",
        "The poller without HTTP, with 10,000 watches",
        (
            Figure("Python and C calls per poll", calls, 395.0),
            Figure(
                "99th percentile of how late a poll starts, over that of 10,000 tasks of asyncio that sleep",
                late / max(tasks["late_p99_ms"]),
                2.0,
            ),
        ),
        f"{late:.2f} and {max(tasks['late_p99_ms']):.2f} ms late; {costs} µs of CPU time per poll, "
        f"{', '.join(f'{cost:.1f}' for cost in tasks['us'])} µs per sleep; {min(found['polls']):,.0f} polls each",
    )


def limiter_row(effort: Effort) -> Row:
    installed(["aiolimiter"])
    samples = Samples()
    for _ in range(1 if effort.quick else 3):
        samples.add("", local("limiter", *effort.options))
    alone, peer = samples.get("", "alone_us"), samples.get("", "peer_us")
    quick = samples.get("", "quick_per_second")
    return Row(
        "9",
        "The limiter, compared with aiolimiter, which has no exact window",
        (
            Figure("time to acquire a slot without waiting, over that of aiolimiter", alone / peer, 1.96),
            Figure(
                "share of 50 a second that 1,000 waiters use, 500 of them cancelled halfway",
                samples.get("", "share") * 100.0,
                99.0,
                " %",
                at_least=True,
            ),
            Figure("most requests in any second of that", samples.get("", "busiest"), 50.0),
            Figure("waiters that overtook others", samples.get("", "overtakings"), 0.0),
            Figure(
                "1,000 waiters at a nominal 20,000 a second: time for each, over that of a slot without waiting",
                1e6 / quick / alone,
                100.0,
            ),
        ),
        f"a slot {alone:.2f} µs, aiolimiter {peer:.2f} µs; share before the cancellation "
        f"{samples.get('', 'share_before'):.2%}, after it {samples.get('', 'share_after'):.2%}; at a nominal 20,000/s "
        f"{quick:,.0f}/s",
    )


def import_row(effort: Effort) -> Row:
    found = local("imports", *effort.options)
    return Row(
        "10",
        "Starting",
        (
            Figure(
                "time to import pictory_async, over that to import httpx, attrs, cattrs and anyio",
                found["own_ms"] / found["base_ms"],
                1.2,
            ),
        ),
        f"{found['own_ms']:.0f} over {found['base_ms']:.0f} ms; including a first client "
        f"{found['client_ms']:.0f} ms ({found['client_ms'] / found['base_ms']:.2f}); without click and rich, which "
        f"httpx imports if they are installed, {found['lean_own_ms']:.0f} over {found['lean_base_ms']:.0f} ms "
        f"({found['lean_own_ms'] / found['lean_base_ms']:.2f})",
    )


def fairness_row(_: Effort) -> Row:
    found = local("fairness")
    return Row(
        "11",
        "A budget that is too small for all",
        (Figure("mean detection delay, over half the time in which each project is polled once", found["ratio"], 1.1),),
        f"the watch with the fewest polls had {found['evenness']:.0%} as many as the one with the most",
    )


def calls_row(_: Effort) -> Row:
    installed(["httpx_aiohttp"])
    counts = {http: [float(output("calls", http)) for _ in range(2)] for http in ("httpx", "aiohttp")}
    return Row(
        "12",
        "Python and C calls per poll, the larger of two runs",
        (Figure("default install", max(counts["httpx"]), 3000.0), Figure("aiohttp", max(counts["aiohttp"]), 1600.0)),
        "; ".join(f"{http}: {one:,.0f} and {other:,.0f}" for http, (one, other) in counts.items()),
    )


def proxy_row(effort: Effort) -> Row:
    installed(["httpx2", "httpx_aiohttp"])
    found = json.loads(output("through_proxy", *effort.options))
    return Row(
        "15",
        "CPU time per poll through the tunnel of a proxy, over that of a direct one",
        tuple(Figure(http, costs["ratio"], 1.3) for http, costs in found.items()),
        "; ".join(f"{http}: {costs['direct']:,.0f} → {costs['proxied']:,.0f} µs" for http, costs in found.items()),
    )


def schedule_row(effort: Effort) -> Row:
    found = json.loads(output("schedule", *effort.options))
    return Row(
        "13",
        "Polling when the end is likely",
        (
            Figure(
                "mean detection delay with ProgressSchedule, over that with FairSchedule and as many requests",
                found["ratio"],
                0.75,
            ),
        ),
        f"{found['lag_s']:.1f} over {found['fair_lag_s']:.1f} s, mean of {found['cases']:.0f} cases; between "
        f"{found['best']:.2f} and {found['worst']:.2f}",
    )


def huge_row(effort: Effort) -> Row:
    found = local("huge", *effort.options)
    return Row(
        "14",
        "100,000 watches in simulated time",
        (Figure("memory per watch", found["bytes"], 1280.0, " B"),),
        f"{found['us']:,.0f} µs of CPU time per poll, with the simulated clock; {found['polls']:,.0f} polls in "
        f"{found['minutes']:g} min, with {found['cpu_s']:,.0f} s of CPU time",
    )


def _sweep(count: int, page_size: int, delivered: str = "none", **options: float) -> dict[str, float]:
    return dict(json.loads(output("sweeps", str(count), str(page_size), delivered, json.dumps(options))))


def _shown(what: str, found: dict[str, float]) -> str:
    return f"{what}: {found['requests']:.2f} requests, {found['delay']:.1f} s"


def sweep_row(_: Effort) -> Row:
    few = {size: _sweep(300, size) for size in (0, 1, 10, 50)}
    many = {size: _sweep(2000, size) for size in (0, 1, 10, 50)}
    often = _sweep(300, 50, sweep_interval=1.5)
    late = {behind: _sweep(300, 50, behind=behind) for behind in (60.0, 600.0)}
    each, ours = few[0], few[50]
    cases = {"no list": 0, "pages of 1": 1, "pages of 10": 10, "pages of 50": 50}
    raw = [
        _shown(f"{count}, {what}", found[size])
        for count, found in ((300, few), (2000, many))
        for what, size in cases.items()
    ]
    return Row(
        "16",
        "Renders that the list of jobs tells about, in simulated time and the default budget",
        (
            Figure("300 renders: mean detection delay", ours["delay"], 6.0, " s"),
            Figure("requests for each of them", ours["requests"], 3.5),
            Figure("these over those of polling each", ours["requests"] / each["requests"], 0.2),
            Figure("2,000 renders: mean detection delay", many[50]["delay"], 20.0, " s"),
            Figure("this over that of polling each, with fewer requests", many[50]["delay"] / many[0]["delay"], 0.1),
            Figure("300 renders and a sweep_interval of 1.5: the same", often["delay"] / each["delay"], 0.1),
            Figure("pages of 1: requests over those of polling each", few[1]["requests"] / each["requests"], 1.02),
            Figure(
                "a list that is behind: delay over that of polling each",
                max(found["delay"] for found in late.values()) / each["delay"],
                2.0,
            ),
        ),
        "; ".join(
            [
                *raw,
                _shown("300, pages of 50, sweep_interval=1.5", often),
                *(_shown(f"300, pages of 50, {behind:g} s behind", found) for behind, found in late.items()),
            ]
        ),
    )


def webhook_row(_: Effort) -> Row:
    cases = {share: _sweep(300, 50, str(share), interval=60.0) for share in (0.0, 0.5, 1.0)}
    return Row(
        "17",
        "300 renders with webhooks and interval=60, in simulated time",
        (
            Figure("mean detection delay if all are delivered, within 2 s", cases[1.0]["delay"], 2.0, " s"),
            Figure("requests for each render", cases[1.0]["requests"], 3.5),
        ),
        "; ".join(_shown(f"{share:.0%} delivered", found) for share, found in cases.items()),
    )


def shared_row(_: Effort) -> Row:
    *notes, last = output("shared_budget").splitlines()
    found = json.loads(last)
    figures: list[Figure] = []
    for place, one in found["places"].items():
        figures += (
            Figure(f"share of the steady pace that they use, {place}", one["share"] * 100.0, 95.0, " %", at_least=True),
            Figure(f"most requests in any window of a minute, {place}", one["busiest"], found["rate"]),
            Figure(
                f"CPU time for each request, over that with a budget of each process's own, {place}",
                one["us"] / found["alone_us"],
                10.0,
            ),
        )
    return Row(
        "18",
        "8 processes that share a budget of 300 a minute, in a file or on a Redis server, in a saturated minute",
        tuple(figures),
        f"{'; '.join(notes)}; the wait for it included",
    )


Make: TypeAlias = "Callable[[Effort], Row]"

REAL: tuple[tuple[str, Make], ...] = (
    ("4", decode_row),
    ("5", burst_row),
    ("6", stall_row),
    ("7", memory_row),
    ("8", scheduler_row),
    ("9", limiter_row),
    ("10", import_row),
    ("12", calls_row),
    ("15", proxy_row),
    ("18", shared_row),
)
SIMULATED: tuple[tuple[str, Make], ...] = (
    ("11", fairness_row),
    ("13", schedule_row),
    ("14", huge_row),
    ("16", sweep_row),
    ("17", webhook_row),
)
"""What else the machine does makes no difference to these, so they are made side by side."""


def measure(effort: Effort, report: Callable[[str], None], only: frozenset[str]) -> Iterator[Row]:
    """Measure row after row; one that cannot be measured says so and does not stop the others."""

    def one(entry: tuple[str, Make]) -> Row:
        number, make = entry
        report(f"row {number}")
        try:
            return make(effort)
        except NotMeasuredError as problem:
            return Row(number, make.__name__.removesuffix("_row"), problem=str(problem))

    if not only or only & {*NUMBERS}:
        report("CPU per poll, beside the peers")
        yield from cost_rows(*measure_costs(effort, report))
    yield from map(one, (entry for entry in REAL if not only or entry[0] in only))
    with ThreadPoolExecutor(CORES) as pool:
        yield from pool.map(one, [entry for entry in SIMULATED if not only or entry[0] in only])
