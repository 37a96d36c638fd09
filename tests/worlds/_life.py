"""One seed's world: projects with lives, and users."""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import trio
import trio.testing

from pictory_async import RateLimiter, RenderOutcome, RetryPolicy
from pictory_async.testing import Render, Simulator, World
from tests.worlds._faults import faults

if TYPE_CHECKING:
    from pictory_async import AsyncPictory

TIMEOUT = 20.0


@attrs.frozen
class Told:
    """An outcome, when it was decided, and what it was an answer to."""

    outcome: RenderOutcome
    at: float
    after: datetime | None
    max_wait: float | None


@attrs.define
class History:
    """All that happened in one world."""

    seed: int
    simulator: Simulator
    limiter: RateLimiter
    told: list[Told] = attrs.field(factory=list)
    wrong: list[str] = attrs.field(factory=list)
    counts: dict[str, int] = attrs.field(factory=dict)
    cancelled: int = 0


def populate(chance: random.Random, world: World) -> dict[str | int, datetime | None]:
    """Add projects of all kinds of lives; to each id belongs what its new video must be newer than."""
    found: dict[str | int, datetime | None] = {}
    for _ in range(chance.choice((1, 2, 5, 20, 60, 200) if chance.random() < 0.2 else (1, 2, 5, 20))):
        renders, at = [], chance.uniform(0.0, 60.0)
        for _ in range(chance.choice((0, 1, 1, 1, 2))):
            duration = chance.choice((0.0, 1.0, 20.0, 300.0)) * chance.uniform(0.5, 1.5)
            renders.append(Render(at, queue=chance.uniform(0.0, 40.0), duration=duration, fails=chance.random() < 0.2))
            at = renders[-1].ends_at + chance.uniform(0.0, 100.0)
        earlier = -chance.uniform(10.0, 1000.0) if chance.random() < 0.3 else None
        project_id = world.add_project(
            *renders,
            integer_id=chance.random() < 0.3,
            earlier_video=earlier,
            scenes=chance.choice((None, None, 1, 5)),
            edits=[chance.uniform(0.0, 500.0)] if chance.random() < 0.3 else (),
            deleted_at=chance.uniform(0.0, 600.0) if chance.random() < 0.1 else None,
        )
        found[project_id] = world.date(earlier) if earlier is not None and chance.random() < 0.7 else None
    return found


async def live(seed: int) -> History:
    """Let one world run to its end."""
    chance = random.Random(seed)
    world = World(seed=seed, missing_fields=chance.choice(("absent", "null")))
    projects = populate(chance, world)
    rate = chance.choice((5, 20, 100))
    limiter = RateLimiter(rate, chance.choice((1.0, 10.0)), chance.randint(1, rate))
    latency = chance.choice((0.0, 0.05, 0.5))
    simulator = Simulator(world, latency=lambda _request, _now: latency * chance.uniform(0.5, 1.5))
    history = History(seed, simulator, limiter)
    simulator.faults = faults(chance, chance.choice((0.0, 0.05, 0.3)), history.counts)
    simulator.start()
    retry = RetryPolicy(max_pause=30.0)
    async with simulator.client(limiter=limiter, timeout=TIMEOUT, retry=retry) as client:
        async with anyio.create_task_group() as tasks:
            for number in range(chance.randint(1, 4)):
                tasks.start_soon(user, random.Random(f"{seed}-{number}"), client, projects, history)
        busy, waiting = client.statistics().http.busy, limiter.statistics().waiting
        if busy or waiting or client.projects._board.watches or client.projects._board.looking:
            history.wrong.append(f"something is left: {busy} requests, {waiting} waiters, {client.projects._board}")
    return history


async def user(
    chance: random.Random, client: AsyncPictory, projects: dict[str | int, datetime | None], history: History
) -> None:
    """Wait for some projects in one of the ways there are, and perhaps give up."""
    ids = chance.sample(list(projects), chance.randint(1, len(projects)))
    terms: dict[str, Any] = {
        "max_wait": chance.choice((5.0, 100.0, 1500.0)),
        "interval": chance.choice((0.5, 5.0, 30.0)),
        "start_grace": chance.choice((0.0, 50.0, 120.0)),
    }
    patience = chance.choice((None, None, 0.0, chance.uniform(0.0, 300.0)))
    await anyio.sleep(chance.choice((0.0, chance.uniform(0.0, 100.0))))
    with anyio.move_on_after(patience) as scope:
        if chance.random() < 0.5:
            await batch(client, ids, projects, terms, history)
        else:
            await stream(chance, client, ids, projects, terms, history)
    history.cancelled += scope.cancelled_caught


async def batch(
    client: AsyncPictory, ids: list[Any], projects: dict[Any, Any], terms: dict[str, Any], history: History
) -> None:
    """``wait_all``, with an id given twice."""
    wanted = [*ids, ids[0]]
    began = history.simulator.now()
    outcomes = await client.projects.wait_all(wanted, after={i: projects[i] for i in ids}, **terms)
    if [str(outcome.project_id) for outcome in outcomes] != [str(project_id) for project_id in wanted]:
        history.wrong.append("wait_all does not answer in the order of its ids")
    for outcome in outcomes[:-1]:
        history.told.append(Told(outcome, began + outcome.waited, projects[outcome.project_id], terms["max_wait"]))


async def stream(
    chance: random.Random,
    client: AsyncPictory,
    ids: list[Any],
    projects: dict[Any, Any],
    terms: dict[str, Any],
    history: History,
) -> None:
    """``watch``, adding while it runs."""
    first = ids[: chance.randint(0, len(ids))]
    seen: list[Any] = []
    began = dict.fromkeys(ids, history.simulator.now())
    async with client.projects.watch(first, after={i: projects[i] for i in first}, **terms) as watch:
        for project_id in ids[len(first) :]:
            await anyio.sleep(chance.choice((0.0, 0.0, 1.0)))
            watch.add(project_id, after=projects[project_id])
            began[project_id] = history.simulator.now()
        async for outcome in watch:
            seen.append(outcome.project_id)
            at = began[outcome.project_id] + outcome.waited
            history.told.append(Told(outcome, at, projects[outcome.project_id], terms["max_wait"]))
    if sorted(map(str, seen)) != sorted(map(str, ids)):
        history.wrong.append(f"{len(ids)} watches gave {len(seen)} outcomes")


def run(seed: int) -> History:
    """Run one world on virtual time."""
    random.seed(seed)  # the client's own jitter, and its backoff
    clock = trio.testing.MockClock(autojump_threshold=0)
    trio._core._run._r.seed(seed)  # the order in which trio runs tasks
    return trio.run(live, seed, clock=clock)
