"""A wait inside a handler of a web app ends when the browser leaves, and with nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from pictory_async.asgi import cancel_on_disconnect
from pictory_async.errors import PictoryConfigError
from pictory_async.testing import Render, Simulator, World
from tests._polling import client_of
from tests._virtual import virtual_time

pytestmark = pytest.mark.anyio

EMPTY = {"type": "http.request", "body": b"", "more_body": False}
LEFT = {"type": "http.disconnect"}


class Server:
    """What a server gives a handler: ``receive``, and the messages of a browser that a test controls."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.waiting = 0
        self._come = anyio.Event()

    def say(self, *messages: dict[str, Any]) -> None:
        """Send more messages."""
        self.messages += messages
        self._come.set()

    async def receive(self) -> dict[str, Any]:
        """Return the next message."""
        self.waiting += 1
        try:
            while not self.messages:
                self._come = anyio.Event()
                await self._come.wait()
        finally:
            self.waiting -= 1
        return self.messages.pop(0)


class TestLeaving:
    """The browser leaves."""

    @pytest.mark.parametrize("kind", ["http.disconnect", "websocket.disconnect"])
    async def test_the_block_is_cancelled(self, kind: str) -> None:
        """The program continues after the block, and knows why."""
        server = Server()
        async with anyio.create_task_group() as group:

            async def leave() -> None:
                await wait_all_tasks_blocked()
                server.say({"type": kind, "code": 1001})

            group.start_soon(leave)
            async with cancel_on_disconnect(server.receive) as scope:
                await anyio.sleep_forever()
            assert scope.cancelled_caught

    async def test_a_browser_that_left_before(self) -> None:
        """The block ends where it first waits."""
        server, reached = Server(EMPTY, LEFT), []
        async with cancel_on_disconnect(server.receive) as scope:
            reached.append(1)
            await anyio.sleep_forever()
        assert (True, [1]) == (scope.cancelled_caught, reached)

    async def test_a_block_that_cannot_be_stopped_has_its_result(self) -> None:
        """What is shielded goes on to its end, and so does the block if it waits for nothing after it."""
        server = Server(LEFT)
        async with cancel_on_disconnect(server.receive) as scope:
            with anyio.CancelScope(shield=True):
                await wait_all_tasks_blocked()
        assert (True, False) == (scope.cancel_called, scope.cancelled_caught)


class TestStaying:
    """The browser stays."""

    async def test_nothing_is_left_behind(self) -> None:
        """After the block nobody waits for a message, and the next one is still there for the handler."""
        server = Server()
        async with cancel_on_disconnect(server.receive) as scope:
            await wait_all_tasks_blocked()
            assert 1 == server.waiting
        assert (0, False) == (server.waiting, scope.cancel_called)
        server.say(LEFT)
        assert LEFT == await server.receive()

    async def test_a_result_can_be_returned(self) -> None:
        """A return inside of the block is a return."""

        async def handler(server: Server) -> int:
            async with cancel_on_disconnect(server.receive):
                return 200
            return 499

        assert 200 == await handler(Server())
        assert 200 == await handler(Server(EMPTY))

    async def test_the_end_of_a_body_is_no_message(self) -> None:
        """Servers send an empty body for a GET that has none, in one message or in several."""
        server = Server(EMPTY | {"more_body": True}, {"type": "http.request"})
        async with cancel_on_disconnect(server.receive) as scope:
            await wait_all_tasks_blocked()
        assert (0, False) == (len(server.messages), scope.cancel_called)

    @pytest.mark.parametrize(
        ("message", "problem"),
        [
            (EMPTY | {"body": b"{}"}, r"body.*await request\.body\(\)"),
            ({"type": "websocket.receive", "text": "hello"}, r"websocket\.receive"),
            ({"type": "websocket.connect"}, r"websocket\.connect"),
        ],
    )
    async def test_a_message_that_would_be_lost_is_an_error(self, message: dict[str, Any], problem: str) -> None:
        """The error says what to read before."""
        server = Server(message)
        with pytest.raises(PictoryConfigError, match=problem):
            async with cancel_on_disconnect(server.receive):
                await anyio.sleep_forever()

    async def test_such_a_message_when_the_block_has_ended(self) -> None:
        """The mistake is told also if the block did not notice; a result would hide it."""

        async def handler() -> None:
            async with cancel_on_disconnect(Server(EMPTY | {"body": b"{}"}).receive):
                with anyio.CancelScope(shield=True):
                    await wait_all_tasks_blocked()

        with pytest.raises(PictoryConfigError):
            await handler()

    async def test_a_server_that_fails(self) -> None:
        """What ``receive`` raises is raised."""

        async def receive() -> dict[str, Any]:
            raise OSError("gone")

        with pytest.raises(OSError, match="gone"):
            async with cancel_on_disconnect(receive):
                await anyio.sleep_forever()


