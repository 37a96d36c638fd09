"""Whether a template can be used: what is wrong with it, and with the values for its variables."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async.insight._placeholders import places_of, scraps_in
from pictory_async.insight._text import clean, quoted
from pictory_async.insight._variables import template_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pictory_async.insight._variables import TemplateVariables
    from pictory_async.models import Template

__all__ = ["Finding", "Severity", "check_template"]

_SCHEMAS = frozenset({"v2", "v3"})
_WHOLE = "template"


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """A video cannot be made, or will not be what was meant."""
    WARNING = "warning"
    """A video can be made; look at this first."""
    INFO = "info"
    """Worth knowing; nothing is wrong."""


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that was found in a template.

    Attributes:
        severity: How much it matters.
        code: What it is, as a word that does not change between versions; see `check_template`.
        message: A sentence for people, in one line.
        place: Where it is: ``template``, ``variable Name``, ``value Name``, or ``scene 2, subtitle 1``.
    """

    severity: Severity
    code: str
    message: str
    place: str = _WHOLE

    def to_dict(self) -> dict[str, Any]:
        """Give the finding as JSON values."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "place": self.place,
        }

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.place}: {self.message} [{self.code}]"


def check_template(template: Template, values: Mapping[str, Any] | None = None) -> list[Finding]:
    """Tell what stands in the way of making videos from a template.

    Does what "Validate Template Before Use" on https://docs.pictory.ai/api-reference/templates/get-template-by-id
    does, and more. Nothing is requested. The codes:

    ========================== ======== =============================================================================
    Code                       Severity Meaning
    ========================== ======== =============================================================================
    ``unpublished``            error    The template is not published.
    ``no-scenes``              error    The template has no scenes.
    ``undeclared-variable``    error    A text uses a variable that the template does not declare.
    ``missing-value``          error    No value is given for a variable without default (*).
    ``unknown-value``          error    A value is given for a variable that does not exist (*).
    ``deprecated``             warning  The template should not be used any more.
    ``publication-unknown``    warning  The API does not say whether the template is published.
    ``unknown-schema``         warning  The schema version is neither ``v2`` nor ``v3``, or is not given.
    ``empty-default``          warning  A variable's default is empty, and no value is given for it.
    ``malformed-placeholder``  warning  Braces that do not pair, have no name inside, or are single.
    ``default-value``          warning  No value is given for a variable, so that its default will be used (*).
    ``blank-value``            warning  A value is empty or has only spaces (*).
    ``unused-variable``        info     A variable is declared, and no text uses it.
    ========================== ======== =============================================================================

    (*) only where ``values`` are given.

    Args:
        template: The template.
        values: The values that a video shall be made with, by the variable's name. ``None`` checks the template
            alone; an empty mapping means that no value will be given.

    Returns:
        What was found, errors first; an empty list when nothing was. A template without errors can be used.
    """
    variables = template_variables(template)
    findings = [*_whole(template), *_declared(variables, values), *_texts(template, variables)]
    if values is not None:
        findings += _values(variables, values)
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _whole(template: Template) -> Iterator[Finding]:
    if template.published is None:
        yield _warning("publication-unknown", "The API does not say whether the template is published.")
    elif not template.published:
        yield _error("unpublished", "The template is not published; publish it in Pictory before using it.")
    if template.deprecated:
        yield _warning("deprecated", "The template is deprecated; look for its successor.")
    if not template.scenes:
        yield _error("no-scenes", "The template has no scenes.")
    if template.schema_version not in _SCHEMAS:
        message = f"The schema version is {quoted(template.schema_version)}; known are v2 and v3."
        yield _warning("unknown-schema", message)


def _declared(variables: TemplateVariables, values: Mapping[str, Any] | None) -> Iterator[Finding]:
    for name, default in variables.declared.items():
        if _is_blank(default) and (values is None or name not in values):
            message = f"{quoted(name)} has no default, so that every video needs a value for it."
            yield _warning("empty-default", message, _variable(name))
    for name in variables.unused:
        message = f"{quoted(name)} is declared, and no subtitle or text layer uses it."
        yield Finding(severity=Severity.INFO, code="unused-variable", message=message, place=_variable(name))


def _texts(template: Template, variables: TemplateVariables) -> Iterator[Finding]:
    for name in variables.undeclared:
        first, *others = variables.used[name]
        more = f" (and in {len(others)} more places)" if others else ""
        message = (
            f"{{{{{clean(name)}}}}} is used{more}, and the template declares no such variable"
            f"{_hint(name, variables.declared)}; viewers would most likely see the braces."
        )
        yield _error("undeclared-variable", message, str(first))
    declared = frozenset(variables.declared)
    for place, text in places_of(template):
        for scrap in scraps_in(text, declared):
            message = f"{quoted(scrap)} is no placeholder; write {{{{Name}}}} with two braces on each side."
            yield _warning("malformed-placeholder", message, str(place))


def _values(variables: TemplateVariables, values: Mapping[str, Any]) -> Iterator[Finding]:
    wanted = dict.fromkeys([*variables.declared, *variables.used])
    for name in wanted:
        default = variables.declared.get(name)
        if name in values:
            if _is_blank(values[name]):
                yield _warning("blank-value", f"The value for {quoted(name)} is blank.", _variable(name, "value"))
        elif _is_blank(default):
            message = f"There is no value for {quoted(name)}, and it has no default."
            yield _error("missing-value", message, _variable(name, "value"))
        else:
            message = f"There is no value for {quoted(name)}; its default {quoted(default)} will be used."
            yield _warning("default-value", message, _variable(name, "value"))
    for name in values:
        if name not in wanted:
            message = f"The template has no variable {quoted(name)}{_hint(name, wanted)}."
            yield _error("unknown-value", message, _variable(name, "value"))


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _hint(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # needed only for mistakes

    by_fold = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.75)
    return f" (did you mean {quoted(by_fold[close[0]])}?)" if close else ""


def _variable(name: str, kind: str = "variable") -> str:
    return f"{kind} {clean(name)}"


def _error(code: str, message: str, place: str = _WHOLE) -> Finding:
    return Finding(severity=Severity.ERROR, code=code, message=message, place=place)


def _warning(code: str, message: str, place: str = _WHOLE) -> Finding:
    return Finding(severity=Severity.WARNING, code=code, message=message, place=place)
