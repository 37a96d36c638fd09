"""What ends a wait at its edges: identity, misuse, and the moment a grace period ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import pickle
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import pytest

from pictory_async import PollSchedule, Project, RenderHandle, RenderStatus, Sighting, errors
from pictory_async.testing import Answer, Render, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pictory_async import RenderOutcome
    from pictory_async.testing import Fault, SimRequest

pytestmark = [pytest.mark.anyio, virtual_time]


class TestAfter:
    """``after`` as a mapping: ids compare as text, and every key counts."""

    @pytest.mark.parametrize("as_key", [int, str])
    @pytest.mark.parametrize("as_id", [int, str])
    async def test_a_key_matches_its_id_as_text_or_number(
        self, world: World, simulator: Simulator, as_key: type[int | str], as_id: type[int | str]
    ) -> None:
        """The old video never counts as the new one because of how an id is written."""
        project_id = world.add_project(Render(0.0, queue=5.0, duration=50.0), earlier_video=-1000.0, integer_id=True)
        async with client_of(simulator) as client:
            after: Any = {as_key(project_id): world.date(-1000.0)}
            (outcome,) = await client.projects.wait_all([as_id(project_id)], after=after)
        assert RenderStatus.RENDERED is outcome.status
        assert world.date(55.0) == outcome.project.generated_at

    @pytest.mark.parametrize("key", ["other", 5, "", None, 1.5])
    async def test_a_key_that_is_not_waited_for_is_an_error(self, simulator: Simulator, key: Any) -> None:
        """A mistyped key is reported before anything is sent."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError):
                await client.projects.wait_all(["mine"], after={"mine": None, key: None})
        assert [] == simulator.log

    async def test_a_key_for_a_handle_is_an_error(self, simulator: Simulator) -> None:
        """A handle has a date of its own, so a second one is a mistake."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match="'mine'"):
                await client.projects.wait_all([RenderHandle(project_id="mine")], after={"mine": None})

    async def test_one_id_written_in_two_ways_has_one_value(self, world: World, simulator: Simulator) -> None:
        """Two values for one project are an error, not a choice."""
        async with client_of(simulator) as client:
            with pytest.raises(errors.PictoryConfigError, match="twice"):
                await client.projects.wait_all([7], after={7: None, "7": world.date(0.0)})


class TestTheBlock:
    """A watch is used inside its ``async with`` block, and an error at its door leaves nothing behind."""

    async def test_iterating_without_the_block_is_an_error(self, world: World, simulator: Simulator) -> None:
        """An empty loop would say that everything is done."""
        async with client_of(simulator) as client:
            watch = client.projects.watch([world.add_project()])
            with pytest.raises(errors.PictoryConfigError, match="async with"):
                aiter(watch)
            with pytest.raises(errors.PictoryConfigError, match="async with"):
                await anext(watch)

    async def test_iterating_after_the_block_is_an_error(self, world: World, simulator: Simulator) -> None:
        """What was not iterated inside the block is not silently skipped."""
        async with client_of(simulator) as client:
            async with client.projects.watch([world.add_project(Render(-5.0, duration=1.0))]) as watch:
                pass
            with pytest.raises(errors.PictoryConfigError, match="async with"):
                aiter(watch)

    @pytest.mark.parametrize("trouble", ["naive after", "undated", "schedule", "id"])
    async def test_an_error_on_entering_leaves_nothing(self, world: World, simulator: Simulator, trouble: str) -> None:
        """The error comes out as it is; the caller's scopes, tasks and the client stay usable."""

        class Failing:
            def next_poll(self, seen: Sighting) -> float:
                raise ZeroDivisionError

        good = world.add_project(earlier_video=-9.0)
        bad = world.add_project(earlier_video=-9.0, overrides={"generatedDate": None})
        async with client_of(simulator) as client:
            options: dict[str, Any] = {}
            if trouble == "naive after":
                options["after"] = {bad: world.date(0.0).replace(tzinfo=None)}
            elif trouble == "undated":
                options["after"] = {bad: await client.projects.get(bad)}
            elif trouble == "schedule":
                options["schedule"] = Failing()
            else:
                bad = "a\nb"
            with anyio.CancelScope() as scope, pytest.raises((errors.PictoryConfigError, ZeroDivisionError)):
                async with client.projects.watch([good, bad], **options):
                    pass
            assert not scope.cancelled_caught
            await anyio.sleep(100.0)
            assert 0 == client.statistics().watches.watching
            assert (await client.projects.wait(good)).is_rendered
        assert len(simulator.log) <= 2 + (trouble == "undated")


