"""`pictory doctor`: find out why commands do not work here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.text import Text

from pictory_async import RetryPolicy
from pictory_async.cli._account import find_account
from pictory_async.cli._checkup import Check, Response, checks_of_response, local_checks
from pictory_async.cli._client import open_client, run
from pictory_async.cli._exit_codes import SettingError, exit_code_of, worst_code
from pictory_async.cli._options import base_url_option, json_option
from pictory_async.cli._wording import in_command_words
from pictory_async.cli.display.text import echo_json, echo_wrapped, one_line, out_is_terminal
from pictory_async.errors import PictoryConfigError, PictoryError
from pictory_async.events import RequestEnded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pictory_async import AsyncPictory
    from pictory_async.events import Event

__all__ = ["command"]

_LIMIT: Final = 15.0  # seconds
_GAP: Final = 2
_SIGNS: Final = {True: ("✓", "green"), False: ("✗", "red"), None: ("○", "yellow")}
_NARROW: Final = 60  # columns: beside the names there is no room for an address
_WORDS: Final = {True: "ok", False: "problem", None: "unknown"}


@click.command("doctor", short_help="Find out why commands do not work here.")
@base_url_option
@json_option("Print one JSON object for each check.")
@click.pass_context
def command(ctx: click.Context, *, base_url: str | None, as_json: bool) -> None:
    """Check the versions, the budget, the key and the way to the API, and say how to mend what is wrong.

    One request is sent: for the first page of the list of projects. No part of the key is shown. In a pipe, each line
    has tabs between what was checked, ok, problem or unknown, what was found, and what to do.
    """
    ctx.exit(_report([*local_checks(), *_checks_of_key(base_url)], as_json=as_json))


def _report(checks: Sequence[Check], *, as_json: bool) -> int:
    """Print what was found, and return the exit code."""
    if as_json:
        for check in checks:
            echo_json({"check": check.name, "ok": check.good, "found": check.text, "cure": check.cure or None})
    elif out_is_terminal():
        _draw(checks)
    else:
        for check in checks:
            click.echo("\t".join(map(one_line, (check.name, _WORDS[check.good], check.text, check.cure))))
    return worst_code(*(check.code for check in checks))


def _draw(checks: Sequence[Check]) -> None:
    width = max(len(check.name) for check in checks) if Console().width >= _NARROW else 0
    indent = len("✓ ") + (width + _GAP if width else 0)
    for check in checks:
        sign, style = _SIGNS[check.good]
        name = f"{check.name:<{width}}{' ' * _GAP}"
        found = Text.assemble((f"{sign} ", style), (name, "bold"), one_line(check.text))
        cure = [Text(f"{' ' * indent}{one_line(check.cure)}", style="yellow")] if check.cure else []
        echo_wrapped([found, *cure], indent)


def _checks_of_key(base_url: str | None) -> list[Check]:
    try:
        return [*checks_of_response(run(lambda: _ask(base_url)))]
    except (PictoryConfigError, SettingError) as error:
        text = error.message if isinstance(error, SettingError) else in_command_words(str(error))
        return [Check("settings", "no request could be sent", text, exit_code_of(error))]


async def _ask(base_url: str | None) -> Response:
    events: list[Event] = []
    async with open_client(base_url, on_event=events.append) as client:
        error = await _failure(client)
        ended = [event for event in events if isinstance(event, RequestEnded)]
        return Response(client.base_url, find_account().source, error, ended[-1] if ended else None)


async def _failure(client: AsyncPictory) -> PictoryError | None:
    """Why the API has no usable response, without a retry: what is wrong now is wanted, and not whether it passes."""
    once = client.with_options(retry=RetryPolicy(attempts=1), timeout=_LIMIT)
    try:
        await anext(once.projects.list().pages())
    except PictoryError as error:
        return error
    return None
