"""What is pending when a program ends early, as handles for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import RenderHandle, RenderStatus
from pictory_async.testing import ABSENT, Render, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = [pytest.mark.anyio, virtual_time]


async def pending(simulator: Simulator, *wanted: Any, after: datetime | None = None) -> list[RenderHandle]:
    """Watch for a while, and return the handles of what is pending then."""
    async with client_of(simulator) as client, client.projects.watch(wanted, after=after) as watch:
        await anyio.sleep(30.0)
        return [*watch.handles()]


async def test_a_project_has_the_date_of_its_video(world: World, simulator: Simulator) -> None:
    """While a project is rendered again, the handle of its watch excludes the video that it shows."""
    again = world.add_project(Render(0.0, duration=5000.0), earlier_video=-60.0)
    first = world.add_project(Render(0.0, duration=5000.0))
    done = world.add_project(earlier_video=-60.0)
    expected = [
        RenderHandle(project_id=again, generated_before=world.date(-60.0)),
        RenderHandle(project_id=first),
    ]
    assert expected == await pending(simulator, again, first, done)


async def test_a_date_that_was_given_is_kept(world: World, simulator: Simulator) -> None:
    """The date given as ``after`` counts, whatever the project shows."""
    project_id = world.add_project(Render(0.0, duration=5000.0), earlier_video=-60.0)
    (handle,) = await pending(simulator, project_id, after=world.date(-10.0))
    assert RenderHandle(project_id=project_id, generated_before=world.date(-10.0)) == handle


async def test_an_undated_video_is_excluded_too(world: World, simulator: Simulator) -> None:
    """If the video has no date, only one with a date counts next time."""
    undated = {"generatedDate": ABSENT}
    project_id = world.add_project(Render(0.0, duration=5000.0), earlier_video=-60.0, overrides=undated)
    (handle,) = await pending(simulator, project_id)
    assert handle.generated_before is not None
    assert 1 == handle.generated_before.year


async def test_a_handle_stays_itself(world: World, simulator: Simulator) -> None:
    """A watch for a handle is pending as that handle."""
    project_id = world.add_project(on_render=[Render(0.0, duration=5000.0)])
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
    assert [handle] == await pending(simulator, handle)


async def test_the_next_wait_gets_the_new_video(world: World, simulator: Simulator) -> None:
    """A render that fails later does not make the old video the result; one that succeeds is the result."""
    fails, succeeds = (
        world.add_project(Render(0.0, duration=100.0, fails=fails), earlier_video=-60.0) for fails in (True, False)
    )
    handles = await pending(simulator, fails, succeeds)
    await anyio.sleep(200.0)
    async with client_of(simulator) as client:
        outcomes = await client.projects.wait_all(handles)
    assert [RenderStatus.NOT_STARTED, RenderStatus.RENDERED] == [outcome.status for outcome in outcomes]


@pytest.mark.parametrize("keep_open", [False, True])
async def test_what_was_pending_at_the_end_is_not_lost(world: World, simulator: Simulator, keep_open: bool) -> None:
    """After ``close`` and after the block, the handles are those of what has no outcome, however late they are read."""
    done, never = world.add_project(earlier_video=-60.0), world.add_project(Render(0.0, duration=5000.0))
    async with client_of(simulator) as client:
        watch = client.projects.watch([done, never], keep_open=keep_open)
        assert () == watch.handles()
        async with watch:
            await anyio.sleep(30.0)
            before = watch.handles()
            if keep_open:
                watch.close()
                assert before == watch.handles()
        assert [never] == [handle.project_id for handle in before]
        assert before == watch.handles()
        assert () == watch.pending
