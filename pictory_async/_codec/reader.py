"""The one cattrs converter: how an object of the API becomes a model.

The rules:

- Types are strict. Text is not made from numbers, except names and numbers of things that are only shown, and ``true``
  is no number.
- A value of the wrong type is an error that names its place, if the field matters for a verdict or for the next
  request (``MATTERS`` in ``names``). Otherwise it stays in ``extra``, and the attribute is ``None`` or empty.
- An entry of a list that cannot be read is left out, and so is one of a page; one bad entry must not hide all others.
  ``unreadable`` finds what was left out.
- ``null`` and an absent field are both read as ``None`` or empty, and each is written back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from types import GenericAlias
from typing import Any, cast, get_args, get_origin

import attrs
from cattrs import ClassValidationError, Converter
from cattrs.gen import make_dict_structure_fn, override

from pictory_async import models
from pictory_async._codec import hooks, older
from pictory_async._codec.hooks import ABSENT, TypeMismatchError
from pictory_async._codec.json_bytes import is_list, is_object
from pictory_async._codec.names import BLANK_IS_ABSENT, MATTERS, NAMES, JsonPath, Places
from pictory_async.models import JobStatus, LazySequence, Model, Project, ProjectId, ProjectStep
from pictory_async.models._base import Origin, remember


class Reader:
    """Reads JSON objects as one kind of model."""

    def __init__(self, kind: Any, converter: Converter) -> None:
        cls: Any = get_origin(kind) or kind
        self.kind = kind
        self.names: dict[str, Places] = NAMES[cls.__name__]
        self.derive = older.DERIVED.get(cls.__name__)
        self.matters = MATTERS.get(cls.__name__, frozenset())
        self.plain = {places[0][0]: attr for attr, places in self.names.items() if _is_plain(places)}
        self.others = {attr: places for attr, places in self.names.items() if not _is_plain(places)}
        self.known = {place for places in self.others.values() for place in places}
        self.wrappers = {place[0] for place in self.known if len(place) > 1}
        self.vital_wrappers = {
            places[0][0] for attr, places in self.names.items() if attr in self.matters and len(places[0]) > 1
        }
        self._kinds: dict[str, Any] | None = None
        omitted = override(omit=True)
        make = cast("Callable[..., Callable[[dict[str, Any], Any], Any]]", make_dict_structure_fn)
        self._build = make(
            kind,
            converter,
            _cattrs_detailed_validation=True,
            _extra=omitted,
            _origin=omitted,
            **{attr: override(struct_hook=hook) for attr, hook in _FIELD_HOOKS.get(cls.__name__, {}).items()},
        )

    @property
    def lists(self) -> dict[str, Any]:
        """The attributes that are lists, each with its type."""
        if self._kinds is None:
            cls: Any = get_origin(self.kind) or self.kind
            of = get_args(self.kind)  # of a page: the type of its items
            self._kinds = {
                field.name: GenericAlias(tuple, (of[0], ...)) if of else field.type
                for field in attrs.fields(cls)
                if get_origin(field.type) in {tuple, Sequence} and field.name in self.names
            }
        return self._kinds

    def read(self, raw: Any, asked: ProjectId | None = None) -> Any:
        """Read one object; ``asked`` is the id to use if it has none (for a project: in any case)."""
        raw = hooks.mapping(raw)
        for key in self.vital_wrappers:
            if raw.get(key) is not None:
                within(f".{key}", hooks.mapping, raw[key])
        values = {
            attr: value
            for key, attr in self.plain.items()
            if (value := raw.get(key)) is not None and (value != "" or attr not in BLANK_IS_ABSENT)
        }
        found = ((attr, place_of(raw, attr, places)) for attr, places in self.others.items())
        places = {attr: place for attr, place in found if place is not None}
        values.update((attr, at(raw, place)) for attr, place in places.items())
        if self.derive is not None:
            self.derive(raw, values)
        if asked is not None:
            values["id"] = asked if self.kind is Project else values.get("id", asked)
        try:
            model = self._build(values, self.kind)
        except ClassValidationError as error:
            for attr in self._culprits(error, places):
                del values[attr]
                places.pop(attr, None)
            model = self._build(values, self.kind)
        # Compared by what was read, so that a value of the wrong type stays in `extra`.
        rest = {key: value for key, value in raw.items() if self.plain.get(key) not in values}
        if rest:
            rest = self._rest(rest, set(places.values()))
        remember(model, rest, Origin(self.kind, raw, asked))
        return model

    def _culprits(self, error: ClassValidationError, places: dict[str, JsonPath]) -> list[str]:
        """The attributes whose values have the wrong type; raises if one of them matters."""
        noted, _ = error.group_exceptions()
        for cause, note in noted:
            if note.name in self.matters:
                place = "." + ".".join(places.get(note.name, self.names[note.name][0]))
                expected = "a list" if note.name == "items" else "an id"
                mismatch = cause if isinstance(cause, TypeMismatchError) else TypeMismatchError(expected, ABSENT)
                raise mismatch.inside(place) from None
        return [note.name for _, note in noted]

    def _rest(self, raw: dict[str, Any], used: set[JsonPath], inside: JsonPath = ()) -> dict[str, Any]:
        """The fields without an attribute."""
        rest: dict[str, Any] = {}
        for key, value in raw.items():
            place = (*inside, key)
            known = place in self.known or (not inside and key in self.plain)
            if place in used or (known and (value is None or value == "")):
                continue
            if inside or key not in self.wrappers:
                rest[key] = value
            elif is_object(value):
                inner = self._rest(value, used, place)
                if inner:
                    rest[key] = inner
            elif value is not None:
                rest[key] = value
        return rest


def _is_plain(places: Places) -> bool:
    return len(places) == 1 and len(places[0]) == 1


def place_of(raw: dict[str, Any], attr: str, places: Places) -> JsonPath | None:
    """The place where an object has an attribute's value: the first that is not blank."""
    blank: JsonPath | None = None
    for place in places:
        value = at(raw, place)
        if value is None:
            continue
        if value != "":
            return place
        if blank is None and attr not in BLANK_IS_ABSENT:
            blank = place
    return blank


