"""The base of all objects of a request: how they are written, read and checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

from pictory_async._values import ValueObject, brief

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")

_METADATA: Final = "pictory"
_WORD: Final = re.compile(r"_(\w)")


class Sureness(StrEnum):
    """How sure a finding is."""

    ERROR = "error"
    """Documented, or in official samples: the API refuses it, or a video would not be what was asked for."""

    WARNING = "warning"
    """Third-party, inferred, or a value that may be new: the API may take it."""


@attrs.frozen(kw_only=True, repr=False, eq=False)
class RequestFinding(ValueObject):
    """What is wrong with a request, or surprising.

    Attributes:
        sureness: An error is never sent.
        path: Where it is, such as ``$.scenes[0].background.color``.
        message: What is wrong, and what to do.
    """

    sureness: Sureness
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.sureness.value}: {self.path}: {self.message}"


Check = Callable[[Any], "Iterable[tuple[Sureness, str]]"]


@attrs.frozen
class FieldSpec:
    """How a field is written and checked.

    Attributes:
        json: Its name in the API's spelling; empty for the usual one.
        of: The class of the object, or of the items of a list.
        checks: What its value must be like.
        required: Whether it must be there.
    """

    json: str = ""
    of: type[Part] | Callable[[], type[Part]] | None = None
    checks: tuple[Check, ...] = ()
    required: bool = False


def item(*checks: Check, json: str = "", of: Any = None, required: bool = False) -> Any:
    """Describe a field of a request object."""
    return attrs.field(default=None, metadata={_METADATA: FieldSpec(json, of, checks, required)})


def _camel(name: str) -> str:
    return _WORD.sub(lambda found: found[1].upper(), name)


def _specs(kind: type[Part]) -> Iterator[tuple[str, str, FieldSpec]]:
    for field in attrs.fields(kind):
        spec: FieldSpec | None = field.metadata.get(_METADATA)
        if spec is not None:
            yield field.name, spec.json or _camel(field.name), spec


def _kind(spec: FieldSpec, raw: object) -> type[Part] | None:
    if spec.of is None or isinstance(spec.of, type):
        return spec.of
    chosen = cast("Callable[..., type[Part]]", spec.of)
    return chosen(raw)


@attrs.frozen(kw_only=True, repr=False, eq=False)
class Part(ValueObject):
    """One JSON object of a request.

    Attributes:
        extra: Fields that no attribute has, in the API's spelling. The API removes what it does not know, without a
            word; this is for what it learned since.
    """

    extra: Mapping[str, Any] = attrs.field(factory=dict[str, Any])

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, without what is ``None``."""
        found: dict[str, Any] = {}
        for name, json, _ in _specs(type(self)):
            value = getattr(self, name)
            if value is not None:
                found[json] = _plain(value)
        return {**found, **self.extra}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Read a JSON object; what no attribute has goes to ``extra``."""
        rest = dict(raw)
        values: dict[str, Any] = {}
        for name, json, spec in _specs(cls):
            if json in rest:
                values[name] = _read(spec, rest.pop(json))
        return cls(**values, extra=rest)

    def findings(self, path: str = "$") -> Iterator[RequestFinding]:
        """What is wrong here and below, in the order of the fields."""
        for name, json, spec in _specs(type(self)):
            value, place = getattr(self, name), f"{path}.{json}"
            if value is None:
                if spec.required:
                    yield _error(place, "It is required.")
                continue
            yield from _shape(spec, value, place)
            for check in spec.checks:
                yield from (RequestFinding(sureness=s, path=place, message=m) for s, m in check(value))
        for name in self.extra:
            text = "The API does not know this field, as far as is documented, and removes it without a word."
            yield RequestFinding(sureness=Sureness.WARNING, path=f"{path}.{name}", message=text)
        yield from self._rules(path)

    def _rules(self, path: str) -> Iterator[RequestFinding]:
        """What fields must be like together."""
        del path
        yield from ()

    def _given(self, *names: str) -> list[str]:
        """Those of some fields that are there, in the API's spelling."""
        spelling = {name: json for name, json, _ in _specs(type(self))}
        return [spelling[name] for name in names if getattr(self, name) is not None]

    def _at_most_one(self, path: str, *names: str) -> Iterator[RequestFinding]:
        given = self._given(*names)
        if len(given) > 1:
            yield _error(path, f"{' and '.join(given)} exclude each other. Keep one of them.")


def _error(path: str, message: str) -> RequestFinding:
    return RequestFinding(sureness=Sureness.ERROR, path=path, message=message)


def _warning(path: str, message: str) -> RequestFinding:
    return RequestFinding(sureness=Sureness.WARNING, path=path, message=message)


error, warning = _error, _warning


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_dict()
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def _read(spec: FieldSpec, raw: Any) -> Any:
    if spec.of is None or raw is None:
        return raw
    if isinstance(raw, Mapping):
        kind = _kind(spec, raw)
        return raw if kind is None else kind.from_dict(cast("Mapping[str, Any]", raw))
    if isinstance(raw, list):
        return tuple(_read(spec, one) for one in raw)
    return raw


def _shape(spec: FieldSpec, value: Any, place: str) -> Iterator[RequestFinding]:
    """Check nested objects, and that there are some where there must be."""
    if spec.of is None:
        return
    if isinstance(value, Part):
        yield from value.findings(place)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, one in enumerate(value):
            yield from _shape(spec, one, f"{place}[{number}]")
    else:
        yield _error(place, f"It must be an object, not {brief(value)}.")
