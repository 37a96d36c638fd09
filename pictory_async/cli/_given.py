"""The options that all commands share, wherever they stand: before the name of the command, or after it."""

from __future__ import annotations

from typing import Any, Final

import click

__all__ = ["all_given", "given", "note"]

_GIVEN: Final = "pictory.given"


def note(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Note the value of an option that was given; the callback of such an option. The later one counts."""
    if value is not None and value is not False and value != ():
        ctx.meta.setdefault(_GIVEN, {})[param.name] = value
    return value


def given(name: str) -> Any:
    """Return the value of an option of the running command; ``None`` if it was not given."""
    return all_given().get(name)


def all_given() -> dict[str, Any]:
    """Return all options of this kind that were given to the running command, by their names."""
    ctx = click.get_current_context(silent=True)
    found: dict[str, Any] = {} if ctx is None else ctx.meta.get(_GIVEN, {})
    return found
