"""The body of an error response, in any of the shapes that the API uses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async._codec.json_bytes import is_list, is_object
from pictory_async._values import ValueObject
from pictory_async.errors import FieldProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LONGEST = 500  # characters of one text: an error message is read by people and written to logs


@attrs.frozen(repr=False, eq=False)
class ErrorBody(ValueObject):
    """What an error response states.

    Attributes:
        message: What went wrong, in the API's words.
        code: The API's error code as text.
        fields: Problems of single fields of the request.
    """

    message: str | None = None
    code: str | None = None
    fields: tuple[FieldProblem, ...] = ()


def in_one_line(text: str) -> str:
    """Replace line ends and everything else that could control a log or a terminal in a text from outside."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else " " for sign in text)


def quotable(text: str) -> str:
    """A text from outside for a message: in one line, and shortened."""
    text = in_one_line(text[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def decode_error(body: bytes, hide: Callable[[str], str] = str) -> ErrorBody | None:
    """Read the body of an error response. Never raises.

    Args:
        body: The body, whatever it is.
        hide: Removes from each text what must not be repeated.

    Returns:
        What could be read; ``None`` if the body is not JSON, so it is not from the API.
    """
    try:
        value: Any = _tidied(json.loads(body.decode("utf-8-sig", "replace")), hide)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        return ErrorBody(message=_text(value))
    if not is_object(value):
        return ErrorBody()
    homes = [value, *(home for key in ("error", "data") if is_object(home := value.get(key)))]
    error = value.get("error")
    return ErrorBody(
        message=_first(homes, "message", "error_message", "errorMessage")
        or (_text(error) if isinstance(error, str) else None),
        code=_first(homes, "code", "error_code", "errorCode"),
        fields=next((found for home in homes if (found := tuple(_problems(home.get("fields"))))), ()),
    )


def _tidied(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return in_one_line(hide(value))
    if is_list(value):
        return [_tidied(one, hide) for one in value]
    if is_object(value):
        return {_tidied(name, hide): _tidied(one, hide) for name, one in value.items()}
    return value


def _first(homes: list[dict[str, Any]], *names: str) -> str | None:
    found = (_text(home.get(name)) for home in homes for name in names)
    return next((text for text in found if text), None)


def _text(value: Any) -> str | None:
    if is_list(value):
        parts = (_text(part) for part in value if not is_list(part))
        value = "; ".join(part for part in parts if part)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _problems(fields: Any) -> Iterator[FieldProblem]:
    """Read the ``fields`` of a 400 response: a list of names and errors, or an object of errors by name."""
    if is_object(fields):
        for field, errors in fields.items():
            yield FieldProblem(name=field[:_LONGEST], problem=_text(errors) or "")
    elif is_list(fields):
        for entry in fields:
            if is_object(entry):
                name = _text(entry.get("name"))
                problem = _first([entry], "errors", "error", "message")
                if name or problem:
                    yield FieldProblem(name=name or "", problem=problem or "")
            elif isinstance(entry, str) and entry.strip():
                yield FieldProblem(name=_text(entry) or "", problem="")
