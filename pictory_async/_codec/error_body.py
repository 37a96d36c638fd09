"""The body of an error response, in any of the shapes that the API uses."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._codec.json_bytes import is_list, is_object
from pictory_async._codec.origin import has_api_form, is_wrong_address
from pictory_async._values import ValueObject, cut, in_one_line
from pictory_async.errors import FieldProblem, NotFoundError, StatusError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_LARGEST = 1024 * 1024  # bytes: reading more would hold up the event loop
_FIRST: Final = 1000  # bytes of a body that is no JSON
_MOST: Final = 100  # field problems, and entries of one list of texts
_ALL: Final = 10_000  # characters of all field problems together
_SHOWN: Final = 10  # field problems in a message

_MESSAGES: Final = ("message", "Message", "error_message", "errorMessage")
_CODES: Final = ("code", "error_code", "errorCode", "__type")
_REPORTS: Final = ("error", "errors", "error_code", "error_message", "errorMessage")
# As the services of AWS name it, which a gateway passes on with status 400 or 403. Nothing else may look like it: the
# refusal of a key must not be waited for.
_THROTTLED: Final = (
    r"Throttl(?:ing|ed)(?:Exception)?|RequestThrottled(?:Exception)?|TooManyRequests(?:Exception)?"
    r"|RequestLimitExceeded|ProvisionedThroughputExceeded(?:Exception)?|SlowDown"
)
_THROTTLED_CODE: Final = re.compile(rf"(?:[^:]*[#.])?(?:{_THROTTLED})(?::.*)?", re.IGNORECASE)
_THROTTLED_WORDS: Final = re.compile(
    r"(?:rate|rate limit|request limit) (?:is )?exceeded\W*|too many requests\W*", re.IGNORECASE
)
_THROTTLED_AMONG: Final = re.compile(rf"\((?:{_THROTTLED})\)")
_CODE_IN_XML: Final = re.compile(rb"<Code>([A-Za-z.]{1,60})</Code>")
_NOT_FOUND: Final = re.compile(r"(?i)not[ _]found|does not exist|no such ")


@attrs.frozen(repr=False, eq=False)
class ErrorBody(ValueObject):
    """What an error response states.

    Attributes:
        message: What went wrong, in the API's words.
        code: The API's error code as text.
        fields: Problems of single fields of the request; the first 100, and at most 10,000 characters in total.
        from_api: Whether the body has the API's own form.
        wrong_address: Whether a gateway says that it does not serve this address.
    """

    message: str | None = None
    code: str | None = None
    fields: tuple[FieldProblem, ...] = ()
    from_api: bool = False
    wrong_address: bool = False

    @property
    def said(self) -> str:
        """The words or, if there are none, the code: in parentheses, for the middle of a sentence; can be empty."""
        words = self.message or self.listed.strip() or self.code
        return f" ({words})" if words else ""

    @property
    def listed(self) -> str:
        """The first problems of fields as sentences, each after a space; can be empty."""
        text = "".join(f" {field.name}: {field.problem}." for field in self.fields[:_SHOWN])
        more = len(self.fields) - _SHOWN
        return f"{cut(text)} There are more." if more > 0 else cut(text)

    @property
    def says_not_found(self) -> bool:
        """Whether the words or the code say that what was asked for does not exist."""
        return any(text is not None and _NOT_FOUND.search(text) for text in (self.message, self.code))


def says_throttled(found: ErrorBody | None, body: bytes, kind: str | None) -> bool:
    """Whether an error response says, in words or by a code, that there were too many requests.

    Args:
        found: What the body states, if it is JSON.
        body: The body.
        kind: The type of the error, from a header.
    """
    if found is None:
        code = _CODE_IN_XML.search(body[:_FIRST])
        found = ErrorBody(message=body[:_FIRST].decode("latin-1").strip(), code=code and code[1].decode())
    return (
        any(text is not None and _THROTTLED_CODE.fullmatch(text) is not None for text in (kind, found.code))
        or _THROTTLED_WORDS.fullmatch(found.message or "") is not None
        or _THROTTLED_AMONG.search(found.message or "") is not None
    )


def decode_error(body: bytes, hide: Callable[[str], str] = str) -> ErrorBody | None:
    """Read the body of an error response. Never raises.

    Args:
        body: The body, whatever it is.
        hide: Removes from each text what must not be repeated.

    Returns:
        What could be read; ``None`` if the body is not JSON or larger than 1 MiB, so it is not from the API.
    """
    if len(body) > _LARGEST:
        return None
    try:
        value: Any = _tidied(json.loads(body.decode("utf-8-sig", "replace")), hide)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        return ErrorBody(message=_text(value))
    return read_error(value) if is_object(value) else ErrorBody()


def read_error(value: dict[str, Any]) -> ErrorBody:
    """Read a JSON object as an error; its texts must be in one line already, and must hide what is secret."""
    homes = [value, *(home for key in ("error", "data") if is_object(home := value.get(key)))]
    fields = next((found for home in homes if (found := _fields(home))), ())
    message = _first(homes, *_MESSAGES) or _first([value], "error", "data", loose=False)
    if message is None and not fields:
        message = _first(homes, "errors", "error")
    return ErrorBody(
        message=message,
        code=_first(homes, *_CODES),
        fields=fields,
        from_api=has_api_form(value),
        wrong_address=is_wrong_address(value),
    )


def reported_error(raw: dict[str, Any]) -> StatusError | None:
    """The error that a response with status 200 reports instead of showing what was asked for.

    Returns:
        `NotFoundError` or `StatusError`, without the API's words: they may repeat the key, which only the request's
        side can hide (`Response.blame`). ``None`` if the object does not report an error in words or by a code.
    """
    body = read_error(raw)
    homes = (raw, raw.get("data"))
    reports = any(home.get(name) for home in homes if is_object(home) for name in _REPORTS)
    if not (body.from_api and body.said and (raw.get("success") is False or reports or body.says_not_found)):
        return None
    kind = NotFoundError if body.says_not_found else StatusError
    return kind("The response reports an error.", status=200)


def _tidied(value: Any, hide: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return in_one_line(hide(value))
    if is_list(value):
        return [_tidied(one, hide) for one in value]
    if is_object(value):
        return {_tidied(name, hide): _tidied(one, hide) for name, one in value.items()}
    return value


def _first(homes: list[dict[str, Any]], *names: str, loose: bool = True) -> str | None:
    values = (home.get(name) for home in homes for name in names)
    # Where an object or a list may hold other things as well, only text is an error's words.
    found = (_text(value) for value in values if loose or isinstance(value, str))
    return next((text for text in found if text), None)


def _text(value: Any) -> str | None:
    if is_list(value):
        value = _joined(_text(part) for part in islice(value, _MOST) if not is_list(part))
    elif is_object(value):
        value = _first([value], *_MESSAGES, "error", "errors", "detail", "description", loose=False)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        return None
    return cut(value.strip())


def _joined(parts: Iterable[str | None]) -> str:
    return "; ".join(part for part in parts if part)


def _fields(home: dict[str, Any]) -> tuple[FieldProblem, ...]:
    """The problems of single fields: of ``fields``, else of ``errors`` where that names fields too."""
    found = _bounded(_problems(home.get("fields")))
    if found:
        return found
    errors = home.get("errors")
    if is_list(errors) and not any(is_object(entry) and _name(entry) for entry in errors):
        return ()  # these are words about the whole request
    return _bounded(_problems(errors))


def _bounded(problems: Iterator[FieldProblem]) -> tuple[FieldProblem, ...]:
    """The first problems: not more than people read, and not more than a log should get."""
    kept: list[FieldProblem] = []
    left = _ALL
    for problem in islice(problems, _MOST):
        left -= len(problem.name) + len(problem.problem)
        if left < 0:
            break
        kept.append(problem)
    return tuple(kept)


def _name(entry: dict[str, Any]) -> str | None:
    return _first([entry], "name", "field", "path")


def _problems(fields: Any) -> Iterator[FieldProblem]:
    """Read the ``fields`` of a 400 response: a list of names and errors, or an object of errors by name."""
    if is_object(fields):
        for field, errors in fields.items():
            yield FieldProblem(name=cut(field), problem=_text(errors) or "")
    elif is_list(fields):
        for entry in fields:
            if is_object(entry):
                name = _name(entry)
                problem = _first([entry], "errors", "error", *_MESSAGES)
                if name or problem:
                    yield FieldProblem(name=name or "", problem=problem or "")
            elif isinstance(entry, str) and entry.strip():
                yield FieldProblem(name=_text(entry) or "", problem="")
