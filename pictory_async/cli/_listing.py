"""Print the lists of projects, templates and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pictory_async.cli._client import open_client, run
from pictory_async.cli._progress import telling
from pictory_async.cli._selecting import matches
from pictory_async.cli._tables import open_sheet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pictory_async import AsyncPictory
    from pictory_async.cli._tables import Table

__all__ = ["all_templates", "print_list"]


class Item(Protocol):
    """An item that can be printed as the API sent it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the item as the API sent it."""
        ...


T = TypeVar("T", bound=Item)


def print_list(
    base_url: str | None,
    listing: Callable[[AsyncPictory], AsyncIterator[T]],
    limit: int | None,
    table: Table[T],
    *,
    as_json: bool,
    doing: Callable[[], str] | None = None,
) -> None:
    """Print a list: each item as soon as it arrives, if the format allows it.

    Args:
        base_url: The address of the API.
        listing: Returns the items.
        limit: Stop after this number of items; ``None`` for all.
        table: Describes the items.
        as_json: Whether to print the items as the API sent them, as JSON documents.
        doing: Returns what is done before the first item, for people.
    """
    # After an error or Ctrl-C, the rows so far are printed too. An error alone has no empty table above it.
    sheet = open_sheet(table, as_json=as_json)
    count = 0

    async def fetch() -> None:
        nonlocal count
        progress = telling(
            lambda: doing() if doing is not None and not count else f"{count} so far", lambda: count - sheet.held
        )
        async with open_client(base_url) as client, progress:
            async for item in listing(client):
                count += 1
                if sheet.is_json:
                    sheet.document(item.to_dict())
                else:
                    sheet.add(item)
                if count == limit:
                    break

    run(fetch)


def all_templates(base_url: str | None, name: str | None = None) -> list[str]:
    """Return the ids of all templates of the account, or of those whose name matches a pattern."""

    async def fetch() -> list[str]:
        async with open_client(base_url) as client:
            return [item.id async for item in client.templates.list() if matches(name, item.name)]

    return run(fetch)
