"""Videos from a table: the plan, the progress, the rows and the end of `pictory make`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
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
from pictory_async.cli._made import MADE, MadeRow
from pictory_async.cli._night import night
from pictory_async.cli._orders import Order
from pictory_async.cli._output_file import replace_file
from pictory_async.cli._renders import minutes_left
from pictory_async.cli._stalled import stalled_error, stopping_when_stalled
from pictory_async.cli._store import Store
from pictory_async.cli._streams import surviving
from pictory_async.cli._tables import Sheet
from pictory_async.cli._wording import counts_text
from pictory_async.cli._work_bars import BatchBars
from pictory_async.cli._writers import csv_file
from pictory_async.cli.display.bars import Bar, BarGrid
from pictory_async.cli.display.live import live_display
from pictory_async.cli.display.text import as_duration, counted, echo_note, echo_summary

if TYPE_CHECKING:
    from rich.console import RenderableType

    from pictory_async import AsyncPictory, BatchProgress, VideoBatch

__all__ = ["Making", "Plan"]

_USUAL: Final = 60.0  # seconds of a video about which nothing is known
_COUNTED: Final = frozenset({ResultStatus.LEFT_OUT, ResultStatus.STARTED, ResultStatus.UNCERTAIN})
_PLANNED: Final = {
    ResultStatus.STARTED: "requested before",
    ResultStatus.UNCERTAIN: "requested before, perhaps in vain",
    ResultStatus.BUSY: "being made by another run",
    ResultStatus.UNCHANGED: "made before",
    ResultStatus.CHANGED: "made before with other values (--changed makes them again)",
    ResultStatus.FAILED: "failed before (--retry-failed makes them again)",
    ResultStatus.NOT_STARTED: "not started before (--retry-unstarted requests them again)",
}


@attrs.frozen
class Plan:
    """What there is to do.

    Attributes:
        results: What is known of each video, by what it is known by.
        left_out: Those of the videos to make that a limit leaves out, as far as that can be estimated.
        seconds: How long the videos that are to be made will be, as far as is known.
        left: How many minutes of video the account has left; nothing if that is not known.
    """

    results: Mapping[str, VideoResult]
    left_out: frozenset[str]
    seconds: float | None
    left: Sequence[float]

    @property
    def billed(self) -> int:
        """How many videos would be requested."""
        return sum(one.status is ResultStatus.LEFT_OUT for one in self.results.values()) - len(self.left_out)

    def __str__(self) -> str:
        counts = Counter(one.status for one in self.results.values())
        known = [(self.billed, "to make"), (len(self.left_out), "left out")]
        known += [(counts[status], text) for status, text in _PLANNED.items()]
        parts = [f"{count} {text}" for count, text in known if count]
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
    _run: str = attrs.field(default="", init=False)

    @property
    def _requested(self) -> list[VideoOrder]:
        return [one.order for one in self.orders]

    @property
    def _by_key(self) -> dict[str, Order]:
        return {one.order.key or one.order.digest: one for one in self.orders}

    async def plan(self, client: AsyncPictory) -> Plan:
        """Find out what there is to do. Nothing is requested. From then on, the account's minutes are a limit."""
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
        if left:  # nothing is requested that the account has no minutes for
            given = self.options["max_minutes"]
            least = left[0] if given is None else min(given, left[0])
            self.options = {**self.options, "max_minutes": max(0.0, least)}
        made = [one.video.duration for one in found.values() if one.video is not None and one.video.duration]
        mean = sum(made) / len(made) if made else None
        lengths = {key: mean or one.order.seconds for key, one in self._by_key.items()}
        left_out = self._left_out(found, lengths)
        new = [key for key, one in found.items() if one.status is ResultStatus.LEFT_OUT and key not in left_out]
        known = [seconds for key in new if (seconds := lengths[key]) is not None]
        return Plan(found, left_out, sum(known) if len(known) == len(new) else None, left)

    def _left_out(self, found: Mapping[str, VideoResult], lengths: Mapping[str, float | None]) -> frozenset[str]:
        """Which videos the limits leave out, if all are as long as is estimated; what is under way counts too."""
        renders, minutes = self.options["max_renders"], self.options["max_minutes"]
        most, longest = (inf if one is None else one for one in (renders, minutes))
        free = self.options["max_credits"] != 0  # what a template costs is not known before
        made, seconds, left_out = 0, 0.0, set[str]()
        for key in self._by_key:
            status = found[key].status
            if status is ResultStatus.LEFT_OUT and not (free and made < most and seconds < longest * 60.0):
                left_out.add(key)
            elif status in _COUNTED:
                made += status is ResultStatus.LEFT_OUT
                seconds += lengths[key] or _USUAL
        return frozenset(left_out)

    def show_plan(self, plan: Plan) -> None:
        """Print what would be done about each row."""
        for key, order in self._by_key.items():
            result = plan.results[key]
            makes = result.status is ResultStatus.LEFT_OUT and key not in plan.left_out
            row = MadeRow(order, "to_make", result) if makes else MadeRow.of(order, result)
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

        names = {one.order.key: one.name for one in self.orders}
        work = BatchBars(lambda key: names.get(str(key)))

        def frame(height: int) -> RenderableType:
            title = Text(f"Making {total} videos", style="bold", no_wrap=True, overflow="ellipsis")
            overall = Bar("videos", self._done, total, as_duration(anyio.current_time() - self._began))
            bars = BarGrid([overall, *work.bars(batch.progress)[: max(1, height - 4)]])
            return Group(title, Text(self._counted(batch.progress), no_wrap=True, overflow="ellipsis"), bars)

        live = self.sheet.to_file or not self.sheet.streams
        moved = lambda: (len(self._rows), batch.progress)  # noqa: E731 - a callback
        try:
            async with live_display(frame, line, live=live, share=lambda: len(self._rows) / total), batch:
                async with stopping_when_stalled(moved) as stalled:
                    await self._take_all(batch)
                self._end(stalled=stalled())
        finally:
            self._run = batch.run
            self._paid = batch.paid  # after its block, in which a request in flight is still completed

    async def _take_all(self, batch: VideoBatch) -> None:
        by_key = self._by_key
        async for result in batch:
            self._take(by_key[str(result.key)], result)
            if is_of_disk(result.error):  # pragma: no cover - the disk fills up meanwhile
                return  # it is the same for everything else: what is requested is found again next time

    def _take(self, order: Order, result: VideoResult) -> None:
        row = MadeRow.of(order, result)
        self._rows[row.order.row.number] = row
        with surviving():
            self._print(row)
        night().video(result, row.status, row.path, row.reason)

    def _print(self, row: MadeRow) -> None:
        if self.sheet.is_json:
            self.sheet.document(row.to_dict())
        else:
            self.sheet.add(row, row.order.row.number)

    def _end(self, *, stalled: bool) -> None:
        """End what is pending as timed out, if nothing happened any more."""
        for one in self._pending if stalled else ():
            error = stalled_error(one.name, self._seconds, "video")
            result = VideoResult(
                key=one.order.key or one.order.digest,
                request=one.order.request,
                status=ResultStatus.TIMED_OUT,
                error=error,
            )
            self._take(one, result)

    @property
    def _pending(self) -> list[Order]:
        return [one for one in self.orders if one.row.number not in self._rows]

    @property
    def _done(self) -> int:
        return sum(row.is_done for row in self._rows.values())

    def _measure(self, client: AsyncPictory) -> None:
        self._seconds = anyio.current_time() - self._began
        self._requests = client.statistics().transport.requests

    def _counted(self, progress: BatchProgress) -> str:
        downloading = len({file.project_id for file in progress.downloading})
        rendering = len(progress.rendering)
        return f"{self._done} of {len(self.orders)} done, {rendering} rendering, {downloading} downloading"

    def report(self, *, interrupted: bool) -> int:
        """Print what is not printed yet, write the file of results, and return the exit code.

        Args:
            interrupted: Whether a signal ended it.
        """
        jobs = Store().videos(self._run)
        pending = [MadeRow.pending(one, jobs.get(one.order.digest)) for one in self._pending]
        for row in pending:
            self._print(row)
        rows = {**self._rows, **{row.order.row.number: row for row in pending}}
        if self.sheet.is_json:
            self.sheet.document({"summary": self._summary(interrupted=interrupted)})
        self.sheet.show()
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
        text = counts_text(Counter(row.status for row in self._rows.values()))
        echo_summary(
            f"{'Interrupted: ' if interrupted else ''}{self._done} of {len(self.orders)} done ({text}) in "
            f"{as_duration(self._seconds)}, {counted(self._paid, 'video')} paid for{self._minutes}, "
            f"{self._requests} request{'' if self._requests == 1 else 's'}.",
            good=not (interrupted or errors),
        )
        left = len(self.orders) - self._done
        if left:
            echo_note(f"Left: {left} of {len(self.orders)}. Run the same command again: nothing is paid for twice.")

    @property
    def _minutes(self) -> str:
        """How long the videos are that were paid for, as far as that is known."""
        paid = [row.result.video for row in self._rows.values() if row.result is not None and row.result.paid]
        seconds = [one.duration for one in paid if one is not None and one.duration is not None]
        least = "" if len(seconds) == self._paid else "at least "
        return f", {least}{sum(seconds) / 60.0:.1f} minutes" if seconds else ""

    def _write(self, rows: Mapping[int, MadeRow]) -> None:
        """Write the file of results.

        Raises:
            CommandError: It cannot be written.
        """
        if self.results is None:
            return
        ordered = [rows[one.row.number] for one in self.orders]
        titles = [column.name for column in MADE.columns]
        cells = ([column.value(row) for column in MADE.columns] for row in ordered)
        try:
            self.results.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.results, csv_file(titles, cells))
        except OSError as error:  # pragma: no cover - its place was checked, and is lost meanwhile
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
