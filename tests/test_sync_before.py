"""A plan is about what is paid for now: what an earlier run requested is not among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from pictory_async import ResultStatus
from pictory_async.testing import Answer, Render
from tests._rendering import VIRTUAL, change

if TYPE_CHECKING:
    from pictory_async.testing import SimRequest
    from tests._nights import Night

pytestmark = VIRTUAL


class TestWhatWasRequestedBefore:
    """A plan is about what is paid for now: what an earlier run requested is not among it."""

    async def test_a_run_that_was_cut_off(self, night: Night) -> None:
        """What was requested is waited for; what was only intended is rendered."""
        ids = [night.world.add_project() for _ in range(4)]
        posted = anyio.Event()

        def note(request: SimRequest, _now: float) -> None:
            if request.method == "POST":
                posted.set()

        night.simulator.faults = note
        async with night.simulator.client() as client, client.projects.sync(night.videos, ledger=night.ledger):
            await posted.wait()
        requested = {str(project.id) for project, _ in night.world.jobs}
        plan = await night.plan()
        assert requested == {*map(str, plan.to_wait)}
        assert {*map(str, ids)} - requested == {*map(str, plan.to_render)}
        assert 0 < len(requested) < 4
        night.simulator.faults = None
        before = len(night.world.jobs)
        plan, results = await night.sync()
        assert all(result.ok for result in results.values())
        assert len(plan.to_render) == len(night.world.jobs) - before
        assert 4 == len(night.world.jobs)

    async def test_a_response_that_was_lost(self, night: Night) -> None:
        """It is waited for, unless it may be requested again."""
        one = night.world.add_project()
        lost = Answer(504, {"content-type": "text/html"}, b"<html>", reaches_world=False)
        night.simulator.faults = lambda request, _: lost if request.method == "POST" else None
        async with night.simulator.client() as client, client.projects.sync(night.videos, ledger=night.ledger) as sync:
            while not sync.progress.rendering:  # noqa: ASYNC110 - on virtual time
                await anyio.sleep(0.01)
        night.simulator.faults = None
        assert ((), (one,)) == ((plan := await night.plan()).to_render, plan.to_wait)
        assert ((one,), ()) == ((plan := await night.plan(retry_unstarted=True)).to_render, plan.to_wait)
        _, results = await night.sync(retry_unstarted=True)
        assert (ResultStatus.RENDERED, True) == (results[one].status, results[one].paid)

    async def test_another_attempt(self, night: Night) -> None:
        """A render that was requested again after it failed is not given up."""
        one = night.world.add_project(on_render=[Render(0.0, duration=5.0, fails=True), Render(0.0, duration=900.0)])
        await night.sync()
        _, results = await night.sync(retry_failed=True, max_wait=60.0)
        assert ResultStatus.TIMED_OUT is results[one].status
        plan = await night.plan()
        assert ((), (one,), ()) == (plan.to_render, plan.to_wait, plan.given_up)

    async def test_a_video_that_was_not_entered(self, night: Night) -> None:
        """If a run was killed just before it entered a video, the project is looked at, and downloaded."""
        one = night.world.add_project()
        await night.sync()
        await night.ledger.use(lambda file: change(file, "UPDATE video SET generated = NULL"))
        assert 1 == (await night.plan()).unchanged
        await night.ledger.use(lambda file: change(file, "UPDATE video SET generated = NULL"))
        next(night.videos.glob("*.mp4")).unlink()
        assert ((), (one,)) == ((plan := await night.plan()).to_render, plan.to_download)

    async def test_a_video_that_is_gone(self, night: Night) -> None:
        """A version that was rendered is not rendered again by itself."""
        night.world.add_project()
        await night.plan()
        sql = (
            "INSERT INTO render (api, project, version, attempt, run, state) "
            "SELECT api, project, saved, 1, 'r', 'rendered' FROM video"
        )
        await night.ledger.use(lambda file: change(file, sql))
        plan, results = await night.sync()
        assert ((), (), 1, {}, 0) == (plan.to_render, plan.to_download, plan.unchanged, results, night.posts)
