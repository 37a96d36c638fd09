"""Fetching several things at once and printing each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from pictory_async.cli._client import fetch_all, run
from pictory_async.cli._exits import FAILURE, SUCCESS, exit_code_of
from pictory_async.cli._options import project_ids
from pictory_async.cli._text import Facts, echo_facts, echo_json, printable
from pictory_async.errors import PictoryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async import AsyncPictory

__all__ = ["print_snapshots"]


class Snapshot(Protocol):
    """What can be printed."""

    @property
    def name(self) -> str | None:
        """Its name."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """The body as the API sent it."""
        ...


S = TypeVar("S", bound=Snapshot)


def print_snapshots(
    base_url: str | None,
    ids: tuple[str, ...],
    get: Callable[[AsyncPictory, str], Awaitable[S]],
    facts_of: Callable[[S], Facts] | None,
) -> None:
    """Fetch and print things, and end the command with the exit code that says whether all were there.

    Args:
        base_url: Where the API is.
        ids: What to fetch.
        get: Fetches one.
        facts_of: What to say of it; ``None`` to print its body.
    """
    code, printed = SUCCESS, 0
    wanted = project_ids(ids)
    for found in run(lambda: fetch_all(base_url, wanted, get)):
        if isinstance(found, PictoryError):
            click.echo(f"Error: {printable(str(found))}", err=True)
            code = max(code, exit_code_of(found))
        elif isinstance(found, Exception):
            raise found
        elif facts_of is None:
            echo_json(found.to_dict())
        else:
            if printed:
                click.echo()
            printed += 1
            echo_facts(facts_of(found), found.name or "")
    if code >= FAILURE:
        click.get_current_context().exit(code)
