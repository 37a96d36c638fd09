"""Fetching several things at once and printing each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

import click

from pictory_async.cli._client import fetch_all, run
from pictory_async.cli._exit_codes import SUCCESS, complaint_of, worst
from pictory_async.cli._options import project_ids
from pictory_async.cli.display.text import Facts, echo_facts, echo_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from pictory_async import AsyncPictory, Project, Template

__all__ = ["complain", "fetch_or_leave", "get_project", "get_template", "print_each", "print_snapshots"]

T = TypeVar("T")


class Snapshot(Protocol):
    """What can be printed."""

    def to_dict(self) -> dict[str, Any]:
        """The body as the API sent it."""
        ...


S = TypeVar("S", bound=Snapshot)


async def get_project(client: AsyncPictory, project_id: str) -> Project:
    """Fetch one project."""
    return await client.projects.get(project_id)


async def get_template(client: AsyncPictory, template_id: str) -> Template:
    """Fetch one template."""
    return await client.templates.get(template_id)


def print_snapshots(
    base_url: str | None,
    ids: tuple[str, ...],
    get: Callable[[AsyncPictory, str], Awaitable[S]],
    facts_of: Callable[[S], Facts] | None,
) -> NoReturn:
    """Fetch and print things, and end the command with the exit code that says whether all were there.

    Args:
        base_url: Where the API is.
        ids: What to fetch.
        get: Fetches one.
        facts_of: What to say of it; ``None`` to print its body.
    """

    def show(one: S) -> None:
        if facts_of is None:
            echo_json(one.to_dict())
        else:
            echo_facts(facts_of(one))

    print_each(base_url, ids, get, show, apart=facts_of is not None)


def print_each(
    base_url: str | None,
    ids: tuple[str, ...],
    get: Callable[[AsyncPictory, str], Awaitable[T]],
    show: Callable[[T], int | None],
    *,
    apart: bool = False,
    during: AbstractAsyncContextManager[None] | None = None,
) -> NoReturn:
    """Fetch things, all at once, and show each; what cannot be fetched is reported.

    Args:
        base_url: Where the API is.
        ids: What to fetch.
        get: Fetches one.
        show: Prints one; may give an exit code.
        apart: Leave an empty line between two.
        during: Entered while they are fetched, to show how far that is.

    Raises:
        click.exceptions.Exit: In the end, with the highest exit code.
    """
    wanted = project_ids(ids)
    click.get_current_context().exit(
        _show_all(run(lambda: fetch_all(base_url, wanted, get, during)), show, apart=apart)
    )


def _show_all(found: list[T | Exception], show: Callable[[T], int | None], *, apart: bool) -> int:
    code, printed = SUCCESS, False
    for one in found:
        if isinstance(one, Exception):
            code = worst(code, complain(one))
            continue
        if apart and printed:
            click.echo()
        printed = True
        code = worst(code, show(one) or SUCCESS)
    return code


def fetch_or_leave(
    base_url: str | None, ids: Sequence[str], get: Callable[[AsyncPictory, str], Awaitable[T]]
) -> list[T]:
    """Fetch things, all at once; where one cannot be fetched, say so and end the command.

    Raises:
        click.exceptions.Exit: Something could not be fetched.
    """
    return _all_or_leave(run(lambda: fetch_all(base_url, ids, get)))


def _all_or_leave(found: list[T | Exception]) -> list[T]:
    things = [one for one in found if not isinstance(one, Exception)]
    if len(things) < len(found):
        codes = [complain(one) for one in found if isinstance(one, Exception)]
        click.get_current_context().exit(worst(*codes))
    return things


def complain(error: Exception) -> int:
    """Report an error on standard error, and return its exit code."""
    complaint = complaint_of(error, debug=click.get_current_context().find_root().params["debug"])
    complaint.show()
    return complaint.exit_code
