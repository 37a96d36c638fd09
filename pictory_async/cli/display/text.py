"""Text for people and JSON for programs."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from pictory_async import Template

__all__ = [
    "Facts",
    "duration",
    "echo_facts",
    "echo_json",
    "echo_lines",
    "err_is_terminal",
    "name_of",
    "one_line",
    "out_is_terminal",
    "printable",
    "shown",
    "size",
    "title_of",
]

Facts = list[tuple[str, str]]
"""What is to be said, as pairs of a name and a value."""

_MINUTE = 60.0
_KILO = 1000


def printable(text: str) -> str:
    """Replace what could steer a terminal: names and messages come from elsewhere."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


def one_line(text: str) -> str:
    """The same in one line."""
    return printable(" ".join(text.splitlines()))


def shown(value: object) -> str:
    """Write one value for a person, in one line; nothing for ``None``."""
    match value:
        case None:
            return ""
        case True | False:
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case _:
            return one_line(str(value))


def size(count: float) -> str:
    """Write a number of bytes: ``999 B``, ``1.2 kB``, ``34.5 MB``, ``1.23 GB``."""
    if count < _KILO:
        return f"{count:.0f} B"
    for unit, digits in (("kB", 1), ("MB", 1), ("GB", 2)):  # noqa: B007 - the last one is for all that is bigger
        count /= _KILO
        if round(count, digits) < _KILO:
            break
    return f"{count:.{digits}f} {unit}"


def name_of(file: IO[str]) -> str:
    """What to call an open file; not every one has a name."""
    return one_line(str(getattr(file, "name", "<stdin>")))


def title_of(template: Template) -> str:
    """A template's name and id, in one line."""
    return one_line(f"{template.name}  ({template.id})" if template.name else template.id)


def duration(seconds: float) -> str:
    """Write a duration: ``12.3 s``, or ``4 min 05 s``."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def out_is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def err_is_terminal() -> bool:
    """Whether a person reads standard error."""
    return sys.stderr.isatty()


def echo_lines(lines: Iterable[RenderableType]) -> None:
    """Print lines to a terminal, which wraps them: so long URLs can be clicked and copied whole."""
    console = Console(highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(line, soft_wrap=True)


def echo_json(value: Any) -> None:
    """Print one JSON document: on one line, or indented for a person."""
    click.echo(json.dumps(value, indent=2 if out_is_terminal() else None))


def echo_facts(facts: Facts) -> None:
    """Print facts: in two columns on a terminal, else as ``name: value`` lines."""
    if not out_is_terminal():
        for name, value in facts:
            click.echo(f"{name}: {value}")
        return
    width = max(len(name) for name, _ in facts)
    echo_lines(Text.assemble((f"{name:<{width}}", "bold"), "  ", value) for name, value in facts)
