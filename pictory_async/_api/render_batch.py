"""Batches: many renders or videos, each requested once, watched, and downloaded."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

import anyio

from pictory_async._api.pipeline import Pipeline
from pictory_async._api.results import BatchProgress, RenderResult
from pictory_async._api.submitting import Shield, Submitter
from pictory_async._gather import failure_of, first_of
from pictory_async._settings.mistakes import AsyncBlock, AsyncItems
from pictory_async.errors import LedgerError, PictoryConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable
    from types import TracebackType
    from typing import Self

    from anyio.abc import TaskGroup
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from pictory_async._api.batch_terms import BatchCalls, BatchTerms
    from pictory_async._api.batch_work import Work
    from pictory_async._http.transport import Transport
    from pictory_async._ledger.database import Database
    from pictory_async._ledger.ledger import Ledger

ResultT = TypeVar("ResultT")
_NOTHING: Final = (None, None, None)


class Batch(AsyncBlock, AsyncItems, Generic[ResultT]):
    """What batches have in common. It is used once.

    Attributes:
        run: The name of the run in the ledger; empty before the block.
    """

    _call: ClassVar[str]
    """How one is made, in messages."""

    def __init__(
        self,
        calls: BatchCalls,
        transport: Transport,
        items: Iterable[Any] | AsyncIterable[Any],
        ledger: Ledger,
        terms: BatchTerms,
        work: Callable[[Submitter], Work[ResultT]],
    ) -> None:
        self._calls = calls
        self._transport = transport
        self._items = items
        self._make_work = work
        self._ledger = ledger
        self._terms = terms
        self.run: str = ""
        self._tasks: TaskGroup | None = None
        self._submitter: Submitter | None = None
        self._pipeline: Pipeline[ResultT] | None = None
        self._fault: Exception | None = None
        self._results: MemoryObjectReceiveStream[ResultT] | None = None

    @property
    def paid(self) -> int:
        """How many renders this batch requested so far that were started.

        After the block it is the final number: a request that is in flight when the block is left is still completed.
        """
        return 0 if self._submitter is None else self._submitter.paid

    @property
    def perhaps_paid(self) -> int:
        """How many renders this batch requested besides, of which it is not known whether they were started.

        Their responses were lost, or are not there yet. At most ``paid + perhaps_paid`` renders are billed.
        """
        return 0 if self._submitter is None else self._submitter.perhaps_paid

    @property
    def progress(self) -> BatchProgress:
        """What is under way now."""
        return BatchProgress() if self._pipeline is None else self._pipeline.progress

    async def __aenter__(self) -> Self:
        if self._tasks is not None:
            raise PictoryConfigError(f"This batch was used before. Make a new one with {self._call}().")
        self._tasks = anyio.create_task_group()
        try:
            self._submitter = await self._ledger.use(self._begin)
        except BaseException:
            if self.run:
                await self._end()
            raise
        await self._tasks.__aenter__()
        send, self._results = anyio.create_memory_object_stream["ResultT"](0)
        self._tasks.start_soon(self._work, self._submitter, send)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._tasks is None or self._results is None:
            raise self._not_entered()
        self._results.close()
        self._tasks.cancel_scope.cancel()
        cancelled = isinstance(error, anyio.get_cancelled_exc_class())
        try:
            # The body's own error passes through as it is; only a cancellation concerns the task group.
            own = await (self._tasks.__aexit__(kind, error, trace) if cancelled else self._tasks.__aexit__(*_NOTHING))
        finally:
            with contextlib.suppress(*(() if error is None else (LedgerError,))):  # the body's error says more
                await self._end()
        if self._fault is not None and error is None:
            raise self._fault
        return own if cancelled else None

    def _begin(self, file: Database) -> Submitter:
        self.run = self._ledger.begin_run(file, self._transport.account, self._terms.command)
        return Submitter(self._transport, self._ledger, self.run, Shield())

    async def _end(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._ledger.use(lambda file: self._ledger.end_run(file, self.run), always=True)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ResultT:
        if self._results is None:
            raise self._not_entered()
        try:
            return await self._results.receive()
        except anyio.EndOfStream:
            pass
        except anyio.ClosedResourceError:
            raise self._not_entered() from None
        if self._fault is not None:
            raise self._fault
        raise StopAsyncIteration

    def _not_entered(self) -> PictoryConfigError:
        use = f"'async with {self._call}(..., ledger=ledger) as batch: async for result in batch: ...'"
        return PictoryConfigError(f"This batch is not running. Use it like this: {use}.")

    async def _work(self, submitter: Submitter, send: MemoryObjectSendStream[ResultT]) -> None:
        pipeline = self._pipeline = Pipeline(self._calls, submitter, self._make_work(submitter), self._terms, send.send)
        with send:
            try:
                await pipeline.run(self._items)
                self._fault = pipeline.fault
            except BaseException as error:
                self._fault = failure_of(first_of(error))
                if self._fault is None:
                    raise


class RenderBatch(Batch[RenderResult]):
    """Renders many projects, each once, and yields a result for each as soon as it is known.

    ``client.projects.render_all`` makes one. Use it as an async context manager and iterate over it inside the block.
    Results that are not taken hold up what comes next. Leaving the block stops requesting renders; those that were
    requested go on, and the same call finds them again.

    Attributes:
        run: The name of the run in the ledger; empty before the block.
    """

    _call = "client.projects.render_all"
