"""Strict reading of single JSON values: the hooks of the converter, and their error."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any, Final

from pictory_async._codec.json_bytes import is_object
from pictory_async.models import JobStatus, ProjectStep
from pictory_async.models._base import as_utc

ABSENT: Any = object()


class TypeMismatchError(Exception):
    """A value has the wrong type for its place.

    Attributes:
        expected: What belongs there, in words.
        found: The value; ``ABSENT`` if there is none.
        path: Where it is, from the object being read, such as ``.items[3].id``.
    """

    def __init__(self, expected: str, found: Any, path: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found
        self.path = path

    def inside(self, place: str) -> TypeMismatchError:
        """The same type mismatch, with the parent's path in front."""
        return TypeMismatchError(self.expected, self.found, place + self.path)

    def describe(self) -> str:
        """What is wrong, without the value itself."""
        return f"$.{self.path.lstrip('.')} {_found(self.found)}, but must be {self.expected}"


def _found(value: Any) -> str:
    if value is ABSENT:
        return "is missing"
    names: dict[Any, str] = {str: "text", bool: "true or false", dict: "an object", list: "a list"}
    return f"is {names.get(type(value), 'a number')}"


def text(value: Any, _: Any = None) -> str:
    """Read text."""
    if isinstance(value, str):
        return value
    raise TypeMismatchError("text", value)


def flag(value: Any, _: Any = None) -> bool:
    """Read ``true`` or ``false``."""
    if isinstance(value, bool):
        return value
    raise TypeMismatchError("true or false", value)


def whole(value: Any, _: Any = None) -> int:
    """Read a whole number, written without a fraction."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeMismatchError("a whole number", value)


def number(value: Any, _: Any = None) -> float:
    """Read a number that a ``float`` can hold."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
        if math.isfinite(result):
            return result
    raise TypeMismatchError("a number", value)


def moment(value: Any, _: Any = None) -> datetime | None:
    """Read ISO 8601 text as a time in UTC; empty text means no time, and a time without a zone is UTC."""
    if isinstance(value, str):
        if not value:
            return None
        try:
            return as_utc(datetime.fromisoformat(value))
        except (ValueError, OverflowError):  # the first and last hours of the calendar do not exist in UTC
            pass
    raise TypeMismatchError("a date in ISO 8601 form", value)


def moment_text(value: datetime) -> str:
    """Write a time as the API does: UTC, milliseconds, and microseconds only if there are any."""
    timespec = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.isoformat(timespec=timespec).replace("+00:00", "Z")


def project_id(value: Any, _: Any = None) -> str | int:
    """Read an id: text in new projects, a whole number in old ones."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    raise TypeMismatchError("text or a whole number", value)


def error_code(value: Any, _: Any = None) -> str:
    """Read an error code, which is text or a number, as text."""
    return str(project_id(value))


def label(value: Any, _: Any = None) -> str:
    """Read text that is only shown or passed on, such as the number of a voice; the API also sends it as a number."""
    if isinstance(value, str):
        return value
    try:
        number(value)
    except TypeMismatchError:
        raise TypeMismatchError("text", value) from None
    return str(value)


def length(value: Any, _: Any = None) -> float:
    """Read a duration in seconds, which is a number, or text such as ``8s``."""
    if isinstance(value, str):
        found = _LENGTH.fullmatch(value)
        if found is None:
            raise TypeMismatchError("a duration such as 8s", value)
        value = float(found[1])
    return number(value)


_LENGTH: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?s?")
_STEPS: dict[str, ProjectStep] = {member.value: member for member in ProjectStep}
_STATUSES: dict[str, JobStatus] = {member.value: member for member in JobStatus}


def step(value: Any, _: Any = None) -> ProjectStep | str:
    """Read a step; an undocumented one stays text."""
    found = text(value)
    return _STEPS.get(found, found)


def job_status(value: Any, _: Any = None) -> JobStatus | str:
    """Read a job's status; an undocumented one stays text."""
    found = text(value)
    return _STATUSES.get(found, found)


def mapping(value: Any, _: Any = None) -> dict[str, Any]:
    """Read an object with any names."""
    if is_object(value):
        return value
    raise TypeMismatchError("an object", value)
