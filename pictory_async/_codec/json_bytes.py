"""From the bytes of a response to a JSON object: strictly, and quickly if only a few fields are wanted."""

from __future__ import annotations

import codecs
import json
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

from pictory_async.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is a list."""
    return isinstance(value, list)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)

_LEVELS = 100
_PLAIN = frozenset({str, int, float, bool, type(None)})
_FAST_LIMIT = 4 * 1024 * 1024  # bytes; the parser keeps a multiple of the largest body it has read


def decode_json(body: bytes, *, list_as: str | None = None) -> dict[str, Any]:
    """Read a response's body as a JSON object.

    Args:
        body: The body: UTF-8 without a byte order mark.
        list_as: The name under which a bare list is put into an object; ``None`` if there must be none.

    Returns:
        The object. If a name occurs twice, its last value counts.

    Raises:
        MalformedResponseError: The body is not JSON (``NaN`` and infinities are not), not UTF-8, nested too
            deeply, contains an absurdly long number, or is not an object.
    """
    try:
        value: Any = _DECODER.decode(body.decode())
    except RecursionError:
        raise _malformed("is nested too deeply") from None
    except UnicodeDecodeError:
        raise _malformed("is not UTF-8 text") from None
    except ValueError:  # JSONDecodeError is one, and so is the error of int() for thousands of digits
        raise _malformed("is not JSON" if body.strip() else "is empty") from None
    if is_object(value):
        return value
    if is_list(value) and list_as is not None:
        return {list_as: value}
    raise _malformed("is JSON, but not an object")


def _malformed(problem: str) -> MalformedResponseError:
    return MalformedResponseError(
        f"The response body {problem}. A proxy or gateway may have responded instead of Pictory; try again.",
        json_path="$",
        from_api=False,
    )


def is_deep(value: dict[str, Any]) -> bool:
    """Whether a JSON object is nested more than 100 levels deep, so that not everything can copy or compare it."""
    level: list[Any] = [value]
    for _ in range(_LEVELS):
        found: list[Any] = []
        for container in level:
            items: Any = container.values() if is_object(container) else container
            found += [item for item in items if type(item) is dict or type(item) is list]  # by exact type: quick
        level = found
        if not level:
            return False
    return True


def copy_json(value: dict[str, Any]) -> dict[str, Any]:
    """Copy a JSON object, however deep it is (a recursive copy has a limit)."""
    result = value.copy()
    todo: list[Any] = [result]
    while todo:
        container = todo.pop()
        keys: list[Any] = list(container) if is_object(container) else list(range(len(container)))
        for key in keys:
            item = container[key]
            if is_object(item) or is_list(item):
                container[key] = fresh = item.copy()
                todo.append(fresh)
    return result


@cache
def _fast_parser() -> Callable[[bytes], Any] | None:
    try:
        import simdjson  # noqa: PLC0415  # optional, and only polling needs it
    except Exception:  # noqa: BLE001 - not installed, or installed but broken: the plain reader does the same
        return None
    return simdjson.Parser(max_capacity=_FAST_LIMIT).parse


def fast_fields(body: bytes, names: frozenset[str]) -> dict[str, Any] | None:
    """Read a few fields of a JSON object without building the rest of it.

    It accepts nothing that `decode_json` rejects, except a body nested about a thousand levels deep: there the limit of
    `decode_json` depends on the caller's stack.

    Args:
        body: The body of a response.
        names: The wanted fields.

    Returns:
        Their values, without those that the body does not have; or ``None`` if simdjson is not installed, or if only
        `decode_json` can report what is wrong with the body.
    """
    parse = _fast_parser()
    if parse is None or body.startswith(codecs.BOM_UTF8):  # which simdjson skips
        return None
    try:
        found = parse(body)
        keys: list[str] = list(found.keys())
        fields = {key: found[key] for key in names.intersection(keys)}
    except (ValueError, RuntimeError, AttributeError):  # simdjson's own errors; the last if it is not an object
        return None
    if len(keys) != len(set(keys)) or not _PLAIN.issuperset(map(type, fields.values())):
        return None  # of a name that occurs twice it returns the first value; objects and lists would have to be built
    return fields
