"""Requests that cost money, each sent once, with a ledger: for the renders and the videos of a batch."""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import attrs

from pictory_async._api.job_search import newest_job
from pictory_async._api.settled import lost_error
from pictory_async._http.transport import Transport
from pictory_async._ledger.ledger import Ledger
from pictory_async._ledger.renders import Decision, Intent, Renders, RenderState, Wish
from pictory_async.errors import (
    APIError,
    PictoryConfigError,
    RateBudgetError,
    RateLimitedError,
    RenderSubmitUncertainError,
    VideoSubmitUncertainError,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from pictory_async._api.batch_work import BatchJob, Handle, Work
    from pictory_async._ledger.database import Database

_TRIES: Final = 10  # a 429 says that nothing was started, and the limiter then waits
_PATIENCE: Final = 15.0  # seconds that a request in flight has left when its caller is cancelled


class Shield:
    """Lets requests that cost money come to their end, within some seconds, when their caller is cancelled."""

    def __init__(self) -> None:
        self._scopes: set[anyio.CancelScope] = set()
        self._deadline = math.inf

    async def watch(self) -> None:
        """Wait for the cancellation; a task of the caller's does this all the time."""
        try:
            await anyio.sleep_forever()
        finally:
            self._deadline = anyio.current_time() + _PATIENCE
            for scope in self._scopes:
                scope.deadline = self._deadline

    @contextlib.contextmanager
    def over(self) -> Generator[None]:
        """Enter a block that is not cancelled from outside, but ends at the deadline."""
        with anyio.CancelScope(shield=True, deadline=self._deadline) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)


@attrs.define
class Submitter:
    """Requests renders for one run, one after the other, so that at most one request is unanswered at any time.

    Attributes:
        transport: What sends the requests.
        ledger: Where everything is entered before it is done.
        run: The run.
        shield: Lets a request that was begun come to its end.
        paid: How many renders were started: their jobs are known, or they were seen.
        perhaps_paid: How many requests were sent, or are being sent, of which it is not known whether they started a
            render.
        turns: Held while a request is under way, whose job is not known yet.
    """

    transport: Transport
    ledger: Ledger
    run: str
    shield: Shield
    paid: int = 0
    perhaps_paid: int = 0
    turns: anyio.Lock = attrs.field(factory=anyio.Lock, init=False)
    _newest_job: str | None = attrs.field(default=None, init=False)
    _knows_jobs: bool = attrs.field(default=False, init=False)

    async def decide(self, wish: Wish) -> tuple[Decision, Intent | None]:
        """Enter what is to be requested, or find what became of it before."""
        is_alive = self.ledger.is_alive
        return await self.ledger.use(lambda file: self.renders(file).decide(wish, self.run, is_alive))

    async def is_busy(self, intent: Intent) -> bool:
        """Whether another run is still at a render."""
        return await self.ledger.use(lambda file: self.renders(file).is_busy(intent, self.ledger.is_alive))

    async def is_answered(self, intent: Intent) -> bool:
        """Whether another run that was taken for dead has entered the response to its request meanwhile."""
        return await self.ledger.use(lambda file: self.renders(file).has_job(intent))

    def renders(self, file: Database) -> Renders:
        """What the ledger knows, in a thread. Made anew each time: it may have been closed and opened again."""
        return Renders(file, self.transport.base_url)

    async def submit(self, job: BatchJob, intent: Intent, work: Work[Any]) -> Handle:
        """Request something, once.

        Args:
            job: What it is for; it gets the entry in the ledger, and, if the response was lost, the cause.
            intent: Its entry in the ledger.
            work: Sends the request.

        Returns:
            Its handle; without a job if the response was lost.

        Raises:
            APIError: The request had no effect. It is forgotten: the same call may send it again.
            RateBudgetError: The request was not sent. It is forgotten too.
            PictoryConfigError: The client was closed, so it was not sent. It is forgotten too.
            TakenOverError: It was not sent, because another run has this render now.
        """
        async with self.turns:
            marker = await self._marker()
            now = datetime.now(UTC)
            with self.shield.over():
                job.intent = asked = await self.ledger.use(lambda file: self.renders(file).ask(intent, marker, now))
                self.perhaps_paid += 1  # before the request: it can be cut off, and still have an effect
                try:
                    handle = await self._sent(job, work)
                except (RenderSubmitUncertainError, VideoSubmitUncertainError) as error:
                    job.cause = error.cause
                    return error.handle
                except (APIError, RateBudgetError, PictoryConfigError):
                    self.prove(started=False)
                    await self.ledger.use(lambda file: self.renders(file).forget(intent))
                    raise
                self.prove(started=True)
                self._newest_job = handle.job_id
                await self.settle(asked, RenderState.STARTED, job=handle.job_id)
                return handle
            await anyio.sleep_forever()  # the time after a cancellation is over, and this is cancelled at once
            raise AssertionError  # pragma: no cover - for type checkers

    async def _sent(self, job: BatchJob, work: Work[Any]) -> Handle:
        for left in reversed(range(_TRIES)):
            try:
                handle = await work.send(job)
                break
            except RateLimitedError:
                if not left:
                    raise
        else:
            raise AssertionError  # pragma: no cover - for type checkers
        known = await self.ledger.use(lambda file: self.renders(file).known_jobs([str(handle.job_id)]))
        return _new(handle, work.handle(job), known={*known, cast("Intent", job.intent).marker})

    def prove(self, *, started: bool) -> None:
        """Take in whether a request of this run had an effect, as soon as that is known."""
        self.perhaps_paid -= 1
        self.paid += started

    async def _marker(self) -> str | None:
        """The newest job that is known; before the first request, the account's newest one."""
        if not self._knows_jobs:
            # A key that may not read the list can render all the same; what gets lost then stays uncertain.
            self._newest_job = await newest_job(self.transport)
            self._knows_jobs = True
        return self._newest_job

    async def settle(self, intent: Intent, state: RenderState, *, job: str | None, reason: str | None = None) -> None:
        """Enter what became of a render."""
        await self.ledger.use(lambda file: self.renders(file).settle(intent, state, job=job, reason=reason))


def _new(handle: Handle, asked: Handle, known: set[str | None]) -> Handle:
    if handle.job_id not in known:
        return handle
    cause = f"The response names job {handle.job_id!r}, which was there before."
    raise lost_error(asked, cause, cause)
