"""Text for people and JSON for programs."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, RenderableType

__all__ = ["Facts", "duration", "echo_facts", "echo_json", "facts_grid", "out_is_terminal", "printable", "shown"]

Facts = list[tuple[str, str]]
"""What is to be said, as pairs of a name and a value."""

_MINUTE = 60.0


def printable(text: str) -> str:
    """Replace what could steer a terminal: names and messages come from elsewhere."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


def shown(value: object) -> str:
    """Write one value for a person; nothing for ``None``."""
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
            return printable(str(value))


def duration(seconds: float) -> str:
    """Write a duration: ``12.3 s``, or ``4 min 05 s``."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def out_is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def out_console() -> Console:
    """The console of standard output."""
    from rich.console import Console  # noqa: PLC0415 - programs that read pipes should not wait for it

    return Console(highlight=False, markup=False, emoji=False)


def echo_rich(renderable: RenderableType) -> None:
    """Print to a terminal."""
    out_console().print(renderable)


def echo_json(value: Any) -> None:
    """Print one JSON document: on one line, or indented for a person."""
    click.echo(json.dumps(value, indent=2 if out_is_terminal() else None))


def echo_facts(facts: Facts, title: str = "") -> None:
    """Print facts: as a table on a terminal, else as ``name: value`` lines."""
    if out_is_terminal():
        echo_rich(facts_grid(facts, title))
        return
    for name, value in facts:
        click.echo(f"{name}: {value}")


def facts_grid(facts: Iterable[tuple[str, str]], title: str = "") -> RenderableType:
    """Facts as a table of two columns; long values, such as URLs, are folded and never cut."""
    from rich.box import ROUNDED  # noqa: PLC0415 - as above
    from rich.panel import Panel  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(Text(name), Text(value))
    head = Text(f" {printable(title)} ", style="bold") if title else None
    return Panel(grid, title=head, title_align="left", box=ROUNDED, expand=False, padding=(0, 1), border_style="dim")
