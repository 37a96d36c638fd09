"""Virtual time on asyncio, for the tests of users: it jumps, but never past work that is going on elsewhere."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
import trio
import trio.testing

from pictory_async.testing import Render, Simulator, VirtualClock, plugin, virtual_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pictory_clock = plugin.pictory_clock


def run(main: Callable[[], Awaitable[Any]]) -> Any:
    """Run on virtual time as a user's program would."""

    async def call() -> Any:
        return await main()

    with asyncio.Runner(loop_factory=virtual_time) as runner:
        return runner.run(call())


def a_moment() -> str:
    """Block the thread so long that a clock that jumps would have jumped."""
    threading.Event().wait(0.05)
    return "done"


async def in_anyio_thread(work: Callable[[], Any]) -> Any:
    return await anyio.to_thread.run_sync(work)


async def in_asyncio_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


threads = pytest.mark.parametrize("in_thread", [in_anyio_thread, in_asyncio_thread])


def test_half_an_hour_passes_at_once(pictory_clock):
    """The clock begins at 0, and a render takes the time that it takes."""

    async def main() -> None:
        assert 0.0 == pictory_clock.now()
        simulator = Simulator()
        project_id = simulator.world.add_project(Render(0.0, duration=1800.0))
        async with simulator.client() as pictory:
            await pictory.projects.wait(project_id, max_wait=3600.0)
        assert 1800.0 <= pictory_clock.now() < 1830.0

    run(main)


@threads
def test_time_stands_still_while_a_thread_works(in_thread):
    """A time limit does not end what a thread does, though a timer is set, and the thread's work takes no time."""

    async def main() -> str:
        async with asyncio.timeout(0.001):
            found = await in_thread(a_moment)
        assert 0.0 == VirtualClock().now()
        await asyncio.sleep(100.0)  # the thread is idle, and does not hold up time
        assert pytest.approx(100.0) == VirtualClock().now()
        return str(found)

    assert "done" == run(main)


@threads
def test_a_thread_that_waits_for_the_loop_does_not_stop_time(in_thread):
    """A thread that calls the loop gets its answer after half an hour, at once."""

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def ask() -> None:
            asyncio.run_coroutine_threadsafe(asyncio.sleep(1800.0), loop).result()
            a_moment()

        await in_thread(ask)
        assert pytest.approx(1800.0) == VirtualClock().now()

    run(main)


def test_a_thread_may_call_through_anyio():
    """The same for ``anyio.from_thread.run``, while another thread works too."""

    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, partial(anyio.from_thread.run, anyio.sleep, 1800.0))
            tasks.start_soon(anyio.to_thread.run_sync, a_moment)
        assert pytest.approx(1800.0) == VirtualClock().now()

    run(main)


def test_a_call_that_was_cancelled_does_not_stop_time():
    """A thread whose result nobody waits for does not hold up the others."""
    go_on = threading.Event()

    async def main() -> None:
        call = asyncio.ensure_future(asyncio.to_thread(go_on.wait))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        await asyncio.sleep(1800.0)
        go_on.set()

    run(main)


def test_time_does_not_jump_while_a_socket_is_open():
    """A server in another thread may take its time: the limit of an hour does not strike in between."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with listener, connection:
            a_moment()
            connection.sendall(b"hello")

    async def main() -> bytes:
        async with asyncio.timeout(3600.0):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            found = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert VirtualClock().now() < 3600.0
        await asyncio.sleep(7200.0)  # nothing is open any more
        return found

    server = threading.Thread(target=serve)
    server.start()
    assert b"hello" == run(main)
    server.join()


def test_a_timer_ends_in_time_while_a_socket_is_open():
    """Time goes on while nothing comes."""
    left, right = socket.socketpair()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(left, bytes)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        assert pytest.approx(0.01) == VirtualClock().now()
        loop.add_writer(left, loop.remove_writer, left)
        await asyncio.sleep(0.01)
        loop.remove_reader(left)

    with left, right:
        run(main)


@pytest.mark.parametrize("shell", [False, True])
def test_time_does_not_jump_while_a_program_runs(shell):
    """A program without pipes takes the time that it takes."""

    async def main() -> int | None:
        async with asyncio.timeout(3600.0):
            if shell:
                program = await asyncio.create_subprocess_shell("exit 7")
            else:
                program = await asyncio.create_subprocess_exec(sys.executable, "-c", "raise SystemExit(7)")
            code = await program.wait()
        await asyncio.sleep(7200.0)
        return code

    assert 7 == run(main)


def test_a_jump_is_time_in_which_nothing_runs():
    """A sleeper that should have woken in between wakes late."""

    async def main() -> float:
        clock = VirtualClock()

        async def jump() -> None:
            clock.jump(3600.0)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(60.0))
            tasks.create_task(jump())
        with pytest.raises(ValueError, match="Time cannot go back"):
            clock.jump(-1.0)
        return clock.now()

    assert 3600.0 == run(main)


def test_the_clock_is_also_trios():
    """On trio, it is that of the MockClock."""

    async def main() -> float:
        await trio.sleep(1800.0)
        VirtualClock().jump(10.0)
        return VirtualClock().now()

    assert pytest.approx(1810.0) == trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize("start", [asyncio.run, lambda main: trio.run(lambda: main)])
def test_real_time_has_no_virtual_clock(start):
    """The error says what to do."""

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"pictory_async\.testing\.virtual_time"):
            VirtualClock().now()
        with pytest.raises(RuntimeError, match=r"pictory_async\.testing\.virtual_time"):
            VirtualClock().jump(1.0)

    start(main())


@pytest.mark.parametrize("has_trio", [False, True])
def test_no_loop_has_no_virtual_clock(monkeypatch, has_trio):
    """Outside of an event loop, the same; trio need not be installed."""
    if not has_trio:
        monkeypatch.delitem(sys.modules, "trio")
    with pytest.raises(RuntimeError, match="no virtual time"):
        VirtualClock().now()
