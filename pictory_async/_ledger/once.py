"""Calls in worker threads that come to their end, whatever happens to the task that waits for them."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import anyio
from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Once(Generic[T]):
    """A call that is made by the first thread that gets to it; the others wait for its end."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._turn = threading.Lock()  # never released
        self._ended = threading.Event()

    @property
    def has_ended(self) -> bool:
        """Whether the call was made, or given up."""
        return self._ended.is_set()

    def make(self) -> T | None:
        """Make the call, or wait for its end."""
        if not self._turn.acquire(blocking=False):
            self._ended.wait()
            return None
        try:
            return self._call()
        finally:
            self._ended.set()

    def give_up(self) -> bool:
        """Let nobody make the call; ``False`` if it has begun."""
        if not self._turn.acquire(blocking=False):
            return False
        self._ended.set()  # for a thread that comes to it later
        return True


async def in_thread(call: Callable[[], T], *, always: bool = False) -> T:
    """Make a call in a worker thread, and return when it has ended.

    A shield of anyio does not hold off ``asyncio.Task.cancel``: the thread would go on alone, and its caller would
    clean up before it. So a cancellation of any kind is raised when the call has ended, or if it has not begun.

    Args:
        call: What to do.
        always: Whether it is done even if this is cancelled before it has begun. Its error is then dropped.
    """
    once = Once(call)
    try:
        return cast("T", await to_thread.run_sync(once.make))
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            while not (once.has_ended or (not always and once.give_up())):
                with contextlib.suppress(anyio.get_cancelled_exc_class(), Exception):
                    await to_thread.run_sync(once.make)
        raise
