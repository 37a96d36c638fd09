"""Making videos without a project: each requested once, and watched by the handle of its job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from pictory_async import RenderHandle, VideoHandle, errors
from pictory_async.models import Job, Preview, Video
from pictory_async.testing import Answer, Render, Reset, Simulator, World
from pictory_async.video import Background, SearchFilter, VideoScene, VoiceOver
from tests._polling import Script, client_of
from tests._videos import REQUEST, on_paid, paid
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}
NO = b'{"message": "No"}'
PAYLOADS = Path(__file__).parent / "payloads" / "video"


@pytest.fixture
def world() -> World:
    """An account whose renders take 50 seconds."""
    return World(render_seconds=(50.0, 50.0))


class TestRender:
    """``client.videos.render`` and ``wait``."""

    async def test_a_video_is_requested_and_waited_for(self, world: World) -> None:
        """The handle has the job and the name; the video has its addresses, its length and what it cost."""
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client:
            handle = await client.videos.render(REQUEST)
            video = await client.videos.wait(handle)
        assert (world.videos[0].name, False) == (handle.name, handle.is_preview)
        assert REQUEST.to_dict() == world.videos[0].received == world.videos[0].understood
        assert isinstance(video, Video)
        assert ("Hello Ada", handle.job_id) == (video.name, video.job_id)
        assert video.url.endswith("/Hello_Ada.mp4")
        assert all((video.share_url, video.thumbnail_url, video.audio_url, video.srt_url, video.vtt_url, video.txt_url))
        assert (3.2, 0.0, None) == (video.duration, video.ai_credits_used, video.project_id)
        assert video.url == video.to_dict()["url"]
        assert ["/pictoryapis/v2/video/storyboard/render"] == paid(simulator)
        assert "pictai" not in handle.to_json()

    async def test_one_call_makes_a_video(self, world: World) -> None:
        """``render_and_wait`` requests and waits."""
        async with client_of(Simulator(world, latency=0.1)) as client:
            video = await client.videos.render_and_wait(REQUEST)
        assert video.url

    async def test_a_wait_needs_only_the_id_of_a_job(self, world: World) -> None:
        """The id of a job is enough; then the video has no name."""
        async with client_of(Simulator(world, latency=0.1)) as client:
            handle = await client.videos.render(REQUEST)
            video = await client.videos.wait(handle.job_id)
        assert ("", handle.job_id) == (video.name, video.job_id)

    async def test_what_is_wrong_is_never_sent(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        """Errors refuse the request before anything is sent; warnings are written to the log, and it is sent."""
        simulator = Simulator(world)
        async with client_of(simulator) as client:
            for call in (client.videos.render, client.videos.preview, client.videos.render_and_wait):
                with pytest.raises(errors.PictoryConfigError, match=r"\$\.videoName"):
                    await call(attrs.evolve(REQUEST, video_name=None))
            with pytest.raises(errors.PictoryConfigError, match="not a VideoRequest"):
                await client.videos.render(REQUEST.to_dict())
            with pytest.raises(errors.PictoryConfigError, match="not all of it is JSON"):
                await client.videos.render(attrs.evolve(REQUEST, webhook_input={"at": anyio}))
            with pytest.raises(errors.PictoryConfigError, match="max_wait"):
                await client.videos.render_and_wait(REQUEST, max_wait=-1)
            assert [] == simulator.log
            await client.videos.render(attrs.evolve(REQUEST, language="eo"))
        (text,) = [record.message for record in caplog.records if "pictory.video.warning" in record.message]
        assert "$.language" in text

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"voice_over": VoiceOver.of("Nobody")}, "TEXT_TO_VIDEO_FAILED"),
            ({"template_id": "gone"}, "TEXT_TO_VIDEO_FAILED"),
            (
                {
                    "scenes": [
                        VideoScene(story="Hi.", background=Background(search_filter=SearchFilter(query="Unfindable!")))
                    ]
                },
                "SCENE_BACKGROUND_VISUAL_NOT_FOUND",
            ),
            (
                {
                    "scenes": [
                        VideoScene.from_dict(
                            {
                                "story": "Hi.",
                                "background": {
                                    "type": "video",
                                    "aiVisual": {"prompt": "The sea.", "model": "veo3.1", "videoDuration": "8s"},
                                },
                            }
                        )
                    ]
                },
                "INSUFFICIENT_CREDITS",
            ),
        ],
    )
    async def test_a_failed_job_has_its_reason(self, changes: dict[str, Any], code: str) -> None:
        """What the API finds out late fails the job, and the error names the video, the job and the reason."""
        world = World(quota={"aiCredits": (900.0, 1000.0), "videoMinutes": (0.0, 600.0)})
        async with client_of(Simulator(world, latency=0.1)) as client:
            handle = await client.videos.render(attrs.evolve(REQUEST, **changes))
            with pytest.raises(errors.RenderFailedError, match="The video 'Hello Ada'") as caught:
                await client.videos.wait(handle)
        assert (code, handle.job_id, handle) == (caught.value.code, caught.value.job_id, caught.value.handle)

    async def test_a_refused_request_names_its_fields(self, world: World) -> None:
        """The fields of a 400 are in the error, and nothing was started."""
        fault = Answer(400, JSON, (PAYLOADS / "res-error-400.json").read_bytes())
        simulator = Simulator(world, faults=on_paid(fault))
        async with client_of(simulator) as client:
            with pytest.raises(errors.InvalidRequestError) as caught:
                await client.videos.render(REQUEST)
        assert [("scenes", "Sample text: at least one scene is needed.")] == [
            (one.name, one.problem) for one in caught.value.fields
        ]

    async def test_an_error_after_the_request_has_the_handle(self, world: World) -> None:
        """A wait that is over can go on later, by the error's handle."""
        async with client_of(Simulator(world, latency=0.1)) as client:
            with pytest.raises(errors.WaitTimeoutError, match=r"The video 'Hello Ada'.*was not rendered") as caught:
                await client.videos.render_and_wait(REQUEST, max_wait=20.0)
            assert caught.value.handle is not None
            assert (await client.videos.wait(caught.value.handle)).url

    async def test_a_cancelled_request_leaves_its_handle_in_the_log(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whoever cancels the call cannot be given the handle, so it is logged, before and after the response."""
        simulator = Simulator(world, latency=lambda request, _: 15.0 if request.method == "POST" else 0.1)
        async with client_of(simulator) as client:
            for patience in (10.0, 30.0):
                with anyio.move_on_after(patience):
                    await client.videos.render_and_wait(REQUEST)
            with anyio.move_on_after(16.0):
                await client.videos.preview(REQUEST)
        texts = [one.getMessage() for one in caplog.records if "pictory.render.cancelled" in one.message]
        handles = [VideoHandle.from_json(text.partition("started. ")[2]) for text in texts]
        assert [None, world.videos[1].name] == [handles[0].job_id, handles[1].name]
        assert [False, False, True] == [handle.is_preview for handle in handles]
        assert 3 == len(paid(simulator))

    @pytest.mark.parametrize("field", ["job", "cleaned", "empty"])
    async def test_a_job_without_a_video(self, world: World, field: str) -> None:
        """A job that is gone, whose results were deleted, or that names no video, each has its own error."""
        bodies = {
            "cleaned": b'{"job_id": "j", "success": true, "data": {"status": "cleaned"}}',
            "empty": b'{"job_id": "j", "success": true, "data": {"status": "completed"}}',
        }
        fault = Answer(200, JSON, bodies[field]) if field in bodies else Answer(404, JSON, NO)
        hidden = Simulator(world, faults=lambda request, _: fault if "/jobs/" in request.path else None)
        expected: Any = {"cleaned": errors.JobCleanedError, "empty": errors.WaitError, "job": errors.NotFoundError}
        async with client_of(hidden) as client:
            began = anyio.current_time()
            with pytest.raises(expected[field]) as caught:
                await client.videos.wait("j")
        assert expected[field] is type(caught.value)
        assert (anyio.current_time() - began >= 120.0) is (field != "cleaned")

    async def test_a_new_job_may_be_unknown_for_some_time(self, world: World) -> None:
        """A job that was requested just now is not given up before ``start_grace``."""
        young = Answer(404, JSON, NO)
        hidden = Simulator(
            world, latency=0.1, faults=lambda request, now: young if "/jobs/" in request.path and now < 100.0 else None
        )
        async with client_of(hidden) as client:
            assert (await client.videos.render_and_wait(REQUEST)).url

    @pytest.mark.parametrize("handle", [5, None, RenderHandle(project_id="p")])
    async def test_only_a_video_can_be_waited_for(self, world: World, handle: Any) -> None:
        """Anything else is an error at once."""
        async with client_of(Simulator(world)) as client:
            with pytest.raises(errors.PictoryConfigError, match="VideoHandle"):
                await client.videos.wait(handle)


class TestPreview:
    """Previews: to look at a video before it is paid for."""

    async def test_a_preview_is_rendered(self, world: World) -> None:
        """The preview has a page and its elements; its render is another job, of the same name."""
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client:
            preview = await client.videos.preview(attrs.evolve(REQUEST, save_project=True))
            assert (preview.name, 2) == ("Hello Ada", len(preview.elements))
            assert preview.url
            assert "preview" in preview.url
            assert (str, str) == (type(preview.project_id), type(preview.project_url))
            assert "Hello Ada" == preview.storyboard["videoName"]
            assert 0.0 == world.quota["videoMinutes"][0] - 12.5 if world.quota else None
            changed = {**preview.elements[0], "text": "Hello."}
            await client.videos.update_elements(preview, [changed])
            handle = await client.videos.render_preview(preview, webhook="https://h.example.com/x")
            video = await client.videos.wait(handle)
        assert "Hello." == world.videos[1].elements[0]["text"]
        assert {"webhook": "https://h.example.com/x"} == world.videos[1].received
        assert ("Hello Ada", handle.job_id) == (video.name, video.job_id)
        assert handle.job_id != preview.job_id
        assert "elements=2" in repr(preview._repr_html_()) or preview._repr_html_()

    async def test_a_preview_by_its_job(self, world: World) -> None:
        """The id of the job is enough for all calls."""
        async with client_of(Simulator(world, latency=0.1)) as client:
            job_id = (await client.videos.preview(REQUEST)).job_id
            preview = await client.videos.wait_preview(job_id)
            await client.videos.update_elements(job_id, preview.elements)
            handle = await client.videos.render_preview(job_id, overrides={"language": "en"})
        assert ("", {"language": "en"}) == (handle.name, world.videos[-1].received)

    async def test_parameters_are_rendered(self, world: World) -> None:
        """The parameters of a preview are sent as they are, whatever else is in them."""
        async with client_of(Simulator(world, latency=0.1)) as client:
            preview = await client.videos.preview(REQUEST)
            params = {**preview.render_params, "madeUp": [1]}
            handle = await client.videos.render_params(params, name="Hello Ada")
            assert (await client.videos.wait(handle)).name == "Hello Ada"
            bad: list[Any] = [{"renderParams": params}, {}, None, []]
            for wrong in bad:
                with pytest.raises(errors.PictoryConfigError, match=r"(?i)params"):
                    await client.videos.render_params(wrong)
            handle = await client.videos.render_params({"output": {}})
            with pytest.raises(errors.RenderFailedError):
                await client.videos.wait(handle)
        assert params == world.videos[1].received

    async def test_a_sample_of_parameters(self, world: World) -> None:
        """The documented form is sent and rendered."""
        params = json.loads((PAYLOADS / "req-render-params.json").read_text())
        async with client_of(Simulator(world, latency=0.1)) as client:
            await client.videos.wait(await client.videos.render_params(params))
        assert params == world.videos[0].received

    @pytest.mark.parametrize("elements", [[], [{"id": "a"}], ["a"], [{"id": "a", "elementType": "x", "type": "y"}]])
    async def test_elements_are_checked(self, world: World, elements: Any) -> None:
        """An element without what is required is refused, and nothing is sent."""
        simulator = Simulator(world)
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match=r"[Ee]lement"):
                await client.videos.update_elements("j", elements)
        assert [] == simulator.log

    async def test_elements_are_changed_through_trouble(self, world: World) -> None:
        """The same elements twice have the same effect, so a lost response is no reason to give up."""
        simulator = Simulator(world, latency=0.1)
        async with client_of(simulator) as client:
            preview = await client.videos.preview(REQUEST)
            simulator.faults = Script(Reset(reaches_world=True), Answer(503))
            await client.videos.update_elements(preview, preview.elements)
        assert [200, None, 200] != [entry.status for entry in simulator.log if entry.method == "PUT"]

    @pytest.mark.parametrize("call", ["elements", "render"])
    async def test_a_preview_that_is_not_there(self, world: World, call: str) -> None:
        """A job that is unknown, or no preview, is not found; one that is not finished is refused by the API."""
        element = {"id": "a", "elementType": "x", "type": "y", "startTime": 0, "duration": 1}
        world.on_video.append(Render(0.0, duration=1e6))
        async with client_of(Simulator(world, latency=0.1)) as client:

            async def ask(job_id: str) -> None:
                if call == "elements":
                    await client.videos.update_elements(job_id, [element])
                else:
                    await client.videos.render_preview(job_id)

            with pytest.raises(errors.WaitTimeoutError) as caught:
                await client.videos.preview(REQUEST, max_wait=5.0)
            handle: Any = caught.value.handle
            with pytest.raises(errors.InvalidRequestError):
                await ask(handle.job_id)
            for job_id in ("unknown", (await client.videos.render(REQUEST)).job_id):
                with pytest.raises(errors.NotFoundError):
                    await ask(job_id)

    async def test_a_preview_is_no_video(self, world: World) -> None:
        """Each call names the other one."""
        preview, video = VideoHandle("j", "Demo", is_preview=True), VideoHandle("j", "Demo")
        async with client_of(Simulator(world)) as client:
            with pytest.raises(errors.PictoryConfigError, match=r"the preview of video 'Demo'.*wait_preview"):
                await client.videos.wait(preview)
            with pytest.raises(errors.PictoryConfigError, match=r"the video 'Demo'.*videos\.wait\("):
                await client.videos.wait_preview(video)

    async def test_what_a_job_does_not_show(self) -> None:
        """A preview whose job shows little has nothing in the places of the rest."""
        preview = Preview(job=Job(id="j", extra={"data": {"previewUrl": 5, "projectId": True, "renderParams": []}}))
        assert (None, None, None, (), {}) == (
            preview.url,
            preview.project_id,
            preview.project_url,
            preview.elements,
            {**preview.render_params, **preview.storyboard},
        )
