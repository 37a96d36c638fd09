"""Who is let in, what is not found, and what the world writes down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pictory_async.testing import LoggedRequest, ServerLimit, SimRequest, World
from tests.testing._send import ask, read


@pytest.mark.parametrize("key", ["", "pictai_wrong", "Bearer pictai_simulator"])
def test_a_wrong_key_is_refused_everywhere(key):
    """Whatever is asked for with another key than the raw one, the answer is 401."""
    world = World()
    for path in (f"/v2/projects/{world.add_project()}", "/v2/projects/unknown", "/nowhere"):
        response = ask(world, path, key=key)
        assert (401, {"message": "Unauthorized"}) == (response.status, response.json())


def test_a_missing_key_is_refused_and_noted_as_missing():
    """The log tells a missing key, a wrong one and the right one apart."""
    world = World()
    assert 401 == world.handle(SimRequest(method="GET", path="/pictoryapis/v2/projects"), 1.0).status
    ask(world, "/v2/projects", 2.0, key="wrong")
    ask(world, "/v2/projects", 3.0)
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
def test_what_does_not_exist_is_not_found(path):
    """Unknown ids and unknown paths are answered with 404 and JSON."""
    method = "POST" if path.endswith("render") else "GET"
    response = ask(World(), path, method=method)
    assert (404, {"message": "Not Found"}) == (response.status, response.json())


@pytest.mark.parametrize("path", ["", "*", "/", "/elsewhere/v2/projects", "http://x/pictoryapis/v2/projects"])
def test_outside_of_the_base_path_nothing_is_found(path):
    """Only what is below the base path exists."""
    world = World()
    request = SimRequest(method="GET", path=path, headers={"authorization": world.api_key})
    assert 404 == world.handle(request, 0.0).status


def test_a_wrong_method_is_told_from_a_wrong_path():
    """A known path with another method is answered with 405."""
    world = World()
    assert 405 == ask(world, "/v2/projects", method="POST").status
    assert 405 == ask(world, f"/v2/projects/{world.add_project()}/render").status


def test_an_unknown_job_can_be_told_in_a_body():
    """In the other documented style an unknown job is a 200 that says it failed."""
    world = World(unknown_job="body")
    data = {"status": "failed", "error_code": "5000", "error_message": "JOB_NOT_FOUND"}
    assert {"job_id": "x", "success": False, "data": data} == read(world, "/v1/jobs/x")


def test_ids_are_decoded_only_after_the_path_is_split():
    """An encoded slash belongs to an id; the same characters as they are do not."""
    world = World()
    world.add_project(project_id="a/b c", name="odd")
    assert "odd" == read(world, "/v2/projects/a%2Fb%20c")["projectName"]
    assert 404 == ask(world, "/v2/projects/a/b%20c").status
    assert 404 == ask(world, "/v2/projects/%2e%2e").status


def test_an_integer_id_is_found_by_its_digits():
    """A project with an integer id is named in the path by its number, and stays a number in JSON."""
    world = World()
    project_id = world.add_project(integer_id=True)
    assert project_id == read(world, f"/v2/projects/{project_id}")["project_id"]
    assert "v2" == read(world, f"/v2/projects/{project_id}")["schemaVersion"]


def test_ids_are_taken_once():
    """A second project or template with the same id is refused."""
    world = World()
    world.add_project(project_id="5")
    with pytest.raises(ValueError, match="already has a project 5"):
        world.add_project(project_id=5)
    world.add_template(template_id="t")
    with pytest.raises(ValueError, match="already has a template 't'"):
        world.add_template(template_id="t")


def test_only_known_projects_can_be_rendered():
    """Starting a render of an unknown project is a lookup error."""
    with pytest.raises(LookupError):
        World().start_render("unknown", 0.0)


def test_dates_are_utc_and_whole_milliseconds():
    """World time turns into the server's dates, rounded down so that none lies in the future."""
    world = World(epoch=datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    assert datetime(2026, 1, 1, 0, 0, 1, 999_000, tzinfo=UTC) == world.date(1.9999)
    assert datetime(2026, 1, 1, 0, 0, 1, 1_000, tzinfo=UTC) == world.date(1.001)
    with pytest.raises(ValueError, match="epoch must have a time zone"):
        World(epoch=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


def test_the_key_is_not_in_the_repr():
    """A printed world does not show its key."""
    assert "pictai_" not in repr(World(api_key="pictai_secret"))


def test_a_world_enforces_its_limit():
    """Above the limit the answer is 429 with whole seconds to wait, for a wrong key too."""
    world = World(limit=ServerLimit(2, 10.0))
    assert [200, 401] == [
        ask(world, "/v2/projects", 0.5).status,
        ask(world, "/v2/projects", 0.6, key="x").status,
    ]
    response = ask(world, "/v2/projects", 1.0)
    assert (429, "10", {"message": "Too Many Requests"}) == (
        response.status,
        response.header("Retry-After"),
        response.json(),
    )
    assert 200 == ask(world, "/v2/projects", 10.5).status
    assert [200, 401, 429, 200] == [entry.status for entry in world.log]