def at(raw: dict[str, Any], place: JsonPath) -> Any:
    """The value at a place; ``None`` if there is none."""
    value: Any = raw
    for key in place:
        if not is_object(value):
            return None
        value = value.get(key)
    return value


def within(place: str, hook: Callable[..., Any], value: Any, *args: Any) -> Any:
    """Read a value with a hook; a mismatch names the place."""
    try:
        return hook(value, *args)
    except TypeMismatchError as mismatch:
        raise mismatch.inside(place) from None


_HOOKS: tuple[tuple[Any, Callable[..., Any]], ...] = (
    (str, hooks.text),
    (bool, hooks.flag),
    (int, hooks.whole),
    (float, hooks.number),
    (datetime, hooks.moment),
    (str | int, hooks.project_id),
    (str | int | None, hooks.project_id),
    (ProjectStep | str | None, hooks.step),
    (JobStatus | str | None, hooks.job_status),
)


def _items(value: Any, kind: Any) -> tuple[Any, ...]:
    return tuple(read_items(value, get_args(kind)[0])[0])


def read_items(value: Any, kind: Any) -> tuple[list[Any], TypeMismatchError | None]:
    """Read the entries of a page.

    Returns:
        Those that can be read, and what is wrong with the first one that cannot.

    Raises:
        TypeMismatchError: The value is no list, or none of its entries has the right type.
    """
    if not is_list(value):
        raise TypeMismatchError("a list", value)
    of_text = kind is str  # such as the list of moods
    read = hooks.text if of_text else reader_of(kind).read
    found: list[Any] = []
    wrong: TypeMismatchError | None = None
    for index, entry in enumerate(value):
        try:
            found.append(within(f"[{index}]", read, entry))
        except TypeMismatchError as mismatch:
            wrong = wrong or mismatch
    if wrong is not None and not (found if of_text else any(map(is_object, value))):
        raise wrong
    return found, wrong


