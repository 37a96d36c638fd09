"""A completed job is a witness of its own: its video is the render's, whatever the project shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async import RenderHandle, RenderStatus
from pictory_async.testing import Answer, Render, SimRequest, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}


def body_of(world: World, project_id: Any, at: float) -> bytes:
    """What the project's page shows at a moment."""
    headers = {"authorization": world.api_key}
    path = f"/pictoryapis/v2/projects/{project_id}"
    request = SimRequest(method="GET", path=path, headers=headers, origin="https://127.0.0.1:1")
    return b"".join(world.handle(request, at).pieces())


def pages(body: bytes) -> Any:
    """Shows one old page of every project for ever, and the jobs as they are."""

    def fault(request: SimRequest, _: float) -> Fault | None:
        return None if "/jobs/" in request.path else Answer(200, JSON, body)

    return fault


@pytest.mark.parametrize("date", ["missing", "equal", "a little older"])
async def test_the_date_of_its_video_does_not_matter(world: World, date: str) -> None:
    """The project shows the job's video with no date, or with one that is not newer."""
    overrides = {"generatedDate": None} if date == "missing" else {}
    project_id = world.add_project(overrides=overrides)
    job_id = world.start_render(project_id, 0.0, duration=20.0, queue=0.0)
    shift = timedelta(milliseconds=5 if date == "a little older" else 0)
    handle = RenderHandle(project_id=project_id, job_id=job_id, generated_before=world.date(20.0) + shift)
    async with client_of(Simulator(world, latency=0.05)) as client:
        (outcome,) = await client.projects.wait_all([handle])
    assert outcome.ok
    assert outcome.job.video_url == outcome.project.video_url
    assert outcome.waited < 60.0


async def test_a_stale_page_does_not_lend_its_video(world: World) -> None:
    """Of two renders from one snapshot, each gets its own video, also while the page still shows the first."""
    project_id = world.add_project(earlier_video=-500.0)
    first = world.start_render(project_id, -40.0, duration=20.0, queue=0.0)
    stale = body_of(world, project_id, -15.0)
    second = world.start_render(project_id, -10.0, duration=20.0, queue=0.0)
    handles = [
        RenderHandle(project_id=project_id, job_id=job_id, generated_before=world.date(-500.0))
        for job_id in (first, second)
    ]
    simulator = Simulator(world, latency=0.05, faults=pages(stale))
    async with client_of(simulator) as client:
        outcomes = await client.projects.wait_all(handles)
    assert [True, True] == [outcome.ok for outcome in outcomes]
    assert [outcome.job.video_url for outcome in outcomes] == [outcome.project.video_url for outcome in outcomes]
    assert outcomes[0].project.video_url != outcomes[1].project.video_url
    # The page's own date is that of the first video, so the second has none.
    assert [world.date(-20.0), None] == [outcome.project.generated_at for outcome in outcomes]
    assert outcomes[1].job.srt_url == outcomes[1].project.srt_url
    assert outcomes[1].job.share_url == outcomes[1].project.share_video_url


@pytest.mark.parametrize("shown", ["job's video", "no video in the job"])
async def test_it_outranks_the_step(world: World, shown: str) -> None:
    """The project still says ``render``, though its job is completed and the new video is there."""
    project_id = world.add_project(earlier_video=-500.0, overrides={"step": "render", "inProgress": True})
    job_id = world.start_render(project_id, 0.0, duration=20.0, queue=0.0)
    handle = RenderHandle(project_id=project_id, job_id=job_id, generated_before=world.date(-500.0))
    completed = b'{"job_id": "%s", "success": true, "data": {"status": "completed"}}' % job_id.encode()

    def bare(request: SimRequest, now: float) -> Fault | None:
        return Answer(200, JSON, completed) if "/jobs/" in request.path and now > 25.0 else None

    faults = None if shown == "job's video" else bare
    async with client_of(Simulator(world, latency=0.05, faults=faults)) as client:
        (outcome,) = await client.projects.wait_all([handle])
    assert outcome.ok
    assert world.date(20.0) == outcome.project.generated_at
    assert outcome.waited < 65.0


