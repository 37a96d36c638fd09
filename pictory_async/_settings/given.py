"""What users pass to calls, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pictory_async._settings.addresses import web_address
from pictory_async._values import brief
from pictory_async.errors import PictoryConfigError


def text(name: str, value: object, *, least: int = 1, most: int | None = None) -> str:
    """Check a text by its length in characters.

    Raises:
        PictoryConfigError: It is none, or too short or too long.
    """
    if not isinstance(value, str):
        raise PictoryConfigError(f"{name} must be text, not {brief(value)}.")
    if len(value.strip()) < least:
        needed = "be empty" if least == 1 else f"have fewer than {least} characters"
        raise PictoryConfigError(f"{name} must not {needed}.")
    if most is not None and len(value) > most:
        raise PictoryConfigError(f"{name} has {len(value)} characters, and at most {most} are allowed.")
    return value


def address(name: str, value: object, *, most: int | None = None) -> str:
    """Check a web address.

    Raises:
        PictoryConfigError: It is none, or too long.
    """
    if not isinstance(value, str) or web_address(value) is None:
        raise PictoryConfigError(f"{name} must be a web address that starts with https://, not {brief(value)}.")
    return text(name, value, most=most)


def whole(name: str, value: object, *, least: int, most: int | None = None) -> int:
    """Check a whole number.

    Raises:
        PictoryConfigError: It is none, or out of range.
    """
    if isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most):
        return value
    span = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise PictoryConfigError(f"{name} must be a whole number {span}, not {brief(value)}.")


def body_of(fields: Mapping[str, Any], extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object of a request: without what is ``None``, which is never sent, and with fields of the user's own.

    Raises:
        PictoryConfigError: ``extra`` is no mapping.
    """
    if extra is not None and not isinstance(extra, Mapping):
        raise PictoryConfigError(f"extra must be a mapping of fields in the API's spelling, not {brief(extra)}.")
    return {name: value for name, value in fields.items() if value is not None} | dict(extra or {})


def flag(name: str, value: object) -> bool | None:
    """Check a value that is true, false, or not given.

    Raises:
        PictoryConfigError: It is something else.
    """
    if value is None or isinstance(value, bool):
        return value
    raise PictoryConfigError(f"{name} must be true or false, not {brief(value)}.")
