"""Values as people write them on a command line, and the options that several commands have."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Never

__all__ = [
    "MOMENT",
    "RATE",
    "SECONDS",
    "SECONDS_OR_NONE",
    "SPAN",
    "Rate",
    "as_json",
    "base_url",
    "population",
    "project_ids",
]

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?P<number>\d+(\.\d*)?|\.\d+) ?(?P<unit>s|min|m|h|)")
_RATE = re.compile(r"(?P<number>\d+)/(?P<per>.+)")


def _seconds(text: str) -> float | None:
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found["number"]) * _UNITS[found["unit"]] if found else math.inf
    return seconds if math.isfinite(seconds) else None


class Seconds(click.ParamType[float]):
    """A duration: ``90``, ``90s``, ``30m`` or ``2h``.

    Args:
        none: Whether the word ``none`` stands for no limit, which is infinity here.
    """

    name = "seconds"

    def __init__(self, *, none: bool = False) -> None:
        self._none = none

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a duration."""
        if isinstance(value, (int, float)):
            return float(value)
        if self._none and value.strip().lower() == "none":
            return math.inf
        seconds = _seconds(value)
        if seconds is None:
            self.fail(f"{value!r} is not a duration such as 90, 90s, 30m or 2h.", param, ctx)
        return seconds


class Span(click.ParamType[tuple[float, float]]):
    """From a shortest to a longest duration: ``5:20``."""

    name = "from:to"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Read two durations, or one that stands for both."""
        if isinstance(value, tuple):
            return value
        low, colon, high = value.partition(":")
        ends = (_seconds(low), _seconds(high if colon else low))
        if ends[0] is None or ends[1] is None or not 0 < ends[0] <= ends[1]:
            self.fail(f"{value!r} is not a span of seconds such as 5:20.", param, ctx)
        return ends[0], ends[1]


@attrs.frozen
class Rate:
    """A request budget.

    Attributes:
        requests: How many requests a window may hold.
        per: The length of the window, in seconds.
    """

    requests: int
    per: float


class RateType(click.ParamType[Rate]):
    """A request budget: ``300/60``, ``300/min`` or ``5/s``."""

    name = "n/per"
    _words: ClassVar = {word: f"1{word}" for word in _UNITS if word}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Rate:
        """Read a rate."""
        if isinstance(value, Rate):
            return value
        found = _RATE.fullmatch(value.strip())
        per = _seconds(self._words.get(found["per"], found["per"])) if found else None
        if found is None or not per or int(found["number"]) < 1:
            self.fail(f"{value!r} is not a rate such as 300/60 (requests per seconds) or 300/min.", param, ctx)
        return Rate(int(found["number"]), per)


class Moment(click.ParamType[datetime]):
    """A date and time with a time zone, as ISO 8601 has it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a moment."""
        try:
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self._refuse(value, param, ctx)
        if moment.tzinfo is None:
            self._refuse(value, param, ctx)
        return moment

    def _refuse(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Never:
        self.fail(f"{value!r} is not a time with a time zone such as 2026-01-31T12:00:00Z.", param, ctx)


SECONDS = Seconds()
SECONDS_OR_NONE = Seconds(none=True)
SPAN = Span()
RATE = RateType()
MOMENT = Moment()


def base_url(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option for another address of the API."""
    return click.option(
        "--base-url", metavar="URL", help="Where the API is. [default: PICTORY_API_BASE_URL, else Pictory's]"
    )(command)


def as_json(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the option ``--json``.

    Args:
        text: What is printed then.
    """
    return click.option("--json", "as_json", is_flag=True, help=text)


def population(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that describe a simulated account."""
    for option in (
        click.option("--seed", type=int, default=0, show_default=True, help="The account follows from this number."),
        click.option(
            "--render-seconds",
            type=SPAN,
            default="5:20",
            show_default=True,
            metavar="FROM:TO",
            help="Shortest and longest render.",
        ),
        click.option(
            "--projects", type=click.IntRange(1, 100_000), default=300, show_default=True, help="How many projects."
        ),
    ):
        command = option(command)
    return command


def project_ids(given: Iterable[str], lines: Iterable[str] | None = None) -> list[str]:
    """Collect ids, each once.

    Args:
        given: Ids from the command line.
        lines: An open file with one id a line; empty lines and lines that begin with ``#`` are skipped.

    Raises:
        click.UsageError: There are none.
    """
    ids = [text for text in map(str.strip, given) if text]
    if lines is not None:
        ids += [text for text in map(str.strip, lines) if text and not text.startswith("#")]
    if not ids:
        msg = "There are no ids."
        raise click.UsageError(msg)
    return list(dict.fromkeys(ids))
