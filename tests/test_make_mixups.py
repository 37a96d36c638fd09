"""Many videos at once, and what could give one the place, the payment or the name of another."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from pictory_async import Ledger, ResultStatus, VideoHandle, VideoOrder, errors
from pictory_async.testing import Answer, Render, Reset, Simulator, World
from tests._rendering import VIRTUAL, client_of
from tests._videos import REQUEST, paid
from tests.lab.worlds._faults import Edited

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pictory_async import VideoResult
    from pictory_async.testing import Fault, SimRequest

pytestmark = VIRTUAL

JSON = {"content-type": "application/json"}
REFUSED = Answer(400, JSON, b'{"message": "No"}')


@pytest.fixture
def world() -> World:
    """An account whose renders take 50 seconds."""
    return World(render_seconds=(50.0, 50.0), queue_seconds=(0.0, 0.0))


def order(name: str, key: str | None = None, seconds: float | None = None) -> VideoOrder:
    return VideoOrder(attrs.evolve(REQUEST, video_name=name), key=key, seconds=seconds)


def orders(*names: str) -> list[VideoOrder]:
    """Videos of a minute each."""
    return [order(name, seconds=60.0) for name in names]


def in_turn(*faults: Fault | None) -> Any:
    """Let one fault after the other hit the requests that start something."""
    left = iter(faults)
    return lambda request, _: next(left, None) if request.method == "POST" else None


async def made(simulator: Simulator, requests: Any, ledger: Ledger, **options: Any) -> list[VideoResult]:
    """Make videos, and return the results in the order of the names."""
    async with client_of(simulator) as client, client.videos.make_all(requests, ledger=ledger, **options) as batch:
        found = [result async for result in batch]
    return sorted(found, key=lambda one: str(getattr(one.request, "video_name", "")))


def statuses(results: list[VideoResult]) -> list[str]:
    return [result.status.value for result in results]


async def test_a_response_that_repeats_a_job(world: World, ledger: Ledger) -> None:
    """A gateway's copy of an earlier response names a job that is known: nobody knows what the request did."""
    first = list[bytes]()

    def repeat(body: bytes) -> bytes:
        first.append(body)
        return first[0]

    simulator = Simulator(world, latency=0.1, faults=in_turn(Edited(repeat), None, Edited(repeat), Edited(repeat)))
    found = await made(simulator, orders("Ada", "Ben", "Cleo", "Dan"), ledger)
    assert ["rendered"] * 4 == statuses(found)  # the last two are found by their names
    files = [one.video.url.rpartition("/")[2] for one in found if one.video]
    assert ["Ada.mp4", "Ben.mp4", "Cleo.mp4", "Dan.mp4"] == files
    assert 4 == len(world.videos)
    assert 3 == len({*first}), "what was sent instead was another response"


async def test_a_response_that_names_the_job_before_it(world: World) -> None:
    """Also without a ledger."""
    old = world.add_job(-10.0)
    body = json.dumps({"success": True, "data": {"job_id": old.id}}).encode()
    async with client_of(Simulator(world, faults=in_turn(Answer(200, JSON, body, reaches_world=True)))) as client:
        with pytest.raises(errors.VideoSubmitUncertainError, match="was there before"):
            await client.videos.render(REQUEST)


@pytest.mark.parametrize(
    ("one", "other"), [("Ann Lee", "Ann-Lee"), ("\U0001f642", "\U0001f600"), ("AC/DC", "ac dc"), ("Hello", "Hello")]
)
async def test_two_lost_ones_of_like_names(world: World, ledger: Ledger, one: str, other: str) -> None:
    """The name of a file does not tell them apart, so neither gets the video that one of them made."""
    lost = Answer(504, reaches_world=False), Answer(504, reaches_world=True)
    simulator = Simulator(world, latency=0.1, faults=in_turn(*lost))
    both = [order(one, "1"), order(other, "2")]
    assert ["uncertain"] * 2 == statuses(await made(simulator, both, ledger))
    assert ["uncertain"] * 2 == statuses(await made(simulator, both, ledger, retry_unstarted=True))
    assert 2 == len(paid(simulator))


async def test_limits_count_what_was_made(world: World, ledger: Ledger) -> None:
    """What was refused, or not started, uses no minutes."""
    simulator = Simulator(world, latency=0.1, faults=in_turn(*[REFUSED] * 2, Reset()))
    found = await made(simulator, orders(*"ABCDEF"), ledger, max_minutes=3, at_once=1)
    assert ["error", "error", "not_started", *["rendered"] * 3] == statuses(found)


async def test_limits_count_what_may_still_be_made(world: World, ledger: Ledger) -> None:
    """A video that was not waited for to its end is billed all the same."""
    world.on_video = [Render(0.0, duration=3000.0)] * 6
    found = await made(Simulator(world), orders(*"ABCDEF"), ledger, max_minutes=1, at_once=1, max_wait=60)
    assert ["timed_out", *["left_out"] * 5] == statuses(found)
    assert 1 == len(world.videos)


async def test_one_key_for_two_videos(world: World, ledger: Ledger) -> None:
    """In a list it is an error; from a source, the second one has a result that says so."""
    both = [order("Ada", "1"), order("Ben", "1")]

    async def source() -> AsyncIterator[VideoOrder]:
        for one in both:
            yield one

    with pytest.raises(errors.PictoryConfigError, match="the key '1' of video 'Ada'"):
        await made(Simulator(world), both, ledger)
    ada, ben = await made(Simulator(world), source(), ledger)
    assert ("rendered", "error") == (ada.status, ben.status)
    assert "have the key '1'" in str(ben.error)


