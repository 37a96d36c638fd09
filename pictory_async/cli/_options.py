"""The options that several commands share, and how their values are written."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from pictory_async import RateLimiter
from pictory_async.cli._input import collect_ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

__all__ = [
    "Rate",
    "backup_option",
    "base_url_option",
    "collect_ids",
    "given_proxy",
    "ids_argument",
    "json_option",
    "limit_option",
    "rate_option",
    "simulation_options",
    "start_grace_option",
    "to_limit",
    "to_rate",
    "to_seconds",
    "to_span",
    "to_time",
    "wait_options",
    "wait_settings",
    "without_password",
]

_PROXY: Final = "pictory.proxy"

_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"(?P<number>\d{1,9}(\.\d*)?|\.\d+) ?(?P<unit>s|min|m|h|)", re.ASCII)
_RATE: Final = re.compile(r"(?P<number>[1-9]\d{0,8})/(?P<per>.+)", re.ASCII)


@attrs.frozen
class Rate:
    """A request budget.

    Attributes:
        requests: The highest number of requests in a window.
        per: The length of the window, in seconds.
    """

    requests: int
    per: float

    def limiter(self) -> RateLimiter:
        """Make a limiter with this budget."""
        return RateLimiter(self.requests, self.per, min(10, self.requests))


def to_seconds(text: str) -> float:
    """Read a duration: ``90``, ``90s``, ``30m`` or ``2h``."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 90, 90s, 30m or 2h.")
    return float(found["number"]) * _UNITS[found["unit"]]


def to_limit(text: str) -> float:
    """Read a duration, or ``none`` for no limit, which is returned as infinity."""
    return math.inf if text.strip().lower() == "none" else to_seconds(text)


def to_span(text: str) -> tuple[float, float]:
    """Read a shortest and a longest duration, ``5:20``, or one duration for both."""
    low, colon, high = text.partition(":")
    ends = (to_seconds(low), to_seconds(high if colon else low))
    if not 0 < ends[0] <= ends[1]:
        raise click.BadParameter(f"{text!r} is not a span of seconds such as 5:20.")
    return ends


def to_rate(text: str) -> Rate:
    """Read a request budget: ``300/60``, ``300/min`` or ``5/s``."""
    found = _RATE.fullmatch(text.strip())
    per = found["per"] if found is not None else ""
    try:
        length = to_seconds(f"1{per}" if per in _UNITS else per)
    except click.BadParameter:
        length = 0.0
    if found is None or not length:
        raise click.BadParameter(f"{text!r} is not a rate such as 300/60 (requests per seconds) or 300/min.")
    return Rate(int(found["number"]), length)


def to_time(text: str) -> datetime:
    """Read a date and time with a time zone, in ISO 8601."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.BadParameter(f"{text!r} is not a time with a time zone such as 2026-01-31T12:00:00Z.")
    return found


def _or_none(_ctx: click.Context, _param: click.Parameter, url: str | None) -> str | None:
    """Take an empty address for none, as with the environment variable."""
    return url or None


def _note_proxy(ctx: click.Context, _param: click.Parameter, url: str | None) -> None:
    ctx.meta[_PROXY] = url or None


def given_proxy() -> str | None:
    """The option ``--proxy`` of the running command, which may contain a password."""
    found: str | None = click.get_current_context().meta.get(_PROXY)
    return found


def without_password(proxy: str) -> str:
    """A proxy as it may be shown."""
    scheme, mark, rest = proxy.partition("://") if "://" in proxy else ("", "", proxy)
    _, at, address = rest.rpartition("@")
    return f"{scheme}{mark}{'USER:PASSWORD' if at else ''}{at}{address}"


def base_url_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about the way to the API: ``--base-url`` and, only for `given_proxy`, ``--proxy``."""
    text = "Address of the API.  [default: PICTORY_API_BASE_URL, or Pictory's]"
    address = click.option("--base-url", metavar="URL", help=text, callback=_or_none)
    text = "Proxy for all requests.  [default: HTTPS_PROXY, or ALL_PROXY]"
    proxy = click.option("--proxy", metavar="URL", help=text, callback=_note_proxy, expose_value=False)
    return address(proxy(command))


def backup_option(text: str, *, required: bool = False) -> Decorator:
    """Give a command the option ``--backup``: the directory of 'pictory backup --all'.

    Args:
        text: Its help.
        required: Whether it must be given.
    """
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option("--backup", type=kind, metavar="DIR", required=required, help=text)


def json_option(text: str) -> Decorator:
    """Give a command the option ``--json``.

    Args:
        text: Its help: what is printed.
    """
    return click.option("--json", "as_json", is_flag=True, help=text)


def ids_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its ids, at least one."""
    return click.argument("ids", nargs=-1, required=True, metavar="ID...")(command)


def limit_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--limit``."""
    text = "Stop after N.  [default: list all]"
    return click.option("--limit", type=click.IntRange(1), metavar="N", help=text)(command)


def wait_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--max-wait`` and ``--interval``."""
    longest = click.option(
        "--max-wait",
        type=to_limit,
        default="30m",
        show_default=True,
        metavar="TIME",
        help="Stop waiting after this time: 90, 90s, 30m, 2h, or none.",
    )
    interval = click.option(
        "--interval",
        type=to_seconds,
        default="10s",
        show_default=True,
        metavar="TIME",
        help="Time between two polls of the same project or job.",
    )
    return longest(interval(command))


def wait_settings(max_wait: float, interval: float) -> dict[str, Any]:
    """Return both as keyword arguments of the library's calls that wait."""
    return {"max_wait": None if math.isinf(max_wait) else max_wait, "interval": interval}


def start_grace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--start-grace``."""
    return click.option(
        "--start-grace",
        type=to_seconds,
        default="2m",
        show_default=True,
        metavar="TIME",
        help="How long to wait for a render to start before reporting not_started.",
    )(command)


def rate_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option ``--rate``."""
    return click.option(
        "--rate",
        type=to_rate,
        default="300/min",
        show_default=True,
        metavar="N/PER",
        help="Send at most N requests in any window of PER: 300/60, 300/min, 5/s.",
    )(command)


def simulation_options(most: int) -> Decorator:
    """Give a command the options that describe a simulated account.

    Args:
        most: The highest number of projects.
    """
    projects = click.option(
        "--projects", type=click.IntRange(1, most), default=300, show_default=True, help="Number of projects."
    )
    renders = click.option(
        "--render-seconds",
        type=to_span,
        default="5:20",
        show_default=True,
        metavar="FROM:TO",
        help="Shortest and longest render.",
    )
    seed = click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random account.")
    return lambda command: projects(renders(seed(command)))
