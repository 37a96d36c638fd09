"""Whose response is it? The API's own word, or that of a gateway, a proxy or a firewall in front of it."""

from __future__ import annotations

from typing import Any, Final

from pictory_async._codec.json_bytes import is_object

_NAMES: Final = frozenset(
    {
        "message",
        "Message",
        "error",
        "errors",
        "data",
        "code",
        "error_code",
        "error_message",
        "errorMessage",
        "success",
    }
)
_WRONG_ADDRESS: Final = "missing authentication token"


def has_api_form(value: Any) -> bool:
    """Whether a JSON value has the API's own form, so that it says something about what was asked for.

    It does if it is an object with one of the names that the API's documentation shows in errors. Objects without any
    of them, lists and texts come from something in front of the API, and so does the message of a wrong address.
    """
    return is_object(value) and not _NAMES.isdisjoint(value) and not is_wrong_address(value)


def is_wrong_address(value: dict[str, Any]) -> bool:
    """Whether an object is what AWS's API gateway says about an address that it does not serve."""
    texts = (value.get("message"), value.get("Message"))
    return any(isinstance(text, str) and text.strip().casefold() == _WRONG_ADDRESS for text in texts)
