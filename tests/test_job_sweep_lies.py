"""A list of jobs that is behind, wrong or refused makes no outcome untrue, and little of it late or dearer."""

from __future__ import annotations

import json
import logging
import random
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from pictory_async import RenderHandle
from pictory_async.testing import Answer, JobList, Render, Simulator, Stall, World
from tests._job_lists import LIST, Live, agency, bytes_of, cached, counts, handles, on_list
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async.testing import Fault, SimRequest

pytestmark = pytest.mark.anyio
once = pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)


@once
@pytest.mark.parametrize("behind", [30.0, 60.0, 600.0, "cache"])
async def test_a_list_that_does_not_move_makes_little_late(behind: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Few polls show that it is behind: then each job is polled, and the delay is at most about twice as long."""
    caplog.set_level(logging.INFO, "pictory_async")
    random.seed(1)
    each = await Live(agency(30, 300.0, job_list=JobList(shows="no status"))).run()
    world = agency(30, 300.0, job_list=JobList() if behind == "cache" else JobList(behind=behind))
    run = await Live(world, cached(world, 600.0) if behind == "cache" else None).run()
    assert "it is behind: it shows job" in caplog.text
    assert run.delay <= 2.0 * each.delay
    assert run.requests <= 1.1 * each.requests


@once
async def test_a_list_that_recovers_is_used_again(caplog: pytest.LogCaptureFixture) -> None:
    """Trouble may pass: it is tried again after two minutes, with one request, and then used as before."""
    caplog.set_level(logging.INFO, "pictory_async")
    world = agency(30, 600.0)
    page = cached(world, 200.0)
    run = await Live(world, lambda request, now: page(request, now) if now < 200.0 else None).run()
    assert 1 <= caplog.text.count("it is behind") <= 2
    assert all(one.ok for one in run.outcomes.values())
    assert counts(run.simulator)["list"] > 50
    assert run.requests < 14.0


@once
async def test_a_list_of_many_pages_costs_no_more_after_it_recovered() -> None:
    """It was behind for some minutes: what was on the pages that were not read then is not polled for good."""

    async def after_recovery(behind: float) -> Counter[str]:
        world = World(page_size=10)
        for _ in range(30):
            world.add_project(Render(0.0, duration=5400.0))
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client, client.projects.watch(handles(world), interval=20, max_wait=None):
            await anyio.sleep(120.0)
            world.job_list = JobList(behind=behind)
            await anyio.sleep(300.0)
            world.job_list = JobList()
            await anyio.sleep(700.0)  # until it was tried again, and is proven to move
            simulator.log.clear()
            await anyio.sleep(300.0)
        return counts(simulator)

    never, once = await after_recovery(0.0), await after_recovery(600.0)
    assert once["list"] == pytest.approx(never["list"], rel=0.1)
    assert once["jobs"] <= 1.1 * never["jobs"]


def lying(world: World) -> Callable[[SimRequest, float], Fault | None]:
    """A list that shows all jobs as completed, each with the video of the next project."""
    shown = [
        {"data": {"jobId": render.job_id, "status": "completed", "videoURL": f"http://127.0.0.1:9/{number}.mp4"}}
        for number, (_, render) in enumerate(world.jobs)
    ]
    body = json.dumps({"items": shown, "nextPageKey": None}).encode()
    answer = Answer(200, {"content-type": "application/json"}, body)
    return lambda request, _now: answer if request.path == LIST else None


@virtual_time
async def test_a_list_that_lies_makes_no_outcome_untrue() -> None:
    """Neither the project nor the job confirms it, so that each job is polled as before."""
    world = agency(8)
    run = await Live(world, lying(world)).run()
    for _, render in world.jobs:
        outcome = run.outcomes[render.job_id]
        assert outcome.project is not None
        assert outcome.project.generated_at == world.date(render.ends_at)
        assert outcome.waited >= render.ends_at - render.at
    assert counts(run.simulator)["list"] < 5


@once
async def test_a_list_that_lies_costs_hardly_more_than_none() -> None:
    """Half of what is unfinished is shown as ended at each reading. Each is checked once, then the list is given up."""
    world = agency(40, page_size=20)
    body = json.dumps(
        {
            "items": [
                {"data": {"jobId": render.job_id, "status": "failed" if number % 2 else "in-progress"}}
                for number, (_, render) in enumerate(world.jobs)
            ]
        }
    ).encode()
    answer = Answer(200, {"content-type": "application/json"}, body)
    run = await Live(world, lambda request, _now: answer if request.path == LIST else None).run()
    without = await Live(agency(40, page_size=20, job_list=JobList(shows="no status"))).run()
    assert all(one.ok for one in run.outcomes.values())
    assert len(run.simulator.log) <= 1.3 * len(without.simulator.log)
    assert max(run.delays) <= max(without.delays) + 10.0


@virtual_time
@pytest.mark.parametrize("queue", [0.0, 60.0])
@pytest.mark.parametrize("dated", [True, False])
async def test_a_list_that_names_previous_videos_makes_no_outcome_untrue(dated: bool, queue: float) -> None:
    """The project shows that video while it waits or renders, so each job is polled; with the old date and without."""
    world = World()
    shown: list[Any] = []

    def faults(request: SimRequest, _now: float) -> Fault | None:
        body = json.dumps({"items": shown, "nextPageKey": None}).encode()
        return Answer(200, {"content-type": "application/json"}, body) if request.path == LIST else None

    found: list[RenderHandle] = []
    async with client_of(Simulator(world, faults=faults)) as client:
        for _ in range(5):
            project = world.add_project(earlier_video=-500.0, on_render=[Render(0.0, duration=100.0, queue=queue)])
            before = await client.projects.get(project)
            handle = await client.projects.render(project)
            data = {"jobId": handle.job_id, "status": "completed", "videoURL": before.video_url}
            shown.append({"data": data})
            found.append(handle if dated else attrs.evolve(handle, generated_before=None))
        outcomes = await client.projects.wait_all(found)
    for outcome in outcomes:
        assert outcome.project is not None
        assert outcome.project.generated_at is not None
        assert outcome.project.generated_at > world.date(0.0)
        assert outcome.waited > 90.0


def telling(world: World, progress: Callable[[], float]) -> Callable[[SimRequest, float], Fault | None]:
    """A list that shows a progress of its own for what goes on, and no end."""

    def faults(request: SimRequest, now: float) -> Fault | None:
        if request.path != LIST:
            return None
        page = json.loads(bytes_of(world.peek(request, now).body))
        for item in page["items"]:
            item["success"] = True
            item["data"] = {"jobId": item["data"]["jobId"], "status": "in-progress", "renderProgress": progress()}
        return Answer(200, {"content-type": "application/json"}, json.dumps(page).encode())

    return faults


@once
@pytest.mark.parametrize("shown", [(99.0,), (1.0, 50.0, 99.0)])
async def test_a_list_that_shows_too_much_makes_nothing_late_or_dearer(
    shown: tuple[float, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Entries that are ahead of polls prove nothing. Progress goes back once, or twice if a poll is under way."""
    caplog.set_level(logging.INFO, "pictory_async")
    world = agency(60)
    simulator = Simulator(world, latency=0.1, faults=telling(world, lambda: random.choice(shown)))
    ends = {render.job_id: render.ends_at for _, render in world.jobs}
    back, seen = Counter[Any](), dict[Any, float]()
    late: list[float] = []
    began = anyio.current_time()
    async with client_of(simulator) as client, client.projects.watch(handles(world), max_wait=None) as watch:
        async for event in watch.subscribe():
            if event.outcome is not None:
                late.append(anyio.current_time() - began - ends[str(event.outcome.job_id)])
            elif event.progress is not None:
                back[event.key] += event.progress < seen.get(event.key, 0.0)
                seen[event.key] = event.progress
            if not watch.pending:
                break
    without = await Live(agency(60, job_list=JobList(shows="no status"))).run()
    assert "show less than it does" in caplog.text or "it is behind" in caplog.text
    assert 2 >= max(back.values())
    assert len(simulator.log) <= 1.05 * len(without.simulator.log)
    assert statistics.mean(late) <= without.delay + 2.0


@once
async def test_an_outage_of_all_but_the_list_is_one(caplog: pytest.LogCaptureFixture) -> None:
    """The list cannot end a wait. So polls come as seldom as when nothing can be read."""

    async def polls(only: bool) -> int:
        world = agency(60)
        lost = Answer(500)
        simulator = Simulator(
            world,
            latency=0.1,
            faults=lambda request, now: lost if now > 100.0 and not (only and request.path == LIST) else None,
        )
        async with client_of(simulator) as client, client.projects.watch(handles(world), max_wait=None):
            await anyio.sleep(700.0)
        assert "no poll of" in caplog.text
        caplog.clear()
        return sum(one.at > 400.0 for one in simulator.log)

    assert await polls(only=True) <= 1.2 * await polls(only=False)


@once
@pytest.mark.parametrize("status", [429, 503])
async def test_a_list_that_pauses_the_client_is_left_alone(status: int) -> None:
    """Each answer with a ``Retry-After`` pauses the polls too, so it is not asked for again and again."""
    world = agency(20)
    paused = Answer(status, {"retry-after": "100", "content-type": "application/json"}, b'{"message": "no"}')
    run = await Live(world, lambda request, _now: paused if request.path == LIST else None).run()
    assert 1 == counts(run.simulator)["list"]
    assert all(one.ok for one in run.outcomes.values())


@once
async def test_a_slow_list_makes_nothing_late() -> None:
    """Each of its three pages takes five seconds, in which the polls of all jobs would have come back."""
    world = agency(60, page_size=25)
    simulator = Simulator(world, latency=lambda request, _now: 5.0 if request.path == LIST else 0.1)
    ends = {render.job_id: render.ends_at for _, render in world.jobs}
    began = anyio.current_time()
    async with client_of(simulator) as client, client.projects.watch(handles(world)) as watch:
        late = [anyio.current_time() - began - ends[str(outcome.job_id)] async for outcome in watch]
    assert len(ends) == len(late)
    assert statistics.mean(late) <= 8.0
    assert counts(simulator)["list"] <= 9


@once
async def test_a_large_page_is_read_beside_the_event_loop() -> None:
    """A list with a page of a megabyte, and one of thousands of jobs that is given up."""
    for entries, listed in ((20, True), (6000, False)):
        world = agency(20)

        def faults(request: SimRequest, now: float, entries: int = entries, world: World = world) -> Fault | None:
            if request.path != LIST:
                return None
            page = json.loads(bytes_of(world.peek(request, now).body))
            for number in range(entries):
                more = "y" * (400_000 // entries)
                page["items"].append({"data": {"jobId": f"x{number}", "status": "completed", "more": more}})
            return Answer(200, {"content-type": "application/json"}, json.dumps(page).encode())

        run = await Live(world, faults).run()
        assert all(one.ok for one in run.outcomes.values())
        assert listed is (counts(run.simulator)["list"] > 20)


@once
async def test_progress_does_not_go_back_if_the_list_is_behind() -> None:
    """What an entry shows that is older than a poll is not told."""
    world = World(job_list=JobList(behind=12.0))
    ids = [world.add_project(Render(0.0, duration=120.0)) for _ in range(30)]
    handles = [RenderHandle(project_id=one, job_id=world.jobs[n][1].job_id) for n, one in enumerate(ids)]
    told: dict[Any, list[float]] = {}
    async with client_of(Simulator(world)) as client, client.projects.watch(handles) as watch:
        async for event in watch.subscribe():
            if event.progress is not None:
                told.setdefault(event.key, []).append(event.progress)
            if not watch.pending:
                break
    assert len(told) == len(ids)
    assert all(sorted(seen) == seen for seen in told.values())


@pytest.mark.parametrize(
    ("fault", "after", "most"),
    [
        (Answer(403, {"content-type": "application/json"}, b'{"message": "Forbidden"}'), 0, 3),
        (Answer(400, {"content-type": "application/json"}, b'{"message": "Old key"}'), 1, 9),
        (Answer(500), 0, 7),
        (Answer(200, {"content-type": "text/html"}, b"<html>Log in</html>"), 0, 7),
        (Answer(200, {"content-type": "application/json"}, b'{"items": [{"data": {"jobId": 7'), 3, 12),
        (Answer(200, {"content-type": "application/json"}, b'{"items": [], "nextPageKey": "\\ud800"}'), 0, 7),
        (Stall(), 2, 9),
    ],
)
@once
async def test_a_list_that_fails_costs_little(fault: Fault, after: int, most: int) -> None:
    """It is read less and less often. All outcomes are true."""
    run = await Live(agency(12, page_size=4), on_list(fault, after)).run()
    assert 12 == len(run.outcomes)
    assert all(one.ok for one in run.outcomes.values())
    assert max(run.delays) < 40.0
    assert 1 <= counts(run.simulator)["list"] <= most
