"""Pages of lists.

A page key contains the last item of a page, so that no item is skipped when others are added or deleted.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, TypeVar

from pictory_async.testing.bodies import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class UnknownPageKeyError(ValueError):
    """A page key that the simulator has not returned."""


def page_key(created: str, identity: str) -> str:
    """Return the key of the page after an item: JSON in Base64."""
    value = {"lastEvaluatedKey": {"created_at": created, "id": identity}}
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def read_page_key(key: str) -> str:
    """Return the id of the item that a key continues after.

    Raises:
        UnknownPageKeyError: It is not a page key.
    """
    try:
        value: Any = json.loads(base64.b64decode(key, validate=True))
        return str(value["lastEvaluatedKey"]["id"])
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnknownPageKeyError(f"not a page key: {key!r}") from error


def cut_page(
    items: Sequence[T],
    *,
    key: str | None,
    size: int,
    identity: Callable[[T], str],
    created: Callable[[T], Any],
    visible: Callable[[T], bool],
    trailing: bool = False,
    overlap: bool = False,
) -> tuple[list[T], str | None]:
    """Return one page and the key of the next.

    Args:
        items: All items in the order of the list, including deleted ones.
        key: The key that the client sent, if any.
        size: The number of items in a page.
        identity: Returns an item's id as text.
        created: Returns an item's date.
        visible: Returns whether an item is listed now.
        trailing: Whether a last page that is exactly full has a key too; the page after it is empty.
        overlap: Whether a page after the first begins with the last item of the page before.

    Raises:
        UnknownPageKeyError: The key is not one that the simulator has returned.
    """
    begin = 0
    if key is not None:
        last = read_page_key(key)
        begin = next((number for number, item in enumerate(items, 1) if identity(item) == last), 0)
        if not begin:
            raise UnknownPageKeyError(f"not a page key: {key!r}")
    rest = [item for item in items[begin:] if visible(item)]
    page = rest[:size]
    last_one = not page or (len(rest) <= size and not (trailing and len(page) == size))
    if overlap and begin and page:
        page.insert(0, items[begin - 1])
    if last_one:
        return page, None
    return page, page_key(iso(created(page[-1])), identity(page[-1]))
