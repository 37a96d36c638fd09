"""Values: how they are compared, hashed and printed, and how those from outside are quoted.

The methods of value objects are written once, because attrs compiles these methods for each class. That is half of the
time it takes to make a class, and this package is imported more often than its values are compared.
"""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any, Final, Generic, TypeGuard, TypeVar, cast, dataclass_transform

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

LONGEST: Final = 500
"""Characters of one text from outside in an error, which is read by people and written to logs."""

_JOINERS: Final = "\u200c\u200d"
"""Characters that Persian, Hindi and emojis are written with, though Python does not call them printable."""

_BRIEF: Final = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 100


class Displayed:
    """The base of what shows itself as a table in notebooks and as a tree to rich, with the same names."""

    __slots__ = ()

    def _facts(self) -> Iterable[tuple[str, Any]]:
        """The names and values to show."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        from pictory_async._display import facts_html  # noqa: PLC0415 - only notebooks ask

        return facts_html(type(self).__name__, self._facts())

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        return self._facts()


class ValueObject:
    """The base of attrs classes with ``repr=False, eq=False``. Values are not changed once they are made."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in _fields(self) if field.eq)

    def __hash__(self) -> int:
        fields = (field for field in _fields(self) if field.eq and field.hash is not False)
        return hash((type(self), *(getattr(self, field.name) for field in fields)))

    def __repr__(self) -> str:
        shown = (f"{field.alias}={getattr(self, field.name)!r}" for field in _fields(self) if field.repr)
        return f"{type(self).__name__}({', '.join(shown)})"


def _fields(record: ValueObject) -> tuple[attrs.Attribute[object], ...]:
    fields: tuple[attrs.Attribute[object], ...] = attrs.fields(cast("type[attrs.AttrsInstance]", type(record)))
    return fields


class Deferred(Generic[T]):
    """A value that is computed when it is first needed. It is compared, printed and pickled as that value."""

    __slots__ = ("_compute", "_value")

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute: Callable[[], T] | None = compute

    def get(self) -> T:
        """The value."""
        if self._compute is not None:
            self._value = self._compute()
            self._compute = None
        return self._value

    def __eq__(self, other: object) -> bool:
        return bool(self.get() == resolved(other))

    def __hash__(self) -> int:
        return hash(self.get())

    def __repr__(self) -> str:
        return repr(self.get())

    def __reduce__(self) -> tuple[object, ...]:
        return resolved, (self.get(),)


class DeferredAttribute:
    """An attribute that may be set to a `Deferred`, computed when the attribute is read; ``None`` until it is set."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._key = f"_{name}"

    def __get__(self, owner: object, kind: type) -> Any:
        return None if owner is None else resolved(vars(owner).get(self._key))

    def __set__(self, owner: object, value: object) -> None:
        vars(owner)[self._key] = value


def resolved(value: Any) -> Any:
    """The value itself, computed now if it was deferred."""
    return value.get() if _is_deferred(value) else value


def _is_deferred(value: object) -> TypeGuard[Deferred[Any]]:
    return isinstance(value, Deferred)


def fact(*, kw_only: bool) -> Any:  # noqa: ARG001 - for type checkers
    """Declare an attribute of an error: a text, empty by default."""
    return ""


def deferrable(*, default: None) -> Any:  # noqa: ARG001 - for type checkers
    """Declare an attribute of an error that may be set to a `Deferred`."""
    return DeferredAttribute()


@dataclass_transform(eq_default=False, kw_only_default=True, field_specifiers=(fact, deferrable))
def with_facts(cls: type[T]) -> type[T]:
    """Declare the attributes of an error class to type checkers.

    The classes are not attrs classes, because built-in errors have their own memory layout, and because compiling them
    would take a tenth of the time to import the package.
    """
    return cls


def in_one_line(text: str) -> str:
    """Replace line ends and everything else that could control a log or a terminal in a text from outside."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in _JOINERS else " " for sign in text)


def cut(text: str) -> str:
    """Shorten a text to 500 characters."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def quotable(text: str) -> str:
    """A text from outside for a message: in one line, and shortened."""
    return cut(in_one_line(text[: LONGEST + 1]))


def brief(value: object) -> str:
    """The ``repr`` of any value for a message: in one line, and shortened, however long or deep the value is."""
    try:
        text = _BRIEF.repr(value)
    except Exception:  # noqa: BLE001 - numbers of thousands of digits have no text, and the value's own `repr` may fail
        text = f"this {type(value).__name__}"
    return quotable(text)
