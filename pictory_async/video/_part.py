"""The base of all objects of a request: how they are written, read and checked.

Each field is declared once, by `item`: its name in JSON follows from its name, and what its value must be like stands
beside it. What fields must be like together is in the `_rules` of their class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias, TypeGuard, TypeVar

import attrs

from pictory_async._values import ValueObject, brief
from pictory_async.errors import PictoryConfigError

if TYPE_CHECKING:
    from typing import Self

P = TypeVar("P")

_METADATA: Final = "pictory"
_WORD: Final = re.compile(r"_(\w)")
_VOWELS: Final = "AEIOU"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Sureness(StrEnum):
    """How sure it is that something is wrong with a request."""

    ERROR = "error"
    """The API refuses it, by its documentation or its official samples. A request with an error is never sent."""

    WARNING = "warning"
    """The API may accept it, or it accepts it and the video is not what one expects."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RequestFinding(ValueObject):
    """One thing that is wrong with a request, or surprising.

    Attributes:
        sureness: How sure that is.
        path: Its place in the JSON body, such as ``$.scenes[0].background.color``.
        message: What is wrong, and what to do.
    """

    sureness: Sureness
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.sureness.value}: {self.path}: {self.message}"


Remark: TypeAlias = tuple[Sureness, str, str]
"""What a check says: how sure it is, where in the value (empty for all of it), and what is wrong."""

Check: TypeAlias = Callable[[Any], Iterable[Remark]]

Kind: TypeAlias = "type[Part] | Callable[[Mapping[str, Any]], type[Part]]"
"""The class of an object, or what chooses it by the object's JSON."""


@attrs.frozen(repr=False, eq=False)
class FieldSpec:
    """How a field is written and checked.

    Attributes:
        json: Its name in the API's spelling; empty for the usual one.
        kind: What the object is, if it is one.
        many: Whether it is a list of such objects.
        checks: What its value must be like.
        required: How sure it is that it must be there; ``None`` if it need not.
    """

    json: str = ""
    kind: Kind | None = None
    many: bool = False
    checks: tuple[Check, ...] = ()
    required: Sureness | None = None


def item(
    *checks: Check,
    json: str = "",
    of: type[Part] | None = None,
    each: Kind | None = None,
    required: Sureness | None = None,
    default: Any = None,
) -> Any:
    """Declare a field of a request object.

    Args:
        checks: What its value must be like.
        json: Its name in JSON, if that is not the field's name in camel case.
        of: The class of the object that it holds.
        each: The class of the objects in the list that it holds.
        required: How sure it is that it must be there.
        default: Its value if none is given.
    """
    spec = FieldSpec(json, each if of is None else of, each is not None, checks, required)
    options: dict[str, Any] = {"default": default, "converter": _frozen, "metadata": {_METADATA: spec}}
    return attrs.field(**options)


def _frozen(value: Any) -> Any:
    found: Any = tuple(value) if is_list(value) else value
    return found


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list in JSON."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is an object in JSON."""
    return isinstance(value, Mapping)


def parts_of(value: object, kind: type[P]) -> list[tuple[int, P]]:
    """The objects of a class in a list, with their numbers; what else is there, or no list at all, is left out."""
    return [(number, one) for number, one in enumerate(value) if isinstance(one, kind)] if is_list(value) else []


def text_of(value: object) -> str:
    """A value if it is text; else nothing, which no list of known values has."""
    return value if isinstance(value, str) else ""


def _camel(name: str) -> str:
    return _WORD.sub(lambda found: found[1].upper(), name)


def _specs(kind: type[Part]) -> Iterator[tuple[str, str, FieldSpec]]:
    for field in attrs.fields(kind):
        spec: FieldSpec | None = field.metadata.get(_METADATA)
        if spec is not None:
            yield field.name, spec.json or _camel(field.name), spec


def at(path: str, name: str) -> str:
    """The place of a name in an object."""
    return f"{path}.{name}" if name.isidentifier() else f"{path}[{brief(name)}]"


def error(path: str, message: str) -> RequestFinding:
    """What the API refuses."""
    return RequestFinding(sureness=Sureness.ERROR, path=path, message=message)


