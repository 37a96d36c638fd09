"""The variables of a template: which are declared, and which are used."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._codec.unreadable import is_unread
from pictory_async._values import Displayed
from pictory_async.insight._numbers import limited
from pictory_async.insight._placeholders import Place, PlaceKind, places_of
from pictory_async.insight._unread import texts_unread
from pictory_async.models._base import plain_dict
from pictory_async.models.template import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pictory_async.models import Template

__all__ = ["TemplateVariables", "template_variables"]

_DECLARATIONS: Final = "variables"


@attrs.frozen(kw_only=True)
class TemplateVariables(Displayed):
    """The variables of a template.

    Attributes:
        declared: The default values of the declared variables, by name. Read-only.
        used: The places of each name in ``{{...}}``, in the order of first use. Read-only.
        unreadable: The places of what could not be read and may declare or use variables: ``variables``, and scenes
            and their texts, such as ``scenes[0]``; at most 100, and then how many more.
    """

    _declared: dict[str, Any] = attrs.field(converter=plain_dict, alias="declared", hash=False)
    _used: dict[str, tuple[Place, ...]] = attrs.field(converter=plain_dict, alias="used", hash=False)
    unreadable: tuple[str, ...] = ()

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield "declared", tuple(self.declared)
        for name in ("used_in_subtitles", "used_in_layers", "unused", "undeclared", "unreadable"):
            yield name, getattr(self, name)

    @property
    def declared(self) -> Mapping[str, Any]:
        """The default values of the declared variables, by name."""
        return MappingProxyType(self._declared)

    @property
    def used(self) -> Mapping[str, tuple[Place, ...]]:
        """The places of each name in ``{{...}}``, in the order of first use."""
        return MappingProxyType(self._used)

    @property
    def used_in_subtitles(self) -> tuple[str, ...]:
        """Names that subtitles use."""
        return self._used_in(PlaceKind.SUBTITLE)

    @property
    def used_in_layers(self) -> tuple[str, ...]:
        """Names that text layers use."""
        return self._used_in(PlaceKind.LAYER)

    @property
    def unused(self) -> tuple[str, ...]:
        """Names that are declared but that no text uses; empty if a text could not be read, which may use them."""
        return () if self.has_unread_texts else self.not_found

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Names that texts use but that are not declared; empty if the declarations could not be read."""
        declared = {name.strip() for name in self._declared}
        return () if self.has_unread_declarations else tuple(name for name in self._used if name not in declared)

    @property
    def not_found(self) -> tuple[str, ...]:
        """Names that are declared and that no text uses that could be read."""
        return tuple(name for name in self._declared if name.strip() not in self._used)

    @property
    def has_unread_declarations(self) -> bool:
        """Whether the declarations could not be read, so nobody knows which variables are declared."""
        return _DECLARATIONS in self.unreadable

    @property
    def has_unread_texts(self) -> bool:
        """Whether a text could not be read, so nobody knows which variables are used nowhere."""
        return any(place != _DECLARATIONS for place in self.unreadable)

    def _used_in(self, kind: PlaceKind) -> tuple[str, ...]:
        return tuple(name for name, places in self._used.items() if any(place.kind is kind for place in places))

    def to_dict(self) -> dict[str, Any]:
        """Return the variables as JSON values; ``defined`` and ``usedInSubtitles`` are keys of the API's page.

        ``defined``, ``unused`` and ``undeclared`` are ``None`` if they cannot be known because of what could not be
        read; ``unreadable``, with its places, is there only then.
        """
        return {
            "defined": None if self.has_unread_declarations else dict(self._declared),
            "usedInSubtitles": list(self.used_in_subtitles),
            "usedInLayers": list(self.used_in_layers),
            "used": {name: [str(place) for place in places] for name, places in self._used.items()},
            "unused": None if self.unreadable else list(self.unused),
            "undeclared": None if self.has_unread_declarations else list(self.undeclared),
            **({"unreadable": list(self.unreadable)} if self.unreadable else {}),
        }


def template_variables(template: Template) -> TemplateVariables:
    """Return which variables a template declares, and which ones its texts use and where.

    Does what "Extract Template Variables" on https://docs.pictory.ai/api-reference/templates/get-template-by-id does,
    for layers too. A name can be any text without braces; spaces at its ends are ignored, also
    where it is declared. No request is sent.
    """
    used: dict[str, list[Place]] = {}
    for place, text in places_of(template):
        for name in dict.fromkeys(names_in(text)):
            used.setdefault(name, []).append(place)
    unread = [_DECLARATIONS] if is_unread(template, "_variables") else []
    return TemplateVariables(
        declared=template.variables,
        used={name: tuple(places) for name, places in used.items()},
        unreadable=limited(iter([*unread, *texts_unread(template)])),
    )
