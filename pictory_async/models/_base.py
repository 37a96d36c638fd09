"""What all models share: unknown fields, the way back to JSON, and sequences that are read late."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeAlias, TypeGuard, TypeVar, cast, overload

import attrs

from pictory_async._values import ValueObject

__all__ = [
    "LazySequence",
    "Model",
    "Origin",
    "ProjectId",
    "as_utc",
    "empty_dict",
    "origin_of",
    "plain_dict",
    "remember",
    "write_with",
]

ProjectId: TypeAlias = str | int
"""A project's id as the API gives it: text for v3 projects, an integer for v2 and older ones."""

T_co = TypeVar("T_co", covariant=True)

_SHOWN_LENGTH = 60  # characters of one value in a repr: enough for an id, short enough for a log line


def as_utc(value: datetime | None) -> datetime | None:
    """Give a time in UTC; one without a zone is taken to be UTC already."""
    if value is None or value.tzinfo is UTC:
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def plain_dict(value: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a mapping into a ``dict``, which can be pickled where a read-only view cannot."""
    return dict(value)


def empty_dict() -> dict[str, Any]:
    """Give a new ``dict``; with a type, which ``dict`` itself lacks as a factory."""
    return {}


@attrs.frozen(repr=False, eq=False)
class Origin:
    """Where a model was read from, so that its way back to JSON loses nothing.

    Attributes:
        kind: What it was read as: a class, or a generic one with its argument.
        raw: The JSON object. Nobody changes it.
        asked: The id that was asked for, where the object itself may lack one.
    """

    kind: Any
    raw: dict[str, Any]
    asked: ProjectId | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Model(ValueObject):
    """The base of everything that is read from the API.

    Attributes:
        extra: What the API sent and no attribute shows, in the API's spelling: unknown fields, and known ones
            whose value is not of the documented type (their attribute is then ``None`` or empty). Read-only.
    """

    _extra: dict[str, Any] = attrs.field(factory=empty_dict, converter=plain_dict, alias="extra", hash=False)
    _origin: Origin | None = attrs.field(default=None, alias="_origin", eq=False)

    @property
    def extra(self) -> Mapping[str, Any]:
        """What the API sent and no attribute shows; see the class."""
        return MappingProxyType(self._extra)

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON object in the API's spelling.

        An object that was read gives back what it was read from: ``null`` stays ``null``, an absent field
        stays absent, dates keep their text. What :func:`attrs.evolve` changed is written anew, and an
        attribute set to ``None`` is left out.

        Returns:
            A new ``dict``, free to be changed.
        """
        return _writers[-1](self)

    def __repr__(self) -> str:
        shown = (
            f"{field.alias}={_short(getattr(self, field.name))}"
            for field in attrs.fields(type(self))
            if field.repr and field.name not in {"_extra", "_origin"} and getattr(self, field.name) is not None
        )
        return f"{type(self).__name__}({', '.join(shown)})"


_writers: list[Callable[[Model], dict[str, Any]]] = []


def write_with(writer: Callable[[Model], dict[str, Any]]) -> None:
    """Register what writes models: models come first, and do not know how the API spells their fields."""
    _writers.append(writer)


def _short(value: object) -> str:
    if isinstance(value, str):
        text = repr(str(value[: _SHOWN_LENGTH + 1]))
    elif isinstance(value, datetime):
        text = value.isoformat()
    elif isinstance(value, tuple | LazySequence):
        text = f"<{len(cast('Sequence[Any]', value))}>"
    else:
        text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH + 2 else f"{text[:_SHOWN_LENGTH]}…"


def remember(model: Model, extra: dict[str, Any], origin: Origin) -> None:
    """Note on a model that was just read, and that nobody has seen yet, what it was read from."""
    object.__setattr__(model, "_extra", extra)
    object.__setattr__(model, "_origin", origin)


def origin_of(model: Model) -> Origin | None:
    """Give what a model was read from; ``None`` for one that was built by hand."""
    return model._origin  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the one door to it


class LazySequence(Sequence[T_co]):
    """A read-only sequence whose items are read when one of them is first looked at.

    It equals a tuple with the same items, has a tuple's hash, and gives tuples for slices. Its length is
    known without reading anything.
    """

    __slots__ = ("_items", "_read", "_source")

    def __init__(self, source: list[Any], read: Callable[[Any], T_co]) -> None:
        """Take the unread items and the function that reads one; both must survive ``pickle``."""
        self._source = source
        self._read = read
        self._items: tuple[T_co, ...] | None = None

    @property
    def source(self) -> list[Any]:
        """The unread items. Nobody changes them."""
        return self._source

    def _all(self) -> tuple[T_co, ...]:
        items = self._items
        if items is None:
            # Two threads may both get here. They build equal items, and either tuple will do.
            items = self._items = tuple(map(self._read, self._source))
        return items

    @overload
    def __getitem__(self, index: int) -> T_co: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...
    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        return self._all()[index]

    def __len__(self) -> int:
        return len(self._source)

    def __iter__(self) -> Iterator[T_co]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        if _is_lazy(other):
            return self._source is other.source or self._all() == tuple(other)
        return self._all() == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return f"<{len(self)} items>"

    def __reduce__(self) -> tuple[Any, ...]:
        return LazySequence, (self._source, self._read)


def _is_lazy(value: object) -> TypeGuard[LazySequence[Any]]:
    return isinstance(value, LazySequence)
