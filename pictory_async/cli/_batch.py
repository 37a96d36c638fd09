"""Do the same for several ids: concurrently, and with the results in the order of the ids, as they come."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import anyio
import attrs

from pictory_async import AsyncPictory
from pictory_async.cli._client import open_client, run_until_interrupted
from pictory_async.cli._exit_codes import INTERRUPTED, SUCCESS, batch_code, command_error, debugs, ends_all, worst_code
from pictory_async.cli._progress import telling
from pictory_async.cli._results import without_id
from pictory_async.cli._stalled import stalled_error, stopping_when_stalled
from pictory_async.cli.display.text import echo_json, echo_note
from pictory_async.errors import APIError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AT_ONCE", "Batch", "run_batch"]

T = TypeVar("T")

AT_ONCE: Final = 16
"""Ids that are worked on at the same time: more than the budget allows in a second, and few if the key is revoked."""
_NAMED: Final = 10


def _no_error(_: object) -> Exception | None:
    return None


@attrs.define(kw_only=True)
class Batch(Generic[T]):
    """The same work for several ids.

    An error of one id is reported, and the others go on. An error that awaits all others too (a rejected key, a full
    disk, no network) stops the batch: it is reported once, with what was done and what remains.

    Attributes:
        ids: The ids, each once.
        get: Does the work for one id.
        show: Prints one result, and may return an exit code.
        noun: What an id stands for.
        json_id: The key of the id in JSON; then each id without a result gets a document with the error. ``None``:
            only results are printed.
        error_in: Returns the error in a result that has one.
        during: Entered during the work, to show its progress. ``None`` prints a line every few seconds.
        at_once: How many ids are worked on at the same time.
        progress: Returns what changes while the waits for the ids make progress; ``None`` if they are no waits, which
            `--stalled` is about.
        holds: Whether results are printed at the end only, because progress is drawn on the same terminal.
        found: The results and errors so far.
        stopped: The error that stopped the batch.
    """

    ids: list[str]
    get: Callable[[AsyncPictory, str], Awaitable[T]]
    show: Callable[[T], int | None]
    noun: str = "project"
    json_id: str | None = None
    error_in: Callable[[T], Exception | None] = _no_error
    during: contextlib.AbstractAsyncContextManager[None] | None = None
    at_once: int = AT_ONCE
    progress: Callable[[], object] | None = None
    holds: bool = False
    found: dict[str, T | Exception] = attrs.field(factory=dict[str, "T | Exception"], init=False)
    stopped: Exception | None = attrs.field(default=None, init=False)
    _printed: int = attrs.field(default=0, init=False)
    _code: int = attrs.field(default=SUCCESS, init=False)
    # The ids of equal errors, by the error without its id.
    _said: dict[tuple[type, str], list[str]] = attrs.field(factory=dict[tuple[type, str], list[str]], init=False)

    async def run(self, client: AsyncPictory) -> None:
        """Do all the work, or as much as is possible."""
        during, began = self.during or telling(self._line, self._count, self._share), anyio.current_time()
        moved = self.progress
        limit = (
            contextlib.nullcontext(bool) if moved is None else stopping_when_stalled(lambda: (len(self.found), moved()))
        )
        async with during, limit as stalled:
            await self._do_all(client)
        for one in self.ids if stalled() else ():
            self.found.setdefault(one, stalled_error(one, anyio.current_time() - began, self.noun))

    async def _do_all(self, client: AsyncPictory) -> None:
        left = iter(self.ids)
        async with anyio.create_task_group() as tasks:

            async def work() -> None:
                for one in left:
                    await self._do(client, one)
                    if self.stopped is not None:
                        tasks.cancel_scope.cancel()
                        return

            for _ in range(min(self.at_once, len(self.ids))):
                tasks.start_soon(work)

    async def _do(self, client: AsyncPictory, one: str) -> None:
        result: T | Exception
        try:
            result = await self.get(client, one)
        except Exception as raised:  # noqa: BLE001 - one failure must not end the others
            result = raised
        self.found[one] = result
        error = self._error(result)
        if self.stopped is None and error is not None and ends_all(error):
            self.stopped = error
        if not self.holds:
            self._print()

    def finish(self, *, interrupted: bool) -> int:
        """Print what is not printed yet, and return the exit code.

        Args:
            interrupted: Whether a signal ended the work.
        """
        self._print()
        while self._printed < len(self.ids):  # what follows an id without a result
            self._print_missing(self.ids[self._printed])
            self._printed += 1
            self._print()
        for first, *others in self._said.values():
            if others:
                names = ", ".join(others[:_NAMED]) + (", …" if len(others) > _NAMED else "")
                echo_note(f"The same as for {first!r} for {len(others)} more: {names}")
        if len(self.ids) > 1 and (interrupted or self.stopped is not None):
            echo_note(f"{'Interrupted' if interrupted else 'Stopped'}: {self.summary}.")
        errors = [self._error(result) for result in self.found.values()]
        return INTERRUPTED if interrupted else batch_code(self._code, errors)

    @property
    def summary(self) -> str:
        """How many ids are done, failed and remain."""
        errors = [self._error(result) for result in self.found.values()]
        failed = sum(error is not None and not ends_all(error) for error in errors)
        done = errors.count(None)
        total = len(self.ids)
        left = total - done - failed
        parts = [f"{done} of {total} {self.noun}s done", f"{failed} failed", f"{left} remain{'s' if left == 1 else ''}"]
        return ", ".join(part for part in parts if not part.startswith("0 f") and not part.startswith("0 r"))

    def failures(self) -> Iterator[tuple[str, str]]:
        """Yield each id without a whole result, and why, in the order of the ids."""
        for one in self.ids:
            text = self._why(one)
            if text is not None:
                yield one, text

    def _why(self, one: str) -> str | None:
        if one in self.found:
            error = self._error(self.found[one])
            return None if error is None else command_error(error, debug=False).message
        if self.stopped is not None:
            return f"Not done, because of an earlier error: {command_error(self.stopped, debug=False).message}"
        return "Not done, because the command was interrupted."

    def _line(self) -> str:
        return f"{len(self.found)} of {len(self.ids)} {self.noun}s done"

    def _count(self) -> int:
        return self._printed

    def _share(self) -> float:
        return len(self.found) / len(self.ids)

    def _error(self, result: T | Exception) -> Exception | None:
        return result if isinstance(result, Exception) else self.error_in(result)

    def _print(self) -> None:
        while self._printed < len(self.ids) and (one := self.ids[self._printed]) in self.found:
            self._printed += 1
            result = self.found[one]
            if isinstance(result, Exception):
                self._print_missing(one)
            else:
                self._code = worst_code(self._code, self.show(result) or SUCCESS)
            error = self._error(result)
            # What was in flight when the batch stopped fails alike, and is not done.
            if error is not None and (error is self.stopped or not ends_all(error)):
                self._code = worst_code(self._code, self._report(one, error))

    def _print_missing(self, one: str) -> None:
        if self.json_id is not None:
            echo_json({self.json_id: one, "error": self._why(one)})

    def _report(self, one: str, error: Exception) -> int:
        """Print an error, unless an equal one was printed, and return its exit code."""
        shown = command_error(error, debug=debugs())
        said = False
        if isinstance(error, APIError) and not isinstance(error, NotFoundError):
            alike = self._said.setdefault((type(error), without_id(shown.message.replace(one, ""))), [])
            said = bool(alike)
            alike.append(one)
        if not said:
            shown.show()
        return shown.exit_code


def run_batch(base_url: str | None, batch: Batch[T]) -> int:
    """Run a batch with a client of its own, and return the exit code."""

    async def work() -> None:
        async with open_client(base_url) as client:
            await batch.run(client)

    return batch.finish(interrupted=run_until_interrupted(work))