def warning(path: str, message: str) -> RequestFinding:
    """What the API may accept."""
    return RequestFinding(sureness=Sureness.WARNING, path=path, message=message)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Part(ValueObject):
    """The base of all objects of a request. Nothing is checked when one is made: see `findings`.

    Attributes:
        extra: Fields that no attribute has, in the API's spelling. The API removes the fields that it does not know,
            and does not say so; this is for those that it has learned since.
    """

    extra: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    _open: ClassVar[bool] = False
    """Whether the fields of this object are not all documented, so that others are no surprise."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON object in the API's spelling, without anything that is ``None``."""
        found: dict[str, Any] = {}
        for name, json, _ in _specs(type(self)):
            found[json] = _plain(getattr(self, name))
        found |= {name: _plain(value) for name, value in self.extra.items()}
        return {name: value for name, value in found.items() if value is not None}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Read a JSON object. What no attribute has goes to ``extra``, and `findings` names it.

        Raises:
            PictoryConfigError: It is not an object.
        """
        if not is_object(raw):
            raise PictoryConfigError(f"A {cls.__name__} is read from a JSON object, not from {brief(raw)}.")
        rest = dict(raw)
        values = {name: _read(spec, rest.pop(json, None)) for name, json, spec in _specs(cls)}
        return cls(**values, extra=rest)

    def findings(self, path: str = "$") -> Iterator[RequestFinding]:
        """Find everything that is wrong or surprising, here and in the objects below.

        Args:
            path: The place of this object in the body.
        """
        for name, json, spec in _specs(type(self)):
            value, place = getattr(self, name), f"{path}.{json}"
            if value is None:
                if spec.required is not None:
                    yield RequestFinding(sureness=spec.required, path=place, message="It is required.")
                continue
            yield from _halves(place, value) if spec.kind is None else self._nested(spec, spec.kind, value, place)
            for check in spec.checks:
                for sureness, where, message in check(value):
                    yield RequestFinding(sureness=sureness, path=f"{place}{where}", message=message)
        yield from _halves(path, self.extra)
        if not self._open:
            yield from (warning(at(path, name), self._unknown(name)) for name in self.extra)
        yield from self._rules(path)

    @staticmethod
    def _nested(spec: FieldSpec, kind: Kind, value: Any, place: str) -> Iterator[RequestFinding]:
        if not spec.many:
            yield from Part._one(kind, value, place)
        elif is_list(value):
            for number, one in enumerate(value):
                yield from Part._one(kind, one, f"{place}[{number}]")
        else:
            alone = isinstance(value, Part) or is_object(value)
            wrong = ": put it in a list" if alone else f", not {brief(value)}"
            yield error(place, f"It must be a list of {_class_of(kind, {}).__name__} objects{wrong}.")

    @staticmethod
    def _one(kind: Kind, value: Any, place: str) -> Iterator[RequestFinding]:
        if isinstance(value, Part):
            yield from value.findings(place)
            return
        chosen = _class_of(kind, {})
        name = f"a{'n' if chosen.__name__[0] in _VOWELS else ''} {chosen.__name__}"
        if is_object(value):  # it was not read from JSON
            yield error(place, f"It must be {name}, not {brief(value)}. VideoRequest.from_dict reads JSON.")
            return
        meant = chosen._meant(value)  # noqa: SLF001 - of the same base
        hint = f" Did you mean {meant}?" if meant else ""
        yield error(place, f"It must be {name} (in JSON, an object), not {brief(value)}.{hint}")

    @classmethod
    def _meant(cls, value: object) -> str:
        """What was meant by a value that stands in the place of this object, as code; empty if that is not known."""
        del value
        return ""

    def _unknown(self, name: str) -> str:
        known = {json for _, json, _ in _specs(type(self))}
        meant = next(iter(get_close_matches(name, known - {name}, 1)), None)
        hint = "" if meant is None else f" Did you mean {meant!r}?"
        return f"The API is not known to have this field, and removes such fields without saying so.{hint}"

    def _rules(self, path: str) -> Iterable[RequestFinding]:
        """What is wrong with fields together."""
        del path
        return ()

    def _given(self, *names: str) -> list[str]:
        """Those of some fields that are there, in the API's spelling. A flag that is off is not."""
        spelling = {name: json for name, json, _ in _specs(type(self))}
        return [
            spelling[name] for name in names if getattr(self, name) is not None and getattr(self, name) is not False
        ]

    def _at_most_one(self, path: str, *names: str) -> Iterator[RequestFinding]:
        given = self._given(*names)
        if len(given) > 1:
            yield error(path, f"{' and '.join(given)} exclude each other. Keep one of them.")


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_dict()
    if is_object(value):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if is_list(value) else value


def _read(spec: FieldSpec, raw: Any) -> Any:
    if spec.kind is None or not spec.many or not is_list(raw):
        return _read_one(spec.kind, raw)
    return tuple(_read_one(spec.kind, one) for one in raw)


def _read_one(kind: Kind | None, raw: Any) -> Any:
    if kind is None or not is_object(raw):
        return raw  # of the wrong type, which `findings` reports
    return _class_of(kind, raw).from_dict(raw)


def _class_of(kind: Kind, raw: Mapping[str, Any]) -> type[Part]:
    return kind if isinstance(kind, type) else kind(raw)


def _halves(place: str, value: object) -> Iterator[RequestFinding]:
    """Report texts that no encoding has, and so cannot be sent."""
    if isinstance(value, str):
        if _SURROGATE.search(value):
            yield error(place, "It has a character that is not one: half of a surrogate pair.")
    elif is_object(value):
        for name, one in value.items():
            where = at(place, str(name))
            yield from _halves(where, str(name))
            yield from _halves(where, one)
    elif is_list(value):
        for number, one in enumerate(value):
            yield from _halves(f"{place}[{number}]", one)
