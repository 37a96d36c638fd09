"""Schedules of the caller's own: when they say, it is looked; what is wrong with one ends only its own wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import FairSchedule, RenderHandle, RenderOutcome, RenderStatus, Sighting, errors
from pictory_async.testing import Answer, Render, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]


class TestSchedules:
    """``schedule=`` of ``client.projects.wait_all``."""

    async def test_a_schedule_of_the_callers_own_says_when_to_look(self, world: World) -> None:
        """Each poll comes when the schedule said, or a millisecond or two later, together with others."""
        asked: list[float] = []

        class Evenly:
            def next_poll(self, seen: Sighting) -> float:
                step = {0: 0.0, 1: 7.0 + len(asked) / 4000}.get(seen.polls, 7.0)
                asked.append(seen.now + step)
                return asked[-1]

        simulator = Simulator(world)
        ids = [world.add_project(Render(0.0, duration=40.0)) for _ in range(10)]
        async with client_of(simulator) as client:
            outcomes = await client.projects.wait_all(ids, schedule=Evenly())
        assert all(outcome.ok for outcome in outcomes)
        polls = [entry.at + asked[0] for entry in world.log]
        late = [at - due for at, due in zip(polls, sorted(asked), strict=True)]
        assert -1e-9 <= min(late) <= max(late) <= 0.002
        assert len({round(at, 4) for at in polls}) <= len(polls) / 2

    @pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
    async def test_a_schedule_that_gives_no_time_is_told_so(
        self, world: World, simulator: Simulator, wrong: float
    ) -> None:
        """A time that never comes is an error that names the schedule; nobody waits for it."""

        class Wrong:
            def next_poll(self, seen: Sighting) -> float:
                return wrong if seen.polls else seen.now

            def __repr__(self) -> str:
                return "Wrong()"

        project_id = world.add_project(Render(0.0, duration=100.0))
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match=r"Wrong\(\) returned (nan|inf).*a finite number"):
                await client.projects.wait_all([project_id], schedule=Wrong())
        assert len(simulator.log) == 1

    @pytest.mark.parametrize("first", ["faulty", "good"])
    async def test_a_faulty_schedule_ends_only_the_wait_that_has_it(
        self, world: World, simulator: Simulator, first: str
    ) -> None:
        """Where two waits share the polls of a project, what the schedule of one raises does not reach the other."""

        class Faulty:
            def next_poll(self, seen: Sighting) -> float:
                return seen.now + 100 / (3 - seen.polls)  # so late that the other wait does the looking

        project_id = world.add_project(Render(0.0, duration=100.0))
        outcomes: list[RenderOutcome] = []

        async def faulty() -> None:
            with pytest.raises(ZeroDivisionError):
                await client.projects.wait_all([project_id], schedule=Faulty())

        async def good() -> None:
            outcomes.extend(await client.projects.wait_all([project_id], schedule=FairSchedule(1)))

        async with client_of(simulator) as client, anyio.create_task_group() as tasks:
            for wait in (faulty, good) if first == "faulty" else (good, faulty):
                tasks.start_soon(wait)
        assert [outcome.status for outcome in outcomes] == [RenderStatus.RENDERED]

    async def test_a_schedule_that_fails_for_many_is_one_error(self, world: World, simulator: Simulator) -> None:
        """However many projects a faulty schedule is asked about at once, its error is raised as it is."""

        class Faulty:
            def next_poll(self, seen: Sighting) -> float:
                return seen.now + 1 / (1 - seen.polls)

        ids = [world.add_project(Render(0.0, duration=100.0)) for _ in range(30)]
        async with client_of(simulator) as client:
            with pytest.raises(ZeroDivisionError):
                await client.projects.wait_all(ids, schedule=Faulty())

    @pytest.mark.parametrize("schedule", [FairSchedule, 10.0, "fair"])
    async def test_what_is_no_schedule_is_refused(self, simulator: Simulator, schedule: Any) -> None:
        """A class or a number in place of a schedule is told before anything is sent."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match=r"schedule must be an object.*FairSchedule\(\)"):
                await client.projects.wait_all(["a"], schedule=schedule)
        assert simulator.log == []


async def test_a_schedule_that_fails_ends_the_watch_of_its_caller_only() -> None:
    """Also if all jobs are polled again because the list of jobs is not read any more."""

    class Faulty(FairSchedule):
        def next_poll(self, seen: Sighting) -> float:
            if seen.now >= began + 100.0:
                raise ZeroDivisionError
            return seen.now + 300.0

    def no_list(request: SimRequest, now: float) -> Fault | None:
        refused = now > 120.0 and request.path.endswith("/v1/jobs")
        return Answer(403, {"content-type": "application/json"}, b'{"message": "no"}') if refused else None

    world, began = World(), anyio.current_time()
    for _ in range(20):
        world.add_project(Render(0.0, duration=200.0))
    handles = [RenderHandle(project_id=project.id, job_id=render.job_id) for project, render in world.jobs]
    async with client_of(Simulator(world, latency=0.1, faults=no_list)) as client, anyio.create_task_group() as tasks:

        async def fail() -> None:
            with pytest.raises(ZeroDivisionError):
                await client.projects.wait_all(handles[:5], schedule=Faulty())

        tasks.start_soon(fail)
        assert all(outcome.ok for outcome in await client.projects.wait_all(handles[5:]))


async def test_a_schedule_may_remove_what_it_is_asked_about() -> None:
    """Then there is no poll any more, and nothing that is out of time."""
    world = World()
    project = world.add_project()
    simulator = Simulator(world)

    class Once:
        def next_poll(self, seen: Any) -> float:
            if seen.polls:
                watch.remove(project)
            return float(seen.now)

    terms: dict[str, Any] = {"max_wait": 50.0, "schedule": Once(), "keep_open": True}
    async with client_of(simulator) as client, client.projects.watch(**terms) as watch:
        watch.add(project)
        await anyio.sleep(100.0)
        assert not watch.pending
    assert 1 == len(simulator.log)
