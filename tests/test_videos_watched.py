"""Videos without a project in a watch, beside projects; and their handles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from pictory_async import RenderHandle, RenderStatus, VideoHandle, errors, read_handle
from pictory_async.testing import Render, Simulator, World
from tests._polling import client_of
from tests._videos import REQUEST
from tests._virtual import virtual_time

pytestmark = [pytest.mark.anyio, virtual_time]

JSON = {"content-type": "application/json"}
NO = b'{"message": "No"}'
PAYLOADS = Path(__file__).parent / "payloads" / "video"


@pytest.fixture
def world() -> World:
    """An account whose renders take 50 seconds."""
    return World(render_seconds=(50.0, 50.0))


class TestWatch:
    """Videos in ``client.projects.watch`` and ``wait_all``, beside projects."""

    async def test_videos_and_projects_in_one_watch(self, world: World) -> None:
        """A video has a key and no project, and it shows progress by that key."""
        project_id = world.add_project(Render(0.0, duration=500.0))
        async with client_of(Simulator(world, latency=0.1)) as client, client.projects.watch([project_id]) as watch:
            handle = await client.videos.render(REQUEST)
            key = watch.add(handle)
            assert key == watch.add(handle)
            name = f"job:{handle.job_id}"
            assert (project_id, name) == watch.pending
            assert (None, handle.job_id) == (key.project_id, key.job_id)
            assert handle in watch.handles()
            await anyio.sleep(30.0)
            assert [name] == [*watch.progress]
            assert watch.snapshot(handle) == watch.snapshot(name) == watch.snapshot(key)
            outcome = await anext(watch)
            assert (name, None, handle.job_id) == (outcome.key, outcome.project_id, outcome.job_id)
            assert outcome.status is RenderStatus.RENDERED
            assert outcome.video is not None
            assert outcome.project is None
            shown = outcome.raise_for_status()
            assert (name, "Hello Ada", outcome.video.url) == (shown.id, shown.name, shown.video_url)
            written = outcome.to_dict()
            assert (None, "Hello Ada", outcome.video.url) == (
                written["project_id"],
                written["name"],
                written["video_url"],
            )
            assert outcome.video.share_url == written["share_url"]
            assert "Hello Ada" in outcome._repr_html_()
            last = await anext(watch)
            assert (project_id, project_id, None) == (last.key, last.project_id, last.video)

    async def test_videos_can_be_waited_for_together(self, world: World) -> None:
        """``wait_all`` takes handles of both kinds, and its summary shows them."""
        project_id = world.add_project()
        async with client_of(Simulator(world, latency=0.1)) as client:
            render = await client.projects.render(project_id)
            video = await client.videos.render(REQUEST)
            outcomes = await client.projects.wait_all([video, render, video])
        assert [f"job:{video.job_id}", project_id, f"job:{video.job_id}"] == [one.key for one in outcomes]
        assert "3 rendered" == str(outcomes)
        assert f"job:{video.job_id}" in outcomes._repr_html_()

    async def test_a_video_that_failed_is_an_outcome(self, world: World) -> None:
        """The outcome has the reason, and no video."""
        world.on_video.append(Render(0.0, duration=20.0, fails=True, error_message="No voice."))
        async with client_of(Simulator(world, latency=0.1)) as client, client.projects.watch() as watch:
            watch.add(await client.videos.render(REQUEST))
            outcome = await anext(watch)
        assert (RenderStatus.FAILED, None, None) == (outcome.status, outcome.video, outcome.project)
        assert "No voice." in str(outcome.error)
        assert outcome.to_dict()["name"] is None

    async def test_a_video_can_be_removed(self, world: World) -> None:
        """By its handle, or by its key."""
        async with client_of(Simulator(world)) as client, client.projects.watch() as watch:
            first, second = await client.videos.render(REQUEST), await client.videos.render(REQUEST)
            watch.add(first)
            watch.add(second)
            assert not watch.remove("None")
            assert watch.remove(first)
            assert watch.remove(f"job:{second.job_id}")
            assert () == watch.pending

    async def test_a_subscriber_follows_a_video(self, world: World) -> None:
        """Its events have the job and its progress."""
        seen: list[tuple[Any, Any, Any]] = []
        async with client_of(Simulator(world, latency=0.1)) as client, client.projects.watch() as watch:
            events = watch.subscribe()
            handle = await client.videos.render(REQUEST)
            watch.add(handle)
            async for event in events:
                seen.append((event.kind.value, event.project_id, event.job_id))
                if event.outcome is not None:
                    assert event.outcome.video is not None
                    break
        assert ("progress", None, handle.job_id) in seen

    async def test_what_cannot_be_watched(self, world: World) -> None:
        """The handle of a preview, or one without a job, is refused with the call that helps."""
        async with client_of(Simulator(world)) as client, client.projects.watch() as watch:
            with pytest.raises(errors.PictoryConfigError, match="wait_preview"):
                watch.add(VideoHandle("j", is_preview=True))
            with pytest.raises(errors.PictoryConfigError, match="find"):
                watch.add(VideoHandle(None, "Demo"))
            with pytest.raises(errors.PictoryConfigError, match="job id"):
                watch.add(VideoHandle(".."))
            with pytest.raises(errors.PictoryConfigError, match="needs none"):
                await client.projects.wait_all([VideoHandle("j")], after={"j": None})
        assert () == watch.pending


class TestHandles:
    """Handles of videos survive a restart."""

    @pytest.mark.parametrize(
        "handle",
        [
            VideoHandle("j", "Demo"),
            VideoHandle(None, "", is_preview=True, saves_project=True, after_job=""),
            VideoHandle("j", requested_at=World().epoch),
            RenderHandle(project_id=5, job_id="j"),
        ],
    )
    async def test_a_handle_survives_as_text(self, handle: Any) -> None:
        """Reading what it wrote gives an equal one, whichever kind it is."""
        assert handle == read_handle(handle.to_json()) == type(handle).from_json(handle.to_json().encode())

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            '{"version": 1, "project_id": "p"}',
            '{"version": 3, "kind": "video"}',
            '{"version": 2, "kind": "video"}',
            '{"version": 2, "kind": "video", "job_id": 5, "name": "", "is_preview": false, "saves_project": false}',
            '{"version": 2, "kind": "video", "job_id": "j", "name": 5, "is_preview": false, "saves_project": false}',
            '{"version": 2, "kind": "video", "job_id": "j", "name": "", "is_preview": 1, "saves_project": false}',
            VideoHandle("j").to_json().replace('"requested_at": null', '"requested_at": "soon"'),
        ],
    )
    async def test_what_is_no_handle_is_refused(self, text: str) -> None:
        """Damaged text, or one of another version, is one clear error."""
        with pytest.raises(errors.PictoryConfigError, match="video handle"):
            VideoHandle.from_json(text)

    async def test_each_kind_names_the_other(self) -> None:
        """A handle that is read as the other kind says how it is read."""
        with pytest.raises(errors.PictoryConfigError, match=r"VideoHandle\.from_json"):
            RenderHandle.from_json(VideoHandle("j").to_json())
        with pytest.raises(errors.PictoryConfigError, match=r"RenderHandle\.from_json"):
            VideoHandle.from_json(RenderHandle(project_id="p").to_json())
        with pytest.raises(errors.PictoryConfigError, match="render handle"):
            read_handle("[]")
