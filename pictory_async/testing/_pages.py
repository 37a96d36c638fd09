"""Lists in pages.

A page key names the last item that was given, so that nothing is skipped while items come and go.
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
    """A page key that no answer has given."""


def page_key(created: str, identity: str) -> str:
    """Return the key that continues after an item: JSON in Base64."""
    value = {"lastEvaluatedKey": {"created_at": created, "id": identity}}
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def read_page_key(key: str) -> str:
    """Return the id of the item a key continues after."""
    try:
        value: Any = json.loads(base64.b64decode(key, validate=True))
        return str(value["lastEvaluatedKey"]["id"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        msg = f"not a page key: {key!r}"
        raise UnknownPageKeyError(msg) from error


def cut_page(
    items: Sequence[T],
    *,
    key: str | None,
    size: int,
    identity: Callable[[T], str],
    created: Callable[[T], Any],
    visible: Callable[[T], bool],
    trailing: bool = False,
) -> tuple[list[T], str | None]:
    """Return one page and the key of the next.

    Args:
        items: All items in the order of the list, those that are gone included.
        key: The key the client sent, if it sent one.
        size: How many items a page holds.
        identity: Gives an item's id as text.
        created: Gives an item's date.
        visible: Tells whether an item is to be listed now.
        trailing: Give a key even when the last page is exactly full; the page after it is empty.

    Raises:
        UnknownPageKeyError: The key is none that was given.
    """
    begin = 0
    if key is not None:
        last = read_page_key(key)
        places = [place for place, item in enumerate(items) if identity(item) == last]
        if not places:
            msg = f"not a page key: {key!r}"
            raise UnknownPageKeyError(msg)
        begin = places[0] + 1
    rest = [item for item in items[begin:] if visible(item)]
    page = rest[:size]
    if not page or (len(rest) <= size and not (trailing and len(page) == size)):
        return page, None
    return page, page_key(iso(created(page[-1])), identity(page[-1]))