async def test_keys_of_any_text(world: World, ledger: Ledger) -> None:
    """No two of them are one, and half of a surrogate pair is a text."""
    keys = ["07 Ada", "\ud800", "\udbff", 'a"b', "a'b", "a\u2028b"]
    found = await made(Simulator(world), [order(f"Video {number}", key) for number, key in enumerate(keys)], ledger)
    assert ["rendered"] * len(keys) == statuses(found)
    simulator = Simulator(world)
    assert ["rendered"] == statuses(await made(simulator, [order("A", "7 Ada")], ledger, batch="2024 0"))
    assert ["rendered"] == statuses(await made(simulator, [order("A", "0 7 Ada")], ledger, batch="2024"))


async def test_another_run_makes_it_meanwhile(world: World, ledger: Ledger) -> None:
    """What a run decides, it decides by what the ledger knows then."""
    simulator = Simulator(world, latency=0.1)

    async def source() -> AsyncIterator[VideoOrder]:
        yield order("First")
        async with Ledger(ledger.path) as other:
            assert ["rendered"] == statuses(await made(simulator, [order("Old", "k")], other))
        yield order("New", "k")

    assert ["rendered", "changed"] == statuses(await made(simulator, source(), ledger))


async def test_items_that_are_no_videos(world: World, ledger: Ledger) -> None:
    """Each has a result, however many there are."""

    async def source() -> AsyncIterator[Any]:
        for number in range(50):
            yield {"number": number}

    async with (
        client_of(Simulator(world)) as client,
        client.videos.make_all(source(), ledger=ledger, at_once=1) as batch,
    ):
        count = 0
        async for result in batch:
            count += result.status is ResultStatus.ERROR
    assert 50 == count


async def test_results_that_are_gone(world: World, ledger: Ledger) -> None:
    """A video that was made, and not stored before the program was killed, has no file any more."""
    simulator = Simulator(world)
    (first,) = await made(simulator, orders("Ada"), ledger)
    await ledger.use(lambda file: file.rows("UPDATE render SET made = NULL"))
    async with client_of(simulator) as client:
        assert first.handle is not None
        await client.jobs.clean(str(first.handle.job_id))
    (found,) = await made(simulator, orders("Ada"), ledger)
    assert not found.ok
    assert isinstance(found.error, errors.JobCleanedError)


async def test_a_wait_that_is_too_short_to_know(world: World, ledger: Ledger) -> None:
    """The reason is that the job may still appear, and not the list."""
    simulator = Simulator(world, latency=0.1, faults=in_turn(Reset()))
    (found,) = await made(simulator, orders("Ada"), ledger, max_wait=30.0)
    assert ResultStatus.UNCERTAIN is found.status
    assert "may still appear" in str(found.error)


async def test_a_list_that_shows_nothing(world: World, ledger: Ledger) -> None:
    """An account that had no job and has one by now is not shown by an empty list."""
    empty = Answer(200, JSON, b'{"items": [], "nextPageKey": null}')
    lost = in_turn(Answer(504, reaches_world=True))

    def faults(request: SimRequest, now: float) -> Fault | None:
        return empty if request.path.endswith("/v1/jobs") else lost(request, now)

    ada, ben = await made(Simulator(world, latency=0.1, faults=faults), orders("Ada", "Ben"), ledger)
    assert ("uncertain", "rendered") == (ada.status, ben.status)


@pytest.mark.parametrize("value", ["x", True, 0, -1.0, math.nan, math.inf])
async def test_seconds_that_are_none(world: World, ledger: Ledger, value: Any) -> None:
    wrong: Any = {1: "a"}
    async with client_of(Simulator(world)) as client:
        with pytest.raises(errors.PictoryConfigError, match="number above zero"):
            client.videos.make_all([VideoOrder(REQUEST, seconds=value)], ledger=ledger)
        with pytest.raises(errors.PictoryConfigError, match="texts by their names"):
            client.videos.make_all([VideoOrder(REQUEST, fields=wrong)], ledger=ledger)


async def test_arguments_of_single_calls(world: World) -> None:
    """They are told before anything is sent."""
    simulator = Simulator(world)
    async with client_of(simulator) as client:
        for elements in (None, "x", {"id": "e"}):
            with pytest.raises(errors.PictoryConfigError, match="a list of elements"):
                await client.videos.update_elements("job", elements)
        with pytest.raises(errors.PictoryConfigError, match="overrides"):
            await client.videos.render_preview("job", overrides=[1])
        with pytest.raises(errors.PictoryConfigError, match="webhook"):
            await client.videos.render_preview("job", webhook="nonsense")
        with pytest.raises(errors.PictoryConfigError, match="a list of ids"):
            await client.videos.find(VideoHandle(None), known=5)
    assert not simulator.log


async def test_a_source_that_waits_between_its_items(world: World, ledger: Ledger) -> None:
    """A later video with the name of one that is lost leaves it uncertain."""
    simulator = Simulator(world, latency=0.1, faults=in_turn(Reset(), Reset(reaches_world=True)))

    async def source() -> AsyncIterator[VideoOrder]:
        yield order("Ada", "1")
        await anyio.sleep(1.0)
        yield order("ada", "2")

    assert ["uncertain"] * 2 == statuses(await made(simulator, source(), ledger))
