"""Fetching several things at once and printing each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from pictory_async.cli._client import fetch_all, run
from pictory_async.cli._exits import SUCCESS, complaint_of
from pictory_async.cli._options import project_ids
from pictory_async.cli._text import Facts, echo_facts, echo_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pictory_async import AsyncPictory

__all__ = ["print_snapshots"]


class Snapshot(Protocol):
    """What can be printed."""

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
    ctx = click.get_current_context()
    debug = ctx.find_root().params["debug"]
    wanted = project_ids(ids)
    ctx.exit(_print_all(run(lambda: fetch_all(base_url, wanted, get)), facts_of, debug=debug))


def _print_all(found: list[S | Exception], facts_of: Callable[[S], Facts] | None, *, debug: bool) -> int:
    code, printed = SUCCESS, 0
    for one in found:
        if isinstance(one, Exception):
            complaint = complaint_of(one, debug=debug)
            complaint.show()
            code = max(code, complaint.exit_code)
        elif facts_of is None:
            echo_json(one.to_dict())
        else:
            if printed:
                click.echo()
            printed += 1
            echo_facts(facts_of(one))
    return code
