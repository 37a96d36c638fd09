"""Calls of one client that would write the same file take turns, and share what the first one wrote."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio
import attrs

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


class Turns(Generic[T]):
    """The files that calls are writing."""

    def __init__(self) -> None:
        self._files: dict[Hashable, _File[T]] = {}

    @asynccontextmanager
    async def take(self, key: Hashable) -> AsyncGenerator[Turn[T]]:
        """Wait until no other call is writing the file."""
        file = self._files.setdefault(key, _File[T]())
        turn = Turn(file)
        file.users += 1
        try:
            async with file.lock:
                turn.begin()
                yield turn
        finally:
            file.users -= 1
            if not file.users:
                del self._files[key]
