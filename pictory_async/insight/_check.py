"""Problems of a template, and of the values for its variables."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import attrs

from pictory_async._codec.unreadable import is_unread
from pictory_async._values import Displayed
from pictory_async.insight._numbers import place_of, places_unread
from pictory_async.insight._placeholders import malformed_in, places_of
from pictory_async.insight._text import quoted, short
from pictory_async.insight._variables import template_variables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pictory_async.insight._variables import TemplateVariables
    from pictory_async.models import Template

__all__ = ["Finding", "Severity", "check_template"]

_SCHEMAS = frozenset({"v2", "v3"})
_TEMPLATE = "template"
_MOST: Final = 1000  # findings
_MOST_COMPARED: Final = 20_000  # pairs of names, in the search for what was meant
_LONGEST_NAME: Final = 80  # characters of a name that may be mistyped


class Severity(StrEnum):
    """How serious a finding is."""

    ERROR = "error"
    """No video can be made, or it will not be as intended."""
    WARNING = "warning"
    """A video can be made, but check this first."""
    INFO = "info"
    """Not a problem."""


@attrs.frozen(kw_only=True)
class Finding(Displayed):
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

    def _facts(self) -> Iterator[tuple[str, Any]]:
        yield from (("severity", self.severity), ("code", self.code), ("place", self.place), ("message", self.message))

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
    ``unreadable``             warning  A part of the template could not be read; nothing is known about it.
    ``deprecated``             warning  The template should no longer be used.
    ``publication-unknown``    warning  The API does not say whether the template is published.
    ``unknown-schema``         warning  The schema version is neither ``v2`` nor ``v3``, or is not given.
    ``empty-default``          warning  A variable's default is empty, and no value is given for it.
    ``malformed-placeholder``  warning  Braces are unbalanced, single, or without a name.
    ``default-value``          warning  No value is given for a variable, so its default will be used (*).
    ``blank-value``            warning  A value is empty or has only spaces (*).
    ``unused-variable``        info     A variable is declared, but no text uses it.
    ``more-findings``          info     There are more than 1,000 findings; the others are left out.
    ========================== ======== =============================================================================

    (*) only if ``values`` is not ``None``. ``unknown-value`` is a warning if a text that may use it could not be read.

    Args:
        template: The template.
        values: The values for a video, by the name of the variable. ``None`` checks the template alone; an empty
            mapping means that there will be no values.

    Returns:
        The findings, errors first; empty if there are no problems. A template without errors can be used.
    """
    variables = template_variables(template)
    unread = places_unread(template)
    findings = [*_template(template, unread), *_variables(variables, values)]
    # Without the declared variables, nothing is known about those that texts use and values are given for.
    known, hints = not variables.has_unread_declarations, _Hints()
    if known:
        findings += _undeclared(variables, hints)
    findings += _malformed(template, variables)
    if known and values is not None:
        findings += _values(variables, values, hints)
    order = list(Severity)
    findings.sort(key=lambda finding: order.index(finding.severity))
    more = len(findings) - _MOST
    return findings if more <= 0 else [*findings[:_MOST], _more(more)]


def _template(template: Template, unread: tuple[str, ...]) -> Iterator[Finding]:
    for path in unread:
        yield _warning("unreadable", f"{path} could not be read, so nothing is known about it.", place_of(path))
    if template.published is None and not is_unread(template, "published"):
        yield _warning("publication-unknown", "The API does not say whether the template is published.")
    elif template.published is False:
        yield _error("unpublished", "The template is not published. Publish it in Pictory before you use it.")
    if template.deprecated:
        yield _warning("deprecated", "The template is deprecated. Use its successor.")
    if not template.scenes and not is_unread(template, "scenes"):
        yield _error("no-scenes", "The template has no scenes.")
    if template.schema_version not in _SCHEMAS and not is_unread(template, "schema_version"):
        message = f"The schema version is {quoted(template.schema_version)}. The documented versions are v2 and v3."
        yield _warning("unknown-schema", message)


