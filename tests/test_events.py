"""``on_event``: what a client reports, when nothing listens, and a hook that fails."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from pictory_async import RateLimiter, RenderStatus, RetryPolicy, errors
from pictory_async.errors import PictoryConfigError
from pictory_async.events import PaceChanged, Paused, PollEnded, RequestEnded, WaitBegan, WaitEnded
from pictory_async.testing import DEFAULT_API_KEY, Answer, Refuse, Render, Simulator, Stall, World
from tests._polling import Script, client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pictory_async.events import Event

pytestmark = [pytest.mark.anyio, virtual_time]

ONCE = RetryPolicy(attempts=1)


def of(kind: type[Any], events: list[Event]) -> list[Any]:
    return [event for event in events if type(event) is kind]


async def test_a_wait_from_its_beginning_to_its_outcome() -> None:
    """A wait reports that it began, each poll with its request, and the outcome with all its facts."""
    events: list[Event] = []
    world = World(render_seconds=(20.0, 20.0))
    project_id = world.add_project(integer_id=True)
    async with client_of(Simulator(world, latency=0.1), on_event=events.append) as client:
        handle = await client.projects.render(project_id)
        (outcome,) = await client.projects.wait_all([handle])
    assert RenderStatus.RENDERED is outcome.status
    (began,), (ended,), polls = of(WaitBegan, events), of(WaitEnded, events), of(PollEnded, events)
    assert (project_id, handle.job_id) == (began.project_id, began.job_id)
    assert {began.wait} == {ended.wait, *(poll.wait for poll in polls)}
    assert ("rendered", outcome.polls, outcome.waited, None) == (ended.status, ended.polls, ended.waited, ended.error)
    assert outcome.detection_delay == ended.detection_delay
    assert "rendered" == polls[-1].seen
    assert {True, False} == {poll.of_job for poll in polls}
    assert ended is events[-1]
    requests = of(RequestEnded, events)
    assert ["call", "call"] + ["poll"] * len(polls) == [request.purpose for request in requests]
    assert ("POST", "/v2/projects/{project_id}/render") == (requests[1].method, requests[1].template)
    assert {str(project_id), None} == {request.project_id for request in requests}
    assert {handle.job_id, None} == {request.job_id for request in requests}
    first = requests[0]
    assert (200, None, 1, "own", "GET", 1) == (
        first.status, first.error, first.attempt, first.engine, first.method, first.port
    )  # fmt: skip
    assert first.received > 100
    assert first.duration == pytest.approx(0.1, abs=0.01)
    assert DEFAULT_API_KEY not in repr(events)


async def test_failed_polls_and_outcomes_without_a_video() -> None:
    """A failed poll has its error; a wait that is refused has that of its outcome."""
    events: list[Event] = []
    world = World()
    async with client_of(Simulator(world, latency=0.1), on_event=events.append) as client:
        (outcome,) = await client.projects.wait_all(["no-such"])
    (ended,) = of(WaitEnded, events)
    polls = of(PollEnded, events)
    assert [(None, errors.NotFoundError)] * 2 == [(poll.seen, type(poll.error)) for poll in polls]
    assert ("missing", outcome.error) == (ended.status, ended.error)
    assert [404, 404] == [request.status for request in of(RequestEnded, events)]


async def test_an_unusable_response_is_a_failed_poll() -> None:
    """A response with a good status that cannot be read is a good request, and a failed poll."""
    events: list[Event] = []
    world = World(render_seconds=(0.0, 0.0))
    project_id = world.add_project(earlier_video=-5.0)
    broken = Answer(200, {"content-type": "application/json"}, b"{")
    async with client_of(Simulator(world, faults=Script(broken)), on_event=events.append) as client:
        await client.projects.wait(project_id)
    first, *_ = of(PollEnded, events)
    assert isinstance(first.error, errors.MalformedResponseError)
    assert [(200, None), (200, None)] == [(one.status, one.error) for one in of(RequestEnded, events)]


async def test_a_wait_without_an_outcome() -> None:
    """A wait that is removed, or cancelled, ends without a status; so does its request, without a response."""
    events: list[Event] = []
    world = World()
    ids = [world.add_project() for _ in range(2)]
    stall = Simulator(world, faults=lambda *_: Stall())
    async with client_of(stall, on_event=events.append) as client:
        async with client.projects.watch(ids) as watch:
            await anyio.sleep(1.0)
            watch.remove(ids[0])
            await anyio.sleep(1.0)
        await anyio.sleep(1.0)
    assert [(None, 1.0), (None, 2.0)] == [(one.status, pytest.approx(one.waited)) for one in of(WaitEnded, events)]
    requests = of(RequestEnded, events)
    assert [(None, None)] * 2 == [(one.status, one.error) for one in requests]
    assert [1.0, 2.0] == [pytest.approx(one.duration, abs=0.1) for one in requests]


async def test_retries_and_requests_that_were_not_sent() -> None:
    """Each attempt is reported; one that got no budget was not sent, and took no time."""
    events: list[Event] = []
    world = World()
    project_id = world.add_project()
    simulator = Simulator(world, faults=Script(Refuse(), None))
    async with simulator.client(on_event=events.append, limiter=RateLimiter(2, 60.0, 2)) as client:
        await client.projects.get(project_id)
        quick = client.with_options(max_queue=0.0)
        with pytest.raises(errors.RateBudgetError):
            await quick.projects.get(project_id)
    first, second, third = of(RequestEnded, events)
    assert [(1, None), (2, 200), (1, None)] == [(one.attempt, one.status) for one in (first, second, third)]
    assert isinstance(first.error, errors.ConnectionFailedError)
    assert isinstance(third.error, errors.RateBudgetError)
    assert 0.0 == third.duration


async def test_pauses_and_the_pace() -> None:
    """429s pause the limiter and lower the pace, which returns; a 503 that asks for a pause is told too."""
    events: list[Event] = []
    world = World()
    project_id = world.add_project()
    faults = Script(Answer(503, {"retry-after": "2"}), Answer(429, {"retry-after": "3"}), Answer(429), *[None] * 100)
    async with Simulator(world, faults=faults).client(on_event=events.append, retry=ONCE) as client:
        for _ in range(4):
            try:
                await client.projects.get(project_id)
            except errors.StatusError:
                await anyio.sleep(20.0)
        await anyio.sleep(700.0)
        await client.projects.get(project_id)
    assert [Paused(2.0, "asked"), Paused(3.0, "refused"), Paused(0.0, "refused")] == of(Paused, events)
    changes = of(PaceChanged, events)
    assert 1.0 == changes[0].old
    assert changes[0].new < 1.0
    assert 1.0 == changes[-1].new
    assert [one.new for one in changes[:-1]] == [one.old for one in changes[1:]]


class NoStatistics(RateLimiter):
    """A limiter whose statistics cannot be had."""

    def statistics(self) -> Any:
        raise OSError


async def test_a_limiter_without_a_pace() -> None:
    """A user's limiter that reports no pace is no danger."""
    events: list[Event] = []
    world = World()
    project_id = world.add_project()
    async with Simulator(world).client(on_event=events.append, limiter=NoStatistics()) as client:
        await client.projects.get(project_id)
    assert [RequestEnded] == [type(event) for event in events]


