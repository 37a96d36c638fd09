"""Batches of renders at their borders: lost requests and the jobs that explain them, cancellations, wrong use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import Ledger, RateLimiter, RenderState, ResultStatus, errors
from pictory_async.testing import Answer, Render, Simulator, Stall, World, bodies
from tests._rendering import LIMITED, VIRTUAL, change, client_of, on_post, rendered, state_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from pictory_async import RenderResult
    from pictory_async.testing import Fault, SimRequest

pytestmark = VIRTUAL

JSON = {"content-type": "application/json"}
LOST = Answer(504, {"content-type": "text/html"}, b"<html>")
"""A request whose response was lost, and that had no effect."""


async def lost(ledger: Ledger, then: Callable[[World, Simulator], None], **options: Any) -> RenderResult:
    """Render one project, lose its request, let something happen to the account's jobs, and return the result."""
    world = World(render_seconds=(20.0, 20.0), **options)
    one = world.add_project(project_id="one")
    world.add_project(Render(-100.0, duration=10.0, job_id=BEFORE))
    simulator = Simulator(world, latency=0.1, faults=on_post(LOST))
    async with client_of(simulator) as client, client.projects.render_all([one], ledger=ledger) as batch:
        await anyio.sleep(5.0)
        then(world, simulator)
        result: RenderResult = await anext(batch)
    return result


def foreign(number: int) -> Callable[[World, Simulator], None]:
    """Let somebody else start renders."""

    def start(world: World, simulator: Simulator) -> None:
        for _ in range(number):
            world.start_render(world.add_project(), simulator.now())

    return start


def answering(**answers: Any) -> Callable[[World, Simulator], None]:
    """Let the API answer requests for the list of jobs (``list``), or for one job (``job``), with a body or a fault."""

    def fault(request: SimRequest, _: float) -> Fault | None:
        place = request.path.partition("/v1/jobs")
        body = answers.get("job" if place[2] else "list") if place[1] else None
        return Answer(200, JSON, json.dumps(body).encode()) if isinstance(body, dict) else body

    def start(world: World, simulator: Simulator) -> None:
        simulator.faults = fault

    return start


BEFORE = "the-newest-job-before"
TRANSCRIPTION = {"transcript": [], "status": "completed"}


