"""Takes ids from a source of the caller's own, as long as there is room for what it gives."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

import anyio

from pictory_async._gather import failure_of
from pictory_async._log import LogEvent, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from pictory_async._polling.targets import Arriving, Target

_AHEAD: Final = 1000  # ids that are taken before what came of the first ones was read


class Intake:
    """Watches what arrives.

    Args:
        arriving: The source.
        add: Watches one target.
        count: How many are pending or unread.

    Attributes:
        running: Whether there may be more to come.
    """

    def __init__(self, arriving: Arriving, add: Callable[[Target], object], count: Callable[[], int]) -> None:
        self.running: bool = True
        self._arriving = arriving
        self._add = add
        self._count = count
        self._room = anyio.Event()
        self._scope = anyio.CancelScope()

    async def run(self) -> Exception | None:
        """Take everything, and return the error of the source if it failed; what it gave before is waited for."""
        ids = aiter(self._arriving.source)
        try:
            with self._scope:
                async for one in ids:
                    if not self.running:
                        break
                    self._add(self._arriving.target(one))
                    while self._count() >= _AHEAD:
                        self._room = anyio.Event()
                        await self._room.wait()
        except BaseException as error:
            failure = failure_of(error)
            if failure is None:
                raise
            text = "no more projects are taken from the source: %s. The error is raised when the watch's block ends"
            write(LogEvent.IDS_FAILED, text, type(error).__name__, failure=error)
            return failure
        finally:
            self.running = False
            if isinstance(ids, AsyncGenerator):
                await ids.aclose()
        return None

    def make_room(self) -> None:
        """Take in that something ended, or was read."""
        self._room.set()

    def stop(self) -> None:
        """Take nothing more."""
        self.running = False
        self._scope.cancel()