class TestGenerators:
    """A watch inside the caller's own async generator."""

    async def test_a_reader_that_closes_it_may_stop_early(self, world: World, simulator: Simulator) -> None:
        """With ``aclosing`` the block is left by the task that entered it, and nothing stays."""
        ids = [world.add_project(Render(0.0, duration=10.0 * number)) for number in range(1, 6)]
        async with client_of(simulator) as client:
            async with contextlib.aclosing(outcomes_of(client, ids)) as found:
                async for outcome in found:
                    assert outcome.ok
                    break
            assert 0 == client.statistics().watches.watching
            assert (await client.projects.wait(ids[1])).is_rendered

    async def test_a_reader_that_forgets_it_is_told(
        self, world: World, simulator: Simulator, anyio_backend_name: str
    ) -> None:
        """Closed by another task, such as the event loop's own, it says what to write; the reader is not cancelled."""
        if anyio_backend_name != "asyncio":
            pytest.skip("trio itself forbids to leave a nursery in another task")
        ids = [world.add_project(Render(0.0, duration=10.0 * number)) for number in range(1, 6)]

        async def read() -> int:
            found = outcomes_of(client, ids)
            assert (await anext(found)).ok
            left.append(found)
            await anyio.sleep(20.0)  # a cancellation would arrive here
            return len(simulator.log)

        async with client_of(simulator) as client:
            left: list[Any] = []
            reader = asyncio.create_task(read())
            while not left:  # noqa: ASYNC110 - virtual time
                await anyio.sleep(1.0)
            with pytest.raises(errors.PictoryConfigError, match="aclosing"):
                await left[0].aclose()
            sent = len(simulator.log)
            assert 0 == client.statistics().watches.watching
            assert sent == await reader
            await anyio.sleep(100.0)
            assert sent == len(simulator.log)


async def outcomes_of(client: Any, ids: list[Any]) -> AsyncGenerator[RenderOutcome]:
    """What a caller may write."""
    async with client.projects.watch(ids) as watch:
        async for outcome in watch:
            yield outcome


class TestPolls:
    """When the next poll is sent."""

    async def test_a_poll_across_the_end_of_the_grace_is_followed_at_once(self, world: World) -> None:
        """A poll sent just before the grace ends and answered after it proves nothing; the next one decides."""
        project_id = world.add_project()
        simulator = Simulator(world, latency=3.0)
        async with client_of(simulator) as client:
            for grace in range(30, 60):
                with pytest.raises(errors.RenderNotStartedError) as caught:
                    await client.projects.wait(project_id, start_grace=grace)
                assert grace <= caught.value.waited <= grace + 6.1

    @pytest.mark.parametrize("status", [502, 404])
    async def test_failing_polls_after_the_job_keep_their_distance(self, world: World, status: int) -> None:
        """A job that is done or lost does not make failing polls of its project follow each other at once."""
        project_id = world.add_project(on_render=[Render(0.0, duration=5.0)])

        def faults(request: SimRequest, now: float) -> Fault | None:
            if status == 404 and "/jobs/" in request.path:
                return Answer(404, {"content-type": "application/json"}, b'{"message": "x"}')
            return Answer(502) if now > 1.0 and "/projects/" in request.path else None

        simulator = Simulator(world, latency=0.1, faults=faults)
        async with client_of(simulator) as client:
            handle = await client.projects.render(project_id)
            await client.projects.wait_all([handle], max_wait=300.0)
        assert len(simulator.log) <= 45

    async def test_failing_polls_after_the_grace_keep_their_distance(self, world: World) -> None:
        """An outage that begins within the grace period is polled at the usual interval when the period is over."""
        project_id = world.add_project()
        simulator = Simulator(world, latency=0.1, faults=lambda _request, now: Answer(502) if now > 25.0 else None)
        async with client_of(simulator) as client:
            (outcome,) = await client.projects.wait_all([project_id], start_grace=30.0, max_wait=300.0)
        assert RenderStatus.TIMED_OUT is outcome.status
        assert len(simulator.log) <= 40