class TestLostRequests:
    """A request was lost and no video appears: the jobs of the account tell whether it had an effect."""

    async def test_nothing_happened(self, ledger: Ledger) -> None:
        """No newer job: it was not started, and the same call may send it again."""
        result = await lost(ledger, foreign(0))
        assert (ResultStatus.NOT_STARTED, False) == (result.status, result.paid)
        assert isinstance(result.error, errors.RenderNotStartedError)
        assert [("not_started", None)] == await state_of(ledger)
        world = World(render_seconds=(20.0, 20.0))
        world.add_project(project_id="one")
        again = (await rendered(Simulator(world), ["one"], ledger))["one"]
        assert (ResultStatus.NOT_STARTED, False) == (again.status, again.paid)
        assert not world.jobs

    async def test_the_list_before_is_gone(self, ledger: Ledger) -> None:
        """If the newest job before the request is not in the list any more, the list proves nothing."""
        result = await lost(ledger, answering(list={"items": [], "nextPageKey": None}))
        assert ResultStatus.UNCERTAIN is result.status

    async def test_there_were_no_jobs(self, ledger: Ledger) -> None:
        """If the list was empty before the request and still is, nothing was started."""
        world = World(render_seconds=(20.0, 20.0))
        one = world.add_project()
        result = (await rendered(Simulator(world, latency=0.1, faults=on_post(LOST)), [one], ledger))[one]
        assert ResultStatus.NOT_STARTED is result.status

    async def test_a_job_of_another_kind(self, ledger: Ledger) -> None:
        """A transcription is no render."""
        jobs = [bodies.job_item(one, TRANSCRIPTION) for one in ("their-job", BEFORE)]
        items = {"items": jobs, "nextPageKey": None}
        result = await lost(ledger, answering(list=items, job=bodies.job("their-job", TRANSCRIPTION)))
        assert ResultStatus.NOT_STARTED is result.status

    @pytest.mark.parametrize(
        ("then", "why"),
        [
            (foreign(1), "job '.*' that no ledger knows was started"),
            (foreign(3), "3 jobs, such as '.*', that no ledger knows were started"),
            (foreign(21), "21 jobs were started since by somebody"),
            (answering(list={"items": [{"data": {}}], "nextPageKey": None}), "too long, incomplete, or cannot be read"),
            (answering(list=Answer(400, JSON, b'{"message": "No"}')), "could not be read: "),
            (
                answering(
                    list={
                        "items": [bodies.job_item(one, TRANSCRIPTION) for one in ("their-job", BEFORE)],
                        "nextPageKey": None,
                    },
                    job=Answer(400, JSON, b'{"message": "No"}'),
                ),
                "could not be read: ",
            ),
            (
                answering(
                    list={
                        "items": [bodies.job_item(one, TRANSCRIPTION) for one in ("their-job", BEFORE)],
                        "nextPageKey": None,
                    },
                    job=bodies.job("their-job", {"status": "completed"}),
                ),
                "job 'their-job' that no ledger knows was started",
            ),
        ],
        ids=[
            "one job",
            "three jobs",
            "too many",
            "without ids",
            "no list",
            "no job",
            "a completed job without results",
        ],
    )
    async def test_what_cannot_be_known(self, ledger: Ledger, then: Any, why: str) -> None:
        """A job that may be the lost one, or jobs that cannot be read: it is uncertain, and never sent again."""
        result = await lost(ledger, then)
        assert (ResultStatus.UNCERTAIN, False) == (result.status, result.paid)
        with pytest.raises(errors.RenderSubmitUncertainError, match=why):
            raise result.error or AssertionError
        assert [("uncertain", None)] == await state_of(ledger)

    async def test_a_list_that_is_too_long(self, ledger: Ledger) -> None:
        """After 40 pages the search ends."""
        result = await lost(ledger, foreign(50), page_size=1)
        assert ResultStatus.UNCERTAIN is result.status
        assert "too long" in str(result.error)

    async def test_it_is_sent_again_if_wanted(self, ledger: Ledger) -> None:
        """A later call that says so sends it again, as soon as it knows that there was no effect."""
        world = World(render_seconds=(20.0, 20.0))
        one = world.add_project()
        simulator = Simulator(world, latency=0.1, faults=on_post(LOST))
        async with client_of(simulator) as client:
            with anyio.move_on_after(10.0):
                async with client.projects.render_all([one], ledger=ledger) as batch:
                    await anext(batch)
        assert [("asked", None)] == await state_of(ledger)
        result = (await rendered(simulator, [one], ledger, retry_unstarted=True))[one]
        assert (ResultStatus.RENDERED, True) == (result.status, result.paid)
        assert ["not_started", "rendered"] == [state for state, _ in await state_of(ledger)]

    async def test_an_entry_without_a_marker(self, ledger: Ledger) -> None:
        """If the newest job before is not known, nothing can be concluded from the jobs."""
        world = World(render_seconds=(20.0, 20.0))
        one = world.add_project()
        simulator = Simulator(world, latency=0.1, faults=on_post(LOST))
        async with client_of(simulator) as client:
            with anyio.move_on_after(10.0):
                async with client.projects.render_all([one], ledger=ledger) as batch:
                    await anext(batch)
        await ledger.use(lambda file: change(file, "UPDATE render SET marker = NULL"))
        result = (await rendered(simulator, [one], ledger, retry_unstarted=True))[one]
        assert ResultStatus.UNCERTAIN is result.status
        assert "which jobs there were before" in str(result.error)


class TestRefusals:
    """Requests that had no effect, and said so."""

    @pytest.mark.parametrize(("limited", "status"), [(9, ResultStatus.RENDERED), (10, ResultStatus.ERROR)])
    async def test_many_that_are_limited(self, ledger: Ledger, limited: int, status: ResultStatus) -> None:
        """A request is sent ten times at most while the API says that there are too many; then it is forgotten."""
        world = World(render_seconds=(5.0, 5.0))
        one = world.add_project()
        simulator = Simulator(world, latency=0.1, faults=on_post(*[LIMITED] * limited))
        result = (await rendered(simulator, [one], ledger))[one]
        assert (status, status.value == "rendered") == (result.status, result.paid)
        assert ResultStatus.RENDERED is (await rendered(simulator, [one], ledger))[one].status or result.paid
        assert 1 == len(world.jobs)

    async def test_a_queue_that_is_too_long(self, ledger: Ledger) -> None:
        """A request that a client's max_queue does not let wait is the result of one project, and can be sent later."""
        world = World(render_seconds=(5.0, 5.0))
        ids = [world.add_project() for _ in range(6)]
        simulator = Simulator(world, latency=0.1)
        async with (
            simulator.client(limiter=RateLimiter(4, 3600.0)) as client,
            client.with_options(max_queue=1.0).projects.render_all(ids, ledger=ledger, wait=False) as batch,
        ):
            first = {result.project_id: result async for result in batch}
        assert {*ids} == {*first}
        assert {ResultStatus.ERROR} == {result.status for result in first.values() if not result.paid}
        assert any(isinstance(result.error, errors.RateBudgetError) for result in first.values())
        assert ["started"] * len(world.jobs) == [state for state, _ in await state_of(ledger) if state != "intended"]
        again = await rendered(simulator, ids, ledger)
        assert all(result.ok for result in again.values())
        assert 6 == len(world.jobs)