# For single fields, if the Python type does not determine how the API writes it. By the names of the classes: most
# classes are made only when a program uses them.
_FIELD_HOOKS: dict[str, dict[str, Callable[..., Any]]] = {
    "Job": {"error_code": hooks.error_code},
    "Page": {"items": _items},
    "AiVoice": {"speaker": hooks.label},
    "SceneStyle": {"font_size": hooks.label},
    "Scene": {"layout_id": hooks.label},
    "TemplateScene": {"id": hooks.label},
    "Layer": {"id": hooks.label},
    "AiVideo": {"duration": hooks.length},
    "AwsConnection": {"aws_account_id": hooks.label},
    **{kind: {"id": hooks.label} for kind in ("Brand", "TextStyle", "SmartLayout", "Avatar", "AvatarLook")},
    "Project": dict.fromkeys(("project_type", "voice_over_id", "brand_id", "smart_template_id"), hooks.label),
}


@cache
def _converter() -> Converter:
    """The converter; it is made for the first response, so that importing the package stays quick."""
    converter = Converter(detailed_validation=True)
    for kind, hook in _HOOKS:
        converter.register_structure_hook(kind, hook)
    converter.register_structure_hook_func(_is(dict), hooks.mapping)
    converter.register_structure_hook_factory(_is(tuple), _tuple_hook)
    converter.register_structure_hook_func(_is(Sequence), _scenes)
    converter.register_structure_hook_factory(_is_model, _model_hook)
    return converter


def _is(origin: type) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) is origin


def _is_model(kind: Any) -> bool:
    cls = get_origin(kind) or kind
    return isinstance(cls, type) and issubclass(cls, Model)


def _model_hook(kind: Any) -> Callable[[Any, Any], Any]:
    reader = reader_of(kind)
    return lambda value, _: reader.read(value)


@cache
def _cached_reader(kind: Any) -> Reader:
    return Reader(kind, _converter())


def reader_of(kind: Any) -> Reader:
    """The reader of a class of models, or of a generic one with its argument; made once."""
    return _cached_reader(kind)


def _tuple_hook(kind: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
    hook = _converter().get_structure_hook(get_args(kind)[0])
    return lambda value, _: tuple(entry for _, entry in read_entries(value, kind, hook))


def read_entries(value: Any, kind: Any, hook: Callable[..., Any] | None = None) -> list[tuple[int, Any]]:
    """Read the entries of a list of a model, each with its index; those that cannot be read are left out.

    Args:
        value: The list.
        kind: The type of the tuple that it becomes.
        hook: Reads an entry; by default the converter's hook for the type of the tuple's items.

    Raises:
        TypeMismatchError: The value is no list, or none of its entries can be read.
    """
    if not is_list(value):
        raise TypeMismatchError("a list", value)
    item = get_args(kind)[0]
    hook = hook or _converter().get_structure_hook(item)
    found: list[tuple[int, Any]] = []
    wrong: TypeMismatchError | None = None
    for index, entry in enumerate(value):
        try:
            found.append((index, within(f"[{index}]", hook, entry, item)))
        except TypeMismatchError as mismatch:
            wrong = wrong or mismatch
    if wrong is not None and not found:
        raise wrong
    return found


def can_read(entry: Any, kind: Any) -> bool:
    """Whether an entry of a list can be read."""
    try:
        if _is_model(kind) and not MATTERS.get((get_origin(kind) or kind).__name__):
            hooks.mapping(entry)  # nothing in it can make it unreadable
        else:
            _converter().get_structure_hook(kind)(entry, kind)
    except TypeMismatchError:
        return False
    return True


def _scenes(value: Any, _: Any) -> Sequence[models.Scene]:
    if not is_list(value):
        raise TypeMismatchError("a list", value)
    readable = [entry for entry in value if is_object(entry)]
    if value and not readable:
        raise TypeMismatchError("a list of objects", value)
    return LazySequence(value if len(readable) == len(value) else readable, read_scene)


def read_scene(raw: dict[str, Any]) -> models.Scene:
    """Read one scene. It cannot fail: no field of a scene matters for a verdict."""
    return cast("models.Scene", reader_of(models.Scene).read(raw))
