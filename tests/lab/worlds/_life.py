"""One world, from its plan to its history, on virtual time."""

from __future__ import annotations

import logging
import random
import traceback
from pathlib import Path
from typing import Final

import anyio
import trio
import trio.testing

from pictory_async import AsyncPictory, RetryPolicy
from tests.lab.worlds._check import check
from tests.lab.worlds._downloads import download
from tests.lab.worlds._history import History, LogReader
from tests.lab.worlds._limiters import limiters_of
from tests.lab.worlds._plan import MAX_PAUSE, TIMEOUT, Plan
from tests.lab.worlds._server import HEALTHY, Server, client_host
from tests.lab.worlds._users import User

FOREVER: Final = 20_000.0
"""By then every user has long come back."""

SLOWEST: Final = 61.0
"""Seconds between two requests at the pace to which a server's refusals slow down a client at most."""


def run(plan: Plan) -> History:
    """Run one world, and check its promises."""
    server = Server(plan)
    history = History(plan, server, limiters_of(plan))
    random.seed(plan.seed)  # the client's own jitter, and its backoff
    trio._core._run._r.seed(plan.seed)  # the order in which trio runs tasks
    scheduler = vars(trio._core._run)
    scheduler["_ALLOW_DETERMINISTIC_SCHEDULING"] = True
    log = logging.getLogger("pictory_async")
    reader, level = LogReader(history), log.level
    log.addHandler(reader)
    log.setLevel(logging.DEBUG)
    clock = trio.testing.MockClock(autojump_threshold=0)
    try:
        trio.run(_live, history, clock, clock=clock)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
        history.wrong(*_crash(error))
    finally:
        scheduler["_ALLOW_DETERMINISTIC_SCHEDULING"] = False
        log.removeHandler(reader)
        log.setLevel(level)
    check(history)
    return history


def _crash(error: BaseException) -> tuple[str, str]:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"crash {type(error).__name__}", f"{error} in {Path(where.filename).name}:{where.lineno}"


async def _live(history: History, clock: trio.testing.MockClock) -> None:
    """Let one world run to its end."""
    server, plan = history.server, history.plan
    server.simulator.start()
    known = {project.number: project for project in plan.projects}
    tasks_before = trio.lowlevel.current_statistics().tasks_living
    clients = [_client(history, number) for number in range(plan.clients)]
    with anyio.fail_after(FOREVER):
        async with anyio.create_task_group() as tasks:
            if plan.connect and plan.keeps:
                tasks.start_soon(_keep_connections, server)
            if not any(user.kind == "download" for user in plan.users):  # there, time is kept by hand
                for when, seconds in plan.stalls:
                    tasks.start_soon(_stall, clock, when, seconds)
            for user in plan.users:
                projects = [known[number] for number in user.projects if number in known]
                if user.kind != "download":
                    tasks.start_soon(User(user, clients[user.client], projects, history).live)
        if any(user.kind == "download" for user in plan.users):
            await download(history, clients, clock)
    _nothing_left(history, clients, tasks_before)
    await _healthy(history, clients)
    for client in clients:
        await client.aclose()


async def _keep_connections(server: Server) -> None:
    """Keep connections open for some time, then close them after each answer, and so on."""
    for number in range(40):
        await anyio.sleep(server.plan.keeps)
        server.simulator.connect = server.plan.connect * (number % 2)


async def _stall(clock: trio.testing.MockClock, when: float, seconds: float) -> None:
    """Let time pass while no task runs."""
    await anyio.sleep(when)
    clock.jump(seconds)


def _client(history: History, number: int) -> AsyncPictory:
    return history.server.simulator.client(
        base_url=f"https://{client_host(number)}/pictoryapis",
        limiter=history.limiters[number],
        timeout=TIMEOUT,
        retry=RetryPolicy(max_pause=MAX_PAUSE),
    )


def _nothing_left(history: History, clients: list[AsyncPictory], tasks_before: int) -> None:
    """Look for what the users may have left behind: tasks, timers, places in lines, requests, watches."""
    seen = trio.lowlevel.current_statistics()
    left = {
        "tasks": seen.tasks_living - tasks_before,
        "waiters": sum(one.statistics().waiting for one in history.limiters),
    }
    left["timers"] = int(seen.seconds_to_next_deadline < FOREVER)
    for client in clients:
        registry, media = client.projects._registry, client._media_engine
        left["requests"] = client.statistics().http.busy + media.statistics().busy
        left["callers that wait for a slot"] = client._engine.slots._queue.waiting + media.slots._queue.waiting
        left["watches"] = len(registry._projects) + len(registry._jobs) + len(registry._polls) + registry.watching
        if any(left.values()):
            history.wrong("nothing left", f"{ {what: count for what, count in left.items() if count} }")


async def _healthy(history: History, clients: list[AsyncPictory]) -> None:
    """See that a call succeeds in its time as soon as the server is well again."""
    history.server.healthy = True
    patience = MAX_PAUSE + 2 * history.plan.per + 2.0
    if any(one.statistics().refused for one in history.limiters):
        patience += SLOWEST * len(clients)
    for number, client in enumerate(clients):
        done = False
        with anyio.move_on_after(patience):
            await client.projects.get(HEALTHY)
            done = True
        if not done:
            history.wrong("nothing left", f"client {number} could not get a project within {patience} s afterwards")
