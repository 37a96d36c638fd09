"""`pictory auth status`: where the API key comes from, and whether the API accepts it."""

from __future__ import annotations

import attrs
import click

from pictory_async.cli._account import find_account
from pictory_async.cli._client import open_client, run
from pictory_async.cli._exit_codes import KEY_REFUSED, SUCCESS, CommandError, debugs, final_error
from pictory_async.cli._options import base_url_option, json_option
from pictory_async.cli.display.text import echo_facts, echo_json, one_line
from pictory_async.errors import PictoryError

__all__ = ["command"]


@attrs.define
class _Status:
    """What is known about the key.

    Attributes:
        source: Where it comes from.
        base_url: The address that it was sent to; ``None`` if it was not.
        error: Why the API did not accept it; ``None`` if it did.
    """

    source: str
    base_url: str | None = None
    error: CommandError | None = None

    @property
    def accepted(self) -> bool | None:
        """Whether the API accepts the key; ``None`` if it does not say."""
        if self.error is None:
            return True
        return False if self.error.exit_code == KEY_REFUSED else None


@click.group("auth", short_help="Show where the API key comes from, and whether it is accepted.")
def command() -> None:
    """Show where the API key comes from, and whether the API accepts it."""


@command.command("status")
@base_url_option
@json_option("Print one JSON object.")
@click.pass_context
def status_command(ctx: click.Context, *, base_url: str | None, as_json: bool) -> None:
    """Show where the API key comes from, and whether the API accepts it.

    One request is sent: for the first page of the list of projects. No part of the key is shown.
    """
    ctx.exit(_report(run(lambda: _ask(base_url)), as_json=as_json))


def _report(status: _Status, *, as_json: bool) -> int:
    """Print what is known, and return the exit code."""
    error = status.error
    if as_json:
        reason = None if error is None else error.message
        echo_json({"source": status.source, "base_url": status.base_url, "accepted": status.accepted, "error": reason})
    else:
        facts = [("key from", one_line(status.source)), ("base URL", one_line(status.base_url or ""))]
        echo_facts([*facts, ("accepted", {True: "yes", False: "no", None: "unknown"}[status.accepted])])
    if error is None:
        return SUCCESS
    error.show()
    return error.exit_code


async def _ask(base_url: str | None) -> _Status:
    status = _Status(find_account().source)
    async with open_client(base_url) as client:
        status.base_url = client.base_url
        try:
            await anext(client.projects.list().pages())
        except PictoryError as error:
            status.error = final_error(error, debug=debugs())
    return status
