"""The limit on a standstill, `--stalled`: a wait in which nothing changes any more is ended."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import anyio

from pictory_async.cli._given import given
from pictory_async.cli.display.text import as_duration
from pictory_async.errors import WaitTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from pictory_async import ProjectId

__all__ = ["failing_when_stalled", "stalled_error", "stopping_when_stalled"]

_LOOK_EVERY: Final = 1.0  # seconds between two looks whether anything has changed


def stalled_error(one: ProjectId, waited: float, noun: str = "project") -> WaitTimeoutError:
    """Return the error of a wait that was ended because nothing changed any more.

    Args:
        one: What was waited for.
        waited: How long, in seconds.
        noun: What the id stands for.
    """
    text = (
        f"The wait for {noun} {one!r} ended, because nothing had changed for {as_duration(given('stalled'))} "
        "(--stalled). It may still finish: wait again."
    )
    return WaitTimeoutError(text, project_id=one if noun == "project" else None, waited=waited)


@contextlib.asynccontextmanager
async def stopping_when_stalled(state: Callable[[], object]) -> AsyncGenerator[Callable[[], bool]]:
    """End a block when nothing has changed for the time of ``--stalled``.

    Args:
        state: Returns what changes while there is progress.

    Yields:
        What tells, after the block, whether that ended it.
    """
    with anyio.CancelScope() as moving:
        async with anyio.create_task_group() as beside:
            beside.start_soon(_notice_standstill, state, moving)
            yield lambda: moving.cancelled_caught
            beside.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def failing_when_stalled(state: Callable[[], object]) -> AsyncGenerator[None]:
    """End a block that makes a plan when nothing has changed for the time of ``--stalled``.

    Args:
        state: Returns what changes while there is progress.

    Raises:
        WaitTimeoutError: That ended it.
    """
    began = anyio.current_time()
    async with stopping_when_stalled(state) as stalled:
        yield
    if stalled():
        text = (
            f"There is no plan, because nothing had changed for {as_duration(given('stalled'))} (--stalled). Nothing "
            "was requested. Run the same command again."
        )
        raise WaitTimeoutError(text, waited=anyio.current_time() - began)


async def _notice_standstill(state: Callable[[], object], moving: anyio.CancelScope) -> None:
    limit: float | None = given("stalled")
    before: object = None
    while limit:
        seen = state()
        if seen != before:
            before, moving.deadline = seen, anyio.current_time() + limit
        await anyio.sleep(min(_LOOK_EVERY, limit / 10))
