"""Processes that take turns: each stops before every system call, until it is its turn.

A process is a thread with an event loop and a clock of its own. Only one runs at a time, so a seed determines what
happens, to the last system call.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

import anyio
import trio
import trio.testing
from anyio import to_thread

from tests._systems import Killed, Watched

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable

    from tests.lab.filing._plan import Call

_HANGING: Final = 120.0


class Process(Watched):
    """One process, and the operating system as it sees it.

    Args:
        stage: Where it takes turns.
        name: What reports call it.
        calls: Its calls, to be repeated if it is killed.
        main: What it does.

    Attributes:
        dead: Whether it was killed.
        crash: What ended it although nobody killed it.
    """

    def __init__(
        self, stage: Stage, name: str, calls: tuple[Call, ...], main: Callable[[Process], Awaitable[None]]
    ) -> None:
        super().__init__(self._wait)
        self.name = name
        self.calls = calls
        self.dead = False
        self.crash: BaseException | None = None
        self._stage = stage
        self._main = main
        self._thread = threading.Thread(target=self._run, daemon=True)
        stage.enter(self)
        self._thread.start()

    def _wait(self, _number: int, call: str) -> None:
        if not self.dead:
            self._stage.wait(self, call)
        if self.dead:
            raise Killed

    def sleep(self, seconds: float) -> None:
        """Let others have their turns."""
        self._wait(0, f"sleep {seconds}")

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write bytes, at a time of its own: the kernel's clock is too coarse to tell two turns apart."""
        written = super().write(descriptor, data)
        moment = self._stage.moment()
        os.utime(descriptor, ns=(moment, moment))
        return written

    def kill(self) -> None:
        """Kill it, while it waits for its turn: from now on, nothing that it calls has an effect."""
        self.dead = True
        self.bury()

    def _run(self) -> None:
        clock = trio.testing.MockClock()
        try:
            trio.run(self._live, clock, clock=clock)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
            self.crash = error
        finally:
            self.bury()
            self._stage.leave(self)

    async def _live(self, clock: trio.testing.MockClock) -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_keep_time, clock)
                try:
                    await self._main(self)
                except BaseException as error:
                    if self.dead:
                        scope.cancel()
                        return
                    raise error from None
                tasks.cancel_scope.cancel()


async def _keep_time(clock: trio.testing.MockClock) -> None:
    """Jump to the next timer when every task waits, and no thread works."""
    limiter = to_thread.current_default_thread_limiter()
    limiter.total_tokens = 1
    while True:
        async with limiter:  # nobody else has a thread now
            await trio.testing.wait_all_tasks_blocked()
            due = trio.lowlevel.current_statistics().seconds_to_next_deadline
            if not limiter.statistics().tasks_waiting and due < float("inf"):
                clock.jump(due)
        await anyio.lowlevel.checkpoint()


class Stage:
    """Gives turns to processes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: set[Process] = set()
        self._waiting: dict[Process, str] = {}
        self._ended: list[Process] = []
        self._moment = 1_770_000_000_123_456_789

    def enter(self, process: Process) -> None:
        """Take in a process that begins."""
        with self._changed:
            self._running.add(process)

    def leave(self, process: Process) -> None:
        """Take in that a process has ended."""
        with self._changed:
            self._running.discard(process)
            self._ended.append(process)
            self._changed.notify_all()

    def ended(self) -> list[Process]:
        """Those that ended since this was asked last."""
        with self._changed:
            ended, self._ended = self._ended, []
            return ended

    def wait(self, process: Process, call: str) -> None:
        """Wait for the turn of a process; called by its thread."""
        with self._changed:
            self._running.discard(process)
            self._waiting[process] = call
            self._changed.notify_all()
            while process in self._waiting:
                self._changed.wait()

    def moment(self) -> int:
        """A time that no other file has, in nanoseconds."""
        with self._changed:
            self._moment += 1_000_001
            return self._moment

    def waiting(self) -> dict[Process, str]:
        """The processes that wait for a turn, and the call before which they do, when none is running any more.

        Raises:
            TimeoutError: A process hangs.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._running, _HANGING):
                raise TimeoutError(f"{[process.name for process in self._running]} do nothing")
            return dict(self._waiting)

    def let(self, process: Process) -> None:
        """Give a process its turn."""
        with self._changed:
            del self._waiting[process]
            self._running.add(process)
            self._changed.notify_all()


def pick(chance: random.Random, waiting: dict[Process, str]) -> Process:
    """Draw whose turn it is; who only waits for a lock is seldom drawn."""
    processes = sorted(waiting, key=lambda process: process.name)
    weights = [1 if waiting[process].startswith("sleep") else 10 for process in processes]
    return chance.choices(processes, weights)[0]
