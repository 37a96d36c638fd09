"""Videos from a table: the plan, the progress, the rows and the end of `pictory make`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs
from rich.console import Group
from rich.text import Text

from pictory_async import ResultStatus, VideoOrder, VideoResult
from pictory_async.cli._exit_codes import (
    INTERRUPTED,
    SUCCESS,
    TIMED_OUT,
    CommandError,
    batch_code,
    is_of_disk,
    timed_out_code,
    worst_code,
)
from pictory_async.cli._failures import report_failures
from pictory_async.cli._night import night
from pictory_async.cli._orders import Order
from pictory_async.cli._output_file import replace_file
from pictory_async.cli._renders import minutes_left
from pictory_async.cli._stalled import stalled_error, stopping_when_stalled
from pictory_async.cli._store import Store
from pictory_async.cli._streams import surviving
from pictory_async.cli._tables import Column, Sheet, Table
from pictory_async.cli._wording import in_command_words
from pictory_async.cli._writers import csv_file
from pictory_async.cli.display.bars import Bar, bar_grid
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import as_duration, as_size, echo_note, echo_summary, one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pictory_async import AsyncPictory, BatchProgress, VideoBatch

__all__ = ["MADE", "MadeRow", "Making", "Plan"]

_PENDING: Final = "pending"
_STILL: Final = "There is no result yet."
_INCOMPLETE: Final = "incomplete"
_SUCCESSES: Final = frozenset({ResultStatus.RENDERED, ResultStatus.UNCHANGED})
_PLANNED: Final = {
    ResultStatus.LEFT_OUT: "to make",
    ResultStatus.STARTED: "requested before",
    ResultStatus.UNCERTAIN: "requested before, perhaps in vain",
    ResultStatus.BUSY: "being made by another run",
    ResultStatus.UNCHANGED: "made before",
    ResultStatus.CHANGED: "made before with other values (--changed makes them again)",
    ResultStatus.FAILED: "failed before (--retry-failed makes them again)",
    ResultStatus.NOT_STARTED: "not started before (--retry-unstarted requests them again)",
}
_REASONS: Final = {
    ResultStatus.LEFT_OUT: "Not requested, because of a limit.",
    ResultStatus.CHANGED: "A video was made of it with other values. --changed makes another one.",
}
# What the same command continues.
_RESUMED: Final = frozenset(
    {
        *(ResultStatus.TIMED_OUT, ResultStatus.REFUSED, ResultStatus.ERROR, ResultStatus.BUSY, ResultStatus.LEFT_OUT),
    }
)


@attrs.frozen
class MadeRow:
    """What became of one row of the table.

    Attributes:
        order: The row.
        status: What became of it, or what is planned.
        result: Its result; ``None`` if there is none.
        reason: Why there is no video.
    """

    order: Order
    status: str
    result: VideoResult | None = None
    reason: str | None = None

    @classmethod
    def of(cls, order: Order, result: VideoResult) -> MadeRow:
        """Make the row of a result."""
        failed = result.error is not None and result.status in _SUCCESSES
        reason = _REASONS.get(result.status) if result.error is None else in_command_words(str(result.error))
        return cls(order, _INCOMPLETE if failed else result.status.value, result, reason)

    def fact(self, name: str) -> Any:
        """Return a fact about the video; ``None`` if it is not known."""
        return None if self.result is None else getattr(self.result.video, name, None)

    @property
    def job_id(self) -> str | None:
        """The id of the video: that of its job."""
        handle = None if self.result is None else self.result.handle
        return self.fact("job_id") or (None if handle is None else handle.job_id)

    @property
    def path(self) -> Path | None:
        """Where the video is, or the first file if that is none."""
        report = None if self.result is None else self.result.report
        return None if report is None else report.paths.get("video") or next(iter(report.paths.values()), None)

    def to_dict(self) -> dict[str, Any]:
        """The row as a JSON document."""
        found = {} if self.result is None else self.result.to_dict()
        key = self.order.order.key
        head = {"row": self.order.row.number, "key": key, "name": self.order.name}
        return {**found, **head, "status": self.status, "error": self.reason}


MADE: Final[Table[MadeRow]] = Table(
    "videos",
    (
        Column("row", lambda row: row.order.row.number),
        Column("name", lambda row: row.order.name),
        Column("status", lambda row: row.status),
        Column("id", lambda row: row.job_id, whole=True, spare=1),
        Column("seconds", lambda row: row.fact("duration"), spare=2),
        Column("share", lambda row: row.fact("share_url"), spare=3),
        Column("path", lambda row: row.path, spare=4),
        Column("reason", lambda row: row.reason),
    ),
)
"""What the command prints about each row, and writes to the file of results."""


@attrs.frozen
class Plan:
    """What there is to do.

    Attributes:
        results: What is known of each video, by what it is known by.
        seconds: How long the videos that are to be made will be, as far as is known.
        left: How many minutes of video the account has left; nothing if that is not known.
    """

    results: Mapping[str, VideoResult]
    seconds: float | None
    left: Sequence[float]

    @property
    def billed(self) -> int:
        """How many videos would be requested."""
        return sum(one.status is ResultStatus.LEFT_OUT for one in self.results.values())

    def __str__(self) -> str:
        counts = Counter(one.status for one in self.results.values())
        parts = [f"{counts[status]} {text}" for status, text in _PLANNED.items() if counts[status]]
        about = f"; about {self.seconds / 60.0:.1f} minutes of video" if self.seconds and self.billed else ""
        quota = f" (the account has {self.left[0]:.0f} minutes left)" if self.left else ""
        return f"{', '.join(parts) or 'nothing to do'}{about}{quota}"


@attrs.define(kw_only=True)
class Making:
    """Makes the videos of a table, and reports it.

    Attributes:
        orders: The videos.
        options: Keyword arguments of ``client.videos.make_all``.
        sheet: Where the results go.
        results: The file of results; ``None`` for none.
    """

    orders: Sequence[Order]
    options: Mapping[str, Any]
    sheet: Sheet[MadeRow]
    results: Path | None
    _rows: dict[int, MadeRow] = attrs.field(factory=dict[int, MadeRow], init=False)
    _began: float = attrs.field(default=0.0, init=False)
    _seconds: float = attrs.field(default=0.0, init=False)
    _requests: int = attrs.field(default=0, init=False)
    _paid: int = attrs.field(default=0, init=False)

    @property
    def _requested(self) -> list[VideoOrder]:
        return [one.order for one in self.orders]

    @property
    def _by_key(self) -> dict[str, Order]:
        return {one.order.key or one.order.digest: one for one in self.orders}

    async def plan(self, client: AsyncPictory) -> Plan:
        """Find out what there is to do. Nothing is requested."""
        ledger = Store().ledger()
        try:
            left = await minutes_left(client)
            dropped = {"download_to", "max_minutes", "max_credits"}
            options = {name: value for name, value in self.options.items() if name not in dropped}
            options |= {"max_renders": 0, "wait": False, "overlap": "skip"}
            async with client.videos.make_all(self._requested, ledger=ledger, **options) as batch:
                found = {str(result.key): result async for result in batch}
        finally:
            ledger.close()
        return Plan(found, self._expected(found), left)

    def _expected(self, found: Mapping[str, VideoResult]) -> float | None:
        """How long the videos that are to be made will be: as those that were made, or by their words."""
        made = [one.video.duration for one in found.values() if one.video is not None and one.video.duration]
        new = [one for key, one in self._by_key.items() if found[key].status is ResultStatus.LEFT_OUT]
        mean = sum(made) / len(made) if made else None
        known = [seconds for one in new if (seconds := mean or one.order.seconds) is not None]
        return sum(known) if len(known) == len(new) else None

    def show_plan(self, plan: Plan) -> None:
        """Print what would be done about each row."""
        for key, order in self._by_key.items():
            result = plan.results[key]
            left_out = result.status is ResultStatus.LEFT_OUT
            row = MadeRow(order, "to_make", result) if left_out else MadeRow.of(order, result)
            self._print(row)

    async def run(self, client: AsyncPictory) -> None:
        """Make the videos."""
        self._began = anyio.current_time()
        ledger = Store().ledger()
        try:
            batch = client.videos.make_all(self._requested, ledger=ledger, **self.options)
            await self._follow(client, batch)
        finally:
            ledger.close()
            self._measure(client)

    async def _follow(self, client: AsyncPictory, batch: VideoBatch) -> None:
        total = len(self.orders)

        def line() -> str:
            self._measure(client)
            return f"{as_duration(self._seconds)}: {self._counted(batch.progress)}"

        def frame(height: int) -> RenderableType:
            title = Text(f"Making {total} videos", style="bold", no_wrap=True, overflow="ellipsis")
            overall = Bar("videos", len(self._rows), total, as_duration(anyio.current_time() - self._began))
            bars = bar_grid([overall, *self._bars(batch.progress)[: max(1, height - 4)]])
            return Group(title, Text(self._counted(batch.progress), no_wrap=True, overflow="ellipsis"), bars)

        live = self.sheet.to_file or not self.sheet.streams
        moved = lambda: (len(self._rows), batch.progress)  # noqa: E731 - a callback
        try:
            async with live_display(frame, line, live=live, share=lambda: len(self._rows) / total), batch:
                async with stopping_when_stalled(moved) as stalled:
                    await self._take_all(batch)
                if stalled():
                    self._give_up()
        finally:
            self._paid = batch.paid  # after its block, in which a request in flight is still completed

    async def _take_all(self, batch: VideoBatch) -> None:
        by_key = self._by_key
        async for result in batch:
            self._take(MadeRow.of(by_key[str(result.key)], result))
            if is_of_disk(result.error):
                return  # it is the same for everything else: what is requested is found again next time

    def _take(self, row: MadeRow) -> None:
        self._rows[row.order.row.number] = row
        with surviving():
            self._print(row)
        if row.result is not None:
            night().video(row.result, row.status, row.path, row.reason)

    def _print(self, row: MadeRow) -> None:
        if self.sheet.is_json:
            self.sheet.document(row.to_dict())
        else:
            self.sheet.add(row)

    def _give_up(self) -> None:
        """End what is pending as timed out."""
        for one in self._pending:
            error = stalled_error(one.name, self._seconds, "video")
            result = VideoResult(
                key=one.order.key or one.order.digest,
                request=one.order.request,
                status=ResultStatus.TIMED_OUT,
                error=error,
            )
            self._take(MadeRow.of(one, result))

    @property
    def _pending(self) -> list[Order]:
        return [one for one in self.orders if one.row.number not in self._rows]

    def _measure(self, client: AsyncPictory) -> None:
        self._seconds = anyio.current_time() - self._began
        self._requests = client.statistics().transport.requests

    def _counted(self, progress: BatchProgress) -> str:
        downloading = len({file.project_id for file in progress.downloading})
        rendering = len(progress.rendering)
        return f"{len(self._rows)} of {len(self.orders)} done, {rendering} rendering, {downloading} downloading"

    def _bars(self, progress: BatchProgress) -> list[Bar]:
        """Return the bars of the downloads, and of the renders whose progress is known."""
        found = [
            Bar(f"{file.kind} {file.project_id}", file.done, file.total, as_size(file.done))
            for file in progress.downloading
        ]
        known = [(one, percent) for one, percent in progress.rendering.items() if percent is not None]
        known.sort(key=lambda item: -item[1])
        return found + [Bar(one_line(str(one)), percent, 100.0, f"{percent:.0f} %") for one, percent in known]

    def report(self, *, interrupted: bool) -> int:
        """Print what is not printed yet, write the file of results, and return the exit code.

        Args:
            interrupted: Whether a signal ended it.
        """
        pending = [MadeRow(one, _PENDING, reason=_STILL) for one in self._pending]
        for row in pending:
            self._print(row)
        rows = {**self._rows, **{row.order.row.number: row for row in pending}}
        if self.sheet.is_json:
            self.sheet.document({"summary": self._summary(interrupted=interrupted)})
        failed: dict[str, Exception] = {}
        for row in self._rows.values():
            if row.result is not None and row.result.error is not None:
                failed[row.order.name] = row.result.error
        errors = [*failed.values()]
        code = timed_out_code(report_failures(failed, noun="video"), errors)
        code = batch_code(code, [*errors, *[None] * (len(self._rows) - len(errors))])
        self._echo_end(errors, interrupted=interrupted)
        self._write(rows)
        over = any(row.status == ResultStatus.LEFT_OUT.value for row in rows.values())
        return INTERRUPTED if interrupted else worst_code(code, TIMED_OUT if over else SUCCESS)

    def _echo_end(self, errors: Sequence[Exception], *, interrupted: bool) -> None:
        counts = Counter(row.status for row in self._rows.values())
        text = ", ".join(f"{status} {count}" for status, count in counts.items()) or "none yet"
        echo_summary(
            f"{'Interrupted: ' if interrupted else ''}{len(self._rows)} of {len(self.orders)} done ({text}) in "
            f"{as_duration(self._seconds)}, {self._paid} video{'' if self._paid == 1 else 's'} paid for, "
            f"{self._requests} requests.",
            good=not (interrupted or errors),
        )
        resumed = sum(row.result is None or row.result.status in _RESUMED for row in self._rows.values())
        left = resumed + len(self._pending)
        if left:
            echo_note(f"Left: {left} of {len(self.orders)}. Run the same command again: nothing is paid for twice.")

    def _write(self, rows: Mapping[int, MadeRow]) -> None:
        """Write the file of results.

        Raises:
            CommandError: It cannot be written.
        """
        if self.results is None:
            return
        ordered = [rows[one.row.number] for one in self.orders]
        titles = ["key", *(column.name for column in MADE.columns)]
        cells = ([row.order.order.key, *(column.value(row) for column in MADE.columns)] for row in ordered)
        try:
            self.results.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.results, csv_file(titles, cells))
        except OSError as error:
            raise CommandError(f"Cannot write {self.results}: {error.strerror}.") from None
        echo_summary(f"Results: {self.results}", good=True)

    def _summary(self, *, interrupted: bool) -> dict[str, Any]:
        return {
            "outcomes": dict(Counter(row.status for row in self._rows.values())),
            "paid": self._paid,
            "requests": self._requests,
            "seconds": round(self._seconds, 3),
            "interrupted": interrupted,
        }
