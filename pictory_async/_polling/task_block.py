"""The tasks of one `async with` block, which end with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from types import TracebackType

    from anyio.abc import TaskGroup

_LEFT_ELSEWHERE: Final = (
    "This watch was left in another task than the one that entered it. That happens when its block is inside an async "
    "generator whose reader stops early. Let the reader close the generator: "
    "'async with contextlib.aclosing(outcomes()) as found: async for outcome in found: ...'."
)


class TaskBlock:
    """The task group of one block, and the first error in it, which is raised when the block is left.

    Attributes:
        tasks: The task group.
    """

    __slots__ = ("_fault", "_home", "tasks")

    tasks: TaskGroup

    def __init__(self) -> None:
        self._fault: Exception | None = None

    async def enter(self) -> None:
        """Enter the block."""
        self._home = anyio.get_current_task().id
        self.tasks = anyio.create_task_group()
        await self.tasks.__aenter__()

    def note(self, error: Exception | None) -> None:
        """Take in an error, if there is one. The first one counts."""
        self._fault = self._fault or error

    def fail(self, error: Exception) -> None:
        """End the block because of an error. It is not raised here: another caller's task may have met it."""
        self.note(error)
        self.tasks.cancel_scope.cancel()

    async def leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Leave the block, which its body did with this error or none; returns and raises as ``__aexit__`` does."""
        tasks = self.tasks
        if anyio.get_current_task().id != self._home:
            # A task group cancels the task that entered it. That one left the block long ago, and must not be hit.
            raise PictoryConfigError(_LEFT_ELSEWHERE) from error
        tasks.cancel_scope.cancel()
        # The body's own error passes through as it is; only a cancellation concerns the task group.
        cancelled = isinstance(error, anyio.get_cancelled_exc_class())
        try:
            own = await (tasks.__aexit__(kind, error, trace) if cancelled else tasks.__aexit__(None, None, None))
        except BaseExceptionGroup as group:
            if len(group.exceptions) == 1:
                raise group.exceptions[0] from None
            raise
        if self._fault is not None and (error is None or (cancelled and own)):
            raise self._fault from None
        return own if cancelled else None
