"""The list of jobs tells about many renders in one request, and costs no outcome its truth."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import RenderStatus, WatchEventKind, errors
from pictory_async.testing import Answer, JobList, Render, Simulator, World
from tests._job_lists import LIST, Live, agency, counts, handles
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault, SimRequest

pytestmark = pytest.mark.anyio
once = pytest.mark.parametrize("anyio_backend", ["asyncio+virtual"], indirect=True)


@once
async def test_a_batch_is_noticed_soon_and_with_few_requests() -> None:
    """With a fifth of the requests of polls of each job, and the more readings, the sooner."""
    random.seed(1)
    each, ours, fast = [
        await Live(agency(60, 120.0, job_list=shape)).run(sweep_interval=interval)
        for shape, interval in ((JobList(shows="no status"), None), (JobList(), None), (JobList(), 3.0))
    ]
    assert all(one.ok for run in (each, ours, fast) for one in run.outcomes.values())
    assert 2 == counts(each.simulator)["list"]
    assert ours.requests <= each.requests / 5.0
    assert ours.delay <= 6.0
    assert fast.delay <= 2.5
    assert max(ours.delays) < 60.0


@once
@pytest.mark.parametrize(
    "options",
    [
        {"page_size": 10, "job_list": JobList(repeats=True)},
        {"page_size": 25, "job_list": JobList(late=10.0, behind=4.0)},
        {"page_size": 1},
        {"job_list": JobList(shows="no id")},
        {"job_list": JobList(behind=60.0)},
    ],
)
async def test_every_kind_of_list_ends_in_true_outcomes(options: dict[str, Any]) -> None:
    """Small pages, repeated entries, a list that is behind or shows nothing: each render is noticed, and not late."""
    world = agency(30, 60.0, **options)
    for number in range(40):
        world.add_job(number * 15.0, seconds=100.0)
    run = await Live(world).run()
    assert 30 == len(run.outcomes)
    for project, render in world.jobs:
        outcome = run.outcomes[render.job_id]
        assert (outcome.status, outcome.project_id) == (RenderStatus.RENDERED, project.id)
        assert outcome.project is not None
        assert outcome.project.generated_at == world.date(render.ends_at)
    assert max(run.delays) < 100.0


@once
async def test_a_few_jobs_that_always_fail_are_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    """The list of jobs is read for the others: no warning, and their hints bring polls forward at once."""
    world = World()
    for _ in range(30):
        world.add_project(Render(0.0, duration=7200.0))
    bad = {name for project, render in world.jobs[:10] for name in (str(project.id), render.job_id)}
    simulator = Simulator(
        world,
        latency=0.1,
        faults=lambda request, now: Answer(500) if now > 60.0 and request.path.split("/")[-1] in bad else None,
    )
    hints: list[float] = []
    async with client_of(simulator) as client, client.projects.watch(handles(world), max_wait=None) as watch:
        for handle in handles(world)[10:]:
            await anyio.sleep(30.7)
            before = len(simulator.log)
            watch.hint(handle)
            await anyio.sleep(5.0)
            hints += [one.at for one in simulator.log[before:] if one.path.endswith(str(handle.job_id))]
    assert 20 <= len(hints)
    assert "no poll of" not in caplog.text


@once
async def test_failures_and_hidden_jobs_are_noticed_too() -> None:
    """A failed job is polled for its reason; one that the list leaves out is polled as before."""
    world = agency(20)
    lost = world.add_project(Render(0.0, duration=100.0, fails=True, error_message="No voice."))
    hidden = world.jobs[3][1].job_id
    world.job_list = JobList(hides={hidden})
    run = await Live(world).run()
    failed = next(one for one in run.outcomes.values() if one.project_id == lost)
    assert failed.status is RenderStatus.FAILED
    assert "No voice." in str(failed.error)
    assert run.outcomes[hidden].ok
    polls = Counter(one.path.split("/")[-1] for one in run.simulator.log if "/jobs/" in one.path)
    assert polls[hidden] > 5
    assert sum(polls.values()) - polls[hidden] < 3 * 20


@virtual_time
async def test_two_renders_of_one_project_get_their_own_videos() -> None:
    """The project shows the second one when the list names the first: then the job itself is polled."""
    world = World()
    project = world.add_project(Render(0.0, duration=30.0), Render(1.0, duration=4.0, queue=30.0))
    for _ in range(4):
        world.add_project(Render(0.0, duration=100.0))
    run = await Live(world).run(interval=20)
    first, second = (run.outcomes[render.job_id] for owner, render in world.jobs if owner.id == project)
    assert first.ok
    assert second.ok
    assert first.project is not None
    assert second.project is not None
    assert first.project.video_url != second.project.video_url


@virtual_time
async def test_pollers_of_a_client_share_what_is_read() -> None:
    """Two watches of one client read the list as often as one does."""
    world = agency(10)
    simulator = Simulator(world, latency=0.1)
    everything = handles(world)
    async with client_of(simulator) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.projects.wait_all, everything[:5])
        tasks.start_soon(client.projects.wait_all, everything[5:])
    last = max(render.ends_at for _, render in world.jobs)
    assert last / 10.0 - 10.0 < counts(simulator)["list"] <= last / 10.0 + 2.0


@virtual_time
async def test_waits_for_jobs_share_it_too_and_tell_their_progress() -> None:
    """Waits for single jobs, each with a callback."""
    world = agency(8)
    simulator = Simulator(world, latency=0.1)
    seen = Counter[str]()
    async with client_of(simulator) as client, anyio.create_task_group() as tasks:
        for _, render in world.jobs:
            tasks.start_soon(
                lambda job: client.jobs.wait(job, on_progress=lambda job: seen.update([job.id])), render.job_id
            )
    assert all(seen[render.job_id] > render.duration / 20.0 for _, render in world.jobs)
    assert counts(simulator)["jobs"] < 8 * 12
    assert not client.statistics().watches.watching


@virtual_time
async def test_subscribers_hear_of_progress_that_the_list_shows() -> None:
    """A job that is not polled itself still shows its progress."""
    world = agency(6)
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client, client.projects.watch(handles(world)) as watch:
        events = watch.subscribe()
        while (event := await anext(events)).kind is not WatchEventKind.PROGRESS or event.progress is None:
            pass
        await anyio.sleep(60.0)
        assert 6 == len(watch.progress)
    assert counts(simulator)["jobs"] < 12


@virtual_time
async def test_a_wait_that_is_over_had_its_last_poll() -> None:
    """Whatever the list shows, each job is polled just before ``max_wait`` is over."""
    world = agency(5)
    simulator = Simulator(world, latency=0.1)
    async with client_of(simulator) as client:
        outcomes = await client.projects.wait_all(handles(world), max_wait=100.0)
    assert [RenderStatus.TIMED_OUT] * 5 == [one.status for one in outcomes]
    late = {one.path for one in simulator.log if one.at > 97.0}
    assert 5 <= len(late) <= 6


@virtual_time
async def test_leaving_while_the_list_is_read_leaves_nothing_behind() -> None:
    """Neither a task nor a request; another watch of the client can read it again."""
    world = agency(5)
    simulator = Simulator(world, latency=5.0)
    async with client_of(simulator) as client:
        async with client.projects.watch(handles(world)):
            await anyio.sleep(1.0)
        outcomes = await client.projects.wait_all(handles(world))
    assert all(one.ok for one in outcomes)
    assert counts(simulator)["list"] > 10


@virtual_time
async def test_a_client_that_is_closed_meanwhile_ends_the_wait_with_its_error() -> None:
    """The reading of the list fails as a poll does."""
    world = agency(5)
    client = client_of(Simulator(world, latency=0.1))

    async def wait() -> None:
        async with client.projects.watch(handles(world)) as watch:
            await anyio.sleep(15.0)
            await client.aclose()
            assert await anext(watch, None) is None

    async with client:
        with pytest.raises(errors.PictoryConfigError, match="closed"):
            await wait()


@virtual_time
async def test_a_project_that_cannot_be_read_sends_the_poll_to_the_job() -> None:
    """The list names the video, and the project's response is lost: the job says it, and then the project."""
    world = agency(5)
    lost = Counter[str]()

    def faults(request: SimRequest, _now: float) -> Fault | None:
        lost[request.path] += 1
        return Answer(500) if "/projects/" in request.path and lost[request.path] == 1 else None

    run = await Live(world, faults).run()
    assert all(one.ok for one in run.outcomes.values())
    assert max(run.delays) < 40.0
    assert 5 <= counts(run.simulator)["jobs"]


