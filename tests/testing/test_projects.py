"""How the body and the job of a project change over time."""

from __future__ import annotations

from typing import Any

import pytest

from pictory_async.testing import Render, World
from tests.testing._send import get_json, send


def state_at(world: World, project_id: Any, now: float) -> tuple[str, bool, str | None]:
    """Return step, inProgress and the date of the video."""
    body = get_json(world, f"/v2/projects/{project_id}", now)
    return body["step"], body["inProgress"], body.get("generatedDate")


def test_a_render_waits_runs_and_is_finished():
    """The project does not show a queued render; then it shows RENDER, and then the video."""
    world = World()
    project_id = world.add_project(Render(10, queue=5, duration=20))
    assert ("STORYBOARD", False, None) == state_at(world, project_id, 0)
    assert ("STORYBOARD", False, None) == state_at(world, project_id, 14.999)
    assert ("RENDER", True, None) == state_at(world, project_id, 15)
    assert ("RENDER", True, None) == state_at(world, project_id, 34.999)
    assert ("STORYBOARD", False, "2026-01-01T00:00:35.000Z") == state_at(world, project_id, 35)


def test_the_old_video_stays_until_the_new_one_is_finished():
    """While a project is rendered again, its earlier video and date remain visible."""
    world = World()
    project_id = world.add_project(Render(0, queue=5, duration=20), earlier_video=-10)
    old = "2025-12-31T23:59:50.000Z"
    assert ("STORYBOARD", False, old) == state_at(world, project_id, 0)
    assert ("RENDER", True, old) == state_at(world, project_id, 10)
    before = get_json(world, f"/v2/projects/{project_id}", 10)
    after = get_json(world, f"/v2/projects/{project_id}", 25)
    assert "2026-01-01T00:00:25.000Z" == after["generatedDate"]
    assert before["videoURL"] != after["videoURL"]
    assert before["shareVideoURL"] != after["shareVideoURL"]


def test_a_failed_render_leaves_the_project_as_it_was():
    """Only the job shows a failure, with HTTP status 200."""
    world = World()
    render = Render(0, duration=20, fails=True, error_code="SCENE", error_message="No picture.", job_id="job-1")
    project_id = world.add_project(render, earlier_video=-10)
    before = send(world, f"/v2/projects/{project_id}", -1).json()
    assert get_json(world, f"/v2/projects/{project_id}", 5)["inProgress"]
    assert before == get_json(world, f"/v2/projects/{project_id}", 20)
    data = {"status": "failed", "error_code": "SCENE", "error_message": "No picture."}
    assert {"job_id": "job-1", "success": False, "data": data} == get_json(world, "/v1/jobs/job-1", 20)


def test_a_job_shows_progress_and_then_the_files():
    """The progress goes from 0 to 99, and then the job has the URLs of the project's video."""
    world = World()
    project_id = world.add_project(Render(0, queue=10, duration=200, job_id="job-1"), video_seconds=1.99)

    def data(now: float) -> dict[str, Any]:
        found: dict[str, Any] = get_json(world, "/v1/jobs/job-1", now)["data"]
        return found

    assert {"status": "in-progress"} == data(9)
    assert [0, 50, 99] == [data(now)["renderProgress"] for now in (10, 110, 209.9)]
    assert ("Generating video", "RUNNING") == (data(10)["renderProgressMessage"], data(10)["renderState"])
    project = get_json(world, f"/v2/projects/{project_id}", 210)
    assert ("completed", 100, 1.99) == tuple(data(210)[key] for key in ("status", "progress", "videoDuration"))
    for key in ("videoURL", "thumbnail", "audioURL", "srtFile", "vttFile", "txtFile"):
        assert project[key] == data(210)[key]
    assert project["shareVideoURL"] == data(210)["videoShareURL"]


def test_a_job_does_not_exist_before_its_render_is_requested():
    """A render that is planned for later has no job yet."""
    world = World()
    world.add_project(Render(10, duration=5, job_id="job-1"))
    assert 404 == send(world, "/v1/jobs/job-1", 9).status
    assert [] == get_json(world, "/v1/jobs", 9)["items"]
    assert 200 == send(world, "/v1/jobs/job-1", 10).status


def test_an_edit_changes_only_the_date_of_saving():
    """A project that is saved after its render is newer than its video."""
    world = World()
    project_id = world.add_project(Render(0, duration=5), created_at=-30)
    world.edit_project(project_id, 60)
    path = f"/v2/projects/{project_id}"
    assert "2025-12-31T23:59:30.000Z" == get_json(world, path, 59)["saveDate"]
    body = get_json(world, path, 60)
    assert ("2026-01-01T00:01:00.000Z", "2026-01-01T00:00:05.000Z") == (
        body["saveDate"],
        body["generatedDate"],
    )
    # The list has the same save a little later, as the API's own list does.
    assert "2026-01-01T00:01:00.097Z" == get_json(world, "/v2/projects", 60)["items"][0]["savedDate"]


def test_a_project_is_created_and_deleted():
    """A project does not exist before it is created and after it is deleted."""
    world = World()
    project_id = world.add_project(created_at=10)
    world.delete_project(project_id, 20)
    path = f"/v2/projects/{project_id}"
    assert [404, 200, 200, 404] == [send(world, path, now).status for now in (9, 10, 19, 20)]
    assert [0, 1, 0] == [len(get_json(world, "/v2/projects", now)["items"]) for now in (9, 10, 20)]


def test_a_second_render_is_picked_up_after_the_first():
    """Renders of one project that are requested at once run one after the other."""
    world = World()
    project_id = world.add_project()
    world.start_render(project_id, 0, queue=0, duration=10)
    second = world.start_render(project_id, 0, queue=0, duration=10)
    assert {"status": "in-progress"} == get_json(world, f"/v1/jobs/{second}", 9)["data"]
    assert "2026-01-01T00:00:10.000Z" == state_at(world, project_id, 15)[2]
    assert ("STORYBOARD", False, "2026-01-01T00:00:20.000Z") == state_at(world, project_id, 20)


def test_the_render_endpoint_starts_planned_renders_first():
    """A project can plan its next renders; later ones are within the world's bounds."""
    world = World(render_seconds=(30, 40), queue_seconds=(2, 3))
    project_id = world.add_project(on_render=[Render(0, duration=5, fails=True, error_code="FIRST")])

    def post(now: float) -> str:
        return str(send(world, f"/v2/projects/{project_id}/render", now, method="POST").json()["data"]["jobId"])

    first, second = post(100), post(200)
    assert "FIRST" == get_json(world, f"/v1/jobs/{first}", 105)["data"]["error_code"]
    statuses = [get_json(world, f"/v1/jobs/{second}", now)["data"]["status"] for now in (201, 231.9, 243)]
    assert ["in-progress", "in-progress", "completed"] == statuses


def test_a_render_has_no_negative_times():
    """Negative durations are rejected."""
    with pytest.raises(ValueError, match="duration must not be negative"):
        Render(0, duration=-1)
    with pytest.raises(ValueError, match="queue must not be negative"):
        Render(0, duration=1, queue=-1)


def test_a_render_without_duration_is_finished_at_once():
    """A render with a duration of zero is never seen rendering."""
    world = World()
    project_id = world.add_project(Render(5, duration=0))
    assert ("STORYBOARD", False, "2026-01-01T00:00:05.000Z") == state_at(world, project_id, 5)
