"""`pictory quota`: what the account used, and may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pictory_async.cli._client import open_client, run
from pictory_async.cli._options import base_url_option, json_option
from pictory_async.cli.display.text import echo_facts, echo_json, out_is_terminal

if TYPE_CHECKING:
    from pictory_async.models import Allowance, Quota

__all__ = ["command"]


@click.command("quota", short_help="Show what the account used in this term, and may use.")
@base_url_option
@json_option("Print the API's response.")
def command(*, base_url: str | None, as_json: bool) -> None:
    """Show what the account used in this billing term, and may use.

    Piped output has tabs between what it is, what is used, the limit, and what is left.
    """

    async def fetch() -> Quota:
        async with open_client(base_url) as client:
            return await client.account.quota()

    _print(run(fetch), as_json=as_json)


def _print(quota: Quota, *, as_json: bool) -> None:
    if as_json:
        echo_json(quota.to_dict())
        return
    rows = [(name, found) for name, found in _allowances(quota) if found is not None]
    if out_is_terminal():
        echo_facts([(name, _used(found)) for name, found in rows])
        return
    for name, found in rows:
        click.echo("\t".join([name, *(_number(value) for value in (found.used, found.limit, found.left))]))


def _allowances(quota: Quota) -> list[tuple[str, Allowance | None]]:
    return [
        ("video minutes", quota.video_minutes),
        ("transcription minutes", quota.transcription_minutes),
        ("ElevenLabs minutes", quota.eleven_labs_minutes),
        ("AI credits", quota.ai_credits),
    ]


def _used(found: Allowance) -> str:
    return f"{_number(found.used)} of {_number(found.limit)} used, {_number(found.left)} left"


def _number(value: Any) -> str:
    return "unknown" if value is None else f"{value:g}"
