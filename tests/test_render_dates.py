"""What the dates of a project prove: a render may change the date of the last save, moments after its video is made."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RenderState, ResultStatus, SyncState
from pictory_async.testing import BASE_URL, Reset, Simulator, World
from tests._rendering import VIRTUAL, client_of, on_post, posts, rendered, state_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = VIRTUAL


class Unwatched:
    """A project whose render was requested, and ended while nobody watched."""

    def __init__(self, ledger: Ledger, saved: float, **options: Any) -> None:
        """``saved`` is when the project is saved, in seconds after the video."""
        self.ledger = ledger
        self.saved = saved
        self.world = World(queue_seconds=(5.0, 5.0), render_seconds=(100.0, 100.0), media_sizes={"mp4": 100})
        self.one = self.world.add_project(**options)
        self.simulator = Simulator(self.world)

    async def render(self, **options: Any) -> None:
        """Request the render, leave it, and come back when it has ended."""
        await rendered(self.simulator, [self.one], self.ledger, **{"wait": False, **options})
        self.end()
        await anyio.sleep(1000.0)

    def end(self) -> None:
        """Let the project be saved after its video is made."""
        self.world.edit_project(self.one, self.world.jobs[-1][1].ends_at + self.saved)

    async def again(self, **options: Any) -> ResultStatus:
        """Make the same call, and return the status."""
        return (await rendered(self.simulator, [self.one], self.ledger, **options))[self.one].status


async def states(case: Unwatched) -> SyncState:
    async with client_of(case.simulator) as client:
        state: SyncState = (await client.projects.states(ledger=case.ledger))[case.one]
        return state


async def share(case: Unwatched) -> str | None:
    async with client_of(case.simulator) as client:
        link: str | None = await client.projects.share_link(case.one, fresh=True, ledger=case.ledger)
        return link


async def ask_ledger(case: Unwatched) -> bool | None:
    async with client_of(case.simulator) as client:
        return await case.ledger.is_outdated(await client.projects.get(case.one), api=BASE_URL)


@pytest.mark.parametrize("saved", [0.05, 0.0, -0.05, 5.0])
@pytest.mark.parametrize("first", [{}, {"wait": True, "max_wait": 20.0}], ids=["left", "timed out"])
async def test_a_render_that_nobody_saw_end(ledger: Ledger, saved: float, first: dict[str, Any]) -> None:
    """The date that its end changed is no new version: the same call finds it, and pays nothing."""
    case = Unwatched(ledger, saved, earlier_video=-500.0, edits=[-100.0])
    await case.render(**first)
    assert [ResultStatus.UNCHANGED] * 2 == [await case.again(), await case.again()]
    assert 1 == len(posts(case.world))
    assert [RenderState.RENDERED] == [state for state, _ in await state_of(ledger)]


async def test_a_lost_response(ledger: Ledger) -> None:
    """Also if only its video tells that it was started."""
    case = Unwatched(ledger, 0.05)
    case.simulator.faults = on_post(Reset(reaches_world=True))
    await case.render()
    assert [ResultStatus.UNCHANGED] * 2 == [await case.again(), await case.again()]
    assert 1 == len(posts(case.world))


@pytest.mark.parametrize("call", [states, share, ask_ledger])
async def test_every_call_knows(ledger: Ledger, call: Callable[[Unwatched], Awaitable[object]]) -> None:
    """Whichever call sees the project first, the video counts as the newest, and stays so."""
    case = Unwatched(ledger, 0.05)
    await case.render()
    assert await call(case) in {SyncState.RENDERED, False} or call is share
    assert SyncState.RENDERED is await states(case)
    assert ResultStatus.UNCHANGED is await case.again()
    assert 1 == len(posts(case.world))


async def test_a_sync(ledger: Ledger, tmp_path: Any) -> None:
    """A sync downloads what the render that nobody saw end made."""
    case = Unwatched(ledger, 0.05)
    await case.render()
    async with client_of(case.simulator) as client:
        sync = client.projects.sync(tmp_path / "videos", ledger=ledger, kinds="video")
        assert "0 to render, 1 to download, 0 unchanged" == str(await sync.plan())


async def test_an_edit_later_is_a_new_version(ledger: Ledger) -> None:
    """What was saved minutes after the video is rendered again, once."""
    case = Unwatched(ledger, 300.0)
    await case.render()
    assert [ResultStatus.RENDERED, ResultStatus.UNCHANGED] == [await case.again(), await case.again()]
    assert 2 == len(posts(case.world))


async def test_an_edit_after_what_was_found(ledger: Ledger) -> None:
    """Once the video is known, each later save is seen, however soon."""
    case = Unwatched(ledger, 0.05)
    await case.render()
    assert ResultStatus.UNCHANGED is await case.again()
    case.world.edit_project(case.one, case.world.jobs[-1][1].ends_at + 3.0)
    assert [ResultStatus.RENDERED, ResultStatus.UNCHANGED] == [await case.again(), await case.again()]
    assert 2 == len(posts(case.world))


async def test_renders_that_leave_the_date_alone(ledger: Ledger) -> None:
    """If a render is known to leave the date alone, a save right after a video is an edit."""
    case = Unwatched(ledger, 0.05)
    other = case.world.add_project()
    await rendered(case.simulator, [other], ledger)
    await case.render()
    assert ResultStatus.RENDERED is await case.again()
    assert 3 == len(posts(case.world))


async def test_a_date_that_changes_after_the_video_is_seen(ledger: Ledger) -> None:
    """It does not look as if renders left the date alone: the next ones are not paid for again and again."""
    world = World(
        epoch=datetime.now(UTC), queue_seconds=(5.0, 5.0), render_seconds=(4e3, 4e3), media_sizes={"mp4": 100}
    )
    first, second = world.add_project(), world.add_project()
    simulator = Simulator(world)
    await rendered(simulator, [first], ledger, max_wait=2e4)
    world.edit_project(first, world.jobs[-1][1].ends_at + 10.0)  # after the poll that saw the video
    await rendered(simulator, [second], ledger, wait=False)
    world.edit_project(second, world.jobs[-1][1].ends_at + 0.05)
    await anyio.sleep(2e4)
    results = await rendered(simulator, [second], ledger)
    assert ResultStatus.UNCHANGED is results[second].status
    assert 2 == len(posts(world))


async def test_a_render_of_somebody_else(ledger: Ledger) -> None:
    """A video that no render of the ledger can have made is judged by its dates alone."""
    case = Unwatched(ledger, 0.05)
    await case.render()
    assert ResultStatus.UNCHANGED is await case.again()
    case.world.start_render(case.one, case.simulator.now(), duration=10.0)
    case.end()
    await anyio.sleep(100.0)
    assert SyncState.UNKNOWN is await states(case)
