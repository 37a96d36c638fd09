"""How users write it. Never run: mypy and pyright read it, so that the public types keep their promise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

import httpx

from pictory_async import (
    AsyncPictory,
    BackupCheck,
    DiskTemplateCache,
    Preview,
    Priority,
    Project,
    RateLimiter,
    RateLimiterStatistics,
    RenderHandle,
    RenderOutcome,
    RenderOutcomes,
    RenderPoller,
    RenderStatus,
    RetryPolicy,
    Secret,
    Template,
    TemplateBackup,
    Video,
    VideoHandle,
    errors,
    read_handle,
    shown,
    verify_backup,
)
from pictory_async.models import AiImage, AvatarLook, AwsConnection, Brand, Transcript, VimeoConnection, VoiceTrack
from pictory_async.testing import Render, Simulator, World
from pictory_async.video import RequestFinding, VideoRequest, VideoScene, VoiceOver


class Free:
    """A limiter that limits nothing."""

    async def acquire(self, priority: Priority, *, max_wait: float | timedelta | None = None) -> float:
        """Grant at once."""
        return 0.0

    def confirm(self, granted_at: float, /) -> bool:
        """Agree."""
        return True

    def accepted(self, sent_at: float) -> None:
        """Ignore it."""

    def refused(self, sent_at: float, pause: float | timedelta | None = None) -> None:
        """Ignore it."""

    def pause(self, duration: float | timedelta) -> None:
        """Ignore it."""

    def statistics(self) -> RateLimiterStatistics:
        """Nothing is counted."""
        return RateLimiterStatistics()


async def clients() -> None:
    """Every way of making a client."""
    AsyncPictory()
    AsyncPictory("pictai_key", base_url="https://example.com", timeout=None)
    AsyncPictory(timeout=timedelta(seconds=10), limiter=RateLimiter(60, per=timedelta(minutes=1), burst=5))
    AsyncPictory(limiter=Free())
    AsyncPictory(limiter=300)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncPictory(retry=RetryPolicy(attempts=1), http="httpx2")
    AsyncPictory(http=httpx.AsyncClient())
    AsyncPictory(http=httpx.AsyncHTTPTransport())
    AsyncPictory(http=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncPictory(http="requests")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncPictory(http=httpx.Client())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncPictory(http=httpx.HTTPTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncPictory(template_cache=timedelta(minutes=5))
    AsyncPictory(template_cache=DiskTemplateCache("templates.db", ttl=3600, namespace="team"))
    client = AsyncPictory()
    async with client as entered:
        assert_type(entered, AsyncPictory)
    await client.aclose()
    AsyncPictory(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def waits(client: AsyncPictory, before: Project) -> None:
    """Every way of waiting."""
    assert_type(await client.projects.get(1762768083800), Project)
    assert_type(await client.projects.wait("id", after=before, max_wait=None), Project)
    assert_type(await client.projects.wait("id", after=datetime.now(UTC), interval=timedelta(seconds=15)), Project)
    outcomes = await client.projects.wait_all(["id", 1], start_grace=0)
    as_list: list[RenderOutcome[Project]] = outcomes
    assert_type(outcomes, RenderOutcomes)
    assert_type(outcomes[0], RenderOutcome[Project])
    assert_type(outcomes[:2], RenderOutcomes)
    assert_type([outcome.raise_for_status() for outcome in as_list], list[Project])
    await client.projects.wait_all(id for id in ("a", "b"))  # noqa: A001
    await client.projects.wait_all(("a", "b"), after={"a": before, "b": None})
    by_text: dict[str, datetime] = {"a": datetime.now(UTC)}
    by_number: dict[int, Project] = {1: before}
    await client.projects.wait_all(["a"], after=by_text)
    await client.projects.wait_all([1], after=by_number)
    async with client.projects.watch(["id"]) as watch:
        assert_type(watch, RenderPoller)
        watch.add("another", after=before)
        async for outcome in watch:
            assert_type(outcome, RenderOutcome)
            assert_type(outcome, RenderOutcome[Project])
            assert_type(outcome.raise_for_status(), Project)
            assert_type(outcome.status, RenderStatus)
            assert_type(outcome.project_id, str | int | None)
            assert_type(outcome.key, str | int)
            assert_type(outcome.project, Project | None)
            assert_type(outcome.error, errors.PictoryError | None)
            assert_type(outcome.detection_delay, float)
            assert_type(outcome.video, Video | None)
        watch.add(VideoHandle("job"))
        assert_type(watch.handles(), tuple[RenderHandle | VideoHandle, ...])
        async for outcome in shown(watch):
            assert_type(outcome, RenderOutcome[Project])
    await client.projects.download("id", "directory", kinds="video")
    await client.projects.download("id", "directory", kinds=("video", "srt"))
    await client.projects.download("id", "directory", kinds=["video"])
    fields: dict[str, dict[str, str]] = {"id": {"customer": "ACME"}}
    await client.projects.download("id", "directory", on_conflict="update", naming="{customer}", fields=fields)
    await client.projects.download("id", "directory", kinds={"txt"})
    await client.projects.download("id", "directory", kinds=("vidoe",))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.projects.download("id", "directory", kinds="vidoe")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.projects.download("id", "directory", kinds=["vidoe"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert_type(await client.templates.get("id", refresh=True), Template)
    assert_type(await client.templates.backup("id", "directory"), TemplateBackup)
    assert_type(await verify_backup("directory"), BackupCheck)
    await client.projects.get(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def others(client: AsyncPictory) -> None:
    """The groups of calls that few programs need."""
    async for voice in client.voices.list():
        assert_type(voice, VoiceTrack)
        assert_type(voice.id, str | int)
    async for look in client.avatars.list():
        assert_type(look.looks, tuple[AvatarLook, ...])
    async for track in client.music.search("calm", moods=["Happy"]):
        assert_type(track.url, str | None)
    assert_type([mood async for mood in client.music.moods()], list[str])
    async for page in client.brands.list().pages():
        assert_type(page.items, tuple[Brand, ...])
    assert_type(await client.media.upload("talk.mp4", on_progress=lambda progress: progress.done), str)
    assert_type(await client.transcripts.wait(await client.transcripts.start("https://a.example/b")), Transcript)
    assert_type(await client.ai_images.wait(await client.ai_images.start("A lighthouse")), AiImage)
    assert_type((await client.ai_videos.wait("id")).duration, float | None)
    connection = await client.vimeo_connections.create(
        "N", client_identifier="i", client_secret=Secret("s"), access_token="t"
    )
    assert_type(await client.vimeo_connections.update(connection, enabled=True), VimeoConnection)
    assert_type([one async for one in client.aws_connections.list()], list[AwsConnection])
    await client.vimeo_connections.update("id")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.jobs.clean("id")
    client.voices = client.voices  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def models(project: Project, template: Template) -> None:
    """What a model's attributes are."""
    assert_type(project.video_url, str | None)
    assert_type(project.generated_at, datetime | None)
    assert_type(project.is_rendered, bool)
    assert_type(project.assets, Mapping[str, str])
    assert_type(template.deprecated, bool | None)
    project.name = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def facts() -> None:
    """What an error knows."""
    try:
        raise errors.PictoryError("any")
    except errors.RateLimitedError as error:
        assert_type(error.retry_after, float | None)
        assert_type(error.status, int)
    except errors.InvalidRequestError as error:
        assert_type(error.fields, tuple[errors.FieldProblem, ...])
    except errors.WaitTimeoutError as error:
        assert_type(error.project, Project | None)
        assert_type(error.waited, float)