class TestErrors:
    """Errors and cancellations of the block are its own."""

    @pytest.mark.parametrize("error", [KeyError("mine"), SystemExit(3), ExceptionGroup("several", [ValueError("x")])])
    async def test_an_error_goes_out_as_it_is(self, error: BaseException) -> None:
        """It is the same object, in no other group, whether the browser stays or leaves."""

        async def handler(server: Server) -> None:
            async with cancel_on_disconnect(server.receive):
                with anyio.CancelScope(shield=True):
                    await wait_all_tasks_blocked()
                raise error

        for messages in ([], [LEFT], [EMPTY | {"body": b"x"}]):
            with pytest.raises(type(error)) as caught:
                await handler(Server(*messages))
            if isinstance(error, ExceptionGroup):  # trio makes groups anew when it removes its cancellations
                assert error.exceptions == getattr(caught.value, "exceptions", None)
            else:
                assert error is caught.value

    async def test_errors_of_tasks_that_the_leaving_ended(self) -> None:
        """A group of errors contains the errors, and no cancellation."""

        async def broken() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                raise ValueError("while cleaning up")

        async def handler() -> None:
            async with cancel_on_disconnect(Server(LEFT).receive), anyio.create_task_group() as group:
                group.start_soon(broken)
                await anyio.sleep_forever()

        with pytest.raises(ExceptionGroup) as caught:
            await handler()
        assert [ValueError] == [type(one) for one in caught.value.exceptions]

    @pytest.mark.parametrize("leaves", [False, True])
    async def test_the_callers_cancellation_is_the_callers(self, leaves: bool) -> None:
        """It passes through the block, also if the browser leaves in the same moment."""
        server, after = Server(), []
        with anyio.CancelScope() as outer:
            async with cancel_on_disconnect(server.receive):
                await wait_all_tasks_blocked()
                outer.cancel()
                if leaves:
                    server.say(LEFT)
                await anyio.sleep_forever()
            after.append(1)
        assert (True, []) == (outer.cancelled_caught, after)
        assert 0 == server.waiting

    async def test_a_time_limit_inside(self) -> None:
        """A scope in the block works as anywhere."""
        async with cancel_on_disconnect(Server().receive) as scope:
            with anyio.move_on_after(0) as limit:
                await anyio.sleep_forever()
        assert (True, False) == (limit.cancelled_caught, scope.cancel_called)

    async def test_a_task_that_asyncio_cancels(self, anyio_backend_name: str) -> None:
        """A server that shuts down cancels its tasks the old way: they end as cancelled."""
        if anyio_backend_name != "asyncio":
            pytest.skip("of asyncio")
        server = Server()

        async def handler() -> None:
            async with cancel_on_disconnect(server.receive):
                await anyio.sleep_forever()

        task = asyncio.create_task(handler())
        await wait_all_tasks_blocked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (True, 0) == (task.cancelled(), server.waiting)


@virtual_time
async def test_a_wait_gives_everything_back() -> None:
    """Hundreds of browsers leave: watches, places and the queue are empty at once, and nothing is sent any more."""
    world = World()
    ids = [world.add_project(Render(0.0, duration=1e6)) for _ in range(300)]
    simulator = Simulator(world, latency=0.1)
    ended = 0

    async def handler(client: Any, one: Any, server: Server) -> None:
        nonlocal ended
        async with cancel_on_disconnect(server.receive):
            await client.projects.wait(one, max_wait=None)
        ended += 1

    servers = [Server(EMPTY) for _ in ids]
    async with client_of(simulator) as client, anyio.create_task_group() as group:
        for one, server in zip(ids, servers, strict=True):
            group.start_soon(handler, client, one, server)
        await anyio.sleep(100.05)
        assert 300 == client.statistics().watches.watching
        for server in servers:
            server.say(LEFT)
        await wait_all_tasks_blocked()
        seen = client.statistics()
        assert (300, 0, 0, 0) == (ended, seen.watches.watching, seen.http.busy, seen.limiter.waiting)
        sent = len(simulator.log)
        await anyio.sleep(100.0)
        assert sent == len(simulator.log)
