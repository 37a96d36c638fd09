"""Two thousand watches for ten minutes, with faults: ``python -m tests.lab.endurance.soak``."""

from __future__ import annotations

import argparse
import gc
import platform
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import attrs

from pictory_async import AsyncPictory, RateLimiter, RenderHandle, RetryPolicy
from pictory_async.errors import PictoryError, RenderSubmitUncertainError
from pictory_async.testing import World
from tests.lab._report import write_section
from tests.lab.endurance._left import complaints, files, memory, tasks
from tests.lab.endurance._server import ServerProcess

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from pictory_async import RenderPoller
    from pictory_async.models import ProjectId

NEWER = World().epoch
"""All projects have an older video."""

WELL = "constant; three calls succeed, no connection, task, file or warning remains"
SMALL = 64.0
"""KiB a minute that are no leak, whatever the statistics say: the allocator's own moves."""


class Sample(NamedTuple):
    """One poll."""

    minutes: float
    kib: int
    blocks: int
    files: int


@attrs.define
class Soak:
    """What was seen."""

    minutes: float
    watches: int
    warm_up: float
    over: bool = False
    samples: list[Sample] = attrs.field(factory=list)
    outcomes: Counter[str] = attrs.field(factory=Counter)
    renders: Counter[str] = attrs.field(factory=Counter)
    fewest: int = sys.maxsize
    requests: int = 0
    faults: dict[str, int] = attrs.field(factory=dict)
    wrong: list[str] = attrs.field(factory=list)

    def expect(self, what: str, expected: object, found: object) -> None:
        """Note a difference."""
        if expected != found:
            self.wrong.append(f"{what}: {found} instead of {expected}")


async def live(soak: Soak, server: ServerProcess, engine: Any) -> None:
    """The client's life, in the event loop."""
    before = tasks()
    async with AsyncPictory(
        **server.client_options(),
        http=engine,
        limiter=RateLimiter(1000, 1.0, 50),
        retry=RetryPolicy(backoff=0.05),
        timeout=2.0,
    ) as client:
        poller = client.projects.watch(server.facts["never"], after=NEWER, max_wait=None, start_grace=20.0)
        async with anyio.create_task_group() as around, poller as watch:
            for project_id in server.facts["resting"]:
                around.start_soon(render, soak, client, watch, project_id)
            around.start_soon(sample, soak, watch)
            with anyio.move_on_after(soak.minutes * 60):
                await replace(soak, client, watch, around)
            soak.over = True
            around.cancel_scope.cancel()
        server.ask(calm=True)
        for _ in range(3):
            soak.expect("a call afterwards", True, (await client.projects.get(server.facts["done"])).is_rendered)
        statistics = client.statistics()
        soak.expect("busy", 0, statistics.http.busy)
        soak.expect("waiting for the limiter", 0, statistics.limiter.waiting)
        soak.requests = statistics.http.sent
    soak.expect("connections after closing", 0, await server.connections(0))
    soak.faults = server.ask()["faults"]
    soak.expect("tasks", before, tasks())


async def replace(soak: Soak, client: AsyncPictory, watch: RenderPoller, around: TaskGroup) -> None:
    """Render each project again when its watch has ended, and watch that."""
    async for outcome in watch:
        soak.outcomes[outcome.status.value] += 1
        around.start_soon(render, soak, client, watch, outcome.key)


async def render(soak: Soak, client: AsyncPictory, watch: RenderPoller, project_id: ProjectId) -> None:
    """Start a render and watch it, also where nobody knows whether it was started."""
    one: RenderHandle | ProjectId = project_id
    try:
        one = await client.projects.render(project_id)
        soak.renders["started"] += 1
    except RenderSubmitUncertainError as error:
        one = error.handle
        soak.renders["uncertain"] += 1
    except PictoryError:
        soak.renders["rejected"] += 1
    if not soak.over:
        watch.add(one, after=NEWER)


async def sample(soak: Soak, watch: RenderPoller) -> None:
    """Look at memory, files and watches now and then, once the program has warmed up."""
    began = anyio.current_time()
    await anyio.sleep(soak.warm_up)
    while True:
        gc.collect()  # what waits to be collected is not held
        minutes = (anyio.current_time() - began) / 60.0
        soak.samples.append(Sample(minutes, memory(), sys.getallocatedblocks(), files()))
        soak.fewest = min(soak.fewest, watch.statistics().watching)
        if len(soak.samples) % 30 == 1:
            print(*soak.samples[-1], sum(soak.outcomes.values()), "outcomes", flush=True)
        await anyio.sleep(2.0)


