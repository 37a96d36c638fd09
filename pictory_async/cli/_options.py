"""Values as people write them on a command line, and the options that several commands have."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

__all__ = [
    "Rate",
    "as_json",
    "base_url",
    "given_ids",
    "limit",
    "listed",
    "moment",
    "patience",
    "population",
    "project_ids",
    "rate",
    "request_rate",
    "seconds",
    "span",
    "start_grace",
    "timely",
]

_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"(?P<number>\d{1,9}(\.\d*)?|\.\d+) ?(?P<unit>s|min|m|h|)", re.ASCII)
_RATE: Final = re.compile(r"(?P<number>[1-9]\d{0,8})/(?P<per>.+)", re.ASCII)


@attrs.frozen
class Rate:
    """A request budget.

    Attributes:
        requests: How many requests a window may hold.
        per: The length of the window, in seconds.
    """

    requests: int
    per: float

    def limiter(self) -> RateLimiter:
        """The limiter that keeps to it."""
        return RateLimiter(self.requests, self.per, min(10, self.requests))


def seconds(text: str) -> float:
    """Read a duration: ``90``, ``90s``, ``30m`` or ``2h``."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 90, 90s, 30m or 2h.")
    return float(found["number"]) * _UNITS[found["unit"]]


def limit(text: str) -> float:
    """Read a duration, or ``none`` for no limit, which is infinity here."""
    return math.inf if text.strip().lower() == "none" else seconds(text)


def span(text: str) -> tuple[float, float]:
    """Read a shortest and a longest duration, ``5:20``, or one that stands for both."""
    low, colon, high = text.partition(":")
    ends = (seconds(low), seconds(high if colon else low))
    if not 0 < ends[0] <= ends[1]:
        raise click.BadParameter(f"{text!r} is not a span of seconds such as 5:20.")
    return ends


def rate(text: str) -> Rate:
    """Read a request budget: ``300/60``, ``300/min`` or ``5/s``."""
    found = _RATE.fullmatch(text.strip())
    per = found["per"] if found is not None else ""
    try:
        length = seconds(f"1{per}" if per in _UNITS else per)
    except click.BadParameter:
        length = 0.0
    if found is None or not length:
        raise click.BadParameter(f"{text!r} is not a rate such as 300/60 (requests in so many seconds) or 300/min.")
    return Rate(int(found["number"]), length)


def moment(text: str) -> datetime:
    """Read a date and time with a time zone, as ISO 8601 has it."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.BadParameter(f"{text!r} is not a time with a time zone such as 2026-01-31T12:00:00Z.")
    return found


def base_url(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option for another address of the API."""
    text = "Where the API is.  [default: PICTORY_API_BASE_URL, else Pictory's]"
    return click.option("--base-url", metavar="URL", help=text)(command)


def as_json(text: str) -> Decorator:
    """Give a command the option ``--json``.

    Args:
        text: What is printed then.
    """
    return click.option("--json", "as_json", is_flag=True, help=text)


def given_ids(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its ids, at least one."""
    return click.argument("ids", nargs=-1, required=True, metavar="ID...")(command)


def listed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that lists something the option ``--limit``."""
    text = "Stop after so many.  [default: all of them]"
    return click.option("--limit", type=click.IntRange(1), metavar="N", help=text)(command)


def patience(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that waits the options ``--max-wait`` and ``--interval``."""
    longest = click.option(
        "--max-wait",
        type=limit,
        default="30m",
        show_default=True,
        metavar="TIME",
        help="Give up after so long: 90, 90s, 30m, 2h, or none.",
    )
    interval = click.option(
        "--interval", type=seconds, default="10s", show_default=True, metavar="TIME", help="Between two looks at one."
    )
    return longest(interval(command))


def timely(max_wait: float, interval: float) -> dict[str, Any]:
    """The two as keywords of the calls that wait."""
    return {"max_wait": None if math.isinf(max_wait) else max_wait, "interval": interval}


def start_grace(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that waits for renders the option ``--start-grace``."""
    return click.option(
        "--start-grace",
        type=seconds,
        default="2m",
        show_default=True,
        metavar="TIME",
        help="How long a project may show no render before it counts as not started.",
    )(command)


def request_rate(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--rate``."""
    return click.option(
        "--rate",
        type=rate,
        default="300/min",
        show_default=True,
        metavar="N/PER",
        help="At most N requests in any window of PER: 300/60, 300/min, 5/s.",
    )(command)


def population(most: int) -> Decorator:
    """Give a command the options that describe a simulated account.

    Args:
        most: How many projects it may have.
    """
    projects = click.option(
        "--projects", type=click.IntRange(1, most), default=300, show_default=True, help="How many projects."
    )
    renders = click.option(
        "--render-seconds",
        type=span,
        default="5:20",
        show_default=True,
        metavar="FROM:TO",
        help="Shortest and longest render.",
    )
    seed = click.option("--seed", type=int, default=0, show_default=True, help="The account follows from this number.")
    return lambda command: projects(renders(seed(command)))


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