def _variables(variables: TemplateVariables, values: Mapping[str, Any] | None) -> Iterator[Finding]:
    texts = "subtitle or text layer that could be read" if variables.has_unread_texts else "subtitle or text layer"
    given = _given(values or {})
    for name, default in variables.declared.items():
        if _is_blank(default) and name.strip() not in given:
            message = f"{quoted(name)} has no default, so every video needs a value for it."
            yield _warning("empty-default", message, _place(name))
    for name in variables.not_found:
        message = f"{quoted(name)} is declared, but no {texts} uses it."
        yield Finding(severity=Severity.INFO, code="unused-variable", message=message, place=_place(name))


def _undeclared(variables: TemplateVariables, hints: _Hints) -> Iterator[Finding]:
    for name in variables.undeclared:
        first, *others = variables.used[name]
        more = f" (also in {len(others)} more places)" if others else ""
        message = (
            f"{{{{{short(name)}}}}} is used{more}, but the template does not declare this variable"
            f"{hints.find(name, variables.declared)}. Viewers would probably see the braces."
        )
        yield _error("undeclared-variable", message, str(first))


def _malformed(template: Template, variables: TemplateVariables) -> Iterator[Finding]:
    declared = frozenset(variables.declared)
    for place, text in places_of(template):
        for part in malformed_in(text, declared):
            message = f"{quoted(part)} is not a placeholder. Write {{{{Name}}}}, with two braces on each side."
            yield _warning("malformed-placeholder", message, str(place))


def _values(variables: TemplateVariables, values: Mapping[str, Any], hints: _Hints) -> Iterator[Finding]:
    wanted, given = dict.fromkeys([*variables.declared, *variables.undeclared]), _given(values)
    for name in wanted:
        default = variables.declared.get(name)
        if name.strip() in given:
            if _is_blank(given[name.strip()]):
                yield _warning("blank-value", f"The value for {quoted(name)} is blank.", _place(name, "value"))
        elif _is_blank(default):
            message = f"There is no value for {quoted(name)}, and it has no default."
            yield _error("missing-value", message, _place(name, "value"))
        else:
            message = f"There is no value for {quoted(name)}, so its default {quoted(default)} will be used."
            yield _warning("default-value", message, _place(name, "value"))
    known = {name.strip() for name in wanted}
    for name in values:
        if name.strip() in known:
            continue
        if variables.has_unread_texts:
            message = f"No variable {quoted(name)} was found in what could be read{hints.find(name, wanted)}."
            yield _warning("unknown-value", message, _place(name, "value"))
        else:
            message = f"The template has no variable {quoted(name)}{hints.find(name, wanted)}."
            yield _error("unknown-value", message, _place(name, "value"))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.strip(): value for name, value in values.items()}


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


class _Hints:
    """Finds names that were probably meant, for as long as that takes little work in total."""

    def __init__(self) -> None:
        self._left = _MOST_COMPARED

    def find(self, name: str, known: Collection[str]) -> str:
        """The name that was probably meant, as a part of a sentence; can be empty."""
        self._left -= len(known)
        if self._left < 0 or len(name) > _LONGEST_NAME:
            return ""
        by_fold = {other.casefold(): other for other in known if len(other) <= _LONGEST_NAME}
        close = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.75)
        return f" (did you mean {quoted(by_fold[close[0]])}?)" if close else ""


def _place(name: str, kind: str = "variable") -> str:
    return f"{kind} {short(name)}"


def _more(count: int) -> Finding:
    return Finding(severity=Severity.INFO, code="more-findings", message=f"{count} more findings are left out.")


def _error(code: str, message: str, place: str = _TEMPLATE) -> Finding:
    return Finding(severity=Severity.ERROR, code=code, message=message, place=place)


def _warning(code: str, message: str, place: str = _TEMPLATE) -> Finding:
    return Finding(severity=Severity.WARNING, code=code, message=message, place=place)