def slope(points: list[tuple[float, float]]) -> tuple[float, float]:
    """The slope of the straight line through points that fits them best (least squares), and its standard error."""
    count = len(points)
    mean_x, mean_y = (sum(column) / count for column in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    found = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - found * (x - mean_x)) ** 2 for x, y in points)
    return found, (rest / (count - 2) / spread) ** 0.5


def judge(soak: Soak) -> str:
    """Note what is wrong with memory and files; and say how they went."""
    rise, error = slope([(one.minutes, one.kib) for one in soak.samples])
    held, held_error = slope([(one.minutes, one.blocks) for one in soak.samples])
    level, _ = slope([(one.minutes, one.files) for one in soak.samples])
    if rise > max(SMALL, 2.0 * error):
        soak.wrong.append(f"memory rises by {rise:.0f} KiB a minute")
    if level > 1.0:
        soak.wrong.append(f"open files rise by {level:.1f} a minute")
    counts = [one.files for one in soak.samples]
    first, last = (sum(one.kib for one in part) / len(part) for part in (soak.samples[:15], soak.samples[-15:]))
    return f"""\
| memory in use, first and last half minute | {first / 1024:.1f} MiB, {last / 1024:.1f} MiB |
| slope of memory in use | {rise:+.1f} KiB a minute, standard error {error:.1f} |
| Python's allocated blocks | {soak.samples[0].blocks:,}; slope {held:+.0f} a minute, standard error {held_error:.0f} |
| open files, fewest and most | {min(counts)}, {max(counts)}; slope {level:+.2f} a minute |"""


def page(soak: Soak, engine: Any) -> str:
    """What to write into the documentation."""
    memory_rows = judge(soak)
    outcomes = ", ".join(f"{count:,} {status}" for status, count in sorted(soak.outcomes.items()))
    renders = ", ".join(f"{count:,} {kind}" for kind, count in sorted(soak.renders.items()))
    faults = ", ".join(f"{count:,} {kind}" for kind, count in sorted(soak.faults.items()))
    return f"""\
{soak.watches:,} projects are watched over real sockets for {soak.minutes:g} minutes, in a client whose server is \
another process.
One request in ten has a fault.
{resting(soak.watches):,} of the projects are rendered within minutes. Each of these is then rendered again and \
watched again, so watches end and begin all the time. The other projects never finish rendering.
After a warm-up of {soak.warm_up:g} seconds, memory and open files are measured every two seconds, after a garbage \
collection.
Memory counts as constant if its trend (least squares) rises by no more than two standard errors, or by no more than \
{SMALL:g} KiB a minute. Neighbouring samples are similar, so the real standard error is larger than the calculated one.

| | |
|---|---|
| requests | {soak.requests:,}, {soak.requests / soak.minutes / 60:,.0f} a second |
| faults | {sum(soak.faults.values()):,}: {faults} |
| outcomes | {outcomes} |
| requested renders | {renders} |
| concurrent watches, at least | {soak.fewest:,} |
{memory_rows}
| result | {"; ".join(soak.wrong) or WELL} |

Python {platform.python_version()}, {engine} {version(engine)}, anyio {version("anyio")}, {platform.system()}.
"""


def resting(watches: int) -> int:
    """How many of the projects are rendered within minutes."""
    return watches * 3 // 10


def main() -> int:
    """Run it; 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (10)")
    parser.add_argument("--watches", type=int, default=2000, help="projects (2000)")
    parser.add_argument("--faults", type=float, default=0.1, help="the share of requests that fail (0.1)")
    parser.add_argument("--engine", default="httpx", help="httpx or httpx2 (httpx)")
    parser.add_argument("--write", type=Path, help="a page with the section 'soak' to write the result into")
    options = parser.parse_args()
    soak = Soak(options.minutes, options.watches, min(120.0, options.minutes * 12.0))
    server_options: dict[str, Any] = {"resting": resting(options.watches), "faults": options.faults, "latency": 0.02}
    with ServerProcess(projects=options.watches, **server_options) as server:
        before = files()
        with complaints() as found:
            anyio.run(live, soak, server, options.engine)
        gc.collect()
        soak.expect("complaints", [], found)
        soak.expect("open files", before, files())
    text = page(soak, options.engine)
    print(text)
    if options.write is not None:
        write_section(options.write, "soak", text)
    return int(bool(soak.wrong))


if __name__ == "__main__":
    sys.exit(main())
