"""Print the lists of projects, templates and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pictory_async.cli._client import open_client, run
from pictory_async.cli._progress import telling
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import echo_json, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from pictory_async import AsyncPictory
    from pictory_async.cli.display.table import Cell

__all__ = ["print_list"]


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
    columns: Sequence[str],
    row_of: Callable[[T], Sequence[Cell]] | None,
    *,
    spare: Sequence[int] = (),
) -> None:
    """Print a list: a table on a terminal, otherwise each item as soon as it arrives.

    Args:
        base_url: The address of the API.
        listing: Returns the items.
        limit: Stop after this number of items; ``None`` for all.
        columns: The names of the columns.
        row_of: Returns the row of an item; ``None`` to print its JSON.
        spare: The columns to leave out on a narrow terminal, the first one first.
    """
    rows: list[Sequence[Cell]] = []
    count = 0

    async def fetch() -> None:
        nonlocal count
        complete = False
        progress = telling(lambda: f"{count} so far", lambda: count - len(rows))
        try:
            async with open_client(base_url) as client, progress:
                async for item in listing(client):
                    count += 1
                    if row_of is None:
                        echo_json(item.to_dict())
                    elif out_is_terminal():
                        rows.append(row_of(item))
                    else:
                        echo_table(columns, [row_of(item)])
                    if count == limit:
                        break
            complete = True
        finally:
            # After an error or Ctrl-C, the rows so far are printed too. An error alone has no empty table above it.
            if row_of is not None and out_is_terminal() and (rows or complete):
                echo_table(columns, rows, spare=spare)

    run(fetch)
