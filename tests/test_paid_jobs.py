"""Jobs that are billed and are no renders: transcripts, highlights, pictures and videos."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from pictory_async import errors, models
from pictory_async.testing import Answer, Reset, Simulator, World
from tests._bodies import PAYLOADS, body_of
from tests._once import JSON, REFUSED, UNCERTAIN, check_refused, check_uncertain
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async import AsyncPictory
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]

HOOK = "https://hooks.example.com/pictory/9f2c"
TALK = "https://media.example.com/talk.mp4"
LIGHT = "https://media.example.com/lighthouse.png"


def request(name: str) -> Any:
    return json.loads((PAYLOADS / "video" / f"req-{name}.json").read_bytes())


STARTED = (PAYLOADS / "video" / "res-job-started.json").read_bytes()
CLEANED = (PAYLOADS / "video" / "res-job-clean.json").read_bytes()
SENTENCES = request("highlights-transcript-words")["transcript"]

# What starts a job, where it goes, and the documented body that it sends.
STARTS: dict[str, tuple[Callable[[AsyncPictory], Awaitable[str]], str, Any]] = {
    "transcript": (
        lambda client: client.transcripts.start(TALK, webhook=HOOK),
        "/v2/transcription",
        request("transcription"),
    ),
    "highlights of a job": (
        lambda client: client.transcripts.start_highlights("a job", seconds=60, webhook=HOOK),
        "/v2/transcription/a%20job/highlights",
        request("highlights-job"),
    ),
    "highlights of a transcript": (
        lambda client: client.transcripts.start_highlights(SENTENCES, seconds=30, duration=120, webhook=HOOK),
        "/v2/transcription/highlights",
        request("highlights-transcript-words"),
    ),
    "picture": (
        lambda client: client.ai_images.start(
            "A lighthouse at dusk, calm sea",
            model="seedream3.0",
            aspect_ratio="16:9",
            style="photorealistic",
            webhook=HOOK,
        ),
        "/v1/aistudio/images",
        request("ai-image"),
    ),
    "video": (
        lambda client: client.ai_videos.start(
            "Slow push towards a lighthouse at dusk",
            model="veo3.1_fast",
            aspect_ratio="16:9",
            seconds=8,
            first_frame_image_url=LIGHT,
        ),
        "/v1/aistudio/videos",
        request("ai-video"),
    ),
}


@pytest.mark.parametrize("name", STARTS)
async def test_the_documented_body(name: str) -> None:
    """What is sent is what the documentation shows, without anything that is not set; the job's id comes back."""
    asked: list[SimRequest] = []

    def fault(request: SimRequest, _now: float) -> Fault:
        asked.append(request)
        return Answer(200, JSON, STARTED)

    start, path, body = STARTS[name]
    async with Simulator(World(), faults=fault).client() as client:
        job_id = await start(client)
    assert json.loads(STARTED)["data"]["jobId"] == job_id
    assert ("POST", f"/pictoryapis{path}") == (asked[0].method, asked[0].path)
    assert body == json.loads(asked[0].body)
    assert "application/json" == asked[0].headers["content-type"]


@pytest.mark.parametrize("fault", UNCERTAIN)
@pytest.mark.parametrize("name", STARTS)
async def test_a_lost_response_is_uncertain(name: str, fault: str) -> None:
    """Whatever is lost, a billed request is sent once, and is called neither started nor failed."""
    start, path, _ = STARTS[name]
    await check_uncertain(UNCERTAIN[fault], path, start)


@pytest.mark.parametrize("fault", REFUSED)
@pytest.mark.parametrize("name", STARTS)
async def test_what_started_nothing_says_so(name: str, fault: str) -> None:
    """A refusal in the API's form, and a connection that was never made, started nothing."""
    await check_refused(REFUSED[fault], STARTS[name][0])


async def test_a_cancelled_request_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever cancels a call cannot be told, so the log says that the job may have been started."""
    simulator = Simulator(World(), latency=10.0)
    async with simulator.client() as client:
        with anyio.move_on_after(5.0) as scope:
            await client.ai_images.start("A lighthouse")
    assert scope.cancelled_caught
    (record,) = [one for one in caplog.records if "pictory.job.cancelled" in one.message]
    assert "the AI image may have been started at " in record.message


async def test_a_limit_that_leaves_no_time() -> None:
    """A request that the budget does not let through was not sent, and is no uncertain one."""
    async with Simulator(World()).client() as client:
        with pytest.raises(errors.PictoryConfigError):
            await client.transcripts.start("talk.mp4")
        await client.aclose()
        with pytest.raises(errors.PictoryConfigError, match="closed"):
            await client.ai_images.start("A lighthouse")


async def test_a_transcript() -> None:
    """From a file's address to words, sentences and subtitles, and to the highlights of the same job."""
    world = World()
    async with Simulator(world).client() as client:
        seen: list[models.Job] = []
        job_id = await client.transcripts.start(TALK)
        transcript = await client.transcripts.wait(job_id, on_progress=seen.append)
        assert job_id == transcript.id
        assert "Water matters.\nEvery drop counts, and so does every word.\nThank you for listening." == transcript.text
        assert {"in-progress"} == {job.status for job in seen}
        short = await client.transcripts.wait(await client.transcripts.start_highlights(job_id, seconds=1))
        assert ["Water", "matters."] == [word.text for word in short.highlights]
        again = await client.transcripts.start_highlights(transcript, seconds=2)
        assert 4 == len((await client.transcripts.wait(again)).highlights)
        listed = [job.id async for job in client.jobs.list()]
    assert [again, short.id, job_id] == listed


