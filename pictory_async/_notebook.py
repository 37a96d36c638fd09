"""The progress of a watch, in a notebook or as lines of text."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import anyio

from pictory_async._display import table_html
from pictory_async._polling.outcome import RenderOutcome, RenderOutcomes
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from typing import Self

    from pictory_async._polling.poller import RenderPoller
    from pictory_async.models import Project

_MOST_OFTEN: Final = 0.25  # seconds between two updates
_BAR: Final = '<progress max="100" value="{:.0f}" style="width:100%;max-width:30em"></progress>'


class Shown:
    """The outcomes of a watch, while its progress is displayed; `shown` makes it."""

    def __init__(self, watch: RenderPoller, display: _Cell | _Lines) -> None:
        self._watch = watch
        self._display = display
        self._ended = RenderOutcomes()
        self._updated_at = float("-inf")

    def __aiter__(self) -> Self:
        aiter(self._watch)  # which says what is wrong, if its block was not entered
        return self

    async def __anext__(self) -> RenderOutcome[Project]:
        outcome: RenderOutcome[Project] | None = None
        error: BaseException | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow)
            try:
                outcome = await anext(self._watch)
            except Exception as failure:  # noqa: BLE001 - raised below, so that it is no group of one error
                error = failure
            tasks.cancel_scope.cancel()
        if outcome is not None:
            self._ended.append(outcome)
            self._display.ended(outcome, self._ended, len(self._watch.pending))
            self._update()
            return outcome
        self._update(last=True)
        raise StopAsyncIteration if error is None else error

    async def _follow(self) -> None:
        with suppress(PictoryConfigError):  # the watch was closed: there may be outcomes to read, but no more events
            async for _ in self._watch.subscribe():
                self._update()

    def _update(self, *, last: bool = False) -> None:
        now = anyio.current_time()
        if last or now >= self._updated_at + _MOST_OFTEN:
            self._updated_at = now
            self._display.update(self._ended, len(self._watch.pending), sum(self._watch.progress.values()))


def shown(watch: RenderPoller, *, notebook: bool | None = None) -> Shown:
    """Iterate over a watch, and display its progress: in a notebook one cell that is updated, elsewhere lines of text.

    Example::

        async with client.projects.watch(ids) as watch:
            async for outcome in shown(watch):
                ...

    The cell has a bar, a summary and a table of the outcomes; it needs no widgets. Lines go to the standard output, one
    for each outcome.

    Args:
        watch: A running watch. Other subscribers are not affected; another iteration over it would take outcomes away.
        notebook: Whether to display it in a notebook; ``None`` finds out.

    Returns:
        An async iterator of the outcomes, as the watch itself.

    Raises:
        PictoryConfigError: ``notebook`` is true, and IPython is not installed.
    """
    if notebook is None:
        # A kernel has imported it long ago. In a terminal, IPython displays HTML as nothing useful.
        ipython: Any = sys.modules.get("IPython")
        notebook = hasattr(None if ipython is None else ipython.get_ipython(), "kernel")
    return Shown(watch, _Cell() if notebook else _Lines())


class _Cell:
    """An output of a notebook that is replaced."""

    def __init__(self) -> None:
        try:
            self._ipython: Any = import_module("IPython.display")
        except ImportError:
            text = 'A display in a notebook needs an extra: pip install "pictory-async[notebook]"'
            raise PictoryConfigError(text) from None
        self._handle: Any = None

    def ended(self, outcome: RenderOutcome[Project], ended: RenderOutcomes, pending: int) -> None:
        """The table has it."""

    def update(self, ended: RenderOutcomes, pending: int, progress: float) -> None:
        """Replace what is displayed."""
        total = len(ended) + pending
        percent = (100.0 * len(ended) + progress) / total if total else 100.0
        title = f"{ended}, {pending} pending" if pending else str(ended)
        header, rows = ended.table()
        page = self._ipython.HTML(_BAR.format(percent) + table_html(title, header, rows))
        if self._handle is None:
            self._handle = self._ipython.display(page, display_id=True)
        else:
            self._handle.update(page)


class _Lines:
    """Lines on the standard output."""

    def ended(self, outcome: RenderOutcome[Project], ended: RenderOutcomes, pending: int) -> None:
        """Print an outcome."""
        reason = f": {outcome.error}" if outcome.error is not None else ""
        status = outcome.status.value.replace("_", " ")
        print(f"{len(ended)}/{len(ended) + pending} {outcome.key} {status}{reason}")  # noqa: T201 - its purpose

    def update(self, ended: RenderOutcomes, pending: int, progress: float) -> None:
        """Print nothing: a line stays."""
