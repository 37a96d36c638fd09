"""A loop as on the API's page, and one wait, for the same simulated projects: what each reports, and when.

It needs no account and no network: ``python why.py``. Time is virtual, so that half an hour takes a moment.
"""

import asyncio
import json
import math
from typing import Any, NamedTuple

import httpx

from pictory_async.testing import BASE_URL, Answer, Render, SimRequest, Simulator, World, virtual_time

MINUTE = 60.0
LIMIT = 300.0  # of the loop, in seconds
JSON = {"content-type": "application/json"}
TOO_MANY = Answer(429, JSON, b'{"message": "Too Many Requests"}')
FORBIDDEN = Answer(403, JSON, b'{"message": "Forbidden"}')
GATEWAY = Answer(502, {"content-type": "text/html"}, b"<html><h1>502 Bad Gateway</h1></html>")


class Case(NamedTuple):
    """A project, and when its new video is there, in seconds since the waits began."""

    truth: str
    renders: list[Render]
    settings: dict[str, Any]
    video_at: float | None = None


RUNNING = [Render(-MINUTE, duration=3 * MINUTE)]
LONG = [Render(-MINUTE, duration=16 * MINUTE)]
QUEUED = [Render(0.0, queue=MINUTE, duration=2 * MINUTE)]
FAILING = [Render(-MINUTE, duration=3 * MINUTE, fails=True)]
AGAIN = "rendered again"
CASES = {
    "rendered": Case("there is a video", [], {"earlier_video": -MINUTE}, 0.0),
    "rendering": Case("a video after 2 minutes", RUNNING, {}, 120.0),
    "rendering for long": Case("a video after 15 minutes", LONG, {}, 900.0),
    "queued": Case("a video after 3 minutes", QUEUED, {}, 180.0),
    AGAIN: Case("a new video after 3 minutes", QUEUED, {"earlier_video": -MINUTE}, 180.0),
    "never rendered": Case("no video", [], {}),
    "failing": Case("no video: the render fails after 2 minutes", FAILING, {}),
    "deleted": Case("no video: it is gone after a minute", LONG, {"deleted_at": MINUTE}),
    "refused (403)": Case("the key may not read it", [], {}),
    "behind a 502 page for a minute": Case("a video after 2 minutes", RUNNING, {}, 120.0),
    "limited for a minute (429)": Case("a video after 2 minutes", RUNNING, {}, 120.0),
}


class Said(NamedTuple):
    """What one of both says about each case, how late it was where it was right, and how many requests it sent."""

    says: dict[str, str]
    delay: float
    requests: int


def account() -> tuple[Simulator, dict[str, str]]:
    """An account with a project for each case, and the cases by the ids of their projects."""
    world = World()
    cases = {str(world.add_project(*case.renders, **case.settings)): name for name, case in CASES.items()}

    def fault(request: SimRequest, now: float) -> Answer | None:
        name = cases.get(request.path.rpartition("/")[2], "")
        if name.startswith("refused"):
            return FORBIDDEN
        return None if now >= MINUTE or "for a minute" not in name else GATEWAY if "502" in name else TOO_MANY

    return Simulator(world, latency=0.1, faults=fault), cases


async def loop(client: httpx.AsyncClient, project_id: str) -> dict[str, Any]:
    """Wait with the condition, the interval and the time limit of the API's page."""
    clock = asyncio.get_running_loop()
    began = clock.time()
    while clock.time() - began < LIMIT:
        project: dict[str, Any] = (await client.get(f"/v2/projects/{project_id}")).json()
        if project.get("step") == "COMPLETE" or not project.get("inProgress"):
            return project
        await asyncio.sleep(10)
    raise TimeoutError


async def by_loop() -> Said:
    """What loops report, one for each project, all at the same time."""
    simulator, cases = account()
    began, delays = simulator.world.date(0.0).isoformat(), [0.0]

    async def say(project_id: str, name: str) -> str:
        try:
            project = await loop(client, project_id)
        except (TimeoutError, json.JSONDecodeError) as error:
            return f"`{type(error).__name__}`"
        if not project.get("videoURL"):
            return "complete, **without a video**"
        if name == AGAIN and project["generatedDate"] < began:
            return "complete, **with the old video**"
        delays.append(simulator.now() - (CASES[name].video_at or 0.0))
        return "complete"

    headers = {"Authorization": simulator.world.api_key}
    async with httpx.AsyncClient(transport=simulator.transport(), base_url=BASE_URL, headers=headers) as client:
        says = await asyncio.gather(*(say(*one) for one in cases.items()))
    return Said(dict(zip(cases.values(), says, strict=True)), max(delays), len(simulator.log))


async def by_wait() -> Said:
    """What one wait reports."""
    simulator, cases = account()
    after = {one: simulator.world.date(0.0) for one, name in cases.items() if name == AGAIN}
    async with simulator.client() as client:
        outcomes = await client.projects.wait_all(cases, after=after)
    names = [cases[str(outcome.project_id)] for outcome in outcomes]
    ends = [CASES[name].video_at for name in names]
    delays = [one.waited - end for one, end in zip(outcomes, ends, strict=True) if end is not None and one.ok]
    says = {name: f"`{outcome.status.name}`" for name, outcome in zip(names, outcomes, strict=True)}
    return Said(says, max(delays), len(simulator.log))


def table() -> str:
    """The comparison, as a table in Markdown. What depends on chance, the times of polls, is rounded up."""
    said: list[Said] = []
    for work in (by_loop, by_wait):
        with asyncio.Runner(loop_factory=virtual_time) as runner:
            said.append(runner.run(work()))
    rows = [["Project", "What is true", "The loop", "`wait_all`"], ["---"] * 4]
    rows += [[name, case.truth, *(one.says[name] for one in said)] for name, case in CASES.items()]
    rows.append(["longest delay", "", *(f"at most {math.ceil(one.delay / 15) * 15} s" for one in said)])
    rows.append(["requests", "", *(f"at most {math.ceil(one.requests / 150) * 150}" for one in said)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    print(table(), end="")