async def videos(client: AsyncPictory, template: Template) -> None:
    """Videos, previews and handles."""
    request = VideoRequest.from_template(template, name="Hello {Name}", variables={"Name": "Ada"}, language="en")
    assert_type(request.check(template), list[RequestFinding])
    request = VideoRequest(video_name="Demo", scenes=[VideoScene(story="Hi.")], voice_over=VoiceOver.of("Martin", 7))
    handle = await client.videos.render(request)
    assert_type(handle, VideoHandle)
    video = await client.videos.wait(handle, max_wait=timedelta(hours=1))
    assert_type(video, Video)
    assert_type(video.url, str)
    assert_type(video.share_url, str | None)
    preview = await client.videos.preview(request)
    assert_type(preview, Preview)
    assert_type(preview.elements, tuple[Mapping[str, Any], ...])
    assert_type(await client.videos.render_preview(preview), VideoHandle)
    assert_type(await client.videos.render_params(preview.render_params), VideoHandle)
    found = await client.videos.find(handle)
    assert_type(found.started, bool | None)
    assert_type(found.found, VideoHandle | None)
    assert_type(read_handle(handle.to_json()), RenderHandle | VideoHandle)
    await client.projects.download(video, "videos")
    await client.projects.wait_all([handle, "project"])


async def simulator() -> None:
    """The simulator in a user's tests."""
    world = World()
    assert_type(world.add_project(Render(0.0, duration=5.0)), str | int)
    async with Simulator(world).client(timeout=1.0) as client:
        assert_type(client, AsyncPictory)