class TestCancellations:
    """A request that costs money comes to its end, within some seconds, when its caller is cancelled."""

    async def render(
        self, simulator: Simulator, ledger: Ledger, one: Any, seconds: float
    ) -> tuple[float, tuple[int, int]]:
        """Render one project, cancel it, and return when that was over, and what was paid for, or perhaps."""
        async with client_of(simulator, timeout=3600.0) as client:
            batch = client.projects.render_all([one], ledger=ledger)
            with anyio.move_on_after(seconds):
                async with batch:
                    await anext(batch)
            return anyio.current_time(), (batch.paid, batch.perhaps_paid)

    async def test_the_response_is_awaited(self, ledger: Ledger) -> None:
        """The job of a request in flight is entered, and the render counts as paid."""
        world = World(render_seconds=(20.0, 20.0))
        simulator = Simulator(world, latency=5.0)
        start = anyio.current_time()
        end, paid = await self.render(simulator, ledger, world.add_project(), 12.0)
        assert (pytest.approx(15.0, abs=0.5), (1, 0)) == (end - start, paid)
        assert [("started", world.jobs[0][1].job_id)] == await state_of(ledger)
        (run,) = await ledger.runs()
        assert ({RenderState.STARTED: 1}, False) == (run.renders, run.running)

    async def test_not_for_ever(self, ledger: Ledger) -> None:
        """After 15 seconds without a response it is given up, and the next call finds out what it did."""
        world = World(render_seconds=(20.0, 20.0))
        simulator = Simulator(world, latency=5.0, faults=on_post(Stall(reaches_world=True)))
        one, start = world.add_project(), anyio.current_time()
        end, paid = await self.render(simulator, ledger, one, 12.0)
        assert (pytest.approx(27.0, abs=0.5), (0, 1)) == (end - start, paid)
        assert [("asked", None)] == await state_of(ledger)
        assert ResultStatus.RENDERED is (await rendered(simulator, [one], ledger))[one].status
        assert 1 == len(world.jobs)


class TestWrongUse:
    """A batch and a sync that are not used as they should be."""

    async def test_used_twice(self, ledger: Ledger) -> None:
        """A batch is used once; iterating over it after its end ends at once."""
        world = World(render_seconds=(5.0, 5.0))
        async with client_of(Simulator(world)) as client:
            batch = client.projects.render_all([world.add_project()], ledger=ledger)
            assert ("", 0, 0) == (batch.run, batch.paid, batch.perhaps_paid)
            with pytest.raises(errors.PictoryConfigError, match="not running"):
                await batch.__aexit__(None, None, None)
            async with batch:
                assert 1 == len([result async for result in batch])
                assert (1, 0) == (batch.paid, batch.perhaps_paid)
                assert [] == [result async for result in batch]
            with pytest.raises(errors.PictoryConfigError, match="used before"):
                await batch.__aenter__()

    async def test_the_source_fails_within_the_block(self, ledger: Ledger, tmp_path: Path) -> None:
        """Its error is raised once its ids are done; an error of the block itself passes through."""
        world = World(render_seconds=(5.0, 5.0))

        async def source() -> AsyncIterator[Any]:
            yield world.add_project()
            raise LookupError("away")

        async with client_of(Simulator(world)) as client:
            with pytest.raises(KeyError):  # noqa: PT012 - the block is what is tested
                async with client.projects.render_all(source(), ledger=ledger) as batch:
                    with pytest.raises(LookupError, match="away"):
                        _ = [result async for result in batch]
                    raise KeyError

    async def test_the_source_failed_and_the_block_is_left(self, ledger: Ledger) -> None:
        """An error of the source that the block did not wait for is raised at its end."""

        async def source() -> AsyncIterator[Any]:
            raise LookupError("away")
            yield

        async with client_of(Simulator(World())) as client:
            with pytest.raises(LookupError, match="away"):
                async with client.projects.render_all(source(), ledger=ledger):
                    await anyio.sleep(10.0)

    async def test_a_ledger_that_breaks_on_the_way(self, ledger: Ledger) -> None:
        """It ends the batch: what cannot be remembered is not paid for."""
        world = World(render_seconds=(5.0, 5.0))
        ids = [world.add_project() for _ in range(3)]
        async with client_of(Simulator(world, latency=0.1)) as client:
            with pytest.raises(errors.LedgerError, match="no such table"):  # noqa: PT012 - the block is what is tested
                async with client.projects.render_all(ids, ledger=ledger) as batch:
                    await ledger.use(lambda file: change(file, "DROP TABLE render"))
                    _ = [result async for result in batch]
        assert not world.jobs

    async def test_cancelled_while_the_source_is_waited_for(self, ledger: Ledger) -> None:
        """A source that gives nothing ends with the block."""

        async def source() -> AsyncIterator[Any]:
            await anyio.sleep_forever()
            yield

        async with client_of(Simulator(World())) as client:
            with anyio.move_on_after(10.0) as scope:
                async with client.projects.render_all(source(), ledger=ledger) as batch:
                    await anext(batch)
        assert scope.cancelled_caught

    async def test_equal_ids(self, ledger: Ledger) -> None:
        """An id that is given twice, in a list or by a source, is one project."""
        world = World(render_seconds=(5.0, 5.0))
        one, other = world.add_project(), world.add_project()

        async def source() -> AsyncIterator[Any]:
            for project_id in (other, other):
                yield project_id

        simulator = Simulator(world)
        await rendered(simulator, [one, one], ledger)
        await rendered(simulator, source(), ledger)
        assert [one, other] == [str(project.id) for project, _ in world.jobs]


