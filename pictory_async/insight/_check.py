"""Problems of a template, and of the values for its variables."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import attrs

from pictory_async.insight._placeholders import malformed_in, places_of
from pictory_async.insight._text import clean, quoted
from pictory_async.insight._variables import template_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pictory_async.insight._variables import TemplateVariables
    from pictory_async.models import Template

__all__ = ["Finding", "Severity", "check_template"]

_SCHEMAS = frozenset({"v2", "v3"})
_TEMPLATE = "template"


class Severity(StrEnum):
    """How serious a finding is."""

    ERROR = "error"
    """No video can be made, or it will not be as intended."""
    WARNING = "warning"
    """A video can be made, but check this first."""
    INFO = "info"
    """Not a problem."""


@attrs.frozen(kw_only=True)
class Finding:
    """One problem that was found in a template.

    Attributes:
        severity: How serious it is.
        code: What it is, as a code that does not change between versions; see `check_template`.
        message: A description for people, in one line.
        place: Where it is: ``template``, ``variable Name``, ``value Name``, or ``scene 2, subtitle 1``.
    """

    severity: Severity
    code: str
    message: str
    place: str = _TEMPLATE

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "place": self.place,
        }

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.place}: {self.message} [{self.code}]"


def check_template(template: Template, values: Mapping[str, Any] | None = None) -> list[Finding]:
    """Find the problems of a template before you make videos from it.

    Does what "Validate Template Before Use" on https://docs.pictory.ai/api-reference/templates/get-template-by-id
    does, and more. No request is sent. The codes:

    ========================== ======== =============================================================================
    Code                       Severity Meaning
    ========================== ======== =============================================================================
    ``unpublished``            error    The template is not published.
    ``no-scenes``              error    The template has no scenes.
    ``undeclared-variable``    error    A text uses a variable that the template does not declare.
    ``missing-value``          error    No value is given for a variable without default (*).
    ``unknown-value``          error    A value is given for a variable that does not exist (*).
    ``deprecated``             warning  The template should no longer be used.
    ``publication-unknown``    warning  The API does not say whether the template is published.
    ``unknown-schema``         warning  The schema version is neither ``v2`` nor ``v3``, or is not given.
    ``empty-default``          warning  A variable's default is empty, and no value is given for it.
    ``malformed-placeholder``  warning  Braces are unbalanced, single, or without a name.
    ``default-value``          warning  No value is given for a variable, so its default will be used (*).
    ``blank-value``            warning  A value is empty or has only spaces (*).
    ``unused-variable``        info     A variable is declared, but no text uses it.
    ========================== ======== =============================================================================

    (*) only if ``values`` is not ``None``.

    Args:
        template: The template.
        values: The values for a video, by the name of the variable. ``None`` checks the template alone; an empty
            mapping means that there will be no values.

    Returns:
        The findings, errors first; empty if there are no problems. A template without errors can be used.
    """
    variables = template_variables(template)
    findings = [*_template(template), *_variables(variables, values), *_texts(template, variables)]
    if values is not None:
        findings += _values(variables, values)
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _template(template: Template) -> Iterator[Finding]:
    if template.published is None:
        yield _warning("publication-unknown", "The API does not say whether the template is published.")
    elif not template.published:
        yield _error("unpublished", "The template is not published. Publish it in Pictory before you use it.")
    if template.deprecated:
        yield _warning("deprecated", "The template is deprecated. Use its successor.")
    if not template.scenes:
        yield _error("no-scenes", "The template has no scenes.")
    if template.schema_version not in _SCHEMAS:
        message = f"The schema version is {quoted(template.schema_version)}. The documented versions are v2 and v3."
        yield _warning("unknown-schema", message)


def _variables(variables: TemplateVariables, values: Mapping[str, Any] | None) -> Iterator[Finding]:
    for name, default in variables.declared.items():
        if _is_blank(default) and (values is None or name not in values):
            message = f"{quoted(name)} has no default, so every video needs a value for it."
            yield _warning("empty-default", message, _place(name))
    for name in variables.unused:
        message = f"{quoted(name)} is declared, but no subtitle or text layer uses it."
        yield Finding(severity=Severity.INFO, code="unused-variable", message=message, place=_place(name))


def _texts(template: Template, variables: TemplateVariables) -> Iterator[Finding]:
    for name in variables.undeclared:
        first, *others = variables.used[name]
        more = f" (also in {len(others)} more places)" if others else ""
        message = (
            f"{{{{{clean(name)}}}}} is used{more}, but the template does not declare this variable"
            f"{_hint(name, variables.declared)}. Viewers would probably see the braces."
        )
        yield _error("undeclared-variable", message, str(first))
    declared = frozenset(variables.declared)
    for place, text in places_of(template):
        for part in malformed_in(text, declared):
            message = f"{quoted(part)} is not a placeholder. Write {{{{Name}}}}, with two braces on each side."
            yield _warning("malformed-placeholder", message, str(place))


def _values(variables: TemplateVariables, values: Mapping[str, Any]) -> Iterator[Finding]:
    wanted = dict.fromkeys([*variables.declared, *variables.used])
    for name in wanted:
        default = variables.declared.get(name)
        if name in values:
            if _is_blank(values[name]):
                yield _warning("blank-value", f"The value for {quoted(name)} is blank.", _place(name, "value"))
        elif _is_blank(default):
            message = f"There is no value for {quoted(name)}, and it has no default."
            yield _error("missing-value", message, _place(name, "value"))
        else:
            message = f"There is no value for {quoted(name)}, so its default {quoted(default)} will be used."
            yield _warning("default-value", message, _place(name, "value"))
    for name in values:
        if name not in wanted:
            message = f"The template has no variable {quoted(name)}{_hint(name, wanted)}."
            yield _error("unknown-value", message, _place(name, "value"))


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _hint(name: str, known: Iterable[str]) -> str:
    by_fold = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.75)
    return f" (did you mean {quoted(by_fold[close[0]])}?)" if close else ""


def _place(name: str, kind: str = "variable") -> str:
    return f"{kind} {clean(name)}"


def _error(code: str, message: str, place: str = _TEMPLATE) -> Finding:
    return Finding(severity=Severity.ERROR, code=code, message=message, place=place)


def _warning(code: str, message: str, place: str = _TEMPLATE) -> Finding:
    return Finding(severity=Severity.WARNING, code=code, message=message, place=place)
