"""Requests for videos whose response was lost: sent once, and found out later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import attrs
import pytest

from pictory_async import RenderHandle, VideoHandle, errors
from pictory_async.testing import Answer, Refuse, Reset, Simulator, Stall, Truncate, World
from tests._polling import client_of
from tests._videos import REQUEST, on_paid, paid
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from pictory_async.testing import Fault

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}
NO = b'{"message": "No"}'
PAYLOADS = Path(__file__).parent / "payloads" / "video"


@pytest.fixture
def world() -> World:
    """An account whose renders take 50 seconds."""
    return World(render_seconds=(50.0, 50.0))


LOST: list[Fault] = [
    Reset(),
    Reset(reaches_world=True),
    Stall(),
    Stall(reaches_world=True),
    Answer(500),
    Answer(502, reaches_world=True),
    Answer(504, JSON, b'{"message": "Endpoint request timed out"}', reaches_world=True),
    Truncate(5),
    Answer(200, JSON, b"<html>", reaches_world=True),
    Answer(200, JSON, b'{"success": true}', reaches_world=True),
    Answer(408, JSON, NO, reaches_world=True),
    Answer(403, {"content-type": "text/html"}, b"<html>", reaches_world=True),
    Answer(429, {"retry-after": "1"}, b"slow down", reaches_world=True),
]


class TestLost:
    """Requests whose response was lost."""

    @pytest.mark.parametrize("fault", LOST)
    @pytest.mark.parametrize("call", ["render", "preview", "render_preview", "render_params"])
    async def test_nothing_is_requested_twice(self, world: World, call: str, fault: Fault) -> None:
        """After an ambiguous failure the request is not sent again, and the error has the handle without a job."""
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client:
            preview = await client.videos.preview(REQUEST)
            arguments = {"render_preview": preview, "render_params": {"elements": [*preview.elements]}}
            simulator.log.clear()
            simulator.faults = on_paid(fault)
            with pytest.raises(errors.VideoSubmitUncertainError, match="not sent again") as caught:
                await getattr(client.videos, call)(arguments.get(call, REQUEST))
            handle = caught.value.handle
            assert (None, preview.job_id, call == "preview") == (handle.job_id, handle.after_job, handle.is_preview)
            with pytest.raises(errors.PictoryConfigError, match=r"client\.videos\.find"):
                await client.videos.wait(attrs.evolve(handle, is_preview=False))
            assert (await client.videos.find(handle)).started is not False
            found = await client.videos.find(handle, start_grace=0)
        assert 1 == len(paid(simulator))
        assert (found.started is False) is (len(world.videos) == 1)
        assert [job.id for job in found.jobs] == [render.job_id for _, render in world.jobs[1:]]

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (Refuse(), errors.ConnectionFailedError),
            (Answer(401, JSON, NO), errors.AuthenticationError),
            (Answer(413, JSON, b'{"message": "Request Too Long"}'), errors.StatusError),
            (Answer(429, {"retry-after": "1"} | JSON, b'{"message": "Too Many Requests"}'), errors.RateLimitedError),
        ],
    )
    async def test_a_clear_refusal_is_its_own_error(
        self, world: World, fault: Fault, expected: type[Exception]
    ) -> None:
        """Where nothing was started, the error says so; also then the request is sent once."""
        simulator = Simulator(world, faults=on_paid(fault))
        async with client_of(simulator) as client:
            with pytest.raises(expected):
                await client.videos.render(REQUEST)
        assert 1 >= len(paid(simulator))

    async def test_the_job_is_found_by_the_name_of_its_video(self, world: World) -> None:
        """Jobs that somebody else started are told apart by their names, as soon as the videos are finished."""
        simulator = Simulator(world, latency=0.1, faults=on_paid(Reset(reaches_world=True)))
        async with client_of(simulator) as client:
            with pytest.raises(errors.VideoSubmitUncertainError) as caught:
                await client.videos.render(REQUEST)
            simulator.faults = None
            foreign = await client.videos.render(attrs.evolve(REQUEST, video_name="Hello Ben"))
            world.start_render(world.add_project(), simulator.now())
            handle = VideoHandle.from_json(caught.value.handle.to_json())
            early = await client.videos.find(handle, known=[foreign.job_id])
            assert (None, 2, ()) == (early.started, len(early.jobs), early.matches)
            assert early.found is None
            await anyio.sleep(120.0)
            found = await client.videos.find(handle)
            assert (True, 3, 1) == (found.started, len(found.jobs), len(found.matches))
            assert found.found is not None
            assert (await client.videos.wait(found.found)).url.endswith("Hello_Ada.mp4")

    async def test_a_job_may_appear_late(self, world: World) -> None:
        """That there is no job is known only some time after the request, because its work may begin late."""
        simulator = Simulator(world, latency=0.1, faults=on_paid(Reset()))
        async with client_of(simulator) as client:
            with pytest.raises(errors.VideoSubmitUncertainError) as caught:
                await client.videos.render(REQUEST)
            handle = caught.value.handle
            assert handle.requested_at is not None
            older = attrs.evolve(handle, requested_at=handle.requested_at - timedelta(minutes=3))
            unknown = attrs.evolve(handle, requested_at=None)
            found = [(await client.videos.find(one)).started for one in (handle, older, unknown)]
            assert [None, False, None] == found
            with pytest.raises(errors.PictoryConfigError, match="start_grace"):
                await client.videos.find(handle, start_grace=-1)

    async def test_a_preview_is_found_by_its_name(self, world: World) -> None:
        """A finished preview shows the request that it was made from."""
        simulator = Simulator(world, latency=0.1, faults=on_paid(Reset(reaches_world=True)))
        async with client_of(simulator) as client:
            with pytest.raises(errors.VideoSubmitUncertainError) as caught:
                await client.videos.preview(REQUEST)
            await anyio.sleep(120.0)
            found = (await client.videos.find(caught.value.handle)).found
            assert found is not None
            assert (await client.videos.wait_preview(found)).url
        world.videos[0].understood = {"videoName": 5}
        async with client_of(simulator) as client:
            assert () == (await client.videos.find(caught.value.handle)).matches

    async def test_two_videos_of_one_name_are_not_told_apart(self, world: World) -> None:
        """Then it is known that there is one, and not which."""
        async with client_of(Simulator(world, latency=0.1)) as client:
            await client.videos.render_and_wait(REQUEST)
            await client.videos.render_and_wait(REQUEST)
            found = await client.videos.find(VideoHandle(None, "Hello Ada", after_job=""))
        assert (True, None, 2) == (found.started, found.found, len(found.matches))

    @pytest.mark.parametrize("after_job", [None, "gone"])
    async def test_without_a_beginning_nothing_is_certain(self, world: World, after_job: str | None) -> None:
        """If the newest job before the request is not known, an empty list proves nothing."""
        async with client_of(Simulator(world)) as client:
            found = await client.videos.find(VideoHandle(None, "Hello Ada", after_job=after_job))
        assert (None, False, ()) == (found.started, found.is_complete, found.jobs)

    async def test_jobs_of_another_kind_are_left_out(self, world: World) -> None:
        """A finished preview is no video, a finished transcript is neither, and one without an id can be any."""
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client:
            await client.videos.preview(REQUEST)
            await client.videos.render_and_wait(REQUEST)
            world.add_job(0.0, result={"transcript": []}, seconds=0.0)
            handle = VideoHandle(None, "", after_job="")
            jobs = {render.job_id: video.is_preview for video, render in world.jobs if hasattr(video, "is_preview")}
            for is_preview in (True, False):
                found = await client.videos.find(attrs.evolve(handle, is_preview=is_preview))
                assert [is_preview] == [jobs[job.id] for job in found.jobs]
                assert () == found.matches
        body = b'{"items": [{"success": true}], "nextPageKey": null}'
        async with client_of(Simulator(world, faults=lambda *_: Answer(200, JSON, body))) as client:
            assert (await client.videos.find(handle)).started is None

    async def test_a_long_list_is_read_page_by_page(self, world: World) -> None:
        """Only the pages since the request are read, and not more than forty."""
        world.page_size = 1
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client:
            first = await client.videos.render(REQUEST)
            for _ in range(45):
                await client.videos.render(REQUEST)
            simulator.log.clear()
            assert not (await client.videos.find(VideoHandle(None, "x", after_job=first.job_id))).is_complete
            assert 40 == len(simulator.log)
            after = world.jobs[-3][1].job_id
            assert 2 == len((await client.videos.find(VideoHandle(None, "x", after_job=after))).jobs)
            assert 43 == len(simulator.log)

    async def test_a_saved_project_is_found_too(self, world: World) -> None:
        """A request that saves a project may be found by its name."""
        request = attrs.evolve(REQUEST, save_project=True)
        lost = Simulator(world, latency=0.1, faults=on_paid(Reset(reaches_world=True)))
        async with client_of(lost) as client:
            with pytest.raises(errors.VideoSubmitUncertainError) as caught:
                await client.videos.render(request)
            world.add_project(name="Hello Ben")
            await anyio.sleep(60.0)
            found = await client.videos.find(caught.value.handle)
            video = await client.videos.wait(found.found)
        assert ["Hello Ada"] == [project.name for project in found.projects]
        assert video.project_id == found.projects[0].id

    async def test_a_key_that_may_not_read_the_list_can_still_request(self, world: World) -> None:
        """Then it is not known later what is newer than the request."""
        fault = Answer(403, JSON, NO)
        simulator = Simulator(world, faults=lambda request, _: fault if request.path.endswith("/jobs") else None)
        async with client_of(simulator) as client:
            handle = await client.videos.render(REQUEST)
            assert handle.after_job is None
            with pytest.raises(errors.PermissionDeniedError):
                await client.videos.find(handle)
            with pytest.raises(errors.PictoryConfigError, match="VideoHandle"):
                await client.videos.find(RenderHandle(project_id="p"))