@once
@pytest.mark.parametrize("body", [b"{}", b'{"success": false, "message": "not readable now"}'])
async def test_a_project_that_is_never_readable_leaves_the_result_to_its_job(body: bytes) -> None:
    """The list says that it is completed: the job itself is polled, and its own response counts, after the grace."""
    world = agency(5)
    bad, render = world.jobs[2]
    answer = Answer(200, {"content-type": "application/json"}, body)
    run = await Live(world, lambda request, _: answer if request.path.endswith(f"/projects/{bad.id}") else None).run()
    assert all(one.ok for one in run.outcomes.values())
    assert max(run.delays) < 180.0
    assert any(one.path.endswith(render.job_id) for one in run.simulator.log)


@once
async def test_a_poll_that_is_in_flight_is_not_sent_twice() -> None:
    """The list shows jobs, unfinished or ended, whose own polls have no response yet."""
    world = World()
    for seconds in (13.0, 13.0, 13.0, 40.0, 40.0, 40.0):
        world.add_project(Render(0.0, duration=seconds))
    simulator = Simulator(world, latency=lambda request, _now: 0.1 if request.path == LIST else 9.0)
    async with client_of(simulator) as client, client.projects.watch(sweep_interval=3.0) as watch:
        for handle in handles(world):
            watch.add(handle)
            await anyio.sleep(0.01)
        outcomes = [outcome async for outcome in watch]
    assert 6 == len(outcomes)
    assert all(one.ok for one in outcomes)
    for path, times in times_of(simulator).items():
        assert path == LIST or all(later - earlier >= 9.0 for earlier, later in pairwise(times))


def times_of(simulator: Simulator) -> dict[str, list[float]]:
    """When each path was requested."""
    found: dict[str, list[float]] = {}
    for entry in simulator.log:
        found.setdefault(entry.path, []).append(entry.at)
    return found


@virtual_time
@pytest.mark.parametrize("value", [0, -1.0, "5", float("inf")])
async def test_a_sweep_interval_that_cannot_be_is_refused(value: Any) -> None:
    """Before anything is sent."""
    simulator = Simulator()
    async with simulator.client() as client:
        with pytest.raises(errors.PictoryConfigError, match="sweep_interval"):
            await client.projects.wait_all([], sweep_interval=value)
    assert not simulator.log