async def test_a_later_render_does_not_take_its_place(world: World) -> None:
    """The project shows a later video already: the handle's own one is reported."""
    project_id = world.add_project()
    first = world.start_render(project_id, -300.0, duration=20.0, queue=0.0)
    world.start_render(project_id, -200.0, duration=20.0, queue=0.0)
    async with client_of(Simulator(world, latency=0.05)) as client:
        (outcome,) = await client.projects.wait_all([RenderHandle(project_id=project_id, job_id=first)])
        now = await client.projects.get(project_id)
    assert outcome.ok
    assert outcome.job.video_url == outcome.project.video_url != now.video_url


async def test_a_completed_job_without_a_video_is_no_proof(world: World) -> None:
    """If it names no video and the project shows only the old one, nobody knows where the new one is."""
    project_id = world.add_project(earlier_video=-500.0)
    completed = Answer(200, JSON, b'{"job_id": "j", "success": true, "data": {"status": "completed"}}')
    faults = lambda request, _: completed if "/jobs/" in request.path else None  # noqa: E731
    handle = RenderHandle(project_id=project_id, job_id="j", generated_before=world.date(-500.0))
    async with client_of(Simulator(world, faults=faults)) as client:
        (outcome,) = await client.projects.wait_all([handle])
    assert RenderStatus.ERROR is outcome.status
    assert "no new video" in str(outcome.error)


async def test_a_signature_in_the_address_is_not_a_difference() -> None:
    """Job and project may sign the same file anew; it is the same video, so the project stays as it is."""
    world = World(media_base="self", media_seconds=5.0)
    project_id = world.add_project(Render(0.0, duration=20.0))
    (job,) = (render.job_id for _, render in world.jobs)
    async with client_of(Simulator(world, latency=6.0)) as client:
        (outcome,) = await client.projects.wait_all([RenderHandle(project_id=project_id, job_id=job)])
    assert outcome.ok
    assert outcome.job.video_url != outcome.project.video_url
    assert world.date(20.0) == outcome.project.generated_at


UNREADABLE: dict[str, Fault] = {
    "404": Answer(404, JSON, b'{"message": "Not found"}'),
    "403": Answer(403, JSON, b'{"message": "No"}'),
    "a date that is none": Answer(200, JSON, b'{"projectName": "P", "generatedDate": "yesterday"}'),
    "another project": Answer(200, JSON, b'{"projectName": "P", "project_id": "other"}'),
    "503": Answer(503),
    "a page": Answer(200, {"content-type": "text/html"}, b"<html>"),
}


@pytest.mark.parametrize("page", UNREADABLE)
@pytest.mark.parametrize("max_wait", [60.0, 1800.0])
async def test_its_video_is_reported_if_the_project_cannot_be_read(world: World, page: str, max_wait: float) -> None:
    """The job has said that the render is done, and where its video is."""
    project_id = world.add_project(on_render=[Render(0.0, duration=20.0)])
    simulator = Simulator(world, latency=0.05)
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        simulator.faults = lambda request, _: None if "/jobs/" in request.path else UNREADABLE[page]
        (outcome,) = await client.projects.wait_all([handle], max_wait=max_wait)
    assert outcome.ok
    assert project_id == outcome.project.id
    assert outcome.job.video_url == outcome.project.video_url
    assert outcome.project.generated_at is None


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_its_video_is_reported_if_all_else_is_refused(count: int) -> None:
    """A key that may read jobs and nothing else: what ends all watches does not end a render whose result is known."""
    world = World()
    for _ in range(count):
        world.add_project(Render(0.0, duration=100.0))
    refused = Answer(401, JSON, b'{"message": "Unauthorized"}')
    simulator = Simulator(
        world, latency=0.1, faults=lambda request, now: refused if now > 50.0 and "/jobs" not in request.path else None
    )
    handles = [RenderHandle(project_id=project.id, job_id=render.job_id) for project, render in world.jobs]
    async with client_of(simulator) as client:
        outcomes = await client.projects.wait_all(handles)
    assert [RenderStatus.RENDERED] * count == [one.status for one in outcomes]
    assert all(one.job.video_url == one.project.video_url for one in outcomes)