async def test_the_simulator_refuses_what_is_missing() -> None:
    """A transcript needs a file; highlights need a length and a transcript that exists."""
    async with Simulator(World()).client() as client:
        with pytest.raises(errors.InvalidRequestError, match="fileUrl"):
            await client.transcripts.start(TALK, extra={"fileUrl": ""})
        with pytest.raises(errors.InvalidRequestError, match="highlight_duration"):
            await client.transcripts.start_highlights(
                SENTENCES, seconds=1, duration=2, extra={"highlight_duration": "1"}
            )
        with pytest.raises(errors.InvalidRequestError, match="transcript"):
            await client.transcripts.start_highlights(SENTENCES, seconds=1, duration=2, extra={"transcript": []})
        with pytest.raises(errors.NotFoundError):
            await client.transcripts.start_highlights("no-such-job", seconds=1)


@pytest.mark.parametrize("data", [{}, {"transcript": []}, {"transcript": "Water"}])
async def test_a_completed_job_without_a_transcript(data: dict[str, Any]) -> None:
    """The state alone is not believed: without sentences there is no transcript."""
    body = body_of({"job_id": "j", "success": True, "data": {"status": "completed", **data}})
    async with Simulator(World(), faults=lambda *_: Answer(200, JSON, body)).client() as client:
        with pytest.raises(errors.MalformedResponseError, match="sentences"):
            await client.transcripts.wait("j")


async def test_pictures_are_made_and_listed() -> None:
    """A picture has its address, size and price; the list has its words and its date too."""
    world = World()
    async with Simulator(world).client() as client:
        picture = await client.ai_images.wait(await client.ai_images.start("A lighthouse", style="artistic"))
        assert (1280, 720, 2.0) == (picture.width, picture.height, picture.ai_credits_used)
        assert picture.url is not None
        assert picture.url.endswith(f"{picture.id}.png")
        (listed,) = [one async for one in client.ai_images.list()]
        assert (picture.id, picture.url, "A lighthouse") == (listed.id, listed.url, listed.prompt)
        assert ("artistic", "seedream3.0") == (listed.style, listed.model)
        assert listed.created_at is not None
        (spent,) = [one async for one in client.account.ai_credits()]
        assert (2.0, "debit", "Text-to-Image") == (spent.amount, spent.type, spent.source)
        quota = await client.account.quota()
        assert quota.ai_credits is not None
        assert 42.6 == quota.ai_credits.used
        assert [] == [one async for one in client.ai_videos.list()]


async def test_videos_are_made_and_listed() -> None:
    """A video has its duration in seconds, whether the API sends text or a number."""
    async with Simulator(World(quota=None)).client() as client:
        video = await client.ai_videos.wait(await client.ai_videos.start("A lighthouse", model="veo3.1", seconds=4))
        assert (4.0, 80.0) == (video.duration, video.ai_credits_used)
        (listed,) = [one async for one in client.ai_videos.list()]
        assert (4.0, video.last_frame_url) == (listed.duration, listed.last_frame_url)
        assert listed.thumbnail_url is not None


async def test_an_account_without_credits() -> None:
    """The job fails as is documented, and the error says why."""
    world = World(quota={"aiCredits": (999.0, 1000.0)})
    async with Simulator(world).client() as client:
        job_id = await client.ai_images.start("A lighthouse")
        with pytest.raises(errors.JobFailedError) as caught:
            await client.ai_images.wait(job_id)
        assert "INSUFFICIENT_CREDITS" == caught.value.code
        assert [] == [one async for one in client.ai_images.list()]