class TestResults:
    """What a result has."""

    async def test_as_json(self, ledger: Ledger, tmp_path: Path) -> None:
        """A result as plain values, with and without a project."""
        world = World(render_seconds=(5.0, 5.0), media_sizes={"mp4": 100})
        one = world.add_project(name="Film")
        found = await rendered(
            Simulator(world), [one, "nope"], ledger, download_to=tmp_path / "videos", kinds=iter(["video"])
        )
        good, bad = (found[one].to_dict(), found["nope"].to_dict())
        json.dumps([good, bad])
        assert ("rendered", True, "Film", False, None) == (
            good["status"],
            good["paid"],
            good["name"],
            good["is_outdated"],
            good["error"],
        )
        assert ["video"] == [file["kind"] for file in good["files"]]
        assert ("missing", None, None, []) == (bad["status"], bad["name"], bad["job_id"], bad["files"])
        assert "nope" in bad["error"]
        assert "status=" in repr(found[one])
        assert "rendered" in found[one]._repr_html_()

    async def test_files_that_cannot_be_downloaded(self, ledger: Ledger, tmp_path: Path) -> None:
        """The render is done, and the result says what is missing; the next call downloads only that."""
        world = World(render_seconds=(5.0, 5.0), media_sizes={"mp4": 100, "srt": 10})
        one = world.add_project(name="Film")
        simulator = Simulator(world, latency=0.1)
        simulator.faults = lambda request, _: Answer(403) if request.path.endswith(".srt") else None
        options = {"download_to": tmp_path / "videos", "kinds": ["video", "srt"]}
        result = (await rendered(simulator, [one], ledger, **options))[one]
        assert (ResultStatus.RENDERED, False) == (result.status, result.ok)
        assert isinstance(result.error, errors.DownloadError)
        assert result.report is not None
        simulator.faults = None
        assert (await rendered(simulator, [one], ledger, **options))[one].ok
        assert ["Film.mp4", "Film.srt"] == sorted(path.name for path in (tmp_path / "videos").glob("Film.*"))

    async def test_no_directory(self, ledger: Ledger, tmp_path: Path) -> None:
        """A directory that cannot be one is an error of each project, and no render is lost."""
        world = World(render_seconds=(5.0, 5.0))
        one = world.add_project()
        (tmp_path / "file").write_text("")
        result = (await rendered(Simulator(world), [one], ledger, download_to=tmp_path / "file"))[one]
        assert (ResultStatus.RENDERED, True, False) == (result.status, result.paid, result.ok)

    async def test_by_force(self, ledger: Ledger) -> None:
        """With force, what did not change is rendered again."""
        world = World(render_seconds=(5.0, 5.0))
        one = world.add_project()
        simulator = Simulator(world, latency=0.1)
        await rendered(simulator, [one], ledger)
        assert (await rendered(simulator, [one], ledger, force=True))[one].paid
        assert 2 == len(world.jobs)
