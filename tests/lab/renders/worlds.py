"""Random accounts in which several runs render with one ledger, one after the other and at once, with faults.

On virtual time. Everything that the runs tell is compared with what the simulated account knows of itself.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from pictory_async import Ledger, RateLimiter, ResultStatus
from pictory_async.testing import Answer, Render, Reset, Simulator, Stall, Truncate, World, virtual_time as virtual_loop

if TYPE_CHECKING:
    from pictory_async import RenderResult
    from pictory_async.testing import Fault, SimRequest

_HTML = {"content-type": "text/html"}
_JSON = {"content-type": "application/json"}


@attrs.define(slots=False)
class Scene:
    """One random account, and what happens in it.

    Attributes:
        seed: What everything is derived from.
        violations: What was told and is not true, or was paid for twice.
    """

    seed: int
    violations: list[str] = attrs.field(factory=list[str])
    lost: set[str] = attrs.field(factory=set[str], init=False)
    foreign: set[str] = attrs.field(factory=set[str], init=False)

    def __attrs_post_init__(self) -> None:
        self.choice = random.Random(self.seed)
        self.world = World(
            seed=self.seed,
            render_seconds=(5.0, 200.0),
            queue_seconds=(0.0, 20.0),
            page_size=self.choice.choice([2, 5, 50]),
            render_saves=self.choice.random() < 0.3,
            media_sizes={"mp4": 100},
        )
        self.ids = [str(self._project()) for _ in range(self.choice.randint(1, 8))]
        self.stranger = self.world.add_project()
        self.has_strangers = self.choice.random() < 0.3
        self.simulator = Simulator(self.world, latency=lambda *_: self.choice.uniform(0.01, 2.0), faults=self._fault)
        self.trouble = self.choice.choice([0.0, 0.1, 0.4])

    def _project(self) -> Any:
        fails = [Render(0.0, duration=10.0, fails=True)] if self.choice.random() < 0.2 else []
        has_video = self.choice.random() < 0.5
        return self.world.add_project(
            earlier_video=-500.0 if has_video else None, edits=[-100.0] if has_video else [], on_render=fails
        )

    def _fault(self, request: SimRequest, _: float) -> Fault | None:
        if self.choice.random() >= self.trouble:
            return None
        if request.method != "POST":
            faults: list[Fault] = [Answer(502, _HTML, b"<html>"), Reset()]
            return self.choice.choice(faults)
        project_id = request.path.split("/")[-2]
        faults = [
            Answer(429, _JSON, b'{"message": "Slow down"}', reaches_world=False),
            Answer(504, _HTML, b"<html>", reaches_world=False),
            Answer(504, _HTML, b"<html>", reaches_world=True),
            Reset(),
            Reset(reaches_world=True),
            Truncate(3),
            Stall(reaches_world=self.choice.random() < 0.5),
        ]
        fault = self.choice.choice(faults)
        if not (isinstance(fault, Answer) and fault.status == 429):
            self.lost.add(project_id)
        return fault

    async def run(self, path: Path) -> None:
        """Let several runs render, and judge each of them."""
        for _ in range(self.choice.randint(1, 4)):
            async with anyio.create_task_group() as runs:
                for _ in range(self.choice.choice([1, 1, 2])):
                    runs.start_soon(self._one_run, path)
            await anyio.sleep(self.choice.uniform(0.0, 300.0))
            if self.choice.random() < 0.4:
                self.world.edit_project(self.choice.choice(self.ids), self.simulator.now())
        self.trouble, self.has_strangers = 0.0, False
        await anyio.sleep(500.0)
        results = await self._one_run(path, last=True)
        for one in self.ids:
            if one not in results:
                self.violations.append(f"{one} has no result in a run to the end")

    async def _one_run(self, path: Path, *, last: bool = False) -> dict[str, RenderResult]:
        options: dict[str, Any] = {
            "retry_unstarted": last or self.choice.random() < 0.5,
            "retry_failed": self.choice.random() < 0.3,
            "overlap": self.choice.choice(["skip", "wait"]),
            "wait": last or self.choice.random() < 0.7,
            "at_once": self.choice.choice([1, 3, 500]),
        }
        found: dict[str, RenderResult] = {}
        with anyio.move_on_after(None if last else self.choice.choice([3.0, 30.0, 300.0, 1e5])):
            async with (
                self.simulator.client(limiter=RateLimiter(10_000, 1.0, 1000), timeout=20.0) as client,
                client.projects.render_all(self.ids, ledger=Ledger(path), **options) as batch,
            ):
                async for result in batch:
                    found[str(result.project_id)] = result
                    self._judge(result)
                    self._interfere()
        self._judge_payments()
        return found

    def _interfere(self) -> None:
        if self.has_strangers and self.choice.random() < 0.3:
            self.foreign.add(self.world.start_render(self.stranger, self.simulator.now()))

    def _own(self, project_id: str) -> list[Render]:
        return [render for project, render in self.world.jobs if str(project.id) == project_id and render.at >= 0.0]

    def _judge(self, result: RenderResult) -> None:
        """Compare one result with the account."""
        project_id, now = str(result.project_id), self.simulator.now()
        renders = self._own(project_id)
        finished = [render for render in renders if render.ends_at <= now and not render.fails]
        project = self.world.projects[[str(one.id) for one in self.world.projects].index(project_id)]
        newest = max((at for at in project.edits if at <= now), default=-1e9)
        untrue = {
            ResultStatus.RENDERED: not finished,
            ResultStatus.NOT_STARTED: any(render.at >= newest and not render.fails for render in renders),
            ResultStatus.UNCERTAIN: project_id not in self.lost,
            ResultStatus.FAILED: not any(render.fails for render in renders),
            ResultStatus.STARTED: not renders,
            ResultStatus.LEFT_OUT: True,
            ResultStatus.MISSING: True,
        }.get(result.status, False)
        if untrue:
            self.violations.append(f"{result.status} is not true of {project_id} at {now:.1f}: {result.error}")

    def _judge_payments(self) -> None:
        """Nothing was paid for twice: of two renders of one version, the first one failed."""
        for project in self.world.projects:
            renders = sorted(self._own(str(project.id)), key=lambda render: render.at)
            if str(project.id) == str(self.stranger):
                continue
            versions = Counter[float]()
            for render in renders:
                version = max((at for at in project.edits if at <= render.at), default=0.0)
                if versions[version] and not all(
                    one.fails for one in renders if one.at < render.at and one.at >= version
                ):
                    self.violations.append(f"{project.id} was paid for twice, at {render.at:.1f}")
                versions[version] += 1


def violations(seed: int) -> list[str]:
    """Run one random account, and return what is wrong."""
    scene = Scene(seed)

    async def main(path: Path) -> None:
        with anyio.move_on_after(1e6) as scope:
            await scene.run(path)
        if scope.cancelled_caught:
            scene.violations.append("it hangs")

    with TemporaryDirectory() as directory:
        anyio.run(main, Path(directory) / "ledger.db", backend_options={"loop_factory": virtual_loop})
    return scene.violations
