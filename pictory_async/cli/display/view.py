"""The live view of a wait: one frame of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import attrs
from rich.columns import Columns
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pictory_async import RateLimiter
from pictory_async.cli._forecast import Forecast
from pictory_async.cli._tally import Pace, Tally
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.bars import MOST_BARS, WIDEST_LABEL, Bar, BarGrid
from pictory_async.cli.display.rows import Layout, Row, status_text
from pictory_async.cli.display.text import as_duration, as_estimate, printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from pictory_async import RenderOutcome

__all__ = ["View"]

_FIXED_LINES: Final = 12  # lines of a frame that are always there
_PERCENT: Final = len("100 %")
_OUTAGE_LINES: Final = 4  # that say why all polls fail
_SUBJECT: Final = re.compile(r"^GET \S+ failed: |^(?:Project|Job) '[^']*': | for (?:project|job) '[^']*'")
_BAR: Final = 24  # columns for the bar of the budget, if there is room for a shorter one at least
_SHORTEST_BAR: Final = 8


@attrs.frozen(kw_only=True)
class View:
    """The state of a wait at one moment.

    Attributes:
        title: The title of the frame.
        tally: The results so far.
        pace: The current request rate.
        limiter: The request budget.
        height: Height of the terminal, in lines.
        rendering: Bars of the renders.
        downloading: Bars of the downloads.
        forecast: How far the renders are.
    """

    title: str
    tally: Tally
    pace: Pace
    limiter: RateLimiter
    height: int
    rendering: Sequence[Bar] = ()
    downloading: Sequence[Bar] = ()
    forecast: Forecast = attrs.field(factory=Forecast)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Return the frame."""
        width = options.max_width
        title = Text(self.title, style="bold", no_wrap=True, overflow="ellipsis")
        rows = [title, Text(), self._progress(), Text(), self._counts(), Text(), self._requests(width)]
        room = self.height - _FIXED_LINES
        if self.tally.outage is not None:
            lines = _outage(self.tally.outage, console, width, max(1, min(_OUTAGE_LINES, room // 2)))
            room -= len(lines)
            rows += lines
        downloading, rendering = (
            ("Downloading", self.downloading, WIDEST_LABEL),
            ("Rendering", self.rendering, _PERCENT),
        )
        for name, bars, widest in (downloading, rendering):
            shown = bars[: min(MOST_BARS, room - 3)] if room > 3 else ()  # noqa: PLR2004 - an empty line, a title, a bar
            if shown:
                room -= len(shown) + 2
                rows += [Text(), Text(name, style="bold"), BarGrid(shown, widest)]
        latest = self.tally.latest(max(1, min(10, room)))
        if latest:
            rows += [Text(), Text("Latest", style="bold"), _latest(latest, width)]
        yield Group(*rows)

    def _progress(self) -> RenderableType:
        tally = self.tally
        share = self.forecast.share(tally.done, tally.total)
        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(ratio=1)
        grid.add_column(justify="right", no_wrap=True)
        percent = int(100 * share)
        width = len(str(tally.total))
        label = Text(f"{tally.done:>{width}}/{tally.total}  {percent:>3} %  {as_duration(tally.seconds):>6}")
        grid.add_row(ProgressBar(total=1.0, completed=share, complete_style="cyan"), label)
        return grid

    def _counts(self) -> RenderableType:
        counts = [status_text(status).append(f" {count}") for status, count in self.tally.counts.items()]
        watching = Text("● ", style="cyan").append(f"watching {self.tally.total - self.tally.done}")
        left = self.forecast.seconds_left
        soon = [] if left is None else [Text(f"about {as_estimate(left)} left", style="dim")]
        return Columns([*counts, watching, *soon], padding=(0, 3))

    def _requests(self, width: int) -> RenderableType:
        limiter, used = self.limiter, self.pace.in_window
        rate, in_all = f"{self.pace.per_second:>5.1f} requests/s", f"{self.tally.requests:,} in all"
        in_window = f"{used:,} of {limiter.rate:,} in {limiter.per:g} s"
        bar = min(_BAR, width - len(rate) - len(in_window) - len(in_all) - 6)
        if bar < _SHORTEST_BAR:
            return Text(f"{rate}  {in_all}", no_wrap=True, overflow="ellipsis")
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(width=bar)
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, style="dim")
        grid.add_row(
            Text(rate),
            ProgressBar(total=limiter.rate, completed=used, complete_style="magenta", finished_style="magenta"),
            Text(in_window),
            Text(in_all),
        )
        return grid


def _outage(reason: str, console: Console, width: int, most: int) -> list[Text]:
    """Return the reason in at most so many lines, without whose poll it was: it is the same for all."""
    words = printable(_SUBJECT.sub("", in_command_words(reason)))
    lines = [*Text(f"! All polls fail: {words}", style="red").wrap(console, width)]
    for line in lines:
        line.rstrip()
    last = Text(" ").join(lines[most - 1 :])
    last.truncate(width, overflow="ellipsis")
    return [*lines[: most - 1], *([last] if last else [])]


def _latest(outcomes: list[RenderOutcome], width: int) -> RenderableType:
    rows = [Row.of(outcome) for outcome in outcomes]
    layout = Layout.of(rows, width, one=True)
    return Group(*(layout.line(row, one=True) for row in rows))
