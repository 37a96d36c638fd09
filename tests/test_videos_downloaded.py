"""Downloads of videos that were made without a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from pictory_async import DownloadStatus, RenderStatus, VideoHandle, errors
from pictory_async._codec.answers import decode_job
from pictory_async.testing import Render, Simulator, World
from tests._bodies import body_of
from tests._videos import REQUEST

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> World:
    """An account whose videos are finished at once."""
    return World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0), media_base="self")


async def test_an_outcome_is_downloaded(world: World, tmp_path: Path) -> None:
    """The files have the name of the video, and the same call again downloads nothing."""
    simulator = Simulator(world)
    async with simulator.client() as client, client.projects.watch(interval=0.01) as watch:
        watch.add(await client.videos.render(REQUEST))
        outcome = await anext(watch)
        report = await client.projects.download(outcome, tmp_path)
        assert outcome.key == report.project_id
        assert {"Hello Ada.mp4", "Hello Ada.mp3", "Hello Ada.srt", "Hello Ada.vtt", "Hello Ada.txt"} == {
            path.name for path in report.paths.values()
        }
        assert b"ftyp" == report.paths["video"].read_bytes()[4:8]
        assert outcome.video is not None
        again = await client.projects.download(outcome.video, tmp_path, kinds=["video", "share"])
        assert [DownloadStatus.SKIPPED, DownloadStatus.WRITTEN] == [file.status for file in again.files]


async def test_two_videos_of_one_name_do_not_mix(world: World, tmp_path: Path) -> None:
    """Each has files of its own."""
    async with Simulator(world).client() as client:
        videos = [await client.videos.render_and_wait(REQUEST, interval=0.01) for _ in range(2)]
        paths = {(await client.projects.download(one, tmp_path, kinds="video")).paths["video"] for one in videos}
    assert 2 == len(paths)


@pytest.mark.parametrize("naming", [None, "{name}.{ext}"])
async def test_a_name_that_no_file_can_have(world: World, tmp_path: Path, naming: str | None) -> None:
    """The files are called after the job: there is no project."""
    async with Simulator(world).client() as client:
        video = await client.videos.render_and_wait(attrs.evolve(REQUEST, video_name=".."), interval=0.01)
        report = await client.projects.download(video, tmp_path, kinds="srt", naming=naming)
    assert f"video job_{video.job_id}.srt" == report.paths["srt"].name


async def test_an_address_that_has_expired_is_renewed(tmp_path: Path) -> None:
    """The job is fetched again, and has a new address."""
    world = World(render_seconds=(0.0, 0.0), queue_seconds=(0.0, 0.0), media_base="self", media_seconds=1000.0)
    simulator = Simulator(world)
    async with simulator.client() as client:
        video = await client.videos.render_and_wait(REQUEST, interval=0.01)
        expired = video.job.to_dict()
        expired["data"]["videoURL"] = video.url.partition("?")[0] + "?Expires=-1"
        old = attrs.evolve(video, job=decode_job(body_of(expired), video.job_id))
        report = await client.projects.download(old, tmp_path, kinds="video")
    assert DownloadStatus.WRITTEN is report.files[0].status


async def test_what_failed_is_not_downloaded(world: World, tmp_path: Path) -> None:
    """The outcome of a failed video raises its own error; one of a project is downloaded as the project is."""
    world.on_video.append(Render(0.0, duration=0.0, fails=True))
    project_id = world.add_project(earlier_video=-5.0)
    async with Simulator(world).client() as client:
        handle = await client.videos.render(REQUEST)
        failed, project = await client.projects.wait_all([handle, project_id], interval=0.01)
        assert (RenderStatus.FAILED, VideoHandle) == (failed.status, type(handle))
        with pytest.raises(errors.RenderFailedError):
            await client.projects.download(failed, tmp_path)
        report = await client.projects.download(project, tmp_path, kinds="video")
    assert (project_id, DownloadStatus.WRITTEN) == (report.project_id, report.files[0].status)
