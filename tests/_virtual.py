"""Virtual time: hours pass in milliseconds, on asyncio and on trio.

Both clocks obey one rule: while anything can run, time stands still; when everything waits, time jumps to
the next timer. Neither waits for a socket or a thread, so a test on virtual time talks to the in-process
simulator.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

import pytest
import sniffio
import trio.lowlevel
from trio.testing import MockClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import FileDescriptorLike

# Not zero, so that code which mistakes "time zero" for "no time" fails on one of the two loops.
START = 10_000.0


class _JumpingSelector(selectors.BaseSelector):
    """Never waits for a timer: says that the time has passed."""

    def __init__(self) -> None:
        self.now = START
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return self._real.select()  # no timer is set: only a socket or a thread can go on from here
        ready = self._real.select(0)
        if not ready:
            self.now += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop whose time passes only when nothing can run."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time, in seconds."""
        return self._jumping.now

    def jump(self, seconds: float) -> None:
        """Let time pass in which nothing runs."""
        self._jumping.now += seconds


VIRTUAL_BACKENDS = ["asyncio+virtual", "trio+virtual"]

virtual_time = pytest.mark.parametrize("anyio_backend", VIRTUAL_BACKENDS, indirect=True)
"""Mark for a test, or a module's ``pytestmark``: run on the event loops with virtual time."""


def sleep_through(seconds: float) -> None:
    """Let virtual time pass in which nothing runs: the process is stopped, or the lid of the laptop is closed."""
    if sniffio.current_async_library() == "trio":
        clock: Any = trio.lowlevel.current_clock()
        clock.jump(seconds)
    else:
        loop: Any = asyncio.get_running_loop()
        loop.jump(seconds)


def backend_options(name: str) -> tuple[str, dict[str, Any]]:
    """Return anyio's backend with the options that make its time virtual; a fresh clock for each test."""
    if name == "asyncio+virtual":
        return "asyncio", {"loop_factory": VirtualTimeLoop}
    return "trio", {"clock": MockClock(autojump_threshold=0)}
