"""Rows 1 to 3: the CPU time of a poll, beside the peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.benchmarks._figures import Effort, Figure, Row
from tests.lab.benchmarks._polls import PEERS, PEERS_AIOHTTP
from tests.lab.benchmarks._run import NotMeasuredError, Samples, cell, installed, output, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NUMBERS = ("1", "2", "3")
CROWDS = (1, 50, 1000)
OURS = "ours"
OURS_AIOHTTP = "ours+aiohttp"


def measure_costs(effort: Effort, report: Callable[[str], None]) -> tuple[Samples, dict[str, str]]:
    """CPU per poll of every SDK: round after round, so that what else the machine does hits all alike."""
    samples, problems = Samples(), dict[str, str]()
    with server() as base_url:
        for number in range(effort.rounds):
            for name in (OURS, *PEERS, OURS_AIOHTTP, *PEERS_AIOHTTP):
                base, _, mode = name.partition("+")
                crowds = sorted((*CROWDS, 10)) if base == OURS else CROWDS
                try:
                    installed([base] if base != OURS else [])
                    installed(["httpx_aiohttp"] if mode and base == OURS else ["aiohttp"] if mode else [])
                    found = cell("cost", base_url, name=name, crowds=crowds, seconds=effort.seconds)
                    for tasks in crowds:
                        samples.add((name, tasks), found[str(tasks)])
                    failed = sum(found[str(tasks)]["failed"] for tasks in crowds)
                    if base == OURS and failed:
                        problems[name] = f"{failed:.0f} polls failed"
                except NotMeasuredError as problem:
                    problems[name] = str(problem)
            report(f"round {number + 1} of {effort.rounds}")
    return samples, problems


def cost_rows(samples: Samples, problems: dict[str, str]) -> Iterator[Row]:
    """Rows 1 to 3, from the costs."""
    text = "CPU time per poll, over that of the best peer"
    yield _against(samples, problems, "1", f"{text}: default install", OURS, PEERS, (0.95, 0.65, 0.6))
    yield _against(
        samples, problems, "2", f"{text}: aiohttp on both sides", OURS_AIOHTTP, PEERS_AIOHTTP, (0.65, 0.65, 0.65)
    )
    text = "Many tasks: what 1,000 cost per poll, over what 10 cost"
    names = (OURS, OURS_AIOHTTP)
    if troubled := [f"{name}: {problems[name]}" for name in names if name in problems]:
        yield Row("3", text, problem="; ".join(troubled))
        return
    calls = {name: [_calls(name, tasks) for tasks in (10, 1000)] for name in names}
    figures = [Figure(f"Python and C calls: {name}", many / few, 1.3) for name, (few, many) in calls.items()]
    raw = [
        f"{name}: {few:,.0f} → {many:,.0f} calls, {_level(samples, name, 10)} → {_level(samples, name, 1000)} µs"
        for name, (few, many) in calls.items()
    ]
    yield Row("3", text, tuple(figures), "; ".join(raw))


def _calls(name: str, tasks: int) -> float:
    return float(output("calls", name.partition("+")[2] or "httpx", "--tasks", str(tasks)))


def _level(samples: Samples, name: str, tasks: int) -> str:
    return f"{samples.get((name, tasks), 'us'):,.0f}"


def _against(
    samples: Samples,
    problems: dict[str, str],
    number: str,
    title: str,
    ours: str,
    peers: Sequence[str],
    targets: Sequence[float],
) -> Row:
    troubled = [name for name in (ours, *peers) if name in problems]
    if troubled:
        return Row(number, title, problem="; ".join(f"{name}: {problems[name]}" for name in troubled))
    figures = []
    raw = []
    for tasks, target in zip(CROWDS, targets, strict=True):
        costs = {name: samples.get((name, tasks), "us") for name in (ours, *peers)}
        name = f"{tasks:,} concurrent poll{'s' * (tasks > 1)}"
        figures.append(Figure(name, costs[ours] / min(costs[name] for name in peers), target))
        raw.append(f"{tasks:,}: " + ", ".join(f"{name.partition('+')[0]} {_us(cost)}" for name, cost in costs.items()))
    return Row(number, title, tuple(figures), "; ".join(raw) + " µs")


def _us(cost: float) -> str:
    return "no response" if cost == float("inf") else f"{cost:,.0f}"
