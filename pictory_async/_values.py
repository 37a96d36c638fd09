"""The base of value objects: compared, hashed and printed by their fields.

Written once, because attrs compiles these methods for each class. That is half of the time it takes to make a class,
and this package is imported more often than its values are compared.
"""

from __future__ import annotations

from typing import cast

import attrs


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
