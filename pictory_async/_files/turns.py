"""Calls of one process that would write the same file take turns, and share what the first one wrote."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import anyio
import attrs
from anyio.lowlevel import current_token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable

T = TypeVar("T")


@attrs.define(eq=False)
class _File(Generic[T]):
    users: int = 0
    results: list[T] = attrs.field(factory=list[T])
    lock: anyio.Lock = attrs.field(factory=anyio.Lock)


class Turn(Generic[T]):
    """The turn of one call.

    Attributes:
        shared: What another call wrote while this one waited; ``None`` if this call has to do it.
    """

    def __init__(self, file: _File[T]) -> None:
        self._file = file
        self._before = len(file.results)
        self.shared: T | None = None

    def begin(self) -> None:
        """Look for what was written during the wait."""
        self.shared = self._file.results[-1] if len(self._file.results) > self._before else None

    def share(self, result: T) -> None:
        """Share a result with the calls that wait."""
        self._file.results.append(result)


# The files that calls are writing, by event loop: its objects must not be used by another one.
_files: Final[dict[Hashable, _File[Any]]] = {}
# Those that an event loop is writing now. Clients of several threads can write to one directory.
_written: Final[dict[Hashable, Turn[Any]]] = {}
_PAUSE: Final = 0.05  # seconds


@asynccontextmanager
async def take_turn(key: Hashable) -> AsyncGenerator[Turn[Any]]:
    """Wait until no other call of this process is writing the file."""
    own = (current_token(), key)
    file = _files.setdefault(own, _File[Any]())
    turn = Turn(file)
    file.users += 1
    try:
        async with file.lock:
            while _written.setdefault(key, turn) is not turn:  # noqa: ASYNC110 - an event belongs to one event loop
                await anyio.sleep(_PAUSE)
            try:
                turn.begin()
                yield turn
            finally:
                del _written[key]
    finally:
        file.users -= 1
        if not file.users:
            del _files[own]
