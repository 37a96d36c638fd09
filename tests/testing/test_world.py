"""Which requests are accepted, what is not found, and what the log has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pictory_async.testing import LoggedRequest, ServerLimit, SimRequest, World
from tests.testing._send import get_json, send

UNKNOWN = {"error_code": "5000", "error_message": "JOB_NOT_FOUND"}


@pytest.mark.parametrize("key", ["", "pictai_wrong", "Bearer pictai_simulator"])
def test_a_wrong_key_is_rejected_everywhere(key):
    """With any key but the right one, the response is 401 for every path."""
    world = World()
    for path in (f"/v2/projects/{world.add_project()}", "/v2/projects/unknown", "/nowhere"):
        response = send(world, path, key=key)
        assert (401, {"message": "Unauthorized"}) == (response.status, response.json())


def test_a_missing_key_is_rejected_and_logged_as_missing():
    """The log distinguishes a missing key, a wrong one and the right one."""
    world = World()
    assert 401 == world.handle(SimRequest(method="GET", path="/pictoryapis/v2/projects"), 1.0).status
    send(world, "/v2/projects", 2.0, key="wrong")
    send(world, "/v2/projects", 3.0)
    assert [None, False, True] == [entry.authorization_ok for entry in world.log]
    assert LoggedRequest(3.0, "GET", "/pictoryapis/v2/projects", 200, True) == world.log[-1]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/projects/unknown",
        "/v2/projects/unknown/render",
        "/v1/templates/unknown",
        "/v1/jobs/unknown",
        "/v2/projects/",
        "/v3/projects",
        "",
    ],
)
def test_unknown_ids_and_paths_are_not_found(path):
    """The response is 404 with JSON for unknown ids and unknown paths."""
    method = "POST" if path.endswith("render") else "GET"
    response = send(World(), path, method=method)
    assert (404, {"message": "Not Found"}) == (response.status, response.json())


@pytest.mark.parametrize("path", ["", "*", "/", "/elsewhere/v2/projects", "http://x/pictoryapis/v2/projects"])
def test_outside_of_the_base_path_nothing_is_found(path):
    """Every path outside of the base path is 404."""
    world = World()
    request = SimRequest(method="GET", path=path, headers={"authorization": world.api_key})
    assert 404 == world.handle(request, 0.0).status


def test_a_wrong_method_is_not_a_wrong_path():
    """A known path with another method is 405."""
    world = World()
    assert 405 == send(world, "/v2/projects", method="POST").status
    assert 405 == send(world, f"/v2/projects/{world.add_project()}/render").status


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("body", {"success": False, "data": UNKNOWN}),
        ("error", {"success": False, "error": UNKNOWN}),
        ("root", {"success": False, **UNKNOWN}),
    ],
)
def test_an_unknown_job_can_be_a_body_with_status_200(style, expected):
    """In the other documented styles, the response for an unknown job is a 200 with an error, and names no job."""
    assert expected == get_json(World(unknown_job=style), "/v1/jobs/x")


def test_ids_are_decoded_only_after_the_path_is_split():
    """An encoded slash is part of an id; a plain slash is not."""
    world = World()
    world.add_project(project_id="a/b c", name="odd")
    assert "odd" == get_json(world, "/v2/projects/a%2Fb%20c")["projectName"]
    assert 404 == send(world, "/v2/projects/a/b%20c").status
    assert 404 == send(world, "/v2/projects/%2e%2e").status


def test_an_integer_id_is_found_by_its_digits():
    """The path of a project with an integer id has its digits, and the id stays a number in JSON."""
    world = World()
    project_id = world.add_project(integer_id=True)
    assert project_id == get_json(world, f"/v2/projects/{project_id}")["project_id"]
    assert "v2" == get_json(world, f"/v2/projects/{project_id}")["schemaVersion"]


def test_ids_are_unique():
    """A second project or template with the same id is rejected."""
    world = World()
    world.add_project(project_id="5")
    with pytest.raises(ValueError, match="already has a project 5"):
        world.add_project(project_id=5)
    world.add_template(template_id="t")
    with pytest.raises(ValueError, match="already has a template 't'"):
        world.add_template(template_id="t")


def test_only_known_projects_can_be_rendered():
    """Starting a render of an unknown project is a `LookupError`."""
    with pytest.raises(LookupError):
        World().start_render("unknown", 0.0)


def test_dates_are_utc_and_whole_milliseconds():
    """World time is converted to dates of the server, rounded down so that none is in the future."""
    world = World(epoch=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    assert datetime(2026, 1, 1, 0, 0, 1, 999_000, tzinfo=UTC) == world.date(1.9999)
    assert datetime(2026, 1, 1, 0, 0, 1, 1_000, tzinfo=UTC) == world.date(1.001)
    with pytest.raises(ValueError, match="epoch must have a time zone"):
        World(epoch=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


def test_the_key_is_not_in_the_repr():
    """A printed world does not show its key."""
    assert "pictai_" not in repr(World(api_key="pictai_secret"))


def test_a_world_enforces_its_limit():
    """Above the limit the response is 429 with whole seconds to wait, also with a wrong key."""
    world = World(limit=ServerLimit(2, 10.0))
    assert [200, 401] == [
        send(world, "/v2/projects", 0.5).status,
        send(world, "/v2/projects", 0.6, key="x").status,
    ]
    response = send(world, "/v2/projects", 1.0)
    assert (429, "10", {"message": "Too Many Requests"}) == (
        response.status,
        response.header("Retry-After"),
        response.json(),
    )
    assert 200 == send(world, "/v2/projects", 10.5).status
    assert [200, 401, 429, 200] == [entry.status for entry in world.log]
