"""Printing lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pictory_async.cli._client import open_client, run
from pictory_async.cli.display.table import echo_table
from pictory_async.cli.display.text import echo_json, out_is_terminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from pictory_async import AsyncPictory
    from pictory_async.cli.display.table import Cell

__all__ = ["print_list"]


class Item(Protocol):
    """What can be printed."""

    def to_dict(self) -> dict[str, Any]:
        """The item as the API sent it."""
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
    """Print a list: a table on a terminal, elsewhere each item as soon as it has come.

    Args:
        base_url: Where the API is.
        listing: Gives the items.
        limit: Stop after so many; ``None`` for all.
        columns: The names of the columns.
        row_of: What to say of an item; ``None`` to print its JSON.
        spare: The columns to leave out where a terminal is narrow, the first one first.
    """
    rows: list[Sequence[Cell]] = []

    async def take() -> None:
        count, whole = 0, False
        try:
            async with open_client(base_url) as client:
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
            whole = True
        finally:
            # Also where the list breaks off.
            if row_of is not None and out_is_terminal() and (rows or whole):
                echo_table(columns, rows, spare=spare)

    run(take)
