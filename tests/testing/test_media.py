"""The files of renders and templates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from pictory_async._files.beginnings import is_markup
from pictory_async.testing import MediaContent, Render, ServerLimit, SimRequest, SimResponse, World
from tests.testing._send import get_json, send

SIZE = 150_000
HOST = "https://127.0.0.1:1"


def world_with_video(**options: Any) -> tuple[World, Any]:
    world = World(media_base="self", media_sizes={"mp4": SIZE, "srt": 0}, **options)
    return world, world.add_project(Render(0, duration=10), name="My clip")


def fetch(world: World, url: str, now: float = 20.0, *, method: str = "GET", **headers: str) -> SimResponse:
    assert url.startswith(HOST)
    path, _, query = url.removeprefix(HOST).partition("?")
    lower = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.handle(SimRequest(method=method, path=path, query=query, headers=lower), now)


def body(response: SimResponse) -> bytes:
    return b"".join(response.pieces())


def video_url(world: World, project_id: Any, now: float = 20.0) -> str:
    return str(get_json(world, f"/v2/projects/{project_id}", now)["videoURL"])


@given(st.integers(0, SIZE), st.integers(0, SIZE))
def test_a_part_is_a_part_of_the_whole(one, other):
    """The bytes between any two offsets are the bytes of the whole file between them."""
    start, stop = sorted((one, other))
    whole = b"".join(MediaContent("/a.mp4", 0, SIZE).pieces())
    part = MediaContent("/a.mp4", start, stop)
    assert whole[start:stop] == b"".join(part.pieces())
    assert stop - start == len(part)


@pytest.mark.parametrize("kind", ["mp4", "mp3", "jpg"])
def test_no_picture_begins_like_a_page(kind):
    """Videos, audios and pictures begin with zeros, also if they are short; other blocks are any bytes."""
    for number in range(50):
        content = b"".join(MediaContent(f"/{number}.{kind}", 0, 70_000).pieces())
        assert (b"\0\0", 70_000) == (content[:2], len(content))
        assert b"\0" == b"".join(MediaContent(f"/{number}.{kind}", 0, 1).pieces())
        assert not is_markup(content)


def test_a_file_needs_no_key_and_has_no_limit():
    """Files are served without a key and without a limit; the log shows whether a key was sent."""
    world, project_id = world_with_video(limit=ServerLimit(1, 1000.0))
    url = video_url(world, project_id)
    response = fetch(world, url)
    assert (200, SIZE, "video/mp4") == (response.status, len(body(response)), response.header("content-type"))
    assert 200 == fetch(world, url, authorization=world.api_key).status
    assert [True, None, True] == [entry.authorization_ok for entry in world.log]


@pytest.mark.parametrize(
    ("value", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, SIZE),
        ("bytes=-100", SIZE - 100, SIZE),
        ("bytes=-999999", 0, SIZE),
        ("bytes=65530-65540", 65530, 65541),
        ("bytes=10-999999", 10, SIZE),
    ],
)
def test_a_range_returns_its_part(value, start, stop):
    """First and last byte, open ends and the last bytes are supported."""
    world, project_id = world_with_video()
    url = video_url(world, project_id)
    response = fetch(world, url, range=value)
    assert (206, f"bytes {start}-{stop - 1}/{SIZE}") == (response.status, response.header("content-range"))
    assert str(stop - start) == response.header("content-length")
    assert body(fetch(world, url))[start:stop] == body(response)


@pytest.mark.parametrize("value", ["bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b"])
def test_an_unsupported_range_returns_the_whole_file(value):
    """As HTTP allows, such a range is ignored."""
    world, project_id = world_with_video()
    assert 200 == fetch(world, video_url(world, project_id), range=value).status


@pytest.mark.parametrize("value", [f"bytes={SIZE}-", "bytes=5-4", "bytes=-0"])
def test_a_range_outside_of_the_file_is_rejected(value):
    """The response is 416 and has the size."""
    world, project_id = world_with_video()
    response = fetch(world, video_url(world, project_id), range=value)
    assert (416, f"bytes */{SIZE}", b"") == (
        response.status,
        response.header("content-range"),
        body(response),
    )


def test_a_part_of_another_version_is_not_sent():
    """With the right tag in If-Range the response is the part, with another one the whole file."""
    world, project_id = world_with_video()
    url = video_url(world, project_id)
    tag = fetch(world, url).header("etag") or ""
    assert 206 == fetch(world, url, range="bytes=5-", if_range=tag).status
    assert 200 == fetch(world, url, range="bytes=5-", if_range='"other"').status


def test_head_returns_the_size():
    """HEAD returns the headers without the body; other methods are rejected."""
    world, project_id = world_with_video()
    response = fetch(world, video_url(world, project_id), method="HEAD")
    assert (200, str(SIZE), b"") == (response.status, response.header("content-length"), body(response))
    assert 405 == fetch(world, video_url(world, project_id), method="PUT").status


def test_an_empty_file_can_be_served():
    """A file can have a size of zero."""
    world, project_id = world_with_video()
    url = get_json(world, f"/v2/projects/{project_id}", 20.0)["srtFile"]
    assert (200, b"") == (fetch(world, url).status, body(fetch(world, url)))


def test_files_exist_as_long_as_their_project():
    """A file exists from the end of its render until its project is deleted."""
    world, project_id = world_with_video()
    url = video_url(world, project_id)
    world.delete_project(project_id, 30.0)
    assert [404, 200, 404] == [fetch(world, url, now).status for now in (9.0, 29.0, 30.0)]
    assert 404 == fetch(world, f"{HOST}/media/unknown.mp4").status


def test_urls_expire_and_are_renewed():
    """An old URL is rejected with XML, as a file store does; the project then has a new one."""
    world, project_id = world_with_video(media_seconds=60.0)
    old = video_url(world, project_id)
    assert old.endswith("/My_clip.mp4?Expires=120")
    assert [200, 403] == [fetch(world, old, now).status for now in (119.0, 120.0)]
    assert "application/xml" == fetch(world, old, 120.0).header("content-type")
    assert 200 == fetch(world, video_url(world, project_id, 120.0), 120.0).status
    assert 403 == fetch(world, old.replace("120", "soon")).status


def test_without_urls_of_its_own_no_file_is_served():
    """With addresses where nothing listens, the simulator serves no files."""
    world, project_id = world_with_video()
    url = video_url(world, project_id)
    world.media_base = None
    assert 401 == fetch(world, url).status
    video = send(world, f"/v2/projects/{project_id}", 20.0).json()["videoURL"]
    assert video.startswith("https://127.0.0.1:1/TeamsAnnual/")


def template_urls(world: World, template_id: str, now: float = 0.0) -> tuple[str, str]:
    body = get_json(world, f"/v1/templates/{template_id}", now)
    return body["project"], body["structure"]


def test_the_files_of_a_template_can_be_downloaded():
    """Both are JSON, need no key and support ranges; ids with special characters work."""
    world = World(media_base="self")
    template_id = world.add_template("Hi {{Name}}", template_id="a b%2Fc", name="Greeting")
    project, structure = template_urls(world, "a%20b%252Fc")
    assert project.startswith(f"{HOST}/media/project_templates/teams/")
    for url in (project, structure):
        response = fetch(world, url)
        assert (200, "application/json") == (response.status, response.header("content-type"))
        assert template_id == response.json()["templateId"]
        part = fetch(world, url, range="bytes=3-")
        assert (206, body(response)[3:]) == (part.status, body(part))
    assert "Greeting" == fetch(world, project).json()["name"]
    assert 404 == fetch(world, project.replace("project_templates", "other")).status


def test_the_files_of_a_template_can_have_any_size():
    """They stay JSON; spaces are added to reach the size."""
    world = World(media_base="self", media_sizes={"json": 100_000})
    for url in template_urls(world, world.add_template("Hi")):
        assert 100_000 == len(body(fetch(world, url)))
        assert fetch(world, url).json()["scenes"]


def test_a_changed_template_has_another_tag():
    """The tag of a file depends on its content."""
    world = World(media_base="self")
    template_id = world.add_template("Hi", overrides={})
    url = template_urls(world, template_id)[0]
    before = fetch(world, url).header("etag")
    template = world.find_template(template_id)
    assert template is not None
    overrides: Any = template.overrides
    overrides["name"] = "Another"
    assert before != fetch(world, url).header("etag")


def test_urls_of_templates_expire_too():
    """An old URL is rejected, and the template then has a new one."""
    world = World(media_base="self", media_seconds=60.0)
    template_id = world.add_template("Hi")
    old = template_urls(world, template_id)[0]
    assert [200, 403] == [fetch(world, old, now).status for now in (119.0, 120.0)]
    assert 200 == fetch(world, template_urls(world, template_id, 120.0)[0], 120.0).status


def test_templates_are_where_all_files_are():
    """The base of the addresses is that of templates too."""
    world = World(media_base="http://localhost:1/x/")
    assert template_urls(world, world.add_template("Hi"))[0].startswith("http://localhost:1/x/project_templates/")
