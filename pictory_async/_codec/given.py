"""Read what a program kept of a model: the mapping that its ``to_dict`` returned, possibly by way of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pictory_async._codec.hooks import TypeMismatchError
from pictory_async._codec.json_bytes import is_deep
from pictory_async._codec.names import NAMES
from pictory_async._codec.reader import reader_of
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from pictory_async.models import Model

M = TypeVar("M", bound="Model")


def read_given(kind: type[M], value: object, asked: str | None = None) -> M:
    """Read a mapping as a model, as tolerantly as a response of the API.

    Args:
        kind: The class of the model.
        value: The mapping. It is copied.
        asked: The id to use if the mapping has none.

    Raises:
        PictoryConfigError: It is no mapping of JSON values, shows nothing of such a model, is nested too deeply, or has
            an id of the wrong type, or none.
    """
    what = f"a {kind.__name__.lower()}"
    raw = _copied(value, what)
    if not any(raw.get(path[0]) is not None for places in NAMES[kind.__name__].values() for path in places):
        raise PictoryConfigError(f"The mapping is not {what}: it has none of its fields. Pass what to_dict() returned.")
    try:
        return cast("M", reader_of(kind).read(raw, asked))
    except TypeMismatchError as mismatch:
        raise PictoryConfigError(f"The mapping cannot be read as {what}: {mismatch.describe()}.") from None


def _copied(value: object, what: str) -> dict[str, Any]:
    # Through JSON: what came from a file is the same afterwards, and nothing else is accepted.
    try:
        raw: Any = json.loads(json.dumps(value, default=_opened, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise PictoryConfigError(f"The mapping cannot be read as {what}: not all of it is JSON ({error}).") from None
    if not isinstance(raw, dict) or is_deep(raw := cast("dict[str, Any]", raw)):
        problem = "it is nested too deeply" if isinstance(raw, dict) else "it is not a mapping"
        raise PictoryConfigError(f"The value cannot be read as {what}: {problem}. Pass what to_dict() returned.")
    return raw


def _opened(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):  # such as a read-only one
        return dict(cast("Mapping[str, Any]", value))
    raise TypeError(f"{type(value).__name__} has no form in JSON")
