"""Making many videos, each once: `make_all`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from pictory_async import Ledger, ResultStatus, VideoOrder, errors
from pictory_async._api.video_work import Allowance, _Use
from pictory_async._codec.answers import decode_job
from pictory_async.models import Video
from pictory_async.testing import Answer, Drip, Render, Reset, Simulator, World
from pictory_async.video import VideoRequest
from tests._rendering import VIRTUAL, client_of, state_of
from tests._videos import REQUEST, on_paid, paid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pictory_async import BatchProgress, VideoBatch, VideoResult

pytestmark = VIRTUAL


@pytest.fixture
def world() -> World:
    """An account whose renders take 50 seconds."""
    return World(render_seconds=(50.0, 50.0), queue_seconds=(0.0, 0.0), media_sizes={"mp4": 1000})


def named(*names: str) -> list[VideoRequest]:
    """Requests for videos of these names."""
    return [attrs.evolve(REQUEST, video_name=name) for name in names]


async def made(simulator: Simulator, requests: Any, ledger: Ledger, **options: Any) -> dict[str, VideoResult]:
    """Make videos with a client of its own, and return the results by name."""
    async with client_of(simulator) as client, client.videos.make_all(requests, ledger=ledger, **options) as batch:
        return {str(result.request.video_name): result async for result in batch}


def statuses(results: dict[str, VideoResult]) -> dict[str, str]:
    return {name: result.status.value for name, result in results.items()}


async def test_each_video_is_made_once(world: World, ledger: Ledger, tmp_path: Path) -> None:
    """The same call again requests nothing and fetches nothing, and has the same results."""
    simulator = Simulator(world, latency=0.1)
    requests = named("Ada", "Ben", "Cleo")
    first = await made(simulator, requests, ledger, download_to=tmp_path / "videos", kinds="video")
    assert dict.fromkeys(("Ada", "Ben", "Cleo"), "rendered") == statuses(first)
    assert all(one.ok and one.paid and one.video and one.video.url for one in first.values())
    assert ["Ada.mp4", "Ben.mp4", "Cleo.mp4"] == sorted(path.name for path in (tmp_path / "videos").glob("*.mp4"))
    assert 3 == len(paid(simulator))
    simulator.log.clear()
    again = await made(simulator, requests, ledger, download_to=tmp_path / "videos", kinds="video")
    assert dict.fromkeys(("Ada", "Ben", "Cleo"), "unchanged") == statuses(again)
    assert [] == simulator.log
    assert [one.video for one in first.values()] == [again[name].video for name in first]
    assert all(one.ok and not one.paid and one.report is not None for one in again.values())


async def test_a_file_that_is_gone_is_downloaded_again(world: World, ledger: Ledger, tmp_path: Path) -> None:
    """Nothing is requested for it."""
    simulator = Simulator(world, latency=0.1)
    await made(simulator, named("Ada"), ledger, download_to=tmp_path, kinds="video")
    (tmp_path / "Ada.mp4").unlink()
    simulator.log.clear()
    await made(simulator, named("Ada"), ledger, download_to=tmp_path, kinds="video")
    assert (tmp_path / "Ada.mp4").exists()
    assert [] == paid(simulator)


async def test_equal_requests_are_one_video(world: World, ledger: Ledger) -> None:
    """A request is known by what it asks for, unless it has a key."""
    simulator = Simulator(world)
    orders = [VideoOrder(REQUEST, key="1"), VideoOrder(REQUEST, key="2"), VideoOrder(REQUEST, key="2")]
    async with client_of(simulator) as client:
        async with client.videos.make_all([REQUEST, REQUEST], ledger=ledger) as batch:
            assert 1 == len([result async for result in batch])
        async with client.videos.make_all(orders, ledger=ledger) as batch:
            assert {"1", "2"} == {result.key async for result in batch}
    assert 3 == len(paid(simulator))


async def test_other_values_under_a_key(world: World, ledger: Ledger) -> None:
    """They are told, and made only if that is wanted; a batch of another name is about other videos."""
    simulator = Simulator(world)
    before, after = (VideoOrder(request, key="7") for request in named("Ada", "Ada B"))
    await made(simulator, [before], ledger)
    assert {"Ada B": "changed"} == statuses(await made(simulator, [after], ledger))
    assert {"Ada": "unchanged"} == statuses(await made(simulator, [before], ledger))
    assert {"Ada B": "rendered"} == statuses(await made(simulator, [after], ledger, changed=True))
    assert {"Ada B": "unchanged"} == statuses(await made(simulator, [after], ledger))
    assert {"Ada B": "rendered"} == statuses(await made(simulator, [after], ledger, batch="March"))
    assert 3 == len(paid(simulator))


async def test_a_failed_one_with_other_values(world: World, ledger: Ledger) -> None:
    """It is a retry: what was wrong with it may be mended."""
    world.on_video = [Render(0.0, duration=5.0, fails=True)]
    simulator = Simulator(world)
    wrong, right = (VideoOrder(request, key="7") for request in named("Ada", "Ada B"))
    failed = await made(simulator, [wrong], ledger)
    assert {"Ada": "failed"} == statuses(failed)
    assert isinstance(failed["Ada"].error, errors.RenderFailedError)
    assert {"Ada": "failed"} == statuses(await made(simulator, [wrong], ledger))
    assert {"Ada B": "changed"} == statuses(await made(simulator, [right], ledger))
    assert {"Ada B": "rendered"} == statuses(await made(simulator, [right], ledger, retry_failed=True))
    assert 2 == len(paid(simulator))


async def test_a_block_that_is_left_goes_on_later(world: World, ledger: Ledger) -> None:
    """What was requested is waited for, and not requested again."""
    simulator = Simulator(world, latency=0.1)
    async with (
        client_of(simulator) as client,
        client.videos.make_all(named("Ada", "Ben"), ledger=ledger, at_once=2) as batch,
    ):
        while len(batch.progress.rendering) < 2:  # noqa: ASYNC110 - on virtual time
            await anyio.sleep(0.1)
        assert 2 == batch.paid
    assert [("started", True), ("started", True)] == [(state, job is not None) for state, job in await state_of(ledger)]
    assert {"Ada": "rendered", "Ben": "rendered"} == statuses(await made(simulator, named("Ada", "Ben"), ledger))
    assert 2 == len(paid(simulator))


@pytest.mark.parametrize("fault", [Reset(reaches_world=True), Answer(504, reaches_world=True)])
async def test_a_lost_response_is_found_out(world: World, ledger: Ledger, fault: Any) -> None:
    """The finished video has the name that was asked for, also among those of somebody else."""
    simulator = Simulator(world, latency=0.1, faults=on_paid(fault))

    async def others() -> None:
        await anyio.sleep(1.0)
        simulator.faults = None
        async with client_of(simulator) as client:
            await client.videos.render(named("Somebody else's")[0])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        results = await made(simulator, named("Ada"), ledger)
    assert {"Ada": "rendered"} == statuses(results)
    assert results["Ada"].video is not None
    assert results["Ada"].video.url.endswith("Ada.mp4")
    assert 2 == len(paid(simulator))
    assert {"Ada": "unchanged"} == statuses(await made(simulator, named("Ada"), ledger))


async def test_a_request_that_had_no_effect(world: World, ledger: Ledger) -> None:
    """It is not started when no job appears in time, and requested again only if that is wanted."""
    simulator = Simulator(world, latency=0.1, faults=on_paid(Reset()))
    results = await made(simulator, named("Ada"), ledger, start_grace=30.0)
    assert {"Ada": "not_started"} == statuses(results)
    assert 'The video "Ada" was requested, and was not started.' in str(results["Ada"].error).replace("'", '"')
    simulator.faults = None
    assert {"Ada": "not_started"} == statuses(await made(simulator, named("Ada"), ledger))
    assert {"Ada": "rendered"} == statuses(await made(simulator, named("Ada"), ledger, retry_unstarted=True))
    assert 1 == len(world.videos)


async def test_a_foreign_job_makes_it_uncertain(world: World, ledger: Ledger) -> None:
    """A job that nobody knows can be it, so it is never requested again."""
    simulator = Simulator(world, latency=0.1, faults=on_paid(Reset()))

    async def others() -> None:
        await anyio.sleep(1.0)
        world.start_render(world.add_project(), simulator.now())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(others)
        results = await made(simulator, named("Ada"), ledger)
    assert {"Ada": "uncertain"} == statuses(results)
    error = results["Ada"].error
    assert isinstance(error, errors.VideoSubmitUncertainError)
    assert "that no ledger knows was started" in str(error)
    simulator.faults = None
    assert {"Ada": "uncertain"} == statuses(await made(simulator, named("Ada"), ledger, retry_unstarted=True))
    assert 1 == len(paid(simulator))


async def test_a_foreign_job_that_does_not_end(world: World, ledger: Ledger) -> None:
    """It is waited for no longer than `max_wait`."""
    simulator = Simulator(world, latency=0.1, faults=on_paid(Reset()))
    async with client_of(simulator) as client:
        world.start_render(world.add_project(), simulator.now())

        async def others() -> None:
            await anyio.sleep(1.0)
            project = world.add_project(on_render=[Render(0.0, duration=1e6)])
            world.start_render(project, simulator.now())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(others)
            async with client.videos.make_all(named("Ada"), ledger=ledger, max_wait=60.0) as batch:
                (result,) = [result async for result in batch]
    assert ResultStatus.UNCERTAIN is result.status


async def test_without_waiting(world: World, ledger: Ledger) -> None:
    """What is known at once is told, and the next call goes on."""
    simulator = Simulator(world, latency=0.1)
    assert {"Ada": "started"} == statuses(await made(simulator, named("Ada"), ledger, wait=False))
    simulator.faults = on_paid(Reset(reaches_world=True))
    assert {"Ben": "uncertain"} == statuses(await made(simulator, named("Ben"), ledger, wait=False))
    await anyio.sleep(300.0)
    found = await made(simulator, named("Ada", "Ben"), ledger, wait=False, start_grace=0.0)
    assert {"Ada": "started", "Ben": "started"} == statuses(found)
    assert {"Ada": "rendered", "Ben": "rendered"} == statuses(await made(simulator, named("Ada", "Ben"), ledger))


async def test_a_limit_of_videos(world: World, ledger: Ledger) -> None:
    """The others are left out."""
    simulator = Simulator(world)
    found = await made(simulator, named("Ada", "Ben", "Cleo"), ledger, max_renders=2)
    assert ["left_out", "rendered", "rendered"] == sorted(statuses(found).values())
    assert {"left_out"} == {*statuses(await made(simulator, named("D", "E"), ledger, max_renders=0)).values()}
    assert 2 == len(paid(simulator))


async def test_a_limit_of_minutes(world: World, ledger: Ledger) -> None:
    """What is under way counts as estimated, and what is finished as it is; the limit can be passed by the last one."""
    simulator = Simulator(world, latency=0.1)
    orders = [VideoOrder(one, seconds=40.0) for one in named("A", "B", "C", "D")]
    found = await made(simulator, orders, ledger, max_minutes=1.0, at_once=4)
    assert {"left_out": 2, "rendered": 2} == _counts(found)
    longest = max(one.video.duration or 0.0 for one in found.values() if one.video is not None)
    again = await made(simulator, orders, ledger, max_minutes=longest / 60.0, at_once=1)
    assert {"unchanged": 2, "rendered": 1, "left_out": 1} == _counts(again)


@pytest.mark.parametrize("seconds", [59.0, 61.0])
async def test_what_a_video_used_may_be_unknown(seconds: float) -> None:
    """Then it counts as it was estimated, and not at all if an earlier run requested it."""
    use, video = (
        _Use(Allowance(minutes=1.0)),
        Video(job=decode_job(b'{"job_id": "j", "success": true, "data": {}}', "j")),
    )
    use.end("earlier", video)
    assert use.has_room
    use.begin("now", VideoOrder(REQUEST, seconds=seconds))
    use.end("now", video)
    assert use.has_room is (seconds < 60.0)


async def test_a_limit_of_credits(world: World, ledger: Ledger) -> None:
    """Zero allows none."""
    assert {"left_out": 1} == _counts(await made(Simulator(world), named("A"), ledger, max_credits=0))
    assert {"rendered": 1} == _counts(await made(Simulator(world), named("A"), ledger, max_credits=1))


def _counts(found: dict[str, VideoResult]) -> dict[str, int]:
    values = [*statuses(found).values()]
    return {value: values.count(value) for value in values}


async def test_what_arrives_one_by_one(world: World, ledger: Ledger) -> None:
    """A request that is wrong is one result, and the others are made."""
    wrong: list[Any] = [VideoRequest(video_name="No scenes"), "no request", VideoOrder("neither")]  # type: ignore[arg-type]

    async def source() -> AsyncIterator[Any]:
        for one in [*named("Ada"), *wrong, *named("Ben")]:
            yield one

    async with (
        client_of(Simulator(world)) as client,
        client.videos.make_all(source(), ledger=ledger) as batch,
    ):
        results = [result async for result in batch]
    assert ["error", "error", "error", "rendered", "rendered"] == sorted(result.status for result in results)
    assert all(isinstance(one.error, errors.PictoryConfigError) for one in results if one.status is ResultStatus.ERROR)


async def test_all_that_is_wrong_is_told_at_once(world: World, ledger: Ledger) -> None:
    """Before anything is sent, with the number of the request and the place in it."""
    simulator = Simulator(world)
    requests = [*named("Ada"), *[VideoRequest(video_name=f"No scenes {number}") for number in range(12)]]
    async with client_of(simulator) as client:
        with pytest.raises(errors.PictoryConfigError) as caught:
            client.videos.make_all(requests, ledger=ledger)
    text = str(caught.value)
    assert "Video 2 ('No scenes 0')" in text
    assert "$.scenes: There must be scenes" in text
    assert "... and 2 more videos" in text
    assert [] == simulator.log


async def test_names_of_files(world: World, ledger: Ledger, tmp_path: Path) -> None:
    """They can have the variables of the request, or fields of the order."""
    template = world.add_template("Hi {{Name}} of {{Company}}, how are you?")
    values = {"Name": "Ada", "Company": "Acme"}
    one = VideoRequest.from_template(template, name="Hello {Name}", variables=values)
    orders = [VideoOrder(one), VideoOrder(one, key="2", fields={"Company": "Bolt"})]
    await made(Simulator(world), orders, ledger, download_to=tmp_path, kinds="video", naming="{Company}/{name}.{ext}")
    assert ["Acme/Hello Ada.mp4", "Bolt/Hello Ada.mp4"] == sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.mp4")
    )


@pytest.mark.parametrize(
    ("requests", "options", "words"),
    [
        (REQUEST, {}, "for one video, pass"),
        ([1], {}, "requests must be VideoRequest or VideoOrder objects, not 1"),
        ([VideoOrder(REQUEST, key=" ")], {}, "The key of a video must be a text that is not empty"),
        ([], {"max_minutes": -1}, "max_minutes must be a number, zero or more"),
        ([], {"max_credits": float("nan")}, "max_credits must be a number, zero or more"),
        ([], {"max_renders": -1}, "max_renders must be a whole number"),
        ([], {"overlap": "x"}, "overlap must be"),
        ([], {"naming": "{x}"}, "there is no field 'x'"),
        ([], {"interval": 0}, "interval"),
        ([], {"kinds": "film"}, "There is no kind of file"),
    ],
)
async def test_bad_arguments(world: World, ledger: Ledger, requests: Any, options: dict[str, Any], words: str) -> None:
    """They are told when the batch is made."""
    async with client_of(Simulator(world)) as client:
        with pytest.raises(errors.PictoryConfigError, match=words):
            client.videos.make_all(requests, ledger=ledger, **options)


async def test_results_as_values(world: World, ledger: Ledger, tmp_path: Path) -> None:
    results = await made(Simulator(world), named("Ada"), ledger, download_to=tmp_path, kinds="video")
    found = results["Ada"].to_dict()
    assert ("Ada", "rendered", True, None) == (found["name"], found["status"], found["paid"], found["error"])
    assert found["video_url"].endswith("Ada.mp4")
    assert [str(tmp_path / "Ada.mp4")] == [file["path"] for file in found["files"]]
    assert "status=" in repr(results["Ada"])


async def test_what_is_under_way_is_called_by_its_key(world: World, ledger: Ledger, tmp_path: Path) -> None:
    """Renders and downloads alike; a video without a key is called by its name."""
    world.media_sizes = {"mp4": 5_000_000}
    slow = Drip(500_000, 5.0)
    simulator = Simulator(world, faults=lambda request, _: slow if request.path.startswith("/media/") else None)
    orders = [VideoOrder(one, key=key) for one, key in zip(named("Ada", "Ben"), ("a", None), strict=True)]
    seen: list[BatchProgress] = []

    async def look(batch: VideoBatch) -> None:
        while True:
            seen.append(batch.progress)
            await anyio.sleep(1.0)

    async with client_of(simulator) as client:
        options: dict[str, Any] = {"download_to": tmp_path, "kinds": "video", "ledger": ledger}
        async with client.videos.make_all(orders, **options) as batch, anyio.create_task_group() as tasks:
            tasks.start_soon(look, batch)
            assert 2 == len([result async for result in batch])
            tasks.cancel_scope.cancel()
    assert {"a", "Ben"} == {one for progress in seen for one in progress.rendering}
    assert {"a", "Ben"} == {file.project_id for progress in seen for file in progress.downloading}


async def test_a_program_that_was_killed_before_it_stored_what_was_made(world: World, ledger: Ledger) -> None:
    """The job is fetched again; nothing is requested."""
    simulator = Simulator(world)
    await made(simulator, named("Ada"), ledger)
    await ledger.use(lambda file: file.rows("UPDATE render SET made = NULL"))
    simulator.log.clear()
    found = await made(simulator, named("Ada"), ledger)
    assert found["Ada"].video is not None
    assert ["GET"] == [entry.method for entry in simulator.log]


async def test_used_wrongly(world: World, ledger: Ledger) -> None:
    """The error says how it is used."""
    async with client_of(Simulator(world)) as client:
        batch = client.videos.make_all([], ledger=ledger)
        with pytest.raises(errors.PictoryConfigError, match=r"async with client\.videos\.make_all"):
            await anext(batch)
        async with batch:
            assert [] == [result async for result in batch]
        with pytest.raises(errors.PictoryConfigError, match=r"client\.videos\.make_all\(\)"):
            await batch.__aenter__()


async def test_results_are_shown_in_notebooks(world: World, ledger: Ledger) -> None:
    """As a table of what matters."""
    found = await made(Simulator(world), named("Ada"), ledger)
    assert ["key", "name", "status", "paid", "error"] == [name for name, _ in found["Ada"]._facts()]
