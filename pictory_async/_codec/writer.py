"""From models to JSON objects in the API's spelling."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

import attrs

from pictory_async._codec.hooks import ABSENT, moment_text
from pictory_async._codec.json_bytes import copy_json
from pictory_async._codec.names import NAMES
from pictory_async._codec.reader import place_of, reader_of
from pictory_async.models import LazySequence, Model
from pictory_async.models._base import origin_of

if TYPE_CHECKING:
    from pictory_async._codec.names import JsonPath


def unstructure(model: Model) -> dict[str, Any]:
    """A model's JSON object in the API's spelling; see `pictory_async.models.Model.to_dict`."""
    names = NAMES[type(model).__name__]
    origin = origin_of(model)
    if origin is None:
        raw: dict[str, Any] = {}
        before: Mapping[str, Any] = _defaults(type(model))
        before_extra: Mapping[str, Any] = {}
    else:
        # Reading it again shows which attributes were changed since. Everything else keeps its form.
        raw = origin.raw
        read: Model = reader_of(origin.kind).read(raw, origin.asked)
        before = {attr: getattr(read, attr) for attr in names}
        before_extra = read.extra
    result = copy_json(raw)
    wrappers = {place[0] for places in names.values() for place in places if len(place) > 1}
    _update(result, before_extra, model.extra, wrappers)
    for attr, places in names.items():
        now = getattr(model, attr)
        if not _same(before.get(attr, ABSENT), now):
            _put(result, place_of(raw, attr, places) or places[0], now)
    return result


def _defaults(cls: type[Model]) -> Mapping[str, Any]:
    return {
        field.name: {} if field.name == "_variables" else field.default
        for field in attrs.fields(cls)
        if field.default is not attrs.NOTHING
    }


def _update(result: dict[str, Any], before: Mapping[str, Any], now: Mapping[str, Any], wrappers: Iterable[str]) -> None:
    """Apply the changes between two ``extra`` to the object that is being written."""
    for key in (*before, *(key for key in now if key not in before)):
        old, new = before.get(key, ABSENT), now.get(key, ABSENT)
        if _same(old, new):
            continue
        if key in wrappers and all(isinstance(value, dict) for value in (result.get(key, {}), *_given(old, new))):
            _update(result.setdefault(key, {}), _or_empty(old), _or_empty(new), ())
        elif new is ABSENT:
            result.pop(key, None)
        else:
            result[key] = _encode(new)


def _given(*values: Any) -> list[Any]:
    return [value for value in values if value is not ABSENT]


def _or_empty(value: Any) -> dict[str, Any]:
    return {} if value is ABSENT else value


def _put(result: dict[str, Any], place: JsonPath, value: Any) -> None:
    *outer, last = place
    for key in outer:
        if not isinstance(result.get(key), dict):
            if value is None:
                return
            result[key] = {}
        result = result[key]
    if value is None:
        result.pop(last, None)
    else:
        result[last] = _encode(value)


def _encode(value: Any) -> Any:
    if isinstance(value, Model):
        return unstructure(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _encode(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple | LazySequence):
        return [_encode(item) for item in cast("Iterable[Any]", value)]
    return value


def _same(old: Any, new: Any) -> bool:
    """Whether two values have the same form in JSON; ``1``, ``1.0`` and ``True`` do not."""
    if old is new:
        return True
    if type(old) is not type(new):
        return False
    match old:
        case LazySequence():
            # Where entries cannot be read, each reading makes another list of the same others.
            same = len(old.source) == len(new.source) and all(map(operator.is_, old.source, new.source))
        case Model():
            same = _same(unstructure(old), unstructure(new))
        case dict():
            pairs = cast("dict[str, Any]", old)
            same = pairs.keys() == new.keys() and all(_same(item, new[key]) for key, item in pairs.items())
        case list() | tuple():
            items = cast("Sequence[Any]", old)
            same = len(items) == len(new) and all(map(_same, items, new))
        case _:
            same = bool(old == new)
    return same
