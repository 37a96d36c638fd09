"""Bodies have the form of the API's documented samples: the same keys in the same order, the same types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from pictory_async.testing import ABSENT, Render, SimRequest, TemplateScene, World
from tests.testing._send import get_json, send

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYLOADS = Path(__file__).parents[1] / "payloads"


def sample(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes())


def shape(value: Any) -> Any:
    """Return keys in order and types, without values."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value).__name__


def test_a_rendered_project_has_the_shape_of_the_documented_sample():
    """A v3 project with a video has each key of the sample, in its order and with its type."""
    world = World()
    project_id = world.add_project(Render(-100, duration=50))
    assert shape(sample("get-project-by-id-1")) == shape(get_json(world, f"/v2/projects/{project_id}"))


def test_a_render_is_started_as_documented():
    """The response of the render endpoint has the documented shape."""
    world = World()
    project_id = world.add_project()
    response = send(world, f"/v2/projects/{project_id}/render", method="POST")
    assert shape(sample("render-project-1")) == shape(response.json())


def test_a_queued_job_has_the_shape_of_the_documented_sample():
    """A job whose rendering has not begun shows only its status."""
    world = World()
    project_id = world.add_project()
    job_id = world.start_render(project_id, 0.0, queue=10, duration=10)
    expected = {**sample("get-video-render-job-by-id-1"), "job_id": job_id}
    assert expected == get_json(world, f"/v1/jobs/{job_id}", 1.0)


def test_a_list_of_projects_has_the_shapes_of_the_documented_sample():
    """The entries of a v3, a v2 and an older project are those of the sample."""
    world = World()
    world.add_project(integer_id=True, schema_version=None, created_at=-300)
    world.add_project(Render(-100, duration=50), integer_id=True, created_at=-200)
    world.add_project(Render(-50, duration=40), created_at=-100)
    assert shape(sample("list-projects-1")) == shape(get_json(world, "/v2/projects"))


def test_a_template_has_the_shape_of_the_documented_sample():
    """A template has each key of the sample, including the API's spelling `depricated`."""
    world = World()
    scene = TemplateScene(("Hi {{Name}}, how are you doing today?",), (("Hello",),))
    template_id = world.add_template(scene, variables={"Name": "NAME"}, name="Hello World Template")
    body = get_json(world, f"/v1/templates/{template_id}")
    assert shape(sample("get-template-by-id-1")) == shape(body)
    assert "depricated" in body


def test_a_list_of_templates_has_the_shape_of_the_documented_sample():
    """Templates are listed in the order in which they were added, with the other spelling."""
    world = World()
    first, second = world.add_template(), world.add_template()
    body = get_json(world, "/v1/templates")
    assert shape(sample("list-templates-1")) == shape(body)
    assert [first, second] == [item["templateId"] for item in body["items"]]


def test_a_list_of_jobs_has_the_id_where_the_sample_has_it():
    """A listed job has its id in its data, just before the status."""
    world = World(page_size=1)
    world.add_project(Render(-100, duration=50), Render(-40, duration=10))
    body, documented = get_json(world, "/v1/jobs"), sample("list-jobs-1")
    assert list(documented) == list(body)
    assert list(documented["items"][0]) == list(body["items"][0])
    assert ["jobId", "status"] == list(body["items"][0]["data"])[-2:]
    assert isinstance(body["nextPageKey"], str)


def test_a_scene_is_about_three_kilobytes():
    """A project with 60 scenes is a body of about 180 KB."""
    world = World()
    project_id = world.add_project(Render(-100, duration=50), scenes=60)
    response = send(world, f"/v2/projects/{project_id}")
    assert 170_000 < len(b"".join(response.pieces())) < 200_000
    body = response.json()
    assert (project_id, 60) == (body["project_id"], len(body["scenes"]))
    assert 60 == len({scene["sceneId"] for scene in body["scenes"]})


def test_ids_have_the_documented_forms():
    """A v3 id has 49 characters and begins with its date; a v2 id is its date in milliseconds."""
    world = World()
    text, number = world.add_project(created_at=0.25), world.add_project(integer_id=True, created_at=0.25)
    assert isinstance(text, str)
    assert (49, "20260101000000250") == (len(text), text[:17])
    assert 1767225600250 == number
    assert 1767225600251 == world.add_project(integer_id=True, created_at=0.25)


def test_the_fields_of_a_missing_video_are_left_out_or_null():
    """A setting of the world decides, because this is not documented."""
    assert "videoURL" not in get_json(*_empty(World()))
    assert get_json(*_empty(World(missing_fields="null")))["videoURL"] is None


def _empty(world: World) -> tuple[World, str]:
    return world, f"/v2/projects/{world.add_project()}"


def test_overrides_replace_and_remove_keys():
    """A test can change the body in ways that no other option allows."""
    world = World()
    project_id = world.add_project(overrides={"step": "COMPLETE", "inProgress": ABSENT, "future": [1]})
    body = get_json(world, f"/v2/projects/{project_id}")
    assert ("COMPLETE", [1], False) == (body["step"], body["future"], "inProgress" in body)
    template_id = world.add_template(overrides={"name": None, "variables": ABSENT})
    body = get_json(world, f"/v1/templates/{template_id}")
    assert (None, False) == (body["name"], "variables" in body)


def every_address(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from every_address(one)
    elif isinstance(value, str) and "://" in value:
        yield value


ORIGINS = [
    "https://127.0.0.1:1",
    "http://127.0.0.1:8000",
    "https://api.pictory.ai",
    "http://simulator:8000",
    "http://x:y",
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("base", ["self", None, "http://127.0.0.1:9/files/"])
def test_every_address_is_on_this_machine(origin: str, base: str | None) -> None:
    """Whatever a test downloads, it never leaves the machine, and no name is looked up for it."""
    world = World(media_base=base)
    project_id = world.add_project(Render(-100, duration=50), name="My clip", scenes=2)
    template_id = world.add_template("Hi")
    job_id = world.jobs[0][1].job_id
    found: list[str] = []
    one_each = (f"v2/projects/{project_id}", f"v1/jobs/{job_id}", f"v1/templates/{template_id}")
    for path in ("v2/projects", "v1/jobs", *one_each):
        request = SimRequest(
            method="GET", path=f"/pictoryapis/{path}", headers={"authorization": world.api_key}, origin=origin
        )
        found += every_address(world.handle(request, 0.0).json())
    assert len(found) > 25
    assert {"127.0.0.1"} == {urlsplit(url).hostname for url in found}
    begins = {"self": origin if "127" in origin else "http", None: "https://127.0.0.1:1/"}.get(base, base)
    assert [] == [url for url in found if not url.startswith(str(begins))]


@pytest.mark.parametrize("base", ["https://cdn.test/x/", "files", "ftp://127.0.0.1", "https://127.0.0.1.x.com", "//"])
def test_files_cannot_be_elsewhere(base: str) -> None:
    """A base of addresses that is not on this machine is refused, also later."""
    with pytest.raises(ValueError, match="on this machine"):
        World(media_base=base)
    world = World()
    with pytest.raises(ValueError, match="on this machine"):
        world.media_base = base


def test_the_same_seed_gives_the_same_world():
    """Two worlds with the same contents return the same bytes; another seed leads to other ids."""

    def body(seed: int) -> bytes:
        world = World(seed=seed)
        world.add_project(Render(-100, duration=50), scenes=2)
        project_id = world.add_project()
        world.start_render(project_id, 0.0)
        return b"".join(piece for path in ("/v2/projects", "/v1/jobs") for piece in send(world, path, 400.0).pieces())

    assert body(1) == body(1)
    assert body(1) != body(2)
