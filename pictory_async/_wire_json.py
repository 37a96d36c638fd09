"""Bytes of an answer to a JSON object: strictly, and quickly where only a few of its fields are wanted."""

from __future__ import annotations

import json
from functools import cache
from operator import call
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard

from pictory_async.errors import MalformedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["copy_json", "decode_json", "fast_fields", "is_list", "is_object"]


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Tell whether a JSON value is a list."""
    return isinstance(value, list)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)

_call: Callable[..., Any] = call

# A number that is too long for int() covers at least nine samples in a row: Python's limit is never below 640
# digits.
_SAMPLE_STEP = 64
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBER = b"0" * 9


def decode_json(body: bytes) -> dict[str, Any]:
    """Read an answer's body as a JSON object.

    Args:
        body: The body: UTF-8 without a byte order mark.

    Returns:
        The object. Of a name that occurs twice the last value stays.

    Raises:
        MalformedResponseError: The body is not JSON (``NaN`` and infinities are not), not UTF-8, nested too
            deeply, holds an absurdly long number, or is JSON but no object.
    """
    try:
        value: Any = _DECODER.decode(body.decode())
    except RecursionError:
        raise _malformed("is nested too deeply") from None
    except UnicodeDecodeError:
        raise _malformed("is not UTF-8 text") from None
    except ValueError:  # JSONDecodeError is one, and so is what int() says to thousands of digits
        raise _malformed("is not JSON" if body.strip() else "is empty") from None
    if is_object(value):
        return value
    raise _malformed("is JSON, but no object")


def _malformed(problem: str) -> MalformedResponseError:
    return MalformedResponseError(
        f"The answer's body {problem}. Something between here and Pictory may have answered; try again.",
        json_path="$",
    )


def copy_json(value: dict[str, Any]) -> dict[str, Any]:
    """Copy a JSON object with all that is in it, however deep (a recursive copy would have a limit)."""
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
def _fast_decoder(names: tuple[str, ...]) -> Callable[[bytes], Any] | None:
    try:
        import msgspec  # noqa: PLC0415  # optional, and only polling needs it
    except ImportError:
        return None
    # Any, not the fields' types: the types are judged in one place, for this decoder and for the other.
    places = [(f"f{number}", Any, None) for number in range(len(names))]
    rename = {f"f{number}": name for number, name in enumerate(names)}
    struct = msgspec.defstruct("Fields", places, rename=rename)
    return msgspec.json.Decoder(struct).decode


def fast_fields(body: bytes, names: tuple[str, ...]) -> dict[str, Any] | None:
    """Read a few fields of a JSON object without building the rest of it.

    Accepts nothing that :func:`decode_json` refuses.

    Args:
        body: The body of an answer.
        names: The wanted fields.

    Returns:
        Their values, ``None`` for an absent one; or ``None`` where msgspec is not installed or where only
        :func:`decode_json` can tell what is wrong with the body, and whether anything is.
    """
    decode = _fast_decoder(names)
    if decode is None or _LONG_NUMBER in body[::_SAMPLE_STEP].translate(_DIGITS_AS_ZEROS):
        return None
    try:
        if not body.isascii():
            body.decode()  # msgspec does not look into the text that it skips
        # msgspec bears up to four more levels of nesting than json does. Begun six calls deeper in C (calls
        # in Python do not count since 3.12) it bears fewer, so what it accepts json accepts too.
        found = _call(call, call, call, call, call, decode, body)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None
    return {name: getattr(found, f"f{number}") for number, name in enumerate(names)}
