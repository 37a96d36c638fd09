"""Ids of a watch that arrive one after the other, from a source of the caller's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from pictory_async import RenderStatus, errors
from pictory_async.testing import Simulator, Stall, World
from tests._polling import cancelled, client_of, project
from tests._virtual import virtual_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pictory_async import AsyncPictory

pytestmark = [pytest.mark.anyio, virtual_time]


@pytest.fixture
def world() -> World:
    """An account whose renders take 60 seconds, and start at once."""
    return World(render_seconds=(60.0, 60.0), queue_seconds=(0.0, 0.0))


class TestIdsThatArrive:
    """``ids`` may be an async iterable."""

    async def test_they_are_watched_as_they_come(self, world: World) -> None:
        """The iteration goes on until the source has ended and everything has its outcome."""
        ids = [project(world) for _ in range(3)]

        async def arriving() -> AsyncIterator[Any]:
            for one in ids:
                yield one
                await anyio.sleep(500.0)

        async with client_of(Simulator(world)) as client, client.projects.watch(arriving()) as watch:
            assert ids == [outcome.project_id async for outcome in watch]

    async def test_the_source_waits_for_room(self, world: World) -> None:
        """No more than a thousand ids are taken ahead of what was read."""
        taken = 0

        async def endless() -> AsyncIterator[Any]:
            nonlocal taken
            while True:
                taken += 1
                yield f"never-{taken}"

        simulator = Simulator(world, faults=lambda _request, _now: Stall())
        async with client_of(simulator, timeout=None) as client, client.projects.watch(endless()) as watch:
            await anyio.sleep(100.0)
            assert 1000 == taken == len(watch.pending)
            watch.remove("never-1")
            await anyio.sleep(1.0)
            assert 1001 == taken

    async def test_unread_outcomes_count(self, world: World) -> None:
        """A reader that is slow holds the source back too; in an open watch that nobody reads, nothing is unread."""
        ids = [world.add_project(earlier_video=-100.0) for _ in range(1200)]
        for keep_open, expected in ((False, 1000), (True, 1200)):
            taken: list[Any] = []

            async def arriving(taken: list[Any] = taken) -> AsyncIterator[Any]:
                for one in ids:
                    taken.append(one)
                    yield one

            async with (
                client_of(Simulator(world)) as client,
                client.projects.watch(arriving(), keep_open=keep_open) as watch,
            ):
                await anyio.sleep(100.0)
                assert expected == len(taken)
                if not keep_open:
                    assert 1200 == len([outcome async for outcome in watch])

    @pytest.mark.parametrize("failure", ["source", "id"])
    async def test_its_failure_is_raised_when_the_block_ends(self, world: World, failure: str) -> None:
        """What was taken until then gets its outcome first."""
        one = project(world)
        closed = False

        async def arriving() -> AsyncIterator[Any]:
            nonlocal closed
            try:
                yield one
                if failure == "source":
                    raise ValueError("no more ids")
                yield 1.5
                raise AssertionError
            finally:
                closed = True

        found: list[Any] = []
        expected = ValueError if failure == "source" else errors.PictoryConfigError

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(arriving()) as watch:
                found.extend([outcome.project_id async for outcome in watch])
                assert closed

        async with client_of(Simulator(world)) as client:
            with pytest.raises(expected):
                await use(client)
        assert [one] == found

    async def test_closing_ends_the_source(self, world: World) -> None:
        """After ``close`` nothing is taken from it, and nothing is watched any more."""
        taken = []

        async def arriving() -> AsyncIterator[Any]:
            for number in range(5):
                taken.append(number)
                yield project(world, 1e6)
                await anyio.sleep(10.0)

        async with client_of(Simulator(world)) as client:
            async with client.projects.watch(arriving(), keep_open=True) as watch:
                await anyio.sleep(15.0)
                watch.close()
                assert [] == [outcome async for outcome in watch]
                await anyio.sleep(100.0)
            assert [0, 1] == taken
            assert 0 == client.statistics().watches.watching

    async def test_what_is_taken_in_the_moment_of_the_close_is_not_watched(self, world: World) -> None:
        """A source that gives its next id when the watch is closed leaves nothing behind."""
        go = anyio.Event()

        async def arriving() -> AsyncIterator[Any]:
            with anyio.CancelScope(shield=True):
                await go.wait()
            yield project(world, 1e6)

        async with client_of(Simulator(world)) as client:
            async with client.projects.watch(arriving(), keep_open=True) as watch:
                await anyio.sleep(1.0)
                watch.close()
                go.set()
                await anyio.sleep(1.0)
            assert 0 == client.statistics().watches.watching

    async def test_a_source_that_awaits_what_was_cancelled_has_failed(
        self, world: World, anyio_backend_name: str
    ) -> None:
        """Whoever awaits a cancelled future gets a cancellation that nobody asked for: it is an error like others."""
        if anyio_backend_name == "trio":
            pytest.skip("only asyncio has cancelled futures")

        async def arriving() -> AsyncIterator[Any]:
            yield project(world)
            await cancelled()

        found: list[Any] = []

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(arriving()) as watch:
                found.extend([outcome async for outcome in watch])

        async with client_of(Simulator(world)) as client:
            with pytest.raises(RuntimeError, match="had been cancelled"):
                await use(client)
        assert 1 == len(found)

    async def test_the_error_of_the_block_comes_first(self, world: World) -> None:
        """An error of the block is not replaced."""

        async def arriving() -> AsyncIterator[Any]:
            raise ValueError("no more ids")
            yield

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(arriving()):
                await anyio.sleep(1.0)
                raise KeyError

        async with client_of(Simulator(world)) as client:
            with pytest.raises(KeyError):
                await use(client)

    async def test_leaving_the_block_closes_the_source(self, world: World) -> None:
        """A source that waits is cancelled, and can clean up."""
        closed = False

        async def arriving() -> AsyncIterator[Any]:
            nonlocal closed
            try:
                await anyio.sleep_forever()
                yield
            finally:
                closed = True

        async with client_of(Simulator(world)) as client, client.projects.watch(arriving()):
            await anyio.sleep(1.0)
        assert closed

    async def test_each_id_finds_its_date(self, world: World) -> None:
        """A mapping of dates serves ids that arrive, by their text."""
        old = world.add_project(earlier_video=-100.0)

        async def arriving() -> AsyncIterator[Any]:
            yield old

        after = {str(old): world.date(0.0)}
        async with (
            client_of(Simulator(world)) as client,
            client.projects.watch(arriving(), after=after, start_grace=20.0) as watch,
        ):
            (outcome,) = [outcome async for outcome in watch]
        assert RenderStatus.NOT_STARTED is outcome.status

    async def test_an_iterable_class_without_close(self, world: World) -> None:
        """Any async iterable will do, such as a queue's."""

        class Source:
            def __init__(self, *left: Any) -> None:
                self.left = [*left]

            def __aiter__(self) -> Source:
                return self

            async def __anext__(self) -> Any:
                if self.left:
                    return self.left.pop()
                raise StopAsyncIteration

        async def use(client: AsyncPictory) -> None:
            async with client.projects.watch(Source(1.5)) as watch:
                _ = [outcome async for outcome in watch]

        async with client_of(Simulator(world)) as client:
            with pytest.raises(errors.PictoryConfigError):
                await use(client)
            one = project(world)
            async with client.projects.watch(Source(one)) as watch:
                assert [one] == [outcome.project_id async for outcome in watch]
