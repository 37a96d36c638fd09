"""All the ways in which something can be looked at, for tests of what must not be seen."""

from __future__ import annotations

import copy
import json
import pickle
import pprint
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs
import cattrs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_WAYS: list[Callable[[Any], Any]] = [
    repr,
    str,
    ascii,
    pprint.pformat,
    format,
    "{:>80}".format,
    "%s".__mod__,
    lambda value: json.dumps(value, default=repr),
    lambda value: json.dumps(value, default=str),
    lambda value: value[:20],
    lambda value: value[1:],
    list,
    bytes,
    lambda value: value + value[:0],
    copy.copy,
    copy.deepcopy,
    pickle.dumps,
    vars,
    attrs.asdict,
    attrs.astuple,
    cattrs.unstructure,
    lambda value: value.__getstate__(),
    lambda value: value.__reduce_ex__(4),
]


def looks(value: Any) -> Iterator[str]:
    """What each way to look at a value shows; nothing for a way that fails."""
    for way in _WAYS:
        with suppress(Exception):
            yield repr(way(value))


def parts(*roots: Any) -> list[Any]:
    """Objects of the package, and the containers among them, as far as their attributes lead."""
    found: dict[int, Any] = {}
    todo: list[Any] = list(roots)
    while todo:
        one = todo.pop()
        module = type(one).__module__
        ours = module.startswith("pictory_async") and not module.startswith("pictory_async.testing")
        if id(one) in found or not (ours or isinstance(one, (dict, list, tuple))):
            continue
        found[id(one)] = one
        if isinstance(one, dict):
            todo += [*one, *one.values()]
        elif isinstance(one, (list, tuple)):
            todo += one
        slots = [slot for kind in type(one).__mro__ for slot in getattr(kind, "__slots__", ())] if ours else []
        todo += [*getattr(one, "__dict__", {}).values(), *(getattr(one, slot, None) for slot in slots)]
    return list(found.values())


def errors_of(error: BaseException) -> list[BaseException]:
    """An error, and all that led to it, shown or not."""
    found: dict[int, BaseException] = {}
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in found:
            continue
        found[id(one)] = one
        todo += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions
    return list(found.values())


def variables_of(error: BaseException) -> Iterator[tuple[str, Any]]:
    """The variables in the frames of the package, of an error and of all that led to it; each after its place."""
    for one in errors_of(error):
        trace: TracebackType | None = one.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if "/pictory_async/" in code.co_filename or code.co_filename.startswith("<attrs generated"):
                for name, value in trace.tb_frame.f_locals.items():
                    yield f"{code.co_qualname}: {name}", value
            trace = trace.tb_next


def shown_by(error: BaseException, secret: str) -> list[str]:
    """The places where an error shows a secret."""
    places: list[tuple[str, Any]] = [(type(one).__name__, one) for one in errors_of(error)]
    places += [(f"{type(one).__name__}.args", one.args) for one in errors_of(error)]
    places += variables_of(error)
    return [
        place for place, value in places if any(secret in text for one in (value, *parts(value)) for text in looks(one))
    ]
