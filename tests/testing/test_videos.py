"""The simulated endpoints that make videos, and the videos themselves."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from pictory_async.testing import MediaContent, Render, SimRequest, SimResponse, World
from tests.testing._send import get_json

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY: dict[str, Any] = {
    "videoName": "Demo",
    "voiceOver": {"enabled": True, "aiVoices": [{"speaker": 3108}, {"speaker": "OLIVIA"}, {"speaker": "HugoNeural"}]},
    "scenes": [{"story": "One two three.", "background": {"searchFilter": {"query": "sea"}}}],
}


def send(world: World, path: str, body: Any, now: float = 0.0, method: str = "POST") -> SimResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": world.api_key}
    request = SimRequest(method=method, path=f"/pictoryapis/v2/video{path}", headers=headers, body=content)
    return world.handle(request, now)


def start(world: World, path: str, body: Any, now: float = 0.0, method: str = "POST") -> str:
    response = send(world, path, body, now, method)
    assert 200 == response.status, response.json()
    return str(response.json()["data"]["jobId"])


def test_what_the_api_does_not_know_is_removed():
    """Unknown fields are no error at any depth, and are not in what the API understood."""
    world = World()
    scene = {**BODY["scenes"][0], "mood": "dark"}
    start(world, "/storyboard/render", {**BODY, "scenes": [scene], "VideoName": "x"})
    (video,) = world.videos
    assert BODY == video.understood
    assert "dark" == video.received["scenes"][0]["mood"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"{", {""}),
        ([], {""}),
        ({}, {"videoName", "scenes"}),
        ({**BODY, "brandId": "a", "brandName": "b", "scenes": [{"story": "x", "maxSubtitleLines": 9}]}, None),
    ],
)
def test_a_wrong_body_is_refused(body: Any, fields: set[str] | None):
    """The response names each field that is wrong, in the documented form, and nothing is started."""
    world = World()
    for path in ("/storyboard", "/storyboard/render"):
        response = send(world, path, body)
        assert 400 == response.status
        said = response.json()
        assert "INVALID_REQUEST_BODY" == said["code"]
        assert (fields or {"$", "scenes[0].maxSubtitleLines"}) == {one["name"] for one in said["fields"]}
    assert [] == world.jobs


def test_a_video_costs_minutes_and_credits():
    """Both are in the quota; a preview costs no minutes, and a failed job nothing."""
    world = World(quota={"aiCredits": (0.0, 3.0)}, render_seconds=(10.0, 10.0), queue_seconds=(0.0, 0.0))
    visual = {"type": "image", "aiVisual": {"prompt": "The sea.", "model": "seedream3.0"}}
    body = {**BODY, "scenes": [{"story": "x " * 150, "background": visual}]}
    start(world, "/storyboard", body)
    assert {"aiCredits": (2.0, 3.0)} == world.quota
    failed = start(world, "/storyboard/render", body)
    start(world, "/storyboard/render", {**BODY, "scenes": [{"story": "x " * 150}]})
    assert {"aiCredits": (2.0, 3.0), "videoMinutes": (1.0, float("inf"))} == world.quota
    data = get_json(world, f"/v1/jobs/{failed}", 20.0)["data"]
    assert ("failed", "INSUFFICIENT_CREDITS") == (data["status"], data["error_code"])
    assert [2.0, 0.0, 0.0] == [video.credits for video in world.videos]
    free = World(quota=None)
    start(free, "/storyboard/render", body)
    assert free.quota is None


def test_a_template_or_a_project_must_be_there():
    """Either serves as a template; what is neither fails the job."""
    world = World(render_seconds=(1.0, 1.0))
    ids = [world.add_template("Hi {{Name}}"), world.add_project(integer_id=True), "unknown"]
    jobs = [start(world, "/storyboard/render", {"videoName": "Demo", "templateId": one}) for one in ids]
    states = [get_json(world, f"/v1/jobs/{job}", 100.0)["data"]["status"] for job in jobs]
    assert ["completed", "completed", "failed"] == states


def test_a_saved_project_is_named_by_the_job():
    """The project is in the list when the video is finished, under the name of the video; a failed job saves none."""
    world = World(render_seconds=(10.0, 10.0))
    world.on_video += [Render(0.0, duration=10.0), Render(0.0, duration=10.0, fails=True)]
    job, failed = (start(world, "/storyboard/render", {**BODY, "saveProject": True}) for _ in range(2))
    assert [] == get_json(world, "/v2/projects", 5.0)["items"]
    data = get_json(world, f"/v1/jobs/{job}", 20.0)["data"]
    (item,) = get_json(world, "/v2/projects", 20.0)["items"]
    assert ("Demo", data["projectId"]) == (item["name"], item["id"])
    assert "projectId" not in get_json(world, f"/v1/jobs/{failed}", 20.0)["data"]
    assert [] == world.on_video


def test_elements_that_do_not_exist_are_not_added():
    """Only elements with the ids of the preview are changed."""
    world = World()
    job = start(world, "/storyboard", {**BODY, "scenes": [*BODY["scenes"], {"background": {"color": "#000"}}]})
    assert 400 == send(world, f"/storyboard/{job}/elements", [], 0.0, "PUT").status
    (preview,) = world.videos
    before = [*preview.elements]
    assert ["SceneText", "backgroundElement", "backgroundElement"] == [one["elementType"] for one in before]
    assert 400 == send(world, f"/storyboard/{job}/elements", {"id": "x"}, 100.0, "PUT").status
    assert 400 == send(world, f"/storyboard/{job}/elements", [{"id": "x"}], 100.0, "PUT").status
    other = {**before[0], "id": "x"}
    response = send(world, f"/storyboard/{job}/elements", [other], 100.0, "PUT")
    assert (200, []) == (response.status, [*response.pieces()])
    assert before == preview.elements


def test_parameters_must_be_an_object():
    """Anything else is refused; what is wrapped has nothing to render, and fails the job."""
    world = World(queue_seconds=(0.0, 0.0), render_seconds=(1.0, 1.0))
    assert 400 == send(world, "/render", []).status
    job = start(world, "/render", {"renderParams": {"elements": [{"startTime": 0, "duration": 1}]}})
    assert "failed" == get_json(world, f"/v1/jobs/{job}", 5.0)["data"]["status"]


def test_a_project_is_not_replaced_by_nothing():
    """An empty body, or one that is no object, is refused."""
    world = World()
    project_id = world.add_project()
    for content in (b"", b"{}", b"[]", b"{"):
        headers = {"authorization": world.api_key}
        path = f"/pictoryapis/v2/projects/{project_id}"
        assert 400 == world.handle(SimRequest(method="PUT", path=path, headers=headers, body=content), 0.0).status


@pytest.mark.parametrize(("path", "method"), [("/nothing", "POST"), ("/render", "GET"), ("/storyboard", "PUT")])
def test_other_paths_do_not_exist(path: str, method: str):
    """Other paths are not found, and other methods are not allowed."""
    assert (404 if path == "/nothing" else 405) == send(World(), path, BODY, 0.0, method).status


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place < len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        end = place + (size or len(data) - place)
        yield kind, data[place + 8 : end]
        place = end


def test_a_video_is_an_mp4_file():
    """Its description names samples that are where it says, and whatever follows belongs to the last box."""
    data = b"".join(MediaContent("/a.mp4", 0, 100_000).pieces())
    found = dict(boxes(data))
    assert [b"ftyp", b"moov", b"mdat"] == [*found]
    inner = dict(boxes(found[b"moov"]))
    for name in (b"trak", b"mdia", b"minf", b"stbl"):
        inner = dict(boxes(inner[name]))
    sizes = struct.unpack_from(">2I", inner[b"stsz"], 12)
    (place,) = struct.unpack_from(">I", inner[b"stco"], 8)
    for size, kind in zip(sizes, (0x65, 0x41), strict=True):
        assert (size - 4, kind) == struct.unpack_from(">IB", data, place)
        assert b"\0\0" not in data[place + 4 : place + size]
        place += size
    assert place < 2000


def test_each_video_has_a_colour_of_its_own():
    """Videos differ by their paths. This one was played in a browser, and decoded without an error."""
    one, other = (b"".join(MediaContent(f"/{name}.mp4", 0, 1304).pieces()) for name in "ab")
    assert one != other
    assert PLAYED == hashlib.sha256(b"".join(MediaContent("/x.mp4", 0, 1304).pieces())).hexdigest()


PLAYED = "5427d94de0357a7251d1b46e16cfdddf91ff45ad7da939cf0ae10a1465aef03e"
