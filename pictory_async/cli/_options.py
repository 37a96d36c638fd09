"""The options that several commands share, and how their values are written."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from pictory_async.cli._account import find_account
from pictory_async.cli._budget import find_limiter
from pictory_async.cli._given import given, note
from pictory_async.cli._hooks import to_words
from pictory_async.cli._input import collect_ids
from pictory_async.cli._night import begin
from pictory_async.cli._places import Directory
from pictory_async.cli._quantities import Rate, to_limit, to_rate, to_seconds, to_span, to_time

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
    "group_options",
    "ids_argument",
    "json_option",
    "limit_option",
    "night_options",
    "retry_options",
    "simulation_options",
    "to_limit",
    "to_rate",
    "to_seconds",
    "to_span",
    "to_time",
    "wait_options",
    "watch_options",
    "without_password",
]


def _note_address(ctx: click.Context, param: click.Parameter, url: str | None) -> str | None:
    """Take an empty address for none, as with the environment variable."""
    note(ctx, param, url)
    return given("base_url") or None


def given_proxy() -> str | None:
    """The option ``--proxy`` of the running command, which may contain a password."""
    return given("proxy") or None


def without_password(proxy: str) -> str:
    """A proxy as it may be shown."""
    scheme, mark, rest = proxy.partition("://") if "://" in proxy else ("", "", proxy)
    _, at, address = rest.rpartition("@")
    return f"{scheme}{mark}{'USER:PASSWORD' if at else ''}{at}{address}"


def _note_words(ctx: click.Context, param: click.Parameter, text: str | None) -> None:
    note(ctx, param, to_words(ctx, param, text))


def _shared(*names: str, **settings: Any) -> Decorator:
    """Make an option of all commands. It can stand before the name of the command too; the later one counts."""
    return click.option(*names, callback=note, expose_value=False, **settings)


def _with_shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all commands with requests have, without ``--base-url``: see `given`."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


_SHARED: Final = (
    _shared("--proxy", metavar="URL", help="Proxy for all requests.  [default: HTTPS_PROXY, or ALL_PROXY]"),
    _shared(
        "--profile", metavar="NAME", help="Use the key and the settings of this profile.  [default: PICTORY_PROFILE]"
    ),
    _shared(
        "--key-command",
        metavar="COMMAND",
        help="Run this command, without a shell, and take its output as the API key.",
    ),
    _shared(
        "--rate",
        type=to_rate,
        metavar="N/PER",
        help="Send at most N requests in any window of PER: 300/60, 300/min, 5/s.  [default: PICTORY_RATE, or 300/min]",
    ),
    _shared(
        "--budget",
        metavar="WHERE",
        help="Share the request budget with all commands of this account on this host ('host'), with all that use a "
        "Redis server (redis://...), or with none ('off').  [default: PICTORY_BUDGET, or host]",
    ),
    _shared(
        "--quiet", "-q", is_flag=True, help="Print results, warnings and errors only: no progress, no success messages."
    ),
    _shared(
        "--log-file",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Append a log to FILE, with times in UTC.",
    ),
    _shared(
        "--log-format", type=click.Choice(["text", "json"]), help="Write lines of text or of JSON.  [default: text]"
    ),
    click.option(
        "--notify",
        metavar="COMMAND",
        callback=_note_words,
        expose_value=False,
        help="Run this command once at the end, without a shell, with a summary as JSON on its standard input.",
    ),
)


def base_url_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--base-url``, and the other options that all commands with requests have.

    Only the address is an argument of the command. `given`, `given_proxy` and `find_account` know the others.
    """
    text = "Address of the API.  [default: PICTORY_API_BASE_URL, or Pictory's]"
    address = click.option("--base-url", metavar="URL", help=text, callback=_note_address)
    return address(_with_shared(_prepared(command)))


def _prepared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Read the files that say whose account it is before the event loop begins, and with the command's context."""

    @functools.wraps(command)
    def prepared(*args: Any, **options: Any) -> Any:
        begin()
        account = find_account()
        if not account.key_command:  # that is run only when its key is needed
            account.identity()
        find_limiter()
        return command(*args, **options)

    return prepared


def night_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about each project that ends, for those that work on many: see `Night`."""

    @functools.wraps(command)
    def prepared(*args: Any, **options: Any) -> Any:
        begin(summarizes=True)
        return command(*args, **options)

    each = click.option(
        "--exec",
        metavar="COMMAND",
        callback=_note_words,
        expose_value=False,
        help="Run this command for each project as soon as it is rendered (and downloaded), without a shell: {id}, "
        "{name}, {status}, {path} and {share_url} are replaced.",
    )
    summary = click.option(
        "--summary",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        callback=note,
        expose_value=False,
        help="Append a summary in Markdown to FILE.  [default: GITHUB_STEP_SUMMARY]",
    )
    return each(summary(prepared))


def group_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give the group the options that all commands with requests have: they can stand before the command's name."""
    text = "Address of the API.  [default: PICTORY_API_BASE_URL, or Pictory's]"
    address = click.option("--base-url", metavar="URL", help=text, callback=note, expose_value=False)
    return address(_with_shared(command))


def backup_option(text: str) -> Decorator:
    """Give a command the option ``--backup``: the directory of 'pictory backup --all'.

    Args:
        text: Its help.
    """
    return click.option("--backup", type=Directory(made=False), metavar="DIR", help=text)


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
    """Give a command ``--max-wait``, ``--interval`` and ``--stalled``.

    The first two are one argument, ``settings``: keyword arguments of the library's calls that wait. For the third, see
    `given`.
    """

    @functools.wraps(command)
    def with_settings(*args: Any, max_wait: float, interval: float, **options: Any) -> Any:
        settings = {"max_wait": None if math.isinf(max_wait) else max_wait, "interval": interval}
        return command(*args, settings=settings, **options)

    longest = click.option(
        "--max-wait",
        type=to_limit,
        default="30m",
        show_default=True,
        metavar="TIME",
        help="Stop waiting after this time: 90, 90s, 30m, 2h, or none.",
    )
    stalled = click.option(
        "--stalled",
        type=to_seconds,
        metavar="TIME",
        callback=note,
        expose_value=False,
        help="Stop waiting when nothing has changed for this time: nothing ended, and no progress.",
    )
    interval = click.option(
        "--interval",
        type=to_seconds,
        default="10s",
        show_default=True,
        metavar="TIME",
        help="Time between two polls of the same project or job.",
    )
    return longest(stalled(interval(with_settings)))


def watch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that watches renders the options of a wait, ``--start-grace``, and those of `night_options`.

    Its arguments are ``settings``, as in `wait_options`, and ``limiter``, the request budget.
    """

    @functools.wraps(command)
    def with_limiter(*args: Any, settings: dict[str, Any], start_grace: float, **options: Any) -> Any:
        limiter = find_limiter()
        return command(*args, settings={**settings, "start_grace": start_grace}, limiter=limiter, **options)

    start_grace = click.option(
        "--start-grace",
        type=to_seconds,
        default="2m",
        show_default=True,
        metavar="TIME",
        help="How long to wait for a render to start before reporting not_started.",
    )
    return wait_options(start_grace(night_options(with_limiter)))


def retry_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options ``--retry-failed`` and ``--retry-unstarted``."""
    text = "Request renders again whose first request started nothing."
    failed = click.option("--retry-failed", is_flag=True, help="Request renders that failed again.")
    return failed(click.option("--retry-unstarted", is_flag=True, help=text)(command))


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