@pytest.mark.parametrize(
    "start",
    [
        lambda client: client.ai_images.start("four"),
        lambda client: client.ai_images.start("x" * 5001),
        lambda client: client.ai_images.start(5),
        lambda client: client.ai_images.start("A lighthouse", webhook="hook"),
        lambda client: client.ai_images.start("A lighthouse", webhook=f"https://a.example/{'x' * 500}"),
        lambda client: client.ai_images.start("A lighthouse", reference_image_url="file:///etc/passwd"),
        lambda client: client.ai_videos.start("A lighthouse", seconds=True),
        lambda client: client.ai_videos.start("A lighthouse", seconds=0),
        lambda client: client.ai_videos.start("A lighthouse", seconds="8s"),
        lambda client: client.ai_videos.start("A lighthouse", reference_image_urls=[LIGHT, "no"]),
        lambda client: client.ai_videos.start("A lighthouse", extend_video_url=TALK, first_frame_image_url=LIGHT),
        lambda client: client.transcripts.start("talk.mp4"),
        lambda client: client.transcripts.start(TALK, language=""),
        lambda client: client.transcripts.start(TALK, media_type=""),
        lambda client: client.transcripts.start(TALK, webhook="x"),
        lambda client: client.transcripts.start_highlights("j", seconds=0),
        lambda client: client.transcripts.start_highlights("j", seconds=1.5),
        lambda client: client.transcripts.start_highlights("j", seconds=1, webhook="x"),
        lambda client: client.transcripts.start_highlights("..", seconds=1),
        lambda client: client.transcripts.start_highlights([], seconds=1, duration=9),
        lambda client: client.transcripts.start_highlights([5], seconds=1, duration=9),
        lambda client: client.transcripts.start_highlights(5, seconds=1, duration=9),
        lambda client: client.transcripts.start_highlights(SENTENCES, seconds=1),
        lambda client: client.transcripts.start_highlights(models.Transcript(id="j"), seconds=1),
        lambda client: client.ai_images.start("A lighthouse", extra={"x": object()}),
        lambda client: client.ai_images.start("A lighthouse", extra={"x": float("nan")}),
        lambda client: client.ai_images.start("A lighthouse", extra={"x": {5: [{6}]}}),
        lambda client: client.ai_images.start("A lighthouse", extra={"x": [b"bytes"]}),
    ],
    ids=range(28),
)
async def test_what_cannot_work_is_not_sent(start: Any) -> None:
    """Documented limits are checked before anything is paid for."""
    world = World()
    async with Simulator(world).client() as client:
        with pytest.raises(errors.PictoryConfigError):
            await start(client)
    assert [] == world.log


async def test_what_the_api_refuses() -> None:
    """A model that it does not know, and a prompt that is none, are errors of the request."""
    async with Simulator(World()).client() as client:
        with pytest.raises(errors.InvalidRequestError, match="model"):
            await client.ai_images.start("A lighthouse", model="no-such")
        with pytest.raises(errors.InvalidRequestError, match="prompt"):
            await client.ai_videos.start("A lighthouse", extra={"prompt": 5})


async def test_texts_of_any_kind_are_sent() -> None:
    """What is not ASCII, a half of a character, and read-only mappings have a form in JSON."""
    asked: list[Any] = []

    def fault(request: SimRequest, _now: float) -> None:
        asked.append(json.loads(request.body))

    extra = {"x": MappingProxyType({"y": MappingProxyType({"z": (1, 2)})})}
    async with Simulator(World(), faults=fault).client() as client:
        await client.ai_images.start("Ein Leuchtturm, 灯台 \ud83d", extra=extra)
    assert [{"prompt": "Ein Leuchtturm, 灯台 \ud83d", "x": {"y": {"z": [1, 2]}}}] == asked


async def test_the_kind_of_a_file() -> None:
    """It is what the end of the address says, unless it is given."""
    asked: list[str] = []

    def fault(request: SimRequest, _now: float) -> None:
        asked.append(json.loads(request.body)["mediaType"])

    async with Simulator(World(), faults=fault).client() as client:
        for url in ("https://a.example/talk.mp3?v=1", "https://a.example/talk.mp4", "https://a.example/talk"):
            await client.transcripts.start(url)
        await client.transcripts.start("https://a.example/talk", media_type="audio")
    assert ["audio", "video", "video", "audio"] == asked


async def test_a_job_is_cleaned() -> None:
    """The results of a finished job are deleted; a job that runs is not, and cleaning again is no error."""
    world = World()
    project_id = world.add_project()
    async with Simulator(world).client() as client:
        picture = await client.ai_images.start("A lighthouse")
        render = world.start_render(project_id, 0.0, duration=90.0, queue=0.0)
        for job_id in (picture, render):
            with pytest.raises(errors.InvalidRequestError, match="not finished"):
                await client.jobs.clean(job_id)
            await client.jobs.wait(job_id)
            await client.jobs.clean(job_id)
            await client.jobs.clean(job_id)
            assert (await client.jobs.get(job_id)).is_cleaned
        with pytest.raises(errors.NotFoundError):
            await client.jobs.clean("no-such-job")
        with pytest.raises(errors.PictoryConfigError):
            await client.jobs.clean("")
        assert [] == [one async for one in client.ai_images.list()]
        future = world.start_render(project_id, 1e6)
        with pytest.raises(errors.NotFoundError):
            await client.jobs.clean(future)


async def test_cleaning_is_repeated_after_a_failure() -> None:
    """It is harmless to repeat, so it is retried; an answer that says that it was no success is an error."""
    left: list[Fault | None] = [Reset(reaches_world=True), None]
    world = World(job_seconds=0.0)
    simulator = Simulator(world, faults=lambda *_: left.pop(0) if left else None)
    job = world.add_job(0.0)
    async with simulator.client() as client:
        await client.jobs.clean(job.id)
        assert job.cleaned
        left[:] = [Answer(200, JSON, CLEANED)]
        await client.jobs.clean(job.id)
        left[:] = [Answer(204)]
        await client.jobs.clean(job.id)
        left[:] = [Answer(200, JSON, b'{"success": false}')]
        with pytest.raises(errors.MalformedResponseError):
            await client.jobs.clean(job.id)
    await checkpoint()