async def test_snapshots_are_decoded_when_they_are_read(world: World, simulator: Simulator) -> None:
    """A batch that runs out of time does not decode four hundred projects at that moment."""
    others = [one for one in gc.get_objects() if isinstance(one, Project)]  # of other tests, whose worlds are equal
    ids = [world.add_project(Render(0.0, duration=900.0), scenes=20) for _ in range(40)]
    async with client_of(simulator) as client:
        outcomes = await client.projects.wait_all(ids, max_wait=30.0)
    assert {RenderStatus.TIMED_OUT} == {outcome.status for outcome in outcomes}

    def decoded() -> list[Project]:
        known = {id(one) for one in others}
        return [one for one in gc.get_objects() if isinstance(one, Project) and id(one) not in known]

    assert [] == decoded()
    first = outcomes[0].project
    assert [first] == decoded()
    assert first is outcomes[0].project is outcomes[0].error.project
    assert first.id == ids[0]
    # Otherwise it is as if it had been decoded at once.
    other = outcomes[1]
    copy = pickle.loads(pickle.dumps(other))
    assert (copy, hash(copy), repr(copy)) == (other, hash(other), repr(other))
    assert outcomes[2] != other


@attrs.frozen
class Hasty(PollSchedule):
    """Polls again at once, some times."""

    def next_poll(self, seen: Sighting) -> float:
        """After the first polls, every five seconds."""
        return seen.now + (0.0 if seen.polls < 20 else 5.0)


async def test_a_poll_that_ends_while_the_next_one_runs_takes_nothing_of_it(world: World) -> None:
    """While a large snapshot is compressed after a poll of the project, the job may be polled already."""
    project_id = world.add_project(Render(-500.0, duration=10.0), on_render=[Render(0.0, duration=30.0)], scenes=60)

    def faults(request: SimRequest, now: float) -> Fault | None:
        # A state that is not documented: job and project are polled in turn.
        job_id = request.path.rpartition("/")[2].encode()
        body = b'{"job_id": "%s", "success": true, "data": {"status": "pondering"}}' % job_id
        return Answer(200, {"content-type": "application/json"}, body) if "/jobs/" in request.path else None

    async with client_of(Simulator(world, faults=faults)) as client:
        handle = await client.projects.render(project_id)
        (outcome,) = await client.projects.wait_all([handle], schedule=Hasty(), max_wait=60.0)
    assert RenderStatus.RENDERED is outcome.status


@pytest.mark.parametrize("max_wait", [0.5, 2.0, 3.0])
async def test_a_short_wait_has_a_poll_too(world: World, max_wait: float) -> None:
    """A handle of a render that was requested a moment ago is usually not polled at once, but within any wait."""
    project_id = world.add_project(on_render=[Render(0.0, duration=1.0)])
    simulator = Simulator(world)
    async with client_of(simulator) as client:
        handle = await client.projects.render(project_id)
        sent = len(simulator.log)
        await client.projects.wait_all([handle], max_wait=max_wait)
    assert sent < len(simulator.log)
