"""Fetch several things concurrently and print each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

import click

from pictory_async.cli._batch import AT_ONCE, Batch, run_batch
from pictory_async.cli._exit_codes import SUCCESS
from pictory_async.cli._options import collect_ids
from pictory_async.cli._streams import surviving
from pictory_async.cli.display.text import Facts, echo_facts, echo_json, err_is_terminal, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from pictory_async import AsyncPictory, Project, Template

__all__ = ["fetch_or_exit", "get_project", "get_template", "print_details", "print_each"]

T = TypeVar("T")


class Printable(Protocol):
    """An object that can be printed as the API sent it."""

    @property
    def id(self) -> object:
        """Its id."""
        ...

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
    ids: Sequence[str],
    get: Callable[[AsyncPictory, str], Awaitable[P]],
    facts_of: Callable[[P], Facts] | None,
    noun: str,
) -> NoReturn:
    """Fetch and print things, and exit with 1 if one of them could not be fetched.

    Args:
        base_url: The address of the API.
        ids: What to fetch.
        get: Fetches one.
        facts_of: Returns the facts to print; ``None`` to print the id and the body as JSON.
        noun: What an id stands for.
    """
    json_id = f"{noun}_id"

    def show(one: P) -> None:
        if facts_of is None:
            # The API sends an integer for some ids; here it is the text that was given, as in an error.
            echo_json({json_id: None} | one.to_dict() | {json_id: str(one.id)})
        else:
            echo_facts(facts_of(one))

    texts = facts_of is not None
    print_each(base_url, ids, get, show, apart=texts, noun=noun, json_id=None if texts else json_id)


def print_each(  # noqa: PLR0913 - each is one property of the output
    base_url: str | None,
    ids: Sequence[str],
    get: Callable[[AsyncPictory, str], Awaitable[T]],
    show: Callable[[T], int | None],
    *,
    apart: bool = False,
    during: AbstractAsyncContextManager[None] | None = None,
    progress: Callable[[], object] | None = None,
    noun: str = "project",
    json_id: str | None = None,
    works: bool = False,
) -> NoReturn:
    """Fetch things concurrently, and print each as soon as it and those before it are there.

    Failures are reported, and the rest is still printed.

    Args:
        base_url: The address of the API.
        ids: What to fetch.
        get: Fetches one.
        show: Prints one, and may return an exit code.
        apart: Print an empty line between two.
        during: Entered during the fetching, to show its progress, if each one is a wait.
        progress: Returns what changes while these waits make progress.
        noun: What an id stands for.
        json_id: The key of the id in the JSON document of a failure; ``None`` to print no JSON.
        works: Whether ``get`` does work that matters even if the output is not read.

    Raises:
        click.exceptions.Exit: Always, with the worst exit code.
    """
    wanted = collect_ids(ids, noun=noun)
    waits = during is not None
    batch = Batch(
        ids=wanted,
        get=get,
        show=_printer(show, apart=apart, works=works),
        noun=noun,
        json_id=json_id,
        during=during,
        progress=progress,
        at_once=len(wanted) if waits else AT_ONCE,
        holds=waits and out_is_terminal() and err_is_terminal(),
    )
    click.get_current_context().exit(run_batch(base_url, batch))


def _printer(show: Callable[[T], int | None], *, apart: bool, works: bool) -> Callable[[T], int | None]:
    printed = False

    def show_apart(one: T) -> int | None:
        nonlocal printed
        if apart and printed:
            click.echo()
        printed = True
        return show(one)

    def show_safely(one: T) -> int | None:
        with surviving():
            return show_apart(one)
        return SUCCESS

    return show_safely if works else show_apart


def fetch_or_exit(
    base_url: str | None,
    ids: Sequence[str],
    get: Callable[[AsyncPictory, str], Awaitable[T]],
    noun: str,
    *,
    as_json: bool,
) -> list[T]:
    """Fetch things concurrently. If one of them cannot be fetched, report it and end the command.

    Args:
        base_url: The address of the API.
        ids: What to fetch.
        get: Fetches one.
        noun: What an id stands for.
        as_json: Whether to print the failures as JSON documents too.

    Raises:
        click.exceptions.Exit: Something could not be fetched.
    """
    found: list[T] = []
    batch = Batch(ids=list(dict.fromkeys(ids)), get=get, show=found.append, noun=noun)
    by_id = _all_or_exit(run_batch(base_url, batch), batch, found, as_json=as_json)
    return [by_id[one] for one in ids]


def _all_or_exit(code: int, batch: Batch[T], found: list[T], *, as_json: bool) -> dict[str, T]:
    if code == SUCCESS:
        return dict(zip(batch.ids, found, strict=True))
    if as_json:
        for one, text in batch.failures():
            echo_json({f"{batch.noun}_id": one, "error": text})
    return click.get_current_context().exit(code)
