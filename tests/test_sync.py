"""Keeping a directory up to date with an account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import BatchProgress, RateLimiter, ResultStatus, SyncState, errors
from pictory_async.testing import Answer, Drip, Render
from tests._rendering import VIRTUAL

if TYPE_CHECKING:
    from pictory_async import ProjectSync, RenderResult
    from pictory_async.testing import SimRequest
    from tests._nights import Night

pytestmark = VIRTUAL

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("night", [False, True], indirect=True, ids=["a render keeps the date", "a render changes it"])
class TestNights:
    """With each reading of what a render does to the date of the last save."""

    async def test_a_second_night_costs_the_pages_of_the_list(self, night: Night) -> None:
        """Everything is rendered and downloaded once; then nothing is fetched but the list."""
        ids = [night.world.add_project(name=f"Film {number}") for number in range(60)]
        plan, results = await night.sync()
        assert (60, 0, 0) == (len(plan.to_render), len(plan.to_download), plan.unchanged)
        assert {*ids} == {*results}
        assert all(result.ok and result.paid for result in results.values())
        assert night.posts == 60
        assert len([*night.videos.glob("*.mp4")]) == 60
        plan, results = await night.sync()
        assert str(plan) == "0 to render, 0 to download, 60 unchanged"
        assert not results
        assert len(night.world.log) == 2  # pages

    async def test_an_edit_is_rendered_and_replaces_the_file(self, night: Night) -> None:
        """What was saved since its video is rendered again; the file has the same name."""
        one, other = night.world.add_project(name="One"), night.world.add_project(name="Other")
        await night.sync()
        before = (night.videos / "One.mp4").read_bytes()
        await anyio.sleep(100.0)
        night.world.edit_project(one, night.simulator.now())
        plan, results = await night.sync()
        assert str(plan) == "1 to render, 0 to download, 1 unchanged"
        assert results[one].paid
        assert other not in results
        assert ["One.mp4", "Other.mp4"] == sorted(path.name for path in night.videos.glob("*.mp4"))
        assert (night.videos / "One.mp4").read_bytes() != before
        plan, _ = await night.sync()
        assert str(plan) == "0 to render, 0 to download, 2 unchanged"

    async def test_an_edit_while_it_is_rendered(self, night: Night) -> None:
        """A project that is saved while it is rendered is outdated, as soon as that can be known."""
        first = night.world.add_project()
        await night.sync()
        one = night.world.add_project(on_render=[Render(0.0, duration=50.0)])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(night.sync)
            await anyio.sleep(30.0)
            night.world.edit_project(one, night.simulator.now())
        plan = await night.plan()
        # If a render changes the date too, nothing tells the two apart.
        expected = SyncState.RENDERED if night.world.render_saves else SyncState.OUTDATED
        assert (SyncState.RENDERED, expected) == (plan.states[first], plan.states[one])

    async def test_a_file_that_is_gone_is_downloaded_again(self, night: Night) -> None:
        """A video that was deleted from the directory is fetched again, and not rendered."""
        one = night.world.add_project(name="One")
        await night.sync()
        (night.videos / "One.mp4").unlink()
        plan, results = await night.sync()
        assert str(plan) == "0 to render, 1 to download, 0 unchanged"
        assert results[one].status is ResultStatus.UNCHANGED
        assert (night.videos / "One.mp4").exists()
        assert night.posts == 0


async def test_what_is_not_known_is_not_paid_for(night: Night) -> None:
    """A project that was saved after its video is downloaded, and rendered only if the caller says so."""
    one = night.world.add_project(earlier_video=-500.0)
    night.world.edit_project(one, -100.0)
    plan, results = await night.sync()
    assert str(plan) == "0 to render, 1 to download (1 of them may be outdated), 0 unchanged"
    assert results[one].is_outdated is None
    assert night.posts == 0
    plan, _ = await night.sync()
    assert str(plan) == "0 to render, 0 to download, 1 unchanged (1 of them may be outdated)"
    assert len(night.world.log) == 1
    plan, results = await night.sync(render=["unknown"])
    assert results[one].paid
    assert (await night.plan()).states == {one: SyncState.RENDERED}


async def test_an_unknown_one_that_is_saved_again_is_outdated(night: Night) -> None:
    """The date changed since the video was first seen."""
    one = night.world.add_project(earlier_video=-500.0)
    night.world.edit_project(one, -100.0)
    await night.sync()
    night.world.edit_project(one, night.simulator.now())
    assert (await night.plan()).states == {one: SyncState.OUTDATED}
    assert (await night.plan()).states == {one: SyncState.OUTDATED}


async def test_what_others_render_is_waited_for(night: Night) -> None:
    """A render that is under way is not paid for again, and its video is downloaded."""
    one = night.world.add_project(Render(-10.0, duration=100.0), name="One", earlier_video=-500.0)
    plan, results = await night.sync()
    assert (one,) == plan.to_wait
    assert results[one].status is ResultStatus.RENDERED
    assert not results[one].paid
    assert (night.videos / "One.mp4").exists()
    assert night.posts == 0


async def test_a_render_elsewhere_is_seen_with_verify(night: Night) -> None:
    """A new video without a save does not show in the list."""
    one = night.world.add_project(name="One")
    await night.sync()
    await anyio.sleep(100.0)
    night.world.start_render(one, night.simulator.now(), duration=10.0)
    await anyio.sleep(100.0)
    assert str(await night.plan()) == "0 to render, 0 to download, 1 unchanged"
    plan, _ = await night.sync(verify=True)
    assert str(plan) == "0 to render, 1 to download, 0 unchanged"


async def test_files_are_called_as_the_caller_says(night: Night) -> None:
    """Names, their fields and earlier versions are those of a download."""
    one = night.world.add_project(name="One", project_id="p1")
    options: Any = {"naming": "{customer}/{name}.{ext}", "fields": {"p1": {"customer": "ACME"}}, "keep_old": 1}
    await night.sync(**options)
    await anyio.sleep(100.0)
    night.world.edit_project(one, night.simulator.now())
    await night.sync(**options)
    assert 2 == len([*(night.videos / "ACME").glob("One*.mp4")])
    await anyio.sleep(100.0)
    night.world.edit_project(one, night.simulator.now())
    await night.sync(naming=options["naming"], fields=options["fields"])
    assert 2 == len([*(night.videos / "ACME").glob("One*.mp4")])


async def test_what_is_under_way_can_be_seen(night: Night) -> None:
    """Renders with how much of them is done, and files that are being downloaded; nothing before and after."""
    night.simulator.faults = lambda request, _: Drip(500_000, 5.0) if request.path.startswith("/media/") else None
    night.world.media_sizes = {"mp4": 5_000_000}
    one = night.world.add_project(on_render=[Render(0.0, duration=50.0)])
    seen: list[BatchProgress] = []
    async with night.simulator.client() as client:
        sync = client.projects.sync(night.videos, kinds="video", ledger=night.ledger)
        assert (BatchProgress(), "") == (sync.progress, sync.run)

        async def look() -> None:
            while True:
                seen.append(sync.progress)
                await anyio.sleep(1.0)

        async with sync, anyio.create_task_group() as tasks:
            tasks.start_soon(look)
            assert [one] == [result.project_id async for result in sync]
            tasks.cancel_scope.cancel()
        assert BatchProgress() == sync.progress
        assert [sync.run] == [run.id for run in await night.ledger.runs()]
    percents = {found.rendering[one] or 0.0 for found in seen if one in found.rendering}
    assert len(percents) > 3
    assert [one] == [*{file.project_id for found in seen for file in found.downloading}]


async def test_selections(night: Night) -> None:
    """By name, by date and by id; limits leave the rest for the next night."""
    film, other = night.world.add_project(name="ACME film"), night.world.add_project(name="Other")
    night.world.edit_project(other, -10.0)
    assert (film,) == (await night.plan(name="acme*")).to_render
    since = night.world.date(0.0) - timedelta(minutes=1)
    assert (other,) == (await night.plan(saved_since=since)).to_render
    assert (film,) == (await night.plan(ids=[film])).to_render
    plan, results = await night.sync(max_renders=1)
    assert (1, 1, 0) == (len(plan.to_render), len(plan.left_out), len(plan.unknown))
    assert [ResultStatus.LEFT_OUT, ResultStatus.RENDERED] == sorted(result.status for result in results.values())


async def test_one_project_that_is_refused(night: Night) -> None:
    """What cannot be fetched is said, and holds up nothing."""
    good, bad = night.world.add_project(), night.world.add_project()
    no = Answer(403, {"content-type": "application/json"}, b'{"message": "Forbidden"}')
    night.simulator.faults = lambda request, _: no if str(bad) in request.path else None
    plan, results = await night.sync()
    assert {good: ResultStatus.RENDERED, bad: ResultStatus.REFUSED} == {one: it.status for one, it in results.items()}
    assert [bad] == [*plan.failed]
    assert str(plan).endswith("1 that could not be fetched")
    assert "Forbidden" in plan.to_dict()["failed"][str(bad)]


async def test_a_key_that_is_revoked_on_the_way(night: Night) -> None:
    """It says the same about every project, so the plan ends with it."""
    one = night.world.add_project()
    no = Answer(401, {"content-type": "application/json"}, b'{"message": "Unauthorized"}')
    night.simulator.faults = lambda request, _: no if str(one) in request.path else None
    with pytest.raises(errors.AuthenticationError):
        await night.plan()


async def test_ids_that_are_not_in_the_account(night: Night) -> None:
    """They are said, not ignored."""
    plan = await night.plan(ids=["typo"])
    assert (frozenset({"typo"}), "0 to render, 0 to download, 0 unchanged, 1 not in the account") == (
        plan.missing,
        str(plan),
    )


async def test_a_failed_render_is_not_planned_again(night: Night) -> None:
    """Until its project is saved again, or the caller says so."""
    one = night.world.add_project(on_render=[Render(0.0, duration=5.0, fails=True)])
    await night.sync()
    for _ in range(2):
        plan = await night.plan()
        assert ((), (one,)) == (plan.to_render, plan.given_up)
    assert (one,) == (await night.plan(retry_failed=True)).to_render
    night.world.edit_project(one, night.simulator.now())
    assert (one,) == (await night.plan()).to_render


async def test_deleted_projects_keep_their_files(night: Night) -> None:
    """A project that is gone is not an error, and nothing is deleted."""
    one = night.world.add_project(name="One")
    await night.sync()
    night.world.delete_project(one, night.simulator.now())
    plan, results = await night.sync()
    assert (0, {}) == (len(plan.states), results)
    assert (night.videos / "One.mp4").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"render": "all"},
        {"render": ["rendered"]},
        {"saved_since": "yesterday"},
        {"ids": "1"},
        {"kinds": ["film"]},
        {"naming": "{nothing}"},
        {"keep_old": -1},
        {"keep_old": 1, "on_conflict": "rename"},
        {"max_renders": -1},
        {"ledger": None},
    ],
)
async def test_bad_arguments(night: Night, options: dict[str, Any]) -> None:
    """A clear error before anything is sent."""
    with pytest.raises(errors.PictoryConfigError):
        await night.plan(**options)
    assert not night.world.log


async def test_a_directory_is_needed(night: Night) -> None:
    """It is checked before anything is sent."""
    nowhere: Any = None
    async with night.simulator.client() as client:
        with pytest.raises(errors.PictoryConfigError, match="directory must be"):
            client.projects.sync(nowhere, ledger=night.ledger)


async def test_a_plan_as_values(night: Night) -> None:
    """A plan is text for people and JSON for programs; progress is told for each project that is fetched."""
    told: list[tuple[int, int]] = []
    night.world.add_project(Render(-10.0, duration=100.0), project_id="busy", name="Busy")
    night.world.add_project(project_id="never", name="Never")
    plan = await night.plan(on_progress=lambda done, total: told.append((done, total)))
    assert "1 to render, 1 to wait for, 0 to download, 0 unchanged" == str(plan)
    assert {
        "to_render": ["never"],
        "left_out": [],
        "to_wait": ["busy"],
        "to_download": [],
        "unknown": [],
        "unchanged": 0,
        "given_up": [],
        "not_started": [],
        "missing": [],
        "failed": {},
        "states": {"busy": "rendering", "never": "never"},
        "names": {"never": "Never", "busy": "Busy"},
    } == {**plan.to_dict(), "states": dict(sorted(plan.to_dict()["states"].items()))}
    assert [(1, 2), (2, 2)] == told


async def test_a_project_that_is_deleted_on_the_way(night: Night) -> None:
    """It was in the list, and is gone when it is fetched: it is not in the plan."""
    night.world.add_project(project_id="gone")

    def deleting(request: SimRequest, now: float) -> None:
        if request.path.endswith("/gone"):
            night.world.delete_project("gone", now)

    night.simulator.faults = deleting
    plan = await night.plan()
    assert ({}, {}) == (plan.states, plan.failed)


@pytest.mark.parametrize(
    ("body", "requests"), [(b"<html>nginx</html>", 1), (b"{}", 1), (b'{"message": "Project not found"}', 2)]
)
async def test_what_is_listed_and_not_found(night: Night, body: bytes, requests: int) -> None:
    """It is a failure, whoever says so: a plan in which nothing is to be done would be wrong."""
    ids = [night.world.add_project(), night.world.add_project(earlier_video=-100.0)]
    lost = Answer(404, JSON, body)
    night.simulator.faults = lambda request, _: lost if "/v2/projects/" in request.path else None
    plan = await night.plan()
    assert ({}, {*ids}) == (plan.states, {*plan.failed})
    assert "2 that could not be fetched" in str(plan)
    assert all(isinstance(error, errors.NotFoundError) for error in plan.failed.values())
    lists = sum(entry.path.endswith("/v2/projects") for entry in night.world.log)
    assert (requests * 2, requests) == (len(night.world.log) - lists, lists)


async def test_a_moment_in_which_a_project_is_not_found(night: Night) -> None:
    """The second request finds it, and the plan has it."""
    one = night.world.add_project()
    answers = iter([Answer(404, JSON, b'{"message": "Project not found"}')])
    night.simulator.faults = lambda request, _: next(answers, None) if request.path.endswith(str(one)) else None
    plan = await night.plan()
    assert ((one,), {}) == (plan.to_render, plan.failed)


async def test_a_project_that_is_listed_twice(night: Night) -> None:
    """It is fetched once: pages can overlap when something is saved meanwhile."""
    one = night.world.add_project()

    def twice(request: SimRequest, now: float) -> Answer | None:
        if not request.path.endswith("/v2/projects"):
            return None
        entry = {"id": str(one), "name": "Film", "savedAt": night.world.date(now).isoformat()}
        return Answer(200, JSON, json.dumps({"items": [entry, entry]}).encode())

    night.simulator.faults = twice
    plan = await night.plan()
    assert ((one,), 2) == (plan.to_render, len(night.world.log))


async def test_used_wrongly(night: Night) -> None:
    """Iterating without the block is an error; a sync knows what it paid for."""
    night.world.add_project()
    async with night.simulator.client(limiter=RateLimiter(10_000, 1.0, 1000)) as client:
        sync = client.projects.sync(night.videos, ledger=night.ledger, kinds="video")
        assert (0, 0) == (sync.paid, sync.perhaps_paid)
        with pytest.raises(errors.PictoryConfigError, match="not running"):
            await anext(sync)
        assert None is await sync.__aexit__(None, None, None)
        async with sync:
            _ = [result async for result in sync]
            assert (1, 0) == (sync.paid, sync.perhaps_paid)


@pytest.mark.parametrize("night", [False, True], indirect=True, ids=["a render keeps the date", "a render changes it"])
async def test_two_syncs_at_once_pay_once(night: Night) -> None:
    """What the other one rendered since the plan was made is not rendered again, whatever a render does to the date."""
    ids = [night.world.add_project() for _ in range(3)]
    edited = night.world.add_project()
    await night.sync()
    await anyio.sleep(100.0)
    night.world.edit_project(edited, night.simulator.now())
    ids = [night.world.add_project() for _ in range(3)]
    before = len(night.world.jobs)
    async with night.simulator.client() as client, anyio.create_task_group() as tasks:
        syncs = [client.projects.sync(night.videos, kinds="video", ledger=night.ledger) for _ in range(2)]
        found: list[dict[Any, RenderResult]] = []

        async def run(sync: ProjectSync) -> None:
            async with sync:
                found.append({result.project_id: result async for result in sync})

        for sync in syncs:
            await sync.plan()
        for sync in syncs:
            tasks.start_soon(run, sync)
    assert 4 == len(night.world.jobs) - before
    assert [{*ids, edited}] * 2 == [{*results} for results in found]
    assert all(result.ok for results in found for result in results.values())
