"""Virtual time on asyncio: an event loop whose clock jumps to the next timer when everything waits."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread
import selectors
import sys
import threading
import time
from types import CellType
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple, Unpack, cast

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable, Coroutine, Mapping

    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# Not zero, so that code which mistakes "time zero" for "no time" fails.
_START: Final = 10_000.0
_GLANCE: Final = 0.01  # seconds after which a thread that works may have begun to wait for the loop, unannounced
_OF_EXECUTORS: Final = cast("Any", concurrent.futures.thread)._threads_queues  # noqa: SLF001 - the threads, by themselves
_EMPTY: Final = CellType()
_NO_CLOCK: Final = (
    "This event loop has no virtual time. Make it with pictory_async.testing.virtual_time; on trio, use a MockClock. "
    "The page 'Testing your app' shows how to do so with pytest-asyncio and with anyio."
)


def virtual_time() -> asyncio.AbstractEventLoop:
    """Make an asyncio event loop whose time passes only when nothing can run: it jumps to the next timer.

    So half an hour of rendering takes milliseconds. Use it as a loop factory::

        with asyncio.Runner(loop_factory=virtual_time) as runner:
            runner.run(main())

    Its time does what it should when the work is not only on the loop:

    - While a thread of `anyio.to_thread.run_sync`, `asyncio.to_thread` or ``loop.run_in_executor`` works, time stands
      still: such work takes no time, and no time limit can end it. A thread that waits for the loop, as with
      `anyio.from_thread.run`, does not work. A thread that was cancelled with ``run_in_executor`` does not count.
    - While a real socket or pipe is open on the loop, or a subprocess runs, time passes as on the clock on the wall, so
      that no time limit ends a real exchange too early. Nothing jumps until it is closed.

    Threads that you start yourself are not seen. The loop works on every system, and needs no other package.

    Returns:
        A new event loop; the caller closes it.
    """
    return VirtualTimeLoop()


class VirtualClock:
    """The virtual time of the event loop that runs the test: on asyncio that of `virtual_time`, on trio a MockClock.

    The fixture ``pictory_clock`` is one.
    """

    def now(self) -> float:
        """Return how much time has passed since the event loop began, in seconds.

        Raises:
            RuntimeError: No event loop with virtual time is running in this thread.
        """
        clock = _running_clock()
        if isinstance(clock, VirtualTimeLoop):
            return clock.time() - _START
        return float(clock.current_time())

    def jump(self, seconds: float) -> None:
        """Let time pass at once, while nothing runs: as if the process was stopped, or the laptop slept.

        To let time pass while tasks run, sleep: ``await asyncio.sleep(1800)`` takes no real time.

        Args:
            seconds: How much time passes.

        Raises:
            RuntimeError: No event loop with virtual time is running in this thread.
            ValueError: ``seconds`` is negative.
        """
        clock = _running_clock()
        if not seconds >= 0.0:
            raise ValueError(f"Time cannot go back: seconds must be at least 0, not {seconds!r}.")
        clock.jump(seconds)


def _running_clock() -> Any:
    """Return the loop, or trio's clock: both can ``jump``."""
    try:
        clock: Any = asyncio.get_running_loop()
    except RuntimeError:
        trio = sys.modules.get("trio")
        clock = trio.lowlevel.current_clock() if trio is not None and trio.lowlevel.in_trio_run() else None
    if not hasattr(clock, "jump"):
        raise RuntimeError(_NO_CLOCK)
    return clock


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop of `virtual_time`."""

    def __init__(self) -> None:
        self._waiting = _JumpingSelector(self._threads_work, self._child_runs)
        self._calls: set[asyncio.Future[Any]] = set()
        self._asked: dict[concurrent.futures.Future[Any], threading.Thread] = {}
        self._starting = 0
        self._children: list[asyncio.SubprocessTransport] = []
        super().__init__(self._waiting)
        self._waiting.ignore_what_is_open()

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._waiting.now

    def jump(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._waiting.now += seconds

    def run_in_executor(
        self, executor: concurrent.futures.Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread or process, during which time stands still."""
        call = super().run_in_executor(executor, func, *args)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return call

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Call something soon, also from another thread; and note for what that thread can wait then."""
        asked = _result_of(callback)
        if asked is not None:
            self._asked[asked] = threading.current_thread()
            # The loop sets the result itself, so that it never takes a thread that can go on for one that waits.
            asked.add_done_callback(self._asked.pop)
        return super().call_soon_threadsafe(callback, *args, context=context)

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        """Start a program, during which time passes as it really does."""
        return await self._start(super().subprocess_exec(*args, **options))

    async def subprocess_shell(self, *args: Any, **options: Any) -> Any:
        """Start a command, during which time passes as it really does."""
        return await self._start(super().subprocess_shell(*args, **options))

    async def _start(
        self, start: Coroutine[Any, Any, tuple[asyncio.SubprocessTransport, Any]]
    ) -> tuple[asyncio.SubprocessTransport, Any]:
        self._starting += 1
        try:
            transport, protocol = await start
        finally:
            self._starting -= 1
        self._children.append(transport)
        return transport, protocol

    def _child_runs(self) -> bool:
        self._children = [child for child in self._children if child.get_returncode() is None]
        return bool(self._starting or self._children)

    def _threads_work(self) -> bool:
        busy = [thread for thread in threading.enumerate() if _is_busy(thread, self)]
        if not busy and not self._calls:
            return False
        asked = [asked for asked, thread in tuple(self._asked.items()) if thread in busy or thread in _OF_EXECUTORS]
        return len(busy) + len(self._calls) > sum(map(_is_awaited, asked))


def _is_busy(thread: Any, loop: asyncio.AbstractEventLoop) -> bool:
    # anyio's threads do not go through the loop. The event loop alone adds to the idle ones, after a result was passed
    # to it, so that there is no moment at which a thread has finished and its result is not there.
    if getattr(thread, "loop", None) is not loop or not hasattr(thread, "idle_workers"):
        return False
    return not thread.stopping and thread not in thread.idle_workers


def _result_of(callback: Any) -> Any:
    """The future for which a thread can wait after it asked a loop for something; ``None`` if there is none."""
    cells = getattr(callback, "__closure__", None) or ()
    found: Any = (cell.cell_contents for cell in cells if cell != _EMPTY)
    for value in found:
        if isinstance(value, cast("Any", concurrent.futures.Future)):
            return value
    return None


def _is_awaited(asked: Any) -> bool:
    # The stacks of the threads would tell it too, but Python 3.11 can crash if they change while they are looked at.
    return not asked.done() and bool(asked._condition._waiters)  # noqa: SLF001 - the only way


class _JumpingSelector(selectors.BaseSelector):
    """Never waits for a timer if it need not: says that the time has passed."""

    def __init__(self, threads_work: Callable[[], bool], child_runs: Callable[[], bool]) -> None:
        self.now = _START
        self._real = selectors.DefaultSelector()
        self._threads_work = threads_work
        self._child_runs = child_runs
        self._own = 0

    def ignore_what_is_open(self) -> None:
        """Note that what is open now is the loop's own: the socket with which it is woken."""
        self._own = len(self._real.get_map())

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return self._real.select(timeout)  # no timer is set, or something can run
        ready = self._while_threads_work()
        if ready:
            return ready
        if len(self._real.get_map()) > self._own or self._child_runs():
            began = time.monotonic()
            ready = self._real.select(timeout)
            self.now += min(time.monotonic() - began, timeout) if ready else timeout
            return ready
        self.now += timeout
        return ready

    def _while_threads_work(self) -> list[tuple[selectors.SelectorKey, int]]:
        while True:
            # In this order: a thread that asks the loop first leaves its question, and then waits for the answer.
            working = self._threads_work()
            ready = self._real.select(_GLANCE if working else 0)
            if ready or not working:
                return ready