def failing(kind: type[BaseException]) -> Callable[[Event], None]:
    def fail(event: Event) -> None:
        try:
            dict[str, str]()["first"]  # its context is its own
        except KeyError:
            raise kind("of the hook")  # noqa: B904

    return fail


@pytest.mark.parametrize("kind", [ValueError, asyncio.CancelledError, BaseException])
async def test_a_hook_that_fails_harms_nothing(kind: type[BaseException], caplog: pytest.LogCaptureFixture) -> None:
    """Waits end as without it; the error is in the log once, with its traceback, and nothing of the library's."""
    world = World(render_seconds=(5.0, 5.0))
    project_id = world.add_project(Render(0.0, duration=5.0))
    simulator = Simulator(world, latency=0.1, faults=Script(Stall(), None))
    async with client_of(simulator, on_event=failing(kind)) as client:
        with anyio.move_on_after(1.0):
            await client.projects.get(project_id)
        (outcome,) = await client.projects.wait_all([project_id])
    assert outcome.ok
    (record,) = [one for one in caplog.records if one.levelno == logging.WARNING and one.name == "pictory_async"]
    assert record.getMessage().startswith("pictory.hook.failed: ")
    assert record.exc_info is not None
    found = record.exc_info[1]
    assert isinstance(found, kind)
    assert isinstance(found.__context__, KeyError)
    assert found.__context__.__context__ is None


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
async def test_a_hook_may_end_the_program(kind: type[BaseException]) -> None:
    """What ends a program is not taken for an error of the hook."""
    from pictory_async._settings.observer import Observer  # noqa: PLC0415

    with pytest.raises(kind):
        Observer(failing(kind)).tell(Paused(0.0, "asked"))


async def _async_hook(event: Event) -> None: ...


class _AsyncHook:
    async def __call__(self, event: Event) -> None: ...


@pytest.mark.parametrize("hook", [1, "x", _async_hook, _AsyncHook()])
async def test_what_cannot_be_a_hook(hook: Any) -> None:
    """A hook is a plain callable: nothing would await a coroutine."""
    with pytest.raises(PictoryConfigError, match="on_event must be"):
        Simulator(World()).client(on_event=hook)


async def test_downloads_show_their_host_only(tmp_path: Path) -> None:
    """Requests to media hosts are reported without path and query; a failure has its error."""
    events: list[Event] = []
    world = World(render_seconds=(0.0, 0.0))
    project_id = world.add_project(earlier_video=-5.0)
    simulator = Simulator(world)

    async with client_of(simulator, on_event=events.append, retry=ONCE) as client:
        project = await client.projects.get(project_id)
        await client.projects.download(project, tmp_path, kinds="video")
    found = [one for one in of(RequestEnded, events) if one.purpose == "download"]
    assert found
    assert {("", "", None, None)} == {(one.path, one.template, one.project_id, one.error) for one in found}
    assert sum(one.received for one in found) > 0
    assert {httpx.URL(project.video_url or "").host} == {one.host for one in found}


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (Answer(500), 500, errors.DownloadError),
        (Answer(418), 418, errors.DownloadError),
        (Refuse(), None, errors.ConnectionFailedError),
    ],
)
async def test_a_download_that_fails(tmp_path: Path, fault: Any, status: int | None, kind: type[Exception]) -> None:
    """A request for a file that fails has the reason, and its status if there is one."""
    events: list[Event] = []
    world = World(render_seconds=(0.0, 0.0))
    project_id = world.add_project(earlier_video=-5.0)
    async with client_of(Simulator(world, faults=Script(None, fault)), on_event=events.append, retry=ONCE) as client:
        with pytest.raises(errors.DownloadError):
            await client.projects.download(project_id, tmp_path, kinds="video")
    last = of(RequestEnded, events)[-1]
    assert ("download", status) == (last.purpose, last.status)
    assert isinstance(last.error, kind)
