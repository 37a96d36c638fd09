"""The base of all models: unknown fields, conversion to JSON, and sequences that are decoded on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeGuard, TypeVar, cast, overload

import attrs

from pictory_async._values import Displayed, ValueObject

__all__ = [
    "LazySequence",
    "Model",
    "Origin",
    "ProjectId",
    "as_utc",
    "empty_dict",
    "origin_of",
    "plain_dict",
    "read_mapping",
    "remember",
    "use_codec",
]

ProjectId: TypeAlias = str | int
"""A project's id as the API sends it: a string for v3 projects, an integer for v2 and older ones."""

M = TypeVar("M", bound="Model")
T_co = TypeVar("T_co", covariant=True)

_SHOWN_LENGTH = 60  # characters of one value in a repr: enough for an id, short enough for a log line


def as_utc(value: datetime | None) -> datetime | None:
    """Return a time in UTC; one without a time zone is taken as UTC."""
    if value is None or value.tzinfo is UTC:
        return value
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def plain_dict(value: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a mapping into a ``dict``: a read-only view could not be pickled."""
    return dict(value)


def empty_dict() -> dict[str, Any]:
    """Return a new ``dict``; as a factory, ``dict`` itself has no precise type."""
    return {}


@attrs.frozen(repr=False, eq=False)
class Origin:
    """The JSON that a model was decoded from, so that the conversion back loses nothing.

    Attributes:
        kind: The type that it was decoded as: a class, or a generic class with its argument.
        raw: The JSON object; it must not be changed.
        asked: The id that was requested, because the object may have none.
    """

    kind: Any
    raw: dict[str, Any]
    asked: ProjectId | None = None


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Model(Displayed, ValueObject):
    """The base of all objects that the API returns.

    Attributes:
        extra: The fields that no attribute shows, in the API's spelling: unknown fields, and known ones whose value
            does not have the documented type (their attribute is then ``None`` or empty). Read-only.
        unreadable: The places of values that do not have the documented type, such as ``scenes[0]``.
    """

    # What to write instead of names that do not exist.
    _MEANT: ClassVar[Mapping[str, str]] = MappingProxyType({})

    _extra: dict[str, Any] = attrs.field(factory=empty_dict, converter=plain_dict, alias="extra", hash=False)
    _origin: Origin | None = attrs.field(default=None, alias="_origin", eq=False)

    @property
    def extra(self) -> Mapping[str, Any]:
        """The fields that no attribute shows; see the class."""
        return MappingProxyType(self._extra)

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The places of values that could not be read because they do not have the documented type.

        They are written as in the API's JSON, from this object: ``scenes[0].subtitles[2].text``. The attribute is
        ``None`` or empty, and an item of a list is left out; `to_dict` still has all of them. Found anew with each use.
        """
        return tuple(_codec[-1][1](self))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object in the API's spelling.

        An object from the API is returned as it was received: ``null`` stays ``null``, an absent field stays absent,
        and dates keep their text. Fields that :func:`attrs.evolve` changed have the new value; an attribute that was
        set to ``None`` is left out.

        Returns:
            A new ``dict`` that you can change.
        """
        return _codec[-1][0](self)

    def _facts(self) -> Iterator[tuple[str, Any]]:
        for field in attrs.fields(type(self)):
            if field.repr and field.name not in {"_extra", "_origin"} and getattr(self, field.name) is not None:
                value = getattr(self, field.name)
                many = isinstance(value, tuple | LazySequence)
                yield field.alias, f"<{len(cast('Sequence[Any]', value))}>" if many else value

    if not TYPE_CHECKING:  # type checkers would take any name for an attribute

        def __getattr__(self, name: str) -> object:
            kind = type(self).__name__
            text = f"{kind!r} object has no attribute {name!r}"
            if name.startswith("_"):  # asked for by Python, perhaps before the attributes are set
                raise AttributeError(text)
            if name in self._MEANT:
                raise AttributeError(f"{text}. {self._MEANT[name]}")
            known = _codec[-1][3](kind, name)
            if known is not None:
                raise AttributeError(f"{text}, which is the API's spelling. It is called {known!r} here.")
            if name in self._extra:
                raise AttributeError(f"{text}. The API sent a field with this name, and extra[{name!r}] has it.")
            raise AttributeError(text, name=name, obj=self)

    def __repr__(self) -> str:
        shown = (
            f"{field.alias}={_short(getattr(self, field.name))}"
            for field in attrs.fields(type(self))
            if field.repr and field.name not in {"_extra", "_origin"} and getattr(self, field.name) is not None
        )
        return f"{type(self).__name__}({', '.join(shown)})"


_codec: list[
    tuple[
        Callable[[Model], dict[str, Any]],
        Callable[[Model], Iterator[str]],
        Callable[[Any, object, str | None], Any],
        Callable[[str, str], str | None],
    ]
] = []


def use_codec(
    write: Callable[[Model], dict[str, Any]],
    unreadable: Callable[[Model], Iterator[str]],
    read: Callable[[Any, object, str | None], Any],
    attribute: Callable[[str, str], str | None],
) -> None:
    """Register what models do not know themselves; the codec, which they must not import, calls this.

    Args:
        write: Converts a model to JSON.
        unreadable: Finds the places in that JSON that could not be read.
        read: Makes a model of a class from a mapping, with an id for one that has none.
        attribute: Finds the attribute of a class, by its name, that has a spelling of the API.
    """
    _codec.append((write, unreadable, read, attribute))


def read_mapping(kind: type[M], value: object, asked: str | None) -> M:
    """Make a model from the mapping that its `to_dict` returned."""
    model: M = _codec[-1][2](kind, value, asked)
    return model


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
    """Set the origin of a model that was just decoded, before anything else uses it."""
    object.__setattr__(model, "_extra", extra)
    object.__setattr__(model, "_origin", origin)


def origin_of(model: Model) -> Origin | None:
    """Return what a model was decoded from; ``None`` if it was created by hand."""
    return model._origin  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the only access


class LazySequence(Sequence[T_co]):
    """A read-only sequence whose items are decoded when one of them is first used.

    It equals a tuple with the same items and has the same hash, and its slices are tuples. Its length is known
    without decoding.
    """

    __slots__ = ("_items", "_read", "_source")

    def __init__(self, source: list[Any], read: Callable[[Any], T_co]) -> None:
        """Create the sequence from the encoded items and the function that decodes one; both must be picklable."""
        self._source = source
        self._read = read
        self._items: tuple[T_co, ...] | None = None

    @property
    def source(self) -> list[Any]:
        """The encoded items; they must not be changed."""
        return self._source

    def _all(self) -> tuple[T_co, ...]:
        items = self._items
        if items is None:
            # Two threads may both get here. They build equal tuples, so it does not matter which one is kept.
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
