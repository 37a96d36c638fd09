"""Fetch several things concurrently and print each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

import click

from pictory_async.cli._client import fetch_all, run
from pictory_async.cli._exit_codes import SUCCESS, report_error, worst_code
from pictory_async.cli._options import collect_ids
from pictory_async.cli.display.text import Facts, echo_facts, echo_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from pictory_async import AsyncPictory, Project, Template

__all__ = ["fetch_or_exit", "get_project", "get_template", "print_details", "print_each"]

T = TypeVar("T")


class Printable(Protocol):
    """An object that can be printed as the API sent it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the body as the API sent it."""
        ...


P = TypeVar("P", bound=Printable)


async def get_project(client: AsyncPictory, project_id: str) -> Project:
    """Fetch one project."""
    return await client.projects.get(project_id)


async def get_template(client: AsyncPictory, template_id: str) -> Template:
    """Fetch one template."""
    return await client.templates.get(template_id)


def print_details(
    base_url: str | None,
    ids: tuple[str, ...],
    get: Callable[[AsyncPictory, str], Awaitable[P]],
    facts_of: Callable[[P], Facts] | None,
) -> NoReturn:
    """Fetch and print things, and exit with 1 if one of them could not be fetched.

    Args:
        base_url: The address of the API.
        ids: What to fetch.
        get: Fetches one.
        facts_of: Returns the facts to print; ``None`` to print the body.
    """

    def show(one: P) -> None:
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
    """Fetch things concurrently and print each. Failures are reported, and the rest is still printed.

    Args:
        base_url: The address of the API.
        ids: What to fetch.
        get: Fetches one.
        show: Prints one, and may return an exit code.
        apart: Print an empty line between two.
        during: Entered during the fetching, to show its progress.

    Raises:
        click.exceptions.Exit: Always, with the worst exit code.
    """
    wanted = collect_ids(ids)
    click.get_current_context().exit(
        _show_all(run(lambda: fetch_all(base_url, wanted, get, during)), show, apart=apart)
    )


def _show_all(found: list[T | Exception], show: Callable[[T], int | None], *, apart: bool) -> int:
    code, printed = SUCCESS, False
    for one in found:
        if isinstance(one, Exception):
            code = worst_code(code, report_error(one))
            continue
        if apart and printed:
            click.echo()
        printed = True
        code = worst_code(code, show(one) or SUCCESS)
    return code


def fetch_or_exit(
    base_url: str | None, ids: Sequence[str], get: Callable[[AsyncPictory, str], Awaitable[T]]
) -> list[T]:
    """Fetch things concurrently. If one of them cannot be fetched, report it and end the command.

    Raises:
        click.exceptions.Exit: Something could not be fetched.
    """
    return _all_or_exit(run(lambda: fetch_all(base_url, ids, get)))


def _all_or_exit(found: list[T | Exception]) -> list[T]:
    things = [one for one in found if not isinstance(one, Exception)]
    if len(things) < len(found):
        codes = [report_error(one) for one in found if isinstance(one, Exception)]
        click.get_current_context().exit(worst_code(*codes))
    return things
