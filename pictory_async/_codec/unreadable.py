"""What of a model's JSON could not be read, and the places of what could. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pictory_async._codec.json_bytes import is_list
from pictory_async._codec.reader import at, can_read, place_of, reader_of
from pictory_async.models import LazySequence, Model
from pictory_async.models._base import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pictory_async._codec.names import JsonPath


def unreadable(model: Model) -> Iterator[str]:
    """The places of what could not be read, in the API's spelling; see `pictory_async.models.Model.unreadable`."""
    origin = origin_of(model)
    if origin is None:
        return  # nothing was read
    reader = reader_of(origin.kind)
    for attr in reader.names:
        value = getattr(model, attr)
        place = _place(model, attr)
        if place is None:
            continue
        path, found = ".".join(place), at(origin.raw, place)
        if attr in reader.lists and is_list(found):
            yield from _inside(value, found, reader.lists[attr], path)
        elif isinstance(value, Model):
            yield from (f"{path}.{inner}" for inner in unreadable(value))
        elif _is_unread(model, value, place):
            yield path


def unread_fields(model: Model) -> dict[str, str]:
    """The attributes of a model, without those inside of it, whose value could not be read; each with its API name."""
    places = {attr: _place(model, attr) for attr in _attributes(model)}
    return {
        attr: place[0]
        for attr, place in places.items()
        if place is not None and _is_unread(model, getattr(model, attr), place)
    }


def is_unread(model: Model, *attributes: str) -> bool:
    """Whether a value could not be read, or an item of it, or a model around it, so that nobody may call it absent.

    Args:
        model: Where to begin.
        attributes: The way to the value: each is an attribute of the model before it.
    """
    inner: Model | None = model
    for attr in attributes:
        if inner is None:
            return False
        if attr in unread_fields(inner) or (_is_list(inner, attr) and gaps(inner, attr)):
            return True
        value = getattr(inner, attr)
        inner = value if isinstance(value, Model) else None
    return False


def indexed(model: Model, attr: str) -> list[tuple[int, Any]]:
    """The items of a list of a model, each with its index in the API's list; lists in lists are indexed too.

    What could not be read has an index, but no item. If the list was changed since, the indexes are those of its items.
    """
    origin = origin_of(model)
    value: Sequence[Any] = getattr(model, attr)
    if origin is None:
        return _indexed(value, None, None)
    place = _place(model, attr)
    return _indexed(value, None if place is None else at(origin.raw, place), reader_of(origin.kind).lists[attr])


def gaps(model: Model, attr: str) -> list[int]:
    """The indexes of those entries of a list of a model that could not be read."""
    origin = origin_of(model)
    place = _place(model, attr)
    raw = None if origin is None or place is None else at(origin.raw, place)
    if origin is None or not is_list(raw):
        return []
    pairs = _pairs(getattr(model, attr), raw, reader_of(origin.kind).lists[attr])
    return [] if pairs is None else sorted(set(range(len(raw))) - {index for index, _ in pairs})


def _is_list(model: Model, attr: str) -> bool:
    origin = origin_of(model)
    return origin is not None and attr in reader_of(origin.kind).lists


def _attributes(model: Model) -> Iterator[str]:
    origin = origin_of(model)
    return iter(() if origin is None else reader_of(origin.kind).names)


def _place(model: Model, attr: str) -> JsonPath | None:
    origin = origin_of(model)
    return None if origin is None else place_of(origin.raw, attr, reader_of(origin.kind).names[attr])


def _is_unread(model: Model, value: Any, place: JsonPath) -> bool:
    """Whether a value stayed in ``extra``, and was not replaced since."""
    empty = value is None or isinstance(value, tuple | dict | LazySequence)
    return empty and not value and at(dict(model.extra), place) is not None


def _pairs(value: Sequence[Any], raw: Any, kind: Any) -> list[tuple[int, Any]] | None:
    """The items with their indexes in the JSON; ``None`` if they are not those of the JSON any more."""
    if not is_list(raw):
        return None
    readable = [index for index, entry in enumerate(raw) if can_read(entry, get_args(kind)[0])]
    return list(zip(readable, value, strict=True)) if len(readable) == len(value) else None


def _indexed(value: Sequence[Any], raw: Any, kind: Any) -> list[tuple[int, Any]]:
    pairs = _pairs(value, raw, kind)
    found = list(enumerate(value)) if pairs is None else pairs
    if not any(isinstance(item, tuple) for _, item in found):
        return found
    inner = get_args(kind)[0] if kind else None
    return [(index, _indexed(item, None if pairs is None else raw[index], inner)) for index, item in found]


def _inside(value: Sequence[Any], raw: list[Any], kind: Any, path: str) -> Iterator[str]:
    pairs = _pairs(value, raw, kind)
    if pairs is None:
        return  # the list was changed since
    items = dict(pairs)
    for index, entry in enumerate(raw):
        here = f"{path}[{index}]"
        if index not in items:
            yield here
        elif isinstance(items[index], Model):
            yield from (f"{here}.{inner}" for inner in unreadable(items[index]))
        elif isinstance(items[index], tuple):
            yield from _inside(items[index], entry, get_args(kind)[0], here)
