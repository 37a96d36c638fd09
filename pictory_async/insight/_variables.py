"""The variables of a template: which are declared, and which are used."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async.insight._placeholders import Place, PlaceKind, places_of
from pictory_async.models._base import plain_dict
from pictory_async.models.template import names_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pictory_async.models import Template

__all__ = ["TemplateVariables", "template_variables"]


@attrs.frozen(kw_only=True)
class TemplateVariables:
    """The variables of a template.

    Attributes:
        declared: The default values of the declared variables, by name. Read-only.
        used: The places of each name in ``{{...}}``, in the order of first use. Read-only.
    """

    _declared: dict[str, Any] = attrs.field(converter=plain_dict, alias="declared", hash=False)
    _used: dict[str, tuple[Place, ...]] = attrs.field(converter=plain_dict, alias="used", hash=False)

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
        """Names that are declared but that no text uses."""
        return tuple(name for name in self._declared if name not in self._used)

    @property
    def undeclared(self) -> tuple[str, ...]:
        """Names that texts use but that are not declared."""
        return tuple(name for name in self._used if name not in self._declared)

    def _used_in(self, kind: PlaceKind) -> tuple[str, ...]:
        return tuple(name for name, places in self._used.items() if any(place.kind is kind for place in places))

    def to_dict(self) -> dict[str, Any]:
        """Return the variables as JSON values; ``defined`` and ``usedInSubtitles`` are keys of the API's page."""
        return {
            "defined": dict(self._declared),
            "usedInSubtitles": list(self.used_in_subtitles),
            "usedInLayers": list(self.used_in_layers),
            "used": {name: [str(place) for place in places] for name, places in self._used.items()},
            "unused": list(self.unused),
            "undeclared": list(self.undeclared),
        }


def template_variables(template: Template) -> TemplateVariables:
    """Return which variables a template declares, and which ones its texts use and where.

    Does what "Extract Template Variables" on https://docs.pictory.ai/api-reference/templates/get-template-by-id does,
    for layers too. A name can be any text without braces; spaces at its ends are ignored. No request is sent.
    """
    used: dict[str, list[Place]] = {}
    for place, text in places_of(template):
        for name in dict.fromkeys(names_in(text)):
            used.setdefault(name, []).append(place)
    return TemplateVariables(declared=template.variables, used={name: tuple(places) for name, places in used.items()})
